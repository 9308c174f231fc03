//! What was done with wallets, and when.

use serde::{Deserialize, Serialize};

use super::WalletId;
use crate::{Address, UnixMillis};

/// What was done with wallets. The names are those of `transaction_logs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalletAct {
    /// A wallet was made from a new phrase.
    Created,
    /// A wallet was imported.
    Imported,
    /// A wallet came from a backup.
    Restored,
    /// An account was added to a phrase.
    AccountAdded,
    /// A wallet got another name.
    Renamed,
    /// A wallet was removed from this computer.
    Removed,
    /// Another account became the primary one.
    PrimaryChosen,
    /// The phrase was shown.
    PhraseRevealed,
    /// The phrase was typed back.
    PhraseConfirmed,
    /// An encrypted backup file was written and verified.
    BackedUp,
    /// A sheet was written.
    SheetWritten,
    /// A key was exported as a key file.
    Exported,
    /// The vault was opened.
    Unlocked,
    /// A wrong password was typed.
    UnlockFailed,
    /// The vault was locked.
    Locked,
    /// The vault has another password.
    PasswordChanged,
    /// A settlement key was asked for.
    SettlementKeyEnabled,
    /// A settlement key was given up.
    SettlementKeyRevoked,
}

impl WalletAct {
    /// Every act.
    pub const ALL: [Self; 18] = [
        Self::Created,
        Self::Imported,
        Self::Restored,
        Self::AccountAdded,
        Self::Renamed,
        Self::Removed,
        Self::PrimaryChosen,
        Self::PhraseRevealed,
        Self::PhraseConfirmed,
        Self::BackedUp,
        Self::SheetWritten,
        Self::Exported,
        Self::Unlocked,
        Self::UnlockFailed,
        Self::Locked,
        Self::PasswordChanged,
        Self::SettlementKeyEnabled,
        Self::SettlementKeyRevoked,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Imported => "imported",
            Self::Restored => "restored",
            Self::AccountAdded => "account_added",
            Self::Renamed => "renamed",
            Self::Removed => "removed",
            Self::PrimaryChosen => "primary_chosen",
            Self::PhraseRevealed => "phrase_revealed",
            Self::PhraseConfirmed => "phrase_confirmed",
            Self::BackedUp => "backed_up",
            Self::SheetWritten => "sheet_written",
            Self::Exported => "exported",
            Self::Unlocked => "unlocked",
            Self::UnlockFailed => "unlock_failed",
            Self::Locked => "locked",
            Self::PasswordChanged => "password_changed",
            Self::SettlementKeyEnabled => "settlement_key_enabled",
            Self::SettlementKeyRevoked => "settlement_key_revoked",
        }
    }

    /// The reverse of [`WalletAct::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }
}

/// Why the vault was locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockReason {
    /// By hand.
    Person,
    /// Nobody was there for the time set.
    Idle,
    /// The computer went to sleep, or woke up.
    Suspend,
    /// The screen was locked.
    Screen,
    /// The program ends.
    Exit,
}

/// Something that was done with a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// The row's number.
    pub id: i64,
    /// When.
    pub at: UnixMillis,
    /// What.
    pub act: WalletAct,
    /// The wallet's name then; none when it concerns all of them.
    pub wallet: Option<String>,
    /// The account, when it concerns one.
    pub account: Option<Address>,
    /// A few words more: a meter id, a file's name, why it was locked.
    pub detail: Option<String>,
}

/// One page of activities, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityPage {
    /// The rows.
    pub rows: Vec<Activity>,
    /// Where the next page begins, when there is one.
    pub next: Option<i64>,
}

/// When what was done with one wallet last; the columns of `wallets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletHistory {
    /// Which.
    pub wallet: WalletId,
    /// How it came here: created, imported or restored.
    pub origin: String,
    /// When it came here.
    pub created_at: UnixMillis,
    /// When it was last part of a verified backup file.
    pub backed_up_at: Option<UnixMillis>,
    /// When it was last part of a sheet.
    pub sheet_at: Option<UnixMillis>,
    /// When one of its keys was last exported.
    pub exported_at: Option<UnixMillis>,
    /// When it was last opened.
    pub unlocked_at: Option<UnixMillis>,
    /// When one of its keys last signed.
    pub last_used_at: Option<UnixMillis>,
    /// Wrong passwords since it was last opened.
    pub failed_attempts: u32,
}
