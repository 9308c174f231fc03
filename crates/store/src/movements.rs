//! Tokens that moved, as the chain's events tell it of the wallet's accounts. A reorganisation takes rows back.

use std::collections::BTreeSet;

use enerlink_domain::{
    Address, BlockHash, TxHash, UnixMillis,
    token::{Amount, Movement, MovementFilter, MovementKind, MovementPage, Token},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
    session::execute,
};

const TABLE: &str = "token_movements";
/// A page has at most so many rows.
const PAGE: u16 = 200;
/// Blocks that one statement names at most.
const AT_ONCE: usize = 512;

/// A movement that is not stored yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMovement {
    /// Whose.
    pub account: Address,
    /// What it was for the account.
    pub kind: MovementKind,
    /// Which token.
    pub token: Token,
    /// Base units, more than nothing.
    pub units: i128,
    /// The other account.
    pub other: Option<Address>,
    /// The transaction.
    pub tx: TxHash,
    /// The including block.
    pub block: (u64, BlockHash),
    /// The event's place in the block.
    pub log_index: u64,
    /// The block's time.
    pub at: UnixMillis,
}

/// Adds movements; nothing happens for one whose event is there already. Answers those that are new, in their order.
pub async fn insert(tx: &Tx, chain_id: u64, new: &[NewMovement]) -> Result<Vec<Movement>, StoreError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let mut there = places(tx, &new.iter().map(|new| new.block.1).collect()).await?;
    let first = record::next_id(tx, TABLE).await?;
    let news = new.iter().filter(|new| there.insert(new.place()));
    let (mut added, mut rows) = (Vec::new(), Vec::new());
    for (id, new) in (first..).zip(news) {
        rows.push(
            Fields::default()
                .int("id", id)
                .int("chain_id", signed(chain_id, "the chain id")?)
                .text("account", new.account.to_lower())
                .text("kind", new.kind.as_str())
                .text("token", new.token.symbol())
                .text("amount", new.units.to_string())
                .opt_text("other", new.other.map(Address::to_lower))
                .text("tx_hash", new.tx.to_string())
                .int("block", signed(new.block.0, "the block number")?)
                .text("block_hash", new.block.1.to_string())
                .int("log_index", signed(new.log_index, "the log's place")?)
                .int("at", new.at.0),
        );
        added.push(Movement {
            id,
            account: new.account,
            kind: new.kind,
            amount: new.token.of(new.units),
            other: new.other,
            tx: new.tx,
            block: new.block.0,
            at: new.at,
        });
    }
    record::insert_many(tx, TABLE, rows).await?;
    Ok(added)
}

/// What names an event of an account: the block, its place there, the account.
type Place = (BlockHash, u64, Address);

impl NewMovement {
    fn place(&self) -> Place {
        (self.block.1, self.log_index, self.account)
    }
}

/// The events that are stored of these blocks.
pub(crate) async fn places(
    r: &impl Read,
    blocks: &BTreeSet<BlockHash>,
) -> Result<BTreeSet<Place>, StoreError> {
    let blocks: Vec<_> = blocks.iter().map(BlockHash::to_string).collect();
    let mut places = BTreeSet::new();
    for blocks in blocks.chunks(AT_ONCE) {
        let query = Query::select()
            .columns(["id", "block_hash", "log_index", "account"])
            .from(TABLE)
            .and_where(Expr::col("block_hash").is_in(record::any_of(blocks.iter().map(String::as_str))))
            .take();
        for row in record::fetch_all(r, TABLE, "id", &query).await? {
            places.insert((
                row.parse("block_hash", |text| text.parse().ok())?,
                row.number("log_index")?,
                row.parse("account", |text| text.parse().ok())?,
            ));
        }
    }
    Ok(places)
}

/// Forgets what `account` did from block `from` on: it is read again. Answers the transactions that did it.
pub async fn forget_from(
    tx: &Tx,
    chain_id: u64,
    account: Address,
    from: u64,
) -> Result<BTreeSet<TxHash>, StoreError> {
    let condition = Expr::col("chain_id")
        .eq(signed(chain_id, "the chain id")?)
        .and(Expr::col("account").eq(account.to_lower()))
        .and(Expr::col("block").gte(signed(from, "the block number")?));
    let query = record::select(TABLE).and_where(condition.clone()).take();
    let rows = record::fetch_all(tx, TABLE, "id", &query).await?;
    let forgotten = rows
        .iter()
        .map(|row| row.parse("tx_hash", |text| text.parse().ok()))
        .collect::<Result<BTreeSet<TxHash>, StoreError>>()?;
    if !forgotten.is_empty() {
        let statement = Query::delete().from_table(TABLE).and_where(condition).take();
        execute(tx, &statement).await?;
    }
    Ok(forgotten)
}

