//! Opening a database: refuse what is not ours, check, copy, migrate; then one writer and a pool of readers.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use enerlink_migrations::Migrator;
use sea_orm::{DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;

use crate::{
    Reader, StoreError, Tx,
    sqlite::{self, Durability},
};

/// An open database. Cheap to clone; every clone is the same database.
#[derive(Clone, Debug)]
pub struct Store {
    writer: DatabaseConnection,
    readers: Reader,
    path: PathBuf,
    /// Removes the file of a database that was opened for its own sake.
    _directory: Option<Arc<TempDir>>,
}

impl Store {
    /// Opens the database at `path`, or creates it there, readable by its owner only.
    ///
    /// A file of an older version is migrated in one transaction, after a copy of it was left beside it as
    /// `{path}.v{version}.bak`. A file of a newer version or of another program is refused and not changed. A small
    /// file is checked whole; see [`Store::check`] for larger ones.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with::<Migrator>(path, Durability::Full, None).await
    }

    /// Opens an empty database that vanishes with its last handle. A real one, in a temporary directory; commits
    /// do not wait for the disk.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let directory = tempfile::Builder::new().prefix("enerlink-").tempdir()?;
        let path = directory.path().join("enerlink.db");
        Self::open_with::<Migrator>(&path, Durability::None, Some(Arc::new(directory))).await
    }

    async fn open_with<M: MigratorTrait>(
        path: &Path,
        durability: Durability,
        directory: Option<Arc<TempDir>>,
    ) -> Result<Self, StoreError> {
        let known = u32::try_from(M::migrations().len()).unwrap_or(u32::MAX);
        let found = sqlite::inspect(path, known).await?;
        sqlite::create_private(path)?;
        let writer = sqlite::connect_writer(path, durability).await?;
        let size = std::fs::metadata(path)?.len();
        if found > 0 && (found < known || size <= sqlite::CHECKED_AT_OPEN) {
            sqlite::check(&writer).await?;
        }
        if found < known {
            if found > 0 {
                sqlite::copy_to(&writer, &sqlite::beside(path, &format!(".v{found}.bak"))).await?;
            }
            migrate::<M>(&writer, known).await?;
            tracing::info!(target: "enerlink::store", found, known, "database migrated");
        }
        Ok(Self {
            writer,
            readers: Reader(sqlite::connect_readers(path).await?),
            path: path.to_owned(),
            _directory: directory,
        })
    }

    /// Waits for the transaction before it, then begins one that may write.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        begin(&self.writer).await.map(Tx)
    }

    /// A reader; readers do not wait for the writer, nor the writer for them.
    pub fn reader(&self) -> Reader {
        self.readers.clone()
    }

    /// Checks every page of the file, in the background of readers and the writer: about a second for each
    /// gigabyte.
    pub async fn check(&self) -> Result<(), StoreError> {
        sqlite::check(&self.readers.0).await
    }

    /// Where the database lives.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the database for every clone, once the open transaction has ended, and tidies its side files.
    pub async fn close(self) -> Result<(), StoreError> {
        self.readers.0.close_by_ref().await?;
        Ok(self.writer.close_by_ref().await?)
    }
}

/// A transaction that takes the write lock at once: one that asked for it later could be refused.
async fn begin(writer: &DatabaseConnection) -> Result<sea_orm::DatabaseTransaction, StoreError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(writer.begin_with_options(options).await?)
}

/// Applies what is missing, all or nothing, and marks the file.
async fn migrate<M: MigratorTrait>(writer: &DatabaseConnection, known: u32) -> Result<(), StoreError> {
    let tx = begin(writer).await?;
    M::up(&tx, None).await?;
    sqlite::mark(&tx, known).await?;
    Ok(tx.commit().await?)
}
