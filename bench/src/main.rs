//! Measurements of the wallet beside a peer that does the same work: `cargo xtask bench [name] [--json] [--large]`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement reports to the terminal it was started from"
)]

mod broker;
#[cfg(target_os = "linux")]
mod chart;
mod crowd;
mod gas;
mod generator;
mod history;
mod ingest;
mod live;
mod machine;
mod measure;
mod node;
mod peers;
mod report;
mod rows;
mod settle;
mod sync;
mod unlock;
#[cfg(target_os = "linux")]
mod web_view;

use std::{env, process::ExitCode};

use anyhow::Result;

use self::report::{Figure, Report};

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    /// What takes minutes.
    Usual,
    /// Also what takes an hour and tens of gigabytes.
    Large,
}

type Bench = fn(Size) -> Result<Vec<Figure>>;

/// Every measurement: its name, and what runs it.
const BENCHES: [(&str, Bench); 8] = [
    ("unlock", |_| unlock::run()),
    ("ingest", |_| ingest::run()),
    ("live", |_| live::run()),
    ("history", history::run),
    ("chart", |_| in_the_window()),
    ("sync", |_| sync::run()),
    ("settle", |_| settle::run()),
    ("gas", |_| gas::run()),
];

#[cfg(target_os = "linux")]
fn in_the_window() -> Result<Vec<Figure>> {
    chart::run()
}

/// Only there a window can be opened on a virtual screen and driven.
#[cfg(not(target_os = "linux"))]
fn in_the_window() -> Result<Vec<Figure>> {
    eprintln!("not measured: this needs Linux");
    Ok(Vec::new())
}

fn main() -> ExitCode {
    let (options, names): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|word| word.starts_with('-'));
    let known = |name: &String| BENCHES.iter().any(|(known, _)| known == name);
    let has = |name: &str| options.iter().any(|option| option == name);
    let size = if has("--large") { Size::Large } else { Size::Usual };
    let unknown = |option: &String| option != "--json" && option != "--large";
    if options.iter().any(unknown) || names.len() > 1 || !names.iter().all(known) {
        let list = BENCHES.map(|(name, _)| name).join(", ");
        eprintln!("usage: cargo xtask bench [name] [--json] [--large]\nnames: {list}");
        return ExitCode::from(2);
    }
    match run(names.first().map(String::as_str), size) {
        Ok(report) if has("--json") => println!("{}", report.to_json()),
        Ok(report) => print!("{report}"),
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs all measurements, or the one with this name. A goal that is not met is no failure: the report says so.
fn run(name: Option<&str>, size: Size) -> Result<Report> {
    let wanted = BENCHES
        .iter()
        .filter(|(known, _)| name.is_none_or(|name| name == *known));
    let mut figures = Vec::new();
    for (name, bench) in wanted {
        eprintln!("measuring {name}");
        figures.extend(bench(size)?);
    }
    Ok(Report {
        machine: machine::describe(),
        figures,
    })
}
