//! What a meter can be told to do, within which limits, and how a command fares.

use serde::{Deserialize, Serialize};

use crate::{MeterId, UnixMillis, reading::GridMode};

/// The counters that a reset sets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MotorName {
    /// `motor`.
    #[serde(rename = "motor")]
    Main,
    /// `motor1`.
    #[serde(rename = "motor1")]
    First,
    /// `motor2`.
    #[serde(rename = "motor2")]
    Second,
}

impl MotorName {
    /// Every motor.
    pub const ALL: [Self; 3] = [Self::Main, Self::First, Self::Second];

    /// The key in the payload.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "motor",
            Self::First => "motor1",
            Self::Second => "motor2",
        }
    }

    /// The reverse of [`MotorName::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

/// Which way a motor turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Forward.
    Forward,
    /// Backward.
    Reverse,
}

impl Direction {
    /// The device's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Reverse => "reverse",
        }
    }
}

/// What a meter can be told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MeterCommand {
    /// Switch the grid.
    Grid {
        /// To what.
        mode: GridMode,
    },
    /// Set all settlement counters to zero.
    ResetSettlement,
    /// Set energy counters to zero, totals included.
    ResetEnergy {
        /// Which.
        counter: EnergyCounter,
    },
    /// Change how often the meter speaks; what is absent stays as it is.
    Intervals {
        /// Milliseconds between sensors messages.
        sensor_ms: Option<u32>,
        /// Milliseconds between heartbeats.
        heartbeat_ms: Option<u32>,
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
        /// Speed, 0 to 100.
        percent: u8,
        /// Which way.
        direction: Direction,
    },
    /// Dim the LED.
    Led {
        /// Duty, 0 to the `max_pwm` that the meter reports.
        duty: u32,
    },
}

/// Shortest and longest interval that a meter is asked for, in milliseconds: 1 s to 10 min.
pub const INTERVAL_MS: (u32, u32) = (1_000, 600_000);
/// `max_pwm` of a meter that has not said one: 8 bits.
pub const DEFAULT_MAX_PWM: u32 = 255;

impl MeterCommand {
    /// Whether it switches power, so that a person has to confirm it.
    pub fn switches_power(&self) -> bool {
        matches!(self, Self::Grid { .. } | Self::Relay { .. } | Self::Motor { .. })
    }

    /// Whether it destroys what the meter has counted, so that a person has to confirm it.
    pub fn resets(&self) -> bool {
        matches!(self, Self::ResetSettlement | Self::ResetEnergy { .. })
    }

    /// The output that it drives, as [`OutputSetting::key`] names it.
    pub fn output(&self) -> Option<String> {
        match self {
            Self::Relay { name, .. } => Some(format!("relay:{name}")),
            Self::Motor { motor, .. } => Some(motor.as_str().to_owned()),
            Self::Led { .. } => Some("pwm".to_owned()),
            Self::Grid { .. } => Some("grid".to_owned()),
            Self::ResetSettlement | Self::ResetEnergy { .. } | Self::Intervals { .. } => None,
        }
    }

    /// The same wish within what the meter and the household allow: intervals within [`INTERVAL_MS`], percents and
    /// duties at most 100 % or the limit of their output.
    #[must_use]
    pub fn clamped(self, capabilities: &Capabilities, outputs: &[OutputSetting]) -> Self {
        let limit = self
            .output()
            .and_then(|key| outputs.iter().find(|output| output.key == key))
            .and_then(|output| output.limit_percent)
            .unwrap_or(100)
            .min(100);
        match self {
            Self::Intervals {
                sensor_ms,
                heartbeat_ms,
            } => {
                let within = |value: u32| value.clamp(INTERVAL_MS.0, INTERVAL_MS.1);
                Self::Intervals {
                    sensor_ms: sensor_ms.map(within),
                    heartbeat_ms: heartbeat_ms.map(within),
                }
            }
            Self::Motor {
                motor,
                percent,
                direction,
            } => Self::Motor {
                motor,
                percent: percent.min(limit),
                direction,
            },
            Self::Led { duty } => {
                let max = capabilities.max_pwm.unwrap_or(DEFAULT_MAX_PWM);
                let most = u64::from(max) * u64::from(limit) / 100;
                Self::Led {
                    duty: duty.min(u32::try_from(most).unwrap_or(max)),
                }
            }
            other => other,
        }
    }
}

