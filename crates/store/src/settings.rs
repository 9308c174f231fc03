//! Settings: text by key. What a key means, and its default, is the reader's business.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields},
    session::execute,
};

const TABLE: &str = "settings";

/// The value of `key`, when it was set.
pub async fn get(r: &impl Read, key: &str) -> Result<Option<String>, StoreError> {
    let query = record::select(TABLE).and_where(Expr::col("key").eq(key)).take();
    let row = record::fetch_one(r, TABLE, "key", &query).await?;
    row.map(|row| row.text("value")).transpose()
}

/// Sets `key`.
pub async fn set(tx: &Tx, key: &str, value: &str) -> Result<(), StoreError> {
    let row = Fields::default().text("key", key).text("value", value);
    record::upsert(tx, TABLE, &["key"], vec![row]).await
}

/// Forgets `key`; it need not have been set.
pub async fn remove(tx: &Tx, key: &str) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(Expr::col("key").eq(key))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

/// Everything that was set.
pub async fn all(r: &impl Read) -> Result<BTreeMap<String, String>, StoreError> {
    let query = record::select(TABLE).order_by("key", Order::Asc).take();
    let rows = record::fetch_all(r, TABLE, "key", &query).await?;
    rows.iter()
        .map(|row| Ok((row.text("key")?, row.text("value")?)))
        .collect()
}
