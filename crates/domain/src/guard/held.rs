//! A meter whose switch the guard has turned: what it was, what it was told, what it says.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::inputs::{Inputs, Seen};
use crate::{MeterId, MicroWatts, UnixMillis, reading::GridMode};

/// A meter has so long to show what it was told.
pub(super) const OBEY_WITHIN: Duration = Duration::from_secs(60);
/// What has to be done in the end is tried again at least this often.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);
/// After so long nothing that a meter was told can still come.
const LATE_WITHIN: Duration = Duration::from_secs(600);
/// More than these it is not told meanwhile.
const MOST_LATE: usize = 10;
/// The sun gives more than the home uses for so long before the grid takes it.
const SUN_FOR: Duration = Duration::from_secs(120);
/// The home takes from the grid for so long before it is cut off again.
const SHADE_FOR: Duration = Duration::from_secs(60);
/// Less is noise: 1 W.
const IDLE: MicroWatts = MicroWatts(1_000_000);

/// A meter that was told to switch, until it is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) meter: MeterId,
    /// The mode before the guard touched it.
    pub(super) former: GridMode,
    /// What it was told last.
    pub(super) told: GridMode,
    /// Its mode when it was told.
    before: GridMode,
    /// What it was told and may still do: it has not said that it did, or showed the same already when it was told.
    late: Vec<GridMode>,
    /// Whether it has said that it is as it was told.
    pub(super) obeyed: bool,
    /// What the guard made of it, as it said itself, and since when.
    pub(super) shown: Option<(UnixMillis, GridMode)>,
    /// It is on its way back to what it was.
    pub(super) leaving: bool,
    /// How often it was told to cut the grid in this episode.
    pub(super) attempts: u8,
    /// Its average import before the cut.
    pub(super) power: MicroWatts,
    #[serde(skip)]
    timers: Timers,
}

/// What a restart begins anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Timers {
    /// When it was told.
    told_at: Option<Duration>,
    obeyed_at: Option<Duration>,
    sun: Option<Duration>,
    shade: Option<Duration>,
    /// How often it was told the same.
    repeated: u32,
}

/// What a held meter has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It has just said that it is as it was told.
    Obeyed(GridMode),
    /// Somebody else has turned its switch.
    Taken,
}

impl Held {
    /// A meter that is about to be told to cut the grid.
    pub(super) fn new(seen: &Seen, former: GridMode) -> Self {
        Self {
            meter: seen.meter.clone(),
            former,
            told: former,
            before: former,
            late: Vec::new(),
            obeyed: true,
            shown: None,
            leaving: false,
            attempts: 0,
            power: MicroWatts(seen.average.unwrap_or_default().0.min(0).saturating_neg()),
            timers: Timers::default(),
        }
    }

    /// Notes that it is told `mode` now.
    pub(super) fn tell(&mut self, mode: GridMode, now: Duration) {
        let again = mode == self.told && !self.obeyed;
        if self.obeyed {
            self.before = self.told;
        } else if !again {
            self.may_come(self.told);
        }
        self.told = mode;
        self.obeyed = false;
        self.timers = Timers {
            told_at: Some(now),
            repeated: if again { self.timers.repeated + 1 } else { 0 },
            ..Timers::default()
        };
    }

    /// Takes in what it says of itself.
    pub(super) fn learn(&mut self, inputs: &Inputs) -> Option<News> {
        let told_at = *self.timers.told_at.get_or_insert(inputs.steady);
        let seen = inputs.meter(&self.meter)?;
        let (mode, said_at) = (seen.mode?, seen.said_at?);
        if self.obeyed {
            let obeyed_at = *self.timers.obeyed_at.get_or_insert(inputs.steady);
            if inputs.steady.saturating_sub(obeyed_at) >= LATE_WITHIN {
                self.late.clear();
            }
            if mode == self.told || said_at <= obeyed_at {
                return None;
            }
            let Some(older) = self.late.iter().position(|late| *late == mode) else {
                return Some(self.yield_to(mode, inputs.steady));
            };
            // An older order was carried out after all; the newer one follows it, or is repeated.
            self.late.remove(older);
            self.before = mode;
            self.obeyed = false;
            self.timers.told_at = Some(inputs.steady);
            return None;
        }
        if said_at < told_at {
            None
        } else if mode == self.told {
            if mode == self.before {
                self.may_come(mode);
            } else if let Some(done) = self.late.iter().position(|late| *late == mode) {
                self.late.remove(done);
            }
            self.obeyed = true;
            self.timers.obeyed_at = Some(inputs.steady);
            self.timers.repeated = 0;
            self.shown = (!self.leaving).then_some((inputs.wall, mode)).or(self.shown);
            Some(News::Obeyed(mode))
        } else if mode == self.before || self.late.contains(&mode) {
            None
        } else {
            self.may_come(self.told);
            Some(self.yield_to(mode, inputs.steady))
        }
    }

