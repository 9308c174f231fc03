//! Proposals: what the messages of a meter say about its units, its electrical side and what it can do.
//!
//! Nothing is ticked by hand: it is shown with its reason, and the household decides.

mod trial;

use crate::{
    MicroVolts, MicroWatts, Sensors, StatusSnapshot, Subsystem, UnixMillis,
    command::{Capabilities, DEFAULT_MAX_PWM, MotorName},
    device::{ElectricalProfile, UnitsCheck},
    reading::{DeviceTime, Units},
    view::{UnitsProposal, UnitsReason},
};

pub use trial::UnitsTrial;

/// Relays that are remembered of one meter; no home has more.
const MOST_RELAYS: usize = 32;
/// Nobody's roof carries more: 1 MW.
pub const HIGHEST_RATED_POWER_W: u32 = 1_000_000;
/// Power below this is noise, in the units as decoded: 0.05 W or 0.05 mW.
const NOISE: i128 = 50;
/// The two units are a factor of 1000 apart; what is this close to one of them cannot be the other.
const CLOSE: i128 = 30;
/// Above this no direct-current bench goes, and below it no grid: 80 V.
const GRID_VOLTAGE: i64 = 80_000_000;
/// Below this nothing is connected: 1 V.
const ANY_VOLTAGE: i64 = 1_000_000;
const DAY_MS: i128 = 86_400_000;

/// Units of power and current, proposed from what was heard, in its order. The messages were decoded as `decoded`.
pub fn units(heard: &[(UnixMillis, Sensors)], decoded: Units) -> UnitsProposal {
    let proposal = |units, reason, check| UnitsProposal { units, reason, check };
    let declared = heard.iter().rev().find_map(|(_, sensors)| sensors.declared);
    if let Some(units) = declared {
        return proposal(units, UnitsReason::Declared, UnitsCheck::Confirmed);
    }
    let mut trial = UnitsTrial::default();
    for pair in heard.windows(2) {
        trial.observe((pair[0].0, &pair[0].1), (pair[1].0, &pair[1].1));
    }
    match trial.verdict() {
        UnitsCheck::Confirmed => return proposal(decoded, UnitsReason::Counters, UnitsCheck::Confirmed),
        UnitsCheck::Contradicted => {
            return proposal(other(decoded), UnitsReason::Counters, UnitsCheck::Confirmed);
        }
        UnitsCheck::NotConfirmed => {}
    }
    if let Some(agrees) = trial.leaning().or_else(|| since_boot(heard)) {
        let units = if agrees { decoded } else { other(decoded) };
        return proposal(units, UnitsReason::Counters, UnitsCheck::NotConfirmed);
    }
    if let Some(units) = heard.iter().rev().find_map(|(_, sensors)| by_product(sensors)) {
        return proposal(units, UnitsReason::VoltageTimesCurrent, UnitsCheck::NotConfirmed);
    }
    if heard
        .iter()
        .any(|(_, sensors)| is_beyond_any_roof(sensors, decoded))
    {
        return proposal(Units::Milli, UnitsReason::Magnitude, UnitsCheck::NotConfirmed);
    }
    proposal(Units::Milli, UnitsReason::Default, UnitsCheck::NotConfirmed)
}

/// The units that these are not.
pub fn other(units: Units) -> Units {
    match units {
        Units::Milli => Units::Base,
        Units::Base => Units::Milli,
    }
}

/// The highest voltage of home and grid; a battery of 48 V says nothing about them.
pub fn highest_voltage(sensors: &Sensors) -> Option<MicroVolts> {
    let parts = [sensors.load, sensors.export, sensors.import];
    parts.into_iter().flatten().filter_map(|part| part.voltage).max()
}

/// What the electrical side seems to be, by its highest voltage.
pub fn electrical_profile(sensors: &Sensors) -> Option<ElectricalProfile> {
    match highest_voltage(sensors)?.0 {
        GRID_VOLTAGE.. => Some(ElectricalProfile::AcGrid),
        ANY_VOLTAGE.. => Some(ElectricalProfile::DcBench),
        _ => None,
    }
}

