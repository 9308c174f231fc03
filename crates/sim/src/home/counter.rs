//! An energy counter of a device: three readings of one exact sum.

use enerlink_domain::MicroWh;

use super::{Fine, MS_PER_HOUR};

/// Since ever, since installation, since midnight, since the last settlement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counter {
    sum: Fine,
    installed: u64,
    midnight: u64,
    settled: u64,
}

/// Whole micro-watt-hours, rounded down.
pub(super) fn micro_wh(sum: Fine) -> u64 {
    u64::try_from(sum / MS_PER_HOUR).unwrap_or(u64::MAX)
}

impl Counter {
    pub(super) fn add(&mut self, energy: Fine) {
        self.sum += energy;
    }

    /// The exact sum, whatever was reset.
    #[cfg(test)]
    pub(super) fn sum(&self) -> Fine {
        self.sum
    }

    /// Since the home was built, whatever was reset.
    pub(super) fn ever(&self) -> MicroWh {
        MicroWh(micro_wh(self.sum))
    }

    /// `total_energy_wh`.
    pub(super) fn total(&self) -> MicroWh {
        self.since(self.installed)
    }

    /// `daily_energy_wh`.
    pub(super) fn daily(&self) -> MicroWh {
        self.since(self.midnight)
    }

    /// `settlement_energy_wh`.
    pub(super) fn settlement(&self) -> MicroWh {
        self.since(self.settled)
    }

    fn since(&self, mark: u64) -> MicroWh {
        MicroWh(micro_wh(self.sum) - mark)
    }

    pub(super) fn begin_day(&mut self) {
        self.midnight = micro_wh(self.sum);
    }

    pub(super) fn settle(&mut self) {
        self.settled = micro_wh(self.sum);
    }

    /// All three start at 0 again.
    pub(super) fn reset(&mut self) {
        self.installed = micro_wh(self.sum);
        self.begin_day();
        self.settle();
    }
}
