//! What a profile can know of the energy: the readings that it has acknowledged, and what nobody can tell it any more.

use super::device::Reading;

/// A fall of a counter by at most this much, in µWh, means nothing to the wallet.
const NOISE: u64 = 10_000;

/// What reached one database. When the database is an older one again, so is this.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    last: Option<Reading>,
    /// Exported and imported µWh that flowed between the last reading before a reset and that reset, or that a new
    /// counter has hidden: they cannot be known.
    lost: (u64, u64),
    /// What counters showed that had begun anew, until a run of readings proves it: where the run comes in one burst,
    /// nobody can tell how long it took, and the first readings of it are a new beginning.
    unproven: (u64, u64),
    /// Readings of the run.
    run: u8,
}

/// So many readings of a lower uptime are a reboot.
const RUN: u8 = 3;

impl Known {
    /// The database has taken `reading` in, or had it already.
    pub(super) fn take(&mut self, reading: Reading) {
        let Some(last) = self.last else {
            // What was before the last reset is not on any counter.
            self.lost = (reading.reset_at.export.0, reading.reset_at.import.0);
            self.last = Some(reading);
            return;
        };
        if reading.number <= last.number {
            return;
        }
        if reading.epoch != last.epoch {
            let (old, new) = (last.counters(), reading.counters());
            let hidden = |old: u64, new: u64| if new + NOISE >= old { old } else { 0 };
            self.lost.0 += reading.reset_at.export.0 - last.truth.export.0 + hidden(old.0, new.0);
            self.lost.1 += reading.reset_at.import.0 - last.truth.import.0 + hidden(old.1, new.1);
            self.lost.0 += self.unproven.0;
            self.lost.1 += self.unproven.1;
            self.run = 1;
            self.unproven = new;
        } else if (1..RUN).contains(&self.run) {
            self.run += 1;
            self.unproven = reading.counters();
        }
        self.last = Some(reading);
    }

    /// The last reading that it took.
    pub(super) fn last(&self) -> Option<Reading> {
        self.last
    }

    /// The least that the registers must show, exported and imported, in µWh.
    pub(super) fn least(&self) -> (u64, u64) {
        let truth = self.last.map(|last| last.truth).unwrap_or_default();
        (
            truth.export.0.saturating_sub(self.lost.0 + self.unproven.0),
            truth.import.0.saturating_sub(self.lost.1 + self.unproven.1),
        )
    }
}
