//! All that is particular to PostgreSQL: its connections, the lock that one program holds, the mark of its schema.

use std::{path::PathBuf, time::Duration};

use enerlink_domain::id::keccak256;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, TryGetable,
    sqlx::{self, postgres::PgConnectOptions},
};

use crate::{Access, StoreError, error};

/// `ENRG`: the advisory lock of a database of this program.
const LOCK: i64 = 0x454e_5247;
/// How long a program that is about to end may hold the lock still.
const LOCK_WAIT: &str = "2s";
/// The state of a statement that was not given its lock in that time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// How long a connection, or the transaction before, is waited for.
const WAIT: Duration = Duration::from_secs(30);
/// Readers at the same time.
const READERS: u32 = 4;

/// Where `url` leads, without user and password.
pub(crate) fn place(url: &str) -> PathBuf {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = plain.split_once("://").unwrap_or(("postgres", plain));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}").into()
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(WAIT)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>);
    options
}

/// The one connection that writes: a commit waits for the disk. Whenever it is made, it takes the lock.
pub(crate) async fn connect_writer(url: &str, access: Access) -> Result<DatabaseConnection, StoreError> {
    let mut options = options(url, 1);
    options
        .map_sqlx_postgres_opts(|options: PgConnectOptions| options.options([("synchronous_commit", "on")]));
    if access == Access::Exclusive {
        take_lock_once(url).await?;
        options.map_sqlx_postgres_pool_opts(|options| {
            options.after_connect(|connection, _| {
                Box::pin(async move {
                    let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK);
                    let locked: bool = lock.fetch_one(connection).await?;
                    locked.then_some(()).ok_or(sqlx::Error::PoolClosed)
                })
            })
        });
    }
    Ok(Database::connect(options).await?)
}

/// Says whether another process holds the lock; a pool would ask for it again and again. A moment is waited: the server
/// gives up the lock of a connection only when it has seen its end.
async fn take_lock_once(url: &str) -> Result<(), StoreError> {
    let db = Database::connect(options(url, 1)).await?;
    let taken = async {
        db.execute_unprepared(&format!("SET lock_timeout = '{LOCK_WAIT}'"))
            .await?;
        db.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})"))
            .await
    };
    let taken = taken.await;
    db.close().await?;
    match taken {
        Ok(_) => Ok(()),
        Err(error) if error::sql_state(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) => {
            Err(StoreError::InUse { path: place(url) })
        }
        Err(error) => Err(error.into()),
    }
}

/// The connections that read; each is opened when it is first needed.
pub(crate) async fn connect_readers(url: &str) -> Result<DatabaseConnection, StoreError> {
    let mut options = options(url, READERS);
    options
        .connect_lazy(true)
        .map_sqlx_postgres_opts(|options: PgConnectOptions| {
            options.options([("default_transaction_read_only", "on")])
        });
    Ok(Database::connect(options).await?)
}

async fn ask<T: TryGetable>(db: &impl ConnectionTrait, sql: &str) -> Result<T, StoreError> {
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await?;
    let value = row.map(|row| row.try_get_by_index::<T>(0)).transpose()?;
    value.ok_or_else(|| StoreError::Database(format!("no answer to {sql}")))
}

/// The schema version of the database: 0 when it is empty. Refuses what is not this program's or newer than `known`.
pub(crate) async fn inspect(db: &impl ConnectionTrait, url: &str, known: u32) -> Result<u32, StoreError> {
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
    if ask::<i64>(db, tables).await? == 0 {
        return Ok(0);
    }
    let foreign = || StoreError::Foreign { path: place(url) };
    if !ask::<bool>(db, "SELECT to_regclass('schema_mark') IS NOT NULL").await? {
        return Err(foreign());
    }
    let version = ask::<i64>(db, "SELECT version FROM schema_mark").await;
    let found = version.ok().and_then(|version| u32::try_from(version).ok());
    match found.ok_or_else(foreign)? {
        found if found > known => Err(StoreError::Newer {
            path: place(url),
            found,
            known,
        }),
        found => Ok(found),
    }
}

/// Marks the database as this program's, at schema version `version`, with a hash of its schema; part of the
/// transaction that `db` is in.
pub(crate) async fn mark(db: &impl ConnectionTrait, version: u32) -> Result<(), StoreError> {
    let table = "CREATE TABLE IF NOT EXISTS schema_mark (version BIGINT NOT NULL, hash BYTEA NOT NULL)";
    db.execute_unprepared(table).await?;
    db.execute_unprepared("DELETE FROM schema_mark").await?;
    let hash = hash_schema(db).await?.to_vec();
    let mark = "INSERT INTO schema_mark (version, hash) VALUES ($1, $2)";
    let values = [i64::from(version).into(), hash.into()];
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, mark, values))
        .await?;
    Ok(())
}

/// Keccak-256 over all columns and indexes.
async fn hash_schema(db: &impl ConnectionTrait) -> Result<[u8; 32], StoreError> {
    let definitions = "SELECT coalesce(string_agg(line, chr(10) ORDER BY line COLLATE \"C\"), '') FROM (\
        SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS line \
        FROM information_schema.columns WHERE table_schema = current_schema() \
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()) AS definitions";
    Ok(keccak256(ask::<String>(db, definitions).await?.as_bytes()))
}

/// Checks that the schema is the one that was written.
pub(crate) async fn check_schema(db: &impl ConnectionTrait) -> Result<(), StoreError> {
    if ask::<Vec<u8>>(db, "SELECT hash FROM schema_mark").await? == hash_schema(db).await? {
        Ok(())
    } else {
        Err(StoreError::Corrupt {
            detail: "the schema is not the one that was written".to_owned(),
        })
    }
}

/// Size of the database in bytes.
pub(crate) async fn size(db: &impl ConnectionTrait) -> Result<u64, StoreError> {
    let size = ask::<i64>(db, "SELECT pg_database_size(current_database())").await?;
    Ok(u64::try_from(size).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_tells_no_password() {
        for (url, shown) in [
            (
                "postgres://me:secret@db:5433/enerlink?sslmode=x",
                "postgres://db:5433/enerlink",
            ),
            ("postgresql://db/enerlink", "postgresql://db/enerlink"),
            ("postgres:///e?password=p", "postgres:///e"),
        ] {
            assert_eq!(place(url).to_str(), Some(shown));
        }
    }
}
