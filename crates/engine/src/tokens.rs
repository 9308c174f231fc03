//! Tokens of the wallet's accounts: what moved and who may take some, read from the chain block by block; and what a
//! person does with them, each act one transaction of the outbox.

mod allowances;
mod following;
mod moving;
mod past;
mod payees;

use std::{collections::BTreeSet, sync::Arc};

use enerlink_chain::Head;
use enerlink_domain::{Address, Clock, Code, Error};
use enerlink_keystore::Keystore;
use enerlink_store::Store;
use tokio::sync::watch;

use crate::{bus::Bus, ledger, network::Network, task::Task};

/// What the task needs from the engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) bus: Bus,
    pub(crate) network: watch::Receiver<Option<Network>>,
    pub(crate) ledger: ledger::Handle,
}

/// Follows the tokens' events.
pub(crate) struct Tokens {
    parts: Parts,
    /// The block up to which everything was read, and for whom.
    seen: Option<(Head, BTreeSet<Address>)>,
}

impl Tokens {
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts, seen: None }
    }

    /// Reads what is new, if the chain or the accounts have changed.
    async fn turn(&mut self) -> Result<(), Error> {
        let Some(network) = self.parts.network.borrow().clone() else {
            return Ok(());
        };
        let head = {
            let ledger = self.parts.ledger.state.borrow_and_update();
            ledger.head.filter(|_| ledger.chain.link.up)
        };
        let wallets = self.parts.keystore.wallets();
        let accounts = wallets.iter().flat_map(|wallet| &wallet.accounts);
        let accounts: BTreeSet<Address> = accounts.map(|account| account.address).collect();
        let Some(head) = head else { return Ok(()) };
        let now = (head, accounts);
        if now.1.is_empty() || self.seen.as_ref() == Some(&now) {
            return Ok(());
        }
        match self.follow(&network, now.0, &now.1).await {
            Ok(()) => self.seen = Some(now),
            Err(error) if error.code == Code::Storage => return Err(error),
            // The ledger says what is wrong with the chain; it is read again with the next block or look.
            Err(error) => tracing::debug!(%error, "the tokens' events cannot be read"),
        }
        Ok(())
    }
}

impl Task for Tokens {
    const NAME: &'static str = "tokens";

    async fn run(&mut self) -> Result<(), Error> {
        self.seen = None;
        loop {
            self.turn().await?;
            if self.parts.ledger.state.changed().await.is_err() {
                return Ok(());
            }
        }
    }
}
