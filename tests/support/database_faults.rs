//! Faults at the system calls by which the database is written, and what has to be true afterwards.

#![allow(dead_code, reason = "each test target uses a part of this")]

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::support::{Profile, enerlink, latin, run};

pub(crate) const OLD: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
pub(crate) const NEW: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
/// The contact in the frozen databases.
const FROZEN: &str = "0x0505050505050505050505050505050505050505";
/// The schema of the frozen database that is migrated.
const FROM: u32 = 5;

/// What strace does to a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The process is killed before it.
    Kill,
    /// It fails with this error, and so does every later one.
    Error(&'static str),
}

/// What was written is flushed: SQLite uses the one or the other, as it was built.
const FLUSH: &str = "fsync,fdatasync";
/// A page goes to the database or its log.
pub(crate) const WRITE: &str = "pwrite64";

/// The calls by which a commit reaches the disk, and what happens to them.
const COMMIT_FAULTS: [(&str, Fault); 6] = [
    (FLUSH, Fault::Error("EIO")),
    (FLUSH, Fault::Error("ENOSPC")),
    (FLUSH, Fault::Kill),
    (WRITE, Fault::Error("ENOSPC")),
    (WRITE, Fault::Error("EIO")),
    (WRITE, Fault::Kill),
];

/// What came of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strike {
    /// It struck, and whether the program said that it had succeeded all the same.
    Said(bool),
    /// strace counts for each thread, and another thread made the last of the calls: which connection closes last, and
    /// writes the log back, is left to chance.
    Missed,
    /// There are not so many calls.
    Over,
}

/// How often a fault is tried until it strikes.
const TRIES: usize = 10;

pub(crate) fn database(profile: &Profile) -> PathBuf {
    profile.file("profile").join("enerlink.db")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", path.display()).into()
}

/// Arguments that put `address` into the address book: one transaction.
pub(crate) fn put(profile: &Profile, address: &str) -> Vec<String> {
    let directory = profile.path("profile");
    let line = [
        "--json",
        "contacts",
        "put",
        "--name",
        "Ibu",
        "--address",
        address,
        "--data-dir",
    ];
    let words = line.into_iter().chain([directory.as_str()]);
    words.map(str::to_owned).collect()
}

pub(crate) fn list(profile: &Profile) -> Vec<String> {
    let directory = profile.path("profile");
    let words = ["--json", "contacts", "list", "--data-dir", &directory];
    words.map(str::to_owned).to_vec()
}

pub(crate) fn borrowed(line: &[String]) -> Vec<&str> {
    line.iter().map(String::as_str).collect()
}

/// The addresses in the address book.
pub(crate) fn contacts(profile: &Profile) -> Vec<String> {
    let lines = run(&borrowed(&list(profile)));
    lines.iter().map(|contact| text(&contact["address"])).collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// strace that does `fault` to the calls of `enerlink` that concern `path`, a side file of it or their directory, at those
/// that `nth` says.
pub(crate) fn injected(path: &Path, trace: &Path, call: &str, fault: Fault, nth: &str) -> Command {
    let inject = match fault {
        Fault::Kill => format!("inject={call}:signal=KILL:when={nth}"),
        Fault::Error(error) => format!("inject={call}:error={error}:when={nth}"),
    };
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "signal=none", "-o"]).arg(trace);
    let copy = format!(".v{FROM}.bak.part");
    for suffix in ["", "-wal", "-journal", &copy] {
        strace.arg("-P").arg(beside(path, suffix));
    }
    // A new file is on the disk when its directory was flushed too.
    strace.arg("-P").arg(path.parent().expect("a directory"));
    strace
        .args(["-e", &format!("trace={call}"), "-e", &inject])
        .arg(enerlink().get_program());
    strace
}

