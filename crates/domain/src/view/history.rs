//! The energy page: what flowed between any moments, and what it was worth.

use serde::{Deserialize, Serialize};

use super::DayEnergy;
use crate::{Etk, UnixMillis};

/// Energy in stretches of time that the reader chose: the hours of a day, the days of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// One for each stretch, in order.
    pub bars: Vec<DayEnergy>,
    /// Their sum.
    pub total: DayEnergy,
    /// Settlements that succeeded in it.
    pub settlements: u64,
    /// ETK that they minted.
    pub minted: Etk,
    /// ETK that they burned, as a positive amount.
    pub burned: Etk,
    /// When the meter was first heard; nothing is older.
    pub first: Option<UnixMillis>,
}

/// What the household pays and wants to keep. Values of the profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Days that raw readings are kept; 0 is for ever. Rollups are kept for ever.
    pub raw_days: u32,
    /// Messages that the log keeps; 0 is without bound.
    pub log_messages: u32,
    /// The utility's price of a kWh in hundredths of a rupiah: 144 470 is Rp 1.444,70.
    pub tariff_sen_per_kwh: u64,
    /// Notices that are shown neither in the window nor on the desktop; the inbox has them all the same.
    pub muted: Vec<crate::device::NoticeKind>,
    /// What the household calls itself; empty as long as nobody has said it.
    #[serde(default)]
    pub name: String,
    /// How it can be reached, when it says so.
    #[serde(default)]
    pub contact: Option<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            raw_days: 60,
            log_messages: 200_000,
            tariff_sen_per_kwh: 144_470,
            muted: Vec::new(),
            name: String::new(),
            contact: None,
        }
    }
}
