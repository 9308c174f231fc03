//! Set-up: finds out what a chore needs and this machine lacks, says so, and installs it where it may.

mod system;
mod tools;

use std::{path::Path, process::Command, process::ExitCode};

use anyhow::{Context, Result, bail};

use crate::{
    process,
    workspace::{self, root},
};

/// The target of the window's content.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The target that stands for Windows on a machine that is not one: it needs no files of Microsoft.
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// What a chore may need beyond Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Building the window: the system's web view, the wasm target, trunk and wasm-bindgen.
    Window,
    /// Driving the window: a virtual screen and WebDriver.
    Driver,
    /// The real broker, the fault injection and the Python environments of the tests, rustfmt and clippy.
    Tests,
    /// Node and the packages of `contracts/`.
    Contracts,
    /// Node and the program that makes packages.
    Bundler,
    /// Checking the code for Windows on Linux: a C compiler for it, its resource compiler, and the Rust target.
    Windows,
    /// What looks at a package's files.
    Packages,
}

/// Everything that `cargo xtask test` needs.
pub(crate) const ALL: [Need; 4] = [Need::Window, Need::Driver, Need::Tests, Need::Contracts];

/// What the long run needs beyond that.
pub(crate) const LONG: [Need; 3] = [Need::Bundler, Need::Windows, Need::Packages];

/// One thing that is missing.
struct Missing {
    what: String,
    /// What a person would type.
    by_hand: String,
    /// The commands that install it, or nothing where only a person may.
    install: Option<Install>,
}

enum Install {
    /// The last command installs and decides; what comes before it prepares, such as refreshing a list.
    Run(Vec<Command>),
    /// `cargo install` with these arguments.
    Cargo(Vec<String>),
}

/// Installs what is missing for `needs`; does nothing and says nothing when nothing is.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing = missing(needs)?;
    if missing.is_empty() {
        return Ok(());
    }
    let (mine, theirs): (Vec<Missing>, Vec<Missing>) =
        missing.into_iter().partition(|missing| missing.install.is_some());
    if !theirs.is_empty() {
        for missing in &theirs {
            eprintln!(
                "set-up: missing: {}; please run or do:\n\n    {}\n",
                missing.what, missing.by_hand
            );
        }
        bail!("the set-up cannot install this itself; start again when it is done");
    }
    let builds = tools::BuildFolder::new(&workspace::Metadata::read()?.target_directory);
    for missing in mine {
        eprintln!("set-up: missing: {}; installing it", missing.what);
        let by_hand = missing.by_hand;
        let done = match missing.install {
            Some(Install::Run(commands)) => run_last(commands),
            Some(Install::Cargo(arguments)) => builds.install(&arguments),
            None => Ok(()),
        };
        done.with_context(|| format!("could not install {}; by hand: {by_hand}", missing.what))?;
    }
    // What was installed elsewhere than on the path, or in another version, would fail later and less clearly.
    if let Some(still) = self::missing(needs)?.first() {
        bail!(
            "{} was installed, but is not found; is cargo's bin folder on the path?",
            still.what
        );
    }
    Ok(())
}

fn run_last(mut commands: Vec<Command>) -> Result<()> {
    let last = commands.pop();
    for mut command in commands {
        if let Err(error) = process::run(&mut command) {
            eprintln!("set-up: {error:#}; going on with what is known");
        }
    }
    last.map_or(Ok(()), |mut command| process::run(&mut command))
}

/// Lists what is missing for `needs` and changes nothing.
pub(crate) fn report(needs: &[Need]) -> Result<ExitCode> {
    let missing = missing(needs)?;
    for missing in &missing {
        println!("missing: {}\n    {}", missing.what, missing.by_hand);
    }
    if missing.is_empty() {
        println!("nothing is missing");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn missing(needs: &[Need]) -> Result<Vec<Missing>> {
    let mut missing = Vec::new();
    missing.extend(system::missing(needs));
    if needs.contains(&Need::Tests) {
        missing.extend(["rustfmt", "clippy"].into_iter().filter_map(tools::component));
    }
    if needs.contains(&Need::Window) {
        missing.extend(tools::target(WASM));
        let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
        missing.extend(tools::trunk());
        missing.extend(tools::wasm_bindgen(&lock)?);
    }
    if needs.contains(&Need::Windows) && cfg!(target_os = "linux") {
        missing.extend(tools::target(WINDOWS));
    }
    if needs.contains(&Need::Driver) && !cfg!(target_os = "macos") {
        missing.extend(tools::driver());
    }
    for (need, folder) in [
        (Need::Contracts, "contracts"),
        (Need::Bundler, crate::dist::BUNDLER),
        (Need::Driver, "tests/e2e"),
    ] {
        if needs.contains(&need) {
            missing.extend(node(folder));
        }
    }
    Ok(missing)
}

/// Node itself, then the packages of `folder`, when they are older than their lock file.
fn node(folder: &str) -> Option<Missing> {
    let version = process::answer(process::command("node").arg("--version"));
    if !version.as_deref().is_some_and(is_recent_node) || process::find("npm").is_none() {
        return Some(Missing {
            what: match version {
                Some(version) => format!("Node 20 or newer with npm (found {version})"),
                None => "Node 20 or newer with npm".into(),
            },
            by_hand: "install it from https://nodejs.org or the system's packages (nodejs, npm)".into(),
            install: None,
        });
    }
    let place = root().join(folder);
    if is_newer(
        &place.join("node_modules/.package-lock.json"),
        &place.join("package-lock.json"),
    ) {
        return None;
    }
    let mut command = process::command("npm");
    command
        .current_dir(&place)
        .args(["ci", "--no-fund", "--no-audit"]);
    Some(Missing {
        what: format!("the node packages of {folder}/"),
        by_hand: format!("cd {folder} && npm ci"),
        install: Some(Install::Run(vec![command])),
    })
}

fn is_recent_node(version: &str) -> bool {
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= 20)
}

/// Whether `built` exists and is not older than `source`.
fn is_newer(built: &Path, source: &Path) -> bool {
    let time = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    time(built).is_some_and(|built| time(source).is_none_or(|source| built >= source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_is_recent_from_twenty() {
        let cases = [
            ("v20.20.2", true),
            ("v22.0.0", true),
            ("v18.19.0", false),
            ("", false),
            ("x", false),
        ];
        for (version, recent) in cases {
            assert_eq!(is_recent_node(version), recent, "{version}");
        }
    }

    #[test]
    fn the_last_command_decides() {
        let (good, bad) = (["--version"], ["--no-such-option"]);
        let cargo = |arguments: [&str; 1]| {
            let mut command = process::cargo();
            command.args(arguments);
            command
        };
        assert!(run_last(vec![cargo(bad), cargo(good)]).is_ok());
        assert!(run_last(vec![cargo(good), cargo(bad)]).is_err());
    }

    #[test]
    fn what_is_not_there_is_not_newer() {
        let here = root().join("Cargo.toml");
        assert!(is_newer(&here, &here));
        assert!(is_newer(&here, Path::new("no such file")));
        assert!(!is_newer(Path::new("no such file"), &here));
    }
}
