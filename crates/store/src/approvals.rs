//! Allowances: who was ever allowed to take tokens of the wallet's accounts, and how much of it is left.

use enerlink_domain::{Address, UnixMillis, token::Token};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
};

const TABLE: &str = "blockchain_approvals";

/// An allowance as it was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Which token.
    pub token: Token,
    /// Whose.
    pub owner: Address,
    /// Who may take it.
    pub spender: Address,
    /// Base units that are left; none where there is no end to it.
    pub left: Option<i128>,
    /// The block at which it was read.
    pub block: u64,
}

/// Notes how an allowance is now.
pub async fn set(tx: &Tx, chain_id: u64, approval: &Approval, now: UnixMillis) -> Result<(), StoreError> {
    let row = Fields::default()
        .int("chain_id", signed(chain_id, "the chain id")?)
        .text("token", approval.token.symbol())
        .text("owner", approval.owner.to_lower())
        .text("spender", approval.spender.to_lower())
        .opt_text("amount", approval.left.map(|left| left.to_string()))
        .int("block", signed(approval.block, "the block number")?)
        .int("updated_at", now.0);
    let key = ["chain_id", "token", "owner", "spender"];
    record::upsert(tx, TABLE, &key, vec![row]).await
}

/// Every allowance that there ever was, those of nothing too.
pub async fn list(r: &impl Read, chain_id: u64) -> Result<Vec<Approval>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .take();
    let rows = record::fetch_all(r, TABLE, "owner", &query).await?;
    let mut found = rows.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|row: &Approval| (row.owner, row.token, row.spender));
    Ok(found)
}

fn decode(row: &Record) -> Result<Approval, StoreError> {
    Ok(Approval {
        token: row.parse("token", Token::parse)?,
        owner: row.parse("owner", |text| text.parse().ok())?,
        spender: row.parse("spender", |text| text.parse().ok())?,
        left: row.opt_parse("amount", |text| text.parse().ok())?,
        block: row.number("block")?,
    })
}
