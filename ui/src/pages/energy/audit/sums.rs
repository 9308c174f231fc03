//! The sums of one meter, drawn one below the other so that one sees whether settled, pending and carried end where
//! accumulated ends.

use enerlink_domain::{NetMicroWh, audit::AuditSums};
use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    feed::feed,
    format::{self, Sign},
    i18n::{Key, say, text},
    prefs::prefs,
};

/// The width of the drawing in its own units.
const WIDTH: i128 = 1000;

/// One bar: what it stands for, where it begins and ends on a line of energy.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bar {
    word: Key,
    name: &'static str,
    from: i128,
    to: i128,
}

/// Accumulated from nothing to its end; below it each part begins where the one before has ended.
fn bars(sums: &AuditSums) -> [Bar; 4] {
    let [settled, pending, carried] =
        [sums.settled, sums.pending, sums.carried].map(|part| i128::from(part.0));
    let bar = |word, name, from, to| Bar { word, name, from, to };
    let accumulated = i128::from(sums.accumulated.0);
    let (first, second) = (settled, settled + pending);
    [
        bar(Key::Accumulated, "accumulated", 0, accumulated),
        bar(Key::SettledPart, "settled", 0, first),
        bar(Key::PendingPart, "pending", first, second),
        bar(Key::CarriedPart, "carried", second, second + carried),
    ]
}

/// Where energy lies in the drawing: everything from the least to the greatest end fits, and nothing is always in it.
fn place(bars: &[Bar], energy: i128) -> i128 {
    let ends = || bars.iter().flat_map(|bar| [bar.from, bar.to]).chain([0]);
    let (least, most) = (ends().min().unwrap_or(0), ends().max().unwrap_or(0));
    (energy - least) * WIDTH / (most - least).max(1)
}

/// The sums of one meter.
#[component]
pub(super) fn SumsCard(sums: AuditSums) -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let id = sums.meter_id.clone();
    let name = move || feed.state.with(|state| state.name_of(&id));
    let bars = bars(&sums);
    let end = place(&bars, bars[0].to);
    let zero = place(&bars, 0);
    let rows = bars.map(|bar| {
        let energy = bar.to - bar.from;
        let (from, to) = (place(&bars, bar.from), place(&bars, bar.to));
        let (x, width) = (from.min(to), (from - to).abs().max(2));
        let short = move || {
            let energy = NetMicroWh(i64::try_from(energy).unwrap_or(i64::MAX));
            format::net_energy(language.get(), energy, Sign::Always).text()
        };
        let exact = move || format::exact_energy(language.get(), energy);
        view! {
            <div class="sum" data-testid=format!("audit-{}", bar.name) data-micro=energy.to_string() title=exact tabindex="0">
                <span class="label">{text(bar.word)}</span>
                <svg viewBox=format!("0 0 {WIDTH} 14") preserveAspectRatio="none" aria-hidden="true">
                    <line class="zero" x1=zero.to_string() x2=zero.to_string() y1="0" y2="14" />
                    <line class="end" x1=end.to_string() x2=end.to_string() y1="0" y2="14" />
                    <rect class=bar.name x=x.to_string() y="1" width=width.to_string() height="12" rx="1" />
                </svg>
                <b class="n">{short}</b>
                <small class="n dim">{exact}</small>
            </div>
        }
    });
    let (adds_up, unrecorded, baseline) = (sums.adds_up, sums.unrecorded, sums.baseline);
    let gap = bars[0].to - bars[3].to;
    let verdict = move || {
        let language = language.get();
        if adds_up {
            Key::AddsUp.text(language).to_owned()
        } else {
            let gap = format::exact_energy(language, gap);
            say(language, Key::AddsUpNot, &[("energy", &gap)])
        }
    };
    let (class, icon) = if adds_up {
        ("verdict good", Icon::Check)
    } else {
        ("verdict bad", Icon::Warning)
    };
    let since = move || {
        let baseline = format::exact_energy(language.get(), i128::from(baseline.0));
        say(language.get(), Key::SinceBaseline, &[("energy", &baseline)])
    };
    let late = (unrecorded.0 != 0).then(|| {
        let words = move || {
            let energy = format::exact_energy(language.get(), i128::from(unrecorded.0));
            say(language.get(), Key::Unrecorded, &[("energy", &energy)])
        };
        view! { <p class="small warn" data-testid="audit-unrecorded">{words}</p> }
    });
    view! {
        <div class="sums" data-testid="audit-sums" data-meter=sums.meter_id.to_string() data-state=if adds_up { "ok" } else { "bad" }>
            <div class="sums-head">
                <h3>{name}</h3>
                <small class="dim">{since}</small>
                <span class=class data-testid="audit-adds-up"><Glyph icon=icon />{verdict}</span>
            </div>
            {rows.into_iter().collect_view()}
            {late}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(accumulated: i64, settled: i64, pending: i64, carried: i64) -> AuditSums {
        AuditSums {
            meter_id: "SM-001".parse().expect("a meter id"),
            baseline: NetMicroWh(0),
            accumulated: NetMicroWh(accumulated),
            settled: NetMicroWh(settled),
            pending: NetMicroWh(pending),
            carried: NetMicroWh(carried),
            unrecorded: NetMicroWh(0),
            adds_up: accumulated == settled + pending + carried,
        }
    }

    #[test]
    fn parts_that_add_up_end_where_the_whole_ends() {
        for (accumulated, settled, pending, carried) in [
            (1_000_001, 900_000, 100_000, 1),
            (-50, -100, 40, 10),
            (0, 0, 0, 0),
            (5, 10, -20, 15),
        ] {
            let bars = bars(&sums(accumulated, settled, pending, carried));
            assert_eq!(bars[3].to, bars[0].to, "{accumulated}");
            assert!(bars.windows(2).skip(1).all(|pair| pair[0].to == pair[1].from));
        }
        let wrong = bars(&sums(7, 1, 2, 3));
        assert_ne!(wrong[3].to, wrong[0].to);
    }

    #[test]
    fn every_end_lies_in_the_drawing() {
        for parts in [
            (-50, -100, 40, 10),
            (i64::MAX, i64::MAX, 0, 0),
            (i64::MIN, 0, i64::MIN, 0),
            (0, 0, 0, 0),
        ] {
            let bars = bars(&sums(parts.0, parts.1, parts.2, parts.3));
            for energy in bars.iter().flat_map(|bar| [bar.from, bar.to]).chain([0]) {
                assert!((0..=WIDTH).contains(&place(&bars, energy)), "{parts:?}");
            }
        }
        let half = bars(&sums(100, 50, 25, 25));
        assert_eq!(half.map(|bar| place(&half, bar.to)), [1000, 500, 750, 1000]);
    }
}
