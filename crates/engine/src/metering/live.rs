//! One meter as it is now: its last messages, its registers, the period that runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use enerlink_domain::{
    Code, DeviceState, Error, Heartbeat, Meter, MicroWh, Notice, NoticeKind, Presence, Registers, Sensors,
    StatusSnapshot, UnixMillis,
    device::UnitsCheck,
    health::Watch,
    meter::Link,
    proposal::{self, UnitsTrial},
    reading::DeviceTime,
    register::Pair,
    settlement::Watermark,
};
use enerlink_store::{Reader, heartbeats, readings, registers, rollups, statuses, tallies};

/// A device whose uptime has fallen by more than this has booted.
const REBOOT: u64 = 60_000;
/// Uptime that had nearly come to 2^32 ms has turned, not fallen.
const TURN: u64 = (1 << 32) - 600_000;
/// Longer pauses are no interval.
const LONGEST_INTERVAL: Duration = Duration::from_secs(600);

/// One meter as it is now.
#[derive(Clone, Debug)]
pub(crate) struct MeterLive {
    pub(crate) meter: Meter,
    pub(crate) device: DeviceState,
    pub(crate) registers: Option<Registers>,
    pub(crate) period: Option<PeriodStart>,
    pub(super) run: Run,
}

/// The registers when the running period began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeriodStart {
    pub(crate) at: UnixMillis,
    pub(crate) registers: Pair<MicroWh>,
}

/// What is remembered of a meter as long as the engine runs. Times are the monotonic clock's, which nobody sets.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    pub(super) broker_down: bool,
    /// The last sensors message.
    pub(super) heard: Option<Duration>,
    /// The last heartbeat.
    pub(super) beat: Option<Duration>,
    pub(super) beat_interval: Option<Duration>,
    /// When it was last seen to have booted.
    pub(super) booted: Option<Duration>,
    /// What heartbeat or status said last.
    uptime_ms: Option<u64>,
    trial: UnitsTrial,
    pub(super) watch: Watch,
    /// Topics on which the broker keeps a command.
    pub(super) retained: BTreeSet<String>,
    /// Another program uses the client id.
    pub(super) taken_over: bool,
    /// When an occurrence of a kind was last told.
    pub(super) told: BTreeMap<NoticeKind, Duration>,
}

/// Whoever was heard so short a time ago is not silent yet: no meter is given up sooner.
const SOON: Duration = Duration::from_secs(5);

/// The link of a meter that has not been heard since `last`, or that is only listened to again.
pub(super) fn silent(now: UnixMillis, base_topic: &str, last: Option<UnixMillis>) -> Link {
    let since = match last.map(|last| now.since(last)) {
        None => format!("nothing has been heard on {base_topic} yet"),
        Some(since) if since < SOON => format!("the next message on {base_topic} is waited for"),
        Some(since) => format!("nothing has been heard for {} s", since.as_secs()),
    };
    Link::down(last.unwrap_or(now), Error::new(Code::MeterSilent, since))
}

impl MeterLive {
    /// A meter that has not said anything.
    pub(crate) fn new(meter: Meter, now: UnixMillis) -> Self {
        let device = DeviceState {
            meter_id: meter.id.clone(),
            link: silent(now, &meter.base_topic, None),
            sensors: None,
            heartbeat: None,
            status: None,
            interval_ms: None,
            counted: 0,
            refused: 0,
            presence: Presence::Waiting,
            tally: BTreeMap::new(),
            health: None,
            conditions: Vec::new(),
            stored: true,
        };
        Self {
            meter,
            device,
            registers: None,
            period: None,
            run: Run::default(),
        }
    }

    /// A meter as it was left, with the conditions that last.
    pub(crate) async fn load(
        reader: &Reader,
        meter: Meter,
        conditions: &[Notice],
        now: UnixMillis,
        period: Duration,
    ) -> Result<Self, Error> {
        let mut live = Self::new(meter, now);
        let id = &live.meter.id;
        live.registers = registers::load(reader, id).await?;
        let counted = live.registers.and_then(|registers| registers.baseline);
        if let Some(counted) = counted {
            live.device.sensors = readings::last(reader, id, counted.received_at).await?;
        }
        live.device.heartbeat = heartbeats::last(reader, id).await?;
        live.device.status = statuses::last(reader, id).await?;
        live.device.tally = tallies::load(reader, id).await?;
        let own = |notice: &&Notice| notice.meter_id.as_ref() == Some(id) && notice.kind.is_of_the_device();
        live.device.conditions = conditions.iter().filter(own).cloned().collect();
        if live.meter.retired_at.is_some() {
            live.device.presence = Presence::Retired;
        }
        live.begin_period(reader, now, period).await?;
        live.device.link = silent(now, &live.meter.base_topic, live.last_heard());
        Ok(live)
    }

