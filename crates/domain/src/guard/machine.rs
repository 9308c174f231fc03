//! The guard itself: pure, so that whatever happens can be tried. It begins anew after a restart from what is stored,
//! and then gives every countdown in full again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    GuardOrder, GuardState, GuardStep,
    act::{Act, Warning, Why},
    held::{Held, News, lasts},
    inputs::{Inputs, Level, Seen},
};
use crate::{Etk, MeterId, MicroWatts, UnixMillis, reading::GridMode};

/// Between the warning and the cut.
pub const COUNTDOWN: Duration = Duration::from_secs(60);
/// How long *not now* lasts.
pub const PAUSE: Duration = Duration::from_secs(3600);
/// A threat that is shorter is none.
const THREAT_FOR: Duration = Duration::from_secs(5);
/// The all-clear needs so long.
const CALM_FOR: Duration = Duration::from_secs(30);
/// Longer than this nobody can tell whether the balance lasts: that is worth a warning.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);

/// The guard of one account. Serialized it is what has to survive a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    explained: bool,
    funded: bool,
    phase: Phase,
    /// Meters that were told to switch, until they are as they were.
    held: Vec<Held>,
    #[serde(skip)]
    timers: Timers,
}

/// What it is about to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
enum Phase {
    #[default]
    Watching,
    Countdown {
        ends_at: UnixMillis,
        #[serde(skip)]
        ends: Option<Duration>,
    },
    Cutting {
        since: UnixMillis,
        /// One has obeyed, others have not said anything yet.
        partly: bool,
    },
    Powerless {
        since: UnixMillis,
    },
    Paused {
        until: UnixMillis,
        #[serde(skip)]
        ends: Option<Duration>,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Timers {
    threat: Option<Duration>,
    calm: Option<Duration>,
    unknown: Option<Duration>,
    /// The balance has been unknown for long enough to say so.
    blind: bool,
}

impl Guard {
    /// Looks once. Time must not go back between two looks.
    pub fn step(&mut self, inputs: &Inputs) -> Vec<Act> {
        let mut acts = Vec::new();
        self.funded |= inputs.funded;
        self.resume_clocks(inputs);
        self.hear(inputs, &mut acts);
        self.tend(inputs, &mut acts);
        self.watch(inputs, &mut acts);
        acts
    }

    /// Does what a person says.
    pub fn order(&mut self, order: GuardOrder, inputs: &Inputs) -> Vec<Act> {
        let mut acts = Vec::new();
        match order {
            GuardOrder::Explained => self.explained = true,
            GuardOrder::NotNow | GuardOrder::Restore => {
                self.pause(inputs, &mut acts);
                self.release(|_| true, inputs, &mut acts);
            }
            GuardOrder::Resume => {
                if matches!(self.phase, Phase::Paused { .. }) {
                    self.become_phase(Phase::Watching);
                    acts.push(Act::Note(GuardStep::Resumed));
                }
            }
        }
        acts
    }

    /// What is shown of it.
    pub fn state(&self, inputs: &Inputs) -> GuardState {
        if let Phase::Countdown { ends_at, .. } = self.phase {
            return GuardState::Countdown { ends_at };
        }
        if let Phase::Cutting { since, .. } = self.phase {
            return GuardState::Cutting { since };
        }
        let shown = |mode| {
            let same = self.held.iter().filter_map(|held| held.shown);
            same.filter(|(_, shown)| *shown == mode).map(|(at, _)| at).min()
        };
        if let Some(since) = shown(GridMode::Off) {
            return GuardState::Cut { since };
        }
        if let Some(since) = shown(GridMode::Export) {
            return GuardState::Exporting { since };
        }
        match self.phase {
            _ if !guarded(inputs) => GuardState::Off,
            _ if !self.armed() => GuardState::Unarmed,
            Phase::Paused { until, .. } => GuardState::Paused { until },
            Phase::Powerless { since } => GuardState::Powerless { since },
            _ if inputs.level() == Level::Unknown => GuardState::Unknown,
            Phase::Watching | Phase::Countdown { .. } | Phase::Cutting { .. } => GuardState::Watching,
        }
    }

    /// What the household is to be warned of now.
    pub fn warning(&self) -> Option<Warning> {
        match self.phase {
            Phase::Countdown { .. } | Phase::Cutting { .. } => Some(Warning::Countdown),
            Phase::Powerless { .. } => Some(Warning::Powerless),
            Phase::Watching => self.timers.blind.then_some(Warning::Unknown),
            Phase::Paused { .. } => None,
        }
    }

    /// The balance at which the former mode is restored; none while nothing is cut, or when the ratio is unknown.
    pub fn restore_at(&self, inputs: &Inputs) -> Option<Etk> {
        let cut = |seen: &Seen| {
            let held = self.held.iter().find(|held| held.meter == seen.meter)?;
            held.shown.map(|_| held.power)
        };
        let energy = |seen: &Seen| {
            // What is cut will import as before, the others go on as they do.
            let import = cut(seen).unwrap_or(MicroWatts(seen.average.unwrap_or_default().0.saturating_neg()));
            seen.period_energy(import)
        };
        inputs.meters.iter().find_map(cut)?;
        inputs.restore_at(inputs.meters.iter().map(energy).sum())
    }

    /// Whether a settlement has succeeded or tokens have been received, as far as it was told.
    pub fn is_funded(&self) -> bool {
        self.funded
    }

    /// Meters of which it wants to hear whether they have done what they were told.
    pub fn awaited(&self) -> impl Iterator<Item = &MeterId> {
        let waits = self.held.iter().filter(|held| !held.obeyed);
        waits.map(|held| &held.meter)
    }

    /// Whether a person has read the explanation.
    pub fn is_explained(&self) -> bool {
        self.explained
    }

    /// Whether anything is going on that time alone moves on.
    pub fn is_busy(&self) -> bool {
        let waits = self.timers.threat.is_some() || self.timers.unknown.is_some();
        waits || self.phase != Phase::Watching || !self.held.is_empty()
    }

    fn armed(&self) -> bool {
        self.explained && self.funded
    }

    /// The steady clock of another run means nothing here.
    fn resume_clocks(&mut self, inputs: &Inputs) {
        match &mut self.phase {
            Phase::Countdown { ends_at, ends } if ends.is_none() => {
                *ends = Some(inputs.steady + COUNTDOWN);
                *ends_at = inputs.wall.plus(COUNTDOWN);
            }
            Phase::Paused { until, ends } if ends.is_none() => {
                let left = until.since(inputs.wall).min(PAUSE);
                *ends = Some(inputs.steady + left);
                *until = inputs.wall.plus(left);
            }
            Phase::Watching
            | Phase::Countdown { .. }
            | Phase::Cutting { .. }
            | Phase::Powerless { .. }
            | Phase::Paused { .. } => {}
        }
    }

    /// Takes in what the held meters say of themselves.
    fn hear(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        let mut shown = Vec::new();
        let mut taken = false;
        for held in &mut self.held {
            match held.learn(inputs) {
                Some(News::Taken) => taken = true,
                Some(News::Obeyed(mode)) if !held.leaving => shown.push(mode),
                Some(News::Obeyed(_)) | None => {}
            }
        }
        if taken {
            self.pause(inputs, acts);
        }
        if shown.contains(&GridMode::Export) {
            acts.push(Act::Note(GuardStep::Exporting));
        }
        if shown.contains(&GridMode::Off) {
            let cutting = self.held.iter().any(Held::is_cutting);
            if let Phase::Cutting { partly, .. } = &mut self.phase
                && cutting
            {
                // While others have not answered yet, the cut is not complete.
                *partly = true;
            } else {
                acts.push(Act::Note(GuardStep::Cut));
            }
        }
        self.let_go(inputs, acts);
    }

    /// Lets meters go whose time has come, and follows the sun with the others.
    fn tend(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        let enough = inputs
            .available()
            .zip(self.restore_at(inputs))
            .is_some_and(|(available, wanted)| available >= wanted);
        self.release(
            |held| {
                let seen = inputs.meter(&held.meter);
                // A meter that was moved or retired, or that the guard may not switch any more.
                seen.is_none_or(|seen| !seen.guarded) || enough && held.shown.is_some()
            },
            inputs,
            acts,
        );
        self.held.retain(|held| inputs.meter(&held.meter).is_some());
        for held in &mut self.held {
            let Some(mode) = held.wish(inputs) else { continue };
            let why = match mode {
                _ if held.leaving => Why::Restore,
                GridMode::Export => Why::Export,
                GridMode::Off | GridMode::Import => Why::Return,
            };
            held.tell(mode, inputs.steady);
            acts.push(switch(held, why));
        }
    }

    /// Lets the meters go that `whom` names: each is told its former mode, unless it has it.
    fn release(&mut self, whom: impl Fn(&Held) -> bool, inputs: &Inputs, acts: &mut Vec<Act>) {
        for held in self.held.iter_mut().filter(|held| !held.leaving && whom(held)) {
            held.leaving = true;
            if !held.obeyed || held.told != held.former {
                held.tell(held.former, inputs.steady);
                acts.push(switch(held, Why::Restore));
            }
        }
        self.let_go(inputs, acts);
    }

    /// Forgets the meters that are as they were.
    fn let_go(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        let mut restored = false;
        for held in self.held.iter_mut().filter(|held| held.is_back()) {
            restored |= held.shown.take().is_some();
        }
        self.held.retain(|held| !held.is_gone(inputs.steady));
        if restored && self.held.iter().all(Held::is_back) {
            acts.push(Act::Note(GuardStep::Restored));
        }
    }

    /// Watches the balance.
    fn watch(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        let (now, level) = (inputs.steady, inputs.level());
        let importing = inputs.meters.iter().any(|meter| meter.importing);
        let active = self.armed() && guarded(inputs) && !matches!(self.phase, Phase::Paused { .. });
        let blind = active && importing && level == Level::Unknown;
        self.timers.blind = lasts(&mut self.timers.unknown, blind, now, UNKNOWN_FOR);
        let threat = lasts(
            &mut self.timers.threat,
            active && level == Level::Threat,
            now,
            THREAT_FOR,
        );
        let calm = lasts(&mut self.timers.calm, level == Level::Calm, now, CALM_FOR);
        match self.phase {
            Phase::Paused { ends, .. } => {
                if ends.is_none_or(|ends| now >= ends) {
                    self.become_phase(Phase::Watching);
                }
            }
            Phase::Cutting { .. } => self.await_cut(inputs, acts),
            _ if !active || calm => self.clear(inputs, acts),
            Phase::Watching if threat => self.warn(inputs, acts),
            Phase::Watching => {}
            Phase::Powerless { .. } => {
                if level == Level::Threat && self.candidates(inputs).next().is_some() {
                    self.warn(inputs, acts);
                }
            }
            Phase::Countdown { ends, .. } => match level {
                // It stops here, and begins anew when the balance is known again and still does not last.
                Level::Unknown => self.become_phase(Phase::Watching),
                Level::Threat | Level::Close if ends.is_some_and(|ends| now >= ends) => {
                    self.cut(inputs, acts);
                }
                Level::Threat | Level::Close | Level::Calm => {}
            },
        }
    }

    /// Meters that would be told to cut the grid: each once, and once more when it did not obey.
    fn candidates<'a>(&self, inputs: &'a Inputs) -> impl Iterator<Item = (&'a Seen, GridMode)> {
        let tired: Vec<MeterId> = self
            .held
            .iter()
            .filter(|held| !held.is_back() && (!held.is_cutting() || held.attempts >= 2))
            .map(|held| held.meter.clone())
            .collect();
        inputs.meters.iter().filter_map(move |seen| {
            let mode = seen.mode.filter(|mode| *mode != GridMode::Off)?;
            let may = seen.guarded && seen.switchable && seen.importing && !tired.contains(&seen.meter);
            may.then_some((seen, mode))
        })
    }

    fn warn(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        if self.candidates(inputs).next().is_some() {
            self.become_phase(Phase::Countdown {
                ends_at: inputs.wall.plus(COUNTDOWN),
                ends: Some(inputs.steady + COUNTDOWN),
            });
            acts.push(Act::Note(GuardStep::Warned));
        } else if self.is_powerless(inputs) {
            self.become_phase(Phase::Powerless { since: inputs.wall });
            acts.push(Act::Note(GuardStep::Warned));
        }
    }

    /// Whether a meter imports that the guard has no hold of.
    fn is_powerless(&self, inputs: &Inputs) -> bool {
        let has_hold = |seen: &Seen| {
            let mut others = self
                .held
                .iter()
                .filter(|held| !held.is_cutting() && !held.is_back());
            others.any(|held| held.meter == seen.meter)
        };
        inputs.meters.iter().any(|seen| seen.importing && !has_hold(seen))
    }

    fn cut(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        let found: Vec<(&Seen, GridMode)> = self.candidates(inputs).collect();
        if found.is_empty() {
            self.become_phase(match self.is_powerless(inputs) {
                true => Phase::Powerless { since: inputs.wall },
                false => Phase::Watching,
            });
            return;
        }
        acts.push(Act::Note(GuardStep::Cutting));
        for (seen, mode) in found {
            let fresh = Held::new(seen, mode);
            let at = self.held.iter().position(|held| held.meter == seen.meter);
            let at = at.unwrap_or(self.held.len());
            match self.held.get_mut(at) {
                Some(held) if held.is_back() => held.renew(fresh),
                Some(_) => {}
                None => self.held.push(fresh),
            }
            if let Some(held) = self.held.get_mut(at) {
                held.tell(GridMode::Off, inputs.steady);
                held.attempts += 1;
                acts.push(switch(held, Why::Cut));
            }
        }
        self.become_phase(Phase::Cutting {
            since: inputs.wall,
            partly: false,
        });
    }

    /// Waits for what the meters say. One that does not obey is told once more, after another warning.
    fn await_cut(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        let mut cutting = self.held.iter().filter(|held| held.is_cutting()).peekable();
        if cutting.peek().is_none() {
            self.become_phase(Phase::Watching);
            return;
        }
        if !cutting.all(|held| held.disobeys(inputs)) {
            return;
        }
        acts.push(Act::Note(GuardStep::Failed));
        if matches!(self.phase, Phase::Cutting { partly: true, .. }) {
            acts.push(Act::Note(GuardStep::Cut));
        }
        self.become_phase(Phase::Watching);
        self.warn(inputs, acts);
    }

    /// The threat has passed, or there is nothing to guard: the episode is over. What is cut stays so.
    fn clear(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        let begun = matches!(self.phase, Phase::Countdown { .. } | Phase::Powerless { .. });
        if begun {
            self.become_phase(Phase::Watching);
            acts.push(Act::Note(GuardStep::Cleared));
        }
        // Nobody knows what a meter did that has never answered.
        self.release(Held::is_cutting, inputs, acts);
    }

    fn pause(&mut self, inputs: &Inputs, acts: &mut Vec<Act>) {
        self.become_phase(Phase::Paused {
            until: inputs.wall.plus(PAUSE),
            ends: Some(inputs.steady + PAUSE),
        });
        acts.push(Act::Note(GuardStep::Paused));
    }

    fn become_phase(&mut self, phase: Phase) {
        self.phase = phase;
        self.timers = Timers::default();
    }
}

fn guarded(inputs: &Inputs) -> bool {
    inputs.meters.iter().any(|meter| meter.guarded)
}

fn switch(held: &Held, why: Why) -> Act {
    Act::Switch {
        meter: held.meter.clone(),
        mode: held.told,
        why,
    }
}
