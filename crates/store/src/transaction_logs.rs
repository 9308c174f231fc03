//! The log of transactions: one readable line for each that came to its end.

use enerlink_domain::{Address, Status, TxHash, TxKind, UnixMillis};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
};

const TABLE: &str = "transaction_logs";

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionLog {
    /// When the transaction came to its end.
    pub logged_at: UnixMillis,
    /// What it was for.
    pub kind: TxKind,
    /// SUCCESS or FAILED.
    pub status: Status,
    /// The account that signed.
    pub account: Address,
    /// Its hash; none when it was never signed.
    pub hash: Option<TxHash>,
    /// What happened, as a sentence.
    pub line: String,
}

/// Adds a line. Answers its number.
pub async fn append(tx: &Tx, log: &TransactionLog) -> Result<i64, StoreError> {
    let id = record::next_id(tx, TABLE).await?;
    let row = Fields::default()
        .int("id", id)
        .int("logged_at", log.logged_at.0)
        .text("kind", log.kind.as_str())
        .text("status", log.status.as_str())
        .text("account", log.account.to_lower())
        .opt_text("tx_hash", log.hash.map(|hash| hash.to_string()))
        .text("line", log.line.as_str());
    record::insert(tx, TABLE, row, || id.to_string()).await?;
    Ok(id)
}

/// The newest lines with their numbers, newest first; only those before number `before`, when given.
pub async fn list(
    r: &impl Read,
    limit: u16,
    before: Option<i64>,
) -> Result<Vec<(i64, TransactionLog)>, StoreError> {
    let mut query = record::select(TABLE);
    query.order_by("id", Order::Desc).limit(u64::from(limit));
    if let Some(before) = before {
        query.and_where(Expr::col("id").lt(before));
    }
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter()
        .map(|row| Ok((row.int("id")?, decode(row)?)))
        .collect()
}

fn decode(row: &Record) -> Result<TransactionLog, StoreError> {
    Ok(TransactionLog {
        logged_at: UnixMillis(row.int("logged_at")?),
        kind: row.parse("kind", TxKind::parse)?,
        status: row.parse("status", Status::parse)?,
        account: row.parse("account", |text| text.parse().ok())?,
        hash: row.opt_parse("tx_hash", |text| text.parse().ok())?,
        line: row.text("line")?,
    })
}
