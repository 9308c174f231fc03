//! What others can see of the running process: no secret in its memory once it is locked, no debugger, no core file.
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::support::{Marker, PASSWORD, Profile, Running, enerlink, latin};

/// The phrase of an example of BIP-39, its entropy, and its first two keys with the passphrase.
const PHRASE: &str = "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic";
const ENTROPY: &str = "9e885d952ad362caeb4efe34a8e91bd2";
const PASSPHRASE: &str = "rahasia di balik sebelas pintu";
const PHRASE_KEYS: [&str; 2] = [
    "fe9ab439e7e306e41fe67c4a480fafe67a4532259deb500ecae51d947bf7886e",
    "16fa0af2dac088c0e05a81c26cc9f503825aa6a1cbeb8b26f54766c63c468e8d",
];
const KEY: &str = "4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4b01";
/// A user without any rights.
const NOBODY: u32 = 65_534;

fn keys() -> Vec<(&'static str, Marker)> {
    let key = |name, digits: &str| {
        // A number of 32 bytes may lie in memory with its last byte first.
        let bytes = enerlink_domain::id::unhex(digits).expect("hexadecimal");
        let reversed: Vec<u8> = bytes.into_iter().rev().collect();
        let reversed = Marker::bytes(name, &enerlink_domain::id::hex(&reversed));
        [(name, Marker::bytes(name, digits)), (name, reversed)]
    };
    [
        key("the first key", PHRASE_KEYS[0]),
        key("the second key", PHRASE_KEYS[1]),
        key("the imported key", KEY),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn texts() -> Vec<(&'static str, Marker)> {
    vec![
        ("the password", Marker::text("", PASSWORD)),
        ("the passphrase", Marker::text("", PASSPHRASE)),
        ("the phrase", Marker::phrase("", PHRASE)),
        ("the entropy", Marker::bytes("", ENTROPY)),
    ]
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout.starts_with(b"0\n")
}

/// What a process has written into its memory, run by run of pages that are not empty.
fn memory(process: u32) -> Vec<String> {
    let stop = |signal: &str| {
        let sent = Command::new("kill").args([signal, &process.to_string()]).status();
        assert!(sent.expect("kill").success());
    };
    stop("-STOP");
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("readable by root");
    let mut file = File::open(format!("/proc/{process}/mem")).expect("readable by root");
    let mut runs = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().expect("a range"), words.next().expect("rights"));
        if rights.starts_with("rw") {
            let (start, end) = range.split_once('-').expect("two addresses");
            let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).expect("an address"));
            read_runs(&mut file, start, end, &mut runs);
        }
    }
    stop("-CONT");
    runs.iter().map(|run| latin(run)).collect()
}

fn read_runs(file: &mut File, start: u64, end: u64, runs: &mut Vec<Vec<u8>>) {
    let mut page = [0; 4096];
    let mut run = Vec::new();
    for at in (start..end).step_by(page.len()) {
        let read = file
            .seek(SeekFrom::Start(at))
            .and_then(|_| file.read_exact(&mut page));
        // Devices are mapped too, and cannot be read.
        if read.is_ok() && page.iter().any(|byte| *byte != 0) {
            run.extend_from_slice(&page);
        } else if !run.is_empty() {
            runs.push(std::mem::take(&mut run));
        }
    }
    runs.push(run);
}

