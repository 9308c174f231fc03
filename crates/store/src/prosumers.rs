//! Prosumers: the local profiles.

use enerlink_domain::UnixMillis;
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    Read, StoreError, Tx,
    profile::Prosumer,
    record::{self, Fields},
};

const TABLE: &str = "prosumers";

/// The prosumer of this name, added when it is new. Answers the row number.
pub async fn ensure(tx: &Tx, name: &str, now: UnixMillis) -> Result<i64, StoreError> {
    if let Some(id) = find(tx, name).await? {
        return Ok(id);
    }
    let new = Prosumer {
        name: name.to_owned(),
        contact: None,
        created_at: now,
    };
    insert(tx, &new).await?;
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

/// Adds a prosumer; [`StoreError::Exists`] when there is one of this name.
pub async fn insert(tx: &Tx, new: &Prosumer) -> Result<(), StoreError> {
    let row = Fields::default()
        .text("name", new.name.as_str())
        .opt_text("contact", new.contact.as_deref())
        .int("created_at", new.created_at.0);
    record::insert(tx, TABLE, row, || new.name.clone()).await
}

/// Who lives here: renames the oldest prosumer and keeps how it can be reached; adds it when there is none.
pub async fn describe(tx: &Tx, name: &str, contact: Option<&str>, now: UnixMillis) -> Result<(), StoreError> {
    let query = record::select(TABLE).order_by("id", Order::Asc).limit(1).take();
    match record::fetch_one(tx, TABLE, "id", &query).await? {
        Some(household) => {
            let row = Fields::default().text("name", name).opt_text("contact", contact);
            record::update(tx, TABLE, "id", household.int("id")?, row).await
        }
        None => {
            let new = Prosumer {
                name: name.to_owned(),
                contact: contact.map(str::to_owned),
                created_at: now,
            };
            insert(tx, &new).await
        }
    }
}

/// Every prosumer, oldest first.
pub async fn list(r: &impl Read) -> Result<Vec<Prosumer>, StoreError> {
    let query = record::select(TABLE).order_by("id", Order::Asc).take();
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    let prosumer = |row: &record::Record| {
        Ok(Prosumer {
            name: row.text("name")?,
            contact: row.opt_text("contact")?,
            created_at: UnixMillis(row.int("created_at")?),
        })
    };
    rows.iter().map(prosumer).collect()
}
