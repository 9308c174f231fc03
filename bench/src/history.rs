//! `history`: what a day, a week, a month and a year cost, of a meter that has spoken every five seconds for a year.
//!
//! Workload: 6.3 million readings, and ten times as many with `--large`; the curve of power in 800 points and the bars of
//! energy, through the engine's public calls. Peers: better-sqlite3, GROUP BY over narrow rows of the same readings, and
//! over a table of hours.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use enerlink_domain::{MeterId, UnixMillis};
use enerlink_engine::Engine;
use enerlink_store::{Store, readings};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    Size,
    generator::{self, Readings},
    ingest,
    measure::{ROUNDS, Times, alternate, p99},
    peers::{Peer, scratch},
    report::{Figure, Goal, Side},
    rows,
};

/// A year at five seconds.
const READINGS: usize = 6_307_200;
const STEP: Duration = Duration::from_secs(5);
/// 2024-01-01: the last reading lies before it, however many there are.
const END: UnixMillis = UnixMillis(1_704_067_200_000);
const DAY: Duration = Duration::from_secs(86_400);
const POINTS: u16 = 800;
/// Days of a range, and the bars that are drawn of it.
const RANGES: [(&str, u32, u32); 4] = [
    ("day", 1, 24),
    ("week", 7, 7),
    ("month", 30, 30),
    ("year", 365, 12),
];
/// Questions of a round; one of a hundred may be slower.
const TIMES: usize = 100;
/// Questions to raw rows of a round: each takes seconds.
const FEW: usize = 3;
/// Changed with whatever the generator writes, so that an older file is not measured.
const EDITION: &str = "2";

const HOURLY: &str = "better-sqlite3 12, GROUP BY over a table of hours: draws no day finer than its 24 rows";
const RAW: &str = "better-sqlite3 12, GROUP BY over narrow raw rows in the order of time";
const SMALL: &str = "the product itself with a tenth of the readings";
const PIXELS: &str = "one row per point of the curve";

pub(crate) fn run(size: Size) -> Result<Vec<Figure>> {
    let runtime = Runtime::new()?;
    rows::count()?;
    let year = runtime.block_on(profile(READINGS))?;
    let ours = |path: &Path| runtime.block_on(product(path));
    let mut peer = Peer::start(
        "history.mjs",
        &[&text(&year.join("enerlink.db")), &text(&year.join("peer.db"))],
    )?;
    let rows = peer.answer()?["rows"].as_u64().context("a number")?;
    ensure!(
        rows == u64::try_from(READINGS)?,
        "the peer has the same readings: {rows}"
    );
    let (small, theirs) = alternate(ROUNDS, || ours(&year), || others(&mut peer))?;
    let mut figures = Vec::new();
    let mut add = |goal, name: String, unit, peer, sides| {
        figures.push(Figure::new(goal, "history", name, unit, peer, sides))
    };
    for (at, (name, ..)) in RANGES.iter().enumerate() {
        let sides = [
            side(&small, |round| round.p99[at]),
            side(&theirs, |round| round.hourly[at]),
        ];
        add(Goal::AtMost(16.0), format!("{name}, p99"), "ms", HOURLY, sides);
    }
    let sides = [
        side(&small, |round| round.median[3]),
        side(&theirs, |round| round.raw),
    ];
    add(
        Goal::RatioAtMost(0.002),
        "year, median".to_owned(),
        "ms",
        RAW,
        sides,
    );
    for (at, (name, ..)) in RANGES.iter().enumerate() {
        let read = small.iter().map(|round| round.rows[at]).max().unwrap_or_default();
        let sides = [Side::steady(read as f64 / f64::from(POINTS)), Side::steady(1.0)];
        add(
            Goal::AtMost(2.0),
            format!("{name}, rows read"),
            "per pixel",
            PIXELS,
            sides,
        );
    }
    if size == Size::Large {
        let decade = runtime.block_on(profile(10 * READINGS))?;
        let (many, few) = alternate(ROUNDS, || ours(&decade), || ours(&year))?;
        for (at, (name, ..)) in RANGES.iter().enumerate() {
            let sides = [
                side(&many, |round| round.median[at]),
                side(&few, |round| round.median[at]),
            ];
            add(
                Goal::RatioAtMost(1.15),
                format!("{name}, ten times the readings, median"),
                "ms",
                SMALL,
                sides,
            );
        }
    }
    Ok(figures)
}

