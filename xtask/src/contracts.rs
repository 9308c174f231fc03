//! Contracts: compile and test them, or let `enerlink` deploy them and authorise a meter.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::{
    process,
    setup::{self, Need},
    workspace::root,
};

/// The chore `contracts <verb>`.
pub(crate) fn run(verb: &str, rest: &[String]) -> Result<ExitCode> {
    match verb {
        "build" => script("build")?,
        "test" => script("test")?,
        "deploy" | "authorize" => {
            let mut command = process::cargo();
            command
                .args(["run", "--manifest-path"])
                .arg(root().join("Cargo.toml"));
            command
                .args([
                    "--package",
                    "enerlink-cli",
                    "--bin",
                    "enerlink",
                    "--",
                    "operator",
                    verb,
                ])
                .args(rest);
            process::become_program(&mut command)?;
        }
        _ => bail!("`contracts {verb}` is no chore: build, test, deploy or authorize"),
    }
    Ok(ExitCode::SUCCESS)
}

/// An npm script of `contracts/`, ready to run.
pub(crate) fn npm(name: &str) -> std::process::Command {
    let mut command = process::command("npm");
    command
        .current_dir(root().join("contracts"))
        .args(["run", "--silent", name]);
    command
}

/// Runs an npm script of `contracts/`.
pub(crate) fn script(name: &str) -> Result<()> {
    setup::ensure(&[Need::Contracts])?;
    process::run(&mut npm(name))
}
