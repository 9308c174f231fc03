//! End to end: the tests that drive the real window through WebDriver.

use std::{
    env, fs,
    process::{Command, ExitCode},
};

use anyhow::Result;

use crate::{
    counts::Counts,
    demo, dist, process,
    setup::{self, Need},
    test::{self, Extent},
    ui,
    workspace::{Metadata, root},
};

/// The test that installs the package on this system.
const PACKAGE_TEST: &str = "package::full_the_package_is_installed_used_and_removed";

/// Where the window appears.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// The person's own, if there is one.
    Own,
    /// One of known size that nobody sees.
    Virtual,
}

/// Why the window cannot be driven here, if it cannot.
pub(crate) fn obstacle() -> Option<&'static str> {
    cfg!(target_os = "macos").then_some("macOS has no WebDriver for its web view")
}

/// The chore `e2e [filter]`.
pub(crate) fn chore(filter: Option<&str>) -> Result<ExitCode> {
    if let Some(obstacle) = obstacle() {
        anyhow::bail!("{obstacle}");
    }
    // Whoever names a test wants it, however long it takes.
    let extent = filter.map_or(Extent::Usual, |_| Extent::Full);
    if let Some(obstacle) = filter.and_then(package_obstacle) {
        // Where nobody reads along, a test that was named and did not run has failed.
        if env::var_os("CI").is_some() {
            anyhow::bail!("{PACKAGE_TEST}: {obstacle}");
        }
        eprintln!("not run: {PACKAGE_TEST}: {obstacle}");
    }
    let counts = run(filter, Screen::Own, extent)?;
    for failure in &counts.failures {
        eprintln!("failed: {failure}");
    }
    println!("{} passed, {} failed", counts.passed, counts.failed());
    Ok(if counts.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Why the test that installs the package is left out, though `filter` names it.
pub(crate) fn package_obstacle(filter: &str) -> Option<&'static str> {
    dist::obstacle().filter(|_| PACKAGE_TEST.contains(filter))
}

/// Builds the app and its driver, and runs the tests whose name contains `filter`. Long ones are called `full_…`.
pub(crate) fn run(filter: Option<&str>, screen: Screen, extent: Extent) -> Result<Counts> {
    setup::ensure(&[Need::Window, Need::Driver])?;
    ui::build()?;
    let wanted = extent == Extent::Full && filter.is_none_or(|filter| PACKAGE_TEST.contains(filter));
    let package = match dist::obstacle() {
        None if wanted => Some(dist::debian_package()?),
        _ => None,
    };
    // The app is built along with its tests, and before the virtual screen is up, so that a build error looks like one.
    let mut build = process::cargo();
    build
        .current_dir(root())
        .arg("test")
        .args(test::SELECTION)
        // The second brings `enerlink` along, which prepares profiles for the window.
        .args(["--test", "e2e", "--test", "cli", "--no-run"]);
    process::run(&mut build)?;

    let screenshots = root().join("artifacts/screenshots");
    fs::create_dir_all(&screenshots)?;
    let mut command = on_screen(screen);
    command
        .current_dir(root())
        .arg("test")
        .args(test::SELECTION)
        .args(["--test", "e2e"]);
    command.args(filter);
    // Two windows at once starve each other on a small machine, until the driver takes one for hung.
    command.args(["--", "--test-threads", "1"]);
    if extent == Extent::Usual {
        command.args(["--skip", "full_"]);
    }
    match package {
        Some(package) => command.env("ENERLINK_PACKAGE", package),
        None => command.args(["--skip", PACKAGE_TEST]),
    };
    command.env("ENERLINK_APP", Metadata::read()?.program("enerlink-wallet"));
    command.env("ENERLINK_SCREENSHOTS", screenshots);
    let (status, text) = process::run_and_read(&mut command)?;
    Ok(Counts::of_cargo_test(&text, status.success()))
}

/// Cargo, on the screen where the window is to appear.
fn on_screen(screen: Screen) -> Command {
    let own = screen == Screen::Own && demo::has_display();
    if own || !cfg!(target_os = "linux") {
        return process::cargo();
    }
    let mut command = process::command("xvfb-run");
    command.args(["-a", "-s", "-screen 0 1400x1000x24", "dbus-run-session", "--"]);
    // A web view that finds a Wayland session would open there and not on the virtual screen.
    command.env_remove("WAYLAND_DISPLAY").env("GDK_BACKEND", "x11");
    command.arg(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
}
