//! Registers: what a meter's counters add up to, whatever happens to the counters.
//!
//! A register never falls and grows only by energy that the meter has shown. Duplicates, old messages, reboots,
//! counter resets and impossible jumps are told apart here, without a clock: the time of receipt comes in.

mod growth;
mod lead;
mod opening;
mod order;
mod reset;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::{growth::Step, order::Order};
use crate::{MicroWh, Sensors, Subsystem, UnixMillis, reading::DeviceTime};

/// A fall of a counter by at most this much is noise: 0.01 Wh.
pub const NOISE: MicroWh = MicroWh(10_000);
/// Receipt times and counters are not read at the same instant; this much time is allowed on top.
const SLACK: Duration = Duration::from_secs(2);
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
    /// When the last was received.
    #[serde(default)]
    pub received_at: UnixMillis,
    /// What the last showed.
    #[serde(default)]
    pub counters: Pair<MicroWh>,
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
    /// Signs of a reboot, or that a fall of the counters lasts.
    pub suspicion: Suspicion,
    /// When the device last booted, as far as seen or, as long as it was not seen (`boot` is 0), as it said at first contact.
    /// Soon after it a message from before may still come.
    #[serde(default)]
    pub rebooted_at: Option<UnixMillis>,
    /// When the counters last began anew together with the uptime. Soon after it a message from before may show more than
    /// the last one, and a higher uptime.
    #[serde(default)]
    pub reset_at: Option<UnixMillis>,
    /// Energy that the chain has settled and that was not counted yet; none before the first comparison.
    #[serde(default)]
    pub lead: Option<Pair<MicroWh>>,
    /// What stood on the settlement counters at first contact, as far as it can be taken as an opening balance.
    #[serde(default)]
    pub opening: Pair<MicroWh>,
    /// What no reading has added here: where the registers began, and what was taken over from the chain or a backup. The
    /// rest was counted reading by reading. None in registers from before it was kept.
    #[serde(default)]
    pub taken_over: Option<Pair<MicroWh>>,
}

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// For the first time, as far as the broker says.
    First,
    /// Perhaps not for the first time: the broker was not told before that it has arrived (`DUP` of MQTT 3.1.1).
    Again,
    /// Kept by the broker from an unknown time.
    Retained,
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
        /// Why it was special.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<Remark>,
    },
    /// Recorded, not counted.
    Refused {
        /// Why.
        reason: Reason,
    },
}

/// What was special about a message that was counted; of several, the first here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// A counter fell, and counting went on in a new epoch.
    CounterReset,
    /// The device has booted since the last one.
    Rebooted,
    /// The 32-bit uptime went round.
    Rollover,
    /// The clock of this computer was set back.
    ClockSetBack,
    /// A counter fell by so little that it means nothing.
    Noise,
}

impl Remark {
    /// Every remark.
    pub const ALL: [Self; 5] = [
        Self::CounterReset,
        Self::Rebooted,
        Self::Rollover,
        Self::ClockSetBack,
        Self::Noise,
    ];

