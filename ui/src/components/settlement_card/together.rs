//! The figures of every meter together, when there are several.

use enerlink_domain::{
    Etk, MicroWatts, NetMicroWh,
    estimate::{Total, total},
};
use leptos::prelude::*;

use super::{FlowChip, signed_power};
use crate::{
    components::amount::concealed,
    feed::feed,
    format::{self, Sign},
    i18n::{Key, headline, say, text},
    ipc,
    live::LiveState,
    prefs::prefs,
};

/// The total of several meters in use; a retired one tells no more.
fn current(state: &LiveState) -> Option<Total> {
    let meters = state.meters.iter().flatten();
    let in_use = meters.filter(|view| view.meter.retired_at.is_none());
    let estimates = in_use.filter_map(|view| state.estimates.get(&view.meter.id));
    total(estimates).filter(|total| total.meters > 1)
}

/// What all meters owe and will bring; nothing with one meter.
#[component]
pub(super) fn Together() -> impl IntoView {
    let feed = feed();
    let sum = Memo::new(move |_| feed.state.with(current));
    let several = Memo::new(move |_| sum.with(Option::is_some));
    move || several.get().then(|| view! { <Sums sum=sum /> })
}

#[component]
fn Sums(sum: Memo<Option<Total>>) -> impl IntoView {
    let language = prefs().language;
    let energy = move |pick: fn(&Total) -> NetMicroWh| {
        let of = move || sum.with(|sum| sum.as_ref().map(pick)).unwrap_or_default();
        view! {
            <dd title=move || format::exact_energy(language.get(), i128::from(of().0))>
                {move || format::net_energy(language.get(), of(), Sign::Always).text()}
            </dd>
        }
    };
    let etk = move |pick: fn(&Total) -> Etk| {
        let amount = concealed(move || {
            let etk = sum.with(|sum| sum.as_ref().map(pick)).unwrap_or_default();
            format!("{}\u{a0}ETK", format::etk(language.get(), etk, Sign::Always))
        });
        view! { <dd>{amount}</dd> }
    };
    let power = move |pick: fn(&Total) -> Option<MicroWatts>| {
        move || {
            let power = sum.with(|sum| sum.as_ref().and_then(pick));
            power.map_or("–".to_owned(), |power| signed_power(language.get(), power))
        }
    };
    // The first of several ends; each card counts its own down.
    let end = move || {
        let end = sum
            .with(|sum| sum.as_ref().map(|sum| sum.period_end))
            .unwrap_or_default();
        let time = format::time_of_day(end, ipc::utc_offset_minutes(end.0));
        say(language.get(), Key::TogetherEnds, &[("time", &time)])
    };
    let short = Memo::new(move |_| sum.with(|sum| sum.as_ref().and_then(|sum| sum.short)));
    let title = move || {
        let count = sum.with(|sum| sum.as_ref().map_or(0, |sum| sum.meters));
        let count = format::count(language.get(), count as u64);
        say(language.get(), Key::TogetherTitle, &[("count", &count)])
    };
    // How many settle, and what keeps the others from it.
    let ready = move || {
        sum.with(|sum| {
            let sum = sum.as_ref()?;
            let [ready, count] =
                [sum.ready, sum.meters].map(|count| format::count(language.get(), count as u64));
            let ready = say(
                language.get(),
                Key::TogetherReady,
                &[("ready", &ready), ("count", &count)],
            );
            let blocked = sum.blocked.iter().map(|code| headline(language.get(), *code));
            Some(blocked.fold(ready, |words, code| format!("{words} {code}")))
        })
    };
    let flow = Memo::new(move |_| sum.with(|sum| sum.as_ref().map(|sum| sum.flow)));
    view! {
        <div class="together" data-testid="settlement-together">
            <h3 class="label">
                {title}
                {move || flow.get().map(|flow| view! { <FlowChip flow=flow /> })}
            </h3>
            <dl class="figures">
                <div><dt>{text(Key::ExportedSoFar)}</dt>{energy(|sum| sum.exported)}</div>
                <div><dt>{text(Key::ImportedSoFar)}</dt>{energy(|sum| sum.imported)}</div>
                <div><dt>{text(Key::PowerNow)}</dt><dd data-testid="together-power">{power(|sum| sum.grid_power)}</dd></div>
                <div><dt>{text(Key::AveragePower)}</dt><dd>{power(|sum| sum.average_power)}</dd></div>
                <div><dt>{text(Key::Carried)}</dt>{energy(|sum| sum.carried)}</div>
                <div><dt>{text(Key::TogetherOwed)}</dt>{energy(|sum| sum.owed)}</div>
                <div><dt>{text(Key::TogetherPending)}</dt>{energy(|sum| sum.pending)}</div>
                <div><dt>{text(Key::TogetherNow)}</dt>{etk(|sum| sum.etk_now)}</div>
                <div><dt>{text(Key::TogetherAtEnd)}</dt>{etk(|sum| sum.etk_at_end)}</div>
            </dl>
            {move || short.get().map(|short| {
                let amount = concealed(move || {
                    format!("{}\u{a0}ETK", format::etk(language.get(), short, Sign::Negative))
                });
                view! { <p class="warn small" data-testid="settlement-together-short">{text(Key::TogetherShort)}" "{amount}</p> }
            })}
            <p class="dim small" data-testid="settlement-together-ready">{end}" "{ready}</p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Estimate, UnixMillis};

    use super::*;
    use crate::live::tests::{home, state_with};

    #[test]
    fn meters_in_use_are_added_when_there_are_several() {
        let mut state = state_with(home());
        let home = state.home.clone().expect("a home");
        let (view, estimate) = (home.meter.expect("a meter"), home.estimate.expect("an estimate"));
        let mut meters = Vec::new();
        for (number, owed) in [(1, 30), (2, -35), (3, 1_000)] {
            let mut view = view.clone();
            view.meter.id = format!("SM-00{number}").parse().expect("an id");
            let estimate = Estimate {
                meter_id: view.meter.id.clone(),
                owed: NetMicroWh(owed),
                ..estimate.clone()
            };
            state.estimates.insert(view.meter.id.clone(), estimate);
            meters.push(view);
        }
        meters[2].meter.retired_at = Some(UnixMillis(1));
        state.meters = Some(meters.clone());
        let sum = current(&state).expect("a total");
        assert_eq!((sum.meters, sum.ready, sum.owed), (2, 2, NetMicroWh(-5)));
        meters[1].meter.retired_at = Some(UnixMillis(1));
        state.meters = Some(meters);
        assert_eq!(current(&state), None, "one says it itself");
    }
}
