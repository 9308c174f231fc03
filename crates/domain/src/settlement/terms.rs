//! What the chain allows a meter to settle, and what that makes of its registers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Watermark;
use crate::{Etk, MicroWh, NetWattHours, WattHours};

/// What stands between the registers and a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "due", rename_all = "snake_case")]
pub enum Due {
    /// Settle up to these registers.
    Settle {
        /// Registers to move to.
        to: Watermark,
        /// Net energy that this settles.
        energy: NetWattHours,
    },
    /// Not enough yet; the energy is carried.
    BelowMinimum {
        /// What is owed.
        energy: NetWattHours,
        /// What would be enough.
        minimum: WattHours,
    },
    /// The chain's plausibility bucket has no room yet; the energy is carried.
    BucketFull,
    /// The import cannot be paid from the balance; the energy is owed and carried.
    InsufficientEtk {
        /// ETK that are missing.
        missing: Etk,
    },
}

/// What the chain allows and asks for when a meter settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Registers last settled.
    pub watermark: Watermark,
    /// The larger of the local and the contract's minimum.
    pub minimum: WattHours,
    /// ETK base units per 1000 Wh; 0 while that is not known.
    pub ratio: u64,
    /// Remainder on chain, thousandths of a base unit.
    pub carry: i64,
    /// ETK that a burn may take; nothing bounds it while that is not known.
    pub balance: Option<Etk>,
    /// The plausibility bucket; nothing bounds a settlement while it is not known.
    pub bucket: Option<Bucket>,
}

/// The chain's plausibility bucket of a meter: energy takes as long as it needs at rated power, and that time may not run
/// ahead of the chain's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Rated power, its slope.
    pub rated_power_w: u32,
    /// Unix seconds up to which it is filled.
    pub cleared_at: u64,
    /// The chain's time, Unix seconds.
    pub now: u64,
}

/// The bucket never lends more than this.
const AHEAD: u64 = 3600;
/// The bucket never saves more than this.
const BEHIND: u64 = 7 * 24 * 3600;

impl Bucket {
    /// Watt-hours per direction that it lets through now.
    pub fn room(&self) -> WattHours {
        let seconds = (self.now + AHEAD).saturating_sub(self.start());
        let room = u128::from(seconds) * u128::from(self.rated_power_w) / 3600;
        WattHours(u64::try_from(room).unwrap_or(u64::MAX))
    }

    /// Unix seconds from which on energy counts.
    fn start(&self) -> u64 {
        self.cleared_at.max(self.now.saturating_sub(BEHIND))
    }

    /// How it is once `energy` went through.
    fn filled(self, energy: u64) -> Self {
        let seconds = (u128::from(energy) * 3600).div_ceil(u128::from(self.rated_power_w.max(1)));
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        Self {
            cleared_at: self.start().saturating_add(seconds),
            ..self
        }
    }
}

impl Terms {
    /// The terms after a settlement up to `to`.
    #[must_use]
    pub fn after(self, to: Watermark) -> Self {
        let to = Watermark {
            export: to.export.max(self.watermark.export),
            import: to.import.max(self.watermark.import),
        };
        let moved = (to.export.0 - self.watermark.export.0).max(to.import.0 - self.watermark.import.0);
        let energy = to.net_since(self.watermark).unwrap_or_default();
        Self {
            watermark: to,
            carry: Etk::from_energy(energy, self.ratio, self.carry).1,
            bucket: self.bucket.map(|bucket| bucket.filled(moved)),
            ..self
        }
    }

    /// The terms so much later, when nothing is settled meanwhile.
    #[must_use]
    pub fn later(self, by: Duration) -> Self {
        let later = |bucket: Bucket| Bucket {
            now: bucket.now.saturating_add(by.as_secs()),
            ..bucket
        };
        Self {
            bucket: self.bucket.map(later),
            ..self
        }
    }

    /// What of `export` and `import` can be settled now, however little: whole watt-hours, as far as the bucket lets
    /// them through.
    pub fn reach(&self, export: MicroWh, import: MicroWh) -> Watermark {
        let room = self.bucket.map_or(u64::MAX, |bucket| bucket.room().0);
        let limit = |register: MicroWh, from: WattHours| {
            WattHours(register.floor_wh().0.clamp(from.0, from.0.saturating_add(room)))
        };
        Watermark {
            export: limit(export, self.watermark.export),
            import: limit(import, self.watermark.import),
        }
    }

