//! The core's clock seen from the window: it may be simulated, and then it may run faster than ours.

use enerlink_domain::UnixMillis;

/// Follows the core's clock between the moments at which the core tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CoreClock {
    core: i64,
    local: i64,
    rate: f64,
}

/// Two samples that are closer than this say nothing about the rate.
const SHORTEST: i64 = 500;
/// A clock within this factor of ours runs at our rate; the rest is the transport's jitter.
const JITTER: f64 = 1.5;

impl CoreClock {
    /// A clock that runs at our rate from `local` on.
    pub(crate) fn new(core: UnixMillis, local: i64) -> Self {
        Self {
            core: core.0,
            local,
            rate: 1.0,
        }
    }

    /// Takes what the core says at local time `local`. An older figure than the one known is late, and ignored,
    /// unless the clock was set back.
    pub(crate) fn observe(&mut self, core: UnixMillis, local: i64) {
        let (elapsed, moved) = (local - self.local, core.0 - self.core);
        if moved < 0 && moved > -10_000 {
            return;
        }
        if elapsed >= SHORTEST {
            let rate = moved as f64 / elapsed as f64;
            self.rate = if (1.0 / JITTER..JITTER).contains(&rate) || rate <= 0.0 {
                1.0
            } else {
                rate
            };
            (self.core, self.local) = (core.0, local);
        } else if moved.abs() > 10_000 && self.rate < 2.0 {
            (self.core, self.local) = (core.0, local);
        }
    }

    /// How much faster than ours it runs; more than 0.
    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    /// The core's time at local time `local`.
    pub(crate) fn at(&self, local: i64) -> UnixMillis {
        let elapsed = (local - self.local).max(0) as f64 * self.rate;
        UnixMillis(self.core + elapsed as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_a_clock_that_runs_faster() {
        let mut clock = CoreClock::new(UnixMillis(1_000_000), 0);
        assert_eq!(clock.at(700), UnixMillis(1_000_700));
        clock.observe(UnixMillis(1_060_000), 1000);
        assert_eq!(clock.at(2000), UnixMillis(1_120_000));
    }

    #[test]
    fn jitter_does_not_change_the_rate() {
        let mut clock = CoreClock::new(UnixMillis(0), 0);
        clock.observe(UnixMillis(1200), 1000);
        assert_eq!(clock.at(2000), UnixMillis(2200));
        clock.observe(UnixMillis(1100), 1050);
        assert_eq!(clock.at(2000), UnixMillis(2200));
    }

    #[test]
    fn a_clock_that_jumps_is_followed() {
        let mut clock = CoreClock::new(UnixMillis(0), 0);
        clock.observe(UnixMillis(3_600_000), 100);
        assert_eq!(clock.at(100), UnixMillis(3_600_000));
        clock.observe(UnixMillis(60_000), 1000);
        assert_eq!(clock.at(1100), UnixMillis(60_100));
    }
}
