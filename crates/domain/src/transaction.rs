//! Transactions: what is built, what is signed, and how far one has come.

mod detail;
mod log;

use serde::{Deserialize, Serialize};

pub use self::{
    detail::{TxDetail, Units},
    log::{LoggedTransaction, TransactionLogPage, TxAbout},
};
use crate::{Address, MeterId, Status, TxHash, UnixMillis, Wei};

/// How a transaction pays for its gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fees {
    /// One gas price, EIP-155 replay protection.
    Legacy {
        /// Wei per gas.
        gas_price: Wei,
    },
    /// A cap and a tip, EIP-1559.
    Eip1559 {
        /// Wei per gas at most, base fee included.
        max_fee: Wei,
        /// Wei per gas for the producer of the block.
        max_priority_fee: Wei,
    },
}

impl Fees {
    /// Wei per gas at most.
    pub fn price(self) -> Wei {
        match self {
            Self::Legacy { gas_price } => gas_price,
            Self::Eip1559 { max_fee, .. } => max_fee,
        }
    }

    /// Wei per gas for the producer of the block; a legacy transaction offers all that it pays.
    pub fn tip(self) -> Wei {
        match self {
            Self::Legacy { gas_price } => gas_price,
            Self::Eip1559 { max_priority_fee, .. } => max_priority_fee,
        }
    }

    /// The fees of a transaction that takes the place of one with these: both raised by an eighth and by 1 wei at
    /// least, and not below what is `asked` for now. A node replaces nothing for less than a tenth more, and an eighth
    /// of nothing is nothing, hence the wei. The type stays. `None` when they leave their range.
    pub fn raised(self, asked: Self) -> Option<Self> {
        let raise = |old: Wei, asked: Wei| {
            let eighth = old.0.div_ceil(8).max(1);
            old.0.checked_add(eighth).map(|raised| Wei(raised.max(asked.0)))
        };
        Some(match self {
            Self::Legacy { gas_price } => Self::Legacy {
                gas_price: raise(gas_price, asked.price())?,
            },
            Self::Eip1559 {
                max_fee,
                max_priority_fee,
            } => Self::Eip1559 {
                max_fee: raise(max_fee, asked.price())?,
                max_priority_fee: raise(max_priority_fee, asked.tip())?,
            },
        })
    }
}

/// A transaction before it is signed. `chain` builds it, `keystore` encodes and signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedTx {
    /// EIP-155 chain id; `keystore` refuses another than it was told to expect.
    pub chain_id: u64,
    /// The sender's transaction count.
    pub nonce: u64,
    /// The called account; `None` creates a contract.
    pub to: Option<Address>,
    /// Native coin sent along.
    pub value: Wei,
    /// Gas at most.
    pub gas_limit: u64,
    /// How gas is paid for.
    pub fees: Fees,
    /// Calldata, or the creation code of a contract.
    pub input: Vec<u8>,
}

/// A signed transaction: exactly these bytes are stored, sent and, when in doubt, sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTx {
    /// Keccak-256 of `raw`.
    pub hash: TxHash,
    /// The EIP-2718 envelope, or RLP for a legacy transaction.
    pub raw: Vec<u8>,
}

/// An EIP-2612 permit before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The token contract, which is the EIP-712 verifying contract.
    pub token: Address,
    /// The token's name, which is the EIP-712 domain name; its version is "1".
    pub token_name: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Who grants the allowance.
    pub owner: Address,
    /// Who may spend it.
    pub spender: Address,
    /// Token base units.
    pub value: u128,
    /// The owner's permit nonce at the token.
    pub nonce: u64,
    /// Unix seconds after which it is void.
    pub deadline: u64,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TxKind {
    /// `openMeter`: the baseline of a meter.
    OpenMeter,
    /// `setSettler`: authorise or revoke a settlement key.
    SetSettler,
    /// `settleMeter`: registers move, ETK is minted or burned.
    SettleMeter,
    /// `transfer` of a token.
    SendToken,
    /// Native coin for somebody.
    SendCoin,
    /// `onRamp`: IDRS are made for simulated money.
    OnRamp,
    /// `offRamp`: IDRS are taken for simulated money.
    OffRamp,
    /// `approve` of nothing: an allowance ends.
    Revoke,
    /// Nothing: takes a nonce that keeps others from a block and whose transaction is lost.
    FillNonce,
    /// `placeOrder`, with or without a permit: an order on the market.
    PlaceOrder,
    /// `cancelOrders`: orders leave the market.
    CancelOrders,
    /// `approve`: somebody may take tokens.
    Approve,
}

impl TxKind {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenMeter => "open_meter",
            Self::SetSettler => "set_settler",
            Self::SettleMeter => "settle_meter",
            Self::SendToken => "send_token",
            Self::SendCoin => "send_coin",
            Self::OnRamp => "on_ramp",
            Self::OffRamp => "off_ramp",
            Self::Revoke => "revoke",
            Self::FillNonce => "fill_nonce",
            Self::PlaceOrder => "place_order",
            Self::CancelOrders => "cancel_orders",
            Self::Approve => "approve",
        }
    }

    /// The reverse of [`TxKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::OpenMeter,
            Self::SetSettler,
            Self::SettleMeter,
            Self::SendToken,
            Self::SendCoin,
            Self::OnRamp,
            Self::OffRamp,
            Self::Revoke,
            Self::FillNonce,
            Self::PlaceOrder,
            Self::CancelOrders,
            Self::Approve,
        ];
        all.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TxStage {
    /// Waits for its turn.
    Queued,
    /// Waits for the wallet to be unlocked.
    AwaitingUnlock,
    /// The account cannot pay for the gas.
    NoGas,
    /// Signed and stored, perhaps sent: only the chain can tell.
    Signed,
    /// A node has taken it.
    Sent,
    /// In a block, not yet deep enough.
    Mined,
    /// As deep as the network asks for; a deep reorganisation may still undo it.
    Confirmed,
    /// So deep that it is not looked at any more.
    Final,
    /// No node has known it for several blocks. It may still be taken: nothing is owed again.
    Dropped,
    /// Its nonce was used by the cancellation that was asked for.
    Replaced,
    /// It did not, and will not, take effect.
    Failed,
}

