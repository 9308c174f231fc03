//! One meter as it is now: its last messages, its registers, the period that runs.

use std::time::Duration;

use enerlink_domain::{
    Code, DeviceState, Error, Meter, MicroWh, Registers, Sensors, UnixMillis, meter::Link, register::Pair,
    settlement::Watermark,
};
use enerlink_store::{Reader, heartbeats, readings, registers, rollups, statuses};

/// Bounds of the interval after which a silent meter is stale.
const INTERVAL: (u64, u64) = (5_000, 30_000);

/// One meter as it is now.
#[derive(Clone, Debug)]
pub(crate) struct MeterLive {
    pub(crate) meter: Meter,
    pub(crate) device: DeviceState,
    pub(crate) registers: Option<Registers>,
    pub(crate) period: Option<PeriodStart>,
    broker_down: bool,
}

/// The registers when the running period began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeriodStart {
    pub(crate) at: UnixMillis,
    pub(crate) registers: Pair<MicroWh>,
}

/// The link of a meter that has not been heard since `last`.
pub(crate) fn silent(now: UnixMillis, meter: &Meter, last: Option<UnixMillis>) -> Link {
    let since = last.map_or_else(
        || format!("nothing has been heard on {}/sensors yet", meter.base_topic),
        |last| format!("nothing has been heard for {} s", now.since(last).as_secs()),
    );
    Link::down(last.unwrap_or(now), Error::new(Code::MeterSilent, since))
}

impl MeterLive {
    /// A meter that has not said anything.
    pub(crate) fn new(meter: Meter, now: UnixMillis) -> Self {
        let device = DeviceState {
            meter_id: meter.id.clone(),
            link: silent(now, &meter, None),
            sensors: None,
            heartbeat: None,
            status: None,
            interval_ms: None,
            counted: 0,
            refused: 0,
        };
        Self {
            meter,
            device,
            registers: None,
            period: None,
            broker_down: false,
        }
    }

    /// A meter as it was left.
    pub(crate) async fn load(
        reader: &Reader,
        meter: Meter,
        now: UnixMillis,
        period: Duration,
    ) -> Result<Self, Error> {
        let mut live = Self::new(meter, now);
        let id = &live.meter.id;
        live.device.sensors = readings::last(reader, id).await?;
        live.device.heartbeat = heartbeats::last(reader, id).await?;
        live.device.status = statuses::last(reader, id).await?;
        live.registers = registers::load(reader, id).await?;
        if let Some(registers) = live.registers {
            let at = now.floor_to(period);
            let energy = rollups::energy(reader, id, at, now).await?;
            let back = |register: MicroWh, energy: MicroWh| register.checked_sub(energy).unwrap_or(register);
            let registers = Pair {
                export: back(registers.export, energy.exported),
                import: back(registers.import, energy.imported),
            };
            live.period = Some(PeriodStart { at, registers });
        }
        let last = live.device.sensors.as_ref().map(|(at, _)| *at);
        live.device.link = silent(now, &live.meter, last);
        Ok(live)
    }

    /// Whether the chain has settled more than the registers show.
    pub(crate) fn is_behind(&self, watermark: Watermark) -> bool {
        self.registers
            .is_some_and(|mut registers| registers.raise_to(watermark))
    }

    /// Replaces the registers; a period that has not begun begins with them.
    pub(crate) fn set_registers(&mut self, registers: Registers) {
        self.registers = Some(registers);
    }

    /// Begins a new period when `now` lies beyond the running one. `before` are the registers until now.
    pub(crate) fn roll_period(&mut self, now: UnixMillis, period: Duration, before: Pair<MicroWh>) {
        let at = now.floor_to(period);
        if self.period.is_none_or(|running| running.at < at) {
            self.period = Some(PeriodStart {
                at,
                registers: before,
            });
        }
    }

    /// Takes a sensors message as the newest, unless it is an old one.
    pub(crate) fn hear(&mut self, at: UnixMillis, sensors: Sensors) {
        if let Some((last, _)) = &self.device.sensors {
            let gap = u64::try_from(at.since(*last).as_millis()).unwrap_or(u64::MAX);
            let smooth = self
                .device
                .interval_ms
                .map_or(gap, |interval| (interval * 3 + gap) / 4);
            self.device.interval_ms = Some(smooth.clamp(1, 600_000));
        }
        self.device.sensors = Some((at, sensors));
        self.broker_down = false;
        if !self.device.link.up {
            self.device.link = Link::up(at);
        }
    }

    /// Changes the link; answers whether that is news.
    pub(crate) fn set_link(&mut self, link: Link, broker_down: bool) -> bool {
        if !broker_down && self.device.link.up {
            return false;
        }
        let news = self.device.link.message != link.message || self.device.link.up != link.up;
        self.broker_down = broker_down;
        self.device.link = link;
        news
    }

    /// Declares the meter silent after two of its intervals; answers whether that is news.
    pub(crate) fn fall_silent(&mut self, now: UnixMillis) -> bool {
        let Some((last, _)) = self.device.sensors else {
            return false;
        };
        let interval = self
            .device
            .interval_ms
            .unwrap_or(INTERVAL.0)
            .clamp(INTERVAL.0, INTERVAL.1);
        if !self.device.link.up || self.broker_down || now.since(last) <= Duration::from_millis(2 * interval)
        {
            return false;
        }
        self.device.link = silent(now, &self.meter, Some(last));
        true
    }
}
