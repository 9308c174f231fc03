//! The words around a chart: values at the right, times below. They are elements above the canvas: they stay sharp and
//! nothing cuts them.

use std::time::Duration;

use enerlink_domain::UnixMillis;
use leptos::prelude::*;

use super::{
    Plot, Series,
    scale::{Layout, Rise, TickWords, rise},
};
use crate::{
    calendar::{Day, MINUTE, Zone},
    format::{self, PowerUnit, Sign},
    i18n::Language,
    ipc,
    prefs::prefs,
};

/// Distance from the chart's edge within which a time would be cut, in CSS pixels.
const EDGE: f64 = 16.0;

/// Powers and times of a curve.
#[component]
pub(super) fn CurveWords(
    plot: Signal<Plot>,
    visible: RwSignal<Vec<Series>>,
    layout: Signal<Option<Layout>>,
) -> impl IntoView {
    let language = prefs().language;
    let rise = Memo::new(move |_| plot.with(|plot| visible.with(|visible| rise(plot, visible))));
    let span = Memo::new(move |_| plot.with(|plot| plot.span));
    let times = move || {
        let (layout, span) = (layout.get()?, span.get());
        let inside = |x: &f64| (EDGE..=layout.right - EDGE).contains(x);
        let zone = ipc::utc_offset_minutes;
        let ticks = span.ticks(zone).into_iter().filter_map(|at| {
            let x = Some(layout.x(at, span)).filter(inside)?;
            Some(below(
                layout,
                x,
                tick_words(language.get(), span.words(), at, zone),
            ))
        });
        Some(ticks.collect_view())
    };
    view! {
        <div class="ticks" aria-hidden="true">
            <RiseWords rise=rise layout=layout words=power_words />
            {times}
        </div>
    }
}

/// The values of the grid's lines.
#[component]
pub(super) fn RiseWords<W>(
    rise: Memo<Rise>,
    layout: Signal<Option<Layout>>,
    /// What a line is called.
    words: W,
) -> impl IntoView
where
    W: Fn(Language, Rise, i64) -> String + Copy + Send + Sync + 'static,
{
    let language = prefs().language;
    move || {
        let (layout, rise) = (layout.get()?, rise.get());
        let lines = rise.lines().map(|value| {
            let top = format!("{:.1}px", layout.y(value, rise));
            let left = format!("{:.1}px", layout.right + 8.0);
            let words = words(language.get(), rise, value);
            view! { <span class="tick" style:left=left style:top=top>{words}</span> }
        });
        Some(lines.collect_view())
    }
}

/// A word below the chart.
pub(super) fn below(layout: Layout, x: f64, words: String) -> impl IntoView {
    let (left, top) = (format!("{x:.1}px"), format!("{:.1}px", layout.bottom + 15.0));
    view! { <span class="tick below" style:left=left style:top=top>{words}</span> }
}

/// The power of a line of the grid, with as many decimals as the step needs.
fn power_words(language: Language, rise: Rise, value: i64) -> String {
    let unit = PowerUnit::for_largest(rise.largest().unsigned_abs());
    line_words(language, rise, value, unit.scale(), unit.symbol())
}

/// The energy of a line of the grid, in the unit that has few digits.
pub(super) fn energy_words(language: Language, rise: Rise, value: i64) -> String {
    let (scale, unit) = match rise.largest() {
        ..1_000_000_000 => (6, "Wh"),
        1_000_000_000..5_000_000_000_000 => (9, "kWh"),
        _ => (12, "MWh"),
    };
    line_words(language, rise, value, scale, unit)
}

fn line_words(language: Language, rise: Rise, value: i64, scale: u32, unit: &str) -> String {
    let shown = format::decimals_of(rise.step, scale);
    let digits = format::decimal(language, i128::from(value), scale, shown, Sign::Negative);
    format!("{digits}\u{a0}{unit}")
}

/// A moment below the chart.
fn tick_words(language: Language, words: TickWords, at: UnixMillis, zone: Zone) -> String {
    let offset = zone(at.0);
    let (year, month, _) = Day::of(at, zone).parts();
    match words {
        TickWords::Seconds => format::time_with_seconds(at, offset),
        TickWords::Times => format::time_of_day(at, offset),
        TickWords::Days => format::day_and_month(language, at, offset),
        TickWords::Months if month == 0 => year.to_string(),
        TickWords::Months => format::month(language, at, offset).to_owned(),
    }
}

/// A moment at the cross-hair: with its day when more than one is shown, with seconds when they are told apart.
pub(super) fn moment_words(
    language: Language,
    at: UnixMillis,
    days: bool,
    bucket: Duration,
    zone: Zone,
) -> String {
    let offset = zone(at.0);
    let time = if bucket < Duration::from_millis(MINUTE.unsigned_abs()) {
        format::time_with_seconds(at, offset)
    } else {
        format::time_of_day(at, offset)
    };
    if days {
        format!("{} {time}", format::day_and_month(language, at, offset))
    } else {
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::tests::jakarta;

    #[test]
    fn the_scale_is_written_in_one_unit() {
        let words = |language, step, above, line| {
            let rise = Rise {
                step,
                below: 0,
                above,
            };
            power_words(language, rise, line * step)
        };
        assert_eq!(words(Language::English, 1_000_000_000, 4, 4), "4\u{a0}kW");
        assert_eq!(words(Language::Indonesian, 500_000_000, 3, 1), "0,5\u{a0}kW");
        assert_eq!(words(Language::English, 20_000_000, 4, 2), "40\u{a0}W");
        assert_eq!(words(Language::English, 500_000_000, 3, 0), "0.0\u{a0}kW");
        assert_eq!(words(Language::English, 50_000_000, 2, 1), "0.05\u{a0}kW");
        let rise = Rise {
            step: 2_000_000_000,
            below: 1,
            above: 2,
        };
        assert_eq!(
            energy_words(Language::English, rise, -2_000_000_000),
            "−2\u{a0}kWh"
        );
    }

    #[test]
    fn a_moment_is_told_as_finely_as_it_is_known() {
        let at = UnixMillis(1_795_194_065_000);
        let english = Language::English;
        for (words, expected) in [
            (TickWords::Seconds, "00:01:05"),
            (TickWords::Times, "00:01"),
            (TickWords::Days, "21 Nov"),
            (TickWords::Months, "Nov"),
        ] {
            let shown = tick_words(english, words, at, jakarta);
            assert_eq!(shown.replace('\u{a0}', " "), expected);
        }
        let shown = |days, seconds| {
            moment_words(english, at, days, Duration::from_secs(seconds), jakarta).replace('\u{a0}', " ")
        };
        assert_eq!(shown(false, 300), "00:01");
        assert_eq!(shown(true, 5), "21 Nov 00:01:05");
    }
}
