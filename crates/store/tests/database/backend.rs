//! The database that the tests run on: a file of SQLite, or the PostgreSQL server of `DATABASE_URL`, which gives each
//! test a database of its own, `enerlink_test_…`, and replaces the one of the run before.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicU32, Ordering},
};

use enerlink_store::{Access, Store};
use sea_orm::{ConnectionTrait, Database};

/// Where the server is found.
pub(crate) const SERVER: &str = "DATABASE_URL";

/// An empty database.
pub(crate) async fn empty() -> Store {
    match std::env::var(SERVER) {
        Ok(server) => {
            let url = database(&server).await;
            Store::open_url(&url, Access::Exclusive).await.expect("a store")
        }
        Err(_) => Store::in_memory().await.expect("a store"),
    }
}

/// How often a property is tried. A server is slower, and its rows are the same.
pub(crate) fn cases() -> u32 {
    if std::env::var_os(SERVER).is_some() { 8 } else { 48 }
}

/// A new database on this server, `postgres://user@host:port`.
pub(crate) async fn database(server: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut test = DefaultHasher::new();
    std::thread::current().name().hash(&mut test);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("enerlink_test_{:x}_{number}", test.finish());
    let db = Database::connect(format!("{server}/postgres"))
        .await
        .expect("a server");
    for statement in [
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        format!("CREATE DATABASE {name}"),
    ] {
        db.execute_unprepared(&statement).await.expect("a database");
    }
    db.close().await.expect("a close");
    format!("{server}/{name}")
}
