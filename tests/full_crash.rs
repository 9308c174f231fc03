//! Kill -9 at every durable step of a settlement: exactly one settlement on chain, registers and watermark equal.
//! `ENERLINK_CRASH_STRIDE=5` tries every fifth step only.

#[path = "support/crash.rs"]
mod crash;
mod support;

use std::time::Duration;

use crash::{RENAME, SEND, SYNC, WRITE, die, kill_after, lose_database, opened, recover};

/// Beyond this many calls of one kind a settlement is over.
const MOST: usize = 200;

fn stride() -> usize {
    let text = std::env::var("ENERLINK_CRASH_STRIDE").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[test]
fn a_killed_settlement_happens_exactly_once() {
    let mut household = opened();
    for call in [SYNC, SEND, WRITE, RENAME] {
        let (mut survived, mut deaths) = (0, 0);
        for nth in (1..MOST).step_by(stride()) {
            let before = household.settled_events();
            let died = die(&mut household, call, nth);
            recover(&mut household, &format!("{call} number {nth}"), before);
            survived = if died { 0 } else { survived + 1 };
            deaths += usize::from(died);
            if survived == 2 {
                break;
            }
        }
        // A settlement renames nothing as long as its key is there: only then is surviving no sign of a broken test.
        assert!(deaths > 0 || call == RENAME, "{call} never killed anything");
        println!("{call}: killed {deaths} times");
    }
}

#[test]
fn a_killed_settlement_whose_database_is_lost_is_not_paid_twice() {
    let mut household = opened();
    for nth in (1..40).step_by(stride() * 3) {
        let before = household.settled_events();
        die(&mut household, SYNC, nth);
        lose_database(&household);
        recover(
            &mut household,
            &format!("database lost at sync number {nth}"),
            before,
        );
    }
}

/// Moments of a run at which it is killed, by a generator whose seed is fixed.
struct Moments(u64);

impl Moments {
    /// The next one, at most `most` away.
    fn next(&mut self, most: Duration) -> Duration {
        // Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let thousandths = u32::try_from((self.0 >> 40) % 1_000).expect("small");
        most * thousandths / 1_000
    }
}

#[test]
fn two_hundred_kills_at_any_moment_settle_everything_exactly_once() {
    let mut household = opened();
    let mut moments = Moments(1);
    let kills = 200 / stride();
    for kill in 0..kills {
        let before = household.settled_events();
        let after = moments.next(Duration::from_millis(2_500));
        kill_after(&mut household, after);
        recover(&mut household, &format!("kill {kill}, after {after:?}"), before);
    }
}
