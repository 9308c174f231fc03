//! The ledger: what the chain says, read again and again. Balances, terms, each meter's standing, settlements that
//! another copy of the wallet has sent.

mod adopting;
mod asking;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use enerlink_chain::{ConverterTerms, Head, MeterOnChain};
use enerlink_domain::{
    Address, Clock, Error, Event, Meter, MeterId, Registration, UnixMillis, WattHours,
    event::{Balances, ChainState},
    meter::Link,
    settlement::Watermark,
};
use enerlink_keystore::Keystore;
use enerlink_store::{Store, meters};
use tokio::sync::watch;

pub(crate) use self::adopting::cursor;
use crate::{
    bus::Bus,
    config::Config,
    diagnostics, metering,
    network::{self, Network},
    task::Task,
};

/// What the chain said last.
#[derive(Clone, Debug)]
pub(crate) struct LedgerState {
    pub(crate) chain: ChainState,
    pub(crate) head: Option<Head>,
    pub(crate) terms: Option<ConverterTerms>,
    /// `Some(None)` is a meter that the chain does not know.
    pub(crate) meters: BTreeMap<MeterId, Option<MeterOnChain>>,
    pub(crate) balances: BTreeMap<Address, Balances>,
    /// When the chain was last read in full, by the steady clock.
    pub(crate) read_at: Option<Duration>,
    /// The watermarks of meters that had not been heard yet when they were last read so.
    unheard: BTreeMap<MeterId, Watermark>,
}

impl LedgerState {
    fn new(chain: ChainState) -> Self {
        Self {
            chain,
            head: None,
            terms: None,
            meters: BTreeMap::new(),
            balances: BTreeMap::new(),
            read_at: None,
            unheard: BTreeMap::new(),
        }
    }

    /// `watermark` of `meter`, as metering compares it with the registers.
    pub(crate) fn mark(&self, meter: &MeterId, watermark: Watermark) -> metering::Mark {
        metering::Mark {
            registers: watermark,
            before_contact: self.unheard.get(meter) == Some(&watermark),
        }
    }

    /// Nothing was read.
    pub(crate) fn unread(now: UnixMillis) -> Self {
        Self::new(ChainState {
            link: Link::down(now, network::missing()),
            chain_id: 0,
            block: None,
        })
    }

    /// The contract's minimum, once it was read.
    pub(crate) fn minimum(&self) -> Option<WattHours> {
        self.terms.map(|terms| terms.minimum)
    }

    /// The chain's time, Unix seconds; 0 before it was read.
    pub(crate) fn time(&self) -> u64 {
        self.head.map_or(0, |head| head.timestamp)
    }

    /// The standing of `meter` on chain.
    pub(crate) fn registration(&self, meter: &Meter) -> Registration {
        match self.meters.get(&meter.id) {
            None => Registration::Unknown,
            Some(None) => Registration::Missing,
            Some(Some(standing)) => registration(meter, standing),
        }
    }
}

fn registration(meter: &Meter, standing: &MeterOnChain) -> Registration {
    if standing.retired {
        Registration::Retired
    } else if standing.prosumer != meter.owner {
        Registration::Foreign {
            prosumer: standing.prosumer,
        }
    } else if standing.opened {
        let (watermark, baseline, settler) = (standing.watermark, standing.baseline, standing.settler);
        Registration::Open {
            watermark,
            baseline,
            settler,
        }
    } else {
        Registration::Registered
    }
}

/// How far the chain was seen to go, before anything was read at that block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) head: Option<Head>,
    /// How often it was looked for because its time had come, whatever came of it.
    turns: u64,
}

/// Reads the chain's state, and asks the task to read again at once.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) state: watch::Receiver<LedgerState>,
    pub(crate) sight: watch::Receiver<Sight>,
    wake: watch::Sender<Asked>,
}

/// What was asked of the task so far.
#[derive(Clone, Copy, Default)]
struct Asked {
    looks: u64,
    readings: u64,
    /// A transaction waits for the next block.
    awaited: bool,
}

impl Handle {
    /// Makes the task look at the chain now instead of at its next turn. What was read at the same head stands.
    pub(crate) fn look(&self) {
        self.wake.send_modify(|asked| asked.looks += 1);
    }

    /// Makes the task read everything now, whatever the head is: there are other meters or accounts.
    pub(crate) fn refresh(&self) {
        self.wake.send_modify(|asked| asked.readings += 1);
    }