    /// Finds the registers at the beginning of the period in which `now` lies.
    pub(super) async fn begin_period(
        &mut self,
        reader: &Reader,
        now: UnixMillis,
        period: Duration,
    ) -> Result<(), Error> {
        let Some(registers) = self.registers else {
            return Ok(());
        };
        let at = now.floor_to(period);
        let energy = rollups::energy(reader, &self.meter.id, at, now).await?;
        let back = |register: MicroWh, energy: MicroWh| register.checked_sub(energy).unwrap_or(register);
        let registers = Pair {
            export: back(registers.export, energy.exported),
            import: back(registers.import, energy.imported),
        };
        self.period = Some(PeriodStart { at, registers });
        Ok(())
    }

    /// When it was last heard, in this run or before.
    pub(super) fn last_heard(&self) -> Option<UnixMillis> {
        self.device.sensors.as_ref().map(|(at, _)| *at)
    }

    /// Whether anything was ever heard of it.
    pub(super) fn ever_heard(&self) -> bool {
        self.device.sensors.is_some() || self.device.heartbeat.is_some() || self.device.status.is_some()
    }

    /// Whether the chain has settled more than the registers show.
    pub(crate) fn is_behind(&self, watermark: Watermark) -> bool {
        self.registers
            .is_some_and(|mut registers| registers.raise_to(watermark))
    }

    /// The registers, once they were compared with what the chain has settled: before that they may lack it, or hold
    /// an opening balance that was never offered.
    pub(crate) fn compared(&self) -> Option<Registers> {
        self.registers.filter(|registers| registers.lead.is_some())
    }

    /// Begins a new period when `now` does not lie in the running one. `before` are the registers until now.
    pub(crate) fn roll_period(&mut self, now: UnixMillis, period: Duration, before: Pair<MicroWh>) {
        let at = now.floor_to(period);
        if self.period.is_none_or(|running| running.at != at) {
            self.period = Some(PeriodStart {
                at,
                registers: before,
            });
        }
    }

    /// Settles the opening balance too, or not. Registers that are not there yet follow their meter when they begin.
    pub(crate) fn set_opening(&mut self, take: bool) {
        if self.meter.take_opening == take {
            return;
        }
        self.meter.take_opening = take;
        let Some(mut registers) = self.registers else {
            return;
        };
        let before = registers;
        if take {
            registers.take_opening();
        } else {
            registers.skip_opening();
        }
        // Energy that flowed before the period is none of it.
        if let Some(period) = &mut self.period {
            let shift = |start: MicroWh, before: MicroWh, after: MicroWh| {
                MicroWh((start.0 + after.0).saturating_sub(before.0))
            };
            let start = period.registers;
            period.registers = Pair {
                export: shift(start.export, before.export, registers.export),
                import: shift(start.import, before.import, registers.import),
            };
        }
        self.registers = Some(registers);
    }

    /// Takes a counted sensors message as the newest. Answers whether the meter has shown something new of itself.
    pub(super) fn hear(&mut self, at: UnixMillis, moment: Duration, sensors: Sensors) -> bool {
        let mut news = self.meter.capabilities.learn_sensors(&sensors);
        if let Some((last_at, last)) = &self.device.sensors {
            self.run.trial.observe((*last_at, last), (at, &sensors));
            if let Some(gap) = interval((*last_at, last), (at, &sensors)) {
                let gap = u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
                let smooth = self
                    .device
                    .interval_ms
                    .map_or(gap, |interval| (interval * 3 + gap) / 4);
                self.device.interval_ms = Some(smooth.max(1));
            }
        }
        news |= self.check_units(&sensors);
        news |= sensors.family.is_some() && sensors.family != self.meter.family;
        self.meter.family = sensors.family.or(self.meter.family);
        if self.meter.profile.is_none() {
            self.meter.profile = proposal::electrical_profile(&sensors);
            news |= self.meter.profile.is_some();
        }
        self.run.watch.hear(&sensors);
        self.run.heard = Some(moment);
        self.device.sensors = Some((at, sensors));
        news
    }

