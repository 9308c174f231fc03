//! The opening balance: what stood on the settlement counters at first contact, offered once.

use super::{Baseline, CounterSource, Pair, Registers};
use crate::MicroWh;

/// Micro-watt-hours of one day at one watt.
const DAY: u64 = 24_000_000;

impl Registers {
    /// Keeps what the first message offers: its settlement counters, at most one day at rated power, and at most what
    /// the counted counter shows.
    pub(super) fn offer_opening(&mut self, first: &Baseline, rated_power_w: u32) {
        let most = MicroWh(u64::from(rated_power_w) * DAY);
        let bounded = |settlement: Option<MicroWh>, counter: MicroWh| {
            settlement.unwrap_or_default().min(counter).min(most)
        };
        self.opening = Pair {
            export: bounded(first.settlement.export, first.counters.export),
            import: bounded(first.settlement.import, first.counters.import),
        };
    }

    /// Owes the opening balance as well: the baseline of totals is lowered by it, registers that began at 0 are lifted.
    ///
    /// Only before the chain was told a baseline, and only when it is not taken yet; the caller keeps whether it is.
    pub fn take_opening(&mut self) {
        match self.source {
            CounterSource::Total => self.first = each(self.first, self.opening, less),
            CounterSource::Settlement => self.shift(more),
        }
    }

    /// The reverse of [`Registers::take_opening`], under the same conditions. This is the one way for a register to
    /// fall: nobody but this profile has seen it yet.
    pub fn skip_opening(&mut self) {
        match self.source {
            CounterSource::Total => self.first = each(self.first, self.opening, more),
            CounterSource::Settlement => self.shift(less),
        }
    }

    fn shift(&mut self, change: fn(MicroWh, MicroWh) -> MicroWh) {
        let before = *self;
        self.export = change(self.export, self.opening.export);
        self.import = change(self.import, self.opening.import);
        self.take_over_since(&before);
    }
}

fn each(a: Pair<MicroWh>, b: Pair<MicroWh>, change: fn(MicroWh, MicroWh) -> MicroWh) -> Pair<MicroWh> {
    Pair {
        export: change(a.export, b.export),
        import: change(a.import, b.import),
    }
}

fn more(a: MicroWh, b: MicroWh) -> MicroWh {
    a.checked_add(b).unwrap_or(a).min(MicroWh::MAX)
}

fn less(a: MicroWh, b: MicroWh) -> MicroWh {
    a.checked_sub(b).unwrap_or_default()
}