    /// Says whether a transaction waits for the next block: until then it is looked for more often.
    pub(crate) fn await_block(&self, awaited: bool) {
        self.wake.send_if_modified(|asked| {
            let before = std::mem::replace(&mut asked.awaited, awaited);
            awaited && !before
        });
    }
}

pub(crate) struct Ledger {
    clock: Arc<dyn Clock>,
    store: Store,
    bus: Bus,
    config: Config,
    network: watch::Receiver<Option<Network>>,
    metering: metering::Handle,
    keystore: Arc<Keystore>,
    diagnostics: diagnostics::Handle,
    state: watch::Sender<LedgerState>,
    sight: watch::Sender<Sight>,
    wake: watch::Receiver<Asked>,
    verified: bool,
    /// Readings that were asked for and are done.
    readings: u64,
    /// Read again even when there is no new block.
    asked: bool,
    /// Looks that were due, and when the next one is, by the steady clock.
    turns: u64,
    due: Duration,
}

/// What the task needs from the engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) config: Config,
    pub(crate) network: watch::Receiver<Option<Network>>,
    pub(crate) metering: metering::Handle,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) diagnostics: diagnostics::Handle,
}

impl Ledger {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let Parts {
            clock,
            store,
            bus,
            config,
            network,
            metering,
            keystore,
            diagnostics,
        } = parts;
        let waiting = network
            .borrow()
            .as_ref()
            .map_or_else(network::missing, |network| {
                Error::new(
                    enerlink_domain::Code::NodeUnreachable,
                    format!("the node at {} was not asked yet", network.chain.rpc_url()),
                )
            });
        let chain_id = network
            .borrow()
            .as_ref()
            .map_or(0, |network| network.addresses.chain_id);
        let chain = ChainState {
            link: Link::down(clock.wall(), waiting),
            chain_id,
            block: None,
        };
        let (state, reader) = watch::channel(LedgerState::new(chain));
        let (sight, seen) = watch::channel(Sight::default());
        let (wake, waker) = watch::channel(Asked::default());
        let ledger = Self {
            clock,
            store,
            bus,
            config,
            network,
            metering,
            keystore,
            diagnostics,
            state,
            sight,
            wake: waker,
            verified: false,
            readings: 0,
            asked: true,
            turns: 0,
            due: Duration::ZERO,
        };
        let handle = Handle {
            state: reader,
            sight: seen,
            wake,
        };
        (ledger, handle)
    }

    /// One look at the chain.
    async fn look(&mut self) -> Result<(), Error> {
        let Some(network) = self.network.borrow_and_update().clone() else {
            self.set_link(0, Err(network::missing()));
            return Ok(());
        };
        let outcome = self.read(&network).await;
        self.show(None);
        if let Err(error) = &outcome {
            tracing::warn!(code = ?error.code, %error, "the chain cannot be read");
        }
        if outcome.is_ok() {
            let now = self.clock.monotonic();
            self.state.send_modify(|state| state.read_at = Some(now));
        }
        self.verified = outcome.is_ok();
        self.asked = outcome.is_err();
        self.set_link(network.addresses.chain_id, outcome);
        Ok(())
    }

    /// Shows how far the chain goes, if that is known, and that it was looked for.
    fn show(&self, head: Option<Head>) {
        self.sight.send_if_modified(|sight| {
            let (head, turns) = (head.or(sight.head), self.turns);
            let now = Sight { head, turns };
            std::mem::replace(sight, now) != now
        });
    }

    async fn read(&mut self, network: &Network) -> Result<(), Error> {
        let Network { chain, addresses } = network;
        // Registers are lifted to what is read here, so that another chain must not get as far.
        if self.verified {
            network.check_identity().await?;
        } else {
            chain.verify(addresses).await?;
        }
        let asked = self.clock.monotonic();
        let head = chain.head().await?;
        self.diagnostics
            .called(self.clock.monotonic().saturating_sub(asked));
        // Who waits for a block need not wait for what is read at it.
        self.show(Some(head));
        let known_head = self
            .state
            .borrow()
            .head
            .is_some_and(|known| known.hash == head.hash);
        if self.verified && known_head && !self.asked {
            return self.catch_up(network, head.number).await;
        }
        let known = meters::list(&self.store.reader()).await?;
        let mut accounts: BTreeSet<Address> = known.iter().map(|meter| meter.owner).collect();
        let wallets = self.keystore.wallets();
        accounts.extend(
            wallets
                .iter()
                .flat_map(|wallet| &wallet.accounts)
                .map(|account| account.address),
        );
        let (terms, standings, balances) = asking::ask(network, &known, &accounts).await?;
        let standings: Vec<_> = known.iter().zip(standings).collect();
        // Registers are compared with the chain before anybody can settle by both.
        self.raise(&standings).await?;
        self.publish(head, terms, &standings, &balances);
        self.adopt(network, &known, head.number, true).await
    }

    /// Does what the last block could not yet: a meter may have been heard, or a settlement have ended, since then.
    async fn catch_up(&self, network: &Network, head: u64) -> Result<(), Error> {
        let known = meters::list(&self.store.reader()).await?;
        for meter in &known {
            let registration = self.state.borrow().registration(meter);
            if let Registration::Open { watermark, .. } = registration {
                let mark = self.state.borrow().mark(&meter.id, watermark);
                self.metering.raise(&meter.id, mark).await?;
            }
        }
        self.adopt(network, &known, head, false).await
    }

    /// Lifts the registers of opened meters to the chain's.
    async fn raise(&self, standings: &[(&Meter, Option<MeterOnChain>)]) -> Result<(), Error> {
        let opened = standings.iter().filter_map(|(meter, standing)| {
            let standing = standing.filter(|standing| standing.opened)?;
            Some((&meter.id, standing.watermark))
        });
        let unheard = opened
            .clone()
            .filter(|(meter, _)| !self.metering.has_heard(meter));
        self.state.send_if_modified(|state| {
            state
                .unheard
                .extend(unheard.map(|(meter, watermark)| (meter.clone(), watermark)));
            // Nobody waits for it.
            false
        });
        for (meter, watermark) in opened {
            let mark = self.state.borrow().mark(meter, watermark);
            self.metering.raise(meter, mark).await?;
        }
        Ok(())
    }

    /// Lets everybody see what was read, all of it at once, and tells what of it is new.
    fn publish(
        &self,
        head: Head,
        terms: ConverterTerms,
        standings: &[(&Meter, Option<MeterOnChain>)],
        balances: &[Balances],
    ) {
        let mut news = Vec::new();
        self.state.send_modify(|state| {
            if let Some(before) = state.terms.filter(|before| *before != terms) {
                tracing::warn!(?before, now = ?terms, "the converter's ratio or minimum has changed");
            }
            state.head = Some(head);
            state.terms = Some(terms);
            for (meter, standing) in standings {
                let before = state.registration(meter);
                state.meters.insert(meter.id.clone(), *standing);
                let registration = state.registration(meter);
                if before != registration {
                    tracing::info!(meter = %meter.id, after = ?registration, "registration changed");
                    let meter_id = meter.id.clone();
                    news.push(Event::Registration {
                        meter_id,
                        registration,
                    });
                }
            }
            let before = std::mem::take(&mut state.balances);
            for balances in balances {
                state.balances.insert(balances.account, *balances);
                let block = balances.block;
                let same = before
                    .get(&balances.account)
                    .is_some_and(|before| Balances { block, ..*before } == *balances);
                if !same {
                    news.push(Event::Balances(*balances));
                }
            }
        });
        for event in news {
            self.bus.tell(event);
        }
    }

    fn set_link(&self, chain_id: u64, outcome: Result<(), Error>) {
        let now = self.clock.wall();
        let (before, head) = {
            let state = self.state.borrow();
            (state.chain.clone(), state.head)
        };
        let link = match outcome {
            Ok(()) if before.link.up => before.link.clone(),
            Ok(()) => Link::up(now),
            Err(error) if !before.link.up && before.link.message.as_deref() == Some(&error.message) => {
                before.link.clone()
            }
            Err(error) => Link::down(now, error),
        };
        let after = ChainState {
            link,
            chain_id,
            block: head.map(|head| head.number),
        };
        self.state.send_modify(|state| state.chain = after.clone());
        if after != before {
            self.bus.tell(Event::Chain(after));
        }
    }
}

impl Task for Ledger {
    const NAME: &'static str = "ledger";

    async fn run(&mut self) -> Result<(), Error> {
        self.verified = false;
        loop {
            self.look().await?;
            let pause = match self.wake.borrow().awaited {
                true => self.config.chain_poll / 4,
                false => self.config.chain_poll,
            };
            tokio::select! {
                biased;
                _ = self.wake.changed() => {
                    let readings = self.wake.borrow_and_update().readings;
                    self.asked |= readings != std::mem::replace(&mut self.readings, readings);
                }
                _ = self.network.changed() => self.verified = false,
                () = self.clock.sleep(pause) => {
                    let now = self.clock.monotonic();
                    if now >= self.due {
                        self.turns += 1;
                        self.due = now + self.config.chain_poll;
                    }
                }
            }
        }
    }
}
