//! The ticket: what to trade, what would come of it, and the button that says what it does.

mod confirm;
mod effect;
mod fields;

use enerlink_domain::{
    market::{Lots, Price, Side, Ticket, TicketKind, TicketProblem},
    view::TicketView,
};
use enerlink_ipc::PreviewTicket;
use leptos::{ev, prelude::*};

use super::{
    desk::{Desk, accounts},
    draft::Kind,
    figures::Units,
    notices::away,
};
use crate::{
    components::{
        latest::Latest,
        problem::{Problem, Weight},
    },
    feed::feed,
    format,
    i18n::{Key, Language, say, text},
    live::LiveState,
    prefs::prefs,
};

use confirm::PlaceDialog;
use effect::{Effects, Problems};
use fields::{AmountField, PriceField, Share};

/// How much worse than the best price a market order may trade, where nobody says otherwise: one in twenty.
const SLIPPAGE_BPS: u16 = 500;

/// What the core says of tickets.
#[derive(Clone, Copy)]
struct Preview {
    /// What would come of the ticket that is typed, or of the one before until that is known.
    shown: Latest<Ticket, PreviewTicket>,
    /// The most lots that can be paid.
    most: Latest<Ticket, PreviewTicket>,
}

impl Preview {
    /// Asks whenever the ticket, the market or what can be paid with has changed.
    fn follow(desk: Desk) -> Self {
        let preview = Self {
            shown: Latest::new(),
            most: Latest::new(),
        };
        let ticket = Memo::new(move |_| desk.ticket().and_then(Result::ok));
        let means = Memo::new(move |_| desk.means());
        Effect::new(move || {
            desk.view.value.track();
            // Read, for a memo that is only tracked is never computed.
            means.with(|_| ());
            if let Some(ticket) = ticket.get() {
                preview.shown.ask(ticket, PreviewTicket { ticket });
            }
        });
        let whole = Memo::new(move |_| {
            let price = typed_price(desk).or_else(|| best(desk, desk.form.side.get()))?;
            Some(Ticket {
                account: desk.account.get()?,
                side: desk.form.side.get(),
                kind: TicketKind::Limit,
                price,
                lots: Lots(u32::MAX),
            })
        });
        Effect::new(move || {
            desk.view.value.track();
            means.with(|_| ());
            if let Some(ticket) = whole.get() {
                preview.most.ask(ticket, PreviewTicket { ticket });
            }
        });
        preview
    }

    /// What would come of the ticket that is typed; none while that is not known.
    fn of(self, desk: Desk) -> Option<(Ticket, TicketView)> {
        let ticket = desk.ticket()?.ok()?;
        self.shown.value.get().filter(|(asked, _)| *asked == ticket)
    }

    /// The same, or what would come of the ticket before until that is known.
    fn latest(self, desk: Desk) -> Option<(Ticket, TicketView)> {
        desk.ticket()?.ok()?;
        self.shown.value.get()
    }

    /// The most lots that can be paid on the side that is chosen.
    fn most(self, desk: Desk) -> Option<Lots> {
        let side = desk.form.side.get();
        self.most.value.with(|value| {
            let (ticket, view) = value.as_ref()?;
            (ticket.side == side).then(|| most_of(view))
        })
    }
}

/// The most lots that can be paid, from the answer for all that there could be.
fn most_of(view: &TicketView) -> Lots {
    match view {
        TicketView::Ready { preview, .. } => preview.order.lots,
        TicketView::Blocked { problems } => {
            let most = problems.iter().find_map(|problem| match problem {
                TicketProblem::NotEnoughEtk { lots, .. } | TicketProblem::NotEnoughIdrs { lots, .. } => {
                    Some(*lots)
                }
                _ => None,
            });
            most.unwrap_or_default()
        }
    }
}

fn typed_price(desk: Desk) -> Option<Price> {
    let (units, language) = (desk.units.get()?, desk.language.get());
    let text = desk.form.price.get();
    super::draft::parse(language, &text, |text| units.pair.parse_price(text, units.price)).ok()
}

/// The best price of the other side.
fn best(desk: Desk, side: Side) -> Option<Price> {
    desk.state.with(|state| {
        let stats = state.as_ref()?.stats?;
        match side {
            Side::Bid => stats.best_ask,
            Side::Ask => stats.best_bid,
        }
    })
}

