//! Every version of a transaction that was signed: the first, each higher fee, the cancellation. They share a nonce, and
//! any of them may be in a block.

use enerlink_domain::{TxHash, UnixMillis, Wei};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    OutboxRow, Read, StoreError, Tx,
    record::{self, Fields, Record},
    seal,
};

const TABLE: &str = "outbox_versions";

/// Signed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxVersion {
    /// From 1.
    pub number: u32,
    /// Keccak-256 of the bytes.
    pub hash: TxHash,
    /// The signed bytes.
    pub raw: Vec<u8>,
    /// Wei per gas at most; the gas price of a legacy transaction.
    pub max_fee: Wei,
    /// Wei per gas for the producer of the block; none in a legacy transaction.
    pub priority_fee: Option<Wei>,
    /// Whether it does nothing but take the nonce.
    pub cancels: bool,
    /// When it was signed.
    pub created_at: UnixMillis,
}

/// Adds a version to the transaction `id`; [`StoreError::Exists`] when it has one of this number.
pub async fn insert(tx: &Tx, id: i64, version: &TxVersion) -> Result<(), StoreError> {
    let row = seal::seal(TABLE, encode(id, version));
    record::insert(tx, TABLE, row, || format!("{id}/{}", version.number)).await
}

/// Every version of `row`, oldest first; none before it was signed. One that was signed before versions were kept is
/// its own first.
pub async fn list(r: &impl Read, row: &OutboxRow) -> Result<Vec<TxVersion>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("outbox_id").eq(row.id))
        .order_by("version", Order::Asc)
        .take();
    let records = record::fetch_all(r, TABLE, "outbox_id", &query).await?;
    let versions = records.iter().map(|record| decode(row.id, record));
    let versions = versions.collect::<Result<Vec<_>, _>>()?;
    match (&row.raw, row.hash) {
        (Some(raw), Some(hash)) if versions.is_empty() => Ok(vec![TxVersion {
            number: 1,
            hash,
            raw: raw.clone(),
            max_fee: row.max_fee.unwrap_or_default(),
            priority_fee: row.priority_fee,
            cancels: row.cancelling,
            created_at: row.updated_at,
        }]),
        _ => Ok(versions),
    }
}

fn encode(id: i64, version: &TxVersion) -> Fields {
    Fields::default()
        .int("outbox_id", id)
        .int("version", version.number)
        .text("tx_hash", version.hash.to_string())
        .blob("raw", version.raw.as_slice())
        .text("max_fee", version.max_fee.0.to_string())
        .opt_text("priority_fee", version.priority_fee.map(|fee| fee.0.to_string()))
        .flag("cancels", version.cancels)
        .int("created_at", version.created_at.0)
}

fn decode(id: i64, record: &Record) -> Result<TxVersion, StoreError> {
    let wei = |text: &str| text.parse().ok().map(Wei);
    let version = TxVersion {
        number: record.number("version")?,
        hash: record.parse("tx_hash", |text| text.parse().ok())?,
        raw: record.blob("raw")?,
        max_fee: record.parse("max_fee", wei)?,
        priority_fee: record.opt_parse("priority_fee", wei)?,
        cancels: record.flag("cancels")?,
        created_at: UnixMillis(record.int("created_at")?),
    };
    seal::check(TABLE, record, &encode(id, &version))?;
    Ok(version)
}
