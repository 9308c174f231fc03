//! Trades of the market, each found by its place on the chain, in the order of the chain.

use enerlink_domain::{
    Address, BlockHash, UnixMillis,
    market::{Lots, MarketEvent, MarketLog, OrderId, Pair, Price, Side, Tick},
    view::{Trade, TradeFilter, TradePage},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx, markets,
    record::{self, Encoding, Fields, Record, signed},
    session::execute,
};

const TABLE: &str = "market_trades";
/// A page has at most so many rows.
const PAGE: u16 = 200;

/// A trade that is new.
struct Made {
    /// Row number; zero before it got one.
    number: i64,
    log: MarketLog,
    maker_order: OrderId,
    maker: Address,
    taker: Address,
    lots: Lots,
}

impl Made {
    fn of(log: &MarketLog) -> Option<Self> {
        match log.event {
            MarketEvent::Trade {
                maker_order,
                maker,
                taker,
                lots,
            } => Some(Self {
                number: 0,
                log: *log,
                maker_order,
                maker,
                taker,
                lots,
            }),
            MarketEvent::Placed { .. } | MarketEvent::Cancelled { .. } => None,
        }
    }
}

/// Adds the trades among `logs`, which follow each other on the chain and all that is stored.
pub async fn insert(tx: &Tx, market: Address, logs: &[MarketLog]) -> Result<(), StoreError> {
    let mut trades: Vec<Made> = logs.iter().filter_map(Made::of).collect();
    if trades.is_empty() {
        return Ok(());
    }
    let mut number = record::next_id(tx, TABLE).await?;
    for made in &mut trades {
        made.number = number;
        number += 1;
    }
    let encoding = Encoding {
        of: markets::number(tx, market).await?,
        row: encode,
    };
    record::insert_each(tx, TABLE, encoding, trades).await
}

/// Trades of a filter, newest first; only those before number `before`, when given. At most 200 at a time.
pub async fn list(
    r: &impl Read,
    market: Address,
    filter: &TradeFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<TradePage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    let most = u64::from(limit) + 1;
    let mut rows = Vec::new();
    for mut query in filtered(market, filter) {
        query.order_by("id", Order::Desc).limit(most);
        if let Some(before) = before {
            query.and_where(Expr::col("id").lt(before));
        }
        rows.extend(fetch(r, &query).await?);
    }
    rows.sort_by_key(|row| -row.number);
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|row| row.number);
    Ok(TradePage { rows, next })
}

/// Trades of a filter, oldest first; only those after number `after`, when given.
pub async fn export(
    r: &impl Read,
    market: Address,
    filter: &TradeFilter,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Trade>, StoreError> {
    let mut rows = Vec::new();
    for mut query in filtered(market, filter) {
        query.order_by("id", Order::Asc).limit(u64::from(limit));
        if let Some(after) = after {
            query.and_where(Expr::col("id").gt(after));
        }
        rows.extend(fetch(r, &query).await?);
    }
    rows.sort_by_key(|row| row.number);
    rows.truncate(limit as usize);
    Ok(rows)
}

/// What was traded in `from..to`, in the order of the chain.
pub async fn ticks(
    r: &impl Read,
    market: Address,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Vec<Tick>, StoreError> {
    let query = of(market)
        .and_where(Expr::col("traded_at").gte(from.0))
        .and_where(Expr::col("traded_at").lt(to.0))
        .order_by("traded_at", Order::Asc)
        .order_by("id", Order::Asc)
        .take();
    let tick = |row: Trade| Tick {
        at: row.at,
        price: row.price,
        lots: row.lots,
    };
    Ok(fetch(r, &query).await?.into_iter().map(tick).collect())
}

/// The last trade ever.
pub async fn last(r: &impl Read, market: Address) -> Result<Option<Trade>, StoreError> {
    let query = of(market).order_by("id", Order::Desc).limit(1).take();
    Ok(fetch(r, &query).await?.pop())
}

/// The last block before `block` in which something was traded, and its hash.
pub(crate) async fn last_block(
    r: &impl Read,
    market: Address,
    block: u64,
) -> Result<Option<(u64, BlockHash)>, StoreError> {
    let query = Query::select()
        .columns(["id", "block", "block_hash"])
        .from(TABLE)
        .and_where(markets::is(market))
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

/// Trades after `block`, in the order of the chain.
pub(crate) async fn after(r: &impl Read, market: Address, block: u64) -> Result<Vec<Trade>, StoreError> {
    let query = of(market)
        .and_where(Expr::col("block").gt(signed(block, "the block number")?))
        .order_by("block", Order::Asc)
        .order_by("log_index", Order::Asc)
        .take();
    fetch(r, &query).await
}

/// Forgets trades after `block`.
pub(crate) async fn forget_after(tx: &Tx, market: Address, block: u64) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(markets::is(market))
        .and_where(Expr::col("block").gt(signed(block, "the block number")?))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

fn of(market: Address) -> SelectStatement {
    record::select(TABLE).and_where(markets::is(market)).take()
}

/// Of an account what it made and what it took are two searches, each by its own index; it is never both at once.
fn filtered(market: Address, filter: &TradeFilter) -> Vec<SelectStatement> {
    let mut query = of(market);
    if let Some(from) = filter.from {
        query.and_where(Expr::col("traded_at").gte(from.0));
    }
    if let Some(to) = filter.to {
        query.and_where(Expr::col("traded_at").lt(to.0));
    }
    let Some(account) = filter.account else {
        return vec![query];
    };
    let part = |column: &'static str| {
        query
            .clone()
            .and_where(Expr::col(column).eq(account.to_lower()))
            .take()
    };
    vec![part("maker"), part("taker")]
}

async fn fetch(r: &impl Read, query: &SelectStatement) -> Result<Vec<Trade>, StoreError> {
    let rows = record::fetch_all(r, TABLE, "id", query).await?;
    rows.iter().map(decode).collect()
}

fn encode(market: i64, made: Made) -> Result<Fields, StoreError> {
    let log = made.log;
    Ok(Fields::default()
        .int("id", made.number)
        .int("market", market)
        .int("block", signed(log.block, "the block number")?)
        .text("block_hash", log.block_hash.to_string())
        .int("log_index", signed(log.log_index, "the place of the log")?)
        .text("tx_hash", log.tx.to_string())
        .text("maker_order", made.maker_order.to_string())
        .text("maker", made.maker.to_lower())
        .text("taker", made.taker.to_lower())
        .text("side", made.maker_order.side().opposite().as_str())
        .int("price", made.maker_order.price().get())
        .int("lots", made.lots.0)
        .int("traded_at", log.at.0))
}

fn decode(record: &Record) -> Result<Trade, StoreError> {
    let maker_order: OrderId = record.parse("maker_order", |text| text.parse().ok())?;
    let price = Price::new(record.number("price")?).ok_or_else(|| record.damaged())?;
    let lots = Lots(record.number("lots")?);
    Ok(Trade {
        number: record.int("id")?,
        at: UnixMillis(record.int("traded_at")?),
        price,
        lots,
        value: Pair::cost(lots, price),
        side: record.parse("side", Side::parse)?,
        maker_order,
        maker: record.parse("maker", |text| text.parse().ok())?,
        taker: record.parse("taker", |text| text.parse().ok())?,
        tx: record.parse("tx_hash", |text| text.parse().ok())?,
        block: record.number("block")?,
    })
}
