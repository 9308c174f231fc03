//! Every version of a transaction that was signed: the first, each higher fee, the cancellation. They share a nonce, and
//! any of them may be in a block.

use std::{collections::BTreeMap, slice};

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

/// [`insert`] for several, with the transactions that they are of.
pub async fn insert_all(tx: &Tx, versions: &[(i64, TxVersion)]) -> Result<(), StoreError> {
    match versions {
        [(id, version)] => insert(tx, *id, version).await,
        versions => {
            let rows = versions
                .iter()
                .map(|(id, version)| seal::seal(TABLE, encode(*id, version)));
            record::insert_many(tx, TABLE, rows.collect()).await
        }
    }
}

/// Every version of `row`, oldest first; none before it was signed. One that was signed before versions were kept is
/// its own first.
pub async fn list(r: &impl Read, row: &OutboxRow) -> Result<Vec<TxVersion>, StoreError> {
    let mut lists = list_all(r, slice::from_ref(row)).await?;
    Ok(lists.pop().unwrap_or_default())
}

/// [`list`] for each of these rows, in their order.
pub async fn list_all(r: &impl Read, rows: &[OutboxRow]) -> Result<Vec<Vec<TxVersion>>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut found = of_rows(r, &ids).await?;
    let lists = rows.iter().map(|row| {
        found
            .remove(&row.id)
            .unwrap_or_else(|| first_of(row).into_iter().collect())
    });
    Ok(lists.collect())
}

/// What is stored of the rows with these numbers, in order.
pub(crate) async fn of_rows(r: &impl Read, ids: &[i64]) -> Result<BTreeMap<i64, Vec<TxVersion>>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("outbox_id").is_in(record::any_of(ids.iter().copied())))
        .order_by("outbox_id", Order::Asc)
        .order_by("version", Order::Asc)
        .take();
    let mut found: BTreeMap<i64, Vec<TxVersion>> = BTreeMap::new();
    for record in record::fetch_all(r, TABLE, "outbox_id", &query).await? {
        let id = record.int("outbox_id")?;
        found.entry(id).or_default().push(decode(id, &record)?);
    }
    Ok(found)
}

/// The version of a row that was signed before versions were kept.
fn first_of(row: &OutboxRow) -> Option<TxVersion> {
    Some(TxVersion {
        number: 1,
        hash: row.hash?,
        raw: row.raw.clone()?,
        max_fee: row.max_fee.unwrap_or_default(),
        priority_fee: row.priority_fee,
        cancels: row.cancelling,
        created_at: row.updated_at,
    })
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
