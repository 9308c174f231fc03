//! Cursors: up to which block something was read from a chain, and that block's hash, to notice a reorganisation.

use enerlink_domain::BlockHash;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, signed},
    session::execute,
};

const TABLE: &str = "chain_cursors";

/// The last block that the reader called `name` has taken in.
pub async fn get(r: &impl Read, chain_id: u64, name: &str) -> Result<Option<(u64, BlockHash)>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .and_where(Expr::col("name").eq(name))
        .take();
    let Some(row) = record::fetch_one(r, TABLE, "name", &query).await? else {
        return Ok(None);
    };
    let hash = row.parse("block_hash", |text| text.parse().ok())?;
    Ok(Some((row.number("block")?, hash)))
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
    let row = Fields::default()
        .int("chain_id", signed(chain_id, "the chain id")?)
        .text("name", name)
        .int("block", signed(block, "the block number")?)
        .text("block_hash", hash.to_string());
    record::upsert(tx, TABLE, &["chain_id", "name"], vec![row]).await
}