fn found(markers: &[(&'static str, Marker)], memory: &[String]) -> Vec<(&'static str, &'static str)> {
    let each = |(name, marker): &(&'static str, Marker)| {
        let form = memory.iter().find_map(|run| marker.found_in(run));
        form.map(|form| (*name, form))
    };
    markers.iter().filter_map(each).collect()
}

/// Runs a test again where this user is root: nobody else may read the memory of a process that is not dumpable.
fn as_root_of_a_namespace(test: &str) {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user"]);
    command.arg(std::env::current_exe().expect("this program"));
    let status = command.args([test, "--exact", "--nocapture"]).status();
    let passed = status.expect("unshare of util-linux").success();
    assert!(
        passed,
        "it failed above, or this system denies user namespaces: then run it as root"
    );
}

#[test]
fn a_locked_wallet_has_no_secret_in_memory() {
    if !is_root() {
        return as_root_of_a_namespace("a_locked_wallet_has_no_secret_in_memory");
    }
    let profile = Profile::new();
    let (phrase, passphrase) = (
        profile.write("phrase", PHRASE),
        profile.write("passphrase", PASSPHRASE),
    );
    profile.import(&[
        "--phrase-file",
        &phrase,
        "--passphrase-file",
        &passphrase,
        "--account",
        "0",
        "--account",
        "1",
    ]);
    profile.import(&["--name", "Key", "--private-key-file", &profile.write("key", KEY)]);
    let mut command = enerlink();
    command.args(["--json", "run", "--data-dir", &profile.path("profile")]);
    command.args(["--password-file", &profile.path("password")]);
    let running = Running::start(command);
    running.wait_for("the start", |line| line["event"] == "started");

    // The control: an unlocked wallet has its keys in memory, and the search finds each of them.
    let unlocked = memory(running.id());
    let mut names: Vec<&str> = found(&keys(), &unlocked).iter().map(|(name, _)| *name).collect();
    names.dedup();
    assert_eq!(names, ["the first key", "the second key", "the imported key"]);
    // Password, phrase and passphrase are gone as soon as the vault is open.
    assert_eq!(found(&texts(), &unlocked), []);

    running.signal("USR1");
    running.wait_for("the lock", |line| {
        line["event"] == "vault" && line["state"] == "locked"
    });
    let locked = memory(running.id());
    assert_eq!(found(&keys(), &locked), []);
    assert_eq!(found(&texts(), &locked), []);
    running.stop();
}

/// `enerlink run` as a user without rights, or as the one who runs the tests, with core files allowed before it starts.
struct Plain {
    child: Child,
    directory: tempfile::TempDir,
    user: Option<u32>,
}

impl Plain {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let user = is_root().then_some(NOBODY);
        let own = |path: &Path, mode| {
            if let Some(user) = user {
                chown(path, Some(user), Some(user)).expect("root may");
            }
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("writable");
        };
        own(directory.path(), 0o700);
        // The build may lie where only its owner looks.
        let program = directory.path().join("enerlink");
        fs::copy(enerlink().get_program(), &program).expect("copied");
        own(&program, 0o700);
        let line = "ulimit -c unlimited; exec ./enerlink --json run --data-dir profile";
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .current_dir(directory.path())
            .env_clear()
            .env("SECRET", "1");
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("started");
        let mut lines = BufReader::new(child.stdout.as_mut().expect("piped")).lines();
        let started = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("started")));
        assert!(started.is_some(), "enerlink runs as user {user:?}");
        Self {
            child,
            directory,
            user,
        }
    }

    /// What a program of the same user says, with the exit code.
    fn ask(&self, program: &str, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.directory.path());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        let output = command.output().expect("started");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), latin(&said))
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn no_debugger_of_the_same_user_and_no_core_file() {
    let mut plain = Plain::start();
    let process = plain.child.id().to_string();
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).expect("readable");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .expect("a limit");
    assert_eq!(
        core.split_whitespace().collect::<Vec<_>>()[4..6],
        ["0", "0"],
        "{core}"
    );

    // The control: the same user sees everything of another of its processes.
    let mut sleep = Command::new("sleep");
    sleep.arg("60").env("SECRET", "1");
    if let Some(user) = plain.user {
        sleep.uid(user).gid(user);
    }
    let mut sleep = sleep.spawn().expect("started");
    let environment = |process: &str| plain.ask("cat", &[&format!("/proc/{process}/environ")]);
    let (readable, said) = environment(&sleep.id().to_string());
    sleep.kill().and_then(|()| sleep.wait()).expect("ended");
    assert!(readable && said.contains("SECRET=1"), "{said}");
    if plain.user.is_some() {
        let (readable, said) = environment(&process);
        assert!(!readable && said.contains("Permission denied"), "{said}");
    }
    if Path::new("/usr/bin/gdb").exists() && plain.user.is_some() {
        let (_, said) = plain.ask("gdb", &["-nx", "-batch", "-p", &process, "-ex", "info registers"]);
        assert!(said.contains("Operation not permitted"), "{said}");
        assert!(!said.contains("rip "), "{said}");
    }

    let sent = Command::new("kill")
        .args(["-ABRT", &process])
        .status()
        .expect("kill");
    assert!(sent.success());
    let status = plain.child.wait().expect("ended");
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
    let left: Vec<String> = fs::read_dir(plain.directory.path())
        .expect("readable")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert!(!left.iter().any(|name| name.starts_with("core")), "{left:?}");
}
