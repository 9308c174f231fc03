//! `settle`: how soon what meters are owed is on the chain.
//!
//! Workload: a thousand meters of one account settle at once, until the last settlement is in a block and its row says
//! SUCCESS; then single ones, from the call until the node has taken the transaction. The node is a real anvil with a
//! block a second, gas is free. Limit: the same number of transactions that were signed before, handed over on one
//! connection that waits for no answer, until all are in blocks. Peer: the contract call of ethers v6, as it comes, and
//! told everything that it would otherwise ask the node for.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use enerlink_domain::{
    Event, Meter, MeterId, MicroWh, Registers, Registration, Status, TxStage, UnixMillis,
    register::{CounterSource, Pair},
    settlement::SettlementFilter,
    view::NetworkDraft,
};
use enerlink_engine::{Config, Engine, Events, KdfParams, Keystore, Parts, Password, SystemClock};
use enerlink_keystore::{Import, Moment};
use enerlink_store::{Store, registers};
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    broker::Broker,
    generator, ingest,
    measure::{ROUNDS, Times, alternate},
    node::{self, KEYS, Line, Node, OPENED, SETTLED},
    peers::{Peer, scratch},
    report::{Figure, Goal, Side},
};

/// Meters that settle at once.
const METERS: usize = 1_000;
/// Those of a round of ethers, one after the other: the rate is the same, the patience is not.
const FEW: usize = 200;
/// Single settlements of each side.
const SINGLES: usize = 50;
/// Accounts of [`KEYS`]: each side has meters of its own.
const OWNER: usize = 1;
const DEFAULT: usize = 2;
const TUNED: usize = 3;
const START: UnixMillis = UnixMillis(1_735_689_600_000);
const PASSWORD: &str = "kopi tubruk di teras, hujan sore 1998";
const PATIENCE: Duration = Duration::from_secs(120);

const RAW: &str = "anvil with transactions that were signed before, on one connection without waiting for answers, until \
                   they are in blocks: nothing is read, simulated, stored, signed or compared meanwhile";
const IN_TURN: &str = "contract.settleMeter of ethers 6 with a NonceManager, one after the other, until all are in \
                       blocks: nothing is stored, so that a crash forgets what was sent; what is owed and whether it was booked \
                       so is not asked";
const AT_ONCE: &str = "contract.settleMeter of ethers 6 with a Wallet, called for all meters without waiting: calls that \
                       were refused, each with the nonce of another";
const PLAIN: &str = "contract.settleMeter of ethers 6 with a Wallet and a JsonRpcProvider as they come, until it answers \
                     the transaction: estimates gas, asks for fees, nonce and network; what is owed is not read from the \
                     chain, nothing is stored before it is sent";
const GIVEN: &str = "the same with a static network, no waiting for batches, and nonce, gas and fee given: signs and \
                     sends; nothing is read, simulated or stored, and another transaction of the account would break it";

/// What a round of the product has shown.
struct Batch {
    took: Duration,
    settled: usize,
    /// Transactions that did not come into a block by the first nonce they were signed with.
    astray: usize,
}

