//! Where a moment and a value lie on a chart, in CSS pixels.

use enerlink_domain::{MicroWatts, UnixMillis, view::PowerPoint};

use super::{Plot, Series};
use crate::{
    calendar::{DAY, Day, HOUR, MINUTE, Zone},
    feed::SHORT_HISTORY,
};

const SECOND: i64 = 1000;
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
/// Distances between two words below, for a stretch of any length.
const STEPS: [i64; 15] = [
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
];
/// More words than this would stand close to each other.
const MOST_WORDS: i64 = 9;

/// The stretch of time that a chart shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Left edge.
    pub from: UnixMillis,
    /// Right edge.
    pub to: UnixMillis,
    /// Milliseconds between two words below; beyond [`STEPS`] they stand at months.
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

    /// Any stretch.
    pub(crate) fn between(from: UnixMillis, to: UnixMillis) -> Self {
        let width = to.0 - from.0;
        let step = STEPS.into_iter().find(|step| width <= step * MOST_WORDS);
        Self {
            from,
            to,
            step: step.unwrap_or(30 * DAY),
        }
    }

    /// Whether it is less than the day.
    pub(crate) fn is_part(&self) -> bool {
        self.width() < DAY
    }

    /// Round local times inside it.
    pub(super) fn ticks(&self, zone: Zone) -> Vec<UnixMillis> {
        let mut ticks = Vec::new();
        let mut day = Day::of(self.from, zone);
        let inside = |at: &UnixMillis| self.from < *at && *at < self.to;
        while self.step > 0 && day.start(zone) < self.to {
            let (start, next) = (day.start(zone), day.plus(1).start(zone));
            if self.step < DAY {
                let skipped = (self.from.0 - start.0).max(0) / self.step;
                let of_day =
                    (start.0 + skipped * self.step..next.0.min(self.to.0)).step_by(self.step as usize);
                ticks.extend(of_day.map(UnixMillis).filter(inside));
            } else if self.is_word_day(day) {
                ticks.extend(Some(start).filter(inside));
            }
            day = day.plus(1);
        }
        ticks
    }

    /// Whether a day begins where a word stands: every so many days, or every so many months.
    fn is_word_day(&self, day: Day) -> bool {
        if self.step <= 14 * DAY {
            return day.is_each(self.step / DAY);
        }
        let (year, month, first) = day.parts();
        let months = self.width() / (30 * DAY);
        let every = [1, 2, 3, 6, 12]
            .into_iter()
            .find(|every| months <= every * 13)
            .unwrap_or(24);
        first == 1 && (year * 12 + month) % every == 0
    }

    /// What its words below say.
    pub(super) fn words(&self) -> TickWords {
        match self.step {
            ..MINUTE => TickWords::Seconds,
            MINUTE..DAY => TickWords::Times,
            DAY..=1_209_600_000 => TickWords::Days,
            _ => TickWords::Months,
        }
    }

    /// Its length in milliseconds.
    pub(super) fn width(&self) -> i64 {
        self.to.0 - self.from.0
    }
}

/// How a moment is written below a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TickWords {
    Seconds,
    Times,
    Days,
    Months,
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
    /// Lower edge; the hours stand below.
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

    /// Its upper part, `share` of its height.
    pub(super) fn upper(self, share: f64) -> Self {
        Self {
            bottom: self.top + (self.bottom - self.top) * share,
            ..self
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

    /// Where a value lies.
    pub(super) fn y(&self, value: i64, rise: Rise) -> f64 {
        let lines = (rise.below + rise.above).max(1) as f64;
        let share = (value as f64 / rise.step.max(1) as f64 + rise.below as f64) / lines;
        self.bottom - share * (self.bottom - self.top)
    }
}

/// The scale of values: lines of the grid a round step apart, above and below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rise {
    /// Between two lines, in µW or µWh.
    pub step: i64,
    /// Lines below zero.
    pub below: i64,
    /// Lines above zero.
    pub above: i64,
}

