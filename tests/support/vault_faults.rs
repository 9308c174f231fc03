//! Faults at the system calls by which a vault is saved, and what has to be true afterwards.

#![allow(dead_code, reason = "each test target uses a part of this")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use enerlink_domain::UnixMillis;
use enerlink_keystore::{Import, KdfParams, Keystore, Moment, Password};
use serde_json::Value;

use crate::support::{Marker, PASSWORD, enerlink, gather, latin};

const NEW_PASSWORD: &str = "sun over the seven roofs";
/// The phrase of an example of BIP-39, its entropy and its first key.
const PHRASE: &str = "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic";
const ENTROPY: &str = "9e885d952ad362caeb4efe34a8e91bd2";
const KEY: &str = "4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4b01";
const OTHER_KEY: &str = "7c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de501";
const CONTACT: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// What changes a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The first wallet of an empty profile.
    Create,
    Passwd,
    Import,
    /// One of two wallets.
    Remove,
    /// The only wallet, and the vault with it.
    RemoveLast,
}

impl Change {
    pub(crate) const ALL: [Self; 5] = [
        Self::Create,
        Self::Passwd,
        Self::Import,
        Self::Remove,
        Self::RemoveLast,
    ];

    fn arguments(self, scene: &Scene) -> Vec<String> {
        let line: &[&str] = match self {
            Self::Create => &["create"],
            Self::Passwd => &["passwd", "--new-password-file", "@new"],
            Self::Import => &["import", "--private-key-file", "@other-key"],
            Self::Remove | Self::RemoveLast => &["remove", "--wallet", "Key"],
        };
        let given = |word: &&str| match word.strip_prefix('@') {
            Some(name) => scene.given(name),
            None => (*word).to_owned(),
        };
        line.iter().map(given).collect()
    }

    /// What a profile holds before, and what after.
    fn sides(self) -> [Side; 2] {
        let side = |password, wallets: &[&'static str]| Side {
            password,
            wallets: wallets.to_vec(),
        };
        match self {
            Self::Create => [side("old", &[]), side("old", &["Household"])],
            Self::Passwd => [side("old", &["Phrase", "Key"]), side("new", &["Phrase", "Key"])],
            Self::Import => [
                side("old", &["Phrase", "Key"]),
                side("old", &["Phrase", "Key", "Imported"]),
            ],
            Self::Remove => [side("old", &["Phrase", "Key"]), side("old", &["Phrase"])],
            Self::RemoveLast => [side("old", &["Key"]), side("old", &[])],
        }
    }
}

/// One of the two states that a change may leave.
struct Side {
    /// The file of the password that opens it.
    password: &'static str,
    /// The names of its wallets; no vault when there is none.
    wallets: Vec<&'static str>,
}

/// What is done to one system call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The process is killed before it.
    Kill,
    /// It fails with this error.
    Error(&'static str),
}

/// One system call of a change.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    thread: String,
    pub(crate) name: String,
    /// How many of this name its thread had made before, and this one.
    nth: usize,
    /// Everything that strace says of it.
    pub(crate) line: String,
    /// Whether the change was made before it: then an error only says that it may not last.
    settled: bool,
}

impl Call {
    pub(crate) fn writes(&self) -> bool {
        matches!(
            self.name.as_str(),
            "write" | "pwrite64" | "fsync" | "fdatasync" | "unlink"
        ) || self.name.starts_with("rename")
    }

    pub(crate) fn creates(&self) -> bool {
        self.name == "openat" && self.line.contains("O_CREAT")
    }

    /// Whether it concerns the file or directory at `path` of the profile.
    pub(crate) fn concerns(&self, path: &Path) -> bool {
        let path = path.display();
        self.line.contains(&format!("<{path}>")) || self.line.contains(&format!("\"{path}\""))
    }
}

/// A profile to change again and again, and the secrets in files beside it.
pub(crate) struct Scene {
    directory: tempfile::TempDir,
    change: Change,
}

impl Scene {
    pub(crate) fn new(change: Change) -> Self {
        let scene = Self {
            directory: tempfile::tempdir().expect("directory"),
            change,
        };
        for (name, secret) in [("old", PASSWORD), ("new", NEW_PASSWORD), ("other-key", OTHER_KEY)] {
            fs::write(scene.file(name), secret).expect("writable");
        }
        match change {
            Change::Create => scene.begin(),
            _ => scene.fill(change != Change::RemoveLast),
        }
        scene
    }

    /// A profile with a database, which syncs the same directory, and without a vault.
    fn begin(&self) {
        let mut command = enerlink();
        command.args([
            "contacts",
            "put",
            "--name",
            "Ibu",
            "--address",
            CONTACT,
            "--data-dir",
        ]);
        let output = command.arg(self.file("base")).output().expect("started");
        assert!(output.status.success(), "{output:?}");
    }

