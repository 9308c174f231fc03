//! Rows of buckets: how they are read and merged.

use std::{collections::BTreeMap, time::Duration};

use enerlink_domain::{MeterId, MicroWh, UnixMillis, view::DayEnergy};
use sea_orm::sea_query::{Cond, Expr, ExprTrait, Order, SelectStatement};

use super::{
    WIDTHS,
    bucket::{Bucket, Series, minus, plus},
    span,
};
use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
};

/// The table of the narrowest width.
pub(super) const MINUTES: &str = "energy_readings";
/// The table of the wider ones.
const ROLLUPS: &str = "energy_rollups";
/// Buckets or spans that one question names at most.
const AT_ONCE: usize = 32;

/// Where buckets of `width` are stored.
fn table(width: Duration) -> &'static str {
    if width == WIDTHS[0] { MINUTES } else { ROLLUPS }
}

fn millis(width: Duration) -> i64 {
    i64::try_from(width.as_millis()).unwrap_or(i64::MAX)
}

/// `SELECT *` over the buckets of one width of a meter.
fn buckets_of(meter: &MeterId, width: Duration) -> SelectStatement {
    let mut query = record::select(table(width));
    query.and_where(Expr::col("meter_id").eq(meter.as_str()));
    if table(width) == ROLLUPS {
        query.and_where(Expr::col("width_ms").eq(millis(width)));
    }
    query
}

