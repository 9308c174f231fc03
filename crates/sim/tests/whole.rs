//! The whole system under a few seeds, and the proof that a seed is always the same run.

use std::{env, ops::Range};

use enerlink_engine::KdfParams;
use enerlink_sim::whole::{Outcome, Weather, Whole};

fn whole() -> Whole {
    Whole::new(KdfParams::for_tests()).expect("a template")
}

fn explain(outcome: &Outcome) -> String {
    format!(
        "seed {}: {:#?}\n{}",
        outcome.seed,
        outcome.violations,
        outcome.trace.join("\n")
    )
}

/// `WHOLE_SEEDS=a..b` runs others.
fn seeds() -> Range<u64> {
    let text = env::var("WHOLE_SEEDS").unwrap_or_default();
    let given = text.split_once("..").map(|(from, to)| {
        let number = |text: &str| text.parse::<u64>().expect("a seed");
        number(from)..number(to)
    });
    given.unwrap_or(0..6)
}

#[test]
fn a_quiet_world_settles_everything() {
    let whole = whole();
    let mut some = false;
    for seed in 0..2 {
        let outcome = whole.run(seed, Weather::Calm, 100).expect("a run");
        assert!(outcome.violations.is_empty(), "{}", explain(&outcome));
        assert!(outcome.faults.is_empty(), "{:?}", outcome.faults);
        // A home that only imports has no tokens to pay with.
        some |= outcome.trace.iter().any(|line| line.contains("SUCCESS"));
    }
    assert!(some, "nothing was settled");
}

#[test]
fn a_seed_is_always_the_same_run() {
    let whole = whole();
    for seed in seeds().take(2) {
        let all = usize::MAX;
        let (one, other) = (
            whole.run(seed, Weather::Storm, all).expect("a run"),
            whole.run(seed, Weather::Storm, all).expect("a run"),
        );
        let differs = one
            .trace
            .iter()
            .zip(&other.trace)
            .position(|(one, other)| one != other);
        let context = |lines: &[String]| {
            let at = differs.unwrap_or_default();
            lines[at.saturating_sub(10)..lines.len().min(at + 5)].join("\n")
        };
        assert_eq!(
            one.trace_hash,
            other.trace_hash,
            "seed {seed} differs at line {differs:?}:\n{}\n--- and ---\n{}",
            context(&one.trace),
            context(&other.trace)
        );
    }
}

#[test]
fn seeds_end_with_every_watt_hour_once() {
    let report = whole()
        .run_all(seeds(), 2, usize::MAX, |outcome| {
            if !outcome.violations.is_empty() {
                eprintln!("{}", explain(outcome));
            }
        })
        .expect("runs");
    assert!(
        report.ok,
        "failed: {:?}",
        report
            .failed
            .iter()
            .map(|outcome| outcome.seed)
            .collect::<Vec<_>>()
    );
    if env::var("WHOLE_SEEDS").is_err() {
        assert!(report.faults.len() > 15, "{:?}", report.faults);
    }
}
