//! `ingest`: how many sensors messages a second become durable facts.
//!
//! Workload: messages of about 820 bytes, quality of service 1, which a real mosquitto has kept for a subscriber that
//! comes back; until the last one is committed, every field of it. Both sides write WAL with `synchronous=FULL`.
//! Peer: mqtt.js and better-sqlite3 into tables of the same schema, with a transaction per message, then with one per
//! thousand. The product acknowledges after the commit, always.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use enerlink_domain::{Meter, MeterId, UnixMillis};
use enerlink_engine::{Config, Engine, Keystore, Parts, SystemClock};
use enerlink_store::{Store, meters, readings};
use tokio::runtime::Runtime;

use crate::{
    broker::Broker,
    generator::{self, Readings},
    measure::{ROUNDS, Times, alternate},
    peers::{Peer, scratch},
    report::{Figure, Goal, Side},
};

/// Messages of a round.
const MESSAGES: usize = 200_000;
/// Messages of a round with a transaction each: the rate is the same, the patience is not.
const FEW: usize = 4_000;
const TOPIC: &str = "bench/sensors";
const START: UnixMillis = UnixMillis(1_735_689_600_000);

const ONE_BY_ONE: &str = "mqtt.js 5 and better-sqlite3 12, a transaction per message: no registers, no rollups, no check \
                          for repeated or impossible messages";
const BY_THOUSAND: &str = "mqtt.js 5 and better-sqlite3 12, 1 000 messages per transaction: acknowledges before the \
                           commit, so that a crash loses up to 999 messages; no registers, no rollups, no check for \
                           repeated or impossible messages";

pub(crate) fn run() -> Result<Vec<Figure>> {
    let runtime = Runtime::new()?;
    let product = || runtime.block_on(product(MESSAGES));
    let (ours, theirs) = alternate(ROUNDS, product, || peer(&runtime, MESSAGES, 1_000))?;
    let single = (0..ROUNDS)
        .map(|_| peer(&runtime, FEW, 1))
        .collect::<Result<_>>()?;
    let ours = Side::rate(MESSAGES, Times::of(ours));
    let figure = |goal, name, peer, other| Figure::new(goal, "ingest", name, "msg/s", peer, [ours, other]);
    let one = Side::rate(FEW, Times::of(single));
    let many = Side::rate(MESSAGES, Times::of(theirs));
    Ok(vec![
        figure(
            Goal::RatioAtLeast(10.0),
            "to a transaction per message",
            ONE_BY_ONE,
            one,
        ),
        figure(
            Goal::RatioAtLeast(1.0),
            "to 1 000 per transaction",
            BY_THOUSAND,
            many,
        ),
    ])
}

/// A profile in `directory` that has `meters`.
pub(crate) async fn profile(directory: &Path, known: &[Meter]) -> Result<()> {
    let store = Store::open(&directory.join("enerlink.db")).await?;
    let tx = store.begin().await?;
    for meter in known {
        meters::insert(&tx, meter).await?;
    }
    tx.commit().await?;
    Ok(store.close().await?)
}

/// The engine on the profile in `directory`, as the command line starts it.
pub(crate) async fn engine(directory: &Path) -> Result<Engine> {
    let parts = Parts {
        clock: std::sync::Arc::new(SystemClock::new()),
        keystore: Keystore::open(directory)?,
    };
    Ok(Engine::start(Config::new(directory.to_owned()), parts).await?)
}

fn messages() -> impl Iterator<Item = String> {
    Readings::new(1, START, Duration::from_secs(5)).map(|(_, sensors)| generator::payload(&sensors, ""))
}

/// Until everything that the broker has kept is stored.
async fn product(count: usize) -> Result<Duration> {
    let directory = tempfile::tempdir_in(scratch()?)?;
    let broker = Broker::start()?;
    let meter = generator::meter("BENCH", broker.port, "bench", START)?;
    profile(directory.path(), std::slice::from_ref(&meter)).await?;
    // The first message shows that the broker knows the subscription.
    let mut all = messages().take(count);
    let first = engine(directory.path()).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    broker.publish_all(TOPIC, all.by_ref().take(1))?;
    committed(&first, &meter.id, 1).await?;
    first.stop().await;
    drop(first);
    broker.publish_all(TOPIC, all)?;

    let started = Instant::now();
    let second = engine(directory.path()).await?;
    let before = second.meter(&meter.id)?.device.counted;
    committed(&second, &meter.id, before + u64::try_from(count)? - 1).await?;
    let took = started.elapsed();
    ensure!(
        second.meter(&meter.id)?.device.refused == 0,
        "every message counts"
    );
    second.stop().await;
    drop(second);
    let store = Store::open(&directory.path().join("enerlink.db")).await?;
    let rows = readings::count(&store.reader(), &meter.id).await?;
    ensure!(
        rows == u64::try_from(count)?,
        "{rows} of {count} messages are stored"
    );
    store.close().await?;
    Ok(took)
}

/// Waits until `count` messages of a meter are committed. Its events are no sign of that: they tell of a message before.
async fn committed(engine: &Engine, meter: &MeterId, count: u64) -> Result<()> {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let counted = engine.meter(meter)?.device.counted;
        if counted >= count {
            return Ok(());
        }
        if counted != last {
            (last, since) = (counted, Instant::now());
        }
        ensure!(
            since.elapsed() < Duration::from_secs(60),
            "nothing was stored for a minute"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn peer(runtime: &Runtime, count: usize, batch: usize) -> Result<Duration> {
    let directory = tempfile::tempdir_in(scratch()?)?;
    let broker = Broker::start()?;
    let meter = generator::meter("BENCH", broker.port, "bench", START)?;
    runtime.block_on(profile(directory.path(), &[meter]))?;
    let database = directory.path().join("enerlink.db").display().to_string();
    let [port, total, batch] = [usize::from(broker.port), count, batch].map(|number| number.to_string());
    let mut peer = Peer::start("ingest.mjs", &[&port, &database, &total, &batch])?;
    peer.ask("subscribe")?;
    broker.publish_all(TOPIC, messages().take(count))?;
    let answer = peer.ask("drain")?;
    ensure!(
        answer["rows"].as_u64() == Some(u64::try_from(count)?),
        "the peer stores all: {answer}"
    );
    let ms = answer["ms"].as_f64().context("a time")?;
    Ok(Duration::from_secs_f64(ms / 1000.0))
}
