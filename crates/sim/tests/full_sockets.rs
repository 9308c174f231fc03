//! Twenty seeds over real sockets, with proxies that cut and delay: what holds in virtual time holds there.

use std::thread;

use enerlink_engine::KdfParams;
use enerlink_sim::{
    broker::Broker,
    whole::{FaultKind, Outcome, Whole},
};

const SEEDS: u64 = 20;
/// As many at once as two small cores carry without being late themselves.
const AT_ONCE: u64 = 10;
const SPEED: u32 = 20;

#[test]
fn twenty_seeds_over_sockets_end_with_every_watt_hour_once() {
    let whole = Whole::new(KdfParams::for_tests()).expect("a template");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let broker = runtime.block_on(Broker::start()).expect("an embedded broker");
    let run = |seed| {
        let outcome = whole.run_over_sockets(seed, &broker, SPEED, 60);
        outcome.expect("a run")
    };
    let mut outcomes: Vec<Outcome> = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|worker| {
                scope.spawn(move || {
                    (worker..SEEDS)
                        .step_by(AT_ONCE as usize)
                        .map(run)
                        .collect::<Vec<_>>()
                })
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
    let report = enerlink_sim::whole::Report::of(SEEDS, outcomes);
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
