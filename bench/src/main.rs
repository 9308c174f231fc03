//! Measurements of the wallet beside a peer that does the same work: `cargo xtask bench [name] [--json]`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement reports to the terminal it was started from"
)]

mod broker;
mod generator;
mod ingest;
mod machine;
mod measure;
mod peers;
mod report;
mod unlock;

use std::{env, process::ExitCode};

use anyhow::Result;

use self::report::{Figure, Report};

type Bench = fn() -> Result<Vec<Figure>>;

/// Every measurement: its name, and what runs it.
const BENCHES: [(&str, Bench); 2] = [("unlock", unlock::run), ("ingest", ingest::run)];

fn main() -> ExitCode {
    let (options, names): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|word| word.starts_with('-'));
    let known = |name: &String| BENCHES.iter().any(|(known, _)| known == name);
    if options.iter().any(|option| option != "--json") || names.len() > 1 || !names.iter().all(known) {
        let list = BENCHES.map(|(name, _)| name).join(", ");
        eprintln!("usage: cargo xtask bench [name] [--json]\nnames: {list}");
        return ExitCode::from(2);
    }
    match run(names.first().map(String::as_str)) {
        Ok(report) if options.is_empty() => print!("{report}"),
        Ok(report) => println!("{}", report.to_json()),
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs all measurements, or the one with this name. A goal that is not met is no failure: the report says so.
fn run(name: Option<&str>) -> Result<Report> {
    let wanted = BENCHES
        .iter()
        .filter(|(known, _)| name.is_none_or(|name| name == *known));
    let mut figures = Vec::new();
    for (name, bench) in wanted {
        eprintln!("measuring {name}");
        figures.extend(bench()?);
    }
    Ok(Report {
        machine: machine::describe(),
        figures,
    })
}
