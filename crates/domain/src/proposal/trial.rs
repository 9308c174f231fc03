//! The trial of the units: power over time beside what the counters gained meanwhile, until enough has passed to tell.

use std::time::Duration;

use super::{NOISE, closer, magnitude, parts};
use crate::{MicroWh, Sensors, Subsystem, UnixMillis, device::UnitsCheck, reading::DeviceTime};

/// Between two messages that are further apart, power is anybody's guess.
const LONGEST_GAP: Duration = Duration::from_secs(90);
/// So often a counter has to move, so that its last digit does not decide.
const ENOUGH_STEPS: u32 = 12;
/// So much has to flow, in micro-watt-hours.
const ENOUGH_ENERGY: i128 = 2_000;

/// Power over time and the growth of the counters beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitsTrial {
    /// Micro-watts times milliseconds.
    flowed: i128,
    /// Micro-watt-hours.
    counted: i128,
    steps: u32,
}

impl UnitsTrial {
    /// Takes two messages into account that followed each other.
    pub fn observe(&mut self, last: (UnixMillis, &Sensors), now: (UnixMillis, &Sensors)) {
        let Some(millis) = between(last, now) else { return };
        for (last, now) in parts(last.1).into_iter().zip(parts(now.1)) {
            let Some((power, grown)) = last.zip(now).and_then(|(last, now)| growth(last, now)) else {
                continue;
            };
            // Power that is noise and a counter that stands agree in any unit.
            if power <= 2 * NOISE && grown == 0 {
                continue;
            }
            self.flowed += power * millis / 2;
            self.counted += grown;
            self.steps += u32::from(grown > 0);
        }
    }

    /// What the trial shows; not confirmed as long as too little has passed.
    pub fn verdict(&self) -> UnitsCheck {
        let enough = self.steps >= ENOUGH_STEPS && self.counted >= ENOUGH_ENERGY;
        match self.leaning().filter(|_| enough) {
            Some(true) => UnitsCheck::Confirmed,
            Some(false) => UnitsCheck::Contradicted,
            None => UnitsCheck::NotConfirmed,
        }
    }

    /// What it seems to be already: whether the units of the messages are those of the counters.
    pub(super) fn leaning(&self) -> Option<bool> {
        closer(self.flowed, self.counted * 3_600_000)
    }
}

fn between(last: (UnixMillis, &Sensors), now: (UnixMillis, &Sensors)) -> Option<i128> {
    let elapsed = match (last.1.device_time, now.1.device_time) {
        (Some(DeviceTime::Uptime(last)), Some(DeviceTime::Uptime(now))) => {
            Duration::from_millis(u64::from(now.checked_sub(last)?))
        }
        _ => now.0.since(last.0),
    };
    let usable = !elapsed.is_zero() && elapsed <= LONGEST_GAP;
    usable.then(|| i128::try_from(elapsed.as_millis()).unwrap_or_default())
}

/// Twice the average power between two messages, and what a counter gained.
fn growth(last: Subsystem, now: Subsystem) -> Option<(i128, i128)> {
    let counters: [fn(&Subsystem) -> Option<MicroWh>; 3] = [
        |part| part.total_energy,
        |part| part.settlement_energy,
        |part| part.daily_energy,
    ];
    let grown = counters
        .into_iter()
        .find_map(|counter| counter(&now)?.checked_sub(counter(&last)?))?;
    let power = magnitude(last.power?) + magnitude(now.power?);
    Some((power, i128::from(grown.0)))
}