fn side<T>(rounds: &[T], pick: impl Fn(&T) -> Duration) -> Side {
    Side::millis(Times::of(rounds.iter().map(pick).collect()))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A profile whose one meter has `count` readings; it is kept, because writing them takes minutes.
async fn profile(count: usize) -> Result<PathBuf> {
    let directory = scratch()?.join(format!("history-{count}"));
    if fs::read_to_string(directory.join("edition")).is_ok_and(|edition| edition == EDITION) {
        return Ok(directory);
    }
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    eprintln!("writing {count} readings");
    let began = Instant::now();
    let store = Store::open(&directory.join("enerlink.db")).await?;
    let start = UnixMillis(END.0 - i64::try_from(STEP.as_millis() * count as u128)?);
    // A broker that nobody runs: nothing arrives while it is measured.
    let meter = generator::meter("YEAR", 1, "year", start)?;
    generator::fill(&store, &meter, Readings::new(1, start, STEP), count).await?;
    let stored = readings::count(&store.reader(), &meter.id).await?;
    ensure!(
        stored == u64::try_from(count)?,
        "{stored} of {count} readings are stored"
    );
    store.close().await?;
    eprintln!("written in {} s", began.elapsed().as_secs());
    fs::write(directory.join("edition"), EDITION)?;
    Ok(directory)
}

/// What a round of the product has shown, by range.
struct Product {
    median: [Duration; 4],
    p99: [Duration; 4],
    rows: [u64; 4],
}

async fn product(directory: &Path) -> Result<Product> {
    let engine = ingest::engine(directory).await?;
    let meter: MeterId = "YEAR".parse().map_err(|_| anyhow::anyhow!("a meter id"))?;
    let mut round = Product {
        median: [Duration::ZERO; 4],
        p99: [Duration::ZERO; 4],
        rows: [0; 4],
    };
    for (at, (_, days, bars)) in RANGES.into_iter().enumerate() {
        let before = rows::read();
        draw(&engine, &meter, days, bars).await?;
        round.rows[at] = rows::read() - before;
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let began = Instant::now();
            draw(&engine, &meter, days, bars).await?;
            times.push(began.elapsed());
        }
        round.p99[at] = p99(&mut times);
        round.median[at] = times[times.len() / 2];
    }
    engine.stop().await;
    Ok(round)
}

/// What the Energy page asks for.
async fn draw(engine: &Engine, meter: &MeterId, days: u32, bars: u32) -> Result<()> {
    let range = DAY * days;
    let from = UnixMillis(END.0 - i64::try_from(range.as_millis())?);
    let curve = engine.power(meter, from, END, POINTS).await?;
    ensure!(
        curve.points.len() > 100,
        "{} points of {days} days",
        curve.points.len()
    );
    let edges: Vec<UnixMillis> = (0..=bars).map(|edge| from.plus(range / bars * edge)).collect();
    let history = engine.history(meter, &edges).await?;
    ensure!(history.bars.iter().all(|bar| bar.used.0 > 0), "no bar is empty");
    Ok(())
}

/// What a round of the peer has shown.
struct Others {
    hourly: [Duration; 4],
    raw: Duration,
}

fn others(peer: &mut Peer) -> Result<Others> {
    let mut ask = |table: &str, days: u32, times: usize| -> Result<Vec<Duration>> {
        let range = i64::try_from((DAY * days).as_millis())?;
        let width = (range / i64::from(POINTS)).max(if table == "hourly" { 3_600_000 } else { 1 });
        let order =
            json!({ "table": table, "from": END.0 - range, "to": END.0, "width": width, "times": times });
        let answer = peer.ask(&order.to_string())?;
        let took = answer["took_us"].as_array().context("times")?;
        Ok(took
            .iter()
            .filter_map(serde_json::Value::as_u64)
            .map(Duration::from_micros)
            .collect())
    };
    let mut hourly = [Duration::ZERO; 4];
    for (at, (_, days, _)) in RANGES.into_iter().enumerate() {
        hourly[at] = p99(&mut ask("hourly", days, TIMES)?);
    }
    let raw = Times::of(ask("raw", 365, FEW)?).median;
    Ok(Others { hourly, raw })
}
