//! Bench: the wallet beside a peer, built as people get it.

use anyhow::Result;

use crate::{process, workspace::root};

/// Builds the measurements in the release profile and becomes them; stdout carries their report alone.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut command = process::cargo();
    command
        .args(["run", "--release", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .args(["--package", "enerlink-bench", "--"])
        .args(arguments);
    process::become_program(&mut command)
}
