//! The arithmetic of the estimate: the same floors and the same conversion as a settlement, so that both say the same.

use crate::{
    Etk, MicroWatts, MicroWh, NetMicroWh, NetWattHours, Settlement, UnixMillis,
    register::Pair,
    settlement::{Due, Terms, Watermark},
};

/// What the estimate of one meter is made from.
#[derive(Clone, Copy, Debug)]
pub struct Owing {
    /// The registers now.
    pub registers: Pair<MicroWh>,
    /// The registers last settled on chain, or those of first contact.
    pub settled: Watermark,
    /// On what terms the rest can be settled: their watermark is `settled`, or where a settlement on its way leads to.
    pub terms: Terms,
    /// Since when the running period counts.
    pub since: UnixMillis,
    /// The registers then.
    pub at_start: Pair<MicroWh>,
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
    /// What comes of settling now.
    pub due_now: Due,
    /// What comes of settling at the period's end.
    pub due_at_end: Due,
}

impl Owing {
    /// Takes a settlement that is on its way into account: what it claims is not owed any more.
    #[must_use]
    pub fn less(mut self, open: Option<&Settlement>) -> Self {
        if let Some(open) = open {
            self.terms = self.terms.after(open.to);
        }
        self
    }

    /// The figures at `now`, in a period that ends at `end`.
    pub fn figures(&self, now: UnixMillis, end: UnixMillis) -> Figures {
        let later = self.terms.later(end.since(now));
        let (settled, claimed) = (micro(self.settled), micro(self.terms.watermark));
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
        let (energy_now, etk_now) = worth(&self.terms, owed);
        let (energy_at_end, etk_at_end) = worth(&later, at_end);
        Figures {
            exported: NetMicroWh::between(grown.export, MicroWh::ZERO),
            imported: NetMicroWh::between(grown.import, MicroWh::ZERO),
            owed: net(owed, claimed),
            pending: net(claimed, settled),
            average_power: i64::try_from(average).ok().filter(|_| known).map(MicroWatts),
            energy_now,
            etk_now,
            energy_at_end,
            etk_at_end,
            due_now: self.terms.due(owed.export, owed.import),
            due_at_end: later.due(at_end.export, at_end.import),
        }
    }
}

/// What a settlement of these registers would settle on these terms, and what it would mint or burn.
fn worth(terms: &Terms, registers: Pair<MicroWh>) -> (NetWattHours, Etk) {
    let to = terms.reach(registers.export, registers.import);
    let energy = to.net_since(terms.watermark).unwrap_or_default();
    (energy, Etk::from_energy(energy, terms.ratio, terms.carry).0)
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
    use crate::{WattHours, settlement::Bucket};

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
            terms: Terms {
                watermark: mark(10, 5),
                minimum: WattHours(1),
                ratio: 100,
                carry: 0,
                balance: None,
                bucket: None,
            },
            since: UnixMillis(0),
            at_start: micro(mark(10, 5)),
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
        open.terms = open.terms.after(mark(510, 5));
        let figures = open.figures(UnixMillis(1), UnixMillis(1));
        assert_eq!((figures.owed.0, figures.pending.0), (500_000_000, 500_000_000));
        assert_eq!(figures.etk_now, Etk(50));
        assert_eq!(
            figures.average_power, None,
            "nothing is known of the first second"
        );
    }

    #[test]
    fn no_more_is_estimated_than_the_bucket_lets_through() {
        let mut owing = owing(1_010_000_000, 5_000_000);
        owing.terms.bucket = Some(Bucket {
            rated_power_w: 600,
            cleared_at: 4_000,
            now: 1_000,
        });
        // 600 s are left, and 300 s more when the period ends.
        let figures = owing.figures(UnixMillis(0), UnixMillis(300_000));
        assert_eq!((figures.energy_now.0, figures.etk_now), (100, Etk(10)));
        assert_eq!((figures.energy_at_end.0, figures.etk_at_end), (150, Etk(15)));
        assert_eq!(figures.owed.0, 1_000_000_000, "all of it is owed");
        owing.terms.minimum = WattHours(101);
        let figures = owing.figures(UnixMillis(0), UnixMillis(300_000));
        assert_eq!(figures.due_now, Due::BucketFull);
        assert!(matches!(figures.due_at_end, Due::Settle { .. }));
    }

    proptest! {
        #[test]
        fn the_estimate_at_the_end_is_what_is_settled(
            grown in proptest::array::uniform2(0_u64..9_000_000_000), ratio in prop_oneof![Just(100_000_u64), Just(100), 1_u64..10_000_000], carry in -999_i64..=999,
            rated_power_w in 1_u32..20_000,
        ) {
            let mut owing = owing(10_000_000 + grown[0], 5_000_000 + grown[1]);
            let now = 1_000_000;
            let bucket = Bucket { rated_power_w, cleared_at: now, now: now - 300 };
            owing.terms = Terms { ratio, carry, bucket: Some(bucket), ..owing.terms };
            let (begin, end) = (UnixMillis(0), UnixMillis(300_000));
            // What is asked of the chain at that moment.
            let terms = Terms { bucket: Some(Bucket { now, ..bucket }), ..owing.terms };
            let due = terms.due(owing.registers.export, owing.registers.import);
            // Seen from the period's beginning, with nothing more to come.
            let early = Owing { since: begin, at_start: owing.registers, ..owing }.figures(begin, end);
            prop_assert_eq!(early.due_at_end, due);
            let at_end = Owing { terms, ..owing }.figures(end, end);
            prop_assert_eq!((at_end.due_now, at_end.due_at_end), (due, due));
            match due {
                Due::Settle { energy, .. } => {
                    prop_assert_eq!((at_end.energy_now, at_end.energy_at_end), (energy, energy));
                    prop_assert_eq!(at_end.etk_now, Etk::from_energy(energy, ratio, carry).0);
                    prop_assert_eq!((early.etk_at_end, at_end.etk_at_end), (at_end.etk_now, at_end.etk_now));
                }
                other => prop_assert_eq!(at_end.energy_now, NetWattHours::ZERO, "{:?}", other),
            }
        }
    }
}
