//! The whole system under a thousand seeds, in which everything that can go wrong has gone wrong.

use std::{env, ops::Range, thread};

use enerlink_engine::KdfParams;
use enerlink_sim::whole::Whole;

/// `WHOLE_SEEDS` is another number of them, or others: `4000..5000`.
fn seeds() -> Range<u64> {
    let given = env::var("WHOLE_SEEDS").unwrap_or_else(|_| "1000".to_owned());
    let (first, end) = given.split_once("..").unwrap_or(("0", &given));
    first.parse().expect("a number")..end.parse().expect("a number")
}

#[test]
fn a_thousand_seeds_end_with_every_watt_hour_once() {
    let whole = Whole::new(KdfParams::for_tests()).expect("a template");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let report = whole.run_all(seeds(), threads, 40, |_| ()).expect("runs");
    for (kind, count) in &report.faults {
        println!("{count:>8}  {kind:?}");
    }
    println!(
        "{} with two meters, {} with two accounts",
        report.two_meters, report.two_accounts
    );
    println!("{:?}", report.compared);
    assert!(report.ok, "{:#?}", report.failed);
    assert!(report.missing.is_empty(), "never happened: {:?}", report.missing);
    assert!(report.two_meters > 0 && report.two_accounts > 0, "{report:?}");
    let compared = report.compared;
    assert!(compared.by_hand > 0 && compared.at_period_end > 0, "{compared:?}");
}
