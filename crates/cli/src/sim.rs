//! `enerlink sim`: the whole system under many seeds, or one of them to be read.

use std::thread;

use enerlink_engine::KdfParams;
use enerlink_sim::whole::{Report, Weather, Whole};

use crate::{
    arguments::SimArguments,
    failure::{Failure, Outcome},
    output,
};

/// Lines of the trace that are shown of a seed that failed, where nobody has asked for all of them.
const LINES: usize = 40;

/// Runs the seeds and fails when one of them does.
pub(crate) async fn sim(arguments: SimArguments, json: bool) -> Outcome {
    // Each run has a thread of its own, on which nothing else may run.
    let report = thread::spawn(move || run(&arguments, json)).join();
    let report = report.map_err(|_| Failure::input("the simulation panicked"))??;
    if json {
        output::line(&report);
    } else {
        show(&report);
    }
    match report.ok {
        true => Ok(()),
        false => Err(Failure::said()),
    }
}

fn run(arguments: &SimArguments, json: bool) -> anyhow::Result<Report> {
    let whole = Whole::new(KdfParams::FLOOR)?;
    if let Some(seed) = arguments.seed {
        let lines = if arguments.verbose { usize::MAX } else { LINES };
        let outcome = whole.run(seed, Weather::Storm, lines)?;
        if arguments.verbose && !json {
            for line in &outcome.trace {
                output::text_line(line);
            }
        }
        return Ok(Report::of(1, [outcome]));
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let first = arguments.first;
    whole.run_all(first..first + arguments.seeds, threads, LINES, |outcome| {
        if !outcome.violations.is_empty() && !json {
            output::text_line(&format!("seed {} failed", outcome.seed));
        }
    })
}

fn show(report: &Report) {
    for (kind, count) in &report.faults {
        output::text_line(&format!("{count:>8}  {kind:?}"));
    }
    for kind in &report.missing {
        output::text_line(&format!("   never  {kind:?}"));
    }
    let compared = report.compared;
    output::text_line(&format!(
        "estimates that were settled to the unit: {} at a period's end, {} by hand",
        compared.at_period_end, compared.by_hand
    ));
    for outcome in &report.failed {
        output::text_line(&format!(
            "seed {} (replay with --seed {0} --verbose):",
            outcome.seed
        ));
        for violation in &outcome.violations {
            output::text_line(&format!("  {}: {}", violation.rule, violation.found));
        }
    }
    output::text_line(&format!(
        "{} seeds, {} of them with two meters of one account and {} with two accounts, {} failed",
        report.seeds,
        report.two_meters,
        report.two_accounts,
        report.failed.len()
    ));
}
