//! What would come of a ticket, line by line, and what stands in its way with what would work.

use enerlink_domain::{
    Etk, Idrs, Wei,
    market::{Fraction, Lots, Preview as Outlook, Price, Side, Ticket, TicketKind, TicketProblem, TotalLots},
    token::Amount,
    view::TicketView,
};
use leptos::prelude::*;

use super::{
    super::{
        desk::Desk,
        figures::{self, Units},
    },
    Preview,
};
use crate::{
    format::{self, HIDDEN, Sign},
    household::household,
    i18n::{Key, Language, say, text},
    prefs::prefs,
};

/// A line: what, how much, and whether it is worth a second look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub what: Key,
    pub value: String,
    pub tone: &'static str,
}

/// What a person knows besides the market.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The utility's tariff, hundredths of a rupiah per kilowatt-hour.
    pub tariff_sen: u64,
    /// What the network takes at most, when that is known.
    pub fee: Option<Wei>,
    /// What the account can pay it from, when that is known.
    pub coins: Option<Wei>,
    /// Whether balances are hidden.
    pub hidden: bool,
}

/// From so many hundredths of a percent on, a price impact is worth a second look.
pub(super) const MUCH_IMPACT: u64 = 200;

/// The lines of a preview.
pub(super) fn effects(
    units: Units,
    language: Language,
    ticket: &Ticket,
    outlook: &Outlook,
    terms: Terms,
) -> Vec<Effect> {
    let line = |what, value| Effect {
        what,
        value,
        tone: "",
    };
    let idrs = |amount: Idrs| format!("{}\u{a0}IDRS", format::idrs(language, amount));
    let etk = |amount: Etk| format!("{}\u{a0}ETK", format::etk(language, amount, Sign::Negative));
    let mut lines = vec![line(Key::TotalWord, idrs(outlook.total))];
    lines.push(match ticket.side {
        Side::Bid => line(Key::YouReceive, etk(units.pair.etk(outlook.filled))),
        Side::Ask => line(Key::YouReceive, idrs(outlook.value)),
    });
    lines.push(line(Key::MatchesNow, matched(units, language, outlook)));
    if outlook.rests > Lots::ZERO {
        lines.push(line(Key::RestsWord, resting(units, language, outlook)));
    }
    if outlook.dropped > Lots::ZERO {
        lines.push(Effect {
            tone: "warn",
            ..line(Key::DroppedWord, units.energy(language, outlook.dropped))
        });
    }
    if !outlook.cancels.is_empty() {
        let count = format::count(language, outlook.cancels.len() as u64);
        lines.push(Effect {
            tone: "warn",
            ..line(Key::OwnCancelled, count)
        });
    }
    if outlook.filled > Lots::ZERO {
        let impact = i128::from(outlook.impact_bps);
        let impact_words = format!(
            "{}\u{a0}%",
            format::decimal(language, impact, 2, 2, Sign::Negative)
        );
        lines.push(Effect {
            tone: if outlook.impact_bps >= MUCH_IMPACT {
                "warn"
            } else {
                ""
            },
            ..line(Key::PriceImpact, impact_words)
        });
    }
    lines.push(line(Key::FeeWord, idrs(Idrs::ZERO)));
    lines.push(network_fee(language, terms));
    let per_lot = outlook.average.filter(|_| outlook.rests == Lots::ZERO);
    let per_lot = per_lot.or_else(|| Fraction::new(ticket.price.get().into(), 1));
    let above = per_lot.and_then(|rate| figures::above_tariff(units.pair, rate, terms.tariff_sen));
    if let Some(bps) = above {
        let bad = (bps > 0) == (ticket.side == Side::Bid) && bps != 0;
        lines.push(Effect {
            tone: if bps == 0 {
                ""
            } else if bad {
                "worse"
            } else {
                "better"
            },
            ..line(Key::AgainstTariff, figures::percent(language, bps))
        });
    }
    let after = match terms.hidden {
        true => HIDDEN.to_owned(),
        false => format!("{}\n{}", idrs(outlook.idrs_after), etk(outlook.etk_after)),
    };
    lines.push(line(Key::BalanceAfter, after));
    lines
}