impl Rise {
    /// A scale that has room from `lowest` to `highest`, with some four lines; at least one W or Wh high.
    pub(super) fn of(lowest: i64, highest: i64) -> Self {
        let (lowest, highest) = (lowest.min(0), highest.max(1_000_000));
        let step = Self::step_of(highest.saturating_sub(lowest), 1000);
        let lines = |value: i64| value.unsigned_abs().div_ceil(step.unsigned_abs()) as i64;
        Self {
            step,
            below: lines(lowest),
            above: lines(highest),
        }
    }

    /// A scale that has room from `lowest` to `highest` and needs not hold zero, with some four lines.
    pub(super) fn around(lowest: i64, highest: i64) -> Self {
        let step = Self::step_of(highest.saturating_sub(lowest), 1);
        let (first, last) = (lowest.div_euclid(step), -(-highest).div_euclid(step));
        Self {
            step,
            below: -first,
            above: last.max(first + 1),
        }
    }

    /// The first round step from `least` on of which four reach over `span`.
    fn step_of(span: i64, least: i64) -> i64 {
        let mut step = least;
        for factor in [2, 5, 10].into_iter().cycle() {
            if step.saturating_mul(4) >= span {
                break;
            }
            let decade = 10_i64.pow(step.ilog10());
            step = decade.saturating_mul(factor);
        }
        step
    }

    /// The values of its lines.
    pub(super) fn lines(self) -> impl Iterator<Item = i64> {
        (-self.below..=self.above).map(move |line| line * self.step)
    }

    /// The largest magnitude it shows.
    pub(super) fn largest(self) -> i64 {
        self.step * self.above.max(self.below)
    }
}

/// The bucket at a moment, or the nearest one, when it is near enough to speak for it.
pub(super) fn nearest(plot: &Plot, at: UnixMillis) -> Option<PowerPoint> {
    let distance = |point: &&PowerPoint| (point.at.0 - at.0).abs();
    let point = plot.points.iter().min_by_key(distance)?;
    (distance(&point) <= plot.bucket_ms.max(plot.span.width() / 96)).then_some(*point)
}

/// The buckets that are drawn: those inside the span, and the neighbours that lines lead to.
pub(super) fn shown(plot: &Plot) -> &[PowerPoint] {
    let points = &plot.points;
    let from = points.partition_point(|point| point.at < plot.span.from);
    let to = points.partition_point(|point| point.at < plot.span.to);
    &points[from.saturating_sub(1)..(to + 1).min(points.len())]
}

/// The scale of the lines that are shown, and of the bands about them.
pub(super) fn rise(plot: &Plot, visible: &[Series]) -> Rise {
    let mut values = (i64::MAX, i64::MIN);
    for point in shown(plot) {
        for series in visible {
            let mean = series.of(point);
            let spread = series.spread(point).filter(|_| plot.bands);
            let edges = spread.into_iter().flat_map(|spread| [spread.low, spread.high]);
            for MicroWatts(power) in mean.into_iter().chain(edges) {
                values = (values.0.min(power), values.1.max(power));
            }
        }
    }
    match values {
        // Without a value there is nothing to scale: 1 kW.
        (i64::MAX, _) => Rise::of(0, 1_000_000_000),
        (lowest, highest) => Rise::of(lowest, highest),
    }
}

/// Runs of buckets without a gap between them. A run goes on to the end of its last bucket, so that even a single one
/// is a line.
pub(super) fn runs(plot: &Plot, value: impl Fn(&PowerPoint) -> Option<i64>) -> Vec<Vec<(UnixMillis, i64)>> {
    let mut runs: Vec<Vec<(UnixMillis, i64)>> = Vec::new();
    let mut last = None;
    for point in shown(plot) {
        let Some(value) = value(point) else {
            last = None;
            continue;
        };
        let follows = last.is_some_and(|last: UnixMillis| point.at.0 - last.0 <= plot.bucket_ms * 2);
        match runs.last_mut() {
            Some(run) if follows => run.push((point.at, value)),
            _ => runs.push(vec![(point.at, value)]),
        }
        last = Some(point.at);
    }
    for run in &mut runs {
        if let Some((at, value)) = run.last().copied() {
            let end = (at.0 + plot.bucket_ms).min(plot.now.0.max(at.0));
            run.push((UnixMillis(end), value));
        }
    }
    runs
}

#[cfg(test)]
mod tests;
