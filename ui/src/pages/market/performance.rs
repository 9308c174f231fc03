//! How an account has traded: earned, spent, and what that is against the utility.

use enerlink_domain::{
    Idrs,
    market::{TotalLots, Traded},
    view::PerformanceView,
};
use enerlink_ipc::ReadPerformance;
use leptos::prelude::*;

use super::{desk::Desk, figures::Units};
use crate::{
    components::{
        amount::concealed,
        loaded::{Loaded, Waiting},
    },
    format::{self, Sign},
    household::household,
    i18n::{Key, Language, say, text},
    prefs::prefs,
};

/// The card.
#[component]
pub(super) fn PerformanceCard(desk: Desk) -> impl IntoView {
    let (language, household) = (prefs().language, household());
    let loaded = Loaded::<PerformanceView>::new();
    let again = RwSignal::new(0_u32);
    let newest = Memo::new(move |_| desk.of_view(|view| view.tape.first().map(|trade| trade.number)));
    let tariff = Memo::new(move |_| household.tariff());
    Effect::new(move || {
        again.track();
        // Read, for a memo that is only tracked is never computed.
        newest.with(|_| ());
        let tariff = tariff.get();
        if let Some(account) = desk.account.get() {
            loaded.read(ReadPerformance {
                account,
                tariff_sen_per_kwh: (tariff > 0).then_some(tariff),
            });
        }
    });
    let known = Memo::new(move |_| loaded.value.with(Option::is_some));
    let nothing = Memo::new(move |_| {
        loaded.value.with(|view| {
            view.as_ref()
                .is_some_and(|view| view.performance.bought.trades + view.performance.sold.trades == 0)
        })
    });
    let figure = move |pick: fn(&PerformanceView) -> Option<Idrs>, sign: Sign| {
        concealed(move || {
            let amount = loaded.value.with(|view| view.as_ref().and_then(pick));
            amount.map_or_else(|| "–".to_owned(), |amount| money(language.get(), amount, sign))
        })
    };
    let traded = move |pick: fn(&PerformanceView) -> Traded| {
        move || {
            let traded = loaded.value.with(|view| view.as_ref().map(pick))?;
            Some(traded_words(desk.units.get()?, language.get(), &traded))
        }
    };
    let retry = move |()| again.update(|again| *again += 1);
    view! {
        <section class="card performance" data-testid="performance">
            <header><h2>{text(Key::Performance)}</h2><small>{text(Key::PerformanceHint)}</small></header>
            {move || match (known.get(), nothing.get()) {
                (false, _) => view! { <Waiting error=loaded.error retry=retry rows=4 /> }.into_any(),
                (true, true) => view! { <p class="empty">{text(Key::NoOwnTrades)}</p> }.into_any(),
                (true, false) => view! {
                    <dl class="figures">
                        <div>
                            <dt>{text(Key::EarnedWord)}<small>{traded(|view| view.performance.sold)}</small></dt>
                            <dd data-testid="performance-earned">{figure(|view| Some(view.performance.sold.value), Sign::Negative)}</dd>
                        </div>
                        <div>
                            <dt>{text(Key::SpentWord)}<small>{traded(|view| view.performance.bought)}</small></dt>
                            <dd data-testid="performance-spent">{figure(|view| Some(view.performance.bought.value), Sign::Negative)}</dd>
                        </div>
                        <div>
                            <dt>{text(Key::NetWord)}</dt>
                            <dd data-testid="performance-net">{figure(|view| Some(view.net), Sign::Always)}</dd>
                        </div>
                        <div>
                            <dt>{text(Key::SavedWord)}</dt>
                            <dd>{figure(|view| view.against_tariff.map(|against| against.saved), Sign::Always)}</dd>
                        </div>
                        <div>
                            <dt>{text(Key::GainedWord)}</dt>
                            <dd>{figure(|view| view.against_tariff.map(|against| against.gained), Sign::Always)}</dd>
                        </div>
                    </dl>
                }
                .into_any(),
            }}
        </section>
    }
}

fn money(language: Language, amount: Idrs, sign: Sign) -> String {
    format!("{}\u{a0}IDRS", format::decimal(language, amount.0, 2, 2, sign))
}

/// How much was traded, and for what price on average.
fn traded_words(units: Units, language: Language, traded: &Traded) -> String {
    if traded.lots == TotalLots::ZERO {
        return String::new();
    }
    let amount = units.energy(language, traded.lots);
    match traded.average() {
        None => amount,
        Some(average) => {
            let price = format!("Rp\u{a0}{}", units.rate(language, average));
            say(
                language,
                Key::MatchedAt,
                &[("amount", &amount), ("price", &price)],
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::figures::tests::units, *};

    #[test]
    fn amount_and_average_are_told_where_something_was_traded() {
        let words = |lots, value| {
            let traded = Traded {
                trades: 1,
                lots: TotalLots(lots),
                value: Idrs(value),
            };
            traded_words(units(), Language::English, &traded).replace('\u{a0}', " ")
        };
        assert_eq!(words(0, 0), "");
        let some = words(250, 250 * 1445);
        assert!(some.contains("2.5 kWh") && some.contains("Rp 1,445"), "{some}");
    }
}
