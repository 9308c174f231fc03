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
mod meter;
pub mod proof;
mod reason;
mod receipt;
mod revert;
mod send;
mod settled;
mod view;
mod wire;

pub use addresses::Addresses;
pub use block::Head;
pub use build::{Call, create_address};
pub use error::ChainError;
pub use identity::Identity;
pub use log::TokenTotals;
pub use meter::{ConverterTerms, MeterOnChain};
pub use receipt::Receipt;
pub use revert::Revert;
pub use send::{SendOutcome, Simulated};
pub use settled::SettledEvent;
pub use wire::Endpoint;

/// One endpoint of a chain. Clones are cheap and share their connections.
#[derive(Clone)]
pub struct Chain {
    wire: Arc<wire::Wire>,
}

impl Chain {
    /// An endpoint at `http://` or `https://`, with or without `user:password@`. Nothing is sent yet.
    /// Each question has 10 seconds, each answer 16 MiB; no proxy is used and no redirect followed.
    pub fn new(rpc_url: &str) -> Result<Self, ChainError> {
        Self::with_timeout(rpc_url, wire::TIMEOUT)
    }

    /// Like [`Chain::new`] with another time for each question.
    pub fn with_timeout(rpc_url: &str, timeout: Duration) -> Result<Self, ChainError> {
        let wire = Arc::new(wire::Wire::new(rpc_url, timeout)?);
        Ok(Self { wire })
    }

    /// A node that is reached without a socket: in the same process. Bounds and checks are the same.
    pub fn over(endpoint: Arc<dyn Endpoint>) -> Self {
        let wire = Arc::new(wire::Wire::over(endpoint, wire::TIMEOUT));
        Self { wire }
    }

    /// The endpoint's address without user and password.
    pub fn rpc_url(&self) -> &str {
        self.wire.url()
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
