//! The firmware: outputs that can be switched, commands that are obeyed, and what it answers.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use enerlink_domain::{MicroWh, reading::GridMode};
use serde_json::{Map, Value};

use super::Home;

/// The duty that lights the LED fully.
pub(super) const LED_MAX: u64 = 255;
/// The duty that drives a motor fully.
pub(super) const MOTOR_MAX: u64 = 1023;
/// Motors by their names in messages.
pub(super) const MOTORS: [&str; 3] = ["motor", "motor1", "motor2"];
/// As many answers are remembered, so that a repeated command is answered alike and carried out once.
const REMEMBERED: usize = 16;
/// The firmware does not speak more often than this.
const SHORTEST_INTERVAL_MS: u64 = 100;

/// A motor output.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MotorOutput {
    pub(super) percent: u64,
    pub(super) reverse: bool,
}

/// Everything that can be switched but the grid.
#[derive(Clone, Debug)]
pub(super) struct Outputs {
    pub(super) led_duty: u64,
    pub(super) motors: [MotorOutput; 3],
    pub(super) relays: BTreeMap<String, bool>,
    answered: VecDeque<Answer>,
}

impl Outputs {
    /// All relays off, all motors at rest, the LED at a quarter.
    pub(super) fn new(relays: &[String]) -> Self {
        Self {
            led_duty: 63,
            motors: Default::default(),
            relays: relays.iter().map(|name| (name.clone(), false)).collect(),
            answered: VecDeque::new(),
        }
    }
}

/// New intervals that a command asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    /// Between sensors messages.
    pub sensor: Option<Duration>,
    /// Between heartbeats.
    pub heartbeat: Option<Duration>,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The command's own; without one nothing is answered.
    pub correlation_id: Option<String>,
    /// Why it was not carried out.
    pub error: Option<String>,
    /// Settlement counters of export and import just before they were reset.
    pub counters: Option<(MicroWh, MicroWh)>,
    /// Intervals to be used from now on.
    pub intervals: Intervals,
}

impl Home {
    /// Carries out a command as it arrived on `{base}/command`.
    pub fn obey(&mut self, payload: &[u8]) -> Answer {
        let command = match serde_json::from_slice(payload) {
            Ok(Value::Object(command)) => command,
            _ => return Answer::failed(None, "the command is not a JSON object"),
        };
        let id = correlation_id(&command);
        let known = self
            .outputs
            .answered
            .iter()
            .find(|answer| answer.correlation_id == id);
        if let (Some(_), Some(answer)) = (&id, known) {
            return Answer {
                intervals: Intervals::default(),
                ..answer.clone()
            };
        }
        let mut answer = Answer {
            correlation_id: id,
            error: None,
            counters: None,
            intervals: Intervals::default(),
        };
        answer.error = self.carry_out(&command, &mut answer).err();
        if answer.correlation_id.is_some() {
            self.outputs.answered.truncate(REMEMBERED - 1);
            self.outputs.answered.push_front(answer.clone());
        }
        answer
    }

    fn carry_out(&mut self, command: &Map<String, Value>, answer: &mut Answer) -> Result<(), String> {
        let mut known = false;
        for (name, value) in command {
            match name.as_str() {
                "correlation_id" | "timestamp" => continue,
                "grid" => self.set_mode(grid_mode(value)?),
                "energy" => answer.counters = Some(self.reset(value)?),
                "mqtt" => answer.intervals = intervals(value)?,
                "relay" => self.switch_relays(value)?,
                "pwm" => self.outputs.led_duty = within(value, "led_duty", LED_MAX)?,
                motor => {
                    let at = MOTORS.iter().position(|name| *name == motor);
                    let at = at.ok_or_else(|| "unknown command".to_owned())?;
                    self.outputs.motors[at] = motor_output(value)?;
                }
            }
            known = true;
        }
        if known {
            Ok(())
        } else {
            Err("empty command".to_owned())
        }
    }

    /// Resets counters and returns the settlement counters from before.
    fn reset(&mut self, value: &Value) -> Result<(MicroWh, MicroWh), String> {
        let before = (self.export.settlement(), self.import.settlement());
        let word = |name: &str| value.get(name).and_then(Value::as_str);
        match (word("reset_settlement"), word("reset")) {
            (Some("all"), None) => self.counters().into_iter().for_each(|counter| counter.settle()),
            (None, Some("all")) => self.counters().into_iter().for_each(|counter| counter.reset()),
            (None, Some("solar")) => self.solar.reset(),
            (None, Some("load")) => self.load.reset(),
            (None, Some("battery")) => {
                self.charge.reset();
                self.discharge.reset();
            }
            _ => return Err("unknown energy command".to_owned()),
        }
        Ok(before)
    }

    fn switch_relays(&mut self, value: &Value) -> Result<(), String> {
        let relays = value.as_object().ok_or("relay is not an object")?;
        for (name, on) in relays {
            let on = on.as_bool().ok_or("a relay is switched by true or false")?;
            let relay = self.outputs.relays.get_mut(name).ok_or("no such relay")?;
            *relay = on;
        }
        Ok(())
    }
}

fn correlation_id(command: &Map<String, Value>) -> Option<String> {
    let id = command.get("correlation_id").and_then(Value::as_str);
    id.map(str::to_owned)
}

impl Answer {
    /// What a device says that does not carry out `payload`.
    pub(super) fn refusal(payload: &[u8]) -> Self {
        let command: Option<Map<String, Value>> = serde_json::from_slice(payload).ok();
        Self::failed(command.as_ref().and_then(correlation_id), "refused")
    }

    fn failed(correlation_id: Option<String>, why: &str) -> Self {
        Self {
            correlation_id,
            error: Some(why.to_owned()),
            counters: None,
            intervals: Intervals::default(),
        }
    }
}

fn grid_mode(value: &Value) -> Result<GridMode, String> {
    let modes = [GridMode::Import, GridMode::Export, GridMode::Off];
    let mode = modes
        .into_iter()
        .find(|mode| value.as_str() == Some(mode.as_str()));
    mode.ok_or_else(|| "unknown grid mode".to_owned())
}

fn intervals(value: &Value) -> Result<Intervals, String> {
    let interval = |name: &str| match value.get(name) {
        None => Ok(None),
        Some(interval) => match interval.as_u64() {
            Some(ms) if ms >= SHORTEST_INTERVAL_MS => Ok(Some(Duration::from_millis(ms))),
            _ => Err(format!(
                "{name} is not a number of at least {SHORTEST_INTERVAL_MS} milliseconds"
            )),
        },
    };
    Ok(Intervals {
        sensor: interval("sensor_interval")?,
        heartbeat: interval("heartbeat_interval")?,
    })
}

fn motor_output(value: &Value) -> Result<MotorOutput, String> {
    let reverse = match value.get("direction").and_then(Value::as_str) {
        None | Some("forward") => false,
        Some("reverse") => true,
        Some(_) => return Err("unknown direction".to_owned()),
    };
    Ok(MotorOutput {
        percent: within(value, "percent", 100)?,
        reverse,
    })
}

fn within(value: &Value, name: &str, most: u64) -> Result<u64, String> {
    let number = value.get(name).and_then(Value::as_u64);
    number
        .filter(|number| *number <= most)
        .ok_or_else(|| format!("{name} is not a number from 0 to {most}"))
}
