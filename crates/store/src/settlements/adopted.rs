//! Settlements that another copy of the wallet has sent.

use std::collections::BTreeSet;

use enerlink_domain::{MeterId, Status, Trigger};
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use super::TABLE;
use crate::{
    Read, StoreError,
    record::{self, signed},
};

/// Meters that one statement names at most.
const AT_ONCE: usize = 512;

/// Those of the meters that have an adopted settlement with SUCCESS in a block from `block` on.
pub async fn adopted_from(
    r: &impl Read,
    meters: &[MeterId],
    block: u64,
) -> Result<BTreeSet<MeterId>, StoreError> {
    let mut found = BTreeSet::new();
    for meters in meters.chunks(AT_ONCE) {
        let query = Query::select()
            .distinct()
            .column("meter_id")
            .from(TABLE)
            .and_where(Expr::col("meter_id").is_in(record::any_of(meters.iter().map(MeterId::as_str))))
            .and_where(Expr::col("block").gte(signed(block, "the block number")?))
            .and_where(Expr::col("status").eq(Status::Success.as_str()))
            .and_where(Expr::col("trigger_type").eq(Trigger::Adopted.as_str()))
            .take();
        for row in record::fetch_all(r, TABLE, "meter_id", &query).await? {
            found.insert(row.parse("meter_id", |text| text.parse().ok())?);
        }
    }
    Ok(found)
}
