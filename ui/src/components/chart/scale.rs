//! Where a moment and a power lie on the chart, in CSS pixels.

use enerlink_domain::{UnixMillis, view::PowerPoint};

use super::{Plot, Series};
use crate::feed::SHORT_HISTORY;

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;
/// What may be shown of a day, in minutes, each with its distance between two words below.
const VIEWS: [(i64, i64); 7] = [
    (15, 3),
    (30, 5),
    (60, 10),
    (90, 15),
    (120, 20),
    (180, 30),
    (1440, 180),
];

/// The part of the day that the chart shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Left edge.
    pub from: UnixMillis,
    /// Right edge.
    pub to: UnixMillis,
    /// Milliseconds between two words below.
    step: i64,
}

impl Span {
    /// The whole day that began at `start`; or, with a short history, which would be a spike in an empty day, so much from its `first` moment on that `now` has
    /// room. It grows in strides, so that the chart stands still in between.
    pub(crate) fn of(start: UnixMillis, first: Option<UnixMillis>, now: UnixMillis) -> Self {
        let heard = first.map_or(DAY, |first| (now.0 - first.0).max(0));
        let view = VIEWS
            .into_iter()
            .find(|(minutes, _)| heard <= minutes * MINUTE && heard < SHORT_HISTORY);
        let (minutes, step) = view.unwrap_or((DAY / MINUTE, 180));
        let from = match (view, first) {
            (Some(_), Some(first)) => first,
            _ => start,
        };
        Self {
            from,
            to: UnixMillis(from.0 + minutes * MINUTE),
            step: step * MINUTE,
        }
    }

    /// Whether it is less than the day.
    pub(crate) fn is_part(&self) -> bool {
        self.width() < DAY
    }

    /// Round local times inside it; `offset` is local time minus UTC in minutes.
    pub(super) fn ticks(&self, offset: i64) -> Vec<UnixMillis> {
        let local = self.from.0 + offset * MINUTE;
        let first = (local.div_euclid(self.step.max(1)) + 1) * self.step - offset * MINUTE;
        let mut ticks = Vec::new();
        let mut at = first;
        while self.step > 0 && at < self.to.0 {
            ticks.push(UnixMillis(at));
            at += self.step;
        }
        ticks
    }

    fn width(&self) -> i64 {
        self.to.0 - self.from.0
    }
}

/// The drawing area inside the canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    /// Width of the canvas.
    pub width: f64,
    /// Height of the canvas.
    pub height: f64,
    /// Right edge of the lines; the words of the scale stand beyond.
    pub right: f64,
    /// Upper edge.
    pub top: f64,
    /// The zero line; the hours stand below.
    pub bottom: f64,
}

impl Layout {
    /// The layout of a canvas of this size.
    pub(super) fn of(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            right: (width - 56.0).max(1.0),
            top: 12.0,
            bottom: (height - 24.0).max(13.0),
        }
    }

    /// Where a moment of `span` lies.
    pub(super) fn x(&self, at: UnixMillis, span: Span) -> f64 {
        (at.0 - span.from.0) as f64 / span.width().max(1) as f64 * self.right
    }

    /// The moment at `x`.
    pub(super) fn time_at(&self, x: f64, span: Span) -> UnixMillis {
        let share = (x / self.right).clamp(0.0, 1.0);
        UnixMillis(span.from.0 + (share * span.width() as f64) as i64)
    }

    /// Where a power lies when `top` µW are at the upper edge.
    pub(super) fn y(&self, power: i64, top: i64) -> f64 {
        self.bottom - power as f64 / top.max(1) as f64 * (self.bottom - self.top)
    }
}

/// The bucket at a moment, or the nearest one, when it is near enough to speak for it.
pub(super) fn nearest(plot: &Plot, at: UnixMillis) -> Option<PowerPoint> {
    let distance = |point: &&PowerPoint| (point.at.0 - at.0).abs();
    let point = plot.points.iter().min_by_key(distance)?;
    (distance(&point) <= plot.bucket_ms.max(plot.span.width() / 96)).then_some(*point)
}

/// Lines of the grid: a round step, in µW, and how many steps the scale has.
pub(super) fn steps(plot: &Plot, visible: &[Series]) -> (i64, i64) {
    let values = plot
        .points
        .iter()
        .flat_map(|point| visible.iter().filter_map(|series| series.of(point)));
    // Without a value there is nothing to scale: 1 kW.
    let largest = values
        .map(|power| power.0)
        .max()
        .unwrap_or(1_000_000_000)
        .max(1_000_000);
    let mut step = 1_000_000;
    for factor in [2, 5, 10].into_iter().cycle() {
        if step * 4 >= largest {
            break;
        }
        let decade = 10_i64.pow(step.ilog10());
        step = decade * factor;
    }
    (step, (largest + step - 1) / step)
}

