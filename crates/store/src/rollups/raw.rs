//! A curve that is finer than a minute, from the readings themselves.

use std::{collections::BTreeMap, time::Duration};

use enerlink_domain::{MeterId, MicroWatts, Sensors, Subsystem, UnixMillis, reading::BatteryState};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};

use super::{Sample, bucket::Bucket, span};
use crate::{
    Read, StoreError, readings,
    record::{self, Record},
    retention,
};

/// Widths below a minute.
const WIDTHS_BELOW: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// Buckets of `from..to` in the narrowest width below a minute that gives at most `points` and leaves none of them
/// empty as long as the meter speaks. None when a minute is as fine, or when there are too many readings or none, or when
/// they were thinned out.
pub(super) async fn load(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
    points: u16,
) -> Result<Option<(Duration, BTreeMap<UnixMillis, Bucket>)>, StoreError> {
    let mut widths = WIDTHS_BELOW
        .into_iter()
        .skip_while(|width| !span::fits(from, to, *width, points))
        .peekable();
    let Some(width) = widths.peek().filter(|_| from < to) else {
        return Ok(None);
    };
    // One and a half rows for each point: a minute each, in the other half, is read if these were in vain.
    let most = u64::from(points) * 3 / 2;
    let (start, end) = (from.floor_to(*width), span::ceil(to, *width));
    if retention::thinned_to(r, meter)
        .await?
        .is_some_and(|mark| mark >= start)
    {
        return Ok(None);
    }
    let samples = samples(r, meter, start, end, most + 1).await?;
    if samples.is_empty() || samples.len() as u64 > most {
        return Ok(None);
    }
    let interval = interval(&samples);
    let Some(width) = widths.find(|width| width.as_millis() >= 2 * interval) else {
        return Ok(None);
    };
    let mut buckets: BTreeMap<UnixMillis, Bucket> = BTreeMap::new();
    for sample in samples {
        buckets
            .entry(sample.at.floor_to(width))
            .or_default()
            .take(&sample);
    }
    Ok(Some((width, buckets)))
}

/// Half of the readings come sooner after the one before than this, in milliseconds.
fn interval(samples: &[Sample]) -> u128 {
    let times = samples.iter().map(|sample| sample.at);
    let mut gaps: Vec<_> = times
        .clone()
        .skip(1)
        .zip(times)
        .map(|(next, this)| next.since(this).as_millis())
        .collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied().unwrap_or_default()
}

/// Power of the readings that were counted, oldest first.
async fn samples(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
    most: u64,
) -> Result<Vec<Sample>, StoreError> {
    let query = Query::select()
        .columns([
            "id",
            "received_at",
            "verdict",
            "solar_power_uw",
            "load_power_uw",
            "export_power_uw",
            "export_active",
            "import_power_uw",
            "import_active",
            "battery_power_uw",
            "battery_state",
        ])
        .from(readings::TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("received_at").gte(from.0))
        .and_where(Expr::col("received_at").lt(to.0))
        .order_by("received_at", Order::Asc)
        .limit(most)
        .take();
    let rows = record::fetch_all(r, readings::TABLE, "id", &query).await?;
    let mut samples = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.text("verdict")? != "refused" {
            samples.push(decode(row)?);
        }
    }
    Ok(samples)
}

fn decode(row: &Record) -> Result<Sample, StoreError> {
    let power = |column: &str| Ok::<_, StoreError>(row.opt_int(column)?.map(MicroWatts));
    let side = |power, active| {
        Some(Subsystem {
            power,
            active,
            ..Subsystem::default()
        })
    };
    let sensors = Sensors {
        export: side(power("export_power_uw")?, row.opt_flag("export_active")?),
        import: side(power("import_power_uw")?, row.opt_flag("import_active")?),
        battery: Some(Subsystem {
            power: power("battery_power_uw")?,
            state: row.opt_parse("battery_state", BatteryState::parse)?,
            ..Subsystem::default()
        }),
        ..Sensors::default()
    };
    Ok(Sample {
        at: UnixMillis(row.int("received_at")?),
        solar: power("solar_power_uw")?,
        load: power("load_power_uw")?,
        grid: sensors.grid_power(),
        battery: sensors.battery_power(),
        ..Sample::default()
    })
}
