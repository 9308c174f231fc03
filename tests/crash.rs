//! Kill -9 at a few steps of a settlement, with the database kept and with the database lost. `full_crash` tries every
//! step.

#[path = "support/crash.rs"]
mod crash;
mod support;

use crash::{SEND, SYNC, die, lose_database, opened, recover};

#[test]
fn a_killed_settlement_happens_exactly_once() {
    let mut household = opened();
    for (call, nth) in [(SYNC, 3), (SYNC, 6), (SEND, 8)] {
        let before = household.settled_events();
        assert!(
            die(&mut household, call, nth),
            "{call} number {nth} killed nothing"
        );
        recover(&mut household, &format!("{call} number {nth}"), before);
    }
    let before = household.settled_events();
    assert!(die(&mut household, SYNC, 5), "nothing was killed");
    lose_database(&household);
    recover(&mut household, "database lost", before);
}
