//! Markets by number: rows name theirs in each of their indexes, where an address would be the better part of them.

use enerlink_domain::Address;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields},
};

const TABLE: &str = "markets";

/// That the column `market` names this one.
pub(crate) fn is(market: Address) -> Expr {
    Expr::col("market").eq(of(market))
}

/// Its number; a new one gets the next.
pub(crate) async fn number(tx: &Tx, market: Address) -> Result<i64, StoreError> {
    if let Some(number) = known(tx, market).await? {
        return Ok(number);
    }
    let number = record::next_id(tx, TABLE).await?;
    let row = Fields::default()
        .int("id", number)
        .text("address", market.to_lower());
    record::insert(tx, TABLE, row, || market.to_lower()).await?;
    Ok(number)
}

async fn known(r: &impl Read, market: Address) -> Result<Option<i64>, StoreError> {
    let row = record::fetch_one(r, TABLE, "id", &of(market)).await?;
    row.map(|row| row.int("id")).transpose()
}

fn of(market: Address) -> SelectStatement {
    Query::select()
        .column("id")
        .from(TABLE)
        .and_where(Expr::col("address").eq(market.to_lower()))
        .take()
}
