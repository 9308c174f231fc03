//! Kill -9 at a few steps of a settlement, with the database kept and with the database lost. `full_crash` tries every
//! step.

#[path = "../support/crash.rs"]
mod steps;

use crate::support::Household;
use steps::{SEND, SYNC, die, lose_database, opened, recover};

/// Lets the process die at the `nth` call, or at an earlier one when a settlement makes fewer: how many commits it
/// takes depends on how messages are gathered. Answers how many settlements there were before.
fn die_by(household: &mut Household, call: &str, nth: usize) -> usize {
    for nth in (1..=nth).rev() {
        let before = household.settled_events();
        if die(household, call, nth) {
            return before;
        }
        recover(household, &format!("survived {call} number {nth}"), before);
    }
    panic!("{call} killed nothing");
}

#[test]
fn a_killed_settlement_happens_exactly_once() {
    let mut household = opened();
    for (call, nth) in [(SYNC, 3), (SYNC, 6), (SEND, 8)] {
        let before = die_by(&mut household, call, nth);
        recover(&mut household, &format!("{call} number {nth}"), before);
    }
    let before = die_by(&mut household, SYNC, 5);
    lose_database(&household);
    recover(&mut household, "database lost", before);
}
