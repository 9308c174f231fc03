//! Faults at every system call by which a vault is made, put under another password, extended, reduced and deleted.
//! `ENERLINK_FAULT_STRIDE=5` tries every fifth call only.

mod support;
#[path = "support/vault_faults.rs"]
mod vault_faults;

use vault_faults::{Call, Change, Fault, Scene};

/// Strikes at all points that are wanted, and answers how often the old vault was left, and how often the new one.
fn strike_all(change: Change, faults: &[Fault], wanted: impl Fn(&Call) -> bool) -> [usize; 2] {
    let text = std::env::var("ENERLINK_FAULT_STRIDE").ok();
    let stride = text.and_then(|text| text.parse().ok()).unwrap_or(1);
    let scene = Scene::new(change);
    let mut left = [0; 2];
    for call in scene.points(wanted).iter().step_by(stride) {
        for fault in faults {
            let state = scene.strike(call, *fault);
            left[state] += 1;
            if state == 0 {
                scene.make_again(call);
            }
        }
    }
    left
}

#[test]
fn a_change_that_is_killed_anywhere_leaves_the_old_vault_or_the_new() {
    for change in Change::ALL {
        let left = strike_all(change, &[Fault::Kill], |call| call.writes() || call.creates());
        println!(
            "{change:?}: old vault {} times, new vault {} times",
            left[0], left[1]
        );
        assert!(
            left[0] > 0 && left[1] > 0,
            "{change:?}: killed before and after: {left:?}"
        );
    }
}

#[test]
fn a_disk_that_fails_anywhere_leaves_the_old_vault_or_the_new() {
    for change in Change::ALL {
        let faults = [Fault::Error("EIO"), Fault::Error("ENOSPC")];
        let left = strike_all(change, &faults, Call::writes);
        assert!(
            left[0] > 0,
            "{change:?}: some errors prevent the change: {left:?}"
        );
    }
}

#[test]
fn a_disk_that_may_not_be_written_leaves_the_old_vault() {
    for change in Change::ALL {
        let faults = [Fault::Error("EROFS"), Fault::Error("EACCES")];
        strike_all(change, &faults, |call| {
            call.creates() || call.name.starts_with("rename") || call.name == "unlink"
        });
    }
}