    /// A vault at the least cost that is accepted, so that many of them can be opened; then the rest of the profile.
    fn fill(&self, phrase: bool) {
        let base = self.file("base");
        let keystore = Keystore::open_with(&base, KdfParams::FLOOR).expect("opens");
        let password = Password::from(PASSWORD.to_owned());
        let now = Moment {
            wall: UnixMillis(1_780_000_000_000),
            monotonic: Duration::ZERO,
        };
        let import = |name: &str, import: Import| {
            keystore
                .import(name, &password, &import, &[], now)
                .expect("imported");
        };
        if phrase {
            let words = Import::Phrase {
                words: PHRASE.to_owned().into(),
                passphrase: Password::from(String::new()),
                accounts: vec![0, 1],
            };
            import("Phrase", words);
        }
        import("Key", Import::PrivateKey(KEY.to_owned().into()));
        drop(keystore);
        let output = self.wallet(&base, &["verify"], "old").output().expect("started");
        assert!(output.status.success(), "{output:?}");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn given(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    /// Where the change is made.
    pub(crate) fn profile(&self) -> PathBuf {
        self.file("profile")
    }

    /// Puts the profile back to how it is before the change.
    pub(crate) fn reset(&self) {
        let _ = fs::remove_dir_all(self.profile());
        if self.file("base").exists() {
            copy(&self.file("base"), &self.profile());
        }
    }

    /// `enerlink --json wallet …`, ready to run.
    fn wallet(&self, profile: &Path, words: &[&str], password: &str) -> Command {
        let mut command = enerlink();
        command.args(["--json", "wallet"]).args(words);
        command.arg("--data-dir").arg(profile);
        command.args(["--password-file", &self.given(password)]);
        command
    }

    /// The change itself.
    pub(crate) fn changing(&self) -> Command {
        let words = self.change.arguments(self);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.wallet(&self.profile(), &words, "old")
    }

    /// The files that a save touches.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let names = [
            "",
            "vault.enl",
            "vault.enl.tmp",
            "vault.enl.bak",
            "vault.enl.bak.tmp",
            "unlock-attempts.json",
            "unlock-attempts.json.tmp",
        ];
        names
            .map(|name| {
                if name.is_empty() {
                    self.profile()
                } else {
                    self.profile().join(name)
                }
            })
            .to_vec()
    }

    /// The change under strace, which looks at the files of the vault alone.
    fn traced(&self, more: &[&str]) -> Command {
        let changing = self.changing();
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-qq", "-y", "-e", "signal=none", "-o"])
            .arg(self.file("trace"));
        strace.args([
            "-e",
            "trace=openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,mkdir",
        ]);
        for path in self.paths() {
            strace.arg("-P").arg(path);
        }
        strace
            .args(more)
            .arg(changing.get_program())
            .args(changing.get_args());
        for (name, value) in changing.get_envs() {
            match value {
                Some(value) => strace.env(name, value),
                None => strace.env_remove(name),
            };
        }
        strace
    }

