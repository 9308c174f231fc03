//! Trading: the market's book in memory and in the database, as the chain's events tell it, checked against the rules
//! and against the contract's own view.

mod intake;
mod orders;
mod rows;
mod stored;
mod sync;
mod views;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use enerlink_domain::{
    Address, Clock, Code, Error, Event, NoticeKind,
    market::Quote,
    view::{Alert, MarketPhase, MarketState},
};
use enerlink_keystore::Keystore;
use enerlink_store::{OrderRow, Store, price_alerts};
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use self::intake::Asked;
use self::sync::{Live, Standing, Stop};
use crate::{
    bus::Bus,
    ledger,
    network::Network,
    notices::{Change, Notices},
    task::Task,
};

/// How often the book is compared with the contract's own view when nothing gives a reason.
const CHECK: Duration = Duration::from_secs(600);
/// How often the figures of the day are summed up while nothing happens.
const AGAIN: Duration = Duration::from_secs(30);
/// Books with more orders are compared only when something gives a reason.
const CHECKED_ORDERS: u64 = 20_000;

/// What the task needs from the engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) bus: Bus,
    pub(crate) network: watch::Receiver<Option<Network>>,
    pub(crate) ledger: ledger::Handle,
}

type Question = Box<dyn FnOnce(&Live) + Send>;

/// Asks the task.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) state: watch::Receiver<MarketState>,
    questions: mpsc::Sender<Question>,
}

impl Handle {
    /// Reads the book as it is now.
    ///
    /// # Errors
    /// `NO_MARKET`, and `MARKET_UNREAD` while events are being read.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Live) -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.check()?;
        let unread = || Error::new(Code::MarketUnread, "the book is not at hand");
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |live| {
            let _ = reply.send(look(live));
        });
        self.questions.send(question).await.map_err(|_| unread())?;
        answer.await.map_err(|_| unread())
    }

    fn check(&self) -> Result<(), Error> {
        match &self.state.borrow().phase {
            MarketPhase::Live | MarketPhase::Away { .. } => Ok(()),
            MarketPhase::Missing => Err(Error::new(Code::NoMarket, "the network names no market")),
            MarketPhase::Reading { block, head } => {
                let text = format!("block {block} of {head} has been read");
                Err(Error::new(Code::MarketUnread, text))
            }
        }
    }
}

pub(crate) struct Trading {
    parts: Parts,
    questions: mpsc::Receiver<Question>,
    state: watch::Sender<MarketState>,
    live: Option<Live>,
    /// Whose orders are kept at hand.
    own: BTreeSet<Address>,
    /// When book and contract were last compared; none when there is a reason to do so.
    checked: Option<Duration>,
    /// When the figures were last summed up.
    told: Option<Duration>,
}

