//! Kill -9 on the way of a settlement, and what has to be true afterwards.

#![allow(dead_code, reason = "each test target uses a part of this")]

use std::{fs, process::Command, time::Duration};

use crate::support::{Household, Running, enerlink, wait_until};

/// A commit reaches the disk (SQLite may use either call).
pub(crate) const SYNC: &str = "fdatasync,fsync";
/// Something goes to the node, the broker or the terminal (the runtime gathers what it sends).
pub(crate) const SEND: &str = "sendto,writev";
/// A page goes to the database or its log.
pub(crate) const WRITE: &str = "pwrite64";
/// A file takes the place of another.
pub(crate) const RENAME: &str = "rename,renameat,renameat2";

/// `enerlink run` that settles as soon as 100 Wh are owed, with the settlement key: the wallet stays locked.
fn eager(household: &Household, program: Command) -> Command {
    let mut command = program;
    command
        .args(["--json", "run", "--data-dir", &household.path("profile")])
        .env("SETTLEMENT_INTERVAL_MINUTES", "1440")
        .env("EARLY_SETTLEMENT_WH", "100")
        .env("ENERLINK_LOG", "warn")
        .env_remove("ENERLINK_DATA_DIR");
    command
}

fn plain(household: &Household) -> Command {
    eager(household, enerlink())
}

/// The same under strace, which kills it when `call` is made for the `nth` time.
fn killed_at(household: &Household, call: &str, nth: usize) -> Command {
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=KILL:when={nth}")])
        .arg(enerlink().get_program());
    eager(household, strace)
}

/// Opens the meter on chain, so that what follows is only the settlement.
pub(crate) fn opened() -> Household {
    let mut household = Household::new(true);
    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    household.publish_sensors();
    running.wait_for("the settlement key", |line| {
        line["event"] == "registration" && line["registration"]["settler"].is_string()
    });
    running.stop();
    household
}

/// Exports energy, lets the process die on the way, and answers whether it died.
pub(crate) fn die(household: &mut Household, call: &str, nth: usize) -> bool {
    household.export(150);
    let mut running = Running::start(killed_at(household, call, nth));
    let died = running.ends_before(Duration::from_secs(40), |line| {
        line["event"] == "settlement" && line["status"] == "SUCCESS"
    });
    drop(running);
    free(household);
    died
}

/// Exports energy and kills the process `after` its start, wherever it is by then.
pub(crate) fn kill_after(household: &mut Household, after: Duration) {
    household.export(150);
    let running = Running::start_quiet(plain(household));
    std::thread::sleep(after);
    running.signal("KILL");
    drop(running);
    free(household);
}

/// Waits until the profile is nobody's.
fn free(household: &Household) {
    let lock = fs::File::open(household.file("profile/profile.lock")).expect("the profile has been used");
    wait_until("the killed process is gone", || lock.try_lock().is_ok());
}

/// Runs undisturbed until everything is settled, then compares with the chain.
pub(crate) fn recover(household: &mut Household, what: &str, events_before: usize) {
    let running = Running::start(plain(household));
    running.wait_for("the start", |line| line["event"] == "started");
    // Energies are strings in JSON.
    let whole = ((household.export_uwh / 1_000_000 - 1) * 1_000_000).to_string();
    wait_until(what, || {
        // A meter goes on speaking; what a lost database had acknowledged is gone from the broker.
        household.publish_sensors();
        let audit = household.audit();
        audit["settled"] == whole && audit["pending"] == "0" && audit["unrecorded"] == "0"
    });
    running.stop();
    let audit = household.audit();
    assert_eq!(audit["adds_up"], true, "{what}: {audit}");
    assert_eq!(
        household.settled_events(),
        events_before + 1,
        "exactly one settlement: {what}"
    );
    assert_eq!(audit["settled"], whole, "{what}: {audit}");
    assert_eq!(audit["unrecorded"], "0", "{what}: {audit}");
}

/// Deletes the database and sets the profile up again, as a household would.
pub(crate) fn lose_database(household: &Household) {
    for name in ["enerlink.db", "enerlink.db-wal", "enerlink.db-shm"] {
        let _ = fs::remove_file(household.file("profile").join(name));
    }
    household.set_network();
    household.add_meter(&[]);
}