/// What the network takes, with a warning where the account cannot pay it.
fn network_fee(language: Language, terms: Terms) -> Effect {
    let value = match terms.fee {
        None => Key::FeeUnknown.text(language).to_owned(),
        Some(Wei::ZERO) => Key::FeeFree.text(language).to_owned(),
        Some(fee) => {
            let amount = format::amount(language, Amount::Coin(rounded_up(fee)));
            say(language, Key::FeeUpTo, &[("amount", &amount)])
        }
    };
    let missing = terms.fee.zip(terms.coins).is_some_and(|(fee, coins)| fee > coins);
    Effect {
        what: Key::NetworkFee,
        value,
        tone: if missing { "warn" } else { "" },
    }
}

/// Three digits of a bound, and none that nobody reads.
fn rounded_up(fee: Wei) -> Wei {
    let unit = 10_u128.pow(fee.0.max(1).ilog10().saturating_sub(2));
    Wei(fee.0.div_ceil(unit).saturating_mul(unit))
}

fn matched(units: Units, language: Language, outlook: &Outlook) -> String {
    match outlook.average {
        None => Key::NothingNow.text(language).to_owned(),
        Some(average) => {
            let amount = units.energy(language, outlook.filled);
            let price = format!("Rp\u{a0}{}", units.rate(language, average));
            say(
                language,
                Key::MatchedAt,
                &[("amount", &amount), ("price", &price)],
            )
        }
    }
}

fn resting(units: Units, language: Language, outlook: &Outlook) -> String {
    let amount = units.energy(language, outlook.rests);
    match outlook.ahead {
        TotalLots::ZERO => say(language, Key::RestsFirst, &[("amount", &amount)]),
        ahead => {
            let ahead = units.energy(language, ahead);
            say(
                language,
                Key::RestsBehind,
                &[("amount", &amount), ("ahead", &ahead)],
            )
        }
    }
}

/// The lines of the ticket that is typed.
#[component]
pub(super) fn Effects(desk: Desk, preview: Preview) -> impl IntoView {
    let (language, hidden, household) = (prefs().language, prefs().hidden, household());
    let lines = Memo::new(move |_| {
        let (units, (ticket, view)) = (desk.units.get()?, preview.latest(desk)?);
        let TicketView::Ready { preview, fee } = view else {
            return None;
        };
        let terms = Terms {
            tariff_sen: household.tariff(),
            fee,
            coins: desk.balances().map(|held| held.native),
            hidden: hidden.get(),
        };
        Some(effects(units, language.get(), &ticket, &preview, terms))
    });
    move || lines.get().map(|lines| view! { <EffectList lines=lines /> })
}

/// Lines below each other.
#[component]
pub(super) fn EffectList(lines: Vec<Effect>) -> impl IntoView {
    let rows = lines.into_iter().map(|Effect { what, value, tone }| {
        view! {
            <div>
                <dt>{text(what)}</dt>
                <dd class=tone>{value}</dd>
            </div>
        }
    });
    view! { <dl class="figures effects" data-testid="ticket-effects">{rows.collect_view()}</dl> }
}

/// What would work instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fix {
    Price(Price),
    Amount(Lots),
}

