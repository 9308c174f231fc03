//! Cursors: up to which block something was read from a chain, and that block's hash, to notice a reorganisation.

use std::collections::BTreeMap;

use enerlink_domain::BlockHash;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
    session::execute,
};

const TABLE: &str = "chain_cursors";

/// The last block that the reader called `name` has taken in.
pub async fn get(r: &impl Read, chain_id: u64, name: &str) -> Result<Option<(u64, BlockHash)>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .and_where(Expr::col("name").eq(name))
        .take();
    let row = record::fetch_one(r, TABLE, "name", &query).await?;
    row.as_ref().map(place).transpose()
}

fn place(row: &Record) -> Result<(u64, BlockHash), StoreError> {
    let hash = row.parse("block_hash", |text| text.parse().ok())?;
    Ok((row.number("block")?, hash))
}

/// The last block that every reader of this chain has taken in, by the reader's name.
pub async fn by_name(r: &impl Read, chain_id: u64) -> Result<BTreeMap<String, (u64, BlockHash)>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .take();
    let rows = record::fetch_all(r, TABLE, "name", &query).await?;
    rows.iter()
        .map(|row| Ok((row.text("name")?, place(row)?)))
        .collect()
}

/// Forgets the cursor: everything is read again.
pub async fn remove(tx: &Tx, chain_id: u64, name: &str) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .and_where(Expr::col("name").eq(name))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

/// Moves the cursor, forward or back.
pub async fn set(tx: &Tx, chain_id: u64, name: &str, block: u64, hash: BlockHash) -> Result<(), StoreError> {
    set_all(tx, chain_id, [name], block, hash).await
}

/// Moves several cursors to the same block.
pub async fn set_all<S: AsRef<str>>(
    tx: &Tx,
    chain_id: u64,
    names: impl IntoIterator<Item = S>,
    block: u64,
    hash: BlockHash,
) -> Result<(), StoreError> {
    let chain_id = signed(chain_id, "the chain id")?;
    let block = signed(block, "the block number")?;
    let row = |name: S| {
        Fields::default()
            .int("chain_id", chain_id)
            .text("name", name.as_ref())
            .int("block", block)
            .text("block_hash", hash.to_string())
    };
    record::upsert(
        tx,
        TABLE,
        &["chain_id", "name"],
        names.into_iter().map(row).collect(),
    )
    .await
}
