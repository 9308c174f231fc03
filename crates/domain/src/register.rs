//! Registers: what a meter's counters add up to, whatever happens to the counters.
//!
//! A register never falls and grows only by energy that the meter has shown. Duplicates, old messages, reboots,
//! counter resets and impossible jumps are told apart here, without a clock: the time of receipt comes in.

mod lead;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{MicroWh, Sensors, Subsystem, UnixMillis, reading::DeviceTime};

/// A fall of a counter by at most this much is noise: 0.01 Wh.
pub const NOISE: MicroWh = MicroWh(10_000);
/// Receipt times and counters are not read at the same instant; this much time is allowed on top.
const SLACK: Duration = Duration::from_secs(2);
/// A device that has been up longer than the silence lasted, by more than this, has not rebooted in it.
const REBOOT_SLACK: Duration = Duration::from_secs(30);
/// This many messages of a lower, rising uptime in a row are a reboot, not stragglers.
const REBOOT_EVIDENCE: u8 = 3;
/// One turn of a 32-bit millisecond counter.
const ROLLOVER: u64 = 1 << 32;
/// A device clock in Unix time is believed within this distance of the receipt.
const CLOCK_TRUST: Duration = Duration::from_secs(300);

/// The counters that a meter's money depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterSource {
    /// `total_energy_wh`.
    Total,
    /// `settlement_energy_wh`, for a meter that reports no totals.
    Settlement,
}

impl CounterSource {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Settlement => "settlement",
        }
    }

    /// The reverse of [`CounterSource::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Total, Self::Settlement]
            .into_iter()
            .find(|source| source.as_str() == text)
    }

    /// The source that a message offers: totals when it has them, else settlement counters.
    pub fn offered_by(sensors: &Sensors) -> Option<Self> {
        [Self::Total, Self::Settlement]
            .into_iter()
            .find(|source| source.counters(sensors).is_some())
    }

    /// The pair of counters (export, import); both or none, because half a net is wrong.
    fn counters(self, sensors: &Sensors) -> Option<Pair<MicroWh>> {
        let pick = |subsystem: &Subsystem| match self {
            Self::Total => subsystem.total_energy,
            Self::Settlement => subsystem.settlement_energy,
        };
        Some(Pair {
            export: pick(sensors.export.as_ref()?)?,
            import: pick(sensors.import.as_ref()?)?,
        })
    }
}

/// A value per direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair<T> {
    /// To the grid.
    pub export: T,
    /// From the grid.
    pub import: T,
}

/// The last message that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The counters of the source.
    pub counters: Pair<MicroWh>,
    /// The settlement counters, which may recover what a reset of the totals hides.
    pub settlement: Pair<Option<MicroWh>>,
    /// The device's time.
    pub device_time: Option<DeviceTime>,
    /// When it was received.
    pub received_at: UnixMillis,
}

/// Signs of a reboot that are not yet enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// The last lower uptime.
    pub uptime: u32,
    /// How many in a row.
    pub count: u8,
}

/// A meter's registers, durable in the same transaction as the reading that moved them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registers {
    /// The counters that are followed.
    pub source: CounterSource,
    /// Exported, ever; never falls.
    pub export: MicroWh,
    /// Imported, ever; never falls.
    pub import: MicroWh,
    /// The registers at first contact, the baseline that `openMeter` offers.
    pub first: Pair<MicroWh>,
    /// How often a counter has started anew.
    pub epoch: u32,
    /// How often the device has booted, as far as seen.
    pub boot: u32,
    /// The last counted message; `None` before the first.
    pub baseline: Option<Baseline>,
    /// Signs of a reboot.
    pub suspicion: Suspicion,
    /// Energy that the chain has settled and that was not counted yet; none before the first comparison.
    #[serde(default)]
    pub lead: Option<Pair<MicroWh>>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// First contact: registers start here.
    First,
    /// Energy was added.
    Counted {
        /// How much, per direction.
        added: Pair<MicroWh>,
        /// A counter fell and a new epoch began.
        new_epoch: bool,
    },
    /// Recorded, not counted.
    Refused {
        /// Why.
        reason: Reason,
    },
}

/// Why a message was recorded and not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The same message again.
    Duplicate,
    /// Kept by the broker from an unknown time.
    Retained,
    /// Older than the last one.
    Late,
    /// More than rated power times elapsed time.
    Impossible,
    /// Without the counters that this meter is counted by.
    NoCounters,
    /// Beyond what a register can hold.
    Overflow,
}

