//! The figures of every meter together, when there are several.

use enerlink_domain::{Estimate, Etk, NetMicroWh};
use leptos::prelude::*;

use crate::{
    components::amount::concealed,
    feed::feed,
    format::{self, Sign},
    i18n::{Key, say, text},
    live::LiveState,
    prefs::prefs,
};

/// Sums over the estimates of all meters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    meters: usize,
    owed: NetMicroWh,
    pending: NetMicroWh,
    etk_now: Etk,
    etk_at_end: Etk,
}

fn sums<'a>(estimates: impl Iterator<Item = &'a Estimate>) -> Sums {
    estimates.fold(Sums::default(), |sums, estimate| Sums {
        meters: sums.meters + 1,
        owed: NetMicroWh(sums.owed.0.saturating_add(estimate.owed.0)),
        pending: NetMicroWh(sums.pending.0.saturating_add(estimate.pending.0)),
        etk_now: Etk(sums.etk_now.0 + estimate.etk_now.0),
        etk_at_end: Etk(sums.etk_at_end.0 + estimate.etk_at_end.0),
    })
}

/// Estimates of meters that are in use: a retired one tells no more.
fn current(state: &LiveState) -> Sums {
    let in_use = |estimate: &&Estimate| {
        let meters = state.meters.iter().flatten();
        meters
            .filter(|view| view.meter.retired_at.is_none())
            .any(|view| view.meter.id == estimate.meter_id)
    };
    sums(state.estimates.values().filter(in_use))
}

/// One line with what all meters owe and will bring; nothing with one meter.
#[component]
pub(super) fn Together() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let sums = Memo::new(move |_| feed.state.with(current));
    let several = Memo::new(move |_| sums.get().meters > 1);
    let energy = move |pick: fn(Sums) -> NetMicroWh| {
        let of = move || pick(sums.get());
        view! {
            <dd title=move || format::exact_energy(language.get(), i128::from(of().0))>
                {move || format::net_energy(language.get(), of(), Sign::Always).text()}
            </dd>
        }
    };
    let etk = move |pick: fn(Sums) -> Etk| {
        let amount = concealed(move || {
            let etk = format::etk(language.get(), pick(sums.get()), Sign::Always);
            format!("{etk}\u{a0}ETK")
        });
        view! { <dd>{amount}</dd> }
    };
    let title = move || {
        let count = format::count(language.get(), sums.get().meters as u64);
        say(language.get(), Key::TogetherTitle, &[("count", &count)])
    };
    move || {
        several.get().then(|| {
            view! {
                <div class="together" data-testid="settlement-together">
                    <h3 class="label">{title}</h3>
                    <dl class="figures">
                        <div><dt>{text(Key::TogetherOwed)}</dt>{energy(|sums| sums.owed)}</div>
                        <div><dt>{text(Key::TogetherPending)}</dt>{energy(|sums| sums.pending)}</div>
                        <div><dt>{text(Key::TogetherNow)}</dt>{etk(|sums| sums.etk_now)}</div>
                        <div><dt>{text(Key::TogetherAtEnd)}</dt>{etk(|sums| sums.etk_at_end)}</div>
                    </dl>
                </div>
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::home;

    #[test]
    fn meters_are_added_sign_and_all() {
        let one = home().estimate.expect("an estimate");
        let other = Estimate {
            owed: NetMicroWh(-one.owed.0 - 5),
            etk_at_end: Etk(-7),
            ..one.clone()
        };
        let sums = sums([&one, &other].into_iter());
        assert_eq!((sums.meters, sums.owed), (2, NetMicroWh(-5)));
        assert_eq!(sums.etk_at_end, Etk(one.etk_at_end.0 - 7));
    }
}
