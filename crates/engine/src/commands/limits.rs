//! What is not sent: to an output that the meter does not have, without a person's confirmation, or too often.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use enerlink_domain::{Code, Error, Meter, MeterCommand, MeterId};

/// One output is commanded at most so often.
const PAUSE: Duration = Duration::from_secs(2);
/// A meter gets at most [`MOST`] commands in this time.
const SPAN: Duration = Duration::from_secs(60);
const MOST: usize = 20;

/// Refuses what `meter` cannot do or a person has not confirmed; answers the command within its limits.
pub(super) fn checked(command: MeterCommand, meter: &Meter, confirmed: bool) -> Result<MeterCommand, Error> {
    let invalid = |text: String| Err(Error::new(Code::InvalidInput, text));
    if meter.retired_at.is_some() {
        return invalid(format!("the meter {} is retired: nobody listens to it", meter.id));
    }
    let abilities = &meter.capabilities;
    match &command {
        MeterCommand::Grid { .. } if !abilities.grid_control => {
            return invalid(format!("the meter {} has shown no switch of the grid", meter.id));
        }
        MeterCommand::Led { .. } if abilities.max_pwm.is_none() => {
            return invalid(format!("the meter {} has shown no LED", meter.id));
        }
        MeterCommand::Relay { name, .. } if !abilities.relays.contains(name) => {
            return invalid(missing(meter, "relay", name, &abilities.relays));
        }
        MeterCommand::Motor { motor, .. } if !abilities.motors.contains(motor) => {
            let motors: Vec<String> = abilities
                .motors
                .iter()
                .map(|motor| motor.as_str().to_owned())
                .collect();
            return invalid(missing(meter, "motor", motor.as_str(), &motors));
        }
        MeterCommand::Intervals {
            sensor_ms: None,
            heartbeat_ms: None,
        } => return invalid("say which interval is to be changed".to_owned()),
        _ => {}
    }
    let command = command.clamped(abilities, &meter.outputs);
    let why = match &command {
        command if command.switches_power() => "it switches power",
        command if command.resets() => "it sets counters of the meter to zero",
        _ => return Ok(command),
    };
    if confirmed {
        return Ok(command);
    }
    let text = format!("the command for {} has to be confirmed: {why}", meter.id);
    Err(Error::new(Code::ConfirmationMissing, text))
}

fn missing(meter: &Meter, kind: &str, name: &str, known: &[String]) -> String {
    let known = match known {
        [] => "it has shown none".to_owned(),
        known => format!("it has shown {}", known.join(", ")),
    };
    format!("the meter {} has no {kind} {name:?}; {known}", meter.id)
}

/// Commands with the same key undo each other: the newer one takes the place of the older.
pub(super) fn key(command: &MeterCommand) -> String {
    command.output().unwrap_or_else(|| {
        let kind = match command {
            MeterCommand::Intervals { .. } => "intervals",
            _ => "reset",
        };
        kind.to_owned()
    })
}

/// When which output was commanded.
#[derive(Debug, Default)]
pub(super) struct Rate(BTreeMap<MeterId, VecDeque<(Duration, String)>>);

impl Rate {
    /// Notes a command for `key` of `meter`, or refuses it.
    pub(super) fn take(&mut self, meter: &MeterId, key: &str, now: Duration) -> Result<(), Error> {
        let recent = self.0.entry(meter.clone()).or_default();
        while recent.front().is_some_and(|(at, _)| *at + SPAN <= now) {
            recent.pop_front();
        }
        let last = recent.iter().rev().find(|(_, other)| other == key);
        if last.is_some_and(|(at, _)| now < *at + PAUSE) {
            let text = format!(
                "{key} of {meter} was commanded less than {} s ago",
                PAUSE.as_secs()
            );
            return Err(Error::new(Code::TooOften, text));
        }
        if recent.len() >= MOST {
            let text = format!("{meter} got {MOST} commands within {} s", SPAN.as_secs());
            return Err(Error::new(Code::TooOften, text));
        }
        recent.push_back((now, key.to_owned()));
        Ok(())
    }
}
