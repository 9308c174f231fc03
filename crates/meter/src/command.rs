//! Commands to a meter, written as the firmware reads them.

use std::time::Duration;

use enerlink_domain::{UnixMillis, reading::GridMode};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// The counters that a reset sets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EnergyCounter {
    /// Every subsystem.
    All,
    /// Storage.
    Battery,
    /// Photovoltaics.
    Solar,
    /// Consumption of the home.
    Load,
}

/// A motor output by its name in the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MotorName {
    /// `motor`.
    Main,
    /// `motor1`.
    First,
    /// `motor2`.
    Second,
}

impl MotorName {
    /// The key in the payload.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "motor",
            Self::First => "motor1",
            Self::Second => "motor2",
        }
    }
}

/// What a meter can be told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceCommand {
    /// Switch the grid.
    Grid(GridMode),
    /// Set all settlement counters to zero.
    ResetSettlement,
    /// Set energy counters to zero, totals included.
    ResetEnergy(EnergyCounter),
    /// Change how often the meter speaks; what is `None` stays as it is.
    Intervals {
        /// Between sensors messages.
        sensor: Option<Duration>,
        /// Between heartbeats.
        heartbeat: Option<Duration>,
    },
    /// Switch a relay.
    Relay {
        /// Its name in the firmware.
        name: String,
        /// On or off.
        on: bool,
    },
    /// Drive a motor.
    Motor {
        /// Which.
        motor: MotorName,
        /// Speed; above 100 is sent as 100.
        percent: u8,
        /// Backwards.
        reverse: bool,
    },
    /// Dim the LED.
    Led {
        /// Duty, 0 to the `max_pwm` of the status; above `max` is sent as `max`.
        duty: u32,
        /// The `max_pwm` that the meter reported.
        max: u32,
    },
}

impl DeviceCommand {
    /// The JSON for `{base}/command`, with the `correlation_id` under which the meter answers and the time of sending
    /// in Unix milliseconds.
    pub fn encode(&self, correlation_id: &str, now: UnixMillis) -> String {
        let envelope = Envelope {
            command: self,
            correlation_id,
            timestamp: now,
        };
        serde_json::to_string(&envelope)
            .expect("keys are strings and values are numbers, booleans and strings")
    }
}

/// A command with the two fields that every command has; the command comes first.
struct Envelope<'a> {
    command: &'a DeviceCommand,
    correlation_id: &'a str,
    timestamp: UnixMillis,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        match self.command {
            DeviceCommand::Grid(mode) => map.serialize_entry("grid", mode.as_str())?,
            DeviceCommand::ResetSettlement => {
                map.serialize_entry("energy", &Single("reset_settlement", "all"))?
            }
            DeviceCommand::ResetEnergy(counter) => {
                map.serialize_entry("energy", &Single("reset", counter))?
            }
            DeviceCommand::Intervals { sensor, heartbeat } => map.serialize_entry(
                "mqtt",
                &Intervals {
                    sensor_interval: sensor.map(|interval| interval.as_millis()),
                    heartbeat_interval: heartbeat.map(|interval| interval.as_millis()),
                },
            )?,
            DeviceCommand::Relay { name, on } => map.serialize_entry("relay", &Single(name, on))?,
            DeviceCommand::Motor {
                motor,
                percent,
                reverse,
            } => map.serialize_entry(
                motor.as_str(),
                &Drive {
                    percent: (*percent).min(100),
                    direction: if *reverse { "reverse" } else { "forward" },
                },
            )?,
            DeviceCommand::Led { duty, max } => {
                map.serialize_entry("pwm", &Single("led_duty", (*duty).min(*max)))?
            }
        }
        map.serialize_entry("correlation_id", self.correlation_id)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.end()
    }
}

/// An object with one field.
struct Single<'a, T>(&'a str, T);

impl<T: Serialize> Serialize for Single<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &self.1)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Intervals {
    #[serde(skip_serializing_if = "Option::is_none")]
    sensor_interval: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_interval: Option<u128>,
}

#[derive(Serialize)]
struct Drive {
    percent: u8,
    direction: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_written_as_the_firmware_reads_them() {
        let seconds = |count| Some(Duration::from_secs(count));
        for (command, body) in [
            (DeviceCommand::Grid(GridMode::Import), r#""grid":"import""#),
            (DeviceCommand::Grid(GridMode::Export), r#""grid":"export""#),
            (DeviceCommand::Grid(GridMode::Off), r#""grid":"off""#),
            (
                DeviceCommand::ResetSettlement,
                r#""energy":{"reset_settlement":"all"}"#,
            ),
            (
                DeviceCommand::ResetEnergy(EnergyCounter::All),
                r#""energy":{"reset":"all"}"#,
            ),
            (
                DeviceCommand::ResetEnergy(EnergyCounter::Battery),
                r#""energy":{"reset":"battery"}"#,
            ),
            (
                DeviceCommand::ResetEnergy(EnergyCounter::Solar),
                r#""energy":{"reset":"solar"}"#,
            ),
            (
                DeviceCommand::ResetEnergy(EnergyCounter::Load),
                r#""energy":{"reset":"load"}"#,
            ),
            (
                DeviceCommand::Intervals {
                    sensor: seconds(5),
                    heartbeat: None,
                },
                r#""mqtt":{"sensor_interval":5000}"#,
            ),
            (
                DeviceCommand::Intervals {
                    sensor: seconds(1),
                    heartbeat: seconds(30),
                },
                r#""mqtt":{"sensor_interval":1000,"heartbeat_interval":30000}"#,
            ),
            (
                DeviceCommand::Relay {
                    name: "a\"b".into(),
                    on: true,
                },
                r#""relay":{"a\"b":true}"#,
            ),
            (
                DeviceCommand::Motor {
                    motor: MotorName::First,
                    percent: 250,
                    reverse: true,
                },
                r#""motor1":{"percent":100,"direction":"reverse"}"#,
            ),
            (
                DeviceCommand::Led { duty: 300, max: 255 },
                r#""pwm":{"led_duty":255}"#,
            ),
        ] {
            let expected = format!(r#"{{{body},"correlation_id":"c-1","timestamp":1762000000000}}"#);
            assert_eq!(command.encode("c-1", UnixMillis(1_762_000_000_000)), expected);
        }
    }
}
