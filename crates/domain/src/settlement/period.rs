//! Periods: aligned to the wall clock and measured by the monotonic one, so that no clock that is set makes one long or
//! ends it twice.

use std::time::Duration;

use crate::UnixMillis;

/// The end of the wall-clock aligned period in which `now` lies.
pub fn period_end(now: UnixMillis, length: Duration) -> UnixMillis {
    now.floor_to(length).plus(length)
}

/// A period that runs. It ends at the wall clock's mark, but between two ends lies at least half of its length and at
/// most one and a half, whatever happens to the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    length: Duration,
    end: UnixMillis,
    /// When the one before has ended by the monotonic clock, or this process has begun.
    began: Duration,
    /// None has ended before in this process.
    first: bool,
}

impl Period {
    /// The first period of a process, at `wall` and `monotonic`.
    pub fn begin(length: Duration, wall: UnixMillis, monotonic: Duration) -> Self {
        Self {
            length,
            end: period_end(wall, length),
            began: monotonic,
            first: true,
        }
    }

    /// Gives it another length, when it is another one.
    pub fn resize(&mut self, length: Duration, wall: UnixMillis) {
        if self.length != length {
            self.length = length;
            self.end = period_end(wall, length);
        }
    }

    /// Whether it has ended; then the next one has begun.
    pub fn turn(&mut self, wall: UnixMillis, monotonic: Duration) -> bool {
        let (half, lasted) = (self.length / 2, monotonic.saturating_sub(self.began));
        let marked = wall >= self.end;
        self.end = period_end(wall, self.length);
        let left = self.end.since(wall);
        let in_time = marked && (self.first || lasted >= half);
        // The mark has moved away, or moves on and on.
        let overdue = lasted >= self.length && left > half || lasted >= self.length + half;
        if in_time || overdue {
            self.began = monotonic;
            self.first = false;
        }
        in_time || overdue
    }

    /// How long until it may have ended, unless the wall clock is set meanwhile.
    pub fn left(&self, wall: UnixMillis, monotonic: Duration) -> Duration {
        let until = |moment: Duration| Some(moment.saturating_sub(monotonic)).filter(|left| !left.is_zero());
        let full = self.began + self.length;
        let overdue = until(full)
            .or_else(|| until(full + self.length / 2))
            .unwrap_or_default();
        self.end.since(wall).min(overdue)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LENGTH: Duration = Duration::from_secs(300);

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis(seconds * 1000)
    }

    /// Looks at a period after each (seconds that pass, seconds that the wall clock is set by); answers when it ended.
    fn ends(start: i64, steps: &[(u64, i64)]) -> Vec<u64> {
        let (mut wall, mut passed) = (start, 0);
        let mut period = Period::begin(LENGTH, at(wall), Duration::ZERO);
        let mut ends = Vec::new();
        for (seconds, set) in steps {
            passed += seconds;
            wall += i64::try_from(*seconds).expect("fits") + set;
            if period.turn(at(wall), Duration::from_secs(passed)) {
                ends.push(passed);
            }
        }
        ends
    }

    fn steady(seconds: u64) -> Vec<(u64, i64)> {
        vec![(1, 0); usize::try_from(seconds).expect("fits")]
    }

    #[test]
    fn periods_end_at_the_marks_of_the_wall_clock() {
        assert_eq!(ends(1_000, &steady(900)), [200, 500, 800]);
        assert_eq!(ends(1_190, &steady(320)), [10, 310], "the first may be short");
    }

    #[test]
    fn a_clock_that_is_set_neither_repeats_an_end_nor_delays_one() {
        let set = |seconds: i64| [steady(500), vec![(0, seconds)], steady(1_000)].concat();
        assert_eq!(ends(1_000, &set(0)), [200, 500, 800, 1_100, 1_400]);
        // Ten seconds back: the mark comes again and is no end; an hour and a bit: the next mark is nearer.
        assert_eq!(ends(1_000, &set(-10)), [200, 500, 810, 1_110, 1_410]);
        assert_eq!(ends(1_000, &set(-3_700)), [200, 500, 900, 1_200, 1_500]);
        // Forward over several marks: one end at most.
        assert_eq!(ends(1_000, &set(3_610)), [200, 500, 790, 1_090, 1_390]);
    }

    #[test]
    fn a_period_may_get_another_length_while_it_runs() {
        let mut period = Period::begin(LENGTH, at(1_000), Duration::ZERO);
        period.resize(Duration::from_secs(60), at(1_000));
        assert_eq!(period.left(at(1_000), Duration::ZERO), Duration::from_secs(20));
        assert!(!period.turn(at(1_019), Duration::from_secs(19)));
        assert!(period.turn(at(1_020), Duration::from_secs(20)));
        assert_eq!(
            period.left(at(1_020), Duration::from_secs(20)),
            Duration::from_secs(60)
        );
    }

    proptest! {
        #[test]
        fn between_two_ends_lies_about_a_period_whatever_the_wall_clock_does(
            steps in proptest::collection::vec((0_u64..30, prop_oneof![9 => Just(0_i64), 1 => -5_000_i64..5_000]), 0..600),
            start in 0_i64..10_000,
        ) {
            let start = start + 10_000_000;
            let ends = ends(start, &steps);
            let total: u64 = steps.iter().map(|(seconds, _)| seconds).sum();
            for pair in ends.windows(2) {
                prop_assert!(pair[1] - pair[0] >= 150);
            }
            let mut last = 0;
            for end in ends.into_iter().chain([total]) {
                prop_assert!(end - last <= 450 + 30, "{} to {end}", last);
                last = end;
            }
        }

        #[test]
        fn nobody_looks_too_late(start in 0_i64..10_000, steps in proptest::collection::vec(1_u64..400, 1..50)) {
            let mut now = Duration::ZERO;
            let mut period = Period::begin(LENGTH, at(start), now);
            for step in steps {
                let wall = |now: Duration| at(start).plus(now);
                let left = period.left(wall(now), now);
                let step = Duration::from_secs(step);
                if step < left {
                    now += step;
                    prop_assert!(!period.turn(wall(now), now));
                } else {
                    now += left;
                    prop_assert!(period.turn(wall(now), now));
                }
            }
        }
    }
}
