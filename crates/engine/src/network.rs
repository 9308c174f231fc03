//! The network in use: the node's address and the contracts, and the chain that this profile is bound to.

use enerlink_chain::{Addresses, Chain, ChainError};
use enerlink_domain::{
    Code, Error,
    view::{NetworkDraft, NetworkView},
};
use enerlink_store::{Store, settings};
use tokio::sync::watch;

use crate::config::Config;

const RPC_URL: &str = "network.rpc_url";
const ADDRESSES: &str = "network.addresses";
/// The settings that hold the node's address and the addresses file.
pub(crate) const SETTINGS: (&str, &str) = (RPC_URL, ADDRESSES);
/// Transactions must be this deep on a network that does not say otherwise.
const DEFAULT_CONFIRMATIONS: u32 = 3;
/// The chain id that development nodes use, where one block is enough.
const DEVELOPMENT_CHAIN: u64 = 31337;

/// A node and the contracts on it.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) chain: Chain,
    pub(crate) addresses: Addresses,
}

impl Network {
    /// Blocks that a transaction must be deep, the including one counted.
    pub(crate) fn confirmations(&self) -> u32 {
        let default = if self.addresses.chain_id == DEVELOPMENT_CHAIN {
            1
        } else {
            DEFAULT_CONFIRMATIONS
        };
        self.addresses.confirmations.unwrap_or(default).max(1)
    }

    /// Checks that the node still serves this chain: what stands behind an address may be exchanged at any time.
    pub(crate) async fn check_identity(&self) -> Result<(), ChainError> {
        let found = self.chain.identity().await?;
        let (expected, genesis) = (self.addresses.chain_id, self.addresses.genesis);
        if found.chain_id != expected {
            let found = found.chain_id;
            return Err(ChainError::WrongChain { expected, found });
        }
        if found.genesis != genesis {
            return Err(ChainError::OtherChain {
                expected: genesis,
                found: found.genesis,
            });
        }
        Ok(())
    }

    pub(crate) fn view(&self) -> NetworkView {
        NetworkView {
            rpc_url: self.chain.rpc_url().to_owned(),
            fallback_url: None,
            answering: self.chain.rpc_url().to_owned(),
            chain_id: self.addresses.chain_id,
            genesis: self.addresses.genesis,
            converter: self.addresses.converter,
            etk: self.addresses.etk,
            idrs: self.addresses.idrs,
            confirmations: self.confirmations(),
        }
    }
}

pub(crate) fn missing() -> Error {
    Error::new(Code::NoNetwork, "no network is configured")
}

/// The network that the profile was given, if any.
pub(crate) async fn load(store: &Store, config: &Config) -> Result<Option<Network>, Error> {
    let reader = store.reader();
    let stored = (
        settings::get(&reader, RPC_URL).await?,
        settings::get(&reader, ADDRESSES).await?,
    );
    let (Some(url), Some(addresses)) = stored else {
        return Ok(None);
    };
    Ok(Some(Network {
        chain: open(config, &url)?,
        addresses: Addresses::parse(&addresses)?,
    }))
}

fn open(config: &Config, url: &str) -> Result<Chain, ChainError> {
    config.chain.clone().map_or_else(|| Chain::new(url), Ok)
}

/// Refuses another chain than the one that this profile is `bound` to.
pub(crate) fn check_bound(bound: &Addresses, found: &Addresses) -> Result<(), Error> {
    let identity = |addresses: &Addresses| (addresses.chain_id, addresses.genesis, addresses.converter);
    if identity(bound) == identity(found) {
        return Ok(());
    }
    Err(Error::new(
        Code::OtherChain,
        format!(
            "this profile belongs to chain {} with the converter {} and genesis {}; the file names chain {} with {} \
             and {}",
            bound.chain_id, bound.converter, bound.genesis, found.chain_id, found.converter, found.genesis,
        ),
    ))
}

/// Checks `draft` against the node and keeps it. A profile stays with the chain it was first bound to: another chain
/// under the same address would make its registers and settlements meaningless.
pub(crate) async fn set(
    store: &Store,
    config: &Config,
    current: &watch::Sender<Option<Network>>,
    draft: NetworkDraft,
) -> Result<NetworkView, Error> {
    let network = Network {
        chain: open(config, &draft.rpc_url)?,
        addresses: Addresses::parse(&draft.addresses)?,
    };
    let bound = current.borrow().as_ref().map(|network| network.addresses.clone());
    if let Some(bound) = bound {
        check_bound(&bound, &network.addresses)?;
    }
    network.chain.verify(&network.addresses).await?;
    let tx = store.begin().await?;
    settings::set(&tx, RPC_URL, &draft.rpc_url).await?;
    settings::set(&tx, ADDRESSES, &network.addresses.to_json()).await?;
    tx.commit().await?;
    let view = network.view();
    let _ = current.send(Some(network));
    Ok(view)
}
