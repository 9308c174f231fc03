//! The lead: what the chain has settled before these registers have counted it. It is counted once.
//!
//! What cannot be known is never paid twice, and may stay uncounted:
//! - a profile that begins anew and cannot reach the chain before it hears its meter does not know whether what the
//!   meter shows until then was settled by another copy meanwhile: of that, as much as the chain is ahead is taken as settled;
//! - a counter that starts anew while another copy is ahead may or may not show again what that copy has settled: as much
//!   as the lead is taken as shown again.

use super::{Pair, Registers};
use crate::{MicroWh, settlement::Watermark};

impl Registers {
    /// Lifts registers that stand below what the chain has settled: a restored profile, or one beside another copy of
    /// the wallet, continues from there. Answers whether anything changed.
    ///
    /// The first comparison with the chain only finds the offset between its registers and the meter's counter. What
    /// the chain is ahead later was settled by another copy from the same counter: this one will still be shown that
    /// energy, and must not add it a second time. So it is remembered as a lead, and what is counted next repays it.
    pub fn raise_to(&mut self, watermark: Watermark) -> bool {
        let (Some(export), Some(import)) = (watermark.export.micro(), watermark.import.micro()) else {
            return false;
        };
        let before = *self;
        let gap = |mark: MicroWh, register: MicroWh| mark.checked_sub(register).unwrap_or_default();
        let gap = Pair {
            export: gap(export, self.export),
            import: gap(import, self.import),
        };
        self.export = self.export.max(export);
        self.import = self.import.max(import);
        self.take_over_since(&before);
        if self.baseline.is_some() {
            self.lead = Some(match self.lead {
                None => Pair::default(),
                Some(lead) => Pair {
                    export: lead.export.checked_add(gap.export).unwrap_or(MicroWh::MAX),
                    import: lead.import.checked_add(gap.import).unwrap_or(MicroWh::MAX),
                },
            });
        }
        *self != before
    }

    /// The first comparison with a watermark that was read before the first message and has not moved since: nothing
    /// that was counted is in it, so that all of it comes on top. Later it is [`Registers::raise_to`].
    pub fn join(&mut self, watermark: Watermark) -> bool {
        let (Some(export), Some(import)) = (watermark.export.micro(), watermark.import.micro()) else {
            return false;
        };
        let before = *self;
        if self.lead.is_none() && self.baseline.is_some() {
            let on_top = |mark: MicroWh, register: MicroWh, first: MicroWh| {
                let counted = register.checked_sub(first).unwrap_or_default();
                let sum = mark.checked_add(counted).filter(|sum| *sum <= MicroWh::MAX);
                sum.filter(|_| first < mark).unwrap_or(register)
            };
            self.export = on_top(export, self.export, self.first.export);
            self.import = on_top(import, self.import, self.first.import);
            self.take_over_since(&before);
        }
        self.raise_to(watermark);
        *self != before
    }

    /// Takes over registers that were kept elsewhere, in a backup: their counter goes on where it was, whoever has
    /// settled meanwhile.
    #[must_use]
    pub fn continued(mut self) -> Self {
        if self.baseline.is_some() {
            self.lead = self.lead.or(Some(Pair::default()));
        }
        // The readings that have added it stay with the old database.
        self.taken_over = Some(Pair {
            export: self.export,
            import: self.import,
        });
        self
    }

    /// Notes that the registers have moved since `before` by what no reading has added.
    pub(super) fn take_over_since(&mut self, before: &Self) {
        let moved = |taken: MicroWh, from: MicroWh, to: MicroWh| {
            MicroWh(taken.0.saturating_add(to.0).saturating_sub(from.0))
        };
        self.taken_over = self.taken_over.map(|taken| Pair {
            export: moved(taken.export, before.export, self.export),
            import: moved(taken.import, before.import, self.import),
        });
    }

    /// What is left of `grown` after the lead is repaid, and the lead after that.
    pub(super) fn repay(&self, grown: Pair<MicroWh>) -> (Pair<MicroWh>, Option<Pair<MicroWh>>) {
        let Some(lead) = self.lead else {
            return (grown, None);
        };
        let less = |from: MicroWh, what: MicroWh| from.checked_sub(what).unwrap_or_default();
        let rest = Pair {
            export: less(grown.export, lead.export),
            import: less(grown.import, lead.import),
        };
        let lead = Pair {
            export: less(lead.export, grown.export),
            import: less(lead.import, grown.import),
        };
        (rest, Some(lead))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Sensors, Subsystem, UnixMillis, Verdict, WattHours,
        reading::DeviceTime,
        register::{CounterSource, Delivery},
    };

    /// The meter shows so many exported watt-hours after so many hours.
    fn hear(registers: &mut Registers, hours: u32, export: u64) -> Verdict {
        let side = |total| {
            Some(Subsystem {
                total_energy: Some(MicroWh(total)),
                ..Subsystem::default()
            })
        };
        let sensors = Sensors {
            device_time: Some(DeviceTime::Uptime(hours * 3_600_000)),
            export: side(export * 1_000_000),
            import: side(0),
            ..Sensors::default()
        };
        registers.apply(
            &sensors,
            UnixMillis(i64::from(hours) * 3_600_000),
            Delivery::First,
            5_000,
        )
    }

    fn settled(export: u64) -> Watermark {
        Watermark {
            export: WattHours(export),
            import: WattHours(0),
        }
    }

    fn at(export: u64) -> MicroWh {
        MicroWh(export * 1_000_000)
    }