/// The card.
#[component]
pub(super) fn TicketCard(desk: Desk) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let preview = Preview::follow(desk);
    let asking = RwSignal::new(None::<(Ticket, TicketView)>);
    let away = Memo::new(move |_| desk.state.with(|state| away(state.as_ref()).is_some()));
    let ready = Memo::new(move |_| {
        let found = preview.of(desk);
        found.filter(|(_, view)| !away.get() && matches!(view, TicketView::Ready { .. }))
    });
    let action = move || {
        let (units, language) = (desk.units.get(), language.get());
        match (units, desk.ticket().and_then(Result::ok)) {
            (Some(units), Some(ticket)) => action_words(units, language, &ticket),
            (_, _) => side_words(desk.form.side.get()).text(language).to_owned(),
        }
    };
    let class = move || match desk.form.side.get() {
        Side::Bid => "button wide bid",
        Side::Ask => "button wide ask",
    };
    let ask = move |_| {
        if let Some(found) = ready.get_untracked() {
            feed.with_keys(move || {
                asking.try_set(Some(found));
            });
        }
    };
    let locked = Memo::new(move |_| !feed.state.with(LiveState::unlocked));
    let unread = Memo::new(move |_| {
        let wanted = desk.ticket().is_some_and(|ticket| ticket.is_ok());
        preview.shown.error.get().filter(|_| wanted)
    });
    view! {
        <section class="card ticket" aria-label=text(Key::TicketWord) data-testid="ticket">
            <Sides desk=desk />
            <Kinds desk=desk />
            <AccountChoice desk=desk />
            <PriceField desk=desk />
            <AmountField desk=desk />
            <Share desk=desk preview=preview />
            <Effects desk=desk preview=preview />
            <Problems desk=desk preview=preview />
            {move || unread.get().map(|error| view! { <Problem error=error weight=Weight::Notice /> })}
            <button
                type="button"
                class=class
                data-testid="ticket-submit"
                disabled=move || ready.with(Option::is_none)
                on:click=ask
            >
                {action}
            </button>
            <p class="aside">{move || text(if locked.get() { Key::TicketLocked } else { Key::TicketHint })()}</p>
            {move || asking.get().map(|(ticket, view)| view! {
                <PlaceDialog desk=desk ticket=ticket view=view on_close=move |()| asking.set(None) />
            })}
        </section>
    }
}

/// To buy or to sell.
#[component]
fn Sides(desk: Desk) -> impl IntoView {
    let button = move |side: Side, testid: &'static str| {
        let on = move || desk.form.side.get() == side;
        let (class, mark) = marked(side);
        let choose = move |_| {
            desk.form.side.set(side);
            // A worst price of the other side would be worse than none.
            if desk.form.kind.get_untracked() == Kind::Market {
                fill_worst(desk);
            }
        };
        view! {
            <button
                type="button"
                class=class
                class:on=on
                data-testid=testid
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=choose
            >
                <span aria-hidden="true">{mark}</span>
                {text(side_words(side))}
            </button>
        }
    };
    view! {
        <div class="segments sides" role="group" aria-label=text(Key::Side)>
            {button(Side::Bid, "side-buy")}
            {button(Side::Ask, "side-sell")}
        </div>
    }
}

/// How the order trades.
#[component]
fn Kinds(desk: Desk) -> impl IntoView {
    let kind = desk.form.kind;
    let is_market = move || kind.get() == Kind::Market;
    let choose = move |market: bool| {
        if market != is_market() {
            kind.set(if market { Kind::Market } else { Kind::Limit });
            if market {
                fill_worst(desk);
            }
        }
    };
    let switch = move |of: Kind, label: Key, hint: Key, testid: &'static str| {
        let on = move || kind.get() == of;
        let turn = move |event: ev::Event| {
            kind.set(if event_target_checked(&event) {
                of
            } else {
                Kind::Limit
            });
        };
        view! {
            <label class="flag" title=text(hint)>
                <input type="checkbox" data-testid=testid prop:checked=on on:change=turn />
                {text(label)}
            </label>
        }
    };
    let segment = move |market: bool, label: Key, testid: &'static str| {
        let on = move || is_market() == market;
        view! {
            <button
                type="button"
                class:on=on
                data-testid=testid
                aria-pressed=move || if on() { "true" } else { "false" }
                on:click=move |_| choose(market)
            >
                {text(label)}
            </button>
        }
    };
    view! {
        <div class="row kinds">
            <div class="segments" role="group" aria-label=text(Key::OrderKind)>
                {segment(false, Key::LimitWord, "kind-limit")}
                {segment(true, Key::MarketWord, "kind-market")}
            </div>
            {move || (!is_market()).then(|| view! {
                <div class="end row">
                    {switch(Kind::PostOnly, Key::PostOnly, Key::PostOnlyHint, "kind-post")}
                    {switch(Kind::Immediate, Key::ImmediateWord, Key::ImmediateHint, "kind-ioc")}
                </div>
            })}
        </div>
    }
}

