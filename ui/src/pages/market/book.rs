//! The book: who sells above, who buys below, the best prices in the middle. A click fills the ticket.

use enerlink_domain::market::{Depth, DepthRow, MarketStats, Side, TotalLots};
use leptos::prelude::*;

use super::{
    desk::{Desk, ROWS},
    figures::{self, Units},
    notices::away,
};
use crate::{
    components::icon::{Glyph, Icon},
    format,
    i18n::{Key, Language, say, text},
    prefs::prefs,
};

/// How many prices a row may hold.
const GROUPS: [u16; 3] = [1, 10, 100];

/// A row as it is drawn.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    row: DepthRow,
    /// How much of the widest row its bar takes, in thousandths.
    share: u64,
}

/// The card.
#[component]
pub(super) fn BookCard(desk: Desk) -> impl IntoView {
    let depth = Memo::new(move |_| desk.of_view(|view| view.depth.clone()).flatten());
    let most = Memo::new(move |_| depth.with(|depth| depth.as_ref().map_or(0, widest)));
    let empty = Memo::new(move |_| most.get() == 0);
    let stale = Memo::new(move |_| desk.state.with(|state| away(state.as_ref()).is_some()));
    let side = move |side: Side| {
        Memo::new(move |_| {
            depth.with(|depth| depth.as_ref().map_or_else(Vec::new, |depth| lines(depth, side)))
        })
    };
    let (bids, asks) = (side(Side::Bid), side(Side::Ask));
    view! {
        <section class="card book" class:stale=stale aria-label=text(Key::OrderBook) data-testid="book">
            <header>
                <h2>{text(Key::OrderBook)}</h2>
                <Groups desk=desk />
            </header>
            <Heads desk=desk />
            <Levels desk=desk side=Side::Ask lines=asks />
            <Middle desk=desk depth=depth />
            <Levels desk=desk side=Side::Bid lines=bids />
            {move || empty.get().then(|| view! {
                <div class="first" data-testid="book-empty">
                    <b>{text(Key::BookEmpty)}</b>
                    <p>{text(Key::BookEmptyHint)}</p>
                </div>
            })}
        </section>
    }
}

/// Lots of the widest row of both sides.
fn widest(depth: &Depth) -> u64 {
    let last = |rows: &[DepthRow]| rows.last().map_or(0, |row| row.cumulative.0);
    last(&depth.bids).max(last(&depth.asks))
}

/// The rows of a side, the best first.
fn lines(depth: &Depth, side: Side) -> Vec<Line> {
    let rows = match side {
        Side::Bid => &depth.bids,
        Side::Ask => &depth.asks,
    };
    let most = u128::from(widest(depth).max(1));
    let line = |row: &DepthRow| Line {
        row: *row,
        share: u64::try_from(u128::from(row.cumulative.0) * 1000 / most).unwrap_or(1000),
    };
    rows.iter().map(line).collect()
}

#[component]
fn Groups(desk: Desk) -> impl IntoView {
    let buttons = GROUPS.map(|group| {
        let on = move || desk.group.get() == group;
        view! {
            <button
                type="button"
                class:on=on
                data-testid=format!("group-{group}")
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| desk.group.set(group)
            >
                {group}
            </button>
        }
    });
    view! {
        <div class="end segments" role="group" aria-label=text(Key::Grouping) title=text(Key::Grouping)>
            {buttons.into_iter().collect_view()}
        </div>
    }
}

#[component]
fn Heads(desk: Desk) -> impl IntoView {
    let symbol = move |pick: fn(Units) -> &'static str| move || desk.units.get().map(pick);
    view! {
        <div class="level heads" aria-hidden="true">
            <span>{symbol(Units::price_symbol)}</span>
            <span>{symbol(Units::amount_symbol)}</span>
            <span>{text(Key::SumWord)}</span>
        </div>
    }
}

/// One side; the best price is next to the middle.
#[component]
fn Levels(desk: Desk, side: Side, lines: Memo<Vec<Line>>) -> impl IntoView {
    let (class, testid, label, none) = match side {
        Side::Bid => ("levels bids", "book-bids", Key::Bids, Key::NoBids),
        Side::Ask => ("levels asks", "book-asks", Key::Asks, Key::NoAsks),
    };
    // Each place keeps its button while the book moves: whoever has the focus there does not lose it.
    let place = move |at: u16| {
        let line = Memo::new(move |_| lines.with(|lines| lines.get(usize::from(at)).cloned()));
        let known = Memo::new(move |_| line.with(Option::is_some));
        let shown = move || match (known.get(), at) {
            (true, _) => Some(view! { <Level desk=desk side=side line=line /> }.into_any()),
            (false, 0) => Some(view! { <span class="nobody dim">{text(none)}</span> }.into_any()),
            (false, _) => None,
        };
        view! { <li>{shown}</li> }
    };
    let rows = match side {
        Side::Bid => (0..ROWS).map(place).collect_view(),
        Side::Ask => (0..ROWS).rev().map(place).collect_view(),
    };
    view! { <ol class=class data-testid=testid aria-label=text(label)>{rows}</ol> }
}

