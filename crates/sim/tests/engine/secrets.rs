//! Marked secrets through every flow: none is found in the data directory, in logs, in events, in errors.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use enerlink_domain::{
    Error,
    wallet::{BackupSource, ImportSource, LockReason},
};
use enerlink_engine::Password;

use tracing_subscriber::EnvFilter;

use crate::support::{Household, Setup};

const PASSWORD: &str = "MARKER-vault-9f27 password";
const CHANGED: &str = "MARKER-changed-31aa password";
const WRONG: &str = "MARKER-wrong-77c0 password";
const PASSPHRASE: &str = "MARKER-passphrase-5be1";
const FILE_PASSWORD: &str = "MARKER-file-e402 password";
const KEY: &str = "d3adb33fc0ffee00d3adb33fc0ffee00d3adb33fc0ffee00d3adb33fc0ffee01";

fn secret(text: &str) -> Password {
    Password::from(text.to_owned())
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Keeps what this process logs from now on, down to the smallest detail of our own crates.
    fn keep() -> Self {
        let (log, filter) = (Self::default(), EnvFilter::new("info,enerlink=trace"));
        let writer = log.clone();
        let kept = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(move || writer.clone());
        kept.try_init().expect("nobody else in this process keeps a log");
        log
    }

    fn content(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The content of every file below `directory`.
fn contents(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(directory).expect("listed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            contents(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read(&path).expect("read")));
        }
    }
}

/// What must be nowhere: texts, and the key as bytes.
fn markers(words: &[&str]) -> Vec<Vec<u8>> {
    let mut markers: Vec<Vec<u8>> = ["MARKER-", KEY].map(|text| text.as_bytes().to_vec()).to_vec();
    markers.push(enerlink_domain::id::unhex(KEY).expect("a key"));
    markers.extend(words.windows(3).map(|three| three.join(" ").into_bytes()));
    // As JSON would write them.
    markers.extend(words.windows(3).map(|three| three.join("\",\"").into_bytes()));
    markers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marked_secrets_are_found_nowhere() {
    let log = Log::keep();
    let household = Household::found(Setup::default()).await;
    let profile = household.fresh().await;
    let engine = &profile.engine;
    let mut events = engine.events();
    let mut errors: Vec<Error> = Vec::new();

    let created = engine
        .create_wallet("Home".to_owned(), secret(PASSWORD), 12, secret(PASSPHRASE))
        .await
        .expect("a wallet");
    let phrase = engine
        .reveal_phrase(created.wallet, secret(PASSWORD))
        .await
        .expect("revealed");
    let words: Vec<_> = phrase.words().collect();
    let typed = (0_u8..)
        .zip(words.iter().map(|word| (*word).to_owned()))
        .collect();
    engine
        .confirm_phrase(created.wallet, secret(PASSWORD), typed)
        .await
        .expect("typed back");
    let key = || ImportSource::PrivateKey { key: KEY.to_owned() };
    engine
        .import_wallet("Key".to_owned(), secret(PASSWORD), key(), Vec::new())
        .await
        .expect("imported");
    errors.extend(
        engine
            .import_wallet("Key".to_owned(), secret(PASSWORD), key(), Vec::new())
            .await
            .err(),
    );
    let again = |words: String| ImportSource::Phrase {
        words,
        passphrase: PASSPHRASE.to_owned(),
        accounts: vec![0],
    };
    errors.extend(engine.preview_import(again(words[..11].join(" "))).await.err());
    errors.extend(
        engine
            .preview_import(again(format!("{} MARKER-word", words[..11].join(" "))))
            .await
            .err(),
    );
    let short = ImportSource::PrivateKey {
        key: KEY[..62].to_owned(),
    };
    errors.extend(engine.preview_import(short).await.err());
    let exported = household.shelf("key.json");
    let account = engine.wallets()[1].address();
    engine
        .export_keystore(account, secret(PASSWORD), secret(FILE_PASSWORD), &exported)
        .await
        .expect("exported");
    let file = |password: &str| ImportSource::Keystore {
        path: exported.display().to_string(),
        password: password.to_owned(),
    };
    engine.preview_import(file(FILE_PASSWORD)).await.expect("opened");
    errors.extend(engine.preview_import(file(WRONG)).await.err());
    engine.unlock(secret(PASSWORD)).await.expect("unlocked");
    errors.extend(engine.unlock(secret(WRONG)).await.err());
    engine
        .change_password(secret(PASSWORD), secret(CHANGED))
        .await
        .expect("changed");
    errors.extend(
        engine
            .change_password(secret(CHANGED), secret("MARKER"))
            .await
            .err(),
    );
    engine
        .add_account(created.wallet, secret(CHANGED), Some(7))
        .await
        .expect("added");
    let backup = household.shelf("home.enlbackup");
    engine
        .save_backup(secret(CHANGED), &backup)
        .await
        .expect("a backup");
    engine
        .save_sheet(&household.shelf("sheet.pdf"), "en")
        .await
        .expect("a sheet");
    let source = BackupSource::File {
        path: backup.display().to_string(),
    };
    errors.extend(
        engine
            .restore(source.clone(), secret(WRONG), Some(secret(CHANGED)))
            .await
            .err(),
    );
    engine
        .restore(source, secret(CHANGED), Some(secret(CHANGED)))
        .await
        .expect("restored");
    engine.acknowledge_restore().await.expect("seen");
    engine.lock(LockReason::Person);
    engine.unlock(secret(CHANGED)).await.expect("unlocked");
    engine.stop().await;
    assert_eq!(errors.len(), 8, "each refusal was one: {errors:?}");

    let mut found = Vec::new();
    contents(profile.directory.path(), &mut found);
    contents(household.shelf("").as_path(), &mut found);
    assert!(found.iter().any(|(name, _)| name.ends_with("vault.enl")));
    assert!(found.iter().any(|(name, _)| name.ends_with("enerlink.db")));
    let logged = log.content();
    let wallet_acts = String::from_utf8_lossy(&logged)
        .matches("password_changed")
        .count();
    assert!(wallet_acts > 0, "acts are logged");
    found.push(("the log".to_owned(), logged));
    found.push(("errors".to_owned(), format!("{errors:?}").into_bytes()));
    let engine = Arc::new(profile.engine);
    found.push((
        "status".to_owned(),
        serde_json::to_vec(&engine.status()).expect("JSON"),
    ));
    drop(engine);
    let mut told = 0;
    while let Ok(Some(event)) =
        tokio::time::timeout(std::time::Duration::from_millis(200), events.next()).await
    {
        told += 1;
        found.push((format!("event {told}"), serde_json::to_vec(&event).expect("JSON")));
    }
    assert!(told > 20, "events were told: {told}");
    for marker in markers(&words) {
        for (name, content) in &found {
            let there = content.windows(marker.len()).any(|part| part == marker);
            assert!(!there, "{} is in {name}", String::from_utf8_lossy(&marker));
        }
    }
}