/// Runs of buckets without a gap between them. A run goes on to the end of its last bucket, so that even a single one
/// is a line.
pub(super) fn runs(plot: &Plot, series: Series) -> Vec<Vec<(UnixMillis, i64)>> {
    let mut runs: Vec<Vec<(UnixMillis, i64)>> = Vec::new();
    let mut last = None;
    for point in &plot.points {
        let Some(power) = series.of(point) else {
            last = None;
            continue;
        };
        let follows = last.is_some_and(|last: UnixMillis| point.at.0 - last.0 <= plot.bucket_ms * 2);
        match runs.last_mut() {
            Some(run) if follows => run.push((point.at, power.0)),
            _ => runs.push(vec![(point.at, power.0)]),
        }
        last = Some(point.at);
    }
    for run in &mut runs {
        if let Some((at, power)) = run.last().copied() {
            let end = (at.0 + plot.bucket_ms).min(plot.now.0.max(at.0));
            run.push((UnixMillis(end), power));
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{MicroWatts, view::Spread};

    use super::*;

    fn steady(power: MicroWatts) -> Spread {
        Spread {
            mean: power,
            low: power,
            high: power,
        }
    }

    fn plot(values: &[(i64, Option<i64>)]) -> Plot {
        let points = values.iter().map(|(at, watts)| PowerPoint {
            at: UnixMillis(*at),
            solar: watts.map(|watts| steady(MicroWatts(watts * 1_000_000))),
            load: None,
            grid: None,
            battery: None,
        });
        Plot {
            points: points.collect(),
            bucket_ms: 300_000,
            span: Span::of(UnixMillis(0), None, UnixMillis(DAY)),
            now: UnixMillis(DAY),
        }
    }

    #[test]
    fn the_scale_has_round_steps() {
        for (watts, step, count) in [
            (0, 1, 1),
            (1, 1, 1),
            (3, 1, 3),
            (9, 5, 2),
            (830, 500, 2),
            (2840, 1000, 3),
            (4100, 2000, 3),
            (47_000, 20_000, 3),
        ] {
            let plot = plot(&[(0, Some(watts))]);
            assert_eq!(
                steps(&plot, &[Series::Solar]),
                (step * 1_000_000, count),
                "{watts}"
            );
        }
    }

    #[test]
    fn a_gap_breaks_the_line() {
        let plot = plot(&[
            (0, Some(1)),
            (300_000, Some(2)),
            (600_000, None),
            (900_000, Some(3)),
            (3_600_000, Some(4)),
        ]);
        let lengths: Vec<usize> = runs(&plot, Series::Solar).iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 2, 2]);
        let last = runs(&plot, Series::Solar)[2].clone();
        assert_eq!(last[1], (UnixMillis(3_900_000), 4_000_000));
    }

    #[test]
    fn the_pointer_finds_the_nearest_bucket_but_no_far_one() {
        let plot = plot(&[(0, Some(1)), (300_000, Some(2))]);
        assert_eq!(
            nearest(&plot, UnixMillis(200_000)).map(|point| point.at),
            Some(UnixMillis(300_000))
        );
        assert_eq!(nearest(&plot, UnixMillis(9_000_000)), None);
        let layout = Layout::of(650.0, 240.0);
        let at = UnixMillis(43_200_000);
        assert_eq!(layout.time_at(layout.x(at, plot.span), plot.span), at);
    }

    #[test]
    fn a_short_history_fills_the_chart() {
        let nine = UnixMillis(9 * 60 * MINUTE);
        for (heard, minutes, ticks, first) in [
            (0, 15, 4, "09:03"),
            (15, 15, 4, "09:03"),
            (16, 30, 5, "09:05"),
            (61, 90, 5, "09:15"),
            (179, 180, 5, "09:30"),
            (180, 1440, 7, "03:00"),
            (600, 1440, 7, "03:00"),
        ] {
            let now = UnixMillis(nine.0 + heard * MINUTE);
            let span = Span::of(UnixMillis(0), Some(nine), now);
            let shown = span.ticks(0);
            assert_eq!(span.width() / MINUTE, minutes, "{heard}");
            assert_eq!(shown.len(), ticks, "{heard}");
            assert_eq!(crate::format::time_of_day(shown[0], 0), first, "{heard}");
            assert!(span.from <= now && now <= span.to, "{heard}");
            assert_eq!(span.is_part(), minutes < 1440, "{heard}");
        }
        assert!(!Span::of(UnixMillis(0), None, nine).is_part());
        // Jakarta's day begins at 17:00 UTC.
        let start = UnixMillis(-7 * 60 * MINUTE);
        let span = Span::of(start, None, start);
        assert_eq!(crate::format::time_of_day(span.ticks(420)[0], 420), "03:00");
    }
}