    /// Units that the messages declare are right; others prove themselves by the energy that passes.
    fn check_units(&mut self, sensors: &Sensors) -> bool {
        let before = (self.meter.units, self.meter.units_check);
        if let Some(declared) = sensors.declared {
            self.meter.units = declared;
            self.meter.units_check = UnitsCheck::Confirmed;
        } else {
            let verdict = self.run.trial.verdict();
            if verdict != UnitsCheck::NotConfirmed {
                self.meter.units_check = verdict;
                self.run.trial = UnitsTrial::default();
            }
        }
        before != (self.meter.units, self.meter.units_check)
    }

    /// Units were chosen anew: they prove themselves anew.
    pub(crate) fn forget_units(&mut self) {
        self.run.trial = UnitsTrial::default();
    }

    /// Takes a heartbeat as the newest; answers whether it shows a reboot.
    pub(super) fn beat(&mut self, at: UnixMillis, moment: Duration, heartbeat: &Heartbeat) -> bool {
        if let Some(last) = self.run.beat {
            let gap = moment.saturating_sub(last);
            let smooth = self
                .run
                .beat_interval
                .map_or(gap, |interval| (interval * 3 + gap) / 4);
            self.run.beat_interval = Some(smooth.clamp(Duration::from_secs(1), LONGEST_INTERVAL));
        }
        self.run.beat = Some(moment);
        self.device.heartbeat = Some((at, heartbeat.clone()));
        self.has_booted(heartbeat.uptime_ms)
    }

    /// Takes a status as the newest; answers whether it shows a reboot.
    pub(super) fn report(&mut self, at: UnixMillis, status: &StatusSnapshot) -> bool {
        self.device.status = Some((at, status.clone()));
        self.has_booted(status.uptime_ms)
    }

    /// Sensors messages with an uptime show a reboot by themselves.
    fn has_booted(&mut self, uptime_ms: Option<u64>) -> bool {
        let Some(now) = uptime_ms else { return false };
        let last = self.run.uptime_ms.replace(now);
        let own_uptime = self
            .device
            .sensors
            .as_ref()
            .is_some_and(|(_, sensors)| matches!(sensors.device_time, Some(DeviceTime::Uptime(_))));
        !own_uptime && last.is_some_and(|last| now + REBOOT < last && last < TURN)
    }

    /// Forgets what was heard where the meter was before.
    pub(crate) fn begin_to_listen(&mut self, now: UnixMillis) {
        self.run = Run::default();
        self.device.presence = Presence::Waiting;
        self.device.link = silent(now, &self.meter.base_topic, self.last_heard());
    }
}

/// Between two messages, by the device's own clock where it has one: a queued burst arrives at once.
fn interval(last: (UnixMillis, &Sensors), now: (UnixMillis, &Sensors)) -> Option<Duration> {
    let by_device = match (last.1.device_time, now.1.device_time) {
        (Some(DeviceTime::Uptime(last)), Some(DeviceTime::Uptime(now))) => {
            now.checked_sub(last).map(u64::from).map(Duration::from_millis)
        }
        _ => None,
    };
    Some(by_device.unwrap_or_else(|| now.0.since(last.0)))
        .filter(|gap| !gap.is_zero() && *gap <= LONGEST_INTERVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_that_was_just_heard_is_waited_for() {
        let now = UnixMillis(100_000);
        for (last, words) in [
            (None, "nothing has been heard on roof yet"),
            (Some(99_900), "the next message on roof is waited for"),
            // The wall clock was set back.
            (Some(200_000), "the next message on roof is waited for"),
            (Some(88_000), "nothing has been heard for 12 s"),
        ] {
            let link = silent(now, "roof", last.map(UnixMillis));
            assert_eq!(link.message.as_deref(), Some(words), "{last:?}");
        }
    }
}
