//! All that is particular to SQLite: pragmas, the marks in the file's header, the file's own check, copies.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use enerlink_domain::id::keccak256;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, TryGetable,
};

use crate::{StoreError, seal};

/// `ENRG`, the mark of this program in a file's header.
pub(crate) const APPLICATION_ID: i32 = 0x454e_5247;
/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Where the header holds `user_version` and `application_id`, four bytes each, big-endian.
const USER_VERSION_AT: usize = 60;
const APPLICATION_ID_AT: usize = 68;
/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a transaction waits for the one before it.
const WRITER_WAIT: Duration = Duration::from_secs(60);
/// A write-ahead log that grew beyond this is cut back, in bytes.
const LOG_LIMIT: &str = "67108864";
/// Pages, of 4 KiB, after which the writer itself takes the write-ahead log into the file: nobody else has come to it.
const CHECKPOINT: &str = "16000";
/// What the writer keeps of the file in memory, in KiB as SQLite writes them: the indexes that a burst of rows touches.
const WRITER_CACHE: &str = "-16384";
/// Readers at the same time.
const READERS: u32 = 4;
/// Files up to this size are checked whole when they are opened; it takes a few milliseconds.
pub(crate) const CHECKED_AT_OPEN: u64 = 8 << 20;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The disk: a commit survives a power cut.
    Full,
    /// Nothing: for a file that nobody opens again.
    None,
}

impl Durability {
    fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::None => "OFF",
        }
    }
}

/// What every connection has in common; the path is set apart, because `?`, `#` and `%` mean something in an address.
fn options() -> ConnectOptions {
    let mut options = ConnectOptions::new("sqlite://database");
    options
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>);
    options
}

/// The one connection that writes.
pub(crate) async fn connect_writer(
    path: &Path,
    durability: Durability,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = options();
    let path = path.to_owned();
    options
        .max_connections(1)
        .min_connections(1)
        .acquire_timeout(WRITER_WAIT)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .filename(&path)
                .busy_timeout(BUSY_TIMEOUT)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", durability.pragma())
                .pragma("foreign_keys", "ON")
                .pragma("journal_size_limit", LOG_LIMIT)
                .pragma("wal_autocheckpoint", CHECKPOINT)
                .pragma("cache_size", WRITER_CACHE)
        });
    Ok(Database::connect(options).await?)
}

/// The connection that takes the write-ahead log into the file beside the writer; opened when it is first needed.
pub(crate) async fn connect_keeper(
    path: &Path,
    durability: Durability,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = options();
    let path = path.to_owned();
    options
        .max_connections(1)
        .connect_lazy(true)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .filename(&path)
                .busy_timeout(BUSY_TIMEOUT)
                .pragma("synchronous", durability.pragma())
        });
    Ok(Database::connect(options).await?)
}

/// Takes as much of the write-ahead log into the file as can be taken without anybody waiting.
pub(crate) async fn checkpoint(keeper: &DatabaseConnection) -> Result<(), StoreError> {
    keeper
        .execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)")
        .await?;
    Ok(())
}

/// The connections that read; each is opened when it is first needed.
pub(crate) async fn connect_readers(path: &Path) -> Result<DatabaseConnection, StoreError> {
    let mut options = options();
    let path = path.to_owned();
    options
        .max_connections(READERS)
        .connect_lazy(true)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .filename(&path)
                .busy_timeout(BUSY_TIMEOUT)
                .read_only(true)
                .pragma("query_only", "ON")
        });
    Ok(Database::connect(options).await?)
}

async fn ask<T: TryGetable>(db: &impl ConnectionTrait, sql: &str) -> Result<T, StoreError> {
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await?;
    let value = row.map(|row| row.try_get_by_index::<T>(0)).transpose()?;
    value.ok_or_else(|| StoreError::Database(format!("no answer to {sql}")))
}

/// The schema version of the file at `path`: 0 when there is none yet. Refuses, without changing a byte, what is
/// not this program's or newer than `known`.
pub(crate) async fn inspect(path: &Path, known: u32) -> Result<u32, StoreError> {
    let foreign = || StoreError::Foreign { path: path.into() };
    let refuse_newer = |found: u32| {
        if found > known {
            let path = path.into();
            Err(StoreError::Newer { path, found, known })
        } else {
            Ok(found)
        }
    };
    let Some(header) = read_header(path)? else {
        return Ok(0);
    };
    let number = |at: usize| -> Option<[u8; 4]> { header.get(at..at + 4)?.try_into().ok() };
    let (Some(version), Some(mark)) = (number(USER_VERSION_AT), number(APPLICATION_ID_AT)) else {
        return Err(foreign());
    };
    match i32::from_be_bytes(mark) {
        _ if !header.starts_with(MAGIC) => return Err(foreign()),
        APPLICATION_ID => {
            refuse_newer(u32::from_be_bytes(version))?;
        }
        // Perhaps it is still in the write-ahead log.
        0 => {}
        _ => return Err(foreign()),
    }
    let (mark, version, tables) = read_marks(path).await?;
    match (mark, u32::try_from(version)) {
        (APPLICATION_ID, Ok(version)) => refuse_newer(version),
        // Created and killed before the first commit.
        (0, Ok(0)) if tables == 0 => Ok(0),
        _ => Err(foreign()),
    }
}

/// Whether the file begins like one of SQLite.
pub(crate) fn is_database(path: &Path) -> bool {
    read_header(path).is_ok_and(|header| header.is_some_and(|header| header.starts_with(MAGIC)))
}