/// The last block before `block` in which something of `account` moved.
pub async fn last_before(
    r: &impl Read,
    chain_id: u64,
    account: Address,
    block: u64,
) -> Result<Option<(u64, BlockHash)>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .and_where(Expr::col("account").eq(account.to_lower()))
        .and_where(Expr::col("block").lt(signed(block, "the block number")?))
        .order_by("block", Order::Desc)
        .limit(1)
        .take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| {
        Ok((
            row.number("block")?,
            row.parse("block_hash", |text| text.parse().ok())?,
        ))
    })
    .transpose()
}

/// Movements, the newest in the chain first; only those behind row `before`, when given. At most 200 at a time.
pub async fn list(
    r: &impl Read,
    chain_id: u64,
    filter: &MovementFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<MovementPage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    let mut query = filtered(chain_id, filter)?;
    query
        .order_by("block", Order::Desc)
        .order_by("id", Order::Desc)
        // One more than was asked for says whether there is a next page.
        .limit(u64::from(limit) + 1);
    if let Some(before) = before {
        let place = record::select(TABLE).and_where(Expr::col("id").eq(before)).take();
        // One that a reorganisation has taken back is nowhere: the rows are read from the top.
        if let Some(row) = record::fetch_one(r, TABLE, "id", &place).await? {
            let block = row.int("block")?;
            // The bound of the block alone is what an index can search.
            let behind = Expr::col("block").lt(block).or(Expr::col("id").lt(before));
            query.and_where(Expr::col("block").lte(block)).and_where(behind);
        }
    }
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    let more = rows.len() > usize::from(limit);
    let rows = rows.iter().take(usize::from(limit)).map(decode);
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let next = rows.last().filter(|_| more).map(|row| row.id);
    Ok(MovementPage { rows, next })
}

/// Movements, the oldest in the chain first; only those behind that of a block with this row number, when given.
pub async fn export(
    r: &impl Read,
    chain_id: u64,
    filter: &MovementFilter,
    after: Option<(u64, i64)>,
    limit: u32,
) -> Result<Vec<Movement>, StoreError> {
    let mut query = filtered(chain_id, filter)?;
    query
        .order_by("block", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(u64::from(limit));
    if let Some((block, id)) = after {
        let block = signed(block, "the block number")?;
        let behind = Expr::col("block").gt(block).or(Expr::col("id").gt(id));
        query.and_where(Expr::col("block").gte(block)).and_where(behind);
    }
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter().map(decode).collect()
}

fn filtered(chain_id: u64, filter: &MovementFilter) -> Result<SelectStatement, StoreError> {
    let mut query = record::select(TABLE);
    query.and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?));
    if !filter.kinds.is_empty() {
        query.and_where(Expr::col("kind").is_in(filter.kinds.iter().map(|kind| kind.as_str())));
    }
    if let Some(token) = filter.token {
        query.and_where(Expr::col("token").eq(token.symbol()));
    }
    if let Some(account) = filter.account {
        query.and_where(Expr::col("account").eq(account.to_lower()));
    }
    if let Some(from) = filter.from {
        query.and_where(Expr::col("at").gte(from.0));
    }
    if let Some(to) = filter.to {
        query.and_where(Expr::col("at").lt(to.0));
    }
    Ok(query)
}

/// Whom tokens went to, and how often.
pub async fn paid(r: &impl Read, chain_id: u64) -> Result<Vec<(Address, u32)>, StoreError> {
    let query = Query::select()
        .column("other")
        .expr_as(Expr::col("id").count(), "id")
        .from(TABLE)
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .and_where(Expr::col("kind").eq(MovementKind::Sent.as_str()))
        .and_where(Expr::col("other").is_not_null())
        .group_by_col("other")
        .take();
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter()
        .map(|row| {
            let other = row.parse("other", |text| text.parse().ok())?;
            Ok((other, row.number("id")?))
        })
        .collect()
}

fn decode(row: &Record) -> Result<Movement, StoreError> {
    let token = row.parse("token", Token::parse)?;
    let amount: Amount = row.parse("amount", |text| text.parse().ok().map(|units| token.of(units)))?;
    Ok(Movement {
        id: row.int("id")?,
        account: row.parse("account", |text| text.parse().ok())?,
        kind: row.parse("kind", MovementKind::parse)?,
        amount,
        other: row.opt_parse("other", |text| text.parse().ok())?,
        tx: row.parse("tx_hash", |text| text.parse().ok())?,
        block: row.number("block")?,
        at: UnixMillis(row.int("at")?),
    })
}
