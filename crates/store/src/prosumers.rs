//! Prosumers: the local profiles.

use enerlink_domain::UnixMillis;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields},
};

const TABLE: &str = "prosumers";

/// The prosumer of this name, added when it is new. Answers the row number.
pub async fn ensure(tx: &Tx, name: &str, now: UnixMillis) -> Result<i64, StoreError> {
    if let Some(id) = find(tx, name).await? {
        return Ok(id);
    }
    let row = Fields::default()
        .text("name", name)
        .opt_text("contact", None::<String>)
        .int("created_at", now.0);
    record::insert(tx, TABLE, row, || name.to_owned()).await?;
    find(tx, name).await?.ok_or_else(|| StoreError::Missing {
        table: TABLE,
        key: name.to_owned(),
    })
}

/// The row number of the prosumer of this name.
pub async fn find(r: &impl Read, name: &str) -> Result<Option<i64>, StoreError> {
    let query = record::select(TABLE).and_where(Expr::col("name").eq(name)).take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| row.int("id")).transpose()
}
