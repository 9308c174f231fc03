//! Where a moment and a power lie on the chart, in CSS pixels.

use enerlink_domain::{UnixMillis, view::PowerPoint};

use super::{Plot, Series};

/// Milliseconds of the day shown.
pub(super) const DAY: i64 = 86_400_000;

/// The drawing area inside the canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    /// Width of the canvas.
    pub width: f64,
    /// Height of the canvas.
    pub height: f64,
    /// Right edge of the lines; the scale's words stand beyond.
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
            right: (width - 50.0).max(1.0),
            top: 12.0,
            bottom: (height - 26.0).max(13.0),
        }
    }

    /// Where a moment of the day that began at `start` lies.
    pub(super) fn x(&self, at: UnixMillis, start: UnixMillis) -> f64 {
        (at.0 - start.0) as f64 / DAY as f64 * self.right
    }

    /// The moment at `x`.
    pub(super) fn time_at(&self, x: f64, start: UnixMillis) -> UnixMillis {
        let share = (x / self.right).clamp(0.0, 1.0);
        UnixMillis(start.0 + (share * DAY as f64) as i64)
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
    (distance(&point) <= plot.bucket_ms.max(DAY / 96)).then_some(*point)
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

/// Runs of buckets without a gap between them.
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
    runs
}

#[cfg(test)]
mod tests {
    use enerlink_domain::MicroWatts;

    use super::*;

    fn plot(values: &[(i64, Option<i64>)]) -> Plot {
        let points = values.iter().map(|(at, watts)| PowerPoint {
            at: UnixMillis(*at),
            solar: watts.map(|watts| MicroWatts(watts * 1_000_000)),
            load: None,
            grid: None,
            battery: None,
        });
        Plot {
            points: points.collect(),
            bucket_ms: 300_000,
            start: UnixMillis(0),
            now: UnixMillis(0),
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
        assert_eq!(lengths, [2, 1, 1]);
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
        assert_eq!(layout.time_at(layout.x(at, UnixMillis(0)), UnixMillis(0)), at);
    }
}