/// `enerlink` with `fault` at the `nth` `call` to the database.
fn strike(profile: &Profile, line: &[String], call: &str, nth: usize, fault: Fault) -> Strike {
    let trace = profile.file("trace");
    let when = match fault {
        Fault::Kill => nth.to_string(),
        Fault::Error(_) => format!("{nth}+"),
    };
    let output = injected(&database(profile), &trace, call, fault, &when)
        .args(line)
        .output()
        .expect("strace is installed by `cargo xtask test`");
    let said = latin(&output.stdout);
    let what = format!("{fault:?} at {call} number {nth}: {said}");
    let traced = fs::read_to_string(trace).expect("a trace");
    let struck = match fault {
        Fault::Kill => output.status.signal() == Some(9),
        Fault::Error(_) => traced.contains("(INJECTED)"),
    };
    if !struck {
        assert_eq!(output.status.code(), Some(0), "{what}");
        // What ends on a line of its own has begun on another.
        let calls = traced.lines().filter(|line| !line.contains(" resumed>")).count();
        return if calls < nth { Strike::Over } else { Strike::Missed };
    }
    match output.status.code() {
        None => Strike::Said(false),
        Some(0) => Strike::Said(true),
        Some(1) => {
            assert!(said.contains("\"STORAGE\""), "{what}");
            Strike::Said(false)
        }
        code => panic!("{what}: ends with {code:?}"),
    }
}

/// Writes with each fault at its first calls, `most` of each, and checks what is left: what was committed before is
/// kept, and success is said of nothing that is not there. Each fault strikes. Answers how often the write failed.
pub(crate) fn strike_commits(most: usize) -> usize {
    let profile = Profile::with_wallet();
    run(&borrowed(&put(&profile, OLD)));
    let whole = database(&profile);
    let before = fs::read(&whole).expect("a closed database is one file");
    let mut failed = 0;
    for (call, fault) in COMMIT_FAULTS {
        for nth in 1..=most {
            let mut tries = (0..TRIES).map(|_| {
                for suffix in ["-wal", "-shm"] {
                    let _ = fs::remove_file(beside(&whole, suffix));
                }
                fs::write(&whole, &before).expect("writable");
                strike(&profile, &put(&profile, NEW), call, nth, fault)
            });
            let said_so = match tries.find(|strike| *strike != Strike::Missed) {
                Some(Strike::Said(said_so)) => said_so,
                Some(Strike::Over) => {
                    assert!(nth > 1, "{fault:?} at {call} never strikes");
                    break;
                }
                _ => continue,
            };
            let found = contacts(&profile);
            let what = format!("{fault:?} at {call} number {nth}: {found:?}");
            assert!(found.contains(&OLD.to_owned()), "{what}");
            assert!(!said_so || found.contains(&NEW.to_owned()), "{what}");
            failed += usize::from(!said_so);
            // The disk works again: the same write succeeds.
            run(&borrowed(&put(&profile, NEW)));
            assert_eq!(contacts(&profile).len(), 2, "{what}");
        }
    }
    failed
}

/// Kills a migration at calls that are `stride` apart; afterwards the database is of the old schema or of the new one, is
/// whole, and the file from before lies beside it. Answers how often it was killed.
pub(crate) fn kill_migrations(stride: usize, most: usize) -> usize {
    let mut kills = 0;
    for (call, stride) in [(WRITE, stride), (FLUSH, 1)] {
        for nth in (1..).step_by(stride).take(most) {
            let mut tries = (0..TRIES).map(|_| {
                let profile = Profile::new();
                fs::create_dir(profile.file("profile")).expect("a directory");
                unpack(&database(&profile));
                let strike = strike(&profile, &list(&profile), call, nth, Fault::Kill);
                (profile, strike)
            });
            let Some((profile, strike)) = tries.find(|(_, strike)| *strike != Strike::Missed) else {
                continue;
            };
            if strike == Strike::Over {
                assert!(nth > 1, "{call} kills nothing");
                break;
            }
            kills += 1;
            let path = database(&profile);
            let what = format!("killed at {call} number {nth}");
            let version = |path: &Path| fs::read(path).expect("a file")[60..64].to_owned();
            assert!(version(&path)[3] >= 5, "{what}");
            assert_eq!(contacts(&profile), [FROZEN], "{what}");
            assert_eq!(
                version(&beside(&path, &format!(".v{FROM}.bak"))),
                FROM.to_be_bytes(),
                "{what}"
            );
            assert_eq!(
                run(&[
                    "--json",
                    "database",
                    "check",
                    "--data-dir",
                    &profile.path("profile")
                ])[0]["ok"],
                true
            );
        }
    }
    kills
}

fn unpack(to: &Path) {
    let golden = format!(
        "{}/../store/tests/golden/v{FROM}.db.gz",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut packed = GzDecoder::new(fs::File::open(golden).expect("a golden file"));
    let mut file = fs::File::create(to).expect("writable");
    std::io::copy(&mut packed, &mut file).expect("unpacked");
}
