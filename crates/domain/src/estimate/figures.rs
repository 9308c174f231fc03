//! The arithmetic of the estimate: the same floors and the same conversion as a settlement, so that both say the same.

use crate::{
    Etk, MicroWatts, MicroWh, NetMicroWh, NetWattHours, Settlement, UnixMillis, register::Pair,
    settlement::Watermark,
};

/// What the estimate of one meter is made from.
#[derive(Clone, Copy, Debug)]
pub struct Owing {
    /// The registers now.
    pub registers: Pair<MicroWh>,
    /// The registers last settled on chain, or those of first contact.
    pub settled: Watermark,
    /// The registers after the settlement that is on its way, or else `settled`.
    pub claimed: Watermark,
    /// Since when the running period counts.
    pub since: UnixMillis,
    /// The registers then.
    pub at_start: Pair<MicroWh>,
    /// ETK base units per 1000 Wh, once known.
    pub ratio: Option<u64>,
    /// The remainder after the settlement that is on its way, thousandths of a base unit.
    pub carry: i64,
}

/// The figures of one meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Exported in this period.
    pub exported: NetMicroWh,
    /// Imported in this period.
    pub imported: NetMicroWh,
    /// Owed now; positive is export.
    pub owed: NetMicroWh,
    /// On its way in an open settlement.
    pub pending: NetMicroWh,
    /// Average grid power of this period; unknown in its first second.
    pub average_power: Option<MicroWatts>,
    /// What settling now would settle.
    pub energy_now: NetWattHours,
    /// What it would mint or burn.
    pub etk_now: Etk,
    /// What the period's end will settle at the average power.
    pub energy_at_end: NetWattHours,
    /// What it will mint or burn.
    pub etk_at_end: Etk,
}

impl Owing {
    /// Takes a settlement that is on its way into account: what it claims is not owed any more.
    #[must_use]
    pub fn less(mut self, open: Option<&Settlement>) -> Self {
        let Some(open) = open else { return self };
        self.claimed = Watermark {
            export: open.to.export.max(self.settled.export),
            import: open.to.import.max(self.settled.import),
        };
        let energy = self.claimed.net_since(self.settled).unwrap_or_default();
        if let Some(ratio) = self.ratio {
            self.carry = Etk::from_energy(energy, ratio, self.carry).1;
        }
        self
    }

    /// The figures at `now`, in a period that ends at `end`.
    pub fn figures(&self, now: UnixMillis, end: UnixMillis) -> Figures {
        let (settled, claimed) = (micro(self.settled), micro(self.claimed));
        // What was claimed in this period is none of what it still brings.
        let began = each(self.at_start, claimed, MicroWh::max);
        let grown = each(self.registers, began, |now, then| {
            now.checked_sub(then).unwrap_or_default()
        });
        let owed = each(self.registers, claimed, MicroWh::max);
        let elapsed = u64::try_from(now.since(self.since).as_millis()).unwrap_or(u64::MAX);
        let known = elapsed >= 1000;
        let left = if known { end.since(now).as_millis() } else { 0 };
        let at_end = each(owed, grown, |register, grown| {
            let more = u128::from(grown.0) * left / u128::from(elapsed.max(1));
            MicroWh(u64::try_from(u128::from(register.0) + more).unwrap_or(u64::MAX))
        });
        let net = |pair: Pair<MicroWh>, from: Pair<MicroWh>| {
            NetMicroWh(
                NetMicroWh::between(pair.export, pair.import).0
                    - NetMicroWh::between(from.export, from.import).0,
            )
        };
        let average = i128::from(grown.export.0) - i128::from(grown.import.0);
        let average = average * 3_600_000 / i128::from(elapsed.max(1));
        let (energy_now, energy_at_end) = (self.whole(owed), self.whole(at_end));
        Figures {
            exported: NetMicroWh::between(grown.export, MicroWh::ZERO),
            imported: NetMicroWh::between(grown.import, MicroWh::ZERO),
            owed: net(owed, claimed),
            pending: net(claimed, settled),
            average_power: i64::try_from(average).ok().filter(|_| known).map(MicroWatts),
            energy_now,
            etk_now: self.tokens(energy_now),
            energy_at_end,
            etk_at_end: self.tokens(energy_at_end),
        }
    }

