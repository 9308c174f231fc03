//! The whole system under a seed: the real engine, a chain, a broker, a home and a person in one thread and in virtual
//! time, with everything going wrong on the way. The same seed is the same run, to the millisecond; over sockets it is
//! not.
//!
//! Messages enter after the MQTT client ([`enerlink_meter::Source`]), questions to the node before the HTTP client
//! ([`enerlink_chain::Endpoint`]); the database is a real one whose statements are carried out in lockstep
//! ([`enerlink_engine::wires`]). What a process has not committed dies with it ([`fuse`]).

mod broker;
mod check;
mod clock;
mod crew;
mod device;
mod dice;
mod drive;
mod faults;
mod foretold;
mod fuse;
mod house;
mod lines;
mod miner;
mod outbox;
mod plan;
mod site;
mod sockets;
mod template;
mod trace;
mod truth;
mod wire;
mod world;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use anyhow::Context as _;
use enerlink_engine::KdfParams;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

pub use self::{
    check::Violation,
    faults::{Counts, FaultKind},
    foretold::Compared,
};
use self::{lines::Reach, plan::Plan, template::Template, trace::Trace, world::World};
use crate::broker::Broker;

/// How a seed is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// With everything that the seed lets go wrong.
    Storm,
    /// Nothing goes wrong.
    Calm,
}

/// What became of one seed.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Which one.
    pub seed: u64,
    /// How many meters it has.
    pub meters: usize,
    /// How many accounts own them.
    pub accounts: usize,
    /// What is wrong; nothing when it is empty.
    pub violations: Vec<Violation>,
    /// How often each fault has happened.
    pub faults: Counts,
    /// How many settlements were compared with their estimates.
    pub compared: Compared,
    /// A hash over the whole trace: equal runs have equal ones.
    pub trace_hash: u64,
    /// The trace; its end only, unless all of it was asked for.
    #[serde(skip)]
    pub trace: Vec<String>,
}

/// What became of many seeds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Whether no seed has failed.
    pub ok: bool,
    /// How many were run.
    pub seeds: u64,
    /// Those with two meters of one account.
    pub two_meters: u64,
    /// Those with a meter of each of two accounts.
    pub two_accounts: u64,
    /// How often each fault has happened, over all.
    pub faults: Counts,
    /// Kinds that never happened.
    pub missing: Vec<FaultKind>,
    /// How many settlements were compared with their estimates, over all.
    pub compared: Compared,
    /// Those that failed.
    pub failed: Vec<Outcome>,
    /// The hashes of all traces, added up: equal runs have equal ones.
    pub trace_hash: u64,
}

/// Runs seeds; makes the vault of their households once.
pub struct Whole {
    kdf: KdfParams,
    templates: template::Shared,
    /// The threads of databases.
    driver: Runtime,
}

impl Whole {
    /// Households whose vaults use the key derivation `kdf`.
    pub fn new(kdf: KdfParams) -> anyhow::Result<Self> {
        let driver = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("databases")
            .enable_all()
            .build()?;
        let make = |wallets| virtual_time()?.block_on(Template::make(kdf, driver.handle().clone(), wallets));
        let templates = [make(1)?, make(2)?];
        Ok(Self {
            kdf,
            templates: Arc::new(templates),
            driver,
        })
    }

    /// Runs one seed and keeps the last `lines` of its trace.
    pub fn run(&self, seed: u64, weather: Weather, lines: usize) -> anyhow::Result<Outcome> {
        let plan = Plan::of(seed, weather == Weather::Calm);
        self.run_in(&virtual_time()?, seed, plan, Reach::Memory, lines)
    }

    /// Runs one seed over sockets, in real time that runs `speed` times as fast: through a proxy to `broker`, and through
    /// another one to a node behind HTTP.
    pub fn run_over_sockets(
        &self,
        seed: u64,
        broker: &Broker,
        speed: u32,
        lines: usize,
    ) -> anyhow::Result<Outcome> {
        let plan = Plan::of(seed, false).over_sockets();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let broker = broker.clone();
        self.run_in(&runtime, seed, plan, Reach::Sockets { broker, speed }, lines)
    }

    fn run_in(
        &self,
        runtime: &Runtime,
        seed: u64,
        plan: Plan,
        reach: Reach,
        lines: usize,
    ) -> anyhow::Result<Outcome> {
        let outcome = runtime.block_on(async {
            let trace = Trace::new(lines);
            trace.say(format_args!("{plan:?}"));
            let driver = self.driver.handle().clone();
            let template = self.templates[plan.wallets() - 1].path();
            let mut world = World::make(seed, plan, template, self.kdf, driver, trace.clone(), reach).await?;
            let violations = world.live().await?;
            for violation in &violations {
                trace.say(format_args!("VIOLATION {}: {}", violation.rule, violation.found));
            }
            let (faults, compared) = (world.tally.counts(), world.compared);
            if let Some(house) = world.house.take() {
                house.die().await;
            }
            anyhow::Ok(Outcome {
                seed,
                meters: world.sites.len(),
                accounts: world.owners().len(),
                violations,
                faults,
                compared,
                trace_hash: trace.hash(),
                trace: trace.lines(),
            })
        });
        outcome.with_context(|| format!("seed {seed}"))
    }

    /// Runs `seeds` on `threads` threads and keeps the last `lines` of each trace; `done` is told each outcome, in no
    /// order.
    pub fn run_all(
        &self,
        seeds: std::ops::Range<u64>,
        threads: usize,
        lines: usize,
        done: impl Fn(&Outcome) + Sync,
    ) -> anyhow::Result<Report> {
        let next = AtomicU64::new(seeds.start);
        let work = || -> anyhow::Result<Vec<Outcome>> {
            let mut outcomes = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return Ok(outcomes);
                }
                let outcome = self.run(seed, Weather::Storm, lines)?;
                done(&outcome);
                outcomes.push(outcome);
            }
        };
        let outcomes = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let joined = workers
                .into_iter()
                .map(|worker| worker.join().map_err(|_| anyhow::anyhow!("a run panicked"))?);
            joined.collect::<anyhow::Result<Vec<_>>>()
        })?;
        let count = seeds.end.saturating_sub(seeds.start);
        Ok(Report::of(count, outcomes.into_iter().flatten()))
    }
}

impl Report {
    /// Sums up the outcomes of so many seeds.
    pub fn of(seeds: u64, outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut report = Self {
            seeds,
            ..Self::default()
        };
        for outcome in outcomes {
            match (outcome.meters, outcome.accounts) {
                (_, 2) => report.two_accounts += 1,
                (2, _) => report.two_meters += 1,
                _ => {}
            }
            report.compared += outcome.compared;
            report.trace_hash = report.trace_hash.wrapping_add(outcome.trace_hash);
            for (kind, count) in &outcome.faults {
                *report.faults.entry(*kind).or_default() += count;
            }
            if !outcome.violations.is_empty() {
                report.failed.push(outcome);
            }
        }
        report.failed.sort_by_key(|outcome| outcome.seed);
        let fired = |kind: &FaultKind| report.faults.contains_key(kind);
        report.missing = FaultKind::ALL.into_iter().filter(|kind| !fired(kind)).collect();
        report.ok = report.failed.is_empty();
        report
    }
}

/// A runtime of one thread whose time passes only when nobody has anything to do.
fn virtual_time() -> anyhow::Result<Runtime> {
    Ok(Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?)
}