/// Rows of `width` that begin in `from..to`, in the order of time.
async fn fetch(
    r: &impl Read,
    meter: &MeterId,
    width: Duration,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Vec<Record>, StoreError> {
    let query = buckets_of(meter, width)
        .and_where(Expr::col("received_at").gte(from.0))
        .and_where(Expr::col("received_at").lt(to.0))
        .order_by("received_at", Order::Asc)
        .take();
    record::fetch_all(r, table(width), "received_at", &query).await
}

/// Stored buckets of `width` that begin in `from..to`, in the order of time.
pub(super) async fn load(
    r: &impl Read,
    meter: &MeterId,
    width: Duration,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Vec<(UnixMillis, Bucket)>, StoreError> {
    let rows = fetch(r, meter, width, from, to).await?;
    rows.iter()
        .map(|row| Ok((UnixMillis(row.int("received_at")?), decode(row)?)))
        .collect()
}

/// Powers of the stored buckets of `width` that begin in `from..to`, in the order of time, without their energies: a
/// row costs by its columns.
pub(super) async fn load_powers(
    r: &impl Read,
    meter: &MeterId,
    width: Duration,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Vec<(UnixMillis, Bucket)>, StoreError> {
    let mut query = buckets_of(meter, width);
    query.clear_selects().column("received_at");
    for names in [&SOLAR, &LOAD, &GRID, &BATTERY] {
        query.columns([names.sum, names.count, names.low, names.high]);
    }
    query
        .and_where(Expr::col("received_at").gte(from.0))
        .and_where(Expr::col("received_at").lt(to.0))
        .order_by("received_at", Order::Asc);
    let rows = record::fetch_all(r, table(width), "received_at", &query).await?;
    rows.iter()
        .map(|row| {
            let bucket = Bucket {
                solar: decode_series(row, &SOLAR)?,
                load: decode_series(row, &LOAD)?,
                grid: decode_series(row, &GRID)?,
                battery: decode_series(row, &BATTERY)?,
                energy: DayEnergy::default(),
            };
            Ok((UnixMillis(row.int("received_at")?), bucket))
        })
        .collect()
}

/// Adds `buckets`, each of a meter, a width and a beginning, to those that are stored. What is there is read first and
/// the sum written: a sum in SQL would turn into a float, or fail, when it leaves 64 bits.
pub(super) async fn merge(
    tx: &Tx,
    mut buckets: BTreeMap<(&MeterId, Duration, UnixMillis), Bucket>,
) -> Result<(), StoreError> {
    let keys: Vec<_> = buckets.keys().copied().collect();
    for keys in keys.chunks(AT_ONCE) {
        let each = keys.iter().map(|(meter, width, at)| {
            Expr::col("meter_id")
                .eq(meter.as_str())
                .and(Expr::col("width_ms").eq(millis(*width)))
                .and(Expr::col("received_at").eq(at.0))
        });
        let query = record::select(ROLLUPS)
            .cond_where(each.fold(Cond::any(), Cond::add))
            .take();
        for row in record::fetch_all(tx, ROLLUPS, "received_at", &query).await? {
            let stored = decode(&row)?;
            let (meter, width) = (row.text("meter_id")?, row.int("width_ms")?);
            let at = UnixMillis(row.int("received_at")?);
            let of = |key: &&(&MeterId, Duration, UnixMillis)| {
                key.0.as_str() == meter && millis(key.1) == width && key.2 == at
            };
            if let Some(bucket) = keys.iter().find(of).and_then(|key| buckets.get_mut(key)) {
                bucket.absorb(&stored);
            }
        }
    }
    let rows = buckets.iter().map(|((meter, width, at), bucket)| {
        let row = Fields::default()
            .text("meter_id", meter.as_str())
            .int("width_ms", millis(*width));
        encode(row, *at, bucket)
    });
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    record::upsert(tx, ROLLUPS, &["meter_id", "width_ms", "received_at"], rows).await
}

/// Minutes as they are stored, each with what had flowed since midnight at its end.
type Minutes = BTreeMap<UnixMillis, (Bucket, DayEnergy)>;

/// [`merge`] for minutes, of each meter. A minute also holds what has flowed since midnight. Minutes later in the day,
/// which are there when the clock was set back, follow what is added before them.
pub(super) async fn merge_minutes(
    tx: &Tx,
    meters: BTreeMap<&MeterId, BTreeMap<UnixMillis, Bucket>>,
) -> Result<(), StoreError> {
    let mut known = known_minutes(tx, &meters).await?;
    let mut rows = Vec::new();
    for (meter, buckets) in meters {
        let known = known.remove(meter).unwrap_or_default();
        rows.extend(merged_minutes(tx, meter, buckets, &known).await?);
    }
    record::upsert(tx, MINUTES, &["meter_id", "received_at"], rows).await
}

/// The stored minutes from the first of `meters`' buckets to the end of the day of the last.
async fn known_minutes(
    tx: &Tx,
    meters: &BTreeMap<&MeterId, BTreeMap<UnixMillis, Bucket>>,
) -> Result<BTreeMap<MeterId, Minutes>, StoreError> {
    let mut known: BTreeMap<MeterId, Minutes> = BTreeMap::new();
    let spans = meters.iter().filter_map(|(meter, buckets)| {
        let (first, last) = (buckets.first_key_value()?.0, buckets.last_key_value()?.0);
        let end = span::ceil(last.plus(WIDTHS[0]), WIDTHS[3]);
        Some((*meter, *first, end))
    });
    let spans: Vec<_> = spans.collect();
    for spans in spans.chunks(AT_ONCE) {
        let each = spans.iter().map(|(meter, first, end)| {
            Expr::col("meter_id")
                .eq(meter.as_str())
                .and(Expr::col("received_at").gte(first.0))
                .and(Expr::col("received_at").lt(end.0))
        });
        let query = record::select(MINUTES)
            .cond_where(each.fold(Cond::any(), Cond::add))
            .take();
        for row in record::fetch_all(tx, MINUTES, "received_at", &query).await? {
            let meter = row.parse("meter_id", |id| id.parse().ok())?;
            let at = UnixMillis(row.int("received_at")?);
            let minute = (decode(&row)?, decode_day(&row)?);
            known.entry(meter).or_default().insert(at, minute);
        }
    }
    Ok(known)
}

/// The rows of a meter that change when `buckets` are added to what is `known`.
async fn merged_minutes(
    tx: &Tx,
    meter: &MeterId,
    mut buckets: BTreeMap<UnixMillis, Bucket>,
    known: &Minutes,
) -> Result<Vec<Fields>, StoreError> {
    let Some((&first, _)) = buckets.first_key_value() else {
        return Ok(Vec::new());
    };
    for (at, (stored, _)) in known {
        buckets.entry(*at).or_default().absorb(stored);
    }
    let mut passed = match known.get(&first) {
        Some((stored, passed)) => minus(*passed, stored.energy),
        None => passed_before(tx, meter, first).await?,
    };
    let mut midnight = first.floor_to(WIDTHS[3]);
    let mut rows = Vec::new();
    for (at, bucket) in &buckets {
        if at.floor_to(WIDTHS[3]) != midnight {
            midnight = at.floor_to(WIDTHS[3]);
            passed = DayEnergy::default();
        }
        passed = plus(passed, bucket.energy);
        if known.get(at) != Some(&(*bucket, passed)) {
            let row = Fields::default().text("meter_id", meter.as_str());
            rows.push(encode_day(encode(row, *at, bucket)?, &passed)?);
        }
    }
    Ok(rows)
}

/// What has flowed since midnight before the minute that begins at `at`.
async fn passed_before(tx: &Tx, meter: &MeterId, at: UnixMillis) -> Result<DayEnergy, StoreError> {
    let query = buckets_of(meter, WIDTHS[0])
        .and_where(Expr::col("received_at").gte(at.floor_to(WIDTHS[3]).0))
        .and_where(Expr::col("received_at").lt(at.0))
        .order_by("received_at", Order::Desc)
        .limit(1)
        .take();
    let row = record::fetch_one(tx, MINUTES, "received_at", &query).await?;
    row.map_or(Ok(DayEnergy::default()), |row| decode_day(&row))
}

fn encode(row: Fields, at: UnixMillis, bucket: &Bucket) -> Result<Fields, StoreError> {
    let mut row = row.int("received_at", at.0);
    for (names, series) in [
        (&SOLAR, bucket.solar),
        (&LOAD, bucket.load),
        (&GRID, bucket.grid),
        (&BATTERY, bucket.battery),
    ] {
        row = row
            .int(names.sum, series.sum)
            .int(names.count, series.count)
            .opt_int(names.low, series.ends.map(|(low, _)| low))
            .opt_int(names.high, series.ends.map(|(_, high)| high));
    }
    let energy = &bucket.energy;
    Ok(row
        .int("produced_uwh", signed(energy.produced.0, "an energy")?)
        .int("used_uwh", signed(energy.used.0, "an energy")?)
        .int("exported_uwh", signed(energy.exported.0, "an energy")?)
        .int("imported_uwh", signed(energy.imported.0, "an energy")?))
}

fn encode_day(row: Fields, day: &DayEnergy) -> Result<Fields, StoreError> {
    Ok(row
        .int("produced_day_uwh", signed(day.produced.0, "an energy")?)
        .int("used_day_uwh", signed(day.used.0, "an energy")?)
        .int("exported_day_uwh", signed(day.exported.0, "an energy")?)
        .int("imported_day_uwh", signed(day.imported.0, "an energy")?))
}

/// The columns of one series.
struct Columns {
    sum: &'static str,
    count: &'static str,
    low: &'static str,
    high: &'static str,
}

macro_rules! columns {
    ($name:literal) => {
        Columns {
            sum: concat!($name, "_sum_uw"),
            count: concat!($name, "_count"),
            low: concat!($name, "_low_uw"),
            high: concat!($name, "_high_uw"),
        }
    };
}

const SOLAR: Columns = columns!("solar");
const LOAD: Columns = columns!("load");
const GRID: Columns = columns!("grid");
const BATTERY: Columns = columns!("battery");

fn decode(row: &Record) -> Result<Bucket, StoreError> {
    Ok(Bucket {
        solar: decode_series(row, &SOLAR)?,
        load: decode_series(row, &LOAD)?,
        grid: decode_series(row, &GRID)?,
        battery: decode_series(row, &BATTERY)?,
        energy: DayEnergy {
            produced: MicroWh(row.number("produced_uwh")?),
            used: MicroWh(row.number("used_uwh")?),
            exported: MicroWh(row.number("exported_uwh")?),
            imported: MicroWh(row.number("imported_uwh")?),
        },
    })
}

/// A row that was written before there were ends has its average for them.
fn decode_series(row: &Record, names: &Columns) -> Result<Series, StoreError> {
    let (sum, count) = (row.int(names.sum)?, row.int(names.count)?);
    let ends = row.opt_int(names.low)?.zip(row.opt_int(names.high)?);
    let average = (count > 0).then(|| sum / count);
    Ok(Series {
        sum,
        count,
        ends: ends.or(average.map(|average| (average, average))),
    })
}

/// What had flowed since midnight at the end of this minute.
pub(super) fn decode_day(row: &Record) -> Result<DayEnergy, StoreError> {
    Ok(DayEnergy {
        produced: MicroWh(row.number("produced_day_uwh")?),
        used: MicroWh(row.number("used_day_uwh")?),
        exported: MicroWh(row.number("exported_day_uwh")?),
        imported: MicroWh(row.number("imported_day_uwh")?),
    })
}