    /// What a settlement of these registers would settle: both are cut to whole watt-hours first.
    fn whole(&self, registers: Pair<MicroWh>) -> NetWattHours {
        let to = Watermark {
            export: registers.export.floor_wh().max(self.claimed.export),
            import: registers.import.floor_wh().max(self.claimed.import),
        };
        to.net_since(self.claimed).unwrap_or_default()
    }

    fn tokens(&self, energy: NetWattHours) -> Etk {
        self.ratio
            .map_or(Etk::ZERO, |ratio| Etk::from_energy(energy, ratio, self.carry).0)
    }
}

fn micro(mark: Watermark) -> Pair<MicroWh> {
    Pair {
        export: mark.export.micro().unwrap_or(MicroWh::MAX),
        import: mark.import.micro().unwrap_or(MicroWh::MAX),
    }
}

fn each(a: Pair<MicroWh>, b: Pair<MicroWh>, with: impl Fn(MicroWh, MicroWh) -> MicroWh) -> Pair<MicroWh> {
    Pair {
        export: with(a.export, b.export),
        import: with(a.import, b.import),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        WattHours,
        settlement::{Due, Terms},
    };

    fn mark(export: u64, import: u64) -> Watermark {
        Watermark {
            export: WattHours(export),
            import: WattHours(import),
        }
    }

    fn owing(export: u64, import: u64) -> Owing {
        Owing {
            registers: Pair {
                export: MicroWh(export),
                import: MicroWh(import),
            },
            settled: mark(10, 5),
            claimed: mark(10, 5),
            since: UnixMillis(0),
            at_start: micro(mark(10, 5)),
            ratio: Some(100),
            carry: 0,
        }
    }

    #[test]
    fn floors_come_before_the_difference() {
        let figures = owing(11_200_000, 5_900_000).figures(UnixMillis(100_000), UnixMillis(300_000));
        assert_eq!((figures.exported.0, figures.imported.0), (1_200_000, 900_000));
        assert_eq!((figures.owed.0, figures.energy_now.0), (300_000, 1));
        // 3.6 Wh and 2.7 Wh at the end.
        assert_eq!(figures.energy_at_end.0, 3 - 2);
        assert_eq!(figures.average_power, Some(MicroWatts(10_800_000)));
    }

    #[test]
    fn what_is_on_its_way_is_not_owed_again() {
        let mut open = owing(1_010_000_000, 5_000_000);
        open.claimed = mark(510, 5);
        let figures = open.figures(UnixMillis(1), UnixMillis(1));
        assert_eq!((figures.owed.0, figures.pending.0), (500_000_000, 500_000_000));
        assert_eq!(figures.etk_now, Etk(50));
        assert_eq!(
            figures.average_power, None,
            "nothing is known of the first second"
        );
    }

    proptest! {
        #[test]
        fn the_estimate_at_the_end_is_what_is_settled(
            grown in proptest::array::uniform2(0_u64..9_000_000_000), ratio in prop_oneof![Just(100_000_u64), Just(100), 1_u64..10_000_000], carry in -999_i64..=999,
        ) {
            let mut owing = owing(10_000_000 + grown[0], 5_000_000 + grown[1]);
            (owing.ratio, owing.carry) = (Some(ratio), carry);
            let end = UnixMillis(300_000);
            let figures = owing.figures(end, end);
            let terms = Terms {
                watermark: owing.settled,
                minimum: WattHours(1),
                ratio,
                carry,
                balance: Etk(i128::from(u64::MAX)),
                rated_power_w: 100_000,
                cleared_at: 0,
                now: 1_000_000,
            };
            match terms.due(owing.registers.export, owing.registers.import) {
                Due::Settle { energy, .. } => {
                    prop_assert_eq!((figures.energy_now, figures.energy_at_end), (energy, energy));
                    prop_assert_eq!(figures.etk_now, Etk::from_energy(energy, ratio, carry).0);
                    prop_assert_eq!(figures.etk_at_end, figures.etk_now);
                }
                other => prop_assert_eq!(figures.energy_now, NetWattHours::ZERO, "{:?}", other),
            }
        }
    }
}
