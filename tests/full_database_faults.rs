//! Faults at every write and flush of a commit, and kills all the way through a migration.

#[path = "support/database_faults.rs"]
mod database_faults;
mod support;

use database_faults::{kill_migrations, strike_commits};

/// More calls of one kind than a commit makes.
const MOST: usize = 60;

#[test]
fn a_commit_that_fails_anywhere_is_said_and_what_was_committed_is_kept() {
    let failed = strike_commits(MOST);
    assert!(failed >= 20, "only {failed} failed");
}

#[test]
fn a_migration_that_is_killed_anywhere_is_made_again() {
    let kills = kill_migrations(5, 100);
    assert!(kills >= 10, "killed only {kills} times");
}
