//! When to try again: how long to wait after a failure, and what the next attempt has to do differently.

use std::time::Duration;

use rand::Rng;

use super::failure::Kind;

/// The first wait.
const SHORTEST: Duration = Duration::from_millis(250);
/// The longest wait.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// A connection that the broker closes within this time counts as thrown out.
const BRIEF: Duration = Duration::from_secs(30);
/// As many brief connections in a row are looked into.
const TOLERATED: u32 = 3;
/// A broker that is restarted often is waited for no longer than after as many failures.
const HURRIED: u32 = 4;
/// How long this side holds back when another client uses its id.
pub(super) const TRUCE: Duration = Duration::from_secs(600);

/// What is remembered of failed attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retry {
    /// Attempts since the last one that worked.
    failures: u32,
    /// Connections in a row that the broker closed soon after they were made.
    brief: u32,
    /// The session on the broker holds a packet that cannot be received: the next attempt throws it away.
    pub(super) discard: bool,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Wait as long.
    pub(super) wait: Duration,
    /// Another client may use the same id; each connection of the one would end the other's.
    pub(super) suspicious: bool,
}

impl Retry {
    /// An attempt worked.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// An attempt, or a connection after it has `lived`, ended by `kind`.
    pub(super) fn failed(&mut self, kind: Kind, lived: Duration) -> Verdict {
        self.failures = self.failures.saturating_add(1);
        self.discard = kind == Kind::Oversized;
        self.brief = if kind == Kind::Closed && lived < BRIEF {
            self.brief.saturating_add(1)
        } else {
            0
        };
        Verdict {
            wait: wait(self.failures.max(self.brief.min(HURRIED))),
            suspicious: self.brief >= TOLERATED,
        }
    }
}

/// Waits for `duration` of real time. The broker is a machine on a network: when a simulation runs sixty times as
/// fast, its connections do not. This is the only place of the crate that asks tokio for time.
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// The wait after `failures` failures in a row: doubling up to a minute, of which a random half is left out, so that
/// the households of a street do not return in step after a power cut.
fn wait(failures: u32) -> Duration {
    let full = SHORTEST
        .checked_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX))
        .map_or(LONGEST, |full| full.min(LONGEST));
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_with_jitter() {
        for (failures, full) in [
            (0, 250),
            (1, 250),
            (2, 500),
            (5, 4000),
            (9, 60_000),
            (40, 60_000),
            (u32::MAX, 60_000),
        ] {
            let full = Duration::from_millis(full);
            let waits: Vec<Duration> = (0..200).map(|_| wait(failures)).collect();
            assert!(
                waits.iter().all(|wait| *wait >= full / 2 && *wait <= full),
                "{failures}"
            );
            assert!(
                waits.iter().any(|wait| *wait != waits[0]),
                "no jitter after {failures}"
            );
        }
    }

    #[test]
    fn a_row_of_thrown_out_connections_is_suspicious_and_waited_for_briefly() {
        let mut retry = Retry::default();
        for number in 1..100 {
            let verdict = retry.failed(Kind::Closed, Duration::from_secs(29));
            assert_eq!(verdict.suspicious, number >= 3);
            assert!(verdict.wait <= Duration::from_secs(2));
            retry.succeeded();
        }
    }

    #[test]
    fn other_failures_are_no_rival() {
        let (short, long) = (Duration::from_secs(1), Duration::from_secs(31));
        for (kind, lived) in [
            (Kind::Closed, long),
            (Kind::Lost, short),
            (Kind::Unreachable, short),
            (Kind::Refused, short),
            (Kind::Oversized, short),
        ] {
            let mut retry = Retry::default();
            for _ in 0..10 {
                assert!(!retry.failed(kind, lived).suspicious, "{kind:?}");
                assert_eq!(retry.discard, kind == Kind::Oversized);
            }
            // One broker restart in between, and the row is broken.
            for _ in 0..2 {
                retry.failed(Kind::Closed, short);
            }
            retry.failed(Kind::Unreachable, short);
            assert!(!retry.failed(Kind::Closed, short).suspicious);
        }
    }
}
