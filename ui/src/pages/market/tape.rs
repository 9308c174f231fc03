//! The tape: what was traded last, the newest first.

use enerlink_domain::{market::Side, view::Trade};
use leptos::prelude::*;

use super::{desk::Desk, figures::Units, notices::away, ticket::marked};
use crate::{
    format,
    i18n::{Key, text},
    ipc,
    prefs::prefs,
};

/// The card.
#[component]
pub(super) fn TapeCard(desk: Desk) -> impl IntoView {
    let trades = Memo::new(move |_| desk.of_view(|view| view.tape.clone()).unwrap_or_default());
    let stale = Memo::new(move |_| desk.state.with(|state| away(state.as_ref()).is_some()));
    let symbol = move |pick: fn(Units) -> &'static str| move || desk.units.get().map(pick);
    view! {
        <section class="card tape-card" class:stale=stale aria-label=text(Key::TradesWord)>
            <header><h2>{text(Key::TradesWord)}</h2></header>
            <Show
                when=move || !trades.with(Vec::is_empty)
                fallback=|| view! { <p class="empty" data-testid="tape-empty">{text(Key::NoTradesYet)}</p> }
            >
                // Nothing in it takes the focus: the arrow keys scroll it when it has that itself.
                <div class="scroll tape" tabindex="0" role="region" aria-label=text(Key::TradesWord)>
                    <table aria-label=text(Key::TradesWord)>
                        <thead>
                            <tr>
                                <th scope="col">{text(Key::Time)}</th>
                                <th scope="col" class="n">{symbol(Units::price_symbol)}</th>
                                <th scope="col" class="n">{symbol(Units::amount_symbol)}</th>
                                <th scope="col" class="n">{text(Key::TakerWord)}</th>
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || trades.get() key=|trade| trade.number let:trade>
                                <Row desk=desk trade=trade />
                            </For>
                        </tbody>
                    </table>
                </div>
            </Show>
        </section>
    }
}

#[component]
fn Row(desk: Desk, trade: Trade) -> impl IntoView {
    let language = prefs().language;
    let (class, mark) = marked(trade.side);
    let (price, lots) = (trade.price, trade.lots);
    let took = match trade.side {
        Side::Bid => Key::TakerBought,
        Side::Ask => Key::TakerSold,
    };
    let time = format::time_with_seconds(trade.at, ipc::utc_offset_minutes(trade.at.0));
    view! {
        <tr data-testid="tape-row" data-side=trade.side.as_str()>
            <td class="dim">{time}</td>
            <td class=format!("n {class}") title=text(took)>
                <span class="mark" aria-hidden="true">{mark}</span>
                {move || desk.units.get().map(|units| units.price(language.get(), price))}
            </td>
            <td class="n">{move || desk.units.get().map(|units| units.amount(language.get(), lots))}</td>
            <td class="n dim" title=trade.taker.to_string()>{format::short_address(trade.taker)}</td>
        </tr>
    }
}
