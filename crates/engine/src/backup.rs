//! Backups: the encrypted file and the printed sheet, and back.

mod restore;
mod save;
mod sheet;

use enerlink_domain::{Code, Error, wallet::BackupContent};

use crate::{Engine, choices};

pub(crate) use self::restore::load;

/// A backup file is never longer, in bytes; the keystore refuses more as well.
const LONGEST_BACKUP: u64 = 16 << 20;

/// The settings that belong to one machine and stay out of a backup: two profiles under one session would evict each
/// other at their broker.
fn travels(key: &str) -> bool {
    key != crate::metering::SESSION && key != choices::RESTORED
}

impl Engine {
    /// What was restored and nobody has looked at yet.
    pub(crate) fn held(&self) -> Option<BackupContent> {
        self.0.held.borrow().clone()
    }

    /// Refuses what would be sent while a restored profile waits for a person.
    pub(crate) fn check_seen(&self) -> Result<(), Error> {
        if self.0.held.borrow().is_some() {
            return Err(unseen());
        }
        Ok(())
    }
}

/// Why nothing is sent.
pub(crate) fn unseen() -> Error {
    Error::new(
        Code::RestoreUnseen,
        "a backup was restored, and the list of what it brought has not been confirmed yet",
    )
}