/// What stands in the way, and what would not.
fn problem_words(units: Units, language: Language, problem: &TicketProblem) -> (String, Option<Fix>) {
    let say = |key, values: &[(&str, &str)]| say(language, key, values);
    match *problem {
        TicketProblem::NoLots { least } => {
            let least_words = units.energy(language, least);
            (
                say(Key::ProblemNoLots, &[("least", &least_words)]),
                Some(Fix::Amount(least)),
            )
        }
        TicketProblem::NotEnoughEtk {
            needed,
            available,
            lots,
        } => {
            let [needed, available] = [needed, available]
                .map(|amount| format!("{}\u{a0}ETK", format::etk(language, amount, Sign::Negative)));
            let words = say(
                Key::ProblemNotEnough,
                &[("needed", &needed), ("available", &available)],
            );
            (words, fewer(lots))
        }
        TicketProblem::NotEnoughIdrs {
            needed,
            available,
            lots,
        } => {
            let [needed, available] =
                [needed, available].map(|amount| format!("{}\u{a0}IDRS", format::idrs(language, amount)));
            let words = say(
                Key::ProblemNotEnough,
                &[("needed", &needed), ("available", &available)],
            );
            (words, fewer(lots))
        }
        TicketProblem::WouldTrade { best, works } => {
            let best = units.money(language, best);
            (
                say(Key::ProblemWouldTrade, &[("price", &best)]),
                works.map(Fix::Price),
            )
        }
        TicketProblem::NothingToTrade { works: None } => (say(Key::ProblemNobody, &[]), None),
        TicketProblem::NothingToTrade { works: Some(price) } => {
            let best = units.money(language, price);
            (
                say(Key::ProblemNothing, &[("price", &best)]),
                Some(Fix::Price(price)),
            )
        }
        TicketProblem::OnlyOwnOrders { lots } => {
            let amount = units.energy(language, lots);
            (say(Key::ProblemOnlyOwn, &[("amount", &amount)]), None)
        }
    }
}

fn fewer(lots: Lots) -> Option<Fix> {
    (lots > Lots::ZERO).then_some(Fix::Amount(lots))
}