impl TxStage {
    /// Every stage, in order.
    pub const ALL: [Self; 11] = [
        Self::Queued,
        Self::AwaitingUnlock,
        Self::NoGas,
        Self::Signed,
        Self::Sent,
        Self::Mined,
        Self::Confirmed,
        Self::Final,
        Self::Dropped,
        Self::Replaced,
        Self::Failed,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::AwaitingUnlock => "awaiting_unlock",
            Self::NoGas => "no_gas",
            Self::Signed => "signed",
            Self::Sent => "sent",
            Self::Mined => "mined",
            Self::Confirmed => "confirmed",
            Self::Final => "final",
            Self::Dropped => "dropped",
            Self::Replaced => "replaced",
            Self::Failed => "failed",
        }
    }

    /// The reverse of [`TxStage::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// The coarse status of the source documents.
    pub fn status(self) -> Status {
        match self {
            Self::Confirmed | Self::Final => Status::Success,
            Self::Replaced | Self::Failed => Status::Failed,
            Self::Queued
            | Self::AwaitingUnlock
            | Self::NoGas
            | Self::Signed
            | Self::Sent
            | Self::Mined
            | Self::Dropped => Status::Pending,
        }
    }

    /// Whether bytes exist that a node may have.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Signed | Self::Sent | Self::Mined | Self::Dropped)
    }

    /// Whether it goes on by itself: it waits neither for a person nor for coins, and has not come to its end.
    pub fn is_on_its_way(self) -> bool {
        matches!(self, Self::Queued | Self::Signed | Self::Sent | Self::Mined)
    }

    /// Whether it is signed and may still take coins of its account.
    pub fn is_in_flight(self) -> bool {
        self.is_signed() && self != Self::Mined
    }
}

/// A transaction of this wallet, as stored in the outbox and shown to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The outbox's own number.
    pub id: i64,
    /// What it is for.
    pub kind: TxKind,
    /// The meter it is for.
    pub meter_id: Option<MeterId>,
    /// The settlement it is for.
    pub settlement_id: Option<String>,
    /// What it does in particular, where the kind does not say it all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<TxDetail>,
    /// How far it has come.
    pub stage: TxStage,
    /// The account that signs.
    pub from: Address,
    /// Known once signed.
    pub hash: Option<TxHash>,
    /// Known once signed.
    pub nonce: Option<u64>,
    /// Wei per gas at most, once signed; the gas price of a legacy transaction.
    pub max_fee: Option<Wei>,
    /// Gas at most, once signed.
    pub gas_limit: Option<u64>,
    /// How many versions were signed: the first, each higher fee, the cancellation.
    pub versions: u32,
    /// Whether the last version does nothing but take the nonce.
    pub cancelling: bool,
    /// Whether a higher fee can be offered now.
    pub can_speed_up: bool,
    /// Whether it can be cancelled now.
    pub can_cancel: bool,
    /// Whether the receipt says what the simulation before signing had said; unknown until it is in a block.
    pub as_simulated: Option<bool>,
    /// The block that includes it.
    pub block: Option<u64>,
    /// Blocks on top of and including that one.
    pub confirmations: u64,
    /// Why it waits or failed, as a sentence.
    pub reason: Option<String>,
    /// When it was queued.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// A page of transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionPage {
    /// Newest first.
    pub rows: Vec<Transaction>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// No fee comes near the bound of its type.
    const MOST: u128 = 1 << 100;

    fn fees() -> impl Strategy<Value = Fees> {
        let wei = || prop_oneof![0..20_u128, 0..MOST];
        prop_oneof![
            wei().prop_map(|price| Fees::Legacy {
                gas_price: Wei(price)
            }),
            (wei(), wei()).prop_map(|(one, other)| Fees::Eip1559 {
                max_fee: Wei(one.max(other)),
                max_priority_fee: Wei(one.min(other)),
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_replacement_pays_an_eighth_and_a_wei_more_and_what_is_asked(old in fees(), asked in fees()) {
            let new = old.raised(asked).expect("in range");
            for (old, new, asked) in [(old.price(), new.price(), asked.price()), (old.tip(), new.tip(), asked.tip())] {
                prop_assert!(new.0 * 8 >= old.0 * 9, "{old:?} {new:?}");
                prop_assert!(new.0 > old.0, "{old:?} {new:?}");
                prop_assert!(new >= asked, "{new:?} {asked:?}");
            }
            let needed = (old.price().0 + old.price().0 / 8 + 1).max(asked.price().0);
            prop_assert!(new.price().0 <= needed, "no more than needed: {new:?} {needed}");
            prop_assert!(new.tip() <= new.price());
            prop_assert_eq!(matches!(old, Fees::Legacy { .. }), matches!(new, Fees::Legacy { .. }));
        }
    }

    #[test]
    fn fees_that_cannot_rise_are_not_raised() {
        let most = Fees::Legacy {
            gas_price: Wei(u128::MAX),
        };
        assert_eq!(most.raised(most), None);
    }
}
