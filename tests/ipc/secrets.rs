//! No command answers a secret but the one that is made for it, and none leaves one in files, events or the log.

use std::{
    collections::BTreeSet,
    fs, io,
    path::Path,
    sync::{Arc, Mutex},
};

use enerlink_ipc::names;
use serde_json::{Value, json};

use crate::{
    input::sample,
    support::{PASSWORD, Shell},
};

/// The second account of the common test phrase, whose keys everybody knows.
const PHRASE: &str = "test test test test test test test test test test test junk";
const ADDRESS: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const KEY: &str = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const PASSPHRASE: &str = "marker-passphrase 4712";
const FILE_PASSWORD: &str = "marker-file-password nine valleys 4713";
const WRONG: &str = "marker-wrong-password ten lakes 4714";
/// The entropy of the phrase.
const ENTROPY: &str = "df9bf37e6fcdf9bf37e6fcdf9bf37e3c";

/// What must not be found anywhere, in lower case.
fn markers() -> Vec<Vec<u8>> {
    let key = bytes(KEY);
    let entropy = bytes(ENTROPY);
    let decimal = |bytes: &[u8]| serde_json::to_string(bytes).expect("JSON").into_bytes();
    vec![
        PHRASE.into(),
        PHRASE.replace(' ', "\",\"").into(),
        KEY.into(),
        ENTROPY.into(),
        decimal(&key),
        decimal(&entropy),
        key,
        entropy,
        PASSWORD.into(),
        PASSPHRASE.into(),
        FILE_PASSWORD.into(),
        WRONG.into(),
    ]
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("digits");
            u8::from_str_radix(pair, 16).expect("digits")
        })
        .collect()
}

fn assert_clean(what: &str, text: &[u8]) {
    let lower = text.to_ascii_lowercase();
    for marker in markers() {
        let found = text.windows(marker.len()).any(|part| part == marker)
            || lower.windows(marker.len()).any(|part| part == marker);
        assert!(!found, "{what} holds {}", String::from_utf8_lossy(&marker));
    }
}

/// Everything that was logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }
}

/// The commands that are walked with secrets that are right, one after the other, and what each is called with.
fn walk(key_file: &Path, backup: &Path) -> Vec<(&'static str, Value)> {
    let phrase = json!({ "source": "phrase", "words": PHRASE, "passphrase": PASSPHRASE, "accounts": [0, 1] });
    let plain = json!({ "source": "phrase", "words": PHRASE, "passphrase": "", "accounts": [0] });
    let key = json!({ "source": "private_key", "key": KEY });
    let file = json!({ "source": "keystore", "path": key_file, "password": FILE_PASSWORD });
    let import =
        |source: &Value| json!({ "name": "Roof", "password": PASSWORD, "source": source, "expected": [] });
    let source = json!({ "source": "file", "path": backup });
    let inspect = json!({ "backup": source, "backupPassword": PASSWORD });
    let restore = json!({ "backup": source, "backupPassword": PASSWORD, "password": PASSWORD });
    vec![
        ("rate_password", json!({ "password": PASSWORD })),
        ("preview_import", json!({ "source": phrase })),
        ("import_wallet", import(&phrase)),
        ("import_wallet", import(&plain)),
        ("preview_import", json!({ "source": key })),
        ("import_wallet", import(&key)),
        (
            "export_keystore",
            json!({ "address": ADDRESS, "password": PASSWORD, "filePassword": FILE_PASSWORD }),
        ),
        ("preview_import", json!({ "source": file })),
        ("import_wallet", import(&file)),
        ("unlock", json!({ "password": WRONG })),
        ("unlock", json!({ "password": PASSWORD })),
        (
            "change_password",
            json!({ "password": WRONG, "newPassword": PASSWORD }),
        ),
        ("save_backup", json!({ "password": PASSWORD })),
        ("save_sheet", json!({ "language": "en" })),
        ("inspect_backup", inspect),
        ("restore", restore),
        ("put_contact", json!({ "address": ADDRESS, "name": "Neighbour" })),
    ]
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("a directory").flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn no_command_answers_a_secret_but_the_one_that_is_made_for_it() {
    let log = Log::start();
    let shell = Shell::empty();
    let events = Arc::new(Mutex::new(String::new()));
    let (mut reader, heard) = (shell.engine.events(), Arc::clone(&events));
    tauri::async_runtime::spawn(async move {
        while let Some(event) = reader.next().await {
            let text = format!("{event:?} {}", serde_json::to_string(&event).expect("JSON"));
            heard.lock().expect("not poisoned").push_str(&text);
        }
    });
    let (key_file, backup, sheet) = (shell.file("key"), shell.file("backup"), shell.file("sheet"));
    let mut called = BTreeSet::new();
    let mut answered = 0;
    for (command, arguments) in walk(&key_file, &backup) {
        match command {
            "export_keystore" => shell.person.picks(&[&key_file]),
            "save_backup" => shell.person.picks(&[&backup]),
            "save_sheet" => shell.person.picks(&[&sheet]),
            _ => {}
        }
        let answer = shell.call(command, arguments);
        answered += usize::from(answer.is_ok());
        assert_clean(command, format!("{answer:?}").as_bytes());
        called.insert(command);
    }
    assert!(answered >= 12, "the walk went through: {answered}");

    let wallets = shell.answer("read_status", json!({}))["wallets"].clone();
    let wallet = wallets
        .as_array()
        .expect("wallets")
        .iter()
        .find(|wallet| wallet["kind"] == "phrase" && wallet["passphrase"] == false)
        .expect("the phrase was imported");
    let id = wallet["wallet"].as_str().expect("an id");
    let reveal = |password: &str| json!({ "wallet": id, "password": password });
    for command in names().filter(|name| *name != "reveal_phrase" && !called.contains(*name)) {
        // Those that would end the walk come last.
        if matches!(command, "remove_wallet" | "lock") {
            continue;
        }
        let mut arguments = sample(command, id, ADDRESS);
        if let Some(password) = arguments.get_mut("password") {
            *password = PASSWORD.into();
        }
        let answer = shell.call(command, arguments);
        assert_clean(command, format!("{answer:?}").as_bytes());
    }
    let refused = shell.call("reveal_phrase", reveal(WRONG)).expect_err("wrong");
    assert_clean("a refusal", format!("{refused:?}").as_bytes());
    let words = shell.answer("reveal_phrase", reveal(PASSWORD));
    assert_eq!(
        words,
        json!(PHRASE.split(' ').collect::<Vec<_>>()),
        "after the password only"
    );
    for command in ["lock", "remove_wallet"] {
        let answer = shell.call(command, reveal(PASSWORD));
        assert_clean(command, format!("{answer:?}").as_bytes());
    }

    tauri::async_runtime::block_on(shell.engine.stop());
    assert_clean("events", events.lock().expect("not poisoned").as_bytes());
    assert!(
        events.lock().expect("not poisoned").contains("imported"),
        "events were heard"
    );
    assert_clean("the log", &log.0.lock().expect("not poisoned"));
    let files = files_below(shell.directory.path());
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        assert_clean(&file.display().to_string(), &fs::read(&file).expect("readable"));
    }
}