pub(crate) fn run() -> Result<Vec<Figure>> {
    let runtime = Runtime::new()?;
    let mut in_turn = Vec::new();
    let others = || {
        in_turn.push(runtime.block_on(ethers_in_turn())?);
        runtime.block_on(raw())
    };
    let (ours, limit) = alternate(ROUNDS, || runtime.block_on(product()), others)?;
    let astray = ours.iter().map(|round| round.astray).max().unwrap_or_default();
    let refused = runtime.block_on(ethers_at_once())?;
    let [ours, limit] = [ours.iter().map(|round| round.took).collect(), limit]
        .map(|times| Side::rate(METERS, Times::of(times)));
    let in_turn = Side::rate(FEW, Times::of(in_turn));
    let single = runtime.block_on(singles())?;
    let [single, plain, given] = single.map(|times| Side::millis(Times::of(times)));
    let figure = |goal, name, unit, peer, sides| Figure::new(goal, "settle", name, unit, peer, sides);
    let errors = [astray, refused].map(|count| Side::steady(count as f64));
    Ok(vec![
        figure(
            Goal::RatioAtLeast(0.7),
            "1 000 meters at once, to signed before",
            "1/s",
            RAW,
            [ours, limit],
        ),
        figure(
            Goal::RatioAtLeast(1.0),
            "1 000 meters at once, to ethers",
            "1/s",
            IN_TURN,
            [ours, in_turn],
        ),
        figure(
            Goal::AtMost(0.0),
            "1 000 meters at once, nonce errors",
            "errors",
            AT_ONCE,
            errors,
        ),
        figure(
            Goal::RatioAtMost(0.2),
            "single, to ethers as it comes",
            "ms",
            PLAIN,
            [single, plain],
        ),
        figure(
            Goal::RatioAtMost(0.2),
            "single, to ethers tuned",
            "ms",
            GIVEN,
            [single, given],
        ),
    ])
}

/// A household whose meters are owed [`SETTLED`], on the chain of `node`: unlocked, and settling only when it is told to.
struct Household {
    engine: Engine,
    _broker: Broker,
    _directory: tempfile::TempDir,
}

impl Household {
    async fn start(node: &Node, ids: &[MeterId]) -> Result<Self> {
        let directory = tempfile::tempdir_in(scratch()?)?;
        let broker = Broker::start()?;
        let owner = node::account(OWNER)?.address();
        let known: Vec<Meter> = ids
            .iter()
            .map(|id| {
                let meter = generator::meter(id.as_str(), broker.port, id.as_str(), START)?;
                Ok(Meter { owner, ..meter })
            })
            .collect::<Result<_>>()?;
        ingest::profile(directory.path(), &known).await?;
        count(directory.path(), ids).await?;
        let mut config = Config::new(directory.path().to_owned());
        config.settling.automatic = false;
        let parts = Parts {
            clock: Arc::new(SystemClock::new()),
            keystore: keys(directory.path())?,
        };
        let engine = Engine::start(config, parts).await?;
        let network = NetworkDraft {
            rpc_url: node.url(),
            fallback_url: None,
            addresses: node.addresses.to_json(),
        };
        engine.set_network(network).await?;
        engine.unlock(Password::from(PASSWORD.to_owned())).await?;
        let household = Self {
            engine,
            _broker: broker,
            _directory: directory,
        };
        household.await_chain(ids).await?;
        Ok(household)
    }