#[component]
fn Level(desk: Desk, side: Side, line: Memo<Option<Line>>) -> impl IntoView {
    let language = prefs().language;
    let row = Memo::new(move |_| line.with(|line| line.as_ref().map(|line| line.row)));
    let words = move |pick: fn(Units, Language, DepthRow) -> String| {
        move || Some(pick(desk.units.get()?, language.get(), row.get()?))
    };
    let hint = move || Some(level_words(desk.units.get()?, language.get(), side, row.get()?));
    let width = move || {
        let share = line.with(|line| line.as_ref().map_or(0, |line| line.share));
        format!("{}.{}%", share / 10, share % 10)
    };
    let own = Memo::new(move |_| row.get().is_some_and(|row| row.own > TotalLots::ZERO));
    let fill = move |_| {
        if let Some(row) = row.get_untracked() {
            desk.fill_price(row.price);
        }
    };
    view! {
        <button
            type="button"
            class="level"
            data-testid="book-level"
            data-price=move || row.get().map(|row| row.price.to_string())
            data-own=move || own.get().to_string()
            title=hint
            on:click=fill
        >
            <i style:width=width></i>
            <span class="price">{words(|units, language, row| units.price(language, row.price))}</span>
            <span class="lots">
                {move || own.get().then(|| view! { <em class="own" aria-hidden="true"></em> })}
                {words(|units, language, row| units.amount(language, row.lots))}
            </span>
            <span class="total">{words(|units, language, row| units.amount(language, row.cumulative))}</span>
        </button>
    }
}

/// A row of the book in a sentence.
fn level_words(units: Units, language: Language, side: Side, row: DepthRow) -> String {
    let key = match side {
        Side::Bid => Key::BidLevel,
        Side::Ask => Key::AskLevel,
    };
    let orders = format::count(language, row.orders);
    let values = [
        ("amount", units.energy(language, row.lots)),
        ("price", units.money(language, row.price)),
        ("orders", orders),
    ];
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let level = say(language, key, &values);
    match row.own {
        TotalLots::ZERO => level,
        own => {
            let own = units.energy(language, own);
            format!("{level} {}", say(language, Key::OwnLevel, &[("amount", &own)]))
        }
    }
}

/// The last price, where it came from, and the spread.
#[component]
fn Middle(desk: Desk, depth: Memo<Option<Depth>>) -> impl IntoView {
    let language = prefs().language;
    let stats = Memo::new(move |_| {
        desk.state
            .with(|state| state.as_ref().and_then(|state| state.stats))
    });
    let last = move || {
        let price = stats.get().and_then(|stats: MarketStats| stats.last);
        price.zip(desk.units.get()).map_or_else(
            || "–".to_owned(),
            |(price, units)| units.price(language.get(), price),
        )
    };
    let spread = move || {
        let spread = depth.with(|depth| depth.as_ref().and_then(|depth| depth.spread))?;
        let spread = desk.units.get()?.price(language.get(), spread);
        Some(say(language.get(), Key::SpreadWords, &[("spread", &spread)]))
    };
    view! {
        <div class="book-middle" data-testid="book-middle">
            <b title=text(Key::LastPrice)>{last}</b>
            <Change change=Signal::derive(move || stats.get().and_then(|stats| stats.change_bps)) />
            <span class="dim">{spread}</span>
        </div>
    }
}

/// The last price of a day against its first, with a sign and an arrow.
#[component]
pub(super) fn Change(
    /// Hundredths of a percent.
    change: Signal<Option<i64>>,
) -> impl IntoView {
    let language = prefs().language;
    move || {
        change.get().map(|bps| {
            let (class, icon) = match bps {
                ..0 => ("change ask", Some(Icon::Down)),
                0 => ("change", None),
                1.. => ("change bid", Some(Icon::Up)),
            };
            view! {
                <span class=class>
                    {icon.map(|icon| view! { <Glyph icon=icon /> })}
                    {move || figures::percent(language.get(), bps)}
                </span>
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Idrs, market::Price};

    use super::*;
    use crate::pages::market::figures::tests::units;

    fn row(price: u16, lots: u64, cumulative: u64, own: u64) -> DepthRow {
        DepthRow {
            price: Price::new(price).expect("above zero"),
            orders: 2,
            lots: TotalLots(lots),
            cumulative: TotalLots(cumulative),
            cumulative_value: Idrs::ZERO,
            own: TotalLots(own),
        }
    }

    fn depth() -> Depth {
        Depth {
            bids: vec![row(1440, 30, 30, 0), row(1439, 10, 40, 0)],
            asks: vec![row(1450, 20, 20, 5), row(1452, 140, 160, 0)],
            spread: Price::new(10),
            middle: None,
        }
    }

    #[test]
    fn bars_of_both_sides_have_one_scale() {
        let shares = |side| -> Vec<u64> { lines(&depth(), side).iter().map(|line| line.share).collect() };
        assert_eq!(shares(Side::Ask), [125, 1000]);
        assert_eq!(shares(Side::Bid), [187, 250]);
        let none = Depth {
            bids: Vec::new(),
            asks: Vec::new(),
            spread: None,
            middle: None,
        };
        assert_eq!(widest(&none), 0);
        assert!(lines(&none, Side::Bid).is_empty());
    }

    #[test]
    fn a_row_says_what_rests_there_and_what_of_it_is_own() {
        let words = |side, at: usize| {
            let line = &lines(&depth(), side)[at];
            level_words(units(), Language::English, side, line.row).replace('\u{a0}', " ")
        };
        assert!(
            words(Side::Ask, 0).contains("0.05 kWh"),
            "{}",
            words(Side::Ask, 0)
        );
        assert!(
            words(Side::Bid, 0).contains("Rp 1,440"),
            "{}",
            words(Side::Bid, 0)
        );
        assert_eq!(words(Side::Ask, 1).matches("kWh").count(), 1);
    }
}