/// Why the ticket cannot be placed.
#[component]
pub(super) fn Problems(desk: Desk, preview: Preview) -> impl IntoView {
    let language = prefs().language;
    let found = Memo::new(move |_| {
        let (units, (ticket, view)) = (desk.units.get()?, preview.latest(desk)?);
        match view {
            TicketView::Ready { .. } => None,
            TicketView::Blocked { problems } => Some((units, ticket.kind, problems)),
        }
    });
    let apply = move |fix: Fix| match fix {
        Fix::Price(price) => desk.fill_price(price),
        Fix::Amount(lots) => {
            if let Some(units) = desk.units.get_untracked() {
                desk.form
                    .amount
                    .set(units.typed_amount(language.get_untracked(), lots));
            }
        }
    };
    let row = move |units: Units, problem: &TicketProblem| {
        let (words, fix) = problem_words(units, language.get(), problem);
        let fix = fix.map(|fix| {
            let value = match fix {
                Fix::Price(price) => units.money(language.get(), price),
                Fix::Amount(lots) => units.energy(language.get(), lots),
            };
            let label = say(language.get(), Key::UseInstead, &[("value", &value)]);
            view! {
                <button type="button" class="link" data-testid="ticket-fix" on:click=move |_| apply(fix)>{label}</button>
            }
        });
        view! { <li>{words}" "{fix}</li> }
    };
    move || {
        found.get().map(|(units, kind, problems)| {
            let rows = problems.iter().map(|problem| row(units, problem)).collect_view();
            let kind = (kind == TicketKind::Market).then_some("market");
            view! { <ul class="obstacles" role="status" data-testid="ticket-problems" data-kind=kind>{rows}</ul> }
        })
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        Address,
        event::Balances,
        market::{Book, NewOrder, OrderFlags},
    };

    use super::{super::super::figures::tests::units, *};

    const TERMS: Terms = Terms {
        tariff_sen: 144_470,
        fee: Some(Wei::ZERO),
        coins: Some(Wei::ZERO),
        hidden: false,
    };

    fn price(value: u16) -> Price {
        Price::new(value).expect("above zero")
    }

    fn ticket(kind: TicketKind, at: u16, lots: u32) -> Ticket {
        Ticket {
            account: Address([7; 20]),
            side: Side::Bid,
            kind,
            price: price(at),
            lots: Lots(lots),
        }
    }

    /// A book in which a neighbour sells 1 kWh at Rp 1,400.
    fn book() -> Book {
        let mut book = Book::new();
        let order = NewOrder {
            trader: Address([9; 20]),
            side: Side::Ask,
            price: price(1400),
            lots: Lots(100),
            flags: OrderFlags::GoodTillCancelled,
            max_fills: 1,
        };
        let outcome = order.outcome(&book).expect("an order");
        for event in &outcome.effect.events {
            book.apply_event(event).expect("an event");
        }
        book
    }

    fn check(ticket: &Ticket) -> Result<Outlook, Vec<TicketProblem>> {
        let balances = Balances {
            account: ticket.account,
            etk: Etk(0),
            idrs: Idrs(1_000_000),
            native: Wei(0),
            block: 1,
        };
        ticket.check(&book(), &balances, 0, units().pair)
    }

    fn value(lines: &[Effect], what: Key) -> Option<String> {
        let line = lines.iter().find(|line| line.what == what)?;
        Some(line.value.replace('\u{a0}', " "))
    }

    #[test]
    fn a_limit_order_that_trades_some_and_rests_says_both() {
        let ticket = ticket(TicketKind::Limit, 1450, 150);
        let outlook = check(&ticket).expect("ready");
        let lines = effects(units(), Language::English, &ticket, &outlook, TERMS);
        let value = |what| value(&lines, what);
        assert_eq!(value(Key::TotalWord).as_deref(), Some("2,125.00 IDRS"));
        assert_eq!(value(Key::YouReceive).as_deref(), Some("1,000.00 ETK"));
        assert!(
            value(Key::MatchesNow).is_some_and(|words| words.contains("1 kWh") && words.contains("Rp 1,400"))
        );
        assert!(value(Key::RestsWord).is_some_and(|words| words.contains("0.5 kWh")));
        assert_eq!(value(Key::AgainstTariff).as_deref(), Some("+0.4 %"));
        assert_eq!(
            value(Key::BalanceAfter).as_deref(),
            Some("7,875.00 IDRS\n1,000.00 ETK")
        );
        assert_eq!(value(Key::DroppedWord), None);
    }

    #[test]
    fn a_market_order_says_what_is_dropped_and_hides_balances() {
        let ticket = ticket(TicketKind::Market, 1450, 150);
        let outlook = check(&ticket).expect("ready");
        let terms = Terms {
            hidden: true,
            ..TERMS
        };
        let lines = effects(units(), Language::Indonesian, &ticket, &outlook, terms);
        assert_eq!(value(&lines, Key::DroppedWord).as_deref(), Some("0,5 kWh"));
        assert_eq!(value(&lines, Key::RestsWord), None);
        assert_eq!(value(&lines, Key::BalanceAfter).as_deref(), Some(HIDDEN));
    }

    #[test]
    fn the_networks_fee_is_told_and_one_that_cannot_be_paid_stands_out() {
        let coin = 1_000_000_000_000_000_000;
        for (fee, coins, expected, tone) in [
            (Some(0), Some(0), "free", ""),
            (Some(coin / 1000), Some(coin), "0.001 coins at most", ""),
            (Some(coin / 1000), Some(0), "0.001 coins at most", "warn"),
            (Some(coin / 1000), None, "0.001 coins at most", ""),
            (Some(634_000_002_219), None, "0.000000635 coins at most", ""),
            (Some(7), None, "0.000000000000000007 coins at most", ""),
            (None, Some(0), "not known now", ""),
        ] {
            let terms = Terms {
                fee: fee.map(Wei),
                coins: coins.map(Wei),
                ..TERMS
            };
            let line = network_fee(Language::English, terms);
            assert_eq!(line.value.replace('\u{a0}', " "), expected);
            assert_eq!(line.tone, tone, "{fee:?} {coins:?}");
        }
    }

    #[test]
    fn every_problem_says_what_would_work() {
        let fix = |ticket: &Ticket| {
            let problems = check(ticket).expect_err("blocked");
            problem_words(units(), Language::English, &problems[0])
        };
        let (words, works) = fix(&ticket(TicketKind::PostOnly, 1450, 10));
        assert!(words.contains("1,400"), "{words}");
        assert_eq!(works, Some(Fix::Price(price(1399))));
        let (words, works) = fix(&ticket(TicketKind::Market, 1300, 10));
        assert!(words.contains("1,400"), "{words}");
        assert_eq!(works, Some(Fix::Price(price(1400))));
        let (words, works) = fix(&ticket(TicketKind::Limit, 1000, 2000));
        assert!(words.contains("10,000.00"), "{words}");
        assert_eq!(works, Some(Fix::Amount(Lots(1000))));
    }
}