/// What a meter can do, as its messages have shown. What was seen once stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// It measures a battery.
    pub battery: bool,
    /// It measures the sun.
    pub solar: bool,
    /// It switches the grid.
    pub grid_control: bool,
    /// Its relays, by name.
    pub relays: Vec<String>,
    /// Its motors.
    pub motors: Vec<MotorName>,
    /// Its LED output, by the duty that is 100 %.
    pub max_pwm: Option<u32>,
    /// It has answered a command on `/response`.
    pub responds: bool,
    /// Such an answer has told the settlement counters just before a reset, so that a reset loses nothing.
    pub reports_counters: bool,
}

/// How the household wants to see and use an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSetting {
    /// `grid`, `pwm`, `motor`, `motor1`, `motor2`, `relay:{name}`.
    pub key: String,
    /// What the household calls it; the key when empty.
    pub name: String,
    /// Not shown among the controls.
    pub hidden: bool,
    /// The most that it may be driven to, in percent; 100 when absent.
    pub limit_percent: Option<u8>,
}

/// How far a command has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandStage {
    /// Stored, not taken by the broker yet.
    Queued,
    /// The broker has it; that does not say that the meter has.
    Sent,
    /// The meter answered that it was carried out.
    Acknowledged,
    /// A later status of the meter shows it.
    Observed,
    /// The meter answered that it was not carried out; or it is known to answer, and did not.
    Failed,
    /// Nothing was heard after every attempt.
    TimedOut,
    /// The answer, or the observation, came after the command had timed out.
    Late,
}

impl CommandStage {
    /// Every stage.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Sent,
        Self::Acknowledged,
        Self::Observed,
        Self::Failed,
        Self::TimedOut,
        Self::Late,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Observed => "observed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Late => "late",
        }
    }

    /// The reverse of [`CommandStage::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// The status of the source documents that the stage belongs to.
    pub fn status(self) -> &'static str {
        match self {
            Self::Queued => "PENDING",
            Self::Sent => "SENT",
            Self::Acknowledged | Self::Observed => "ACKNOWLEDGED",
            Self::Failed => "FAILED",
            Self::TimedOut | Self::Late => "TIMEOUT",
        }
    }

    /// Whether something can still be heard that changes it without another attempt.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sent)
    }

    /// Whether it may be followed by `next`. It never goes back; only what ended in silence may still be heard of, late.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => next != Self::Queued && next != Self::Late,
            Self::Sent => !matches!(next, Self::Queued | Self::Sent | Self::Late),
            Self::Failed | Self::TimedOut => next == Self::Late,
            Self::Acknowledged | Self::Observed | Self::Late => false,
        }
    }
}

/// A command and how it fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandView {
    /// UUID under which the meter answers.
    pub correlation_id: String,
    /// Which meter.
    pub meter_id: MeterId,
    /// What was asked for, within its limits; absent for a command of a newer version.
    pub command: Option<MeterCommand>,
    /// How far it has come.
    pub stage: CommandStage,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was asked for.
    pub created_at: UnixMillis,
    /// When it was last sent.
    pub sent_at: Option<UnixMillis>,
    /// When it came to its end.
    pub finished_at: Option<UnixMillis>,
    /// Why it failed, or what the broker said.
    pub error: Option<String>,
}

/// A page of commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandPage {
    /// Newest first.
    pub rows: Vec<CommandView>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stay_within_their_limits() {
        let capabilities = Capabilities {
            max_pwm: Some(1023),
            ..Capabilities::default()
        };
        let outputs = [
            OutputSetting {
                key: "motor1".to_owned(),
                name: String::new(),
                hidden: false,
                limit_percent: Some(40),
            },
            OutputSetting {
                key: "pwm".to_owned(),
                name: String::new(),
                hidden: false,
                limit_percent: Some(50),
            },
        ];
        let motor = |motor, percent| MeterCommand::Motor {
            motor,
            percent,
            direction: Direction::Forward,
        };
        for (wish, sent) in [
            (motor(MotorName::First, 90), motor(MotorName::First, 40)),
            (motor(MotorName::Second, 250), motor(MotorName::Second, 100)),
            (MeterCommand::Led { duty: 4000 }, MeterCommand::Led { duty: 511 }),
            (
                MeterCommand::Intervals {
                    sensor_ms: Some(0),
                    heartbeat_ms: Some(u32::MAX),
                },
                MeterCommand::Intervals {
                    sensor_ms: Some(1_000),
                    heartbeat_ms: Some(600_000),
                },
            ),
            (
                MeterCommand::Grid { mode: GridMode::Off },
                MeterCommand::Grid { mode: GridMode::Off },
            ),
        ] {
            assert_eq!(wish.clamped(&capabilities, &outputs), sent);
        }
        let plain = MeterCommand::Led { duty: 300 }.clamped(&Capabilities::default(), &[]);
        assert_eq!(plain, MeterCommand::Led { duty: 255 });
    }
}
