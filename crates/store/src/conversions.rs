//! Exchanges at the simulated ramp. Each hangs on its transaction in the outbox, which alone decides its status.

use enerlink_domain::{
    Address, Idrs, Status, TxDetail, TxStage, UnixMillis,
    token::{Conversion, ConversionFilter, ConversionPage, Ramp},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};

use crate::{
    OutboxRow, Read, StoreError, Tx,
    record::{self, Fields, Record, opt_signed},
    seal,
};

const TABLE: &str = "idrs_conversions";
/// A page has at most so many rows.
const PAGE: u16 = 200;

/// Brings the conversion of `row` to where the row is, and writes it when it is new. `None` when the row is no exchange.
pub async fn follow(tx: &Tx, row: &OutboxRow) -> Result<Option<Conversion>, StoreError> {
    let Some(TxDetail::Ramp { way, amount }) = row.detail else {
        return Ok(None);
    };
    let before = of_transaction(tx, row.id).await?;
    let status = row.stage.status();
    let settled_at = before.as_ref().and_then(|before| before.settled_at);
    let after = Conversion {
        id: match &before {
            Some(before) => before.id,
            None => record::next_id(tx, TABLE).await?,
        },
        transaction: row.id,
        account: row.account,
        way,
        amount,
        status,
        stage: row.stage,
        tx: row.hash,
        block: row.block.map(|(number, _)| number),
        reason: row.reason.clone(),
        created_at: row.created_at,
        settled_at: match status {
            Status::Success => settled_at.or(Some(row.updated_at)),
            Status::Pending | Status::Failed => None,
        },
    };
    let fields = seal::seal(TABLE, encode(&after)?);
    match before {
        Some(before) => record::update(tx, TABLE, "id", before.id, fields).await?,
        None => record::insert(tx, TABLE, fields, || after.id.to_string()).await?,
    }
    Ok(Some(after))
}

/// The conversion of the transaction of this number.
pub async fn of_transaction(r: &impl Read, outbox_id: i64) -> Result<Option<Conversion>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("outbox_id").eq(outbox_id))
        .take();
    Ok(fetch(r, &query).await?.pop())
}

/// Conversions of a filter, newest first; only those before number `before`, when given. At most 200 at a time.
pub async fn list(
    r: &impl Read,
    filter: &ConversionFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<ConversionPage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    // One more than was asked for says whether there is a next page.
    let mut query = filtered(filter);
    query.order_by("id", Order::Desc).limit(u64::from(limit) + 1);
    if let Some(before) = before {
        query.and_where(Expr::col("id").lt(before));
    }
    let mut rows = fetch(r, &query).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|row| row.id);
    Ok(ConversionPage { rows, next })
}

/// Conversions of a filter, oldest first; only those after number `after`, when given.
pub async fn export(
    r: &impl Read,
    filter: &ConversionFilter,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Conversion>, StoreError> {
    let mut query = filtered(filter);
    query.order_by("id", Order::Asc).limit(u64::from(limit));
    if let Some(after) = after {
        query.and_where(Expr::col("id").gt(after));
    }
    fetch(r, &query).await
}

fn filtered(filter: &ConversionFilter) -> SelectStatement {
    let mut query = record::select(TABLE);
    if let Some(account) = filter.account {
        query.and_where(Expr::col("account").eq(account.to_lower()));
    }
    if let Some(way) = filter.way {
        query.and_where(Expr::col("way").eq(way.as_str()));
    }
    if let Some(status) = filter.status {
        query.and_where(Expr::col("status").eq(status.as_str()));
    }
    if let Some(from) = filter.from {
        query.and_where(Expr::col("created_at").gte(from.0));
    }
    if let Some(to) = filter.to {
        query.and_where(Expr::col("created_at").lt(to.0));
    }
    query
}

async fn fetch(r: &impl Read, query: &SelectStatement) -> Result<Vec<Conversion>, StoreError> {
    let rows = record::fetch_all(r, TABLE, "id", query).await?;
    rows.iter().map(decode).collect()
}

fn encode(row: &Conversion) -> Result<Fields, StoreError> {
    Ok(Fields::default()
        .int("id", row.id)
        .int("outbox_id", row.transaction)
        .text("account", row.account.to_lower())
        .text("way", row.way.as_str())
        .text("amount", row.amount.0.to_string())
        .text("status", row.status.as_str())
        .text("stage", row.stage.as_str())
        .opt_text("tx_hash", row.tx.map(|hash| hash.to_string()))
        .opt_int("block", opt_signed(row.block, "the block number")?)
        .opt_text("reason", row.reason.as_deref())
        .int("created_at", row.created_at.0)
        .opt_int("settled_at", row.settled_at.map(|at| at.0)))
}

fn decode(record: &Record) -> Result<Conversion, StoreError> {
    let row = Conversion {
        id: record.int("id")?,
        transaction: record.int("outbox_id")?,
        account: record.parse("account", |text| text.parse::<Address>().ok())?,
        way: record.parse("way", Ramp::parse)?,
        amount: record.parse("amount", |text| text.parse().ok().map(Idrs))?,
        status: record.parse("status", Status::parse)?,
        stage: record.parse("stage", TxStage::parse)?,
        tx: record.opt_parse("tx_hash", |text| text.parse().ok())?,
        block: record.opt_number("block")?,
        reason: record.opt_text("reason")?,
        created_at: UnixMillis(record.int("created_at")?),
        settled_at: record.opt_int("settled_at")?.map(UnixMillis),
    };
    seal::check(TABLE, record, &encode(&row)?)?;
    Ok(row)
}