    /// A person has turned the switch: `mode` is what it goes back to, should an order that it has not done yet come after.
    fn yield_to(&mut self, mode: GridMode, now: Duration) -> News {
        (self.former, self.told) = (mode, mode);
        (self.leaving, self.obeyed, self.shown) = (true, true, None);
        self.timers.obeyed_at = Some(now);
        News::Taken
    }

    fn may_come(&mut self, mode: GridMode) {
        if self.late.len() == MOST_LATE {
            self.late.remove(0);
        }
        self.late.push(mode);
    }

    /// Whether it is on its way back and has the former mode again.
    pub(super) fn is_back(&self) -> bool {
        self.leaving && self.obeyed
    }

    /// Whether it is back for good: nothing that it was told before can still come.
    pub(super) fn is_gone(&self, now: Duration) -> bool {
        let since = self.timers.obeyed_at.unwrap_or(now);
        self.is_back() && (self.late.is_empty() || now.saturating_sub(since) >= LATE_WITHIN)
    }

    /// Begins anew with a meter that is back.
    pub(super) fn renew(&mut self, fresh: Self) {
        let late = std::mem::take(&mut self.late);
        *self = Self { late, ..fresh };
    }

    /// Whether it was told to cut the grid and has not said yet that it did, not even earlier in this episode.
    pub(super) fn is_cutting(&self) -> bool {
        !self.leaving && !self.obeyed && self.shown.is_none()
    }

    /// Whether it has had its time, or has failed, without obeying.
    pub(super) fn disobeys(&self, inputs: &Inputs) -> bool {
        let failed = inputs.meter(&self.meter).is_some_and(|seen| seen.failed);
        !self.obeyed && (failed || self.waited(inputs.steady) >= OBEY_WITHIN)
    }

    /// What it has to be told now, because of the sun or because it did not hear before.
    pub(super) fn wish(&mut self, inputs: &Inputs) -> Option<GridMode> {
        let seen = inputs.meter(&self.meter)?;
        let (now, cut) = (inputs.steady, self.shown.is_some());
        if !self.obeyed {
            let pause = OBEY_WITHIN.saturating_mul(1 << self.timers.repeated.min(8));
            let again = (cut || self.leaving) && self.waited(now) >= pause.min(LONGEST_PAUSE);
            return again.then_some(match self.told {
                // Nobody knows what it did, so that it does not stay half way.
                GridMode::Export if !self.leaving => GridMode::Off,
                told => told,
            });
        }
        let sunny = seen.surplus.is_some_and(|surplus| surplus > IDLE);
        let may_export = !self.leaving && seen.switchable && self.told == GridMode::Off;
        let shaded = !self.leaving && self.told == GridMode::Export && seen.importing;
        let sun = lasts(&mut self.timers.sun, sunny && may_export, now, SUN_FOR);
        let shade = lasts(&mut self.timers.shade, shaded, now, SHADE_FOR);
        match (sun, shade) {
            (true, _) => Some(GridMode::Export),
            (_, true) => Some(GridMode::Off),
            (false, false) => None,
        }
    }

    fn waited(&self, now: Duration) -> Duration {
        now.saturating_sub(self.timers.told_at.unwrap_or(now))
    }
}

/// Whether `holds` has held for `length` without a break.
pub(super) fn lasts(since: &mut Option<Duration>, holds: bool, now: Duration, length: Duration) -> bool {
    if !holds {
        *since = None;
        return false;
    }
    now.saturating_sub(*since.get_or_insert(now)) >= length
}
