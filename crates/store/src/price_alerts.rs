//! Prices that somebody waits for.

use enerlink_domain::{UnixMillis, market::PriceAlert, view::Alert};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields},
    session::execute,
};

const TABLE: &str = "price_alerts";

/// Every alert, oldest first.
pub async fn list(r: &impl Read) -> Result<Vec<Alert>, StoreError> {
    let query = record::select(TABLE).order_by("id", Order::Asc).take();
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter()
        .map(|row| {
            Ok(Alert {
                id: row.int("id")?,
                alert: row.json("alert")?,
                created_at: UnixMillis(row.int("created_at")?),
                fired_at: row.opt_int("fired_at")?.map(UnixMillis),
            })
        })
        .collect()
}

/// Writes a new alert. Answers its number.
pub async fn insert(tx: &Tx, alert: &PriceAlert, at: UnixMillis) -> Result<i64, StoreError> {
    let id = record::next_id(tx, TABLE).await?;
    let row = fields(&Alert {
        id,
        alert: *alert,
        created_at: at,
        fired_at: None,
    })?;
    record::insert(tx, TABLE, row, || id.to_string()).await?;
    Ok(id)
}

/// Overwrites an alert; [`StoreError::Missing`] when there is none of this number.
pub async fn update(tx: &Tx, alert: &Alert) -> Result<(), StoreError> {
    record::update(tx, TABLE, "id", alert.id, fields(alert)?).await
}

/// Forgets an alert.
pub async fn remove(tx: &Tx, id: i64) -> Result<(), StoreError> {
    let statement = Query::delete()
        .from_table(TABLE)
        .and_where(Expr::col("id").eq(id))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

fn fields(alert: &Alert) -> Result<Fields, StoreError> {
    Ok(Fields::default()
        .int("id", alert.id)
        .json("alert", &alert.alert)?
        .int("created_at", alert.created_at.0)
        .opt_int("fired_at", alert.fired_at.map(|at| at.0)))
}