    /// Waits until the chain was read for every meter.
    async fn await_chain(&self, ids: &[MeterId]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        for id in ids {
            while !matches!(self.engine.meter(id)?.registration, Registration::Open { .. }) {
                ensure!(Instant::now() < deadline, "{id} is not open on the chain");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    /// Settles all `ids`, none waiting for another.
    async fn settle(&self, ids: &[MeterId]) -> Result<Batch> {
        let mut events = self.engine.events();
        let began = Instant::now();
        let mut asked = JoinSet::new();
        for id in ids {
            let (engine, id) = (self.engine.clone(), id.clone());
            asked.spawn(async move { engine.settle_now(id).await });
        }
        let mut ended = BTreeSet::new();
        while ended.len() < ids.len() {
            tokio::select! {
                Some(asked) = asked.join_next() => {
                    asked??;
                }
                event = next(&mut events) => match event? {
                    Event::Settlement(row) if row.status != Status::Pending => {
                        ended.insert(row.meter_id);
                    }
                    // What was missed is in the database.
                    Event::Lagged { .. } => ended.extend(self.succeeded().await?),
                    _ => {}
                },
            }
        }
        let took = began.elapsed();
        let settled = self.succeeded().await?.len();
        Ok(Batch {
            took,
            settled,
            astray: self.astray().await?,
        })
    }

    /// Transactions that were signed again or have ended in vain.
    async fn astray(&self) -> Result<usize> {
        let vain = [TxStage::Failed, TxStage::Replaced, TxStage::Dropped];
        let (mut astray, mut before) = (0, None);
        loop {
            let page = self.engine.transactions(u16::MAX, before).await?;
            let more = page.rows.iter();
            astray += more
                .filter(|row| row.versions != 1 || vain.contains(&row.stage))
                .count();
            before = page.next;
            if before.is_none() {
                return Ok(astray);
            }
        }
    }

    /// The meters whose settlement has succeeded.
    async fn succeeded(&self) -> Result<Vec<MeterId>> {
        let filter = SettlementFilter {
            status: Some(Status::Success),
            ..SettlementFilter::default()
        };
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = self.engine.settlements(&filter, u16::MAX, before).await?;
            found.extend(page.rows.into_iter().map(|row| row.meter_id));
            before = page.next;
            if before.is_none() {
                return Ok(found);
            }
        }
    }

    /// Settles one; until the node has taken its transaction.
    async fn settle_one(&self, id: &MeterId) -> Result<Duration> {
        let mut events = self.engine.events();
        let began = Instant::now();
        let row = self.engine.settle_now(id.clone()).await?;
        loop {
            if let Event::Transaction(tx) = next(&mut events).await?
                && tx.settlement_id.as_ref() == Some(&row.settlement_id)
                && ![TxStage::Queued, TxStage::Signed].contains(&tx.stage)
            {
                ensure!(
                    [TxStage::Sent, TxStage::Mined, TxStage::Confirmed].contains(&tx.stage),
                    "{id}: {:?}",
                    tx.reason
                );
                return Ok(began.elapsed());
            }
        }
    }
}

async fn next(events: &mut Events) -> Result<Event> {
    let next = tokio::time::timeout(PATIENCE, events.next()).await;
    next.context("nothing was told for two minutes")?
        .context("the engine has stopped")
}

/// Writes registers that were compared with the chain before, as after any run, and have grown since.
async fn count(directory: &Path, ids: &[MeterId]) -> Result<()> {
    let energy = |wh: u64| MicroWh(wh * 1_000_000);
    let grown = Registers {
        export: energy(SETTLED.export.0),
        first: Pair {
            export: energy(OPENED.export.0),
            import: MicroWh::ZERO,
        },
        lead: Some(Pair::default()),
        ..Registers::new(CounterSource::Total)
    };
    let store = Store::open(&directory.join("enerlink.db")).await?;
    let tx = store.begin().await?;
    registers::save_all(&tx, ids.iter().map(|id| (id, &grown)), START).await?;
    tx.commit().await?;
    Ok(store.close().await?)
}

/// The household's key, under the cheapest vault that there may be.
fn keys(directory: &Path) -> Result<Keystore> {
    let keystore = Keystore::open_with(directory, KdfParams::FLOOR)?;
    let key = Import::PrivateKey(KEYS[OWNER].to_owned().into());
    let at = Moment {
        wall: START,
        monotonic: Duration::ZERO,
    };
    keystore.import("Household", &Password::from(PASSWORD.to_owned()), &key, &[], at)?;
    Ok(keystore)
}

async fn product() -> Result<Batch> {
    let ids = node::meters("BENCH", METERS)?;
    let node = Node::start(&[(OWNER, &ids)]).await?;
    let household = Household::start(&node, &ids).await?;
    node.await_block()?;
    let batch = household.settle(&ids).await?;
    household.engine.stop().await;
    ensure!(
        node.settled()? == batch.settled && batch.settled + batch.astray >= METERS,
        "the rows say what the chain says"
    );
    Ok(batch)
}

async fn raw() -> Result<Duration> {
    let ids = node::meters("BENCH", METERS)?;
    let node = Node::start(&[(OWNER, &ids)]).await?;
    let owner = node::account(OWNER)?;
    let signed = node.signed(&owner, &ids).await?;
    let mut line = Line::to(node.port)?;
    let last = line.nonce(owner.address())? + u64::try_from(METERS)?;
    node.await_block()?;
    let began = Instant::now();
    line.send_all(&signed)?;
    line.await_nonce(owner.address(), last)?;
    let took = began.elapsed();
    ensure!(node.settled()? == METERS, "every meter is settled once");
    Ok(took)
}

/// ethers with the key of an account of [`KEYS`].
fn ethers(node: &Node, account: usize) -> Result<Peer> {
    let abi = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../contracts/abi/EnergyConverter.json"
    );
    let converter = node.addresses.converter.to_string();
    let mut peer = Peer::start("settle.mjs", &[&node.url(), &converter, abi, KEYS[account]])?;
    peer.answer()?;
    Ok(peer)
}

/// Tells ethers to settle `ids` in one of its ways.
fn order(peer: &mut Peer, way: &str, ids: &[MeterId]) -> Result<serde_json::Value> {
    let settlement = |id: &MeterId| {
        let settlement_id = enerlink_domain::settlement::settlement_id(id, SETTLED);
        serde_json::json!([id.as_str(), SETTLED.export.0, SETTLED.import.0, settlement_id])
    };
    let meters: Vec<_> = ids.iter().map(settlement).collect();
    peer.ask(&serde_json::json!({ "way": way, "meters": meters }).to_string())
}

fn micros(answer: &serde_json::Value) -> Result<Duration> {
    Ok(Duration::from_micros(answer["us"].as_u64().context("a time")?))
}

async fn ethers_in_turn() -> Result<Duration> {
    let ids = node::meters("BENCH", FEW)?;
    let node = Node::start(&[(DEFAULT, &ids)]).await?;
    let mut peer = ethers(&node, DEFAULT)?;
    node.await_block()?;
    let took = micros(&order(&mut peer, "in_turn", &ids)?)?;
    ensure!(node.settled()? == FEW, "every meter is settled once");
    Ok(took)
}

/// How many of ethers' calls are refused when none waits for another.
async fn ethers_at_once() -> Result<usize> {
    let ids = node::meters("BENCH", METERS)?;
    let node = Node::start(&[(DEFAULT, &ids)]).await?;
    let mut peer = ethers(&node, DEFAULT)?;
    let refused = order(&mut peer, "at_once", &ids)?["refused"].as_u64();
    Ok(usize::try_from(refused.context("a number")?)?)
}

/// The product, ethers as it comes, and tuned, by turns on the same node.
async fn singles() -> Result<[Vec<Duration>; 3]> {
    let [ours, plain, given] = ["OURS", "PLAIN", "TUNED"].map(|name| node::meters(name, SINGLES + 1));
    let (ours, plain, given) = (ours?, plain?, given?);
    let node = Node::start(&[(OWNER, &ours), (DEFAULT, &plain), (TUNED, &given)]).await?;
    let household = Household::start(&node, &ours).await?;
    let (mut default, mut tuned) = (ethers(&node, DEFAULT)?, ethers(&node, TUNED)?);
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=SINGLES {
        for side in 0..3 {
            let side = (round + side) % 3;
            let took = match side {
                0 => household.settle_one(&ours[round]).await?,
                1 => micros(&order(&mut default, "plain", &plain[round..=round])?)?,
                _ => micros(&order(&mut tuned, "given", &given[round..=round])?)?,
            };
            // The first of each is for connections and caches.
            if round > 0 {
                times[side].push(took);
            }
        }
        // People do not settle without pause; what has just come into a block is looked at.
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let ids: BTreeSet<&MeterId> = ours.iter().collect();
    let deadline = Instant::now() + PATIENCE;
    while household.succeeded().await?.len() < ids.len() {
        ensure!(Instant::now() < deadline, "a single settlement is missing");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    household.engine.stop().await;
    Ok(times)
}
