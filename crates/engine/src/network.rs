//! The network in use: the node's address and the contracts, and the chain that this profile is bound to.

use std::collections::BTreeMap;

use enerlink_chain::{Addresses, Chain, ChainError};
use enerlink_domain::{
    Code, Error,
    view::{NetworkDraft, NetworkView},
};
use enerlink_store::{Store, settings};
use tokio::sync::watch;

use crate::config::Config;

const RPC_URL: &str = "network.rpc_url";
const FALLBACK_URL: &str = "network.fallback_url";
const ADDRESSES: &str = "network.addresses";
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

    /// Checks that the node still serves this chain, and that nodes agree about it: what stands behind an address may
    /// be exchanged at any time.
    pub(crate) async fn check_identity(&self) -> Result<(), ChainError> {
        self.chain.check_trust().await
    }

    pub(crate) fn view(&self) -> NetworkView {
        NetworkView {
            rpc_url: self.chain.rpc_url().to_owned(),
            fallback_url: self.chain.fallback_url().map(str::to_owned),
            answering: self.chain.answering().to_owned(),
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
    let fallback = settings::get(&reader, FALLBACK_URL).await?;
    let addresses = Addresses::parse(&addresses)?;
    let chain = open(config, &url, fallback.as_deref())?.bound_to(addresses.identity());
    Ok(Some(Network { chain, addresses }))
}

fn open(config: &Config, url: &str, fallback: Option<&str>) -> Result<Chain, ChainError> {
    match (&config.chain, fallback) {
        (Some(chain), _) => Ok(chain.clone()),
        (None, Some(fallback)) => Chain::with_fallback(url, fallback),
        (None, None) => Chain::new(url),
    }
}

/// The contracts in a profile's `settings`, after a look at whether the nodes there can be used.
pub(crate) fn stored_in(settings: &BTreeMap<String, String>) -> Result<Option<Addresses>, ChainError> {
    for url in [RPC_URL, FALLBACK_URL]
        .iter()
        .filter_map(|name| settings.get(*name))
    {
        Chain::new(url)?;
    }
    settings
        .get(ADDRESSES)
        .map(|text| Addresses::parse(text))
        .transpose()
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
    let addresses = Addresses::parse(&draft.addresses)?;
    let fallback = draft.fallback_url.filter(|url| !url.trim().is_empty());
    let chain = open(config, &draft.rpc_url, fallback.as_deref())?;
    let bound = current.borrow().as_ref().map(|network| network.addresses.clone());
    if let Some(bound) = bound {
        check_bound(&bound, &addresses)?;
    }
    match (&config.chain, &fallback) {
        (None, Some(fallback)) => verify_both(&draft.rpc_url, fallback, &addresses).await?,
        _ => chain.verify(&addresses).await?,
    }
    let chain = chain.bound_to(addresses.identity());
    let network = Network { chain, addresses };
    let tx = store.begin().await?;
    settings::set(&tx, RPC_URL, &draft.rpc_url).await?;
    match &fallback {
        Some(url) => settings::set(&tx, FALLBACK_URL, url).await?,
        None => settings::remove(&tx, FALLBACK_URL).await?,
    }
    settings::set(&tx, ADDRESSES, &network.addresses.to_json()).await?;
    tx.commit().await?;
    let view = network.view();
    let _ = current.send(Some(network));
    Ok(view)
}

/// Each node by itself, since one that is wrong must not hide behind one that is right. One of the two may be away.
async fn verify_both(url: &str, fallback: &str, addresses: &Addresses) -> Result<(), Error> {
    let (chain, other) = (Chain::new(url)?, Chain::new(fallback)?);
    match tokio::join!(
        Box::pin(chain.verify(addresses)),
        Box::pin(other.verify(addresses))
    ) {
        (Err(ChainError::Unreachable { .. }), Ok(())) | (Ok(()), Err(ChainError::Unreachable { .. })) => {
            Ok(())
        }
        (first, second) => Ok(first.and(second)?),
    }
}
