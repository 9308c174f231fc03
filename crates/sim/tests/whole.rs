//! The whole system under a few seeds, and the proof that a seed is always the same run.

use std::{collections::BTreeSet, env, ops::Range};

use enerlink_engine::KdfParams;
use enerlink_sim::whole::{Outcome, Report, Weather, Whole};

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

/// `WHOLE_SEEDS=a..b` names others.
fn given() -> Option<Range<u64>> {
    let text = env::var("WHOLE_SEEDS").ok()?;
    let (from, to) = text.split_once("..")?;
    let number = |text: &str| text.parse::<u64>().expect("a seed");
    Some(number(from)..number(to))
}

#[test]
fn a_quiet_world_settles_everything() {
    let whole = whole();
    let (mut some, mut foretold) = (false, false);
    for seed in 0..2 {
        let outcome = whole.run(seed, Weather::Calm, usize::MAX).expect("a run");
        assert!(outcome.violations.is_empty(), "{}", explain(&outcome));
        assert!(outcome.faults.is_empty(), "{:?}", outcome.faults);
        // A home that only imports has no tokens to pay with.
        some |= outcome.trace.iter().any(|line| line.contains("SUCCESS"));
        foretold |= outcome.compared.by_hand > 0;
    }
    assert!(some, "nothing was settled");
    assert!(foretold, "no estimate was compared with what was settled");
}

#[test]
fn a_seed_is_always_the_same_run() {
    let whole = whole();
    let given = given();
    let mut households = BTreeSet::new();
    // The second seed is of two accounts, the third of two meters of one.
    for seed in given.clone().unwrap_or(1..3).take(2) {
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
        households.insert((one.meters, one.accounts));
    }
    if given.is_none() {
        assert_eq!(households, BTreeSet::from([(2, 2), (2, 1)]));
    }
}

/// Runs these seeds on one thread: the tests run beside each other.
fn end_well(seeds: Range<u64>) -> Report {
    let report = whole().run_all(seeds, 1, usize::MAX, |_| ()).expect("runs");
    let failed: Vec<_> = report.failed.iter().map(explain).collect();
    assert!(report.ok, "{}", failed.join("\n\n"));
    report
}

/// Fifty seeds are five tests, so that none takes long.
fn ten(first: u64) {
    let report = end_well(first..first + 10);
    assert!(report.faults.len() > 15, "{:?}", report.faults);
    // Of ten seeds some periods end without anything in between.
    assert!(report.compared.at_period_end > 0, "{:?}", report.compared);
    assert!(report.two_meters + report.two_accounts > 0, "one meter in each");
}

#[test]
fn seeds_end_with_every_watt_hour_once() {
    match given() {
        Some(seeds) => drop(end_well(seeds)),
        None => ten(0),
    }
}

#[test]
fn seeds_from_10_end_with_every_watt_hour_once() {
    ten(10);
}

#[test]
fn seeds_from_20_end_with_every_watt_hour_once() {
    ten(20);
}

#[test]
fn seeds_from_30_end_with_every_watt_hour_once() {
    ten(30);
}

#[test]
fn seeds_from_40_end_with_every_watt_hour_once() {
    ten(40);
}
