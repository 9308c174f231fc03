//! The guard: keeps a household from importing more than its ETK can pay.

mod act;
mod held;
mod inputs;
mod machine;
mod power;

use serde::{Deserialize, Serialize};

pub use self::{
    act::{Act, Warning, Why},
    inputs::{Inputs, Money, Seen},
    machine::{COUNTDOWN, Guard, PAUSE},
    power::Average,
};
use crate::{Address, Etk, MeterId, UnixMillis};

/// What the guard of an account is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum GuardState {
    /// Switched off in the settings.
    Off,
    /// It was not explained yet, or nothing was settled or received yet: it never acts.
    Unarmed,
    /// Nothing threatens.
    Watching,
    /// The balance is not known: it warns and never cuts.
    Unknown,
    /// The balance will not last; the grid is switched off when the time is over.
    Countdown {
        /// When.
        ends_at: UnixMillis,
    },
    /// The meters were told to switch the grid off, and none has said yet that it did.
    Cutting {
        /// Since when.
        since: UnixMillis,
    },
    /// The balance will not last, and no meter that imports can be switched: it has no switch, or does not obey.
    Powerless {
        /// Since when.
        since: UnixMillis,
    },
    /// The grid is off: the meters say so.
    Cut {
        /// Since when.
        since: UnixMillis,
    },
    /// The sun gives more than the home uses: the grid takes it, so that the home earns its way back.
    Exporting {
        /// Since when.
        since: UnixMillis,
    },
    /// A person said *not now*, or took over: it does nothing until then.
    Paused {
        /// Until when.
        until: UnixMillis,
    },
}

/// The guard of one account, over all its meters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardView {
    /// Whose tokens are guarded.
    pub owner: Address,
    /// The meters that it may switch.
    pub meters: Vec<MeterId>,
    /// What it is doing.
    pub state: GuardState,
    /// Whether a person has read the explanation.
    pub explained: bool,
    /// The balance less what open settlements will burn; absent when unknown.
    pub available: Option<Etk>,
    /// What this period will burn, margin included, as a positive amount.
    pub burn: Option<Etk>,
    /// The balance at which the former mode is restored; present while it is cut.
    pub restore_at: Option<Etk>,
    /// What it did last, newest first, at most 20.
    pub record: Vec<GuardAct>,
}

/// Something that the guard did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardAct {
    /// When.
    pub at: UnixMillis,
    /// What it did.
    pub what: GuardStep,
    /// The balance that was available then, when known.
    pub available: Option<Etk>,
    /// What the period would burn.
    pub burn: Option<Etk>,
}

/// The steps of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardStep {
    /// The countdown began.
    Warned,
    /// The threat passed before the countdown ended.
    Cleared,
    /// The meters were told to switch the grid off.
    Cutting,
    /// A meter did not carry out what it was told.
    Failed,
    /// The grid is off: the meters said so.
    Cut,
    /// The grid was switched to export.
    Exporting,
    /// The former mode was restored.
    Restored,
    /// A person stopped it for a while, or has turned the switch.
    Paused,
    /// A person let it watch again.
    Resumed,
}

impl GuardStep {
    /// Every step.
    pub const ALL: [Self; 9] = [
        Self::Warned,
        Self::Cleared,
        Self::Cutting,
        Self::Failed,
        Self::Cut,
        Self::Exporting,
        Self::Restored,
        Self::Paused,
        Self::Resumed,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warned => "warned",
            Self::Cleared => "cleared",
            Self::Cutting => "cutting",
            Self::Failed => "failed",
            Self::Cut => "cut",
            Self::Exporting => "exporting",
            Self::Restored => "restored",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
        }
    }

    /// The reverse of [`GuardStep::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

/// What a person tells the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardOrder {
    /// The explanation was read: it may be armed.
    Explained,
    /// Do nothing for an hour; where the grid is off already, the same as [`GuardOrder::Restore`].
    NotNow,
    /// Restore the former mode now, and do nothing for an hour.
    Restore,
    /// Watch again.
    Resume,
}
