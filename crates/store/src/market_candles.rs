//! Candles of the market in every width, kept with each trade, so that a chart costs what it draws.

use std::collections::BTreeMap;

use enerlink_domain::{
    Address, Idrs, UnixMillis,
    market::{Candle, Price, Tick, TotalLots, Width},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::market_trades;
use crate::{
    Read, StoreError, Tx, markets,
    record::{self, Fields, Record, signed},
    session::execute,
};

const TABLE: &str = "market_candles";

/// Adds trades, which are not older than any before.
pub async fn add(tx: &Tx, market: Address, ticks: &[Tick]) -> Result<(), StoreError> {
    if ticks.is_empty() {
        return Ok(());
    }
    let number = markets::number(tx, market).await?;
    for width in Width::ALL {
        let mut candles: BTreeMap<UnixMillis, Candle> = BTreeMap::new();
        for tick in ticks {
            let start = width.start_of(tick.at, 0);
            let one = Candle::of(start, *tick);
            candles
                .entry(start)
                .and_modify(|candle| candle.add(&one))
                .or_insert(one);
        }
        // Only the first can have begun before.
        if let Some(start) = candles.keys().next().copied()
            && let Some(mut known) = get(tx, market, width, start).await?
            && let Some(candle) = candles.get_mut(&start)
        {
            known.add(candle);
            *candle = known;
        }
        let rows = candles.values().map(|candle| encode(number, width, candle));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        record::upsert(tx, TABLE, &["market", "width_ms", "start"], rows).await?;
    }
    Ok(())
}

/// Sums candles from the one of `at` on up again, from the trades that are left.
pub(crate) async fn rebuild(tx: &Tx, market: Address, at: UnixMillis) -> Result<(), StoreError> {
    let from = Width::Day.start_of(at, 0);
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(markets::is(market))
        .and_where(Expr::col("start").gte(from.0))
        .take();
    execute(tx, &statement).await?;
    let ticks = market_trades::ticks(tx, market, from, UnixMillis(i64::MAX)).await?;
    add(tx, market, &ticks).await
}

/// Candles that begin in `from..to`, in the order of time. Days are those of UTC.
pub async fn between(
    r: &impl Read,
    market: Address,
    width: Width,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Vec<Candle>, StoreError> {
    let query = of(market, width)
        .and_where(Expr::col("start").gte(from.0))
        .and_where(Expr::col("start").lt(to.0))
        .order_by("start", Order::Asc)
        .take();
    let rows = record::fetch_all(r, TABLE, "start", &query).await?;
    rows.iter().map(decode).collect()
}

/// The last candle that begins before `at`.
pub async fn before(
    r: &impl Read,
    market: Address,
    width: Width,
    at: UnixMillis,
) -> Result<Option<Candle>, StoreError> {
    let query = of(market, width)
        .and_where(Expr::col("start").lt(at.0))
        .order_by("start", Order::Desc)
        .limit(1)
        .take();
    let row = record::fetch_one(r, TABLE, "start", &query).await?;
    row.as_ref().map(decode).transpose()
}

async fn get(
    r: &impl Read,
    market: Address,
    width: Width,
    start: UnixMillis,
) -> Result<Option<Candle>, StoreError> {
    let query = of(market, width).and_where(Expr::col("start").eq(start.0)).take();
    let row = record::fetch_one(r, TABLE, "start", &query).await?;
    row.as_ref().map(decode).transpose()
}

fn of(market: Address, width: Width) -> SelectStatement {
    record::select(TABLE)
        .and_where(markets::is(market))
        .and_where(Expr::col("width_ms").eq(width.millis()))
        .take()
}

fn encode(market: i64, width: Width, candle: &Candle) -> Result<Fields, StoreError> {
    Ok(Fields::default()
        .int("market", market)
        .int("width_ms", width.millis())
        .int("start", candle.start.0)
        .int("open", candle.open.get())
        .int("high", candle.high.get())
        .int("low", candle.low.get())
        .int("close", candle.close.get())
        .int("lots", signed(candle.lots.0, "the lots of a candle")?)
        .text("value", candle.value.0.to_string())
        .int("trades", signed(candle.trades, "the trades of a candle")?))
}

fn decode(record: &Record) -> Result<Candle, StoreError> {
    let price = |column| Price::new(record.number(column)?).ok_or_else(|| record.damaged());
    Ok(Candle {
        start: UnixMillis(record.int("start")?),
        open: price("open")?,
        high: price("high")?,
        low: price("low")?,
        close: price("close")?,
        lots: TotalLots(record.number("lots")?),
        value: record.parse("value", |text| text.parse().ok().map(Idrs))?,
        trades: record.number("trades")?,
    })
}
