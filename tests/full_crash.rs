//! Kill -9 at every durable step of a settlement: exactly one settlement on chain, registers and watermark equal.
//! `ENERLINK_CRASH_STRIDE=5` tries every fifth step only.

mod support;

use std::{fs, process::Command, time::Duration};

use support::{Household, Running, enerlink};

/// System calls at which the process is killed.
const POINTS: [&str; 3] = ["fdatasync", "sendto", "rename"];
/// Beyond this many calls of one kind a settlement is over.
const MOST: usize = 120;

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
        .arg(env!("CARGO_BIN_EXE_enerlink"));
    eager(household, strace)
}

/// Opens the meter on chain, so that what follows is only the settlement.
fn opened() -> Household {
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
fn die(household: &mut Household, call: &str, nth: usize) -> bool {
    household.export(150);
    let mut running = Running::start(killed_at(household, call, nth));
    let died = running.ends_before(Duration::from_secs(15), |line| {
        line["event"] == "settlement" && line["status"] == "SUCCESS"
    });
    drop(running);
    let lock = fs::File::open(household.file("profile/profile.lock")).expect("the profile has been used");
    support::wait_until("the killed process is gone", || lock.try_lock().is_ok());
    died
}

/// Runs undisturbed until everything is settled, then compares with the chain.
fn recover(household: &Household, what: &str, events_before: usize) {
    let running = Running::start(plain(household));
    running.wait_for("the start", |line| line["event"] == "started");
    support::wait_until(what, || household.settled_events() > events_before);
    support::wait_until(what, || {
        let audit = household.audit();
        audit["adds_up"] == true && audit["pending_uwh"] == 0
    });
    running.stop();
    let audit = household.audit();
    assert_eq!(
        household.settled_events(),
        events_before + 1,
        "exactly one settlement: {what}"
    );
    let whole = (household.export_uwh / 1_000_000 - 1) as i64 * 1_000_000;
    assert_eq!(audit["settled_uwh"], whole, "{what}: {audit}");
    assert_eq!(audit["rows_uwh"], whole, "{what}: {audit}");
}

fn stride() -> usize {
    std::env::var("ENERLINK_CRASH_STRIDE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

#[test]
fn a_killed_settlement_happens_exactly_once() {
    let mut household = opened();
    for call in POINTS {
        let (mut survived, mut deaths) = (0, 0);
        for nth in (1..MOST).step_by(stride()) {
            let before = household.settled_events();
            let died = die(&mut household, call, nth);
            recover(&household, &format!("{call} number {nth}"), before);
            survived = if died { 0 } else { survived + 1 };
            deaths += usize::from(died);
            if survived == 2 {
                break;
            }
        }
        // A settlement renames nothing as long as its key is there: only then is surviving no sign of a broken test.
        assert!(deaths > 0 || call == "rename", "{call} never killed anything");
        println!("{call}: killed {deaths} times");
    }
}

#[test]
fn a_killed_settlement_whose_database_is_lost_is_not_paid_twice() {
    let mut household = opened();
    for nth in (1..40).step_by(stride() * 3) {
        let before = household.settled_events();
        die(&mut household, "fdatasync", nth);
        for name in ["enerlink.db", "enerlink.db-wal", "enerlink.db-shm"] {
            let _ = fs::remove_file(household.file("profile").join(name));
        }
        household.set_network();
        household.add_meter();
        // The meter speaks again, because what the lost process had acknowledged is gone from the broker.
        household.publish_sensors();
        recover(
            &household,
            &format!("database lost at fdatasync number {nth}"),
            before,
        );
    }
}