    /// The calls of an undisturbed change, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.reset();
        let output = self
            .traced(&[])
            .output()
            .expect("strace is installed by `cargo xtask test`");
        assert!(output.status.success(), "{:?}: {output:?}", self.change);
        assert_eq!(self.state("undisturbed"), 1, "the change is made");
        let trace = fs::read_to_string(self.file("trace")).expect("a trace");
        let mut counts = BTreeMap::new();
        let mut calls: Vec<Call> = Vec::new();
        for line in trace.lines() {
            let (thread, line) = line.split_once(' ').expect("a thread and its call");
            let line = line.trim_start();
            let name = line.split_once('(').map_or("", |(name, _)| name);
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                continue;
            }
            let nth = counts.entry((thread.to_owned(), name.to_owned())).or_insert(0);
            *nth += 1;
            calls.push(Call {
                thread: thread.to_owned(),
                name: name.to_owned(),
                nth: *nth,
                line: line.to_owned(),
                settled: calls.iter().any(|call| self.makes(call)),
            });
        }
        calls
    }

    /// Whether this call makes the change: the new vault takes its place, or the last one goes.
    fn makes(&self, call: &Call) -> bool {
        let vault = self.profile().join("vault.enl").display().to_string();
        match self.change {
            Change::RemoveLast => call.line.starts_with(&format!("unlink(\"{vault}\")")),
            _ => call.line.starts_with(&format!("rename(\"{vault}.tmp\"")),
        }
    }

    /// The calls at which something may fail, each once: strace counts by thread, so that a fault at the second `fsync`
    /// meets the second one of every thread.
    pub(crate) fn points(&self, wanted: impl Fn(&Call) -> bool) -> Vec<Call> {
        let mut points: Vec<Call> = Vec::new();
        for call in self.calls().into_iter().filter(wanted) {
            match points
                .iter_mut()
                .find(|point| (&point.name, point.nth) == (&call.name, call.nth))
            {
                Some(point) => point.settled |= call.settled,
                None => points.push(call),
            }
        }
        points
    }

    /// Makes the change with `fault` at `call`, and checks what is left: the old vault or the new one, never neither, and
    /// nothing in clear. Answers which one was left.
    pub(crate) fn strike(&self, call: &Call, fault: Fault) -> usize {
        let what = format!(
            "{:?}, {fault:?} at {} number {}: {}",
            self.change, call.name, call.nth, call.line
        );
        self.reset();
        let (name, nth) = (&call.name, call.nth);
        let inject = match fault {
            Fault::Kill => format!("inject={name}:signal=KILL:when={nth}"),
            Fault::Error(error) => format!("inject={name}:error={error}:when={nth}"),
        };
        let output = self.traced(&["-e", &inject]).output().expect("strace");
        let said = latin(&output.stdout);
        let state = match fault {
            Fault::Kill => {
                assert_eq!(output.status.signal(), Some(9), "{what}: was not killed; {said}");
                self.state(&what)
            }
            Fault::Error(_) => {
                let trace = fs::read_to_string(self.file("trace")).expect("a trace");
                assert!(trace.contains("(INJECTED)"), "{what}: nothing was injected");
                let state = self.state(&what);
                match output.status.code() {
                    Some(0) => assert_eq!(state, 1, "{what}: success is said, and the old vault is there"),
                    Some(1) => assert_refusal(&said, &what),
                    code => panic!("{what}: ends with {code:?}, {said}"),
                }
                if output.status.code() == Some(1) && !call.settled {
                    assert_eq!(state, 0, "{what}: an error is said, and the new vault is there");
                }
                state
            }
        };
        self.assert_nothing_in_clear(&what);
        state
    }

    /// Makes the change where a fault has left the old vault.
    pub(crate) fn make_again(&self, call: &Call) {
        let output = self.changing().output().expect("started");
        let said = latin(&output.stdout);
        assert!(
            output.status.success(),
            "cannot be made after a fault at {}: {said}",
            call.line
        );
        assert_eq!(self.state("made again"), 1, "made after a fault at {}", call.line);
        self.assert_nothing_in_clear("made again");
    }

    /// Which side the profile is on: 0 before the change, 1 after. Panics when it is on neither.
    pub(crate) fn state(&self, what: &str) -> usize {
        let sides = self.change.sides();
        let mut said = Vec::new();
        for (at, side) in sides.iter().enumerate() {
            let output = self
                .wallet(&self.profile(), &["verify"], side.password)
                .output()
                .expect("started");
            let text = latin(&output.stdout);
            let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
            let lines: Vec<Value> = lines.collect();
            let found = if output.status.success() {
                let names = lines.iter().filter_map(|line| line["name"].as_str());
                !side.wallets.is_empty() && names.eq(side.wallets.iter().copied())
            } else {
                side.wallets.is_empty() && lines[0]["error"]["code"] == "NO_VAULT"
            };
            if found {
                return at;
            }
            said.push(text);
        }
        let left: Vec<PathBuf> = self.files().into_iter().map(|(path, _)| path).collect();
        panic!("{what}: neither the old vault nor the new one opens: {said:?}, {left:?}");
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        gather(&self.profile(), &mut files);
        files
    }

    fn assert_nothing_in_clear(&self, what: &str) {
        let markers = [
            Marker::text("the password", PASSWORD),
            Marker::text("the new password", NEW_PASSWORD),
            Marker::phrase("the phrase", PHRASE),
            Marker::bytes("the entropy", ENTROPY),
            Marker::bytes("a private key", KEY),
            Marker::bytes("another private key", OTHER_KEY),
        ];
        for (path, content) in self.files() {
            let content = latin(&content);
            for marker in &markers {
                let form = marker.found_in(&content);
                assert!(
                    form.is_none(),
                    "{what}: a secret can be read in {}: {form:?}",
                    path.display()
                );
            }
        }
    }
}

fn assert_refusal(said: &str, what: &str) {
    let line = said.lines().last().unwrap_or_default();
    let answer: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{what}: {error}: {said}"));
    for field in ["code", "message"] {
        let text = answer["error"][field].as_str();
        assert!(
            text.is_some_and(|text| text.len() > 3),
            "{what}: {field} of {answer}"
        );
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    fs::set_permissions(to, fs::metadata(from).expect("there").permissions()).expect("writable");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("an entry").path();
        let target = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).expect("copied");
        }
    }
}
