//! Guards: what each is about to do, as the engine keeps it, and the record of what it did.

use enerlink_domain::{
    Address, Etk,
    guard::{Guard, GuardAct, GuardStep},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
};

const TABLE: &str = "guards";
const ACTS: &str = "guard_acts";

/// The guard of this account, when it was stored.
pub async fn get(r: &impl Read, owner: Address) -> Result<Option<Guard>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("owner").eq(owner.to_lower()))
        .take();
    let row = record::fetch_one(r, TABLE, "owner", &query).await?;
    row.map(|row| row.json("state")).transpose()
}

/// Stores the guard of this account.
pub async fn set(tx: &Tx, owner: Address, guard: &Guard) -> Result<(), StoreError> {
    let row = Fields::default()
        .text("owner", owner.to_lower())
        .json("state", guard)?;
    record::upsert(tx, TABLE, &["owner"], vec![row]).await
}

/// Adds to the record of this account.
pub async fn note(tx: &Tx, owner: Address, act: &GuardAct) -> Result<(), StoreError> {
    let id = record::next_id(tx, ACTS).await?;
    let amount = |amount: Option<Etk>| amount.map(|amount| amount.0.to_string());
    let row = Fields::default()
        .int("id", id)
        .text("owner", owner.to_lower())
        .int("at", act.at.0)
        .text("step", act.what.as_str())
        .opt_text("available", amount(act.available))
        .opt_text("burn", amount(act.burn));
    record::insert(tx, ACTS, row, || id.to_string()).await
}

/// What the guard of this account did, newest first.
pub async fn acts(r: &impl Read, owner: Address, limit: u16) -> Result<Vec<GuardAct>, StoreError> {
    let query = record::select(ACTS)
        .and_where(Expr::col("owner").eq(owner.to_lower()))
        .order_by("id", Order::Desc)
        .limit(u64::from(limit))
        .take();
    let rows = record::fetch_all(r, ACTS, "id", &query).await?;
    rows.iter().map(decode).collect()
}

fn decode(row: &Record) -> Result<GuardAct, StoreError> {
    let amount = |text: &str| text.parse().ok().map(Etk);
    Ok(GuardAct {
        at: enerlink_domain::UnixMillis(row.int("at")?),
        what: row.parse("step", GuardStep::parse)?,
        available: row.opt_parse("available", amount)?,
        burn: row.opt_parse("burn", amount)?,
    })
}
