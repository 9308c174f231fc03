//! The log of transactions: one readable line for each that came to its end.

use enerlink_domain::{Address, Status, TxHash, TxKind, UnixMillis};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    OutboxRow, Read, StoreError, Tx,
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

/// Adds the line of a transaction that came to its end. Answers its number.
pub async fn append(tx: &Tx, row: &OutboxRow) -> Result<i64, StoreError> {
    let id = record::next_id(tx, TABLE).await?;
    let fields = Fields::default()
        .int("id", id)
        .int("logged_at", row.updated_at.0)
        .text("kind", row.kind.as_str())
        .text("status", row.stage.status().as_str())
        .text("account", row.account.to_lower())
        .opt_text("tx_hash", row.hash.map(|hash| hash.to_string()))
        .text("line", line(row));
    record::insert(tx, TABLE, fields, || id.to_string()).await?;
    Ok(id)
}

/// What happened, as a sentence.
fn line(row: &OutboxRow) -> String {
    let subject = match (&row.settlement_id, &row.meter_id) {
        (Some(settlement), _) => format!("{} {settlement}", row.kind.as_str()),
        (None, Some(meter)) => format!("{} {meter}", row.kind.as_str()),
        (None, None) => row.kind.as_str().to_owned(),
    };
    let end = match row.stage.status() {
        Status::Success => "succeeded",
        Status::Failed => "failed",
        Status::Pending => "waits",
    };
    let place = row
        .block
        .map(|(number, _)| format!(" in block {number}"))
        .unwrap_or_default();
    let reason = row
        .reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    format!("{subject} {end}{place}{reason}")
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