impl Capabilities {
    /// Adds what a sensors message shows; answers whether that is news.
    pub fn learn_sensors(&mut self, sensors: &Sensors) -> bool {
        let there = |part: Option<Subsystem>| part.is_some_and(|part| part.connected != Some(false));
        let before = (self.battery, self.solar);
        self.battery |= there(sensors.battery);
        self.solar |= there(sensors.solar);
        before != (self.battery, self.solar)
    }

    /// Adds what a status shows; answers whether that is news.
    pub fn learn_status(&mut self, status: &StatusSnapshot) -> bool {
        let before = self.clone();
        self.grid_control |= status.grid_mode.is_some();
        for relay in &status.relays {
            if !self.relays.contains(&relay.name) && self.relays.len() < MOST_RELAYS {
                self.relays.push(relay.name.clone());
            }
        }
        let motors = status
            .motors
            .iter()
            .filter_map(|motor| MotorName::parse(&motor.name));
        for motor in motors {
            if !self.motors.contains(&motor) {
                self.motors.push(motor);
            }
        }
        let dims = status.pwm_max.or(status.led_duty.map(|_| DEFAULT_MAX_PWM));
        self.max_pwm = status.pwm_max.or(self.max_pwm).or(dims);
        *self != before
    }
}

/// Energy of the day over the uptime is the average power since the device was switched on. Whether the power now is
/// of its order, or of the other unit's; none when neither.
fn since_boot(heard: &[(UnixMillis, Sensors)]) -> Option<bool> {
    let (_, sensors) = heard.last()?;
    let Some(DeviceTime::Uptime(uptime)) = sensors.device_time else {
        return None;
    };
    let millis = i128::from(uptime).min(DAY_MS);
    parts(sensors).into_iter().flatten().find_map(|part| {
        let (energy, power) = (part.daily_energy?, magnitude(part.power?));
        (millis > 0 && power > NOISE)
            .then(|| closer(power * millis, i128::from(energy.0) * 3_600_000))
            .flatten()
    })
}

/// Whether `power` is of the order of `counted`, or a thousand times off; none when neither.
fn closer(power: i128, counted: i128) -> Option<bool> {
    let near = |power: i128, counted: i128| power <= counted * CLOSE && counted <= power * CLOSE;
    if counted <= 0 || power <= 0 {
        None
    } else if near(power, counted) {
        Some(true)
    } else if near(power, counted * 1000) || near(power * 1000, counted) {
        Some(false)
    } else {
        None
    }
}

/// Voltage times current agrees with the power in both units, unless only one of power and current is in thousandths:
/// then the unit of the power decides.
fn by_product(sensors: &Sensors) -> Option<Units> {
    parts(sensors).into_iter().flatten().find_map(|part| {
        let power = magnitude(part.power?);
        let current = i128::from(part.current?.0).abs();
        let product = i128::from(part.voltage?.0).abs() * current / 1_000_000;
        if power <= NOISE || product <= NOISE {
            None
        } else if product / power >= 1000 / CLOSE {
            Some(Units::Base)
        } else if power / product >= 1000 / CLOSE {
            Some(Units::Milli)
        } else {
            None
        }
    })
}

fn is_beyond_any_roof(sensors: &Sensors, decoded: Units) -> bool {
    let scale = match decoded {
        Units::Milli => 1000,
        Units::Base => 1,
    };
    let most = i128::from(HIGHEST_RATED_POWER_W) * 1_000_000;
    let powers = parts(sensors).into_iter().flatten().filter_map(|part| part.power);
    powers.map(magnitude).any(|power| power * scale > most)
}

fn parts(sensors: &Sensors) -> [Option<Subsystem>; 4] {
    [sensors.load, sensors.solar, sensors.export, sensors.import]
}

fn magnitude(power: MicroWatts) -> i128 {
    i128::from(power.0).abs()
}
