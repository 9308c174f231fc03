//! What can go wrong with the database.

use std::path::PathBuf;

use enerlink_domain::{Code, Error};
use sea_orm::{DbErr, RuntimeErr, SqlErr};
use thiserror::Error;

/// Why the database did not do it. Whatever was committed before is kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A row with this key, which must be unique, is there already.
    #[error("{table} already holds {key}")]
    Exists {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
    },
    /// The row that was to be changed is not there.
    #[error("{table} does not hold {key}")]
    Missing {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
    },
    /// A row does not say what was written: its hash does not match, or a value cannot be read.
    #[error("row {row} of {table} is damaged; restore the database from a backup")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The key of the row.
        row: String,
    },
    /// The file is not a database of this program; it was not changed.
    #[error("{} is not an EnerLink database; it was not changed", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program; it was not changed.
    #[error("{} was made by a newer version (schema {found}, this one knows {known}); it was not changed", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema version of the file.
        found: u32,
        /// The schema version of this program.
        known: u32,
    },
    /// Another process has the database for itself.
    #[error("{} is in use by another EnerLink process", .path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// SQLite's own check of the file found faults.
    #[error("the database file is damaged ({detail}); restore it from a backup")]
    Corrupt {
        /// What the check says first.
        detail: String,
    },
    /// A value that no column can hold.
    #[error("{what} is out of range")]
    Range {
        /// What.
        what: &'static str,
    },
    /// The database refuses, for a reason such as a full disk or a read-only file.
    #[error("the database refuses: {0}")]
    Database(String),
    /// The file cannot be reached.
    #[error("the database file cannot be reached: {0}")]
    Io(#[from] std::io::Error),
}

impl StoreError {
    /// Names the row when `error` says that it breaks a unique key.
    pub(crate) fn on_insert(error: DbErr, table: &'static str, key: impl FnOnce() -> String) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Exists { table, key: key() },
            _ => error.into(),
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match sqlite_code(&error) {
            Some(SQLITE_CORRUPT | SQLITE_NOTADB) => Self::Corrupt {
                detail: error.to_string(),
            },
            _ => Self::Database(error.to_string()),
        }
    }
}

/// The file's content cannot be what was written.
const SQLITE_CORRUPT: u32 = 11;
/// The file does not begin like one of SQLite.
const SQLITE_NOTADB: u32 = 26;

/// What the database calls the error: SQLite's extended result code, or PostgreSQL's state of five characters.
pub(crate) fn sql_state(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    Some(error.as_database_error()?.code()?.into_owned())
}

/// The primary result code of SQLite.
fn sqlite_code(error: &DbErr) -> Option<u32> {
    let state = sql_state(error).filter(|state| state.len() < 5)?;
    Some(state.parse::<u32>().ok()? & 0xff)
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Exists { table, .. } if *table == crate::meters::TABLE => Code::MeterExists,
            StoreError::Missing { table, .. } if *table == crate::meters::TABLE => Code::MeterUnknown,
            StoreError::Exists { table, .. } if *table == crate::settlements::TABLE => {
                Code::SettlementPending
            }
            StoreError::InUse { .. } => Code::ProfileInUse,
            StoreError::Range { .. } => Code::InvalidInput,
            StoreError::Exists { .. } | StoreError::Missing { .. } => Code::Internal,
            StoreError::Damaged { .. } | StoreError::Corrupt { .. } => Code::DatabaseDamaged,
            StoreError::Foreign { .. }
            | StoreError::Newer { .. }
            | StoreError::Database(_)
            | StoreError::Io(_) => Code::Storage,
        };
        Self::new(code, error.to_string())
    }
}
