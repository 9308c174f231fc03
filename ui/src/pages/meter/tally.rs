//! How many messages were counted, and why the others were not: each reason with what it means.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::{
    format,
    i18n::{Key, text},
    pages::meter::{One, part},
    prefs::prefs,
};

/// The card.
#[component]
pub(super) fn TallyCard(meter: One) -> impl IntoView {
    let language = prefs().language;
    let tally = part(meter, |view| view.device.tally.clone());
    let counted = part(meter, |view| (view.device.counted, view.device.refused));
    let figure = move |pick: fn((u64, u64)) -> u64| {
        move || {
            counted
                .get()
                .map(|both| format::count(language.get(), pick(both)))
        }
    };
    let rows = move || {
        let rows = tally.with(|tally| tally.as_ref().map(rows).unwrap_or_default());
        rows.into_iter()
            .map(|row| {
                let count = format::count(language.get(), row.count);
                let word = row
                    .word
                    .map_or(row.name.clone(), |key| key.text(language.get()).to_owned());
                view! {
                    <tr data-testid="tally-row" data-kind=row.name data-count=row.count>
                        <th scope="row">{word}</th>
                        <td class="n">{count}</td>
                        <td class="detail">{row.meaning.text(language.get())}</td>
                    </tr>
                }
            })
            .collect_view()
    };
    view! {
        <section class="card" aria-label=text(Key::TallyTitle) data-testid="tally">
            <header><h2>{text(Key::TallyTitle)}</h2></header>
            <dl class="facts two">
                <div><dt>{text(Key::Counted)}</dt><dd class="big" data-testid="tally-counted">{figure(|both| both.0)}</dd></div>
                <div><dt>{text(Key::Refused)}</dt><dd class="big" data-testid="tally-refused">{figure(|both| both.1)}</dd></div>
            </dl>
            <Show
                when=move || tally.with(|tally| tally.as_ref().is_some_and(|tally| !tally.is_empty()))
                fallback=move || view! { <p class="empty small">{text(Key::TallyEmpty)}</p> }
            >
                <div class="scroll">
                    <table class="list tally" aria-label=text(Key::TallyTitle)><tbody>{rows}</tbody></table>
                </div>
            </Show>
        </section>
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    name: String,
    count: u64,
    word: Option<Key>,
    meaning: Key,
}

/// The reasons that occurred: those that were not counted first, then what was special about those that were.
fn rows(tally: &BTreeMap<String, u64>) -> Vec<Row> {
    let mut rows: Vec<Row> = tally
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(name, count)| {
            let (word, meaning) = match explain(name) {
                Some((word, meaning)) => (Some(word), meaning),
                None => (None, Key::TallyUnreadableHint),
            };
            Row {
                name: name.clone(),
                count: *count,
                word,
                meaning,
            }
        })
        .collect();
    rows.sort_by_key(|row| {
        let place = ORDER.iter().position(|(name, ..)| *name == row.name);
        place.unwrap_or(ORDER.len())
    });
    rows
}

/// The words of the core, in the order in which they are shown.
const ORDER: [(&str, Key, Key); 11] = [
    ("duplicate", Key::TallyDuplicate, Key::TallyDuplicateHint),
    ("retained", Key::TallyRetained, Key::TallyRetainedHint),
    ("late", Key::TallyLate, Key::TallyLateHint),
    ("impossible", Key::TallyImpossible, Key::TallyImpossibleHint),
    ("no_counters", Key::TallyNoCounters, Key::TallyNoCountersHint),
    ("overflow", Key::TallyOverflow, Key::TallyOverflowHint),
    ("rebooted", Key::TallyRebooted, Key::TallyRebootedHint),
    ("rollover", Key::TallyRollover, Key::TallyRolloverHint),
    (
        "counter_reset",
        Key::TallyCounterReset,
        Key::TallyCounterResetHint,
    ),
    ("noise", Key::TallyNoise, Key::TallyNoiseHint),
    ("clock_set_back", Key::TallyClock, Key::TallyClockHint),
];

fn explain(name: &str) -> Option<(Key, Key)> {
    let known = ORDER.iter().find(|(known, ..)| *known == name);
    known.map(|(_, word, meaning)| (*word, *meaning))
}

#[cfg(test)]
mod tests {
    use enerlink_domain::register::Reason;

    use super::*;

    #[test]
    fn every_reason_of_the_core_is_explained() {
        for reason in [
            Reason::Duplicate,
            Reason::Retained,
            Reason::Late,
            Reason::Impossible,
            Reason::NoCounters,
            Reason::Overflow,
        ] {
            assert!(explain(reason.as_str()).is_some(), "{reason:?}");
        }
        for remark in enerlink_domain::register::Remark::ALL {
            assert!(explain(remark.as_str()).is_some(), "{remark:?}");
        }
    }

    #[test]
    fn what_occurred_is_listed_and_a_strange_word_stands_last() {
        let tally: BTreeMap<String, u64> = [("rebooted", 2), ("not_json", 1), ("late", 7), ("noise", 0)]
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect();
        let names: Vec<(String, u64)> = rows(&tally)
            .into_iter()
            .map(|row| (row.name, row.count))
            .collect();
        assert_eq!(
            names,
            [
                ("late".to_owned(), 7),
                ("rebooted".to_owned(), 2),
                ("not_json".to_owned(), 1)
            ]
        );
        assert_eq!(rows(&tally)[2].meaning, Key::TallyUnreadableHint);
    }
}
