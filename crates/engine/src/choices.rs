//! What the household has chosen: the primary account, and when an unattended wallet locks.

use enerlink_domain::{Address, Error};
use enerlink_store::{Read, settings};

/// The setting of the account that is proposed when a meter is added.
pub(crate) const PRIMARY: &str = "wallet.primary";
/// The setting of the idle lock, in minutes.
pub(crate) const IDLE_MINUTES: &str = "security.idle_minutes";
/// The setting that holds what was restored until somebody has looked at it, as JSON.
pub(crate) const RESTORED: &str = "restore.unseen";
/// Minutes without a person, unless somebody chose otherwise.
const DEFAULT_IDLE_MINUTES: u32 = 10;
/// Nobody waits longer than a day.
pub(crate) const LONGEST_IDLE_MINUTES: u32 = 1440;

/// The choices as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choices {
    /// The primary account, if one was chosen.
    pub(crate) primary: Option<Address>,
    /// Minutes without a person after which the wallet locks; 0 is never.
    pub(crate) idle_minutes: u32,
}

impl Choices {
    /// Reads what is stored. What is not understood counts as not chosen.
    pub(crate) async fn load(r: &impl Read) -> Result<Self, Error> {
        let primary = settings::get(r, PRIMARY).await?;
        let idle = settings::get(r, IDLE_MINUTES).await?;
        Ok(Self {
            primary: primary.and_then(|text| text.parse().ok()),
            idle_minutes: idle
                .and_then(|text| text.parse().ok())
                .filter(|minutes| *minutes <= LONGEST_IDLE_MINUTES)
                .unwrap_or(DEFAULT_IDLE_MINUTES),
        })
    }
}