impl Reason {
    /// The word in the database and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Retained => "retained",
            Self::Late => "late",
            Self::Impossible => "impossible",
            Self::NoCounters => "no_counters",
            Self::Overflow => "overflow",
        }
    }

    /// The reverse of [`Reason::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Duplicate,
            Self::Retained,
            Self::Late,
            Self::Impossible,
            Self::NoCounters,
            Self::Overflow,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == text)
    }
}

/// Where a message stands in time, compared with the baseline.
enum Order {
    /// Later by this much.
    After { elapsed: Duration, rebooted: bool },
    /// The same instant by the device's own clock.
    Same,
    /// Earlier.
    Before,
}

/// What the counters did, as far as it tells a reboot from a straggler.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Grown,
    Fallen,
}

impl Change {
    fn between(before: Pair<MicroWh>, after: Pair<MicroWh>) -> Self {
        if before == after {
            Self::None
        } else if after.export >= before.export && after.import >= before.import {
            Self::Grown
        } else {
            Self::Fallen
        }
    }
}

impl Registers {
    /// Registers that have heard nothing yet.
    pub fn new(source: CounterSource) -> Self {
        Self {
            source,
            export: MicroWh::ZERO,
            import: MicroWh::ZERO,
            first: Pair::default(),
            epoch: 0,
            boot: 0,
            baseline: None,
            suspicion: Suspicion::default(),
            lead: None,
        }
    }

    /// Takes one message into account. A refused message moves nothing but the suspicion of a reboot.
    pub fn apply(
        &mut self,
        sensors: &Sensors,
        received_at: UnixMillis,
        retained: bool,
        rated_power_w: u32,
    ) -> Verdict {
        if retained {
            return refused(Reason::Retained);
        }
        let Some(counters) = self.source.counters(sensors) else {
            return refused(Reason::NoCounters);
        };
        let message = Baseline {
            counters,
            settlement: CounterSource::Settlement
                .counters(sensors)
                .map_or_else(Pair::default, |pair| Pair {
                    export: Some(pair.export),
                    import: Some(pair.import),
                }),
            device_time: trusted(sensors.device_time, received_at),
            received_at,
        };
        match self.baseline {
            None => self.begin(message),
            Some(baseline) => self.advance(baseline, message, rated_power_w),
        }
    }

    fn begin(&mut self, message: Baseline) -> Verdict {
        if self.source == CounterSource::Total {
            self.export = self.export.max(message.counters.export);
            self.import = self.import.max(message.counters.import);
        }
        self.first = Pair {
            export: self.export,
            import: self.import,
        };
        self.baseline = Some(message);
        Verdict::First
    }

    fn advance(&mut self, baseline: Baseline, message: Baseline, rated_power_w: u32) -> Verdict {
        let (elapsed, rebooted) = match self.order(&baseline, &message) {
            Order::After { elapsed, rebooted } => (elapsed, rebooted),
            Order::Same if message.counters == baseline.counters => return refused(Reason::Duplicate),
            Order::Same | Order::Before => return refused(Reason::Late),
        };
        let limit = energy_limit(rated_power_w, elapsed);
        let directions = (
            grow(
                baseline.counters.export,
                message.counters.export,
                baseline.settlement.export,
                message.settlement.export,
                limit,
                self.source,
            ),
            grow(
                baseline.counters.import,
                message.counters.import,
                baseline.settlement.import,
                message.settlement.import,
                limit,
                self.source,
            ),
        );
        let (Some(export), Some(import)) = directions else {
            return refused(Reason::Impossible);
        };
        let (added, lead) = self.repay(Pair {
            export: export.added,
            import: import.added,
        });
        let sums = (
            self.export.checked_add(added.export),
            self.import.checked_add(added.import),
        );
        let (Some(new_export), Some(new_import)) = sums else {
            return refused(Reason::Overflow);
        };
        if new_export > MicroWh::MAX || new_import > MicroWh::MAX {
            return refused(Reason::Overflow);
        }
        let new_epoch = export.restarted || import.restarted;
        self.export = new_export;
        self.import = new_import;
        self.lead = lead;
        self.epoch = self.epoch.saturating_add(u32::from(new_epoch));
        self.boot = self.boot.saturating_add(u32::from(rebooted));
        self.suspicion = Suspicion::default();
        self.baseline = Some(Baseline {
            // Noise does not move the baseline down, or the same energy would be counted on the way up again.
            counters: Pair {
                export: export.counter,
                import: import.counter,
            },
            ..message
        });
        Verdict::Counted { added, new_epoch }
    }

