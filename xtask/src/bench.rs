//! Bench: the wallet beside a peer, built as people get it.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    process,
    setup::{self, Need},
    ui,
    workspace::{Metadata, root},
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
        command.env("ENERLINK_APP", app(&Metadata::read()?.target_directory)?);
    }
    process::become_program(&mut command)
}

/// The app in the release profile, with the window's content of that profile in it.
fn app(target: &Path) -> Result<PathBuf> {
    let content = target.join("release/ui");
    ui::build_release(&content)?;
    let mut build = process::cargo();
    build
        .current_dir(root())
        .args(["build", "--release", "--package", "enerlink-wallet"])
        .args(["--features", "custom-protocol"]);
    // `ui/dist` holds what the tests look at.
    let config = format!(
        "{{\"build\":{{\"frontendDist\":{:?}}}}}",
        content.display().to_string()
    );
    build.env("TAURI_CONFIG", config);
    process::run(&mut build)?;
    Ok(target.join(format!("release/enerlink-wallet{}", env::consts::EXE_SUFFIX)))
}
