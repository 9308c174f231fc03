//! What was settled in each hour and each day, kept in the transaction that changes a settlement. For the eye: sums that
//! money depends on are in `totals`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use enerlink_domain::{Etk, MeterId, Settlement, Status, UnixMillis, view::Totals};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
    rollups::span,
    totals::{self, Change},
};

const TABLE: &str = "settlement_rollups";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Where a sum stands: meter, width in milliseconds, beginning.
pub(crate) type Place = (MeterId, i64, UnixMillis);
/// Adds or subtracts; none when the sum would leave its range.
type Calculate = fn(Totals, Totals) -> Option<Totals>;

/// Takes out of the sums what was and in what is, as far as it succeeded.
pub(crate) async fn replace(tx: &Tx, changes: &[Change<'_>]) -> Result<(), StoreError> {
    let share = |settlement: Option<&Settlement>| {
        let settlement = settlement.filter(|settlement| settlement.status == Status::Success)?;
        Some((settlement.settled_at?, totals::share(settlement)?.totals))
    };
    let mut due: Vec<(Place, Calculate, Totals)> = Vec::new();
    for change in changes {
        let (less, more) = (share(change.before), share(Some(change.after)));
        if less == more {
            continue;
        }
        for (share, calculate) in [(less, totals::subtract as Calculate), (more, totals::add)] {
            let Some((at, share)) = share else { continue };
            for width in [HOUR, DAY] {
                let at = span::clamp(at).floor_to(width);
                due.push((
                    (change.after.meter_id.clone(), millis(width), at),
                    calculate,
                    share,
                ));
            }
        }
    }
    if due.is_empty() {
        return Ok(());
    }
    let places: BTreeSet<&Place> = due.iter().map(|(place, ..)| place).collect();
    let mut sums = load_places(tx, &places).await?;
    for (place, calculate, share) in due {
        let sums = sums.entry(place).or_default();
        *sums = calculate(*sums, share).ok_or(StoreError::Range {
            what: "the sum of settlements",
        })?;
    }
    let rows = sums
        .iter()
        .map(|(place, sums)| encode(place, sums))
        .collect::<Result<_, _>>()?;
    record::upsert(tx, TABLE, &["meter_id", "width_ms", "settled_at"], rows).await
}

/// What stands at these places; nothing where nothing does.
pub(crate) async fn load_places(
    r: &impl Read,
    places: &BTreeSet<&Place>,
) -> Result<BTreeMap<Place, Totals>, StoreError> {
    let meters: BTreeSet<&str> = places.iter().map(|(meter, ..)| meter.as_str()).collect();
    let times: BTreeSet<i64> = places.iter().map(|(.., at)| at.0).collect();
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").is_in(record::any_of(meters)))
        .and_where(Expr::col("width_ms").is_in([millis(HOUR), millis(DAY)]))
        .and_where(Expr::col("settled_at").is_in(record::any_of(times)))
        .take();
    let rows = record::fetch_all(r, TABLE, "settled_at", &query).await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let place = (
            row.parse("meter_id", |text| text.parse().ok())?,
            row.int("width_ms")?,
            UnixMillis(row.int("settled_at")?),
        );
        if places.contains(&place) {
            found.insert(place, decode(row)?);
        }
    }
    Ok(found)
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

fn encode((meter, width, at): &Place, sums: &Totals) -> Result<Fields, StoreError> {
    Ok(Fields::default()
        .text("meter_id", meter.as_str())
        .int("width_ms", *width)
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
