//! Rollups: power and energy in buckets of 1 minute, 15 minutes, 1 hour and 1 day, kept with each reading.
//!
//! Buckets lie on multiples of their width since 1970. Minutes live in `energy_readings`, the wider ones in
//! `energy_rollups`. Reading a curve or energies costs by what is asked for, not by how much history there is.

mod bucket;
mod energies;
mod raw;
mod rows;
pub(crate) mod span;

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

/// Adds samples of meters to every bucket they lie in. A batch is summed up in memory first: the number of statements
/// depends neither on its length nor on how many meters it is from.
pub async fn add(tx: &Tx, samples: &BTreeMap<MeterId, Vec<Sample>>) -> Result<(), StoreError> {
    let [minute, wider @ ..] = WIDTHS;
    let mut minutes = BTreeMap::new();
    let mut rollups = BTreeMap::new();
    for (meter, samples) in samples.iter().filter(|(_, samples)| !samples.is_empty()) {
        minutes.insert(meter, sums(samples, minute));
        for width in wider {
            let sums = sums(samples, width).into_iter();
            rollups.extend(sums.map(|(at, bucket)| ((meter, width, at), bucket)));
        }
    }
    rows::merge_minutes(tx, minutes).await?;
    rows::merge(tx, rollups).await
}

/// Samples by the bucket of `width` that each lies in.
fn sums(samples: &[Sample], width: Duration) -> BTreeMap<UnixMillis, Bucket> {
    let mut buckets: BTreeMap<UnixMillis, Bucket> = BTreeMap::new();
    for sample in samples {
        let at = span::clamp(sample.at).floor_to(width);
        buckets.entry(at).or_default().take(sample);
    }
    buckets
}

/// Power in `from..to`, in at most `points` buckets of one width, at least one. The first bucket may begin before
/// `from` and the last end after `to`: a bucket is whole, whoever asks for it. At most two rows are read for each
/// point that was asked for, unless days are too narrow for the span. Below a minute the readings themselves answer,
/// where they are still kept.
pub async fn curve(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
    points: u16,
) -> Result<PowerCurve, StoreError> {
    let (from, to) = (span::clamp(from), span::clamp(to));
    if let Some((width, buckets)) = raw::load(r, meter, from, to, points).await? {
        return Ok(drawn(width, &buckets));
    }
    let (stored, width) = span::width_for(from, to, points);
    let mut buckets: BTreeMap<UnixMillis, Bucket> = BTreeMap::new();
    if from < to {
        let (start, end) = (from.floor_to(width), span::ceil(to, width));
        for (at, bucket) in rows::load_powers(r, meter, stored, start, end).await? {
            buckets.entry(at.floor_to(width)).or_default().absorb(&bucket);
        }
    }
    Ok(drawn(width, &buckets))
}

fn drawn(width: Duration, buckets: &BTreeMap<UnixMillis, Bucket>) -> PowerCurve {
    let points = buckets.iter().map(|(at, bucket)| PowerPoint {
        at: *at,
        solar: bucket.solar.spread(),
        load: bucket.load.spread(),
        grid: bucket.grid.spread(),
        battery: bucket.battery.spread(),
    });
    PowerCurve {
        bucket_ms: u64::try_from(width.as_millis()).unwrap_or(u64::MAX),
        points: points.collect(),
    }
}

/// Energy between each edge and the next, in the order given: one bar less than edges. Edges are moments in any time
/// zone, each taken back to its whole minute; a stretch that does not go forward is empty. One row is read for each
/// edge and one for each day.
pub async fn bars(
    r: &impl Read,
    meter: &MeterId,
    edges: &[UnixMillis],
) -> Result<Vec<DayEnergy>, StoreError> {
    energies::between(r, meter, edges).await
}

/// Energy in `from..to`, widened to whole minutes.
pub async fn energy(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<DayEnergy, StoreError> {
    let to = span::ceil(span::clamp(to), WIDTHS[0]).max(from);
    let bars = bars(r, meter, &[from, to]).await?;
    Ok(bars.first().copied().unwrap_or_default())
}

/// Everything that was ever added. One row is read for each day.
pub async fn total(r: &impl Read, meter: &MeterId) -> Result<DayEnergy, StoreError> {
    let [.., day] = WIDTHS;
    let days = rows::load(r, meter, day, UnixMillis(i64::MIN), UnixMillis(i64::MAX)).await?;
    let energies = days.into_iter().map(|(_, bucket)| bucket.energy);
    Ok(energies.fold(DayEnergy::default(), bucket::plus))
}
