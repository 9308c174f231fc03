//! Demo: the app on a simulated neighbourhood, in its window, or without one where there is no display.

use std::env;

use anyhow::Result;

use crate::{
    process,
    setup::{self, Need},
    ui,
    workspace::{Metadata, root},
};

/// Builds and becomes the demo. Progress goes to stderr: stdout carries what the demo itself prints.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let wanted_headless = arguments.iter().any(|argument| argument == "--headless");
    let rest: Vec<&String> = arguments
        .iter()
        .filter(|argument| *argument != "--headless")
        .collect();
    let no_display = !has_display();
    if no_display && !wanted_headless {
        eprintln!(
            "demo: no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so the same job runs without the window"
        );
    }
    if wanted_headless || no_display {
        let mut command = process::cargo();
        command
            .args(["run", "--manifest-path"])
            .arg(root().join("Cargo.toml"));
        command
            .args(["--package", "enerlink-cli", "--bin", "enerlink", "--", "demo"])
            .args(rest);
        return process::become_program(&mut command);
    }
    setup::ensure(&[Need::Window])?;
    ui::build()?;
    let mut build = process::cargo();
    build.current_dir(root()).args([
        "build",
        "--package",
        "enerlink-wallet",
        "--features",
        "custom-protocol",
    ]);
    process::run(&mut build)?;
    let program = Metadata::read()?.program("enerlink-wallet");
    process::become_program(
        process::command(&program.to_string_lossy())
            .arg("demo")
            .args(rest),
    )
}

/// Whether a window can open here.
pub(crate) fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
