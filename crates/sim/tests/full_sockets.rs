//! Twenty seeds over real sockets, with proxies that cut and delay: what holds in virtual time holds there.

use std::{env, ops::Range, thread};

use enerlink_engine::KdfParams;
use enerlink_sim::{
    broker::Broker,
    whole::{FaultKind, Outcome, Whole},
};

/// As many at once as two small cores carry without being late themselves.
const AT_ONCE: usize = 10;
const SPEED: u32 = 20;

/// `SOCKET_SEEDS` is others: `7..8`.
fn seeds() -> Range<u64> {
    let given = env::var("SOCKET_SEEDS").unwrap_or_else(|_| "0..20".to_owned());
    let (first, end) = given.split_once("..").expect("a range");
    first.parse().expect("a number")..end.parse().expect("a number")
}

#[test]
fn twenty_seeds_over_sockets_end_with_every_watt_hour_once() {
    let whole = Whole::new(KdfParams::for_tests()).expect("a template");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let broker = runtime.block_on(Broker::start()).expect("an embedded broker");
    let run = |seed| {
        let outcome = whole.run_over_sockets(seed, &broker, SPEED, 60);
        outcome.expect("a run")
    };
    let seeds = seeds();
    let mut outcomes: Vec<Outcome> = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|worker| {
                let seeds = seeds.clone();
                scope.spawn(move || seeds.skip(worker).step_by(AT_ONCE).map(run).collect::<Vec<_>>())
            })
            .collect();
        for worker in workers {
            outcomes.extend(worker.join().expect("no panic"));
        }
    });
    for outcome in outcomes.iter().filter(|outcome| !outcome.violations.is_empty()) {
        println!(
            "seed {}: {:#?}\n{}",
            outcome.seed,
            outcome.violations,
            outcome.trace.join("\n")
        );
    }
    let report = enerlink_sim::whole::Report::of(seeds.end - seeds.start, outcomes);
    for (kind, count) in &report.faults {
        println!("{count:>8}  {kind:?}");
    }
    let failed: Vec<_> = report.failed.iter().map(|outcome| outcome.seed).collect();
    assert!(report.ok, "failed: {failed:?}");
    // Proxies that never cut and never delay would prove nothing.
    for kind in [
        FaultKind::QuestionLost,
        FaultKind::AnswerLost,
        FaultKind::QuestionDelayed,
        FaultKind::BrokerDown,
    ] {
        assert!(report.faults.contains_key(&kind), "{kind:?} never happened");
    }
}
