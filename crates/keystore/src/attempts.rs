//! Back-off after wrong passwords, kept over a restart.
//!
//! It slows down somebody at this keyboard. It does not protect a copy of the vault: that is what the cost of the key
//! derivation is for.

use std::{path::PathBuf, time::Duration};

use enerlink_domain::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::{Error, files};

/// Wrong passwords in a row before the first wait.
const FREE: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What survives a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Wrong passwords in a row.
    failures: u32,
    /// When the last one was typed.
    at: UnixMillis,
}

/// The wait still left at a moment of the monotonic clock, which setting the time of day does not move.
#[derive(Clone, Copy)]
struct Anchor {
    monotonic: Duration,
    left: Duration,
}

/// Counts wrong passwords in a row.
pub(crate) struct Attempts {
    path: PathBuf,
    kept: Kept,
    anchor: Option<Anchor>,
}

impl Attempts {
    /// Reads what a former process has kept. A file that cannot be understood counts as [`FREE`] failures: the next
    /// wrong password makes everybody wait.
    pub(crate) fn load(path: PathBuf) -> Result<Self, Error> {
        let kept = match files::read(&path)? {
            Some(bytes) => serde_json::from_slice(&bytes).unwrap_or(Kept {
                failures: FREE,
                at: UnixMillis::default(),
            }),
            None => Kept::default(),
        };
        Ok(Self {
            path,
            kept,
            anchor: None,
        })
    }

    /// How long until the next attempt. After a restart the time of day tells how much of the wait has passed; when
    /// it lies before the last failure, nothing has.
    pub(crate) fn wait(&mut self, now: UnixMillis, monotonic: Duration) -> Duration {
        let anchor = *self.anchor.get_or_insert_with(|| Anchor {
            monotonic,
            left: back_off(self.kept.failures).saturating_sub(now.since(self.kept.at)),
        });
        anchor
            .left
            .saturating_sub(monotonic.saturating_sub(anchor.monotonic))
    }

    /// Counts a failure before the password is tried, so that killing the process does not save it.
    pub(crate) fn begin(&mut self, now: UnixMillis, monotonic: Duration) -> Result<(), Error> {
        let wait = self.wait(now, monotonic);
        if !wait.is_zero() {
            return Err(Error::UnlockThrottled { wait });
        }
        self.kept = Kept {
            failures: self.kept.failures.saturating_add(1),
            at: now,
        };
        self.anchor = Some(Anchor {
            monotonic,
            left: back_off(self.kept.failures),
        });
        self.save();
        Ok(())
    }

    /// The password was right: forgets all failures.
    pub(crate) fn succeed(&mut self) {
        self.kept = Kept::default();
        self.anchor = None;
        if let Err(error) = files::remove(&self.path) {
            tracing::warn!(target: "enerlink::keystore", %error, "the count of wrong passwords stays on disk");
        }
    }

    /// The password could not be tried: takes the last failure back.
    pub(crate) fn withdraw(&mut self) {
        self.kept.failures = self.kept.failures.saturating_sub(1);
        self.anchor = None;
        self.save();
    }

    /// A full disk must not lock the owner out: the count then lives in memory only.
    fn save(&self) {
        let saved = serde_json::to_vec(&self.kept)
            .map_err(|_| Error::NotWritten {
                path: self.path.clone(),
            })
            .and_then(|bytes| files::replace(&self.path, &bytes, |_| Ok(())));
        if let Err(error) = saved {
            tracing::warn!(target: "enerlink::keystore", %error, "the count of wrong passwords is not kept");
        }
    }
}

/// 0 below five failures, then 1, 2, 4, 8 … s.
fn back_off(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(doublings) => {
            Duration::from_secs(1_u64.checked_shl(doublings).unwrap_or(u64::MAX)).min(LONGEST_WAIT)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn attempts(dir: &tempfile::TempDir) -> Attempts {
        Attempts::load(dir.path().join("attempts")).expect("loads")
    }

    #[test]
    fn waits_double_from_the_fifth_failure_up_to_five_minutes() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut attempts = attempts(&dir);
        let mut clock = 0;
        let mut waits = Vec::new();
        for _ in 0..16 {
            let (now, monotonic) = (UnixMillis(clock * 1000), Duration::from_secs(clock as u64));
            attempts.begin(now, monotonic).expect("allowed");
            let wait = attempts.wait(now, monotonic);
            if !wait.is_zero() {
                let early = monotonic + wait - Duration::from_millis(1);
                assert!(matches!(
                    attempts.begin(now, early),
                    Err(Error::UnlockThrottled { .. })
                ));
            }
            waits.push(wait.as_secs());
            clock += wait.as_secs() as i64;
        }
        assert_eq!(
            waits,
            [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
        );
    }

    #[test]
    fn a_restart_keeps_the_wait_and_no_clock_shortens_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = UnixMillis(1_000_000_000);
        let mut first = attempts(&dir);
        for second in 0..8 {
            first.begin(now, 100 * second * SECOND).expect("allowed");
        }
        assert_eq!(first.wait(now, 700 * SECOND), 8 * SECOND);
        // Setting the time of day changes nothing in the same process.
        assert_eq!(first.wait(UnixMillis(0), 700 * SECOND), 8 * SECOND);
        assert_eq!(first.wait(UnixMillis(i64::MAX), 703 * SECOND), 5 * SECOND);
        // Another process goes by the time of day, and takes a time before the failure for no time passed.
        assert_eq!(attempts(&dir).wait(now.plus(3 * SECOND), SECOND), 5 * SECOND);
        assert_eq!(attempts(&dir).wait(UnixMillis(0), SECOND), 8 * SECOND);
        let mut set_back = attempts(&dir);
        assert_eq!(set_back.wait(UnixMillis(0), 10 * SECOND), 8 * SECOND);
        assert_eq!(set_back.wait(UnixMillis(0), 17 * SECOND), SECOND);
        assert_eq!(set_back.wait(UnixMillis(0), 18 * SECOND), Duration::ZERO);
    }

    #[test]
    fn success_forgets_and_an_attempt_that_was_none_is_withdrawn() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = UnixMillis(5);
        let mut first = attempts(&dir);
        for _ in 0..4 {
            first.begin(now, SECOND).expect("allowed");
        }
        first.begin(now, SECOND).expect("allowed");
        first.withdraw();
        assert_eq!(attempts(&dir).kept.failures, 4);
        assert_eq!(first.wait(now, SECOND), Duration::ZERO);
        first.succeed();
        assert_eq!(attempts(&dir).kept, Kept::default());
    }

    #[test]
    fn a_spoiled_file_is_no_way_around() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("attempts"), "{\"failures\":-1}").expect("written");
        let mut spoiled = attempts(&dir);
        spoiled.begin(UnixMillis(9_000), SECOND).expect("allowed");
        assert_eq!(spoiled.wait(UnixMillis(9_000), SECOND), 2 * SECOND);
    }
}
