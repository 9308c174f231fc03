//! Trading: the market's book in memory and in the database, as the chain's events tell it, checked against the rules
//! and against the contract's own view.

mod intake;
mod news;
mod orders;
mod rows;
mod stored;
mod sync;
mod views;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use enerlink_chain::MarketPage;
use enerlink_domain::{
    Address, Clock, Code, Error, Event, NoticeKind,
    view::{MarketPhase, MarketState},
};
use enerlink_keystore::Keystore;
use enerlink_store::Store;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use self::intake::Asked;
use self::{
    news::News,
    sync::{Live, Standing, Stop},
};
use crate::{bus::Bus, ledger, network::Network, notices::Change, task::Task};

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
            Err(Stop::Doubted(doubt)) => self.mistrust(&network, doubt).await,
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
        let up_to_date = self.state.borrow().phase == MarketPhase::Live;
        let mut news = News::begin(&self.parts, up_to_date, live.at).await?;
        match sync::standing(&self.parts.store, network, live).await? {
            Standing::Stands => {}
            Standing::Unknown => return Ok(()),
            Standing::Fell(kept) => {
                tracing::warn!(
                    block = kept.map(|(block, _)| block),
                    "a reorganisation has undone orders or trades"
                );
                let undone = sync::undo(&self.parts.store, live, kept).await?;
                let kept = undone.into_iter().filter(|(_, there)| *there);
                news.change(&self.own, kept.map(|(row, _)| row).collect());
                let (market, pair) = (live.market, live.pair);
                *live = Live::load(&self.parts.store, network, market, pair, &self.own).await?;
                self.checked = None;
            }
        }
        let (store, own, state) = (self.parts.store.clone(), self.own.clone(), self.state.clone());
        let pages = network
            .chain
            .market_pages(&network.addresses, live.at, head.number);
        let stored = |page: &MarketPage, rows| {
            news.hear(&own, page, rows);
            let (block, head) = (page.to, head.number);
            if block < head {
                let phase = MarketPhase::Reading { block, head };
                state.send_modify(|state| (state.phase, state.block) = (phase, Some(block)));
            }
        };
        let pair = live.pair;
        let whole = live.take(&store, &own, pages, stored).await;
        // What is stored is told, even if the search broke off.
        self.tell_news(&news, pair).await?;
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
        if let Some(doubt) = &live.doubt {
            return Err(Stop::Doubted(doubt.clone()));
        }
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
        let Some(first) = differences.first() else {
            return Ok(());
        };
        let (block, count) = (at.0, differences.len());
        Err(Stop::Doubted(format!(
            "block {block}: {count} differences, the first: {first:?}"
        )))
    }

    /// Events, rules and contract do not agree: raises the alarm and goes on from what the contract says itself.
    async fn mistrust(&mut self, network: &Network, doubt: String) -> Result<(), Error> {
        tracing::error!(reason = doubt, "the market's book does not agree with the chain");
        let now = self.parts.clock.wall();
        // What is found again with every block is one alarm.
        if self.state.borrow().alarm.as_ref() != Some(&doubt) {
            let change = Change::Raise {
                meter: None,
                kind: NoticeKind::MarketDiverged,
                detail: doubt.clone(),
            };
            let notices = self.notices();
            notices.tell(&notices.store(&[change], now).await?);
            self.state.send_modify(|state| state.alarm = Some(doubt.clone()));
        }
        let Some(mut live) = self.live.take() else {
            return Ok(());
        };
        live.doubt = Some(doubt);
        let up_to_date = self.state.borrow().phase == MarketPhase::Live;
        let mut news = News::begin(&self.parts, up_to_date, live.at).await?;
        let (store, own) = (&self.parts.store, &self.own);
        let stored = |page: &MarketPage, rows| news.hear(own, page, rows);
        let mut adopted = sync::adopt(store, network, &mut live, own, now, stored).await;
        if let Ok(Some(changed)) = &mut adopted {
            news.change(own, std::mem::take(changed));
        }
        self.tell_news(&news, live.pair).await?;
        match adopted {
            Ok(Some(_)) => {
                let live = Live::load(store, network, live.market, live.pair, own).await?;
                if let Some(doubt) = live.doubt {
                    return Err(Error::new(Code::DatabaseDamaged, doubt));
                }
                self.live = Some(live);
                self.checked = Some(self.parts.clock.monotonic());
                self.tell(MarketPhase::Live).await?;
                self.look_at_alerts().await
            }
            // The next turn finds the same, and tries again.
            Ok(None) => Ok(()),
            Err(Stop::Chain(error)) => self.tell(MarketPhase::Away { error: error.into() }).await,
            Err(Stop::Stored(error)) => Err(error),
            Err(Stop::Doubted(doubt)) => Err(Error::new(Code::Internal, doubt)),
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
                        if let Some(live) = self.live.as_ref().filter(|live| live.doubt.is_none()) {
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
