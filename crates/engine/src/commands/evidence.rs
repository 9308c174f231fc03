//! What shows that a command was carried out, apart from an answer: a later status, or readings that have changed as it
//! asked for. Where that cannot be told safely, nothing is claimed.

use std::time::Duration;

use enerlink_domain::{
    MeterCommand, MicroWh, Sensors, StatusSnapshot, Subsystem,
    command::EnergyCounter,
    reading::{DeviceTime, Motor},
};

/// A fall of at most 0.01 Wh is noise.
const NOISE: MicroWh = MicroWh(10_000);
/// Gaps that have to fit one after the other.
const GAPS: u32 = 2;

/// What is remembered of the readings around a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// The last reading before it was sent.
    before: Option<Sensors>,
    /// The pace of the meter before it was sent, in milliseconds.
    pace_ms: Option<u64>,
    /// The last reading since, and when it came.
    last: Option<(Duration, Option<DeviceTime>)>,
    /// How many gaps in a row have fitted.
    fitting: u32,
}

impl Evidence {
    /// The readings as they are before the command.
    pub(super) fn of(before: Option<Sensors>, pace_ms: Option<u64>) -> Self {
        Self {
            before,
            pace_ms,
            ..Self::default()
        }
    }

    /// Whether the reading that has just come shows `command` carried out.
    pub(super) fn in_sensors(&mut self, command: &MeterCommand, sensors: &Sensors, now: Duration) -> bool {
        match command {
            MeterCommand::ResetSettlement => self.has_fallen(sensors, &SETTLEMENT),
            MeterCommand::ResetEnergy { counter } => self.has_fallen(sensors, totals(*counter)),
            MeterCommand::Intervals {
                sensor_ms: Some(wanted),
                heartbeat_ms: None,
            } => self.keeps_pace(u64::from(*wanted), sensors, now),
            MeterCommand::Intervals { .. }
            | MeterCommand::Grid { .. }
            | MeterCommand::Relay { .. }
            | MeterCommand::Motor { .. }
            | MeterCommand::Led { .. } => false,
        }
    }

    /// Whether every counter that stood above zero has fallen. A meter that has started anew may have lost them by
    /// that, and one whose counters stood at zero shows nothing.
    fn has_fallen(&self, sensors: &Sensors, counters: &[Counter]) -> bool {
        let Some(before) = &self.before else { return false };
        let started_anew = match (before.device_time, sensors.device_time) {
            (Some(DeviceTime::Uptime(then)), Some(DeviceTime::Uptime(now))) => now < then,
            _ => false,
        };
        if started_anew {
            return false;
        }
        let standing = counters.iter().filter_map(|counter| {
            let then = counter(before).filter(|then| *then > NOISE)?;
            Some((then, counter(sensors)))
        });
        let mut any = false;
        for (then, now) in standing {
            any = true;
            // What has flowed since stands on it already, so that it need not be zero.
            if now.is_none_or(|now| now.0.saturating_add(NOISE.0) >= then.0) {
                return false;
            }
        }
        any
    }

    /// Whether the meter has spoken at the new pace twice in a row, and had another one before.
    fn keeps_pace(&mut self, wanted_ms: u64, sensors: &Sensors, now: Duration) -> bool {
        let near = |value: u64| value.abs_diff(wanted_ms) * 100 <= wanted_ms * 15;
        if self.pace_ms.is_none_or(near) {
            return false;
        }
        let gap = self
            .last
            .map(|(then, device)| match (device, sensors.device_time) {
                (Some(DeviceTime::Uptime(then)), Some(DeviceTime::Uptime(now))) => {
                    u64::from(now.wrapping_sub(then))
                }
                (Some(DeviceTime::Unix(then)), Some(DeviceTime::Unix(now))) => {
                    u64::try_from(now.saturating_sub(then)).unwrap_or(0)
                }
                _ => u64::try_from((now.saturating_sub(then)).as_millis()).unwrap_or(u64::MAX),
            });
        self.last = Some((now, sensors.device_time));
        match gap {
            Some(gap) if near(gap) => self.fitting += 1,
            Some(_) => self.fitting = 0,
            None => {}
        }
        self.fitting >= GAPS
    }
}

/// Whether `status` shows what `command` asks for.
pub(super) fn in_status(command: &MeterCommand, status: &StatusSnapshot) -> bool {
    match command {
        MeterCommand::Grid { mode } => status.grid_mode == Some(*mode),
        MeterCommand::Relay { name, on } => status
            .relays
            .iter()
            .any(|relay| relay.name == *name && relay.on == *on),
        MeterCommand::Motor {
            motor,
            percent,
            direction,
        } => status.motors.iter().any(|shown| {
            let turns = shown
                .direction
                .as_deref()
                .is_none_or(|shown| shown == direction.as_str());
            // A motor that stands still may say any direction.
            shown.name == motor.as_str() && runs_at(shown, *percent) && (turns || *percent == 0)
        }),
        MeterCommand::Led { duty } => status.led_duty == Some(*duty),
        MeterCommand::ResetSettlement | MeterCommand::ResetEnergy { .. } | MeterCommand::Intervals { .. } => {
            false
        }
    }
}

/// Whether `motor` runs at `percent`, which the firmware may have rounded on the way to its duty.
fn runs_at(motor: &Motor, percent: u8) -> bool {
    let percent = u32::from(percent);
    let from_duty = || {
        let max = motor.max_pwm.filter(|max| *max > 0)?;
        Some(u64::from(motor.duty?) * 100 / u64::from(max))
    };
    let shown = motor.percent.map(u64::from).or_else(from_duty);
    shown.is_some_and(|shown| match percent {
        0 => shown == 0,
        _ => shown > 0 && shown.abs_diff(u64::from(percent)) <= 1,
    })
}

type Counter = fn(&Sensors) -> Option<MicroWh>;

const SETTLEMENT: [Counter; 2] = [
    |sensors| settlement(sensors.export),
    |sensors| settlement(sensors.import),
];
const TOTALS: [Counter; 5] = [
    |sensors| total(sensors.battery),
    |sensors| total(sensors.solar),
    |sensors| total(sensors.load),
    |sensors| total(sensors.export),
    |sensors| total(sensors.import),
];

fn totals(counter: EnergyCounter) -> &'static [Counter] {
    match counter {
        EnergyCounter::All => &TOTALS,
        EnergyCounter::Battery => &TOTALS[..1],
        EnergyCounter::Solar => &TOTALS[1..2],
        EnergyCounter::Load => &TOTALS[2..3],
    }
}

fn settlement(subsystem: Option<Subsystem>) -> Option<MicroWh> {
    subsystem?.settlement_energy
}

fn total(subsystem: Option<Subsystem>) -> Option<MicroWh> {
    subsystem?.total_energy
}