/// Fills the worst price of a market order.
fn fill_worst(desk: Desk) {
    let side = desk.form.side.get_untracked();
    if let Some(best) = untrack(|| best(desk, side)) {
        desk.fill_price(best.worse(side, SLIPPAGE_BPS));
    }
}

/// Who trades, where there are several.
#[component]
fn AccountChoice(desk: Desk) -> impl IntoView {
    let feed = feed();
    let known = Memo::new(move |_| feed.state.with(accounts));
    let choose = move |event: ev::Event| desk.form.chosen.set(event_target_value(&event).parse().ok());
    move || {
        (known.with(Vec::len) > 1).then(|| {
            let options = known.get().into_iter().map(|account| {
                let chosen = move || desk.account.get() == Some(account);
                view! {
                    <option value=account.to_string() selected=chosen>{format::short_address(account)}</option>
                }
            });
            view! {
                <div class="field">
                    <label for="ticket-account">{text(Key::Account)}</label>
                    <select id="ticket-account" class="select" data-testid="ticket-account" on:change=choose>
                        {options.collect_view()}
                    </select>
                </div>
            }
        })
    }
}

/// The word of a side.
pub(super) fn side_words(side: Side) -> Key {
    match side {
        Side::Bid => Key::BuyWord,
        Side::Ask => Key::SellWord,
    }
}

/// The class and the sign of a side: a colour is never alone.
pub(super) fn marked(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Bid => ("bid", "▲"),
        Side::Ask => ("ask", "▼"),
    }
}

/// What the button does.
pub(super) fn action_words(units: Units, language: Language, ticket: &Ticket) -> String {
    let key = match (ticket.kind, ticket.side) {
        (TicketKind::Market, Side::Bid) => Key::BuyAtOnce,
        (TicketKind::Market, Side::Ask) => Key::SellAtOnce,
        (_, Side::Bid) => Key::BuyAt,
        (_, Side::Ask) => Key::SellAt,
    };
    let (amount, price) = (
        units.energy(language, ticket.lots),
        units.named_price(language, ticket.price),
    );
    say(language, key, &[("amount", &amount), ("price", &price)])
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Address, Etk, market::PriceUnit};

    use super::{super::figures::tests::units, *};

    fn ticket(side: Side, kind: TicketKind) -> Ticket {
        Ticket {
            account: Address([7; 20]),
            side,
            kind,
            price: Price::new(1445).expect("above zero"),
            lots: Lots(1230),
        }
    }

    #[test]
    fn the_button_says_what_it_does() {
        for (language, side, kind, expected) in [
            (
                Language::English,
                Side::Bid,
                TicketKind::Limit,
                "Buy 12.3 kWh at Rp 1,445",
            ),
            (
                Language::Indonesian,
                Side::Bid,
                TicketKind::PostOnly,
                "Beli 12,3 kWh seharga Rp 1.445",
            ),
            (
                Language::English,
                Side::Ask,
                TicketKind::Market,
                "Sell 12.3 kWh now, not below Rp 1,445",
            ),
        ] {
            let words = action_words(units(), language, &ticket(side, kind));
            assert_eq!(words.replace('\u{a0}', " "), expected);
        }
        let per_etk = Units {
            price: PriceUnit::Etk,
            ..units()
        };
        let words = action_words(per_etk, Language::English, &ticket(Side::Bid, TicketKind::Limit));
        assert!(words.ends_with("/ETK"), "{words}");
    }

    #[test]
    fn the_most_is_what_the_core_says_can_be_paid() {
        let blocked = TicketView::Blocked {
            problems: vec![TicketProblem::NotEnoughEtk {
                needed: Etk(9),
                available: Etk(5),
                lots: Lots(5),
            }],
        };
        assert_eq!(most_of(&blocked), Lots(5));
        let nothing = TicketView::Blocked { problems: Vec::new() };
        assert_eq!(most_of(&nothing), Lots(0));
    }
}
