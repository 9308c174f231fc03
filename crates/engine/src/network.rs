//! The network in use: the node's address and the contracts, and the chain that this profile is bound to. User and
//! password of a node are sealed like those of a broker, and never in the database.

use std::collections::BTreeMap;

use enerlink_chain::{Addresses, Chain, ChainError};
use enerlink_domain::{
    Code, Error, id,
    view::{NetworkDraft, NetworkView},
};
use enerlink_keystore::Keystore;
use enerlink_store::{Store, settings};

use crate::{
    Engine,
    config::{Access, Config},
};

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
            market: self.addresses.market,
            confirmations: self.confirmations(),
        }
    }
}

pub(crate) fn missing() -> Error {
    Error::new(Code::NoNetwork, "no network is configured")
}

/// The network that the profile was given, if any.
pub(crate) async fn load(
    store: &Store,
    config: &Config,
    keystore: &Keystore,
) -> Result<Option<Network>, Error> {
    if config.access == Access::Exclusive {
        seal_stored(store, keystore).await?;
    }
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
    let url = with_access(keystore, url);
    let fallback = fallback.map(|url| with_access(keystore, url));
    let chain = open(config, &url, fallback.as_deref())?.bound_to(addresses.identity());
    Ok(Some(Network { chain, addresses }))
}

/// Seals what an earlier version, or a backup of it, has left in the settings.
async fn seal_stored(store: &Store, keystore: &Keystore) -> Result<(), Error> {
    for name in [RPC_URL, FALLBACK_URL] {
        let stored = settings::get(&store.reader(), name).await?;
        let Some(url) = stored.filter(|url| url.contains('@')) else {
            continue;
        };
        let public = seal_access(keystore, &url)?;
        let tx = store.begin().await?;
        settings::set(&tx, name, &public).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Seals the address when it may hold a user and a password; answers what may be stored of it.
fn seal_access(keystore: &Keystore, url: &str) -> Result<String, Error> {
    if !url.contains('@') {
        return Ok(url.to_owned());
    }
    let public = enerlink_chain::public_url(url)?;
    keystore.seal_secret(&sealed_name(&public), url.as_bytes())?;
    Ok(public)
}

/// The address with the user and the password that are sealed for it, unless it brings others. What cannot be opened is
/// left out and logged: the node says then what is missing.
fn with_access(keystore: &Keystore, url: String) -> String {
    if url.contains('@') {
        return url;
    }
    let Ok(public) = enerlink_chain::public_url(&url) else {
        return url;
    };
    let sealed = keystore
        .open_secret(&sealed_name(&public))
        .unwrap_or_else(|error| {
            tracing::error!(node = public, %error, "what the node asks for cannot be opened");
            None
        });
    let whole = sealed.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    whole.unwrap_or(url)
}

/// The name under which the whole address is sealed.
fn sealed_name(public: &str) -> String {
    format!("node/{}", id::hex(&id::keccak256(public.as_bytes())[..8]))
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
pub(crate) async fn set(engine: &Engine, draft: NetworkDraft) -> Result<NetworkView, Error> {
    let (store, config, keystore) = (engine.store(), engine.config(), engine.keystore());
    let current = &engine.0.network;
    let addresses = Addresses::parse(&draft.addresses)?;
    let url = with_access(keystore, draft.rpc_url);
    let fallback = draft.fallback_url.filter(|url| !url.trim().is_empty());
    let fallback = fallback.map(|url| with_access(keystore, url));
    let chain = open(config, &url, fallback.as_deref())?;
    let bound = current.borrow().as_ref().map(|network| network.addresses.clone());
    if let Some(bound) = bound {
        check_bound(&bound, &addresses)?;
    }
    match (&config.chain, &fallback) {
        (None, Some(fallback)) => verify_both(&url, fallback, &addresses).await?,
        _ => chain.verify(&addresses).await?,
    }
    let chain = chain.bound_to(addresses.identity());
    let network = Network { chain, addresses };
    let tx = store.begin().await?;
    settings::set(&tx, RPC_URL, &seal_access(keystore, &url)?).await?;
    match &fallback {
        Some(url) => settings::set(&tx, FALLBACK_URL, &seal_access(keystore, url)?).await?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_in_an_address_is_sealed_and_not_stored() {
        let home = tempfile::tempdir().expect("a directory");
        let keystore = Keystore::open(home.path()).expect("a keystore");
        let whole = "https://me:s3cret@node.example:8545/v1";
        let public = seal_access(&keystore, whole).expect("sealed");
        assert_eq!(public, "https://node.example:8545/v1");
        assert_eq!(with_access(&keystore, public.clone()), whole);
        let other = "https://you:other@node.example:8545/v1";
        assert_eq!(
            with_access(&keystore, other.to_owned()),
            other,
            "what is given rules"
        );
        for url in ["https://node.example:8545/v2", "http://127.0.0.1:8545"] {
            assert_eq!(with_access(&keystore, url.to_owned()), url);
            assert_eq!(seal_access(&keystore, url).expect("nothing to seal"), url);
        }

        // What an earlier version has left in the settings.
        let store = Store::in_memory().await.expect("a store");
        let tx = store.begin().await.expect("a transaction");
        settings::set(&tx, FALLBACK_URL, other).await.expect("a setting");
        tx.commit().await.expect("a commit");
        seal_stored(&store, &keystore).await.expect("sealed");
        let stored = settings::get(&store.reader(), FALLBACK_URL)
            .await
            .expect("a read");
        assert_eq!(stored.as_deref(), Some(public.as_str()));
        assert_eq!(with_access(&keystore, public), other);
    }
}
