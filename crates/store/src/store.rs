//! Opening a database: refuse what is not ours, check, copy, migrate; then one writer and a pool of readers.
//!
//! It is a file of SQLite, or a database of a PostgreSQL server.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use enerlink_migrations::Migrator;
use sea_orm::{DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use sea_orm_migration::{MigratorTrait, SchemaManager};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::{
    Lockstep, Reader, StoreError, Tx, facts,
    lockstep::Paced,
    postgres,
    sqlite::{self, Durability},
};

/// Whether a process has a profile for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The one process that runs the tasks and writes.
    Exclusive,
    /// Reads what is stored; runs nothing.
    ReadOnly,
}

/// An open database. Cheap to clone; every clone is the same database.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Paced<DatabaseConnection>,
    /// Whose turn it is to write. Only in lockstep: otherwise the one connection is waited for.
    turn: Option<Arc<Semaphore>>,
    readers: Reader,
    /// Keeps the write-ahead log of a file short.
    keeper: Option<DatabaseConnection>,
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

    /// Opens the database at `path` for a simulation: in lockstep, and without waiting for the disk.
    pub fn open_in_lockstep(path: &Path, lockstep: Lockstep) -> Result<Self, StoreError> {
        let store = lockstep.run(Self::open_with::<Migrator>(path, Durability::None, None))?;
        let paced = |connection: &Paced<DatabaseConnection>| {
            Paced::new(connection.inner().clone(), Some(lockstep.clone()))
        };
        Ok(Self {
            writer: paced(&store.writer),
            turn: Some(Arc::new(Semaphore::new(1))),
            readers: Reader(paced(&store.readers.0)),
            keeper: None,
            path: store.path,
            _directory: None,
        })
    }

    /// Opens the database that `url` leads to, `postgres://[user[:password]@]host[:port]/database`, or fills an empty
    /// one there. An older version is migrated in one transaction; a newer one, or a database of another program, is
    /// refused and not changed. One process at a time may have it with [`Access::Exclusive`]
    /// ([`StoreError::InUse`]); others read beside it.
    pub async fn open_url(url: &str, access: Access) -> Result<Self, StoreError> {
        let known = version::<Migrator>();
        let writer = postgres::connect_writer(url, access).await?;
        let found = postgres::inspect(&writer, url, known).await?;
        if found > 0 {
            postgres::check_schema(&writer).await?;
        }
        if found < known {
            match access {
                Access::Exclusive => migrate::<Migrator>(&writer, known).await?,
                // Who only reads takes the lock for as long as this lasts.
                Access::ReadOnly => {
                    let alone = postgres::connect_writer(url, Access::Exclusive).await?;
                    migrate::<Migrator>(&alone, known).await?;
                    alone.close().await?;
                }
            }
            tracing::info!(target: "enerlink::store", found, known, "database migrated");
        }
        Ok(Self {
            writer: Paced::new(writer, None),
            turn: None,
            readers: Reader(Paced::new(postgres::connect_readers(url).await?, None)),
            keeper: None,
            path: postgres::place(url),
            _directory: None,
        })
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
        let known = version::<M>();
        let found = sqlite::inspect(path, known).await?;
        sqlite::create_private(path)?;
        let writer = sqlite::connect_writer(path, durability).await?;
        let size = std::fs::metadata(path)?.len();
        if found > 0 {
            sqlite::check_schema(&writer).await?;
        }
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
            writer: Paced::new(writer, None),
            turn: None,
            readers: Reader(Paced::new(sqlite::connect_readers(path).await?, None)),
            keeper: Some(sqlite::connect_keeper(path, durability).await?),
            path: path.to_owned(),
            _directory: directory,
        })
    }

    /// Waits for the transaction before it, then begins one that may write.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let turn = match &self.turn {
            Some(turn) => Some(
                Arc::clone(turn)
                    .acquire_owned()
                    .await
                    .expect("it is never closed"),
            ),
            None => None,
        };
        let tx = self.writer.run(begin(self.writer.inner())).await?;
        Ok(Tx(Paced::new(tx, self.writer.lockstep().cloned()), turn))
    }

    /// A reader; readers do not wait for the writer, nor the writer for them.
    pub fn reader(&self) -> Reader {
        self.readers.clone()
    }

    /// Takes what was committed from the write-ahead log into the file, beside readers and the writer, so that no commit has
    /// to wait for that. A server does it by itself.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        match &self.keeper {
            Some(keeper) => sqlite::checkpoint(keeper).await,
            None => Ok(()),
        }
    }

    /// Checks every page of the file, in the background of readers and the writer: about a second for each
    /// gigabyte. A server looks after its files itself: there it is the schema that is checked.
    pub async fn check(&self) -> Result<(), StoreError> {
        match self.backend() {
            DbBackend::Postgres => postgres::check_schema(&self.readers.0).await,
            _ => sqlite::check(&self.readers.0).await,
        }
    }

    /// The same, of a file that was too large to be checked while it was opened.
    pub async fn check_if_large(&self) -> Result<(), StoreError> {
        let small = self.backend() != DbBackend::Postgres && self.size().await? <= sqlite::CHECKED_AT_OPEN;
        if small { Ok(()) } else { self.check().await }
    }

    /// The schema version of this program.
    pub(crate) fn known() -> u32 {
        version::<Migrator>()
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.writer.inner().get_database_backend()
    }

    /// Size of the database in bytes, with what waits to be taken into its file.
    pub async fn size(&self) -> Result<u64, StoreError> {
        if self.backend() == DbBackend::Postgres {
            return postgres::size(&self.readers.0).await;
        }
        let length = |path: &Path| match std::fs::metadata(path) {
            Ok(file) => Ok(file.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        };
        Ok(length(&self.path)? + length(&sqlite::beside(&self.path, "-wal"))?)
    }

    /// Where the database lives; of a server, its address.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the database for every clone, once the open transaction has ended, and tidies its side files.
    pub async fn close(self) -> Result<(), StoreError> {
        self.writer
            .run(async {
                self.readers.0.inner().close_by_ref().await?;
                if let Some(keeper) = &self.keeper {
                    keeper.close_by_ref().await?;
                }
                Ok(self.writer.inner().close_by_ref().await?)
            })
            .await
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

fn version<M: MigratorTrait>() -> u32 {
    u32::try_from(M::migrations().len()).unwrap_or(u32::MAX)
}

/// Applies what is missing, all or nothing, and marks the database.
async fn migrate<M: MigratorTrait>(writer: &DatabaseConnection, known: u32) -> Result<(), StoreError> {
    let tx = Tx(Paced::new(begin(writer).await?, None), None);
    let has_facts = async |tx: &Tx| SchemaManager::new(tx.0.inner()).has_table(facts::TABLE).await;
    let had = has_facts(&tx).await?;
    M::up(tx.0.inner(), None).await?;
    if !had && has_facts(&tx).await? {
        facts::begin(&tx).await?;
    }
    match writer.get_database_backend() {
        DbBackend::Postgres => postgres::mark(&tx.0, known).await?,
        _ => sqlite::mark(&tx.0, known).await?,
    }
    tx.commit().await
}

#[cfg(test)]
mod tests;
