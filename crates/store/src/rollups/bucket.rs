//! One bucket: what it sums up.

use enerlink_domain::{
    MicroWatts, MicroWh,
    view::{DayEnergy, Spread},
};

use super::Sample;

/// Sum, number and ends of the values of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) sum: i64,
    pub(super) count: i64,
    /// The lowest and the highest; none without values.
    pub(super) ends: Option<(i64, i64)>,
}

impl Series {
    fn take(&mut self, value: Option<MicroWatts>) {
        if let Some(MicroWatts(value)) = value {
            self.absorb(Self {
                sum: value,
                count: 1,
                ends: Some((value, value)),
            });
        }
    }

    /// Sums stay at the end of their range rather than leave it: only absurd readings get there.
    fn absorb(&mut self, other: Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.count = self.count.saturating_add(other.count);
        self.ends = match (self.ends, other.ends) {
            (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
            (one, other) => one.or(other),
        };
    }

    /// The average, rounded toward zero, and the ends; none without values.
    pub(super) fn spread(self) -> Option<Spread> {
        let (low, high) = self.ends.filter(|_| self.count > 0)?;
        Some(Spread {
            mean: MicroWatts(self.sum / self.count),
            low: MicroWatts(low),
            high: MicroWatts(high),
        })
    }
}

/// What a bucket holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) solar: Series,
    pub(super) load: Series,
    pub(super) grid: Series,
    pub(super) battery: Series,
    pub(super) energy: DayEnergy,
}

/// Energies stay at the end of what a column holds.
pub(super) fn plus(energy: DayEnergy, more: DayEnergy) -> DayEnergy {
    let sum = |energy: MicroWh, more| energy.checked_add(more).unwrap_or(MicroWh::MAX).min(MicroWh::MAX);
    DayEnergy {
        produced: sum(energy.produced, more.produced),
        used: sum(energy.used, more.used),
        exported: sum(energy.exported, more.exported),
        imported: sum(energy.imported, more.imported),
    }
}

/// The reverse of [`plus`], down to nothing.
pub(super) fn minus(energy: DayEnergy, less: DayEnergy) -> DayEnergy {
    let rest = |energy: MicroWh, less| energy.checked_sub(less).unwrap_or_default();
    DayEnergy {
        produced: rest(energy.produced, less.produced),
        used: rest(energy.used, less.used),
        exported: rest(energy.exported, less.exported),
        imported: rest(energy.imported, less.imported),
    }
}

impl Bucket {
    /// Adds a sample.
    pub(super) fn take(&mut self, sample: &Sample) {
        self.solar.take(sample.solar);
        self.load.take(sample.load);
        self.grid.take(sample.grid);
        self.battery.take(sample.battery);
        let energy = DayEnergy {
            produced: sample.produced,
            used: sample.used,
            exported: sample.exported,
            imported: sample.imported,
        };
        self.energy = plus(self.energy, energy);
    }

    /// Adds another bucket.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.solar.absorb(other.solar);
        self.load.absorb(other.load);
        self.grid.absorb(other.grid);
        self.battery.absorb(other.battery);
        self.energy = plus(self.energy, other.energy);
    }
}
