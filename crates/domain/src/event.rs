//! What the engine tells its readers. An event carries the whole new value, so that applying it twice changes nothing.

use serde::{Deserialize, Serialize};

use crate::{
    Address, CommandView, DeviceState, Error, Estimate, Etk, Idrs, MeterId, Notice, Registration, Settlement,
    Transaction, Wei,
    guard::GuardView,
    meter::Link,
    token::Movement,
    view::{Alert, MarketState, MeterView, Order},
    wallet::{Activity, LockReason, WalletView},
};

/// Whether keys can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultState {
    /// There is no wallet yet.
    Missing,
    /// There is a wallet, its keys are sealed.
    Locked,
    /// Keys can sign.
    Unlocked,
}

/// What an account holds, as the chain says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balances {
    /// Whose.
    pub account: Address,
    /// Energy tokens.
    pub etk: Etk,
    /// Rupiah tokens.
    pub idrs: Idrs,
    /// Native coin for gas.
    pub native: Wei,
    /// The block at which they were read.
    pub block: u64,
}

/// The connection to the Ethereum node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainState {
    /// Whether it works, and why not.
    pub link: Link,
    /// The configured chain id; 0 when there is no network.
    pub chain_id: u64,
    /// The last block seen.
    pub block: Option<u64>,
}

/// Something changed, and this is how it is now. It is stored before it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "events are few and short-lived; boxing would only add noise"
)]
pub enum Event {
    /// A meter said something, or fell silent.
    Device(DeviceState),
    /// A meter was added, edited, moved or retired, or has shown what it can do.
    Meter(MeterView),
    /// A command was stored or moved on.
    Command(CommandView),
    /// Something that the household is told, or its all-clear.
    Notice(Notice),
    /// A new estimate.
    Estimate(Estimate),
    /// A guard's state, its balance or what it expects has changed.
    Guard(GuardView),
    /// A settlement was written or moved on.
    Settlement(Settlement),
    /// A transaction was queued or moved on.
    Transaction(Transaction),
    /// Tokens or coins moved.
    Balances(Balances),
    /// Tokens of an account have moved, as the chain tells it; told once.
    Movement(Movement),
    /// A meter's standing on chain changed.
    Registration {
        /// Which meter.
        meter_id: MeterId,
        /// Its standing.
        registration: Registration,
    },
    /// Keys were locked, unlocked or created.
    Vault {
        /// Whether they can sign.
        state: VaultState,
        /// Why they were locked, when they were.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<LockReason>,
    },
    /// A wallet was added, changed or removed, or another account became the primary one.
    Wallets {
        /// Every wallet of the vault.
        wallets: Vec<WalletView>,
        /// The account that is proposed when a meter is added.
        primary: Option<Address>,
    },
    /// Something was done with a wallet.
    Activity(Activity),
    /// The market's book has moved on, or cannot be read. What it holds is asked for.
    Market(MarketState),
    /// An order of one of the wallet's accounts came, was traded or cancelled, or a reorganisation has changed it.
    Order(Order),
    /// A price that somebody waits for was reached.
    PriceAlert(Alert),
    /// The node answered, or stopped to.
    Chain(ChainState),
    /// The database cannot be written, or can again. Meanwhile what is stored is shown and nothing is changed.
    Storage(Link),
    /// A task failed and is restarted.
    TaskFailed {
        /// The task's name.
        task: String,
        /// Why.
        error: Error,
    },
    /// The reader was too slow and missed events: it fetches snapshots again.
    Lagged {
        /// How many.
        missed: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_flat_objects_and_come_back() {
        let event = Event::Vault {
            state: VaultState::Locked,
            reason: None,
        };
        let text = serde_json::to_string(&event).expect("json");
        assert_eq!(text, r#"{"event":"vault","state":"locked"}"#);
        assert_eq!(serde_json::from_str::<Event>(&text).expect("event"), event);
        let lagged = serde_json::to_string(&Event::Lagged { missed: 3 }).expect("json");
        assert_eq!(lagged, r#"{"event":"lagged","missed":3}"#);
    }
}
