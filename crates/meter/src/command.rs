//! Commands to a meter, written as the firmware reads them.

use enerlink_domain::{UnixMillis, command::MeterCommand};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// The JSON for a meter's command topic, with the `correlation_id` under which the meter answers and the time of
/// sending in Unix milliseconds. The command goes out as it is: within which limits, [`MeterCommand::clamped`] decides.
pub fn encode(command: &MeterCommand, correlation_id: &str, now: UnixMillis) -> String {
    let envelope = Envelope {
        command,
        correlation_id,
        timestamp: now,
    };
    serde_json::to_string(&envelope).expect("keys are strings and values are numbers, booleans and strings")
}

/// A command with the two fields that every command has; the command comes first.
struct Envelope<'a> {
    command: &'a MeterCommand,
    correlation_id: &'a str,
    timestamp: UnixMillis,
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        match self.command {
            MeterCommand::Grid { mode } => map.serialize_entry("grid", mode.as_str())?,
            MeterCommand::ResetSettlement => {
                map.serialize_entry("energy", &Single("reset_settlement", "all"))?
            }
            MeterCommand::ResetEnergy { counter } => {
                map.serialize_entry("energy", &Single("reset", counter))?
            }
            MeterCommand::Intervals {
                sensor_ms,
                heartbeat_ms,
            } => map.serialize_entry(
                "mqtt",
                &Intervals {
                    sensor_interval: *sensor_ms,
                    heartbeat_interval: *heartbeat_ms,
                },
            )?,
            MeterCommand::Relay { name, on } => map.serialize_entry("relay", &Single(name, on))?,
            MeterCommand::Motor {
                motor,
                percent,
                direction,
            } => map.serialize_entry(
                motor.as_str(),
                &Drive {
                    percent: *percent,
                    direction: direction.as_str(),
                },
            )?,
            MeterCommand::Led { duty } => map.serialize_entry("pwm", &Single("led_duty", duty))?,
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
    sensor_interval: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_interval: Option<u32>,
}

#[derive(Serialize)]
struct Drive {
    percent: u8,
    direction: &'static str,
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        command::{Direction, EnergyCounter, MotorName},
        reading::GridMode,
    };

    use super::*;

    #[test]
    fn commands_are_written_as_the_firmware_reads_them() {
        let grid = |mode| MeterCommand::Grid { mode };
        let reset = |counter| MeterCommand::ResetEnergy { counter };
        let intervals = |sensor_ms, heartbeat_ms| MeterCommand::Intervals {
            sensor_ms,
            heartbeat_ms,
        };
        for (command, body) in [
            (grid(GridMode::Import), r#""grid":"import""#),
            (grid(GridMode::Export), r#""grid":"export""#),
            (grid(GridMode::Off), r#""grid":"off""#),
            (
                MeterCommand::ResetSettlement,
                r#""energy":{"reset_settlement":"all"}"#,
            ),
            (reset(EnergyCounter::All), r#""energy":{"reset":"all"}"#),
            (reset(EnergyCounter::Battery), r#""energy":{"reset":"battery"}"#),
            (reset(EnergyCounter::Solar), r#""energy":{"reset":"solar"}"#),
            (reset(EnergyCounter::Load), r#""energy":{"reset":"load"}"#),
            (intervals(Some(5000), None), r#""mqtt":{"sensor_interval":5000}"#),
            (
                intervals(Some(1000), Some(30_000)),
                r#""mqtt":{"sensor_interval":1000,"heartbeat_interval":30000}"#,
            ),
            (
                MeterCommand::Relay {
                    name: "a\"b".into(),
                    on: true,
                },
                r#""relay":{"a\"b":true}"#,
            ),
            (
                MeterCommand::Motor {
                    motor: MotorName::First,
                    percent: 75,
                    direction: Direction::Reverse,
                },
                r#""motor1":{"percent":75,"direction":"reverse"}"#,
            ),
            (MeterCommand::Led { duty: 255 }, r#""pwm":{"led_duty":255}"#),
        ] {
            let expected = format!(r#"{{{body},"correlation_id":"c-1","timestamp":1762000000000}}"#);
            assert_eq!(encode(&command, "c-1", UnixMillis(1_762_000_000_000)), expected);
        }
    }
}