    #[test]
    fn what_another_copy_has_settled_first_is_counted_once() {
        let mut registers = Registers::new(CounterSource::Total);
        hear(&mut registers, 1, 500);
        assert!(
            registers.raise_to(settled(500)),
            "the offset is known from now on"
        );
        assert!(!registers.raise_to(settled(500)));
        assert!(registers.raise_to(settled(1_200)));
        assert_eq!(registers.export, at(1_200));
        // Messages that were on their way come after the chain has spoken.
        hear(&mut registers, 2, 800);
        assert_eq!(registers.export, at(1_200));
        hear(&mut registers, 3, 1_300);
        assert_eq!(registers.export, at(1_300));
        assert_eq!(registers.lead, Some(Pair::default()));
    }

    #[test]
    fn restored_registers_count_what_flowed_meanwhile_once() {
        let mut kept = Registers::new(CounterSource::Total);
        hear(&mut kept, 1, 500);
        assert_eq!(kept.lead, None, "the chain was not read before the backup");
        for chain_first in [true, false] {
            let mut registers = kept.continued();
            if chain_first {
                registers.raise_to(settled(2_000));
            }
            hear(&mut registers, 10, 2_500);
            registers.raise_to(settled(2_000));
            assert_eq!(registers.export, at(2_500));
        }
    }

    #[test]
    fn what_is_taken_over_was_not_counted() {
        let counted = |registers: &Registers| registers.counted().map(|counted| counted.export);
        let mut registers = Registers::new(CounterSource::Total);
        hear(&mut registers, 1, 500);
        assert_eq!(counted(&registers), Some(at(0)), "the counter stood there");
        hear(&mut registers, 2, 800);
        assert!(registers.join(settled(9_000)));
        assert_eq!(
            (registers.export, counted(&registers)),
            (at(9_300), Some(at(300)))
        );
        registers.raise_to(settled(9_400));
        hear(&mut registers, 3, 1_000);
        assert_eq!(
            (registers.export, counted(&registers)),
            (at(9_500), Some(at(400)))
        );
        assert_eq!(counted(&registers.continued()), Some(at(0)));
        registers.taken_over = None;
        registers.raise_to(settled(9_600));
        assert_eq!(counted(&registers), None, "from before it was kept");
    }

    #[test]
    fn a_counter_with_another_offset_counts_on_from_the_chain() {
        let mut registers = Registers::new(CounterSource::Total);
        hear(&mut registers, 1, 10);
        registers.raise_to(settled(9_000));
        hear(&mut registers, 2, 30);
        assert_eq!(
            registers.export,
            at(9_020),
            "the meter was replaced before this profile began"
        );
    }

    #[test]
    fn what_is_counted_before_the_first_look_comes_on_top_of_an_old_watermark() {
        let mut registers = Registers::new(CounterSource::Total);
        hear(&mut registers, 1, 10);
        hear(&mut registers, 2, 30);
        assert!(registers.join(settled(9_000)));
        assert_eq!(registers.export, at(9_020));
        assert!(!registers.join(settled(9_000)), "once");
        assert!(registers.join(settled(9_500)), "another copy is ahead");
        hear(&mut registers, 3, 600);
        assert_eq!(registers.export, at(9_590));
    }

    /// Messages of a meter with settlement counters only.
    fn hear_settlement(registers: &mut Registers, hours: u32, export: u64) {
        let side = |settlement| {
            Some(Subsystem {
                settlement_energy: Some(MicroWh(settlement)),
                ..Subsystem::default()
            })
        };
        let sensors = Sensors {
            device_time: Some(DeviceTime::Uptime(hours * 3_600_000)),
            export: side(export),
            import: side(0),
            ..Sensors::default()
        };
        let received_at = UnixMillis(i64::from(hours) * 3_600_000);
        registers.apply(&sensors, received_at, Delivery::First, 5_000);
    }

    proptest! {
        /// A new profile beside, or instead of, another copy, with a meter that has settlement counters only. The truth
        /// is the other copy's register, which has gone on counting.
        #[test]
        fn a_new_profile_counts_every_watt_hour_that_it_can_know_of(
            watermark in 0_u64..100_000, stands in 0_u64..1_000_000_000, before in proptest::collection::vec(0_u64..900_000_000, 0..6),
            meanwhile in 0_u64..2_000, after in proptest::collection::vec(0_u64..900_000_000, 0..6),
        ) {
            let mut registers = Registers::new(CounterSource::Settlement);
            let (mut hours, mut counter) = (1, stands);
            hear_settlement(&mut registers, hours, counter);
            for grown in &before {
                (hours, counter) = (hours + 1, counter + grown);
                hear_settlement(&mut registers, hours, counter);
            }
            // Another copy can settle no more than has flowed.
            let meanwhile = meanwhile.min((counter - stands) / 1_000_000);
            let look = settled(watermark + meanwhile);
            if meanwhile == 0 {
                registers.join(look);
            } else {
                registers.raise_to(look);
            }
            for grown in &after {
                (hours, counter) = (hours + 1, counter + grown);
                hear_settlement(&mut registers, hours, counter);
            }
            let truth = MicroWh(watermark * 1_000_000 + counter - stands);
            if meanwhile == 0 {
                prop_assert_eq!(registers.export, truth);
            } else {
                prop_assert!(registers.export <= truth, "nothing twice: {:?} of {:?}", registers.export, truth);
                prop_assert!(registers.export >= MicroWh(look.export.0 * 1_000_000 + after.iter().sum::<u64>()));
            }
        }
    }

    #[test]
    fn after_a_counter_fell_nothing_is_paid_twice() {
        let mut registers = Registers::new(CounterSource::Total);
        hear(&mut registers, 1, 5_000);
        registers.raise_to(settled(5_000));
        // Another copy has counted 700 Wh after the reset, and settled them.
        registers.raise_to(settled(5_700));
        hear(&mut registers, 2, 700);
        assert_eq!(registers.export, at(5_700));
    }
}
