//! The device: a simulated home whose messages go to the simulated broker, with what can happen to them on the way,
//! and the truth about what it has said.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use enerlink_domain::MicroWh;
use enerlink_meter::Channel;

use super::{
    broker::{Orders, Said},
    clock::WorldTime,
    dice::Dice,
    faults::{FaultKind, Tally},
    lines::Lines,
    trace::Trace,
};
use crate::home::{Home, Totals};

/// How often messages meet with a fault, in one of 1000 cases.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rates {
    pub(super) lost: u64,
    pub(super) delayed: u64,
    pub(super) duplicated: u64,
    pub(super) reordered: u64,
}

/// How often the device speaks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beats {
    pub(super) sensors: Duration,
    pub(super) others: Duration,
}

/// What the device knew when it wrote a reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Which one, from 0.
    pub(super) number: u64,
    /// What really went through the meter, resets ignored.
    pub(super) truth: Totals,
    /// How often the counters were reset.
    pub(super) epoch: u32,
    /// The truth when they were reset last.
    pub(super) reset_at: Totals,
    /// Milliseconds since boot, as the device counts them.
    pub(super) uptime: u32,
}

impl Reading {
    /// What the counters showed.
    pub(super) fn counters(&self) -> (u64, u64) {
        (
            self.truth.export.0 - self.reset_at.export.0,
            self.truth.import.0 - self.reset_at.import.0,
        )
    }
}

/// The device. Clones are the same one.
#[derive(Clone)]
pub(super) struct Device(Arc<Mutex<State>>);

struct State {
    /// Which meter it is.
    number: usize,
    base: String,
    home: Home,
    time: WorldTime,
    lines: Lines,
    dice: Dice,
    rates: Rates,
    calm: bool,
    silent: bool,
    keeps: bool,
    noisy: bool,
    waiting: VecDeque<Said>,
    readings: Vec<Reading>,
    epoch: u32,
    reset_at: Totals,
    trace: Trace,
    tally: Tally,
}

pub(super) struct Parts {
    /// Which meter it is.
    pub(super) number: usize,
    pub(super) base: String,
    pub(super) home: Home,
    pub(super) time: WorldTime,
    pub(super) lines: Lines,
    pub(super) dice: Dice,
    pub(super) rates: Rates,
    pub(super) trace: Trace,
    pub(super) tally: Tally,
}

impl Device {
    /// Starts the device: it speaks and obeys until the runtime ends.
    pub(super) fn start(parts: Parts, beats: Beats, mut commands: Orders) -> Self {
        let time = parts.time.clone();
        let device = Self(Arc::new(Mutex::new(State {
            number: parts.number,
            base: parts.base,
            home: parts.home,
            time: parts.time,
            lines: parts.lines,
            dice: parts.dice,
            rates: parts.rates,
            calm: true,
            silent: false,
            keeps: true,
            noisy: false,
            waiting: VecDeque::new(),
            readings: Vec::new(),
            epoch: 0,
            reset_at: Totals::default(),
            trace: parts.trace,
            tally: parts.tally,
        })));
        let own = device.clone();
        tokio::spawn(async move {
            let (mut sensors, mut others) = (time.elapsed(), time.elapsed());
            loop {
                tokio::select! {
                    biased;
                    command = commands.recv() => match command {
                        Some(payload) => own.state().obey(&payload),
                        None => return,
                    },
                    () = time.sleep_until(sensors.min(others)) => {
                        let now = time.elapsed();
                        if sensors <= now {
                            own.state().say_sensors();
                            sensors += beats.sensors;
                        }
                        if others <= now {
                            own.state().say_others();
                            others += beats.others;
                        }
                    }
                }
            }
        });
        device
    }

    pub(super) fn set_calm(&self, calm: bool) {
        let mut state = self.state();
        state.calm = calm;
        state.keeps = true;
        state.silent = false;
    }

    pub(super) fn set_silent(&self, silent: bool) {
        self.state().silent = silent;
    }

    /// Whether what cannot be said now is said later.
    pub(super) fn set_keeps(&self, keeps: bool) {
        self.state().keeps = keeps;
    }

    /// The next reading shows a counter that has fallen by next to nothing.
    pub(super) fn be_noisy(&self) {
        self.state().noisy = true;
    }

    pub(super) fn reboot(&self) {
        let mut state = self.state();
        state.catch_up();
        state.home.reboot();
    }

    /// All counters and the uptime begin anew.
    pub(super) fn reset(&self) {
        let mut state = self.state();
        state.catch_up();
        state.home.factory_reset();
        state.epoch += 1;
        state.reset_at = state.home.totals();
    }

    /// What the panels give and the appliances want, in W.
    pub(super) fn set_power(&self, solar: Option<u32>, load: Option<u32>) {
        let mut state = self.state();
        state.catch_up();
        state.home.set_solar(solar);
        state.home.set_load(load);
    }

    /// A reading, as it was written.
    pub(super) fn reading(&self, number: u64) -> Option<Reading> {
        let at = usize::try_from(number).ok()?;
        self.state().readings.get(at).copied()
    }

