//! `live`: how long after it was sent a reading reaches the window, while somebody looks at a year.
//!
//! Workload: ten meters say a thousand messages a second, quality of service 1, and the energy of a year is asked for ten
//! times a second. The product tells what a message says at once, and acknowledges it to the broker after the commit; it
//! is the first telling that counts here. Peer: mqtt.js acknowledges, stores whatever has arrived with better-sqlite3 in
//! one transaction, then socket.io tells a Node client. Limit: mosquitto_pub to mosquitto_sub.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use enerlink_domain::{Event, Meter, MeterId, UnixMillis, reading::DeviceTime};
use enerlink_engine::{Engine, Events};
use enerlink_store::Store;
use tokio::runtime::Runtime;

use crate::{
    broker::Broker,
    generator::{self, Readings},
    ingest,
    measure::{ROUNDS, Times, alternate, p99},
    peers::{Peer, scratch},
    report::{Figure, Goal, Side},
};

const METERS: usize = 10;
/// A message every millisecond.
const PACE: Duration = Duration::from_millis(1);
/// Messages of a round: the rounds together are a minute.
const MESSAGES: usize = 12_000;
/// Messages of the limit.
const FEW: usize = 5_000;
const STEP: Duration = Duration::from_secs(5);
const START: UnixMillis = UnixMillis(1_735_689_600_000);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// The meter that has a year of readings.
const METER_OF_YEAR: &str = "YEAR";

const PEER: &str = "mqtt.js 5 to better-sqlite3 12 to socket.io 4 to a Node client: tells after its commit, where the \
                    product tells before; acknowledges before it, where the product does so after, so that a crash \
                    loses what the broker was told is safe; no registers, no rollups (it asks the same year from the \
                    table of hours that the profile was filled with)";
const LIMIT: &str = "mosquitto_pub to mosquitto_sub in the same run: nothing is stored";

/// What one round has shown.
struct Round {
    p99: Duration,
    /// The most messages that were sent and not yet told.
    backlog: usize,
}

pub(crate) fn run() -> Result<Vec<Figure>> {
    let runtime = Runtime::new()?;
    let mut loopback = Vec::new();
    let product = || {
        loopback.push(limit()?);
        runtime.block_on(product())
    };
    let (ours, theirs) = alternate(ROUNDS, product, || peer(&runtime))?;
    let backlog = ours.iter().map(|round| round.backlog).max().unwrap_or_default();
    let other = theirs.iter().map(|round| round.backlog).max().unwrap_or_default();
    let [ours, theirs] = [ours, theirs].map(|rounds| {
        let times = rounds.iter().map(|round| round.p99).collect();
        Side::millis(Times::of(times))
    });
    let loopback = Side::millis(Times::of(loopback));
    let figure = |goal, name, unit, peer, sides| Figure::new(goal, "live", name, unit, peer, sides);
    let backlogs = [backlog, other].map(|most| Side::steady(most as f64));
    Ok(vec![
        figure(
            Goal::RatioAtMost(0.2),
            "sent to told, p99",
            "ms",
            PEER,
            [ours, theirs],
        ),
        figure(
            Goal::AtMost(5.0),
            "sent to told, p99, by itself",
            "ms",
            LIMIT,
            [ours, loopback],
        ),
        figure(
            Goal::AtMost(250.0),
            "sent and not yet told, at most",
            "messages",
            PEER,
            backlogs,
        ),
    ])
}

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn took(sent_us: i64) -> Duration {
    Duration::from_micros(u64::try_from(now_us() - sent_us).unwrap_or_default())
}

/// When each message was sent, and how many were.
struct Sent {
    at: Vec<AtomicI64>,
    count: AtomicUsize,
}

impl Sent {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            at: (0..MESSAGES).map(|_| AtomicI64::new(0)).collect(),
            count: AtomicUsize::new(0),
        })
    }
}

/// Sends every message at its time, the meters by turns.
fn send(broker: &Broker, sent: &Sent) -> Result<()> {
    let mut publishers = Vec::new();
    let mut readings = Vec::new();
    for meter in 0..METERS {
        publishers.push(broker.publisher(&format!("M{meter}/sensors"))?);
        readings.push(Readings::new(meter as u64, START, STEP));
    }
    // Until all are connected: what waits in a pipe was not sent.
    thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    for message in 0..MESSAGES {
        let due = began + PACE * u32::try_from(message)?;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let meter = message % METERS;
        let (_, sensors) = readings[meter].next().context("endless")?;
        let at = now_us();
        sent.at[message].store(at, Ordering::Relaxed);
        publishers[meter].say(&generator::payload(&sensors, &format!("\"sent_us\":{at},")))?;
        publishers[meter].flush()?;
        sent.count.store(message + 1, Ordering::Release);
    }
    publishers
        .into_iter()
        .try_for_each(|publisher| publisher.finish())
}

/// A profile with the ten meters, and one more that has a year of readings five minutes apart.
async fn profile(directory: &std::path::Path, broker: &Broker) -> Result<MeterId> {
    let meter = |name: &str| generator::meter(name, broker.port, name, START);
    let known: Vec<Meter> = (0..METERS)
        .map(|number| meter(&format!("M{number}")))
        .collect::<Result<_>>()?;
    ingest::profile(directory, &known).await?;
    let store = Store::open(&directory.join("enerlink.db")).await?;
    let year = meter(METER_OF_YEAR)?;
    let step = Duration::from_secs(300);
    let count = YEAR.as_secs() / step.as_secs();
    generator::fill(
        &store,
        &year,
        Readings::new(99, START, step),
        usize::try_from(count)?,
    )
    .await?;
    store.close().await?;
    Ok(year.id)
}

