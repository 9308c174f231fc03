//! Faults while the database is written: what was committed is kept, what could not be is said, and a copy goes back into
//! its place. `full_database_faults` tries every call.

#[path = "../support/database_faults.rs"]
mod steps;

use std::{process::Command, time::Duration};

use crate::support::{Household, Profile, Running, enerlink, run, run_failing};
use steps::{
    Fault, NEW, OLD, WRITE, borrowed, contacts, database, injected, kill_migrations, put, strike_commits,
    text,
};

#[test]
fn a_commit_that_fails_is_said_and_what_was_committed_is_kept() {
    let failed = strike_commits(1);
    assert!(failed >= 6, "only {failed} failed");
}

#[test]
fn a_migration_that_is_killed_is_made_again() {
    let kills = kill_migrations(150, 2);
    assert!(kills >= 2, "killed only {kills} times");
}

#[test]
fn a_full_disk_is_told_once_nothing_is_acknowledged_and_all_of_it_comes_when_there_is_room() {
    let mut household = Household::new(true);
    let directory = household.path("profile");
    let line = ["--json", "run", "--data-dir", &directory];
    let began = |command: Command| {
        let mut command = command;
        command.args(line).env("SETTLEMENT_INTERVAL_MINUTES", "1440");
        let running = Running::start(command);
        running.wait_for("the start", |line| line["event"] == "started");
        running
    };
    let running = began(enerlink());
    household.publish_sensors();
    let heard = |household: &Household| {
        let export = household.export_uwh.to_string();
        move |line: &serde_json::Value| {
            line["event"] == "device" && line["sensors"][1]["export"]["total_energy"] == export
        }
    };
    running.wait_for("the meter", heard(&household));
    running.stop();

    // The log of the database cannot grow for its first writes, until the disk has room again.
    let path = household.file("profile/enerlink.db");
    let trace = household.file("trace");
    let running = began(injected(&path, &trace, WRITE, Fault::Error("ENOSPC"), "1..3"));
    let full = running.wait_for("the word", |line| {
        line["event"] == "storage" && line["up"] == false
    });
    assert_eq!(full["code"], "STORAGE", "{full}");
    household.export(150);
    let status = run(&["--json", "status", "--data-dir", &directory]).remove(0);
    assert_eq!(
        status["meters"][0]["meter"]["id"],
        crate::support::METER,
        "what is stored is shown"
    );
    let mut words = 1;
    running.wait_for("room", |line| {
        words +=
            usize::from(line["event"] == "storage" && line["since"] != full["since"] && line["up"] == false);
        line["event"] == "storage" && line["up"] == true
    });
    assert_eq!(words, 1, "it is said once");
    running.wait_for("what was not acknowledged", heard(&household));
    stop_traced(running);
}

#[test]
fn another_program_that_writes_is_waited_for() {
    let profile = Profile::with_wallet();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (line, path) = (put(&profile, OLD), database(&profile));
    let store = runtime
        .block_on(enerlink_store::Store::open(&path))
        .expect("opened");
    let held = runtime.block_on(store.begin()).expect("the write lock");
    let mut waiting = enerlink().args(&line).spawn().expect("started");
    std::thread::sleep(Duration::from_secs(2));
    assert!(waiting.try_wait().expect("a child").is_none(), "it waits");
    runtime.block_on(async {
        enerlink_store::settings::set(&held, "theirs", "1")
            .await
            .expect("a write");
        held.commit().await.expect("a commit");
    });
    assert!(waiting.wait().expect("ended").success(), "nothing was lost");
    let found = runtime.block_on(enerlink_store::settings::get(&store.reader(), "theirs"));
    assert_eq!(found.expect("a read").as_deref(), Some("1"));
    assert_eq!(contacts(&profile), [OLD]);
}

/// `enerlink database copy` or `restore`, with the file that it writes or reads.
fn on_database(what: &str, directory: &str, option: &str, file: &str) -> [String; 7] {
    ["--json", "database", what, "--data-dir", directory, option, file].map(str::to_owned)
}

#[test]
fn a_copy_of_the_database_goes_back_and_is_no_backup_of_keys() {
    let profile = Profile::with_wallet();
    let (directory, copy) = (profile.path("profile"), profile.path("copy.db"));
    run(&borrowed(&put(&profile, OLD)));
    let make = on_database("copy", &directory, "--out", &copy);
    assert_eq!(run(&borrowed(&make))[0]["path"], copy.as_str());
    assert_eq!(
        run_failing(&borrowed(&make))["code"],
        "INVALID_INPUT",
        "nothing is overwritten"
    );
    run(&borrowed(&put(&profile, NEW)));
    assert_eq!(contacts(&profile).len(), 2);

    let password = profile.path("password");
    let wallet = [
        "--json",
        "wallet",
        "restore",
        "--data-dir",
        &directory,
        "--password-file",
        &password,
    ];
    let refused = run_failing(&[&wallet[..], &["--from", &copy]].concat());
    assert_eq!(refused["code"], "BACKUP_UNREADABLE", "{refused}");
    assert!(text(&refused["message"]).contains("holds no keys"), "{refused}");
    let restore = |from: &str| on_database("restore", &directory, "--from", from);
    let letter = profile.write("letter", "no database at all ".repeat(20));
    let error = run_failing(&borrowed(&restore(&letter)));
    assert_eq!(error["code"], "STORAGE", "{error}");
    assert_eq!(contacts(&profile).len(), 2);

    let answer = run(&borrowed(&restore(&copy)));
    let replaced = text(&answer[0]["replaced"]);
    assert_eq!(contacts(&profile), [OLD]);
    run(&borrowed(&restore(&replaced)));
    assert_eq!(contacts(&profile).len(), 2, "what was replaced can be put back");
}

#[test]
fn a_damaged_database_is_refused_and_its_last_copy_is_offered() {
    let profile = Profile::with_wallet();
    run(&borrowed(&put(&profile, OLD)));
    let path = database(&profile);
    let copy = format!("{}.mine.bak", path.display());
    let directory = profile.path("profile");
    run(&borrowed(&on_database("copy", &directory, "--out", &copy)));
    let mut damaged = std::fs::read(&path).expect("a closed database is one file");
    damaged[4096..3 * 4096].fill(0xa5);
    std::fs::write(&path, damaged).expect("writable");
    let error = run_failing(&["--json", "contacts", "list", "--data-dir", &directory]);
    assert_eq!(error["code"], "DATABASE_DAMAGED", "{error}");
    assert!(text(&error["message"]).contains(&copy), "{error}");
    assert!(text(&error["next_step"]).contains("database restore"), "{error}");
    run(&borrowed(&on_database("restore", &directory, "--from", &copy)));
    assert_eq!(contacts(&profile), [OLD]);
}

/// Asks the traced process to end: strace itself takes no signals while it runs a command.
fn stop_traced(mut running: Running) {
    let asked = Command::new("pkill")
        .args(["-TERM", "-P", &running.id().to_string()])
        .status();
    assert!(asked.expect("pkill runs").success());
    assert!(
        running.ended_within(crate::support::PATIENCE),
        "it does not stop on SIGTERM"
    );
}
