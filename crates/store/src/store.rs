//! Opening a database: refuse what is not ours, check, copy, migrate; then one writer and a pool of readers.
//!
//! It is a file of SQLite, or a database of a PostgreSQL server.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use enerlink_migrations::Migrator;
use sea_orm::{DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;

use crate::{
    Reader, StoreError, Tx, postgres,
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
    writer: DatabaseConnection,
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
            writer,
            readers: Reader(postgres::connect_readers(url).await?),
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
            writer,
            readers: Reader(sqlite::connect_readers(path).await?),
            keeper: Some(sqlite::connect_keeper(path, durability).await?),
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

    fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
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
        self.readers.0.close_by_ref().await?;
        if let Some(keeper) = &self.keeper {
            keeper.close_by_ref().await?;
        }
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

fn version<M: MigratorTrait>() -> u32 {
    u32::try_from(M::migrations().len()).unwrap_or(u32::MAX)
}

/// Applies what is missing, all or nothing, and marks the database.
async fn migrate<M: MigratorTrait>(writer: &DatabaseConnection, known: u32) -> Result<(), StoreError> {
    let tx = begin(writer).await?;
    M::up(&tx, None).await?;
    match writer.get_database_backend() {
        DbBackend::Postgres => postgres::mark(&tx, known).await?,
        _ => sqlite::mark(&tx, known).await?,
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sea_orm_migration::{
        MigrationTrait, SchemaManager, async_trait::async_trait, sea_orm::DbErr, sea_query::ColumnDef,
    };

    use enerlink_domain::{CommandStage, MeterId, UnixMillis};

    use super::*;
    use crate::{commands, meters, rollups, settings, settlements, transaction_logs, wallets};

    /// The released migrations and one that writes and then fails.
    struct Failing;
    /// The released migrations and one that works.
    struct Working;
    struct Half(bool);

    impl sea_orm_migration::MigrationName for Half {
        fn name(&self) -> &str {
            "m29991231_000001_half"
        }
    }

    #[async_trait]
    impl MigrationTrait for Half {
        async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
            let table = sea_orm_migration::sea_query::Table::create()
                .table("half")
                .col(ColumnDef::new("id").big_integer())
                .take();
            manager.create_table(table).await?;
            let emptied = "DELETE FROM settings";
            sea_orm::ConnectionTrait::execute_unprepared(manager.get_connection(), emptied).await?;
            let works = self.0;
            works
                .then_some(())
                .ok_or_else(|| DbErr::Migration("out of luck".to_owned()))
        }
    }

    fn released_and(last: Half) -> Vec<Box<dyn MigrationTrait>> {
        let mut all = Migrator::migrations();
        all.push(Box::new(last));
        all
    }

    impl MigratorTrait for Failing {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            released_and(Half(false))
        }
    }

    impl MigratorTrait for Working {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            released_and(Half(true))
        }
    }

    /// What was released before wallets had a history.
    struct BeforeHistories;

    impl MigratorTrait for BeforeHistories {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            Migrator::migrations().into_iter().take(4).collect()
        }
    }

    #[tokio::test]
    async fn wallets_and_lines_of_an_older_file_are_kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("enerlink.db");
        let old = Store::open_with::<BeforeHistories>(&path, Durability::Full, None)
            .await
            .expect("a store");
        let address = enerlink_domain::Address([7; 20]);
        let tx = old.begin().await.expect("a transaction");
        for statement in [
            format!("INSERT INTO wallets VALUES ('{}', 'Old', 5)", address.to_lower()),
            format!(
                "INSERT INTO transaction_logs VALUES (3, 9, 'open_meter', 'SUCCESS', '{}', NULL, 'open_meter M succeeded')",
                address.to_lower()
            ),
        ] {
            sea_orm::ConnectionTrait::execute_unprepared(&tx.0, &statement)
                .await
                .expect("a row");
        }
        tx.commit().await.expect("a commit");
        old.close().await.expect("a close");

        let store = Store::open(&path).await.expect("migrated");
        let lines = transaction_logs::list(&store.reader(), 9, None)
            .await
            .expect("lines");
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].0, lines[0].1.account), (3, Some(address)));
        assert_eq!(wallets::list(&store.reader()).await.expect("a list"), []);
        let view = enerlink_domain::wallet::WalletView {
            wallet: enerlink_domain::wallet::WalletId([9; 16]),
            name: "New".to_owned(),
            kind: enerlink_domain::wallet::WalletKind::Phrase,
            passphrase: false,
            phrase_confirmed: false,
            created_at: enerlink_domain::UnixMillis(1),
            accounts: vec![enerlink_domain::wallet::AccountView {
                index: 0,
                address,
                path: None,
            }],
        };
        let tx = store.begin().await.expect("a transaction");
        wallets::ensure(
            &tx,
            &view,
            wallets::Origin::Imported,
            enerlink_domain::UnixMillis(99),
        )
        .await
        .expect("adopted");
        let found = wallets::list(&tx).await.expect("a list").remove(0);
        assert_eq!((found.name.as_str(), found.history.wallet), ("New", view.wallet));
        assert_eq!(found.history.created_at.0, 5, "it is the old row");
    }

    /// What was released before a meter had a history.
    struct BeforeMeters;

    impl MigratorTrait for BeforeMeters {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            Migrator::migrations().into_iter().take(5).collect()
        }
    }

    #[tokio::test]
    async fn the_history_of_an_older_file_is_read_as_if_it_were_new() {
        const HOUR: i64 = 3_600_000;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("enerlink.db");
        let old = Store::open_with::<BeforeMeters>(&path, Durability::Full, None)
            .await
            .expect("a store");
        let day = 20_000 * 24 * HOUR;
        let mut statements = vec![
            "INSERT INTO smart_meters VALUES \
             ('M', 'Roof', '0x0707070707070707070707070707070707070707', 'mqtt://h:1', 'a', 'milli', NULL, 5000, 1, 5)"
                .to_owned(),
        ];
        for hour in [1, 2, 23, 24, 30] {
            let at = day + hour * HOUR;
            statements.push(format!(
                "INSERT INTO energy_readings VALUES ('M', {at}, 900, 3, 0, 0, 0, 0, 0, 0, 10, 20, {hour}, 40)"
            ));
        }
        for at in [day, day + 24 * HOUR] {
            let exported = if at == day { 26 } else { 54 };
            statements.push(format!(
                "INSERT INTO energy_rollups VALUES ('M', 86400000, {at}, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20, {exported}, 40)"
            ));
        }
        for (number, status, etk, hour) in [
            (1, "SUCCESS", 500, 1),
            (2, "SUCCESS", -200, 1),
            (3, "FAILED", 900, 1),
            (4, "SUCCESS", 70, 30),
        ] {
            let at = day + hour * HOUR + 5;
            statements.push(format!(
                "INSERT INTO energy_settlements VALUES \
                 ({number}, 'S{number}', 'M', 'P', '{status}', 'x', 'x', 0, 0, 0, 0, 0, '{etk}', NULL, NULL, 0, NULL, 1, {at}, x'00')"
            ));
        }
        for (id, status) in [("b", "TIMEOUT"), ("a", "PENDING"), ("c", "ACKNOWLEDGED")] {
            statements.push(format!(
                "INSERT INTO device_commands VALUES ('{id}', 'M', 'grid', '{{}}', '{status}', 1, 7, NULL, 9, NULL)"
            ));
        }
        let tx = old.begin().await.expect("a transaction");
        for statement in &statements {
            sea_orm::ConnectionTrait::execute_unprepared(&tx.0, statement)
                .await
                .expect(statement);
        }
        tx.commit().await.expect("a commit");
        old.close().await.expect("a close");

        let store = Store::open(&path).await.expect("migrated");
        let reader = store.reader();
        let meter: MeterId = "M".parse().expect("a meter id");
        let found = meters::get(&reader, &meter).await.expect("a read");
        assert_eq!(found.map(|meter| meter.name).as_deref(), Some("Roof"));
        let at = |hour: i64| UnixMillis(day + hour * HOUR);
        let edges = [at(0), at(2), at(3), at(24), at(25), at(48)];
        let bars = rollups::bars(&reader, &meter, &edges).await.expect("bars");
        let exported: Vec<u64> = bars.iter().map(|bar| bar.exported.0).collect();
        assert_eq!(exported, [1, 2, 23, 24, 30]);
        let curve = rollups::curve(&reader, &meter, at(0), at(24), 1_440).await;
        let solar = curve.expect("a curve").points[0].solar.expect("a value");
        assert_eq!((solar.low.0, solar.mean.0, solar.high.0), (300, 300, 300));
        for (from, to, expected) in [(0, 24, (2, 500, 200)), (0, 48, (3, 570, 200)), (2, 30, (0, 0, 0))] {
            let sums = settlements::between(&reader, &meter, at(from), at(to)).await;
            let sums = sums.expect("sums");
            assert_eq!((sums.settlements, sums.minted.0, sums.burned.0), expected);
        }
        let page = commands::list(&reader, &meter, 9, None).await.expect("a page");
        let stages = page
            .rows
            .iter()
            .map(|view| (view.correlation_id.as_str(), view.stage));
        let expected = [
            ("c", CommandStage::Acknowledged),
            ("b", CommandStage::TimedOut),
            ("a", CommandStage::Queued),
        ];
        assert_eq!(stages.collect::<Vec<_>>(), expected);
    }

    async fn written(path: &Path) {
        let store = Store::open(path).await.expect("a store");
        let tx = store.begin().await.expect("a transaction");
        settings::set(&tx, "key", "value").await.expect("a write");
        tx.commit().await.expect("a commit");
        store.close().await.expect("a close");
    }

    async fn value(path: &Path) -> Option<String> {
        let store = Store::open(path).await.expect("a store");
        let value = settings::get(&store.reader(), "key").await.expect("a read");
        store.close().await.expect("a close");
        value
    }

    #[tokio::test]
    async fn a_migration_that_fails_changes_nothing_and_leaves_a_copy() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("enerlink.db");
        written(&path).await;
        for _ in 0..2 {
            let error = Store::open_with::<Failing>(&path, Durability::Full, None).await;
            let error = error.expect_err("a failure").to_string();
            assert!(error.contains("out of luck"), "{error}");
            assert_eq!(value(&path).await.as_deref(), Some("value"));
            assert_eq!(
                value(&sqlite::beside(&path, ".v6.bak")).await.as_deref(),
                Some("value")
            );
        }
    }

    #[tokio::test]
    async fn an_older_file_is_copied_then_migrated() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("enerlink.db");
        written(&path).await;
        let store = Store::open_with::<Working>(&path, Durability::Full, None)
            .await
            .expect("a store");
        assert_eq!(settings::get(&store.reader(), "key").await.expect("a read"), None);
        store.close().await.expect("a close");
        assert!(matches!(
            Store::open(&path).await,
            Err(StoreError::Newer {
                found: 7,
                known: 6,
                ..
            })
        ));
        let copy = sqlite::beside(&path, ".v6.bak");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&copy).expect("a copy").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(!sqlite::beside(&copy, ".part").exists());
        assert_eq!(fs::read_dir(directory.path()).expect("a list").count(), 2);
        assert_eq!(value(&copy).await.as_deref(), Some("value"));
    }
}
