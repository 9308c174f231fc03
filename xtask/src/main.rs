//! Chores of the workspace: `cargo xtask` and a verb, one file each.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore reports to the terminal it was started from"
)]

mod bench;
mod contracts;
mod counts;
mod demo;
mod dist;
mod e2e;
mod licences;
mod process;
mod release;
mod setup;
mod test;
mod tidy;
mod ui;
mod workspace;

use std::{env, process::ExitCode};

use anyhow::Result;

const USAGE: &str = "\
cargo xtask <chore>

  demo [--headless] [options]     the app on a simulated neighbourhood; options as in `enerlink demo --help`
  test [--full]                   every check and test; --full adds the long ones
  e2e [filter]                    the tests in the real window
  bench [name] [--json]           measurements beside a peer that does the same work
  dist [--debug] [--all]          packages for this system, as people install them; --all adds those whose tools are
       [--into FOLDER]            downloaded first (AppImage, .msi, .dmg); --into copies them
  contracts build|test            compile or test the contracts
  contracts deploy|authorize …    `enerlink operator deploy|authorize …`
  licences                        write the list of licences that the window shows
  tidy                            what the compiler does not check
  setup [--check]                 install what the chores need; --check only lists it

Each chore sets up what it needs first.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((chore, rest)) = arguments.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let done: Result<ExitCode> = match (chore.as_str(), rest) {
        ("demo", rest) => demo::run(rest).map(|()| ExitCode::SUCCESS),
        ("test", []) => Ok(test::run(test::Extent::Usual)),
        ("test", [full]) if full == "--full" => Ok(test::run(test::Extent::Full)),
        ("e2e", [] | [_]) => e2e::chore(rest.first().map(String::as_str)),
        ("bench", rest) => bench::run(rest).map(|()| ExitCode::SUCCESS),
        ("dist", rest) => dist::chore(rest),
        ("contracts", [verb, rest @ ..]) => contracts::run(verb, rest),
        ("licences", []) => licences::run().map(|()| ExitCode::SUCCESS),
        ("tidy", []) => tidy::run().map(|()| ExitCode::SUCCESS),
        ("setup", []) => setup::ensure(&setup::ALL).map(|()| ExitCode::SUCCESS),
        ("setup", [check]) if check == "--check" => setup::report(&setup::ALL),
        ("help" | "--help" | "-h", []) => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("not a chore: {}\n\n{USAGE}", arguments.join(" "));
            Ok(ExitCode::from(2))
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