impl Trading {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let (sender, questions) = mpsc::channel(64);
        let (state, reader) = watch::channel(MarketState {
            market: None,
            phase: MarketPhase::Missing,
            block: None,
            pair: None,
            stats: None,
            alarm: None,
        });
        let trading = Self {
            parts,
            questions,
            state,
            live: None,
            own: BTreeSet::new(),
            checked: None,
            told: None,
        };
        let handle = Handle {
            state: reader,
            questions: sender,
        };
        (trading, handle)
    }

    /// Brings the book to the chain's head.
    async fn turn(&mut self) -> Result<(), Error> {
        let network = self.parts.network.borrow_and_update().clone();
        let Some((network, market)) = network.and_then(|network| {
            let market = network.addresses.market?;
            Some((network, market))
        }) else {
            self.live = None;
            self.tell(MarketPhase::Missing).await?;
            return Ok(());
        };
        let ledger = self.parts.ledger.state.borrow().clone();
        let link = ledger.chain.link;
        if !link.up {
            let (code, text) = (
                link.code.unwrap_or(Code::NodeUnreachable),
                link.message.unwrap_or_default(),
            );
            let error = Error::new(code, text);
            return self.tell(MarketPhase::Away { error }).await;
        }
        let accounts = self.parts.keystore.wallets();
        let accounts = accounts.iter().flat_map(|wallet| &wallet.accounts);
        let own: BTreeSet<Address> = accounts.map(|account| account.address).collect();
        if own != self.own {
            self.own = own;
            let own: Vec<Address> = self.own.iter().copied().collect();
            if let Some(live) = &mut self.live {
                live.book.watch(&own);
            }
        }
        let same = |live: &Live| live.market == market && live.chain_id == network.addresses.chain_id;
        if !self.live.as_ref().is_some_and(same) {
            let pair = match network.chain.market_pair(&network.addresses).await {
                Ok(pair) => pair,
                Err(error) => return self.tell(MarketPhase::Away { error: error.into() }).await,
            };
            let live = Live::load(&self.parts.store, &network, market, pair, &self.own).await?;
            self.live = Some(live);
            self.checked = None;
        }
        match self.follow(&network).await {
            Ok(()) => Ok(()),
            Err(Stop::Chain(error)) => self.tell(MarketPhase::Away { error: error.into() }).await,
            Err(Stop::Stored(error)) => {
                // What was taken into the book and not stored is read again.
                self.live = None;
                Err(error)
            }
            Err(Stop::Diverged(divergence, log)) => {
                let text = format!("block {}, log {}: {divergence}", log.block, log.log_index);
                self.mistrust(&network, text).await
            }
        }
    }

    async fn follow(&mut self, network: &Network) -> Result<(), Stop> {
        let Some(live) = &mut self.live else { return Ok(()) };
        let head = network.chain.head().await?;
        if live.at == Some((head.number, head.hash)) {
            self.compare(network).await?;
            // The day of the figures moves on, and the node may be back.
            let now = self.parts.clock.monotonic();
            let told = self.told.is_some_and(|last| now.saturating_sub(last) < AGAIN);
            if !told || self.state.borrow().phase != MarketPhase::Live {
                self.tell(MarketPhase::Live).await?;
            }
            return Ok(());
        }
        let mut changed: Vec<OrderRow> = Vec::new();
        match sync::standing(&self.parts.store, network, live).await? {
            Standing::Stands => {}
            Standing::Unknown => return Ok(()),
            Standing::Fell(kept) => {
                tracing::warn!(
                    block = kept.map(|(block, _)| block),
                    "a reorganisation has undone orders or trades"
                );
                let undone = sync::undo(&self.parts.store, live, kept).await?;
                changed.extend(undone.into_iter().filter(|(_, there)| *there).map(|(row, _)| row));
                let (market, pair) = (live.market, live.pair);
                *live = Live::load(&self.parts.store, network, market, pair, &self.own).await?;
                self.checked = None;
            }
        }
        let (store, own, state) = (self.parts.store.clone(), self.own.clone(), self.state.clone());
        let pages = network
            .chain
            .market_pages(&network.addresses, live.at, head.number);
        let stored = |block, more: Vec<OrderRow>| {
            // Of a whole market's past only the household's own orders are kept in memory.
            changed.extend(more.into_iter().filter(|row| own.contains(&row.trader)));
            if block < head.number {
                let phase = MarketPhase::Reading {
                    block,
                    head: head.number,
                };
                state.send_modify(|state| (state.phase, state.block) = (phase, Some(block)));
            }
        };
        let whole = live.take(&store, &own, pages, stored).await;
        // What is stored is told, even if the search broke off.
        self.tell_orders(&changed);
        if !whole? {
            return Ok(());
        }
        self.compare(network).await?;
        self.tell(MarketPhase::Live).await?;
        self.look_at_alerts().await?;
        Ok(())
    }

    /// Compares the book with the contract's own view: at first, after a reorganisation, and now and then.
    async fn compare(&mut self, network: &Network) -> Result<(), Stop> {
        let Some(live) = &self.live else { return Ok(()) };
        let now = self.parts.clock.monotonic();
        let orders: u64 = enerlink_domain::market::Side::ALL
            .iter()
            .map(|side| live.book.totals(*side).orders)
            .sum();
        let due = self
            .checked
            .is_none_or(|last| now.saturating_sub(last) >= CHECK && orders <= CHECKED_ORDERS);
        if !due {
            return Ok(());
        }
        let Some((differences, at)) = sync::differences(network, &live.book).await? else {
            return Ok(());
        };
        if Some(at) != live.at {
            // The chain has moved on: the next block is as good.
            return Ok(());
        }
        self.checked = Some(now);
        match differences.first() {
            None => Ok(()),
            Some(first) => {
                let text = format!(
                    "block {}: {} differences, the first: {first:?}",
                    at.0,
                    differences.len()
                );
                Ok(self.mistrust(network, text).await?)
            }
        }
    }

    /// Events, rules and contract do not agree: raises the alarm and goes on from what the contract says itself.
    async fn mistrust(&mut self, network: &Network, text: String) -> Result<(), Error> {
        tracing::error!(reason = text, "the market's book does not agree with the chain");
        let notices = Notices::new(self.parts.store.clone(), self.parts.bus.clone());
        let change = Change::Raise {
            meter: None,
            kind: NoticeKind::MarketDiverged,
            detail: text.clone(),
        };
        let written = notices.store(&[change], self.parts.clock.wall()).await?;
        notices.tell(&written);
        self.state.send_modify(|state| state.alarm = Some(text));
        let Some(live) = self.live.take() else {
            return Ok(());
        };
        match sync::adopt(&self.parts.store, network, &live, self.parts.clock.wall()).await {
            Ok(Some(changed)) => {
                let (market, pair) = (live.market, live.pair);
                self.live = Some(Live::load(&self.parts.store, network, market, pair, &self.own).await?);
                self.checked = Some(self.parts.clock.monotonic());
                self.tell_orders(&changed);
                self.tell(MarketPhase::Live).await
            }
            // The next turn finds the same, and tries again.
            Ok(None) => Ok(()),
            Err(Stop::Chain(error)) => self.tell(MarketPhase::Away { error: error.into() }).await,
            Err(Stop::Stored(error)) => Err(error),
            Err(Stop::Diverged(divergence, _)) => Err(Error::new(Code::Internal, divergence.to_string())),
        }
    }

    /// Tells the orders of the household's accounts that changed.
    fn tell_orders(&self, changed: &[OrderRow]) {
        for row in changed.iter().filter(|row| self.own.contains(&row.trader)) {
            self.parts.bus.tell(Event::Order(row.view()));
        }
    }

    /// Publishes how the market is now, if that is new.
    async fn tell(&mut self, phase: MarketPhase) -> Result<(), Error> {
        let alarm = self.state.borrow().alarm.clone();
        self.told = Some(self.parts.clock.monotonic());
        let (stats, live) = match &self.live {
            Some(live) => {
                let now = self.parts.clock.wall();
                let stats = views::stats(&self.parts.store.reader(), live.market, &live.book, now).await?;
                (Some(stats), Some(live))
            }
            None => (None, None),
        };
        let after = MarketState {
            market: live.map(|live| live.market),
            phase,
            block: live.and_then(|live| live.at).map(|(block, _)| block),
            pair: live.map(|live| live.pair),
            stats,
            alarm,
        };
        let changed = *self.state.borrow() != after;
        if changed {
            self.state.send_replace(after.clone());
            self.parts.bus.tell(Event::Market(after));
        }
        Ok(())
    }

    /// Tells prices that somebody has waited for.
    async fn look_at_alerts(&self) -> Result<(), Error> {
        let Some(stats) = self.state.borrow().stats else {
            return Ok(());
        };
        let quote = Quote {
            last: stats.last,
            bid: stats.best_bid,
            ask: stats.best_ask,
        };
        let reached = |mut alerts: Vec<Alert>| {
            alerts.retain_mut(|alert| alert.alert.look(&quote).is_some());
            alerts
        };
        if reached(price_alerts::list(&self.parts.store.reader()).await?).is_empty() {
            return Ok(());
        }
        let tx = self.parts.store.begin().await?;
        // One may be gone since.
        let mut fired = reached(price_alerts::list(&tx).await?);
        for alert in &mut fired {
            alert.fired_at = Some(self.parts.clock.wall());
            price_alerts::update(&tx, alert).await?;
        }
        tx.commit().await?;
        for alert in fired {
            self.parts.bus.tell(Event::PriceAlert(alert));
        }
        Ok(())
    }
}

impl Task for Trading {
    const NAME: &'static str = "trading";

    async fn run(&mut self) -> Result<(), Error> {
        self.live = None;
        loop {
            self.turn().await?;
            loop {
                tokio::select! {
                    biased;
                    Some(question) = self.questions.recv() => {
                        if let Some(live) = &self.live {
                            question(live);
                        }
                    }
                    changed = self.parts.ledger.state.changed() => {
                        if changed.is_err() {
                            return Ok(());
                        }
                        break;
                    }
                }
            }
        }
    }
}