/// The first 100 bytes; `None` when there is no file or nothing in it.
fn read_header(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let mut header = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(100).read_to_end(&mut header)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok((!header.is_empty()).then_some(header))
}

/// `application_id`, `user_version` and the number of tables, with the write-ahead log taken into account.
async fn read_marks(path: &Path) -> Result<(i32, i32, i64), StoreError> {
    // A reader cannot roll back what a killed writer left in a journal; a writer can, and restores the old file.
    let journal = beside(path, "-journal").exists();
    let mut options = options();
    let file = path.to_owned();
    options
        .max_connections(1)
        .map_sqlx_sqlite_opts(move |options| options.filename(&file).read_only(!journal));
    let db = Database::connect(options).await?;
    let marks = (
        ask(&db, "PRAGMA application_id").await?,
        ask(&db, "PRAGMA user_version").await?,
        ask(&db, "SELECT count(*) FROM sqlite_master").await?,
    );
    db.close().await?;
    Ok(marks)
}

/// Marks the file as this program's, at schema version `version`, with a hash of its schema; part of the transaction
/// that `db` is in.
pub(crate) async fn mark(db: &impl ConnectionTrait, version: u32) -> Result<(), StoreError> {
    for statement in [
        format!("PRAGMA application_id = {APPLICATION_ID}"),
        format!("PRAGMA user_version = {version}"),
        "CREATE TABLE IF NOT EXISTS schema_mark (hash BLOB NOT NULL)".to_owned(),
        "DELETE FROM schema_mark".to_owned(),
    ] {
        db.execute_unprepared(&statement).await?;
    }
    let hash = hash_schema(db).await?.to_vec();
    let mark = "INSERT INTO schema_mark (hash) VALUES (?)";
    let mark = Statement::from_sql_and_values(DbBackend::Sqlite, mark, [hash.into()]);
    db.execute_raw(mark).await?;
    Ok(())
}

/// Keccak-256 over the definitions of all tables and indexes. As bytes, because a damaged one may not be text.
async fn hash_schema(db: &impl ConnectionTrait) -> Result<[u8; 32], StoreError> {
    let definitions = "SELECT CAST(coalesce(sql, name) AS BLOB) AS definition FROM sqlite_master ORDER BY 1";
    let rows = db
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, definitions))
        .await?;
    let mut text = Vec::new();
    for row in rows {
        text.extend(row.try_get_by_index::<Vec<u8>>(0)?);
        text.push(b'\n');
    }
    Ok(keccak256(&text))
}

/// Checks that the schema is the one that was written. SQLite believes a damaged definition as long as it can be
/// parsed, and its driver stops at a column whose name is not text.
pub(crate) async fn check_schema(db: &impl ConnectionTrait) -> Result<(), StoreError> {
    let mark: Vec<u8> = ask(db, "SELECT hash AS mark FROM schema_mark").await?;
    if mark == hash_schema(db).await? {
        Ok(())
    } else {
        Err(StoreError::Corrupt {
            detail: "the schema is not the one that was written".to_owned(),
        })
    }
}

/// SQLite's own check of every page of the file, and of every index of the tables that mean money: a damaged index
/// would hide a row. The time grows with the file.
pub(crate) async fn check(db: &impl ConnectionTrait) -> Result<(), StoreError> {
    let mut checks = vec!["PRAGMA quick_check(1)".to_owned()];
    let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ";
    for table in seal::SEALED {
        if ask::<i64>(db, &format!("{tables}'{table}'")).await? > 0 {
            checks.push(format!("PRAGMA integrity_check({table})"));
        }
    }
    for check in checks {
        let answer = ask::<String>(db, &check).await?;
        if answer != "ok" {
            return Err(StoreError::Corrupt { detail: answer });
        }
    }
    Ok(())
}

/// Checks the file at `path`, which nobody else has open, and its log.
pub(crate) async fn check_alone(path: &Path) -> Result<(), StoreError> {
    let db = connect_keeper(path, Durability::Full).await?;
    let outcome = async {
        check_schema(&db).await?;
        check(&db).await
    }
    .await;
    db.close().await?;
    outcome
}

/// Takes the log of the file at `path`, which nobody else has open, into it.
pub(crate) async fn fold(path: &Path) -> Result<(), StoreError> {
    let db = connect_keeper(path, Durability::Full).await?;
    let mode = ask::<String>(&db, "PRAGMA journal_mode = DELETE").await;
    db.close().await?;
    match mode? {
        mode if mode == "delete" => Ok(()),
        mode => Err(StoreError::Database(format!("the log cannot be closed ({mode})"))),
    }
}

/// Makes sure that the file exists and only its owner can read it. SQLite gives its side files the same mode.
pub(crate) fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = enerlink_platform::private(&mut options).open(path)?;
    Ok(enerlink_platform::restrict(path, &file.metadata()?)?)
}

/// Copies the database as of now to `target`, durably; whatever was there is replaced at the end.
pub(crate) async fn copy_to(db: &impl ConnectionTrait, target: &Path) -> Result<(), StoreError> {
    let draft = beside(target, ".part");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => create_private(&draft)?,
    }
    let name = draft.to_str().ok_or(StoreError::Range {
        what: "the path of the database",
    })?;
    let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [name.into()]);
    db.execute_raw(copy).await?;
    OpenOptions::new().write(true).open(&draft)?.sync_all()?;
    fs::rename(&draft, target)?;
    sync_directory(target)
}

pub(crate) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    Ok(enerlink_platform::flush_directory_of(path)?)
}

/// `path` with `suffix` after its whole name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
