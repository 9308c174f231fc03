//! `sync`: how soon a new wallet has the whole market, and a known one has it again.
//!
//! Workload: 100 000 events of the market from block 0 on, on a real anvil: fetched, decoded, checked against the book's
//! rules, stored, and the book compared with the contract's own view; then a restart with a million stored. Limit: the
//! same pages of `eth_getLogs`, downloaded one after the other and looked at by nobody. Peers: `queryFilter` of ethers and
//! `getContractEvents` of viem, of the same pages, which is how people read events without an indexer.

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use enerlink_domain::{
    Hash32,
    id::keccak256,
    view::{MarketPhase, NetworkDraft, OrderFilter, TradeFilter},
};
use enerlink_engine::Engine;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    crowd::{self, Crowd},
    ingest,
    measure::{ROUNDS, Times, alternate},
    node::{Line, Node},
    peers::{Peer, scratch},
    report::{Figure, Goal, Side},
};

/// Events that are read.
const EVENTS: usize = 100_000;
/// Events that are stored when the wallet starts again.
const STORED: usize = 1_000_000;
/// The part of them that ethers reads in a round: the rate is the same, the patience is not.
const PART: usize = 10;
/// Events of a page, about: as many as the product asks for.
const PAGE: u64 = 10_000;
/// Seconds between two blocks.
const INTERVAL: u64 = 15;
const PATIENCE: Duration = Duration::from_secs(300);

const RAW: &str = "eth_getLogs by pages of 10 000 events, on one connection one after the other: bytes that nobody looks at";
const ETHERS: &str = "queryFilter of ethers 6 by the same pages, a tenth of them: decoded into memory; nothing is stored, no book is kept, no rule \
                      and no reorganisation is looked at, and what block an event is of has no time";
const VIEM: &str =
    "getContractEvents of viem 2 by the same pages: decoded into memory; as little is done with them";
const TENTH: &str = "the product with a tenth of the events";

/// The chain that is read, up to its last block.
struct Chain {
    node: Node,
    crowd: Crowd,
    head: u64,
}

impl Chain {
    async fn start() -> Result<Self> {
        // What has happened shall have taken its time, and lie behind.
        let blocks = u64::try_from(STORED / crowd::ROUND)? + 1_000;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let began = (now - blocks * INTERVAL).to_string();
        // What the state was after each block is not asked for, and would be kept on the disk.
        let node = Node::deployed(&["--timestamp", &began, "--prune-history"]).await?;
        Line::to(node.port)?.ask("anvil_setBlockTimestampInterval", json!([INTERVAL]))?;
        let crowd = Crowd::gather(&node).await?;
        Ok(Self { node, crowd, head: 0 })
    }

    /// Until the market has told so many events.
    fn grow(&mut self, events: usize) -> Result<()> {
        eprintln!("trading, until there are {events} events");
        self.crowd.trade(&self.node, events)?;
        let head = Line::to(self.node.port)?.ask("eth_blockNumber", json!([]))?;
        let digits = head.as_str().and_then(|text| text.strip_prefix("0x"));
        self.head = u64::from_str_radix(digits.context("a number")?, 16)?;
        Ok(())
    }

    /// First and last block of each page.
    fn pages(&self) -> Result<Vec<(u64, u64)>> {
        let blocks = self.page()?;
        let last = |from| self.head.min(from + blocks - 1);
        let from = (0..=self.head).step_by(usize::try_from(blocks)?);
        Ok(from.map(|from| (from, last(from))).collect())
    }

    /// Blocks of a page.
    fn page(&self) -> Result<u64> {
        Ok(self.head * PAGE / u64::try_from(self.crowd.events())?)
    }
}

pub(crate) fn run() -> Result<Vec<Figure>> {
    let runtime = Runtime::new()?;
    let mut chain = runtime.block_on(Chain::start())?;
    chain.grow(EVENTS)?;
    let (mut ethers, mut viem) = (Vec::new(), Vec::new());
    let (mut of_ethers, mut of_viem) = (0, 0);
    let mut peer = ethers_and_viem(&chain)?;
    let others = || {
        let took;
        (of_ethers, took) = read(&mut peer, "ethers", &chain, PART)?;
        ethers.push(took);
        let took;
        (of_viem, took) = read(&mut peer, "viem", &chain, 1)?;
        viem.push(took);
        download(&chain)
    };
    let product = || {
        let directory = tempfile::tempdir_in(scratch()?)?;
        runtime.block_on(first(directory.path(), &chain))
    };
    let (ours, raw) = alternate(ROUNDS, product, others)?;
    let all = chain.crowd.events();
    let [few, many] = restarts(&runtime, &mut chain)?;
    let [ours, raw, ethers, viem, few, many] = [ours, raw, ethers, viem, few, many].map(Times::of);
    let to = |count, times| [Side::rate(all, ours), Side::rate(count, times)];
    let figure = |goal, name, unit, peer, sides| Figure::new(goal, "sync", name, unit, peer, sides);
    Ok(vec![
        figure(
            Goal::RatioAtMost(1.5),
            "100 000 events, to their download",
            "ms",
            RAW,
            [ours, raw].map(Side::millis),
        ),
        figure(
            Goal::RatioAtLeast(10.0),
            "100 000 events, to ethers",
            "1/s",
            ETHERS,
            to(of_ethers, ethers),
        ),
        figure(
            Goal::RatioAtLeast(3.0),
            "100 000 events, to viem",
            "1/s",
            VIEM,
            to(of_viem, viem),
        ),
        figure(
            Goal::AtMost(500.0),
            "restart with 1 000 000 events",
            "ms",
            TENTH,
            [many, few].map(Side::millis),
        ),
    ])
}

