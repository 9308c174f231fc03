//! A reset that the meter answers with what stood on its settlement counters: what flowed since its last message is
//! counted, where a reset that only shows in the next message would hide it.

use super::{Baseline, NOISE, Pair, Registers, Remark, Suspicion, Verdict, energy_limit};
use crate::{MicroWh, UnixMillis, register::CounterSource};

impl Registers {
    /// Takes in what the settlement counters showed just before they were set to zero, by an answer that was received at
    /// `received_at`. `asked_in` is the epoch in which the reset was asked for: where counters have begun anew since, an
    /// answer that is late or comes again says nothing about this epoch. Answers none, and moves nothing, when it
    /// does not count: a meter that is followed by its totals loses nothing by a reset.
    pub fn count_reset(
        &mut self,
        shown: Pair<MicroWh>,
        asked_in: u32,
        received_at: UnixMillis,
        rated_power_w: u32,
    ) -> Option<Verdict> {
        let baseline = self.baseline?;
        if self.source != CounterSource::Settlement || self.epoch != asked_in {
            return None;
        }
        let limit = energy_limit(rated_power_w, received_at.since(baseline.received_at));
        let grown = |shown: MicroWh, last: MicroWh| match shown.checked_sub(last) {
            Some(added) => Some(added).filter(|added| *added <= limit),
            None => (last.0 - shown.0 <= NOISE.0).then_some(MicroWh::ZERO),
        };
        let (added, lead) = self.repay(Pair {
            export: grown(shown.export, baseline.counters.export)?,
            import: grown(shown.import, baseline.counters.import)?,
        });
        let sums = self.raised(added)?;
        (self.export, self.import, self.lead) = (sums.export, sums.import, lead);
        self.epoch = self.epoch.saturating_add(1);
        self.suspicion = Suspicion::default();
        self.baseline = Some(Baseline {
            counters: Pair::default(),
            settlement: Pair {
                export: Some(MicroWh::ZERO),
                import: Some(MicroWh::ZERO),
            },
            ..baseline
        });
        Some(Verdict::Counted {
            added,
            new_epoch: true,
            remark: Some(Remark::CounterReset),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sensors, Subsystem, reading::DeviceTime, register::Delivery};

    const RATED: u32 = 5_000;

    fn pair(export: u64, import: u64) -> Pair<MicroWh> {
        Pair {
            export: MicroWh(export),
            import: MicroWh(import),
        }
    }

    /// The settlement counters after so many seconds.
    fn hear(registers: &mut Registers, second: u32, counters: Pair<MicroWh>) -> Verdict {
        let side = |energy| {
            Some(Subsystem {
                settlement_energy: Some(energy),
                ..Subsystem::default()
            })
        };
        let sensors = Sensors {
            device_time: Some(DeviceTime::Uptime(second * 1000)),
            export: side(counters.export),
            import: side(counters.import),
            ..Sensors::default()
        };
        let at = UnixMillis(i64::from(second) * 1000);
        registers.apply(&sensors, at, Delivery::First, RATED)
    }

    /// Registers at second 10, where 2 Wh stand on the export counter and 1 Wh on the other.
    fn registers() -> Registers {
        let mut registers = Registers::new(CounterSource::Settlement);
        hear(&mut registers, 0, pair(0, 0));
        hear(&mut registers, 10, pair(2_000_000, 1_000_000));
        registers
    }

    #[test]
    fn what_flowed_between_the_last_message_and_the_reset_is_counted_once() {
        let mut registers = registers();
        let shown = pair(2_500_000, 1_000_001);
        let verdict = registers.count_reset(shown, 0, UnixMillis(11_000), RATED);
        assert_eq!(
            verdict,
            Some(Verdict::Counted {
                added: pair(500_000, 1),
                new_epoch: true,
                remark: Some(Remark::CounterReset),
            })
        );
        // The same answer again, of the same command.
        assert_eq!(registers.count_reset(shown, 0, UnixMillis(12_000), RATED), None);
        hear(&mut registers, 13, pair(300_000, 0));
        assert_eq!((registers.export.0, registers.import.0), (2_800_000, 1_000_001));
        assert_eq!(registers.epoch, 1);
    }

    #[test]
    fn an_answer_after_the_first_message_of_the_new_epoch_adds_nothing() {
        let mut registers = registers();
        hear(&mut registers, 11, pair(100_000, 0));
        let before = registers;
        let late = registers.count_reset(pair(2_500_000, 1_000_000), 0, UnixMillis(12_000), RATED);
        assert_eq!((late, registers), (None, before));
    }

    #[test]
    fn what_cannot_have_flowed_is_not_believed() {
        let mut registers = registers();
        let before = registers;
        for shown in [pair(900_000_000, 1_000_000), pair(1_000_000, 1_000_000)] {
            assert_eq!(registers.count_reset(shown, 0, UnixMillis(11_000), RATED), None);
        }
        let mut totals = Registers {
            source: CounterSource::Total,
            ..before
        };
        let shown = pair(2_500_000, 1_000_000);
        assert_eq!(totals.count_reset(shown, 0, UnixMillis(11_000), RATED), None);
        assert_eq!(registers, before);
    }
}