    /// The word in the database and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CounterReset => "counter_reset",
            Self::Rebooted => "rebooted",
            Self::Rollover => "rollover",
            Self::ClockSetBack => "clock_set_back",
            Self::Noise => "noise",
        }
    }

    /// The reverse of [`Remark::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|remark| remark.as_str() == text)
    }
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
            rebooted_at: None,
            reset_at: None,
            lead: None,
            opening: Pair::default(),
            taken_over: Some(Pair::default()),
        }
    }

    /// What readings have added, as far as it is known.
    pub fn counted(&self) -> Option<Pair<MicroWh>> {
        let taken = self.taken_over?;
        Some(Pair {
            export: self.export.checked_sub(taken.export)?,
            import: self.import.checked_sub(taken.import)?,
        })
    }

    /// Takes one message into account. A refused message moves nothing but the suspicion of a reboot.
    pub fn apply(
        &mut self,
        sensors: &Sensors,
        received_at: UnixMillis,
        delivery: Delivery,
        rated_power_w: u32,
    ) -> Verdict {
        if delivery == Delivery::Retained {
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
            None => self.begin(message, rated_power_w),
            Some(baseline) => self.advance(baseline, message, delivery, rated_power_w),
        }
    }

    fn begin(&mut self, message: Baseline, rated_power_w: u32) -> Verdict {
        self.offer_opening(&message, rated_power_w);
        if self.source == CounterSource::Total {
            self.export = self.export.max(message.counters.export);
            self.import = self.import.max(message.counters.import);
        }
        self.first = Pair {
            export: self.export,
            import: self.import,
        };
        self.taken_over = Some(self.first);
        if let Some(DeviceTime::Uptime(uptime)) = message.device_time {
            self.rebooted_at = Some(UnixMillis(message.received_at.0.saturating_sub(uptime.into())));
        }
        self.baseline = Some(message);
        Verdict::First
    }

    fn advance(
        &mut self,
        mut baseline: Baseline,
        message: Baseline,
        delivery: Delivery,
        rated_power_w: u32,
    ) -> Verdict {
        // A clock that was set back would make time stand still until it has caught up: time counts from here.
        let set_back = baseline.received_at.since(message.received_at) > SLACK;
        if set_back {
            baseline.received_at = message.received_at;
            self.baseline = Some(baseline);
        }
        let (elapsed, in_time) = match self.order(&baseline, &message, delivery) {
            Order::After { elapsed, remark } => (elapsed, remark),
            Order::Same if message.counters == baseline.counters => return refused(Reason::Duplicate),
            Order::Same | Order::Before => return refused(Reason::Late),
        };
        let limit = energy_limit(rated_power_w, elapsed);
        let step = |pick: fn(&Pair<MicroWh>) -> MicroWh,
                    beside: fn(&Pair<Option<MicroWh>>) -> Option<MicroWh>| {
            Step {
                last: pick(&baseline.counters),
                now: pick(&message.counters),
                settlement_last: beside(&baseline.settlement),
                settlement_now: beside(&message.settlement),
            }
            .grow(limit, self.source)
        };
        let directions = (
            step(|pair| pair.export, |pair| pair.export),
            step(|pair| pair.import, |pair| pair.import),
        );
        let (Some(export), Some(import)) = directions else {
            return refused(Reason::Impossible);
        };
        let (added, lead) = self.repay(Pair {
            export: export.added,
            import: import.added,
        });
        let Some(sums) = self.raised(added) else {
            return refused(Reason::Overflow);
        };
        let new_epoch = export.restarted || import.restarted;
        (self.export, self.import, self.lead) = (sums.export, sums.import, lead);
        self.epoch = self.epoch.saturating_add(u32::from(new_epoch));
        self.boot = self
            .boot
            .saturating_add(u32::from(in_time == Some(Remark::Rebooted)));
        if in_time == Some(Remark::Rebooted) {
            self.rebooted_at = Some(message.received_at);
            if new_epoch {
                self.reset_at = self.rebooted_at;
            }
        }
        self.suspicion = Suspicion::default();
        self.baseline = Some(Baseline {
            // Noise does not move the baseline down, or the same energy would be counted on the way up again.
            counters: Pair {
                export: export.counter,
                import: import.counter,
            },
            ..message
        });
        let remark = [
            new_epoch.then_some(Remark::CounterReset),
            in_time,
            set_back.then_some(Remark::ClockSetBack),
            (export.noisy || import.noisy).then_some(Remark::Noise),
        ]
        .into_iter()
        .flatten()
        .next();
        Verdict::Counted {
            added,
            new_epoch,
            remark,
        }
    }

    /// The registers after `added`; none beyond what they can hold.
    fn raised(&self, added: Pair<MicroWh>) -> Option<Pair<MicroWh>> {
        let raise = |register: MicroWh, added| {
            let sum = register.checked_add(added);
            sum.filter(|sum| *sum <= MicroWh::MAX)
        };
        Some(Pair {
            export: raise(self.export, added.export)?,
            import: raise(self.import, added.import)?,
        })
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