async fn product() -> Result<Round> {
    let directory = tempfile::tempdir_in(scratch()?)?;
    let broker = Broker::start()?;
    let year = profile(directory.path(), &broker).await?;
    let engine = ingest::engine(directory.path()).await?;
    let events = engine.events();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sent = Sent::new();
    let (publishing, hearing) = (Arc::clone(&sent), Arc::clone(&sent));
    let asking = tokio::spawn(ask(engine.clone(), year));
    let hearing = tokio::spawn(hear(events, hearing));
    let publishing = thread::spawn(move || send(&broker, &publishing).map(|()| broker));
    let (mut heard, backlog) = hearing.await??;
    asking.abort();
    let _broker = publishing
        .join()
        .map_err(|_| anyhow::anyhow!("the publisher panicked"))??;
    engine.stop().await;
    Ok(Round {
        p99: p99(&mut heard),
        backlog,
    })
}

/// Asks for the year ten times a second, as the Energy page does.
async fn ask(engine: Engine, year: MeterId) -> Result<()> {
    let edges: Vec<UnixMillis> = (0..=12).map(|month| START.plus(YEAR / 12 * month)).collect();
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    loop {
        pace.tick().await;
        engine.power(&year, START, START.plus(YEAR), 800).await?;
        engine.history(&year, &edges).await?;
    }
}

/// How long each message took until it was told first. One event may tell of several messages of a meter, and each is told
/// again once it is stored.
async fn hear(mut events: Events, sent: Arc<Sent>) -> Result<(Vec<Duration>, usize)> {
    let mut heard = Vec::with_capacity(MESSAGES);
    let (mut next, mut backlog) = ([0; METERS], 0);
    while heard.len() < MESSAGES {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
        let Some(Event::Device(device)) = event.context("a message is missing")? else {
            continue;
        };
        let meter = device
            .meter_id
            .as_str()
            .strip_prefix('M')
            .and_then(|number| number.parse::<usize>().ok());
        let time = device.sensors.and_then(|(_, sensors)| sensors.device_time);
        let (Some(meter), Some(DeviceTime::Uptime(uptime))) = (meter, time) else {
            continue;
        };
        let since = u64::from(uptime) - generator::BOOTED;
        let last = usize::try_from(since)? / usize::try_from(STEP.as_millis())?;
        for number in next[meter]..=last {
            heard.push(took(sent.at[number * METERS + meter].load(Ordering::Relaxed)));
        }
        next[meter] = next[meter].max(last + 1);
        backlog = backlog.max(sent.count.load(Ordering::Acquire).saturating_sub(heard.len()));
    }
    Ok((heard, backlog))
}

fn peer(runtime: &Runtime) -> Result<Round> {
    let directory = tempfile::tempdir_in(scratch()?)?;
    let broker = Broker::start()?;
    runtime.block_on(profile(directory.path(), &broker))?;
    let database = directory.path().join("enerlink.db").display().to_string();
    let mut bridge = Peer::start(
        "live-bridge.mjs",
        &[
            &broker.port.to_string(),
            &database,
            &METERS.to_string(),
            METER_OF_YEAR,
        ],
    )?;
    let port = bridge.answer()?["port"].as_u64().context("a port")?;
    let mut client = Peer::start("live-client.mjs", &[&port.to_string()])?;
    client.answer()?;
    send(&broker, &Sent::new())?;
    thread::sleep(Duration::from_secs(1));
    let answer = client.ask("report")?;
    let times = answer["took_us"].as_array().context("times")?;
    ensure!(
        times.len() == MESSAGES,
        "the peer tells all: {} of {MESSAGES}",
        times.len()
    );
    let mut times: Vec<Duration> = times
        .iter()
        .filter_map(serde_json::Value::as_u64)
        .map(Duration::from_micros)
        .collect();
    let backlog = bridge.ask("report")?["most"].as_u64().context("a number")?;
    Ok(Round {
        p99: p99(&mut times),
        backlog: usize::try_from(backlog)?,
    })
}

/// The least that any receiver waits: a message from one real client to another.
fn limit() -> Result<Duration> {
    let broker = Broker::start()?;
    let mut command = Command::new("mosquitto_sub");
    command.args([
        "-h",
        "127.0.0.1",
        "-p",
        &broker.port.to_string(),
        "-q",
        "1",
        "-t",
        "M0/sensors",
        "-C",
        &FEW.to_string(),
    ]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stdout.take().context("piped")?).lines();
    thread::sleep(Duration::from_millis(500));
    let hearing = thread::spawn(move || {
        let field = |line: &str| line.split_once(':')?.1.split_once(',')?.0.parse().ok();
        lines
            .map_while(Result::ok)
            .filter_map(|line| field(&line).map(took))
            .collect::<Vec<_>>()
    });
    let mut publisher = broker.publisher("M0/sensors")?;
    for (_, sensors) in Readings::new(0, START, STEP).take(FEW) {
        thread::sleep(PACE);
        publisher.say(&generator::payload(
            &sensors,
            &format!("\"sent_us\":{},", now_us()),
        ))?;
        publisher.flush()?;
    }
    publisher.finish()?;
    let mut times = hearing
        .join()
        .map_err(|_| anyhow::anyhow!("the receiver panicked"))?;
    child.wait()?;
    ensure!(
        times.len() == FEW,
        "every message arrives: {} of {FEW}",
        times.len()
    );
    Ok(p99(&mut times))
}
