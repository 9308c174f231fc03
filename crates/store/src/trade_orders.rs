//! Orders of the market as the chain tells them: those that rest or have rested, by their id, and those that never did,
//! by their transaction.

use std::{collections::BTreeSet, fmt::Write as _};

use enerlink_domain::{
    Address, BlockHash, TxHash, UnixMillis,
    market::{Lots, OpenOrder, OrderFlags, OrderId, OrderStatus, PlaceState, Price, Side, TotalLots},
    view::{Order, OrderFilter, OrderPage},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order as Sort, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx, markets,
    record::{self, Encoding, Fields, Record, opt_signed, signed},
    session::execute,
};

pub(crate) const TABLE: &str = "trade_orders_cache";
/// A page has at most so many rows.
const PAGE: u16 = 200;
/// Keys that one statement names at most.
const KEYS: usize = 200;

/// Under what an order is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderKey {
    /// It rests, or has rested.
    Resting(OrderId),
    /// It never did.
    Passing(TxHash),
}

impl OrderKey {
    /// As it is stored: what rests by its place and its turn there, so that the orders of a price lie side by side; what
    /// never did by its transaction, `0x…`.
    fn text(self) -> String {
        match self {
            Self::Resting(id) => {
                let mut text = at(id.side(), id.price());
                // Writing to a `String` cannot fail.
                let _ = write!(text, "{:012x}{:010x}", id.generation(), id.sequence());
                text
            }
            Self::Passing(tx) => tx.to_string(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text.starts_with("0x") {
            return text.parse().ok().map(Self::Passing);
        }
        let part = |from, to| u64::from_str_radix(text.get(from..to)?, 16).ok();
        let side = Side::from_number(u8::try_from(part(0, 1)?).ok()?)?;
        let price = Price::new(u16::try_from(part(1, 5)?).ok()?)?;
        let id = OrderId::new(part(5, 17)?, side, price, part(17, text.len())?)?;
        Some(Self::Resting(id))
    }

    /// The id under which it rests, or has rested.
    pub fn id(self) -> Option<OrderId> {
        match self {
            Self::Resting(id) => Some(id),
            Self::Passing(_) => None,
        }
    }
}

/// What the keys of all orders begin with that have rested at a price.
fn at(side: Side, price: Price) -> String {
    format!("{}{:04x}", side.number(), price.get())
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Row number; zero before it was written.
    pub number: i64,
    /// Under what it is found.
    pub key: OrderKey,
    /// Whose it is.
    pub trader: Address,
    /// What it wants.
    pub side: Side,
    /// The worst price.
    pub price: Price,
    /// How much, in all.
    pub lots: Lots,
    /// What was traded when it arrived.
    pub taken: Lots,
    /// What was traded since.
    pub given: Lots,
    /// What rests.
    pub left: Lots,
    /// How it behaved when it arrived; known of those that were placed here.
    pub flags: Option<OrderFlags>,
    /// The transaction that it came with.
    pub tx: TxHash,
    /// The block of that.
    pub block: u64,
    /// Its hash.
    pub block_hash: BlockHash,
    /// Position among the block's logs.
    pub log_index: u64,
    /// When that was.
    pub placed_at: UnixMillis,
    /// What was cancelled, in which block.
    pub cancelled: Option<(Lots, u64)>,
    /// When nothing rested any more.
    pub ended_at: Option<UnixMillis>,
}

impl OrderRow {
    /// What was traded, in all.
    pub fn filled(&self) -> Lots {
        Lots(self.taken.0.saturating_add(self.given.0))
    }

    /// What the chain says of it.
    pub fn status(&self) -> OrderStatus {
        OrderStatus::of(self.lots, self.filled(), self.left)
    }

    /// The order as it is shown.
    pub fn view(&self) -> Order {
        Order {
            number: self.number,
            id: self.key.id(),
            trader: self.trader,
            side: self.side,
            price: self.price,
            lots: self.lots,
            filled: self.filled(),
            left: self.left,
            status: self.status(),
            flags: self.flags,
            tx: self.tx,
            block: self.block,
            placed_at: self.placed_at,
            ended_at: self.ended_at,
            position: None,
        }
    }
}

/// Writes rows, new ones and changed ones; a row without a number gets one.
pub async fn put(tx: &Tx, market: Address, rows: &mut [OrderRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let market = markets::number(tx, market).await?;
    let mut next = record::next_id(tx, TABLE).await?;
    for row in rows.iter_mut().filter(|row| row.number == 0) {
        row.number = next;
        next += 1;
    }
    let encoding = Encoding {
        of: market,
        row: encode,
    };
    let rows = rows.iter().collect();
    record::upsert_each(tx, TABLE, &["market", "order_key"], encoding, rows).await
}

/// The order with this key.
pub async fn get(r: &impl Read, market: Address, key: OrderKey) -> Result<Option<OrderRow>, StoreError> {
    Ok(many(r, market, &BTreeSet::from([key])).await?.pop())
}

/// The orders with these keys, as far as they are known.
pub async fn many(
    r: &impl Read,
    market: Address,
    keys: &BTreeSet<OrderKey>,
) -> Result<Vec<OrderRow>, StoreError> {
    let keys: Vec<String> = keys.iter().map(|key| key.text()).collect();
    let mut rows = Vec::with_capacity(keys.len());
    for keys in keys.chunks(KEYS) {
        let query = of(market)
            .and_where(Expr::col("order_key").is_in(keys.iter().cloned()))
            .take();
        rows.extend(fetch(r, &query).await?);
    }
    Ok(rows)
}

/// The orders that came with a transaction of this block.
pub async fn of_transaction(
    r: &impl Read,
    market: Address,
    block: u64,
    tx: TxHash,
) -> Result<Vec<OrderRow>, StoreError> {
    let query = of(market)
        .and_where(Expr::col("block").eq(signed(block, "the block number")?))
        .and_where(Expr::col("tx_hash").eq(tx.to_string()))
        .take();
    fetch(r, &query).await
}

/// Forgets the order of this transaction, if it never rested and nothing of it was traded.
pub async fn forget_void(tx: &Tx, market: Address, hash: TxHash) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(markets::is(market))
        .and_where(Expr::col("order_key").eq(hash.to_string()))
        .and_where(Expr::col("taken").eq(0))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

/// Open orders with a row number above `after`, in that order, at most `limit`.
pub async fn open(
    r: &impl Read,
    market: Address,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, OpenOrder)>, StoreError> {
    let query = Query::select()
        .columns(["id", "order_key", "trader", "lots_left"])
        .from(TABLE)
        .and_where(markets::is(market))
        .and_where(Expr::col("lots_left").gt(0))
        .and_where(Expr::col("id").gt(after))
        .order_by("id", Sort::Asc)
        .limit(u64::from(limit))
        .take();
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    let decode = |row: &Record| {
        let order = OpenOrder {
            id: row.parse("order_key", |text| OrderKey::parse(text)?.id())?,
            trader: row.parse("trader", |text| text.parse().ok())?,
            lots: Lots(row.number("lots_left")?),
        };
        Ok((row.int("id")?, order))
    };
    rows.iter().map(decode).collect()
}

/// Orders of a filter, newest first; only those before number `before`, when given. At most 200 at a time.
pub async fn list(
    r: &impl Read,
    market: Address,
    filter: &OrderFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<OrderPage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    let mut rows = Vec::new();
    for mut query in filtered(market, filter) {
        // One more than was asked for says whether there is a next page.
        query.order_by("id", Sort::Desc).limit(u64::from(limit) + 1);
        if let Some(before) = before {
            query.and_where(Expr::col("id").lt(before));
        }
        rows.extend(fetch(r, &query).await?);
    }
    rows.sort_by_key(|row| -row.number);
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|row| row.number);
    let rows = rows.iter().map(OrderRow::view).collect();
    Ok(OrderPage { rows, next })
}

/// Orders of a filter, oldest first; only those after number `after`, when given.
pub async fn export(
    r: &impl Read,
    market: Address,
    filter: &OrderFilter,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Order>, StoreError> {
    let mut rows = Vec::new();
    for mut query in filtered(market, filter) {
        query.order_by("id", Sort::Asc).limit(u64::from(limit));
        if let Some(after) = after {
            query.and_where(Expr::col("id").gt(after));
        }
        rows.extend(fetch(r, &query).await?);
    }
    rows.sort_by_key(|row| row.number);
    rows.truncate(limit as usize);
    Ok(rows.iter().map(OrderRow::view).collect())
}

/// The last block before `block` in which an order came or was cancelled, and its hash.
pub(crate) async fn last_block(
    r: &impl Read,
    market: Address,
    block: u64,
) -> Result<Option<(u64, BlockHash)>, StoreError> {
    let query = of(market)
        .and_where(Expr::col("block").lt(signed(block, "the block number")?))
        .order_by("block", Sort::Desc)
        .limit(1)
        .take();
    Ok(fetch(r, &query)
        .await?
        .pop()
        .map(|row| (row.block, row.block_hash)))
}

/// Orders that came after `block`, and those that were cancelled after it.
pub(crate) async fn after(r: &impl Read, market: Address, block: u64) -> Result<Vec<OrderRow>, StoreError> {
    let block = signed(block, "the block number")?;
    let came = of(market).and_where(Expr::col("block").gt(block)).take();
    let gone = of(market)
        .and_where(Expr::col("cancelled").is_not_null())
        .and_where(Expr::col("ended_block").gt(block))
        .take();
    let mut rows = fetch(r, &came).await?;
    for row in fetch(r, &gone).await? {
        if !rows.iter().any(|known| known.key == row.key) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Forgets orders that came after `block`.
pub(crate) async fn forget_after(tx: &Tx, market: Address, block: u64) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(markets::is(market))
        .and_where(Expr::col("block").gt(signed(block, "the block number")?))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

/// Where a price stands, as far as the orders that have rested there tell: the head is the least that it can be.
pub(crate) async fn place(
    r: &impl Read,
    market: Address,
    side: Side,
    price: Price,
) -> Result<Option<PlaceState>, StoreError> {
    let start = at(side, price);
    let between = |from: String, to: String| {
        of(market)
            .and_where(Expr::col("order_key").gte(from))
            .and_where(Expr::col("order_key").lt(to))
            .take()
    };
    // Above every hexadecimal digit.
    let last = between(start.clone(), format!("{start}g"))
        .order_by("order_key", Sort::Desc)
        .limit(1)
        .take();
    let Some(id) = fetch(r, &last).await?.pop().and_then(|row| row.key.id()) else {
        return Ok(None);
    };
    let start = format!("{start}{:012x}", id.generation());
    let rows = between(start.clone(), format!("{start}g"));
    let lots: u64 = fetch(r, &rows)
        .await?
        .iter()
        .map(|row| u64::from(row.left.0))
        .sum();
    let rests = lots > 0;
    Ok(Some(PlaceState {
        side,
        price,
        generation: id.generation() + u64::from(!rests),
        head: 0,
        tail: if rests { id.sequence() + 1 } else { 0 },
        lots: TotalLots(lots),
    }))
}

fn of(market: Address) -> SelectStatement {
    record::select(TABLE).and_where(markets::is(market)).take()
}

/// Of an account the orders of each status are one search; without a status these are as many as there are statuses.
fn filtered(market: Address, filter: &OrderFilter) -> Vec<SelectStatement> {
    let mut query = of(market);
    if let Some(trader) = filter.trader {
        query.and_where(Expr::col("trader").eq(trader.to_lower()));
    }
    if let Some(side) = filter.side {
        query.and_where(Expr::col("side").eq(side.as_str()));
    }
    if let Some(from) = filter.from {
        query.and_where(Expr::col("placed_at").gte(from.0));
    }
    if let Some(to) = filter.to {
        query.and_where(Expr::col("placed_at").lt(to.0));
    }
    let with = |status: OrderStatus| {
        query
            .clone()
            .and_where(Expr::col("status").eq(status.as_str()))
            .take()
    };
    match filter.status {
        Some(status) => vec![with(status)],
        None if filter.trader.is_some() => OrderStatus::ALL.map(with).to_vec(),
        None => vec![query],
    }
}

async fn fetch(r: &impl Read, query: &SelectStatement) -> Result<Vec<OrderRow>, StoreError> {
    let rows = record::fetch_all(r, TABLE, "id", query).await?;
    rows.iter().map(decode).collect()
}

fn encode(market: i64, row: &OrderRow) -> Result<Fields, StoreError> {
    let ended = opt_signed(row.cancelled.map(|(_, block)| block), "the block number")?;
    Ok(Fields::default()
        .int("id", row.number)
        .int("market", market)
        .text("order_key", row.key.text())
        .text("trader", row.trader.to_lower())
        .text("side", row.side.as_str())
        .int("price", row.price.get())
        .int("lots", row.lots.0)
        .int("taken", row.taken.0)
        .int("given", row.given.0)
        .int("lots_left", row.left.0)
        .opt_int("cancelled", row.cancelled.map(|(lots, _)| lots.0))
        .text("status", row.status().as_str())
        .opt_int("flags", row.flags.map(OrderFlags::number))
        .text("tx_hash", row.tx.to_string())
        .int("block", signed(row.block, "the block number")?)
        .text("block_hash", row.block_hash.to_string())
        .int("log_index", signed(row.log_index, "the place of the log")?)
        .int("placed_at", row.placed_at.0)
        .opt_int("ended_block", ended)
        .opt_int("ended_at", row.ended_at.map(|at| at.0)))
}

fn decode(record: &Record) -> Result<OrderRow, StoreError> {
    let hash = |text: &str| text.parse().ok();
    let cancelled = record.opt_number("cancelled")?.map(Lots);
    let flags: Option<u8> = record.opt_number("flags")?;
    Ok(OrderRow {
        number: record.int("id")?,
        key: record.parse("order_key", OrderKey::parse)?,
        trader: record.parse("trader", |text| text.parse().ok())?,
        side: record.parse("side", Side::parse)?,
        price: Price::new(record.number("price")?).ok_or_else(|| record.damaged())?,
        lots: Lots(record.number("lots")?),
        taken: Lots(record.number("taken")?),
        given: Lots(record.number("given")?),
        left: Lots(record.number("lots_left")?),
        flags: flags
            .map(|flags| OrderFlags::from_number(flags).ok_or_else(|| record.damaged()))
            .transpose()?,
        tx: record.parse("tx_hash", hash)?,
        block: record.number("block")?,
        block_hash: record.parse("block_hash", hash)?,
        log_index: record.number("log_index")?,
        placed_at: UnixMillis(record.int("placed_at")?),
        cancelled: cancelled.zip(record.opt_number("ended_block")?),
        ended_at: record.opt_int("ended_at")?.map(UnixMillis),
    })
}
