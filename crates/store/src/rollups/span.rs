//! Which buckets answer for a span of time.

use std::time::Duration;

use enerlink_domain::UnixMillis;

use super::WIDTHS;

/// A day of the year 275 760, as far as calendars in a window go.
const FAR: i64 = 8_640_000_000_000_000;

/// Keeps a moment where its bucket has a beginning and an end.
pub(crate) fn clamp(at: UnixMillis) -> UnixMillis {
    UnixMillis(at.0.clamp(-FAR, FAR))
}

/// The beginning of the first bucket that does not begin before `at`.
pub(crate) fn ceil(at: UnixMillis, width: Duration) -> UnixMillis {
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

/// How many buckets of `width` lie in `from..to`.
fn buckets(from: UnixMillis, to: UnixMillis, width: Duration) -> i128 {
    let first = i128::from(from.floor_to(width).0);
    let width = i128::try_from(width.as_millis()).unwrap_or(i128::MAX);
    (i128::from(to.0) - first + width - 1) / width
}

/// Whether `from..to` has at most `points` buckets of `width`; one is always allowed.
pub(super) fn fits(from: UnixMillis, to: UnixMillis, width: Duration, points: u16) -> bool {
    buckets(from, to, width) <= i128::from(points.max(1))
}

/// The narrowest width in which `from..to` has at most `points` buckets (at least one), each made of stored ones, two
/// for each point at most; and the stored width that it is a multiple of.
pub(super) fn width_for(from: UnixMillis, to: UnixMillis, points: u16) -> (Duration, Duration) {
    let rows = 2 * i128::from(points.max(1));
    let steps = STEPS
        .iter()
        .map(|(stored, times)| (WIDTHS[*stored], WIDTHS[*stored] * *times))
        .filter(|(stored, _)| buckets(from, to, *stored) <= rows);
    let day = WIDTHS[3];
    // Doubling reaches any span; the last is wider than time itself.
    let days = (0..32).map(|power| (day, day * (1_u32 << power.min(31))));
    let widest = (day, day * (1_u32 << 31));
    steps
        .chain(days)
        .find(|(_, width)| fits(from, to, *width, points))
        .unwrap_or(widest)
}
