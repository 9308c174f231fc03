//! How long to wait before the next attempt to connect.

use std::time::Duration;

use rand::Rng;

/// The first wait.
const SHORTEST: Duration = Duration::from_millis(250);
/// The longest wait.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// Waits for `duration` of real time. The broker is a machine on a network: when a simulation runs sixty times as
/// fast, its connections do not. This is the only place of the crate that asks tokio for time.
pub(super) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// The wait after `failures` failures in a row: doubling up to a minute, of which a random half is left out, so that
/// the households of a street do not return in step after a power cut.
pub(super) fn wait(failures: u32) -> Duration {
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
}
