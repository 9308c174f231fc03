//! Bench: the wallet beside a peer, built as people get it.

use anyhow::Result;

use crate::{
    process,
    release::Profile,
    setup::{self, Need},
    workspace::root,
};

/// The measurement that needs the window.
const IN_THE_WINDOW: &str = "chart";

/// Builds the measurements in the release profile and becomes them; stdout carries their report alone.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut command = process::cargo();
    command
        .args(["run", "--release", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .args(["--package", "enerlink-bench", "--"])
        .args(arguments);
    let mut names = arguments.iter().filter(|word| !word.starts_with('-'));
    let window = names.next().is_none_or(|name| name == IN_THE_WINDOW);
    if window && cfg!(target_os = "linux") {
        setup::ensure(&[Need::Window, Need::Driver])?;
        let programs = Profile::Release.build(&["enerlink-wallet"])?;
        command.env("ENERLINK_APP", programs.join("enerlink-wallet"));
    }
    process::become_program(&mut command)
}