    /// The last reading.
    pub(super) fn last(&self) -> Reading {
        self.state().readings.last().copied().unwrap_or_default()
    }

    /// The reading so many before the last.
    pub(super) fn before_last(&self, count: u64) -> Option<Reading> {
        self.reading(self.last().number.checked_sub(count)?)
    }

    /// What a sensors message would say now, and where.
    pub(super) fn sensors(&self) -> (String, String) {
        let mut state = self.state();
        state.catch_up();
        (state.sensors_topic(), state.home.sensors_json())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn catch_up(&mut self) {
        self.home.step(self.time.now());
    }

    fn sensors_topic(&self) -> String {
        self.home.sensors_channel().topic(&self.base)
    }

    fn say_sensors(&mut self) {
        self.catch_up();
        if self.silent {
            return;
        }
        let number = self.readings.len() as u64;
        self.readings.push(Reading {
            number,
            truth: self.home.totals(),
            epoch: self.epoch,
            reset_at: self.reset_at,
            uptime: self.home.uptime(),
        });
        let mut text = self.home.sensors_json();
        if std::mem::take(&mut self.noisy) {
            let less = self.dice.pick(1..10_000);
            if let Some(noisy) = lowered(&text, less) {
                text = noisy;
                self.tally.count(FaultKind::Noise);
            }
        }
        let topic = self.sensors_topic();
        self.say(topic, text, Some(number));
    }

    fn say_others(&mut self) {
        self.catch_up();
        if self.silent {
            return;
        }
        let text = self.home.heartbeat_json();
        self.say(Channel::Heartbeat.topic(&self.base), text, None);
        let text = self.home.status_json();
        self.say(Channel::Status.topic(&self.base), text, None);
    }

    fn obey(&mut self, payload: &[u8]) {
        self.catch_up();
        let answer = self.home.obey(payload);
        if let Some(text) = answer.json() {
            self.say(Channel::Response.topic(&self.base), text, None);
        }
    }

    fn say(&mut self, topic: String, text: String, reading: Option<u64>) {
        let said = Said {
            topic,
            payload: text.into_bytes(),
            reading: reading.map(|reading| (self.number, reading)),
        };
        if !self.lines.broker_is_up() {
            if self.keeps {
                self.waiting.push_back(said);
            }
            return;
        }
        while let Some(waiting) = self.waiting.pop_front() {
            self.lines.publish(&waiting);
        }
        let roll = self.dice.pick(0..1000);
        let (short, long) = (self.dice.millis(50..2_000), self.dice.millis(11_000..60_000));
        if self.calm {
            return self.lines.publish(&said);
        }
        let rates = self.rates;
        let mut bound = rates.lost;
        if roll < bound {
            return self.note(FaultKind::MessageLost);
        }
        bound += rates.delayed;
        if roll < bound {
            self.note(FaultKind::MessageDelayed);
            return self.later(said, short);
        }
        bound += rates.reordered;
        if roll < bound {
            self.note(FaultKind::MessageReordered);
            return self.later(said, long);
        }
        bound += rates.duplicated;
        if roll < bound {
            self.note(FaultKind::MessageDuplicated);
            self.later(said.clone(), short);
        }
        self.lines.publish(&said);
    }

    fn note(&self, kind: FaultKind) {
        self.trace.say(format_args!("a message: {kind:?}"));
        self.tally.count(kind);
    }

    fn later(&self, said: Said, after: Duration) {
        let (lines, time) = (self.lines.clone(), self.time.clone());
        tokio::spawn(async move {
            time.sleep(after).await;
            if lines.broker_is_up() {
                lines.publish(&said);
            }
        });
    }
}

/// The message with an exported total that is lower by `less` µWh.
fn lowered(text: &str, less: u64) -> Option<String> {
    const KEY: &str = "\"total_energy_wh\":";
    let from = text.find("\"export\":{")?;
    let from = from + text[from..].find(KEY)? + KEY.len();
    let to = from + text[from..].find([',', '}'])?;
    let (whole, part) = text[from..to].split_once('.').unwrap_or((&text[from..to], ""));
    let micro = whole.parse::<u64>().ok()? * 1_000_000 + format!("{part:0<6}").parse::<u64>().ok()?;
    let lower = MicroWh(micro).checked_sub(MicroWh(less))?.0;
    let number = format!("{}.{:06}", lower / 1_000_000, lower % 1_000_000);
    Some(format!("{}{number}{}", &text[..from], &text[to..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exported_total_is_lowered() {
        let text = r#"{"load":{"total_energy_wh":7},"export":{"daily_energy_wh":9,"total_energy_wh":12.5},"import":{}}"#;
        let lower = r#"{"load":{"total_energy_wh":7},"export":{"daily_energy_wh":9,"total_energy_wh":12.499999},"import":{}}"#;
        assert_eq!(lowered(text, 1).as_deref(), Some(lower));
        assert_eq!(lowered(text, 20_000_000), None);
        assert_eq!(lowered("{}", 1), None);
    }
}
