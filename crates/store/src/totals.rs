//! Running sums over settlements with SUCCESS, kept in the transaction that changes one.

use enerlink_domain::{Etk, MeterId, Settlement, Status, view::Totals};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, signed},
    seal,
};

const TABLE: &str = "settlement_totals";
const KEY: &str = "meter_id";

/// The sums of a meter; zero before its first success.
pub(crate) async fn load(r: &impl Read, meter: &MeterId) -> Result<Totals, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).eq(meter.as_str()))
        .take();
    let Some(row) = record::fetch_one(r, TABLE, KEY, &query).await? else {
        return Ok(Totals::default());
    };
    let etk = |text: &str| text.parse().ok().map(Etk);
    let totals = Totals {
        settlements: row.number("settlements")?,
        minted: row.parse("minted", etk)?,
        burned: row.parse("burned", etk)?,
    };
    seal::check(TABLE, &row, &encode(meter, &totals)?)?;
    Ok(totals)
}

/// Takes `before` out of the sums and `after` in, as far as they count.
pub(crate) async fn replace(
    tx: &Tx,
    meter: &MeterId,
    before: Option<&Settlement>,
    after: Option<&Settlement>,
) -> Result<(), StoreError> {
    let counted = |settlement: Option<&Settlement>| {
        settlement
            .filter(|settlement| settlement.status == Status::Success)
            .map(|settlement| settlement.etk)
    };
    let (before, after) = (counted(before), counted(after));
    if before == after {
        return Ok(());
    }
    let old = load(tx, meter).await?;
    let totals = before.map_or(Some(old), |etk| remove(old, etk));
    let totals = totals.and_then(|totals| after.map_or(Some(totals), |etk| add(totals, etk)));
    let totals = totals.ok_or(StoreError::Range {
        what: "the sum of settlements",
    })?;
    let row = seal::seal(TABLE, encode(meter, &totals)?);
    record::upsert(tx, TABLE, &[KEY], &[row]).await
}

/// What a settlement adds to (minted, burned).
fn share(etk: Etk) -> Option<(Etk, Etk)> {
    if etk >= Etk::ZERO {
        Some((etk, Etk::ZERO))
    } else {
        Some((Etk::ZERO, Etk::ZERO.checked_sub(etk)?))
    }
}

fn add(totals: Totals, etk: Etk) -> Option<Totals> {
    let (minted, burned) = share(etk)?;
    Some(Totals {
        settlements: totals.settlements.checked_add(1)?,
        minted: totals.minted.checked_add(minted)?,
        burned: totals.burned.checked_add(burned)?,
    })
}

fn remove(totals: Totals, etk: Etk) -> Option<Totals> {
    let (minted, burned) = share(etk)?;
    Some(Totals {
        settlements: totals.settlements.checked_sub(1)?,
        minted: totals.minted.checked_sub(minted)?,
        burned: totals.burned.checked_sub(burned)?,
    })
}

fn encode(meter: &MeterId, totals: &Totals) -> Result<Fields, StoreError> {
    Ok(Fields::default()
        .text(KEY, meter.as_str())
        .int(
            "settlements",
            signed(totals.settlements, "the number of settlements")?,
        )
        .text("minted", totals.minted.0.to_string())
        .text("burned", totals.burned.0.to_string()))
}
