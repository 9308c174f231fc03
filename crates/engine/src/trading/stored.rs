//! The market for whoever only reads the profile: as the process that has it has stored it last.

use enerlink_domain::{
    Code, Error,
    market::Pair,
    view::{MarketPhase, MarketState},
};
use enerlink_store::{Access, cursors};

use super::{
    sync::{self, Live},
    views,
};
use crate::{Engine, network};

/// How often a book is read again that has changed meanwhile.
const TRIES: u8 = 5;

impl Engine {
    /// What is traded. Who only reads the profile asks the node, for it is not stored.
    pub(super) async fn pair(&self) -> Result<Pair, Error> {
        if self.config().access == Access::Exclusive {
            let unread = || Error::new(Code::MarketUnread, "the market was not read yet");
            return self.market_state().pair.ok_or_else(unread);
        }
        let network = self.network().ok_or_else(network::missing)?;
        network.check_identity().await?;
        Ok(network.chain.market_pair(&network.addresses).await?)
    }

    /// The book as it is stored, and how the market is with it.
    pub(super) async fn stored_market(&self) -> Result<(MarketState, Live), Error> {
        let market = self.market()?;
        let network = self.network().ok_or_else(network::missing)?;
        let pair = self.pair().await?;
        let wallets = self.wallets();
        let accounts = wallets.iter().flat_map(|wallet| &wallet.accounts);
        let own = accounts.map(|account| account.address).collect();
        let (store, reader) = (self.store(), self.store().reader());
        let cursor = sync::cursor(market);
        let mut tries = TRIES;
        let live = loop {
            let loaded = Live::load(store, &network, market, pair, &own).await;
            let at = loaded.as_ref().ok().and_then(|live| live.at);
            // Rows of two blocks make no book: another process writes while these are read.
            let stands =
                loaded.is_ok() && cursors::get(&reader, network.addresses.chain_id, &cursor).await? == at;
            tries -= 1;
            if stands || tries == 0 {
                break loaded?;
            }
        };
        let stats = views::stats(&reader, market, &live.book, self.clock().wall()).await?;
        let text = "another process has this profile; this is what it has stored last";
        let state = MarketState {
            market: Some(market),
            phase: MarketPhase::Away {
                error: Error::new(Code::ProfileInUse, text),
            },
            block: live.at.map(|(block, _)| block),
            pair: Some(pair),
            stats: Some(stats),
            alarm: None,
        };
        Ok((state, live))
    }
}
