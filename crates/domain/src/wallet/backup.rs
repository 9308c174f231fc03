//! Backups as a person sees them: what was written, what one holds, what was restored.

use serde::{Deserialize, Serialize};

use super::WalletView;
use crate::{MeterId, UnixMillis};

/// A backup that was written, read back and opened again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// Where it lies.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Wallets in it.
    pub wallets: u32,
    /// Meters in it, with their registers.
    pub meters: u32,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// A printable sheet that was written; its codes were read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetReport {
    /// Where it lies.
    pub path: String,
    /// How many QR codes it has.
    pub codes: u32,
    /// How many pages.
    pub pages: u32,
    /// Wallets in it.
    pub wallets: u32,
}

/// What is restored from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum BackupSource {
    /// An encrypted backup file.
    File {
        /// Where it lies.
        path: String,
    },
    /// Images (PNG, JPEG) of the printed sheet's QR codes, in any order.
    Sheet {
        /// Where they lie.
        paths: Vec<String>,
    },
}

/// What a backup holds, shown before anything is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupContent {
    /// When the backup was made; unknown for a sheet.
    pub created_at: Option<UnixMillis>,
    /// Wallets, and whether they are here already.
    pub wallets: Vec<RestoredWallet>,
    /// Meters, and whether they are here already.
    pub meters: Vec<RestoredMeter>,
    /// How many settings and contacts.
    pub settings: u32,
    /// How many contacts of the address book.
    pub contacts: u32,
}

/// What became of a part of a backup, or will become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is added.
    Restored,
    /// It was here already and stays as it is.
    Kept,
}

/// A wallet of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredWallet {
    /// The wallet.
    #[serde(flatten)]
    pub view: WalletView,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// A meter of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredMeter {
    /// Its id.
    pub meter_id: MeterId,
    /// What the household calls it.
    pub name: String,
    /// What becomes of it.
    pub outcome: Outcome,
}
