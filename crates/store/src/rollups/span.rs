//! Which buckets answer for a span of time.

use std::time::Duration;

use enerlink_domain::UnixMillis;

use super::WIDTHS;

/// A day of the year 275 760, as far as calendars in a window go.
const FAR: i64 = 8_640_000_000_000_000;

/// Keeps a moment where its bucket has a beginning and an end.
pub(super) fn clamp(at: UnixMillis) -> UnixMillis {
    UnixMillis(at.0.clamp(-FAR, FAR))
}

/// The beginning of the first bucket that does not begin before `at`.
pub(super) fn ceil(at: UnixMillis, width: Duration) -> UnixMillis {
    let floor = at.floor_to(width);
    if floor < at { floor.plus(width) } else { floor }
}

/// Widths of a curve below a day: the stored width and how many of it make one point.
const STEPS: [(usize, u32); 9] = [
    (0, 1),
    (0, 2),
    (0, 5),
    (1, 1),
    (1, 2),
    (2, 1),
    (2, 2),
    (2, 3),
    (2, 6),
];

/// The narrowest width in which `from..to` has at most `points` buckets (at least one), and the stored width that
/// it is a multiple of.
pub(super) fn width_for(from: UnixMillis, to: UnixMillis, points: u16) -> (Duration, Duration) {
    let points = i128::from(points.max(1));
    let fits = |width: Duration| {
        let first = i128::from(from.floor_to(width).0);
        let width = i128::try_from(width.as_millis()).unwrap_or(i128::MAX);
        (i128::from(to.0) - first + width - 1) / width <= points
    };
    let steps = STEPS
        .iter()
        .map(|(stored, times)| (WIDTHS[*stored], WIDTHS[*stored] * *times));
    let day = WIDTHS[3];
    // Doubling reaches any span; the last is wider than time itself.
    let days = (0..32).map(|power| (day, day * (1_u32 << power.min(31))));
    let widest = (day, day * (1_u32 << 31));
    steps
        .chain(days)
        .find(|(_, width)| fits(*width))
        .unwrap_or(widest)
}

/// A stretch of time that buckets of one stored width cover exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) width: Duration,
    pub(super) from: UnixMillis,
    pub(super) to: UnixMillis,
}

/// Cuts `from..to`, widened to whole minutes, into parts, each with the widest buckets that fit: at most seven.
pub(super) fn parts(from: UnixMillis, to: UnixMillis) -> Vec<Part> {
    let minute = WIDTHS[0];
    let mut parts = Vec::new();
    cut(
        from.floor_to(minute),
        ceil(to, minute),
        WIDTHS.len() - 1,
        &mut parts,
    );
    parts
}

fn cut(from: UnixMillis, to: UnixMillis, level: usize, parts: &mut Vec<Part>) {
    if from >= to {
        return;
    }
    let width = WIDTHS[level];
    let start = ceil(from, width);
    let end = to.floor_to(width);
    if level == 0 {
        parts.push(Part { width, from, to });
    } else if start < end {
        cut(from, start, level - 1, parts);
        parts.push(Part {
            width,
            from: start,
            to: end,
        });
        cut(end, to, level - 1, parts);
    } else {
        cut(from, to, level - 1, parts);
    }
}