    fn order(&mut self, baseline: &Baseline, message: &Baseline) -> Order {
        let by_receipt = message.received_at.since(baseline.received_at);
        let change = Change::between(baseline.counters, message.counters);
        match (baseline.device_time, message.device_time) {
            (Some(DeviceTime::Uptime(last)), Some(DeviceTime::Uptime(now))) => {
                self.order_by_uptime(last, now, by_receipt, change)
            }
            (Some(DeviceTime::Unix(last)), Some(DeviceTime::Unix(now))) if now < last => Order::Before,
            (Some(DeviceTime::Unix(last)), Some(DeviceTime::Unix(now))) if now == last => Order::Same,
            _ => Order::After {
                elapsed: by_receipt,
                rebooted: false,
            },
        }
    }

    fn order_by_uptime(&mut self, last: u32, now: u32, by_receipt: Duration, change: Change) -> Order {
        // The same uptime twice is the same message, unless there was time to boot and the counters moved on.
        if now == last && (change == Change::None || by_receipt <= REBOOT_SLACK) {
            return Order::Same;
        }
        let uptime = Duration::from_millis(u64::from(now));
        if now > last {
            let elapsed = Duration::from_millis(u64::from(now - last));
            // Silence that is longer than the uptime may hide a reboot, after which the uptime has overtaken the last.
            let rebooted = uptime <= by_receipt + SLACK && by_receipt > elapsed + SLACK;
            let elapsed = if rebooted { by_receipt } else { elapsed };
            return Order::After { elapsed, rebooted };
        }
        let turned = Duration::from_millis(ROLLOVER - u64::from(last) + u64::from(now));
        if turned <= by_receipt + REBOOT_SLACK && turned + REBOOT_SLACK >= by_receipt {
            return Order::After {
                elapsed: turned,
                rebooted: false,
            };
        }
        // A reboot fits into the silence, and the counters went on; a straggler has been up longer, or shows no more.
        if change == Change::Grown && uptime <= by_receipt + SLACK {
            return Order::After {
                elapsed: by_receipt,
                rebooted: true,
            };
        }
        let rising = now > self.suspicion.uptime && self.suspicion.count > 0;
        self.suspicion = Suspicion {
            uptime: now,
            count: if rising { self.suspicion.count + 1 } else { 1 },
        };
        if self.suspicion.count >= REBOOT_EVIDENCE {
            return Order::After {
                elapsed: by_receipt,
                rebooted: true,
            };
        }
        Order::Before
    }
}

/// A device clock in Unix time counts only near the receipt; uptime always does.
fn trusted(time: Option<DeviceTime>, received_at: UnixMillis) -> Option<DeviceTime> {
    time.filter(|time| match time {
        DeviceTime::Uptime(_) => true,
        DeviceTime::Unix(millis) => millis.abs_diff(received_at.0) <= CLOCK_TRUST.as_millis() as u64,
    })
}

fn refused(reason: Reason) -> Verdict {
    Verdict::Refused { reason }
}

/// The most energy that can have flowed: rated power times elapsed time, in µWh.
fn energy_limit(rated_power_w: u32, elapsed: Duration) -> MicroWh {
    let millis = (elapsed + SLACK).as_millis();
    let micro_wh = u128::from(rated_power_w) * millis * 1000 / 3600;
    MicroWh(u64::try_from(micro_wh).unwrap_or(u64::MAX))
}

/// What one counter did between two messages.
struct Growth {
    added: MicroWh,
    counter: MicroWh,
    restarted: bool,
}

/// `None` when the growth is impossible.
fn grow(
    last: MicroWh,
    now: MicroWh,
    settlement_last: Option<MicroWh>,
    settlement_now: Option<MicroWh>,
    limit: MicroWh,
    source: CounterSource,
) -> Option<Growth> {
    if let Some(added) = now.checked_sub(last) {
        return (added <= limit).then_some(Growth {
            added,
            counter: now,
            restarted: false,
        });
    }
    if last.0 - now.0 <= NOISE.0 {
        return Some(Growth {
            added: MicroWh::ZERO,
            counter: last,
            restarted: false,
        });
    }
    // The counter restarted: it has shown `now` since then, and the settlement counter, when it went on, shows
    // also what flowed before the restart.
    let recovered = match (source, settlement_last, settlement_now) {
        (CounterSource::Total, Some(last), Some(now)) => now.checked_sub(last),
        _ => None,
    };
    let plausible = |added: &MicroWh| *added <= limit;
    // One that shows less than has flowed since the restart has restarted as well.
    let added = recovered
        .filter(|added| *added >= now && plausible(added))
        .or(Some(now).filter(plausible))
        .unwrap_or_default();
    Some(Growth {
        added,
        counter: now,
        restarted: true,
    })
}
