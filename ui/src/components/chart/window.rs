//! The part of a period that a chart is zoomed to.

use enerlink_domain::UnixMillis;

/// The shortest stretch: there is nothing to see within a few readings.
const SHORTEST: i64 = 60_000;

/// A stretch of time within another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Its first moment.
    pub from: UnixMillis,
    /// The first moment after it.
    pub to: UnixMillis,
}

impl Window {
    /// From one moment to the other, in whichever order.
    pub(crate) fn new(one: UnixMillis, other: UnixMillis) -> Self {
        Self {
            from: one.min(other),
            to: one.max(other),
        }
    }

    /// Its length in milliseconds.
    pub(crate) fn width(self) -> i64 {
        self.to.0 - self.from.0
    }

    /// So many times as long, within `whole`; what lies at `at` stays where it is.
    pub(crate) fn zoomed(self, at: UnixMillis, times: f64, whole: Self) -> Self {
        let width = ((self.width() as f64 * times) as i64).clamp(SHORTEST.min(whole.width()), whole.width());
        let share = (at.0 - self.from.0) as f64 / self.width().max(1) as f64;
        let from = at.0 - (share * width as f64) as i64;
        Self {
            from: UnixMillis(from),
            to: UnixMillis(from + width),
        }
        .within(whole)
    }

    /// Moved by so many milliseconds, within `whole`.
    pub(crate) fn moved(self, by: i64, whole: Self) -> Self {
        Self {
            from: UnixMillis(self.from.0 + by),
            to: UnixMillis(self.to.0 + by),
        }
        .within(whole)
    }

    /// As long as it can be seen, and not outside of `whole`.
    pub(crate) fn within(self, whole: Self) -> Self {
        let width = self.width().clamp(SHORTEST.min(whole.width()), whole.width());
        let from = self.from.0.clamp(whole.from.0, whole.to.0 - width);
        Self {
            from: UnixMillis(from),
            to: UnixMillis(from + width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Window = Window {
        from: UnixMillis(0),
        to: UnixMillis(86_400_000),
    };

    fn window(from: i64, to: i64) -> Window {
        Window::new(UnixMillis(from), UnixMillis(to))
    }

    #[test]
    fn what_is_under_the_pointer_stays() {
        let at = UnixMillis(43_200_000);
        let zoomed = WHOLE.zoomed(at, 0.5, WHOLE);
        assert_eq!(zoomed, window(21_600_000, 64_800_000));
        assert_eq!(zoomed.zoomed(at, 2.0, WHOLE), WHOLE);
        let edge = WHOLE.zoomed(UnixMillis(0), 0.25, WHOLE);
        assert_eq!(edge, window(0, 21_600_000));
    }

    #[test]
    fn it_stays_inside_and_can_be_seen() {
        let part = window(10_000_000, 20_000_000);
        assert_eq!(part.moved(-30_000_000, WHOLE), window(0, 10_000_000));
        assert_eq!(part.moved(900_000_000, WHOLE), window(76_400_000, 86_400_000));
        assert_eq!(part.zoomed(UnixMillis(15_000_000), 1e-9, WHOLE).width(), SHORTEST);
        assert_eq!(part.zoomed(UnixMillis(15_000_000), 1e9, WHOLE), WHOLE);
        assert_eq!(window(86_399_000, 86_400_000).within(WHOLE).width(), SHORTEST);
        assert_eq!(Window::new(UnixMillis(9), UnixMillis(3)), window(3, 9));
    }
}
