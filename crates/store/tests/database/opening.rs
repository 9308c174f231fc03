//! Opening and closing: modes, foreign and newer files, and what a killed process leaves behind.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use enerlink_domain::UnixMillis;
use enerlink_migrations::Migrator;
use enerlink_store::{Origin, Store, StoreError, meters, registers, settings, wallets};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;

use crate::generate::{meter_id, plain_meter, plain_wallet};

pub(crate) fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ener?link #1%20.db");
    (directory, path)
}

/// A connection beside the store, for what the store would never do.
pub(crate) async fn connect(path: &Path) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new("sqlite://database");
    let path = path.to_owned();
    options
        .sqlx_logging(false)
        .max_connections(1)
        .map_sqlx_sqlite_opts(move |options| options.filename(&path).create_if_missing(true));
    Database::connect(options).await.expect("a connection")
}

/// The schema version of this program.
fn known() -> u32 {
    u32::try_from(Migrator::migrations().len()).expect("a few")
}

async fn run(path: &Path, statements: &[&str]) {
    let db = connect(path).await;
    for statement in statements {
        db.execute_unprepared(statement).await.expect(statement);
    }
    db.close().await.expect("a close");
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(crate) async fn set(store: &Store, key: &str, value: &str) {
    let tx = store.begin().await.expect("a transaction");
    settings::set(&tx, key, value).await.expect("a write");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let (_directory, path) = directory();
    for round in 0..3_u32 {
        let store = Store::open(&path).await.expect("a store");
        let found = settings::all(&store.reader()).await.expect("all");
        assert_eq!(found.len(), round as usize);
        set(&store, &round.to_string(), "x").await;
        store.check().await.expect("a sound file");
        store.close().await.expect("a close");
    }
    assert!(!beside(&path, "-wal").exists(), "closing tidies the side files");
    assert!(
        !beside(&path, &format!(".v{}.bak", known())).exists(),
        "nothing was migrated, nothing copied"
    );
}

#[tokio::test]
async fn a_closed_store_answers_with_an_error() {
    let (_directory, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    let clone = store.clone();
    store.close().await.expect("a close");
    assert!(matches!(clone.begin().await, Err(StoreError::Database(_))));
    assert!(wallets::list(&clone.reader()).await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = directory();
    fs::write(&path, "").expect("an empty file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
    let store = Store::open(&path).await.expect("a store");
    set(&store, "a", "b").await;
    for suffix in ["", "-wal", "-shm"] {
        let mode = fs::metadata(beside(&path, suffix))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn the_file_is_opened_as_promised() {
    let (_directory, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    let db = connect(&path).await;
    for (pragma, expected) in [
        ("application_id", 0x454e_5247),
        ("user_version", known().cast_signed()),
    ] {
        let statement =
            sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, format!("PRAGMA {pragma}"));
        let row = db
            .query_one_raw(statement)
            .await
            .expect("an answer")
            .expect("a row");
        assert_eq!(
            row.try_get_by_index::<i32>(0).expect("a number"),
            expected,
            "{pragma}"
        );
    }
    let header = fs::read(&path).expect("the file");
    assert_eq!(header.get(18..20), Some(&[2, 2][..]), "write-ahead log");
    store.close().await.expect("a close");
}

/// Opens what must be refused and proves that no byte of it, nor beside it, changed.
async fn refused(path: &Path) -> StoreError {
    let before = fs::read(path).expect("the file");
    let files = || {
        fs::read_dir(path.parent().expect("a directory"))
            .expect("a list")
            .count()
    };
    let count = files();
    let error = Store::open(path).await.expect_err("a refusal");
    assert_eq!(fs::read(path).expect("the file"), before);
    assert_eq!(files(), count, "no file came or went");
    error
}

#[tokio::test]
async fn a_newer_file_is_refused_untouched() {
    let (_directory, path) = directory();
    Store::open(&path)
        .await
        .expect("a store")
        .close()
        .await
        .expect("a close");
    run(&path, &[&format!("PRAGMA user_version = {}", known() + 1)]).await;
    let error = refused(&path).await;
    let StoreError::Newer {
        found, known: knows, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((*found, *knows), (known() + 1, known()));
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_newer_file_is_refused_when_only_its_log_says_so() {
    let (_directory, path) = directory();
    let store = Store::open(&path).await.expect("a store");
    let db = connect(&path).await;
    db.execute_unprepared(&format!("PRAGMA user_version = {}", known() + 1))
        .await
        .expect("a version");
    let (_other, copy) = directory_copy(&path);
    let before = (
        fs::read(&copy).expect("file"),
        fs::read(beside(&copy, "-wal")).expect("log"),
    );
    let error = Store::open(&copy).await.expect_err("a refusal");
    assert!(
        matches!(error, StoreError::Newer { found, .. } if found == known() + 1),
        "{error}"
    );
    let after = (
        fs::read(&copy).expect("file"),
        fs::read(beside(&copy, "-wal")).expect("log"),
    );
    assert!(before == after, "file and log are as they were");
    store.close().await.expect("a close");
}

#[tokio::test]
async fn a_foreign_file_is_refused_untouched() {
    let (_directory, path) = directory();
    fs::write(
        &path,
        "a letter to my grandmother, long enough to have a header ".repeat(9),
    )
    .expect("a file");
    assert!(matches!(refused(&path).await, StoreError::Foreign { .. }));
    fs::write(&path, "short").expect("a file");
    assert!(matches!(refused(&path).await, StoreError::Foreign { .. }));
    fs::remove_file(&path).expect("a removal");
    run(&path, &["CREATE TABLE a (b)"]).await;
    assert!(matches!(refused(&path).await, StoreError::Foreign { .. }));
    run(&path, &["PRAGMA application_id = 7"]).await;
    assert!(matches!(refused(&path).await, StoreError::Foreign { .. }));
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_named() {
    let (directory, _) = directory();
    let error = Store::open(&directory.path().join("a/b.db"))
        .await
        .expect_err("a refusal");
    assert!(matches!(error, StoreError::Io(_)), "{error}");
}

/// What a killed process leaves: the file and its log, without the shared memory and the locks.
fn directory_copy(path: &Path) -> (TempDir, PathBuf) {
    let (directory, copy) = directory();
    fs::copy(path, &copy).expect("the file");
    fs::copy(beside(path, "-wal"), beside(&copy, "-wal")).expect("its log");
    (directory, copy)
}

/// A store with `commits` commits, each of which writes `n` in three tables.
async fn written(path: &Path, commits: i64) -> Store {
    let store = Store::open(path).await.expect("a store");
    let tx = store.begin().await.expect("a transaction");
    meters::insert(&tx, &plain_meter("METER-001"))
        .await
        .expect("a meter");
    tx.commit().await.expect("a commit");
    for n in 1..=commits {
        write(&store, n).await;
    }
    store
}

async fn write(store: &Store, n: i64) {
    use enerlink_domain::{MicroWh, Registers, register::CounterSource};
    let tx = store.begin().await.expect("a transaction");
    let mut value = Registers::new(CounterSource::Total);
    value.export = MicroWh(n as u64);
    registers::save(&tx, &meter_id(), &value, UnixMillis(n))
        .await
        .expect("registers");
    settings::set(&tx, "n", &n.to_string()).await.expect("a setting");
    wallets::ensure(&tx, &plain_wallet(n as u8), Origin::Created, UnixMillis(n))
        .await
        .expect("a wallet");
    tx.commit().await.expect("a commit");
}

/// The `n` that all three tables agree on.
async fn agreed(store: &Store) -> i64 {
    let reader = store.reader();
    let n = settings::get(&reader, "n").await.expect("a read");
    let n = n.map_or(0, |text| text.parse().expect("a number"));
    let value = registers::load(&reader, &meter_id()).await.expect("a read");
    assert_eq!(value.map_or(0, |value| value.export.0 as i64), n);
    assert_eq!(wallets::list(&reader).await.expect("a list").len() as i64, n);
    n
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_committed() {
    let (_directory, path) = directory();
    let store = written(&path, 12).await;
    let open = store.begin().await.expect("a transaction");
    settings::set(&open, "n", "13").await.expect("a write");
    let (_other, copy) = directory_copy(&path);
    let reopened = Store::open(&copy).await.expect("a store");
    assert_eq!(agreed(&reopened).await, 12);
    reopened.check().await.expect("a sound file");
    write(&reopened, 13).await;
    assert_eq!(agreed(&reopened).await, 13);
}

/// Where the log is torn: cut at every other place, changed at the others.
const PLACES: usize = 400;
/// How many are tried at once: most of the time is spent waiting for the disk.
const HANDS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_log_opens_at_an_earlier_commit() {
    let (_directory, path) = directory();
    let store = written(&path, 12).await;
    let (_other, copy) = directory_copy(&path);
    let file: Arc<[u8]> = fs::read(&copy).expect("file").into();
    let log: Arc<[u8]> = fs::read(beside(&copy, "-wal")).expect("log").into();
    let hands = (0..HANDS).map(|hand| {
        let (file, log) = (Arc::clone(&file), Arc::clone(&log));
        tokio::spawn(async move {
            let (_directory, copy) = directory();
            let mut seen = Vec::new();
            for step in (hand..=PLACES).step_by(HANDS) {
                fs::write(&copy, &file).expect("a file");
                fs::write(beside(&copy, "-wal"), torn(&log, step)).expect("a log");
                let _ = fs::remove_file(beside(&copy, "-shm"));
                // A small file is checked whole when it is opened.
                let reopened = Store::open(&copy).await.expect("a store");
                seen.push((step, agreed(&reopened).await));
                reopened.close().await.expect("a close");
            }
            seen
        })
    });
    let mut seen = Vec::new();
    for hand in hands.collect::<Vec<_>>() {
        seen.extend(hand.await.expect("it opens everywhere"));
    }
    seen.sort_unstable();
    let seen: Vec<i64> = seen.into_iter().map(|(_, commits)| commits).collect();
    assert_eq!(seen.len(), PLACES + 1);
    assert_eq!(seen.iter().max(), Some(&12), "the whole log has every commit");
    assert!(
        seen.windows(3).all(|three| three[0] <= three[2]),
        "more log, more commits: {seen:?}"
    );
    store.close().await.expect("a close");
}

/// The log as it is at the place `step`.
fn torn(log: &[u8], step: usize) -> Vec<u8> {
    let cut = log.len() * step / PLACES;
    if step.is_multiple_of(2) {
        return log[..cut].to_vec();
    }
    let mut changed = log.to_vec();
    changed[cut.min(log.len() - 1)] ^= 0x40;
    changed
}
