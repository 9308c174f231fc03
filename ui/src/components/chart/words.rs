//! The words around the power curve: powers at the right, times below.

use leptos::prelude::*;

use super::{
    Plot, Series,
    scale::{Layout, steps},
};
use crate::{
    format::{self, PowerUnit, Sign},
    i18n::Language,
    ipc,
    prefs::prefs,
};

/// Distance from the chart's edge within which a time would be cut, in CSS pixels.
const EDGE: f64 = 16.0;

/// Powers and times as elements above the canvas.
#[component]
pub(super) fn Words(
    plot: Memo<Plot>,
    visible: RwSignal<Vec<Series>>,
    layout: Signal<Option<Layout>>,
) -> impl IntoView {
    let language = prefs().language;
    let powers = move || {
        let layout = layout.get()?;
        let (step, count) = plot.with(|plot| visible.with(|visible| steps(plot, visible)));
        let lines = (0..=count).map(|line| {
            let top = format!("{:.1}px", layout.y(line, count));
            let left = format!("{:.1}px", layout.right + 8.0);
            let words = scale_words(language.get(), step, count, line);
            view! { <span class="tick" style:left=left style:top=top>{words}</span> }
        });
        Some(lines.collect_view())
    };
    let times = move || {
        let layout = layout.get()?;
        let span = plot.with(|plot| plot.span);
        let offset = ipc::utc_offset_minutes(span.from.0);
        let inside = |x: &f64| (EDGE..=layout.right - EDGE).contains(x);
        let ticks = span.ticks(offset).into_iter().filter_map(|at| {
            let x = Some(layout.x(at, span)).filter(inside)?;
            let (left, top) = (format!("{x:.1}px"), format!("{:.1}px", layout.bottom + 15.0));
            Some(view! { <span class="tick below" style:left=left style:top=top>{format::time_of_day(at, offset)}</span> })
        });
        Some(ticks.collect_view())
    };
    view! { <div class="ticks" aria-hidden="true">{powers}{times}</div> }
}

/// The power of a line of the grid, with as many decimals as the step needs.
fn scale_words(language: Language, step: i64, count: i64, line: i64) -> String {
    let unit = PowerUnit::for_largest((step * count).unsigned_abs());
    let shown = u32::from(step % 10_i64.pow(unit.scale()) != 0);
    let value = format::decimal(
        language,
        i128::from(line * step),
        unit.scale(),
        shown,
        Sign::Negative,
    );
    format!("{value}\u{a0}{}", unit.symbol())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_written_in_one_unit() {
        let words = |language, step, count, line| scale_words(language, step, count, line);
        assert_eq!(words(Language::English, 1_000_000_000, 4, 4), "4\u{a0}kW");
        assert_eq!(words(Language::Indonesian, 500_000_000, 3, 1), "0,5\u{a0}kW");
        assert_eq!(words(Language::English, 20_000_000, 4, 2), "40\u{a0}W");
        assert_eq!(words(Language::English, 500_000_000, 3, 0), "0.0\u{a0}kW");
    }
}
