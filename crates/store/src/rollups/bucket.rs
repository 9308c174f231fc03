//! One bucket: its sums, its row, and how rows are read and merged.

use std::{collections::BTreeMap, time::Duration};

use enerlink_domain::{MeterId, MicroWatts, MicroWh, UnixMillis};
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};

use super::{Sample, WIDTHS};
use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
};

/// The table of the narrowest width.
const MINUTES: &str = "energy_readings";
/// The table of the wider ones.
const ROLLUPS: &str = "energy_rollups";

/// Sum and number of the values of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Series {
    sum: i64,
    count: i64,
}

impl Series {
    fn take(&mut self, value: Option<MicroWatts>) {
        if let Some(value) = value {
            self.absorb(Self {
                sum: value.0,
                count: 1,
            });
        }
    }

    /// Sums stay at the end of their range rather than leave it: only absurd readings get there.
    fn absorb(&mut self, other: Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.count = self.count.saturating_add(other.count);
    }

    /// The average, rounded toward zero; none without values.
    pub(super) fn average(self) -> Option<MicroWatts> {
        (self.count > 0).then(|| MicroWatts(self.sum / self.count))
    }
}

/// What a bucket holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) solar: Series,
    pub(super) load: Series,
    pub(super) grid: Series,
    pub(super) battery: Series,
    pub(super) produced: MicroWh,
    pub(super) used: MicroWh,
    pub(super) exported: MicroWh,
    pub(super) imported: MicroWh,
}

/// Energies stay at the end of what a column holds.
fn plus(energy: MicroWh, more: MicroWh) -> MicroWh {
    energy.checked_add(more).unwrap_or(MicroWh::MAX).min(MicroWh::MAX)
}

impl Bucket {
    /// Adds a sample.
    pub(super) fn take(&mut self, sample: &Sample) {
        self.solar.take(sample.solar);
        self.load.take(sample.load);
        self.grid.take(sample.grid);
        self.battery.take(sample.battery);
        self.produced = plus(self.produced, sample.produced);
        self.used = plus(self.used, sample.used);
        self.exported = plus(self.exported, sample.exported);
        self.imported = plus(self.imported, sample.imported);
    }

    /// Adds another bucket.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.solar.absorb(other.solar);
        self.load.absorb(other.load);
        self.grid.absorb(other.grid);
        self.battery.absorb(other.battery);
        self.produced = plus(self.produced, other.produced);
        self.used = plus(self.used, other.used);
        self.exported = plus(self.exported, other.exported);
        self.imported = plus(self.imported, other.imported);
    }
}

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

/// Stored buckets of `width` that begin in `from..to`, in the order of time.
pub(super) async fn load(
    r: &impl Read,
    meter: &MeterId,
    width: Duration,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Vec<(UnixMillis, Bucket)>, StoreError> {
    let query = buckets_of(meter, width)
        .and_where(Expr::col("received_at").gte(from.0))
        .and_where(Expr::col("received_at").lt(to.0))
        .order_by("received_at", Order::Asc)
        .take();
    fetch(r, width, &query).await
}

/// Adds `buckets` to those that are stored. What is there is read first and the sum written: a sum in SQL would
/// turn into a float, or fail, when it leaves 64 bits.
pub(super) async fn merge(
    tx: &Tx,
    meter: &MeterId,
    width: Duration,
    mut buckets: BTreeMap<UnixMillis, Bucket>,
) -> Result<(), StoreError> {
    let (Some((first, _)), Some((last, _))) = (buckets.first_key_value(), buckets.last_key_value()) else {
        return Ok(());
    };
    for (at, stored) in load(tx, meter, width, *first, UnixMillis(last.0.saturating_add(1))).await? {
        if let Some(bucket) = buckets.get_mut(&at) {
            bucket.absorb(&stored);
        }
    }
    let rows = buckets
        .iter()
        .map(|(at, bucket)| encode(meter, width, *at, bucket));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    if table(width) == ROLLUPS {
        record::upsert(tx, ROLLUPS, &["meter_id", "width_ms", "received_at"], &rows).await
    } else {
        record::upsert(tx, MINUTES, &["meter_id", "received_at"], &rows).await
    }
}

async fn fetch(
    r: &impl Read,
    width: Duration,
    query: &SelectStatement,
) -> Result<Vec<(UnixMillis, Bucket)>, StoreError> {
    let rows = record::fetch_all(r, table(width), "received_at", query).await?;
    rows.iter()
        .map(|row| Ok((UnixMillis(row.int("received_at")?), decode(row)?)))
        .collect()
}

fn encode(meter: &MeterId, width: Duration, at: UnixMillis, bucket: &Bucket) -> Result<Fields, StoreError> {
    let mut row = Fields::default().text("meter_id", meter.as_str());
    if table(width) == ROLLUPS {
        row = row.int("width_ms", millis(width));
    }
    Ok(row
        .int("received_at", at.0)
        .int("solar_sum_uw", bucket.solar.sum)
        .int("solar_count", bucket.solar.count)
        .int("load_sum_uw", bucket.load.sum)
        .int("load_count", bucket.load.count)
        .int("grid_sum_uw", bucket.grid.sum)
        .int("grid_count", bucket.grid.count)
        .int("battery_sum_uw", bucket.battery.sum)
        .int("battery_count", bucket.battery.count)
        .int("produced_uwh", signed(bucket.produced.0, "an energy")?)
        .int("used_uwh", signed(bucket.used.0, "an energy")?)
        .int("exported_uwh", signed(bucket.exported.0, "an energy")?)
        .int("imported_uwh", signed(bucket.imported.0, "an energy")?))
}

fn decode(row: &Record) -> Result<Bucket, StoreError> {
    let series = |sum: &str, count: &str| {
        Ok::<_, StoreError>(Series {
            sum: row.int(sum)?,
            count: row.int(count)?,
        })
    };
    Ok(Bucket {
        solar: series("solar_sum_uw", "solar_count")?,
        load: series("load_sum_uw", "load_count")?,
        grid: series("grid_sum_uw", "grid_count")?,
        battery: series("battery_sum_uw", "battery_count")?,
        produced: MicroWh(row.number("produced_uwh")?),
        used: MicroWh(row.number("used_uwh")?),
        exported: MicroWh(row.number("exported_uwh")?),
        imported: MicroWh(row.number("imported_uwh")?),
    })
}
