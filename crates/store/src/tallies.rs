//! Tallies: how often each reason or remark was given of a meter's messages.

use std::collections::BTreeMap;

use enerlink_domain::MeterId;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, signed},
};

const TABLE: &str = "meter_tallies";

/// Adds to the tally of a meter.
pub async fn add(tx: &Tx, meter: &MeterId, more: &BTreeMap<String, u64>) -> Result<(), StoreError> {
    if more.is_empty() {
        return Ok(());
    }
    let before = load(tx, meter).await?;
    let sums = more.iter().map(|(word, times)| {
        let sum = before.get(word).unwrap_or(&0).saturating_add(*times);
        Ok(Fields::default()
            .text("meter_id", meter.as_str())
            .text("word", word.as_str())
            .int("times", signed(sum, "a tally")?))
    });
    let rows = sums.collect::<Result<Vec<_>, StoreError>>()?;
    record::upsert(tx, TABLE, &["meter_id", "word"], rows).await
}

/// The tally of a meter.
pub async fn load(r: &impl Read, meter: &MeterId) -> Result<BTreeMap<String, u64>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .take();
    let rows = record::fetch_all(r, TABLE, "word", &query).await?;
    rows.iter()
        .map(|row| Ok((row.text("word")?, row.number("times")?)))
        .collect()
}