    /// Decides what registers of `export` and `import` mean now.
    pub fn due(&self, export: MicroWh, import: MicroWh) -> Due {
        let owed = Watermark {
            export: export.floor_wh().max(self.watermark.export),
            import: import.floor_wh().max(self.watermark.import),
        };
        let to = self.reach(export, import);
        let energy = to.net_since(self.watermark).unwrap_or_default();
        let owed_energy = owed.net_since(self.watermark).unwrap_or_default();
        if energy.magnitude() < self.minimum || energy == NetWattHours::ZERO {
            let enough = owed_energy.magnitude() >= self.minimum && owed_energy != NetWattHours::ZERO;
            return if enough {
                Due::BucketFull
            } else {
                Due::BelowMinimum {
                    energy: owed_energy,
                    minimum: self.minimum,
                }
            };
        }
        let (etk, _) = Etk::from_energy(energy, self.ratio, self.carry);
        let left = self.balance.map_or(0, |balance| etk.0 + balance.0);
        if left < 0 {
            return Due::InsufficientEtk { missing: Etk(-left) };
        }
        Due::Settle { to, energy }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUCKET: Bucket = Bucket {
        rated_power_w: 5000,
        cleared_at: 1_000_000,
        now: 1_000_000,
    };

    fn cleared_at(cleared_at: u64) -> Option<Bucket> {
        Some(Bucket { cleared_at, ..BUCKET })
    }

    fn terms() -> Terms {
        Terms {
            watermark: Watermark {
                export: WattHours(1000),
                import: WattHours(200),
            },
            minimum: WattHours(100),
            ratio: 100_000,
            carry: 0,
            balance: Some(Etk(5_000)),
            bucket: Some(BUCKET),
        }
    }

    fn wh(value: u64) -> MicroWh {
        MicroWh(value * 1_000_000)
    }

    #[test]
    fn the_minimum_is_inclusive() {
        let below = terms().due(MicroWh(1_099_999_999), wh(200));
        assert_eq!(
            below,
            Due::BelowMinimum {
                energy: NetWattHours(99),
                minimum: WattHours(100)
            }
        );
        let to = Watermark {
            export: WattHours(1100),
            import: WattHours(200),
        };
        assert_eq!(
            terms().due(wh(1100), wh(200)),
            Due::Settle {
                to,
                energy: NetWattHours(100)
            }
        );
    }

    #[test]
    fn an_import_beyond_the_balance_is_carried() {
        assert_eq!(
            terms().due(wh(1000), wh(350)),
            Due::InsufficientEtk { missing: Etk(10_000) }
        );
    }

    #[test]
    fn the_bucket_splits_a_large_settlement() {
        let to = Watermark {
            export: WattHours(6000),
            import: WattHours(200),
        };
        assert_eq!(
            terms().due(wh(9000), wh(200)),
            Due::Settle {
                to,
                energy: NetWattHours(5000)
            }
        );
        let full = Terms {
            bucket: cleared_at(1_003_600),
            ..terms()
        };
        assert_eq!(full.due(wh(9000), wh(200)), Due::BucketFull);
        assert_eq!(
            terms().after(to).due(wh(9000), wh(200)),
            Due::BucketFull,
            "it has filled it"
        );
        let unbounded = Terms {
            bucket: None,
            ..terms()
        }
        .reach(wh(9000), wh(200));
        assert_eq!(unbounded.export, WattHours(9000), "nothing is known of it");
    }

    #[test]
    fn a_full_bucket_has_room_again_with_time() {
        let full = Terms {
            bucket: cleared_at(1_003_600),
            ..terms()
        };
        // 5 kW for 72 s are the minimum.
        let after = |seconds| full.later(Duration::from_secs(seconds)).due(wh(9000), wh(200));
        assert_eq!(after(71), Due::BucketFull);
        let to = Watermark {
            export: WattHours(1100),
            import: WattHours(200),
        };
        let energy = NetWattHours(100);
        assert_eq!(after(72), Due::Settle { to, energy });
    }

    #[test]
    fn a_settlement_on_its_way_leaves_its_remainder_and_its_room() {
        let terms = Terms {
            ratio: 100,
            ..terms()
        };
        let to = Watermark {
            export: WattHours(1105),
            import: WattHours(200),
        };
        let after = terms.after(to);
        assert_eq!((after.watermark, after.carry), (to, 500));
        let room = |terms: Terms| terms.bucket.expect("a bucket").room().0;
        assert_eq!(
            room(terms) - room(after),
            105 + 1,
            "rounded up to a second, as the contract does"
        );
        assert_eq!(
            after.after(terms.watermark),
            after,
            "an older one changes nothing"
        );
    }

    proptest! {
        #[test]
        fn a_settlement_never_exceeds_what_is_owed(
            export in 1000_u64..1_000_000, import in 200_u64..1_000_000, room in 0_u64..100_000,
        ) {
            let terms = Terms { bucket: cleared_at(1_003_600 - room.min(1_003_600)), balance: None, ..terms() };
            if let Due::Settle { to, energy } = terms.due(wh(export), wh(import)) {
                prop_assert!(to.covers(terms.watermark));
                prop_assert!(to.export.0 <= export && to.import.0 <= import);
                prop_assert_eq!(to.net_since(terms.watermark), Some(energy));
                prop_assert!(energy.magnitude() >= terms.minimum);
            }
        }
    }
}
