//! What the guard decides, and what it warns of.

use super::GuardStep;
use crate::{MeterId, reading::GridMode};

/// What is to be done. The state is to be stored before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Tell the meter to switch its grid.
    Switch {
        /// Which.
        meter: MeterId,
        /// To what.
        mode: GridMode,
        /// What for.
        why: Why,
    },
    /// Note a step in the record.
    Note(GuardStep),
}

/// Why a switch is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The balance will not last.
    Cut,
    /// The sun gives more than the home uses.
    Export,
    /// It does not any more.
    Return,
    /// Back to what it was.
    Restore,
}

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The grid will be switched off.
    Countdown,
    /// It cannot be switched off.
    Powerless,
    /// The balance is not known.
    Unknown,
}

impl Warning {
    /// The word in a notice.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Countdown => "countdown",
            Self::Powerless => "powerless",
            Self::Unknown => "unknown",
        }
    }
}
