//! Where each price of the market stands in its generations: what its open orders alone do not say.

use enerlink_domain::{
    Address,
    market::{PlaceState, Price, Side, TotalLots},
};
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::{
    Read, StoreError, Tx, markets,
    record::{self, Fields, Record, signed},
    session::execute,
};

const TABLE: &str = "market_levels";

/// Every price at which orders rest or have rested; their lots are those of the orders, and not known here.
pub async fn list(r: &impl Read, market: Address) -> Result<Vec<PlaceState>, StoreError> {
    let query = record::select(TABLE).and_where(markets::is(market)).take();
    let rows = record::fetch_all(r, TABLE, "price", &query).await?;
    rows.iter().map(decode).collect()
}

/// Writes where prices stand.
pub async fn put(tx: &Tx, market: Address, places: &[PlaceState]) -> Result<(), StoreError> {
    if places.is_empty() {
        return Ok(());
    }
    let market = markets::number(tx, market).await?;
    let row = |place: &PlaceState| {
        Ok(Fields::default()
            .int("market", market)
            .text("side", place.side.as_str())
            .int("price", place.price.get())
            .int("generation", signed(place.generation, "the generation")?)
            .int("head", signed(place.head, "the head of a price")?)
            .int("tail", signed(place.tail, "the tail of a price")?))
    };
    let rows = places.iter().map(row).collect::<Result<Vec<_>, StoreError>>()?;
    record::upsert(tx, TABLE, &["market", "side", "price"], rows).await
}

/// Forgets a price at which nothing has ever rested.
pub async fn forget(tx: &Tx, market: Address, side: Side, price: Price) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(markets::is(market))
        .and_where(Expr::col("side").eq(side.as_str()))
        .and_where(Expr::col("price").eq(price.get()))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

/// Forgets every price.
pub async fn clear(tx: &Tx, market: Address) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(markets::is(market))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

fn decode(record: &Record) -> Result<PlaceState, StoreError> {
    Ok(PlaceState {
        side: record.parse("side", Side::parse)?,
        price: Price::new(record.number("price")?).ok_or_else(|| record.damaged())?,
        generation: record.number("generation")?,
        head: record.number("head")?,
        tail: record.number("tail")?,
        lots: TotalLots::ZERO,
    })
}
