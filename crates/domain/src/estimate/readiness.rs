//! Whether a meter settles, by hand now and by itself at the period's end, and what is missing.

use serde::{Deserialize, Serialize};

use crate::{Code, MicroWh, NetMicroWh, WattHours, settlement::Due};

/// Whether the next settlement can happen, and what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Readiness {
    /// The period's end settles it.
    Ready,
    /// More energy is needed.
    BelowMinimum {
        /// Still missing.
        missing: NetMicroWh,
    },
    /// The chain lets no more energy of this meter through yet; it is carried and settled once there is room.
    BucketFull,
    /// A settlement is on its way.
    Settling,
    /// Something is in the way.
    Blocked {
        /// What.
        code: Code,
    },
    /// Automatic settlement is off; by hand it works.
    Manual,
}

/// What decides, besides the energy, whether a meter settles.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// What is in the way, however much is owed.
    pub barred: Option<Code>,
    /// A settlement is on its way.
    pub open: bool,
    /// A period's end settles by itself.
    pub automatic: bool,
    /// Nobody can sign what has to be signed next.
    pub locked: bool,
}

impl Circumstances {
    /// Whether the period's end settles, where so much is due then.
    pub fn readiness(&self, at_end: Due) -> Readiness {
        let blocked = |code| Readiness::Blocked { code };
        if let Some(code) = self.barred {
            return blocked(code);
        }
        match at_end {
            _ if self.open && self.locked => blocked(Code::Locked),
            _ if self.open => Readiness::Settling,
            _ if !self.automatic => Readiness::Manual,
            Due::BelowMinimum { energy, minimum } => {
                let minimum = minimum.max(WattHours(1));
                let missing = minimum.checked_sub(energy.magnitude()).unwrap_or_default();
                let missing = missing.micro().unwrap_or(MicroWh::MAX);
                Readiness::BelowMinimum {
                    missing: NetMicroWh::between(missing, MicroWh::ZERO),
                }
            }
            Due::BucketFull => Readiness::BucketFull,
            Due::InsufficientEtk { .. } => blocked(Code::InsufficientBalance),
            Due::Settle { .. } if self.locked => blocked(Code::Locked),
            Due::Settle { .. } => Readiness::Ready,
        }
    }

    /// What keeps a hand from settling, where so much is due now: by the same rules that would refuse it.
    pub fn obstacle(&self, now: Due) -> Option<Code> {
        if self.barred.is_some() {
            return self.barred;
        }
        match now {
            _ if self.open => Some(Code::SettlementPending),
            Due::BelowMinimum { .. } | Due::BucketFull => Some(Code::NothingToSettle),
            Due::InsufficientEtk { .. } => Some(Code::InsufficientBalance),
            Due::Settle { .. } => self.locked.then_some(Code::Locked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Etk, NetWattHours, UnixMillis,
        estimate::Owing,
        register::Pair,
        settlement::{Terms, Watermark},
    };

    const FREE: Circumstances = Circumstances {
        barred: None,
        open: false,
        automatic: true,
        locked: false,
    };
    const ENOUGH: Due = Due::Settle {
        to: Watermark {
            export: WattHours(500),
            import: WattHours(0),
        },
        energy: NetWattHours(500),
    };
    const TOO_LITTLE: Due = Due::BelowMinimum {
        energy: NetWattHours(-50),
        minimum: WattHours(100),
    };
    const UNPAID: Due = Due::InsufficientEtk { missing: Etk(1) };

    fn blocked(code: Code) -> Readiness {
        Readiness::Blocked { code }
    }

    #[test]
    fn a_hand_settles_by_what_is_owed_now_whatever_the_forecast_says() {
        let wh = |export: u64, import: u64| Pair {
            export: MicroWh(export * 1_000_000),
            import: MicroWh(import * 1_000_000),
        };
        let owing = Owing {
            registers: wh(950, 450),
            settled: Watermark::default(),
            terms: Terms {
                watermark: Watermark::default(),
                minimum: WattHours(100),
                ratio: 100_000,
                carry: 0,
                balance: Some(Etk(0)),
                bucket: None,
            },
            since: UnixMillis(0),
            at_start: wh(950, 0),
        };
        // Half of the period is over.
        let figures = owing.figures(UnixMillis(150_000), UnixMillis(300_000));
        assert_eq!((figures.energy_now.0, figures.energy_at_end.0), (500, 50));
        assert_eq!(FREE.obstacle(figures.due_now), None);
        let missing = NetMicroWh(50_000_000);
        assert_eq!(
            FREE.readiness(figures.due_at_end),
            Readiness::BelowMinimum { missing }
        );
        // A forecast that cannot be paid keeps nobody from settling what is owed now, and the reverse.
        assert_eq!(
            (FREE.obstacle(ENOUGH), FREE.readiness(UNPAID)),
            (None, blocked(Code::InsufficientBalance))
        );
        assert_eq!(
            (FREE.obstacle(UNPAID), FREE.readiness(ENOUGH)),
            (Some(Code::InsufficientBalance), Readiness::Ready)
        );
    }

    #[test]
    fn each_circumstance_is_told() {
        let barred = Circumstances {
            barred: Some(Code::NodeUnreachable),
            ..FREE
        };
        let open = Circumstances { open: true, ..FREE };
        let locked = Circumstances { locked: true, ..FREE };
        let waits = Circumstances { open: true, ..locked };
        let by_hand = Circumstances {
            automatic: false,
            ..locked
        };
        for (now, due, obstacle, readiness) in [
            (FREE, ENOUGH, None, Readiness::Ready),
            (
                FREE,
                Due::BucketFull,
                Some(Code::NothingToSettle),
                Readiness::BucketFull,
            ),
            (
                barred,
                ENOUGH,
                Some(Code::NodeUnreachable),
                blocked(Code::NodeUnreachable),
            ),
            (open, ENOUGH, Some(Code::SettlementPending), Readiness::Settling),
            (
                waits,
                ENOUGH,
                Some(Code::SettlementPending),
                blocked(Code::Locked),
            ),
            (locked, ENOUGH, Some(Code::Locked), blocked(Code::Locked)),
            (by_hand, ENOUGH, Some(Code::Locked), Readiness::Manual),
            (
                by_hand,
                TOO_LITTLE,
                Some(Code::NothingToSettle),
                Readiness::Manual,
            ),
        ] {
            assert_eq!(
                (now.obstacle(due), now.readiness(due)),
                (obstacle, readiness),
                "{now:?} {due:?}"
            );
        }
        let missing = NetMicroWh(50_000_000);
        assert_eq!(locked.readiness(TOO_LITTLE), Readiness::BelowMinimum { missing });
    }
}
