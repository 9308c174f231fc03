//! Rollups: power and energy in buckets of 1 minute, 15 minutes, 1 hour and 1 day, kept with each reading.
//!
//! Buckets lie on multiples of their width since 1970. Minutes live in `energy_readings`, the wider ones in
//! `energy_rollups`. Reading a curve or an energy costs by what is asked for, not by how much history there is.

mod bucket;
mod span;

use std::{collections::BTreeMap, time::Duration};

use enerlink_domain::{
    MeterId, MicroWatts, MicroWh, UnixMillis,
    view::{DayEnergy, PowerCurve, PowerPoint},
};

use crate::{Read, StoreError, Tx};
use bucket::Bucket;

/// Widths that are stored, the narrowest first.
pub const WIDTHS: [Duration; 4] = [
    Duration::from_secs(60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(24 * 60 * 60),
];

/// What one counted message adds. A field is absent when the message did not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// When it was received.
    pub at: UnixMillis,
    /// Power of the sun.
    pub solar: Option<MicroWatts>,
    /// Power of the home.
    pub load: Option<MicroWatts>,
    /// Power across the grid connection; positive is export.
    pub grid: Option<MicroWatts>,
    /// Power of the battery; positive is charging.
    pub battery: Option<MicroWatts>,
    /// Energy from the sun since the message before.
    pub produced: MicroWh,
    /// Energy that the home used since the message before.
    pub used: MicroWh,
    /// Energy to the grid since the message before.
    pub exported: MicroWh,
    /// Energy from the grid since the message before.
    pub imported: MicroWh,
}

/// Adds samples of a meter to every bucket they lie in. A batch is summed up in memory first: the number of
/// statements does not depend on its length.
pub async fn add(tx: &Tx, meter: &MeterId, samples: &[Sample]) -> Result<(), StoreError> {
    for width in WIDTHS {
        let mut buckets: BTreeMap<UnixMillis, Bucket> = BTreeMap::new();
        for sample in samples {
            buckets.entry(sample.at.floor_to(width)).or_default().take(sample);
        }
        bucket::merge(tx, meter, width, buckets).await?;
    }
    Ok(())
}

/// Average power in `from..to`, in at most `points` buckets of one width. The first
/// bucket may begin before `from` and the last end after `to`: a bucket is whole, whoever asks for it.
pub async fn curve(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
    points: u16,
) -> Result<PowerCurve, StoreError> {
    let (from, to) = (span::clamp(from), span::clamp(to));
    let (stored, width) = span::width_for(from, to, points);
    let mut buckets: BTreeMap<UnixMillis, Bucket> = BTreeMap::new();
    if from < to {
        let (start, end) = (from.floor_to(width), span::ceil(to, width));
        for (at, bucket) in bucket::load(r, meter, stored, start, end).await? {
            buckets.entry(at.floor_to(width)).or_default().absorb(&bucket);
        }
    }
    let points = buckets.iter().map(|(at, bucket)| PowerPoint {
        at: *at,
        solar: bucket.solar.average(),
        load: bucket.load.average(),
        grid: bucket.grid.average(),
        battery: bucket.battery.average(),
    });
    Ok(PowerCurve {
        bucket_ms: u64::try_from(width.as_millis()).unwrap_or(u64::MAX),
        points: points.collect(),
    })
}

/// Energy in `from..to`, widened to whole minutes: minutes at the edges, wider buckets inside.
pub async fn energy(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<DayEnergy, StoreError> {
    let mut sum = Bucket::default();
    for part in span::parts(span::clamp(from), span::clamp(to)) {
        for (_, bucket) in bucket::load(r, meter, part.width, part.from, part.to).await? {
            sum.absorb(&bucket);
        }
    }
    Ok(DayEnergy {
        produced: sum.produced,
        used: sum.used,
        exported: sum.exported,
        imported: sum.imported,
    })
}
