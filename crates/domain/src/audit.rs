//! The audit: facts that are never changed, each with a hash over itself and the one before, and sums that must agree.

use serde::{Deserialize, Serialize};

use crate::{Hash32, MeterId, NetMicroWh, Settlement, UnixMillis};

/// What a fact says of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FactKind {
    /// The chain has settled it.
    Settled,
    /// A reorganisation has undone it; it may be settled again.
    Reversed,
}

impl FactKind {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "SETTLED",
            Self::Reversed => "REVERSED",
        }
    }

    /// The reverse of [`FactKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Settled, Self::Reversed]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// One link of the chain of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its place in the chain of this profile, from 1.
    pub number: u64,
    /// What it says.
    pub kind: FactKind,
    /// When it was written.
    pub at: UnixMillis,
    /// The settlement as it was then.
    pub settlement: Settlement,
    /// Keccak-256 over the content and `previous`.
    pub hash: Hash32,
    /// The hash of the fact before; zero for the first.
    pub previous: Hash32,
}

/// Sums of one meter, to the micro-watt-hour. `accumulated` and `carried` are the distances of its registers from the chain's
/// baseline and from what is claimed, `settled` that of the chain's registers from the baseline; `pending` is what open
/// settlements say, so that the sums agree when these claim what they move. Whether the registers are what was counted, and the
/// settlements what took place, is found by a [`Verification`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditSums {
    /// Which meter.
    pub meter_id: MeterId,
    /// Net energy of the registers that the meter was opened with.
    pub baseline: NetMicroWh,
    /// Net energy since the baseline, as the registers say.
    pub accumulated: NetMicroWh,
    /// Net energy that the chain's registers have moved since the baseline.
    pub settled: NetMicroWh,
    /// Net energy of the open settlement, unless the chain has it already.
    pub pending: NetMicroWh,
    /// Net energy that stands above both.
    pub carried: NetMicroWh,
    /// Settled on chain and not yet in a stored row.
    pub unrecorded: NetMicroWh,
    /// `accumulated = settled + pending + carried`.
    pub adds_up: bool,
}

/// A page of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// Sums of the meter that was asked for, or of each; empty while the chain cannot be read.
    pub sums: Vec<AuditSums>,
    /// Facts, newest first.
    pub rows: Vec<Fact>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<u64>,
}

/// What a verification has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whether everything agrees.
    pub ok: bool,
    /// Settlements that were compared with the chain.
    pub settlements: u64,
    /// Facts whose hashes were computed again.
    pub facts: u64,
    /// The hash of the last fact: whoever noted it earlier can tell that nothing before it was changed.
    pub head: Hash32,
    /// Sums of each meter.
    pub sums: Vec<AuditSums>,
    /// What does not agree, as sentences; empty when `ok`.
    pub problems: Vec<String>,
}

/// How a receipt is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptFormat {
    /// With the proof: `enerlink-settlement-receipt-1`.
    Json,
    /// For people; the proof is attached as QR codes when it fits, and named by its hash.
    Pdf,
}
