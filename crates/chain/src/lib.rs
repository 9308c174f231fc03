//! The EnerLink contracts over JSON-RPC: reads, builds, simulates, sends signed bytes; never sees a key.
//!
//! A [`Chain`] is one endpoint. Everything that comes from it is taken as a stranger's word: bounded in time and
//! size, matched to the question, and checked for what cannot be true. The bindings come from the committed ABI in
//! `contracts/abi`; the public interface speaks the domain's types only.

use std::{fmt, sync::Arc, time::Duration};

mod account;
mod addresses;
mod block;
pub mod build;
mod contracts;
mod error;
mod identity;
mod log;
mod market;
mod market_log;
mod meter;
pub mod proof;
mod reason;
mod receipt;
mod revert;
mod send;
mod settled;
mod tokens;
mod view;
mod wire;

pub use addresses::Addresses;
pub use block::Head;
pub use build::{Call, create_address};
pub use error::ChainError;
pub use identity::Identity;
pub use log::TokenTotals;
pub use market::Placed;
pub use market_log::{MarketPage, MarketPages, NextPage};
pub use meter::{ConverterTerms, MeterOnChain};
pub use receipt::Receipt;
pub use revert::Revert;
pub use send::{SendOutcome, Simulated};
pub use settled::SettledEvent;
pub use tokens::{ApprovalEvent, TokenEvents, TransferEvent};
pub use wire::Endpoint;

/// The address of a node without user and password, as [`Chain::rpc_url`] has it.
pub fn public_url(rpc_url: &str) -> Result<String, ChainError> {
    wire::public_url(rpc_url)
}

/// The nodes of a chain: one, or a preferred one and another. Clones are cheap and share their connections.
#[derive(Clone)]
pub struct Chain {
    wire: Arc<wire::Wire>,
}

impl Chain {
    /// A node at `http://`, `https://`, `ws://` or `wss://`, with or without `user:password@`. Nothing is sent yet.
    /// Each question has 10 seconds, each answer 16 MiB; no proxy is used and no redirect followed.
    pub fn new(rpc_url: &str) -> Result<Self, ChainError> {
        Self::at(&[rpc_url], wire::TIMEOUT)
    }

    /// Like [`Chain::new`] with another node, which is asked when the first does not answer properly. Who failed is
    /// asked last for a second, twice as long each further time, a minute at most. Signed bytes go to both.
    pub fn with_fallback(rpc_url: &str, fallback_url: &str) -> Result<Self, ChainError> {
        Self::at(&[rpc_url, fallback_url], wire::TIMEOUT)
    }

    /// The nodes at `rpc_urls`, the preferred one first, each question with `timeout`.
    pub fn at(rpc_urls: &[&str], timeout: Duration) -> Result<Self, ChainError> {
        let wire = Arc::new(wire::Wire::new(rpc_urls, timeout)?);
        Ok(Self { wire })
    }

    /// Nodes that are reached without a socket: in the same process. Bounds and checks are the same.
    pub fn over(endpoint: Arc<dyn Endpoint>) -> Self {
        let wire = Arc::new(wire::Wire::over(vec![endpoint], wire::TIMEOUT));
        Self { wire }
    }

    /// Which chain it must be. From now on a node is believed after it has shown, on each new connection and after
    /// each loss, that it serves this one, and that it names the same deep block as before.
    pub fn bound_to(self, identity: Identity) -> Self {
        self.wire.bind(identity);
        self
    }

    /// Asks the node that answers which chain it serves, whatever it said before: [`ChainError::WrongChain`],
    /// [`ChainError::OtherChain`]. [`ChainError::Disagree`] when it contradicts what was known, or the other node does.
    /// Asks nothing before [`Chain::bound_to`].
    pub async fn check_trust(&self) -> Result<(), ChainError> {
        self.wire.trust().await
    }

    /// The preferred node's address without user and password.
    pub fn rpc_url(&self) -> &str {
        self.wire.urls().next().unwrap_or_default()
    }

    /// The other node's address without user and password, where there is one.
    pub fn fallback_url(&self) -> Option<&str> {
        self.wire.urls().nth(1)
    }

    /// The address of the node that answered last, without user and password.
    pub fn answering(&self) -> &str {
        self.wire.answering()
    }

    /// Any JSON-RPC method, unchecked. For a simulator's or test's controls of its own node (`anvil_mine`,
    /// `eth_accounts`) only; a wallet never needs it.
    pub async fn rpc(
        &self,
        method: &str,
        params: serde_json::Value,
    ) -> Result<serde_json::Value, ChainError> {
        self.wire.request(method, params).await
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Chain").field(&self.rpc_url()).finish()
    }
}
