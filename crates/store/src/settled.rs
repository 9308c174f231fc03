//! What was settled in each hour and each day, kept in the transaction that changes a settlement. For the eye: sums that
//! money depends on are in `totals`.

use std::time::Duration;

use enerlink_domain::{Etk, MeterId, Settlement, Status, UnixMillis, view::Totals};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
    rollups::span,
    totals,
};

const TABLE: &str = "settlement_rollups";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Takes `before` out of the sums and `after` in, as far as they succeeded.
pub(crate) async fn replace(
    tx: &Tx,
    before: Option<&Settlement>,
    after: Option<&Settlement>,
) -> Result<(), StoreError> {
    let share = |settlement: Option<&Settlement>| {
        let settlement = settlement.filter(|settlement| settlement.status == Status::Success)?;
        Some((settlement.settled_at?, totals::share(settlement)?.totals))
    };
    let (less, more) = (share(before), share(after));
    let Some(meter) = after.or(before).map(|settlement| &settlement.meter_id) else {
        return Ok(());
    };
    if less == more {
        return Ok(());
    }
    for (share, change) in [
        (less, totals::subtract as fn(Totals, Totals) -> Option<Totals>),
        (more, totals::add),
    ] {
        let Some((at, share)) = share else { continue };
        for width in [HOUR, DAY] {
            let at = span::clamp(at).floor_to(width);
            let sums = load(tx, meter, width, at, at.plus(width)).await?;
            let changed = change(sums, share).ok_or(StoreError::Range {
                what: "the sum of settlements",
            })?;
            let row = encode(meter, width, at, &changed)?;
            record::upsert(tx, TABLE, &["meter_id", "width_ms", "settled_at"], vec![row]).await?;
        }
    }
    Ok(())
}

/// Sums over the stored stretches of `width` that begin in `from..to`.
pub(crate) async fn load(
    r: &impl Read,
    meter: &MeterId,
    width: Duration,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Totals, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("width_ms").eq(millis(width)))
        .and_where(Expr::col("settled_at").gte(from.0))
        .and_where(Expr::col("settled_at").lt(to.0))
        .take();
    let rows = record::fetch_all(r, TABLE, "settled_at", &query).await?;
    let mut sums = Totals::default();
    for row in &rows {
        sums = totals::add(sums, decode(row)?).ok_or_else(|| row.damaged())?;
    }
    Ok(sums)
}

/// A stretch of time, and how wide the stored stretches are that cover it; none where each settlement is looked at.
pub(crate) type Part = (UnixMillis, UnixMillis, Option<Duration>);

/// Cuts `from..to` into days, the hours at their edges, and what is left at the edges of those.
pub(crate) fn parts(from: UnixMillis, to: UnixMillis) -> Vec<Part> {
    let (from, to) = (span::clamp(from), span::clamp(to));
    let mut parts = vec![(from, to, None)];
    for width in [HOUR, DAY] {
        parts = parts.into_iter().flat_map(|part| split(part, width)).collect();
    }
    parts.retain(|(from, to, _)| from < to);
    parts
}

/// The whole stretches of `width` in the middle of a part; a part that is already wider than rows is only cut once more.
fn split((from, to, covered): Part, width: Duration) -> Vec<Part> {
    let (start, end) = (span::ceil(from, width), to.floor_to(width));
    let narrower = if width == HOUR { None } else { Some(HOUR) };
    if covered != narrower || start >= end {
        return vec![(from, to, covered)];
    }
    vec![
        (from, start, covered),
        (start, end, Some(width)),
        (end, to, covered),
    ]
}

fn millis(width: Duration) -> i64 {
    i64::try_from(width.as_millis()).unwrap_or(i64::MAX)
}

fn encode(meter: &MeterId, width: Duration, at: UnixMillis, sums: &Totals) -> Result<Fields, StoreError> {
    Ok(Fields::default()
        .text("meter_id", meter.as_str())
        .int("width_ms", millis(width))
        .int("settled_at", at.0)
        .int(
            "settlements",
            signed(sums.settlements, "the number of settlements")?,
        )
        .text("minted", sums.minted.0.to_string())
        .text("burned", sums.burned.0.to_string()))
}

fn decode(row: &Record) -> Result<Totals, StoreError> {
    let etk = |text: &str| text.parse().ok().map(Etk);
    Ok(Totals {
        settlements: row.number("settlements")?,
        minted: row.parse("minted", etk)?,
        burned: row.parse("burned", etk)?,
    })
}
