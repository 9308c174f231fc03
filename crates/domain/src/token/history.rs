//! What became of tokens: exchanges at the ramp, and what moved as the chain tells it.

use serde::{Deserialize, Serialize};

use super::{Amount, Ramp, Token};
use crate::{Address, Idrs, Status, TxHash, TxStage, UnixMillis};

/// A simulated exchange of IDR and IDRS, one for one. Its transaction decides its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// The row's number.
    pub id: i64,
    /// The number of its transaction in the outbox.
    pub transaction: i64,
    /// Whose IDRS.
    pub account: Address,
    /// Which way.
    pub way: Ramp,
    /// How many.
    pub amount: Idrs,
    /// PENDING until a receipt is deep enough, and again when a reorganisation takes it back.
    pub status: Status,
    /// How far its transaction has come.
    pub stage: TxStage,
    /// Its transaction, once signed.
    pub tx: Option<TxHash>,
    /// The including block.
    pub block: Option<u64>,
    /// Why it waits or failed.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: UnixMillis,
    /// When it succeeded.
    pub settled_at: Option<UnixMillis>,
}

/// Which conversions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversionFilter {
    /// Only this account.
    pub account: Option<Address>,
    /// Only this way.
    pub way: Option<Ramp>,
    /// Only those that stand like this.
    pub status: Option<Status>,
    /// Not asked for before.
    pub from: Option<UnixMillis>,
    /// Asked for before.
    pub to: Option<UnixMillis>,
}

/// A page of conversions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversionPage {
    /// Newest first.
    pub rows: Vec<Conversion>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

/// What a movement of tokens was for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Made for it: energy that was exported, or IDRS of the ramp.
    Minted,
    /// Taken from it: energy that was imported, or IDRS of the ramp.
    Burned,
    /// Came from another account.
    Received,
    /// Went to another account.
    Sent,
}

impl MovementKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Minted, Self::Burned, Self::Received, Self::Sent];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minted => "minted",
            Self::Burned => "burned",
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }

    /// The reverse of [`MovementKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Tokens that moved, as the chain tells it of one account of this wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The row's number.
    pub id: i64,
    /// Whose.
    pub account: Address,
    /// What it was for the account.
    pub kind: MovementKind,
    /// What moved.
    pub amount: Amount,
    /// The other account; none where tokens were made or taken.
    pub other: Option<Address>,
    /// The transaction.
    pub tx: TxHash,
    /// The including block.
    pub block: u64,
    /// The block's time.
    pub at: UnixMillis,
}

/// Which movements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementFilter {
    /// Only these kinds; all when empty.
    pub kinds: Vec<MovementKind>,
    /// Only this token.
    pub token: Option<Token>,
    /// Only this account.
    pub account: Option<Address>,
    /// In no block before.
    pub from: Option<UnixMillis>,
    /// In a block before.
    pub to: Option<UnixMillis>,
}

/// A page of movements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementPage {
    /// The newest in the chain first.
    pub rows: Vec<Movement>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}