/// From naming the network until the book is that of the last block, stored and compared with the contract's.
async fn first(directory: &Path, chain: &Chain) -> Result<Duration> {
    let engine = ingest::engine(directory).await?;
    let began = Instant::now();
    let network = NetworkDraft {
        rpc_url: chain.node.url(),
        fallback_url: None,
        addresses: chain.node.addresses.to_json(),
    };
    engine.set_network(network).await?;
    live(&engine, chain).await?;
    let took = began.elapsed();
    check(&engine, chain).await?;
    engine.stop().await;
    Ok(took)
}

/// Restarts with what was read, then with ten times as much.
fn restarts(runtime: &Runtime, chain: &mut Chain) -> Result<[Vec<Duration>; 2]> {
    let directory = tempfile::tempdir_in(scratch()?)?;
    runtime.block_on(first(directory.path(), chain))?;
    let restart = |chain: &Chain| runtime.block_on(again(directory.path(), chain));
    let few = (0..ROUNDS).map(|_| restart(chain)).collect::<Result<_>>()?;
    chain.grow(STORED)?;
    // This one reads what has happened since.
    restart(chain)?;
    let many = (0..ROUNDS).map(|_| restart(chain)).collect::<Result<_>>()?;
    Ok([few, many])
}

/// From starting the wallet until its book is that of the last block, compared with the contract's.
async fn again(directory: &Path, chain: &Chain) -> Result<Duration> {
    let began = Instant::now();
    let engine = ingest::engine(directory).await?;
    live(&engine, chain).await?;
    let took = began.elapsed();
    check(&engine, chain).await?;
    engine.stop().await;
    Ok(took)
}

async fn live(engine: &Engine, chain: &Chain) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = engine.market_state();
        ensure!(state.alarm.is_none(), "{:?}", state.alarm);
        if state.phase == MarketPhase::Live && state.block == Some(chain.head) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{:?}", state.phase);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Everything is stored: rows are numbered from one on.
async fn check(engine: &Engine, chain: &Chain) -> Result<()> {
    let orders = engine.orders(&OrderFilter::default(), 1, None).await?;
    let trades = engine.trades(&TradeFilter::default(), 1, None).await?;
    let stored = [
        orders.rows.first().map_or(0, |order| order.number),
        trades.rows.first().map_or(0, |trade| trade.number),
    ];
    let told = [chain.crowd.orders(), chain.crowd.trades()].map(|count| count as i64);
    ensure!(
        stored == told,
        "{stored:?} orders and trades are stored, not {told:?}"
    );
    Ok(())
}

fn download(chain: &Chain) -> Result<Duration> {
    let topics = [
        "OrderPlaced(uint256,address,uint32)",
        "Trade(uint256,address,address,uint32)",
        "OrderCancelled(uint256,uint32)",
    ]
    .map(|event| Hash32(keccak256(event.as_bytes())).to_string());
    let market = chain.node.addresses.market()?.to_lower();
    let mut line = Line::to(chain.node.port)?;
    let pages = chain.pages()?;
    let (began, mut bytes) = (Instant::now(), 0);
    for (from, to) in pages {
        let [from, to] = [from, to].map(|block| format!("0x{block:x}"));
        let filter = json!([{ "address": market, "topics": [topics], "fromBlock": from, "toBlock": to }]);
        bytes += line.download("eth_getLogs", filter)?;
    }
    let took = began.elapsed();
    ensure!(bytes > chain.crowd.events() * 100, "every event was downloaded");
    Ok(took)
}

fn ethers_and_viem(chain: &Chain) -> Result<Peer> {
    let abi = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/abi/Market.json");
    let market = chain.node.addresses.market()?.to_string();
    let mut peer = Peer::start("sync.mjs", &[&chain.node.url(), &market, abi])?;
    peer.answer()?;
    Ok(peer)
}

/// Reads one of so many parts of the chain's pages; how many events that were.
fn read(peer: &mut Peer, way: &str, chain: &Chain, parts: usize) -> Result<(usize, Duration)> {
    let pages = chain.pages()?;
    let (_, to) = pages[pages.len().div_ceil(parts) - 1];
    let order = json!({ "way": way, "to": to, "page": chain.page()? });
    let answer = peer.ask(&order.to_string())?;
    let events = usize::try_from(answer["events"].as_u64().context("a number")?)?;
    let all = chain.crowd.events();
    let expected = if to == chain.head {
        all..=all
    } else {
        all / (2 * parts)..=all
    };
    ensure!(expected.contains(&events), "every event is read: {answer}");
    let took = Duration::from_micros(answer["us"].as_u64().context("a time")?);
    Ok((events, took))
}
