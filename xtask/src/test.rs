//! Test: every check and test in one run, counted, one line at the end.

use std::{
    env,
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::Result;

use crate::{
    contracts,
    counts::Counts,
    e2e, process,
    setup::{self, Need},
    tidy, ui,
    workspace::{Metadata, root},
};

/// How much is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Usual,
    /// The long ones too.
    Full,
}

impl Extent {
    /// What the tests themselves read.
    fn variables(self) -> Option<(&'static str, &'static str)> {
        (self == Self::Full).then_some(("ENERLINK_FULL", "1"))
    }
}

/// The packages and features of every build of this chore: always the same, so that nothing is compiled twice. xtask is
/// left out: it would be replaced while it runs.
pub(crate) const SELECTION: [&str; 5] = [
    "--workspace",
    "--exclude",
    "xtask",
    "--features",
    "enerlink-wallet/custom-protocol",
];

/// Runs all steps; those that can go on after a failure do.
pub(crate) fn run(extent: Extent) -> ExitCode {
    let mut report = Report::default();
    let needs = match extent {
        Extent::Usual => setup::ALL.to_vec(),
        Extent::Full => [&setup::ALL[..], &setup::LONG].concat(),
    };
    if report.check("set-up", || setup::ensure(&needs)) {
        checks(&mut report, extent);
    }
    report.end()
}

fn checks(report: &mut Report, extent: Extent) {
    report.check("tidy", tidy::run);
    report.check("format", || process::run(cargo("fmt").args(["--all", "--check"])));
    let has_ui = report.check("UI build", ui::build);
    // The app embeds the built UI, so that nothing of it compiles without.
    if has_ui {
        report.check("clippy", || {
            process::run(
                cargo("clippy")
                    .args(SELECTION)
                    .args(["--exclude", "enerlink-ui"])
                    .args(ALL_DENIED),
            )
        });
    } else {
        report.skip("clippy", "the UI did not build");
    }
    report.check("clippy of the UI", || {
        let target = ["--package", "enerlink-ui", "--target", setup::WASM];
        process::run(cargo("clippy").args(target).args(ALL_DENIED))
    });
    report.check("clippy of xtask", || {
        process::run(cargo("clippy").args(["--package", "xtask"]).args(ALL_DENIED))
    });
    report.count("contract tests", || contract_tests("test"));
    report.count("tests of xtask", || {
        cargo_test(cargo("test").args(["--package", "xtask"]))
    });
    if has_ui {
        report.count("tests", || {
            cargo_test(
                cargo("test")
                    .args(SELECTION)
                    .arg("--no-fail-fast")
                    .envs(extent.variables()),
            )
        });
        match e2e::obstacle() {
            None => report.count("tests in the window", || {
                e2e::run(None, e2e::Screen::Virtual, extent)
            }),
            Some(obstacle) => report.skip("tests in the window", obstacle),
        }
        if extent == Extent::Full {
            not_installed(report);
        }
    } else {
        report.skip("tests", "the UI did not build");
        report.skip("tests in the window", "the UI did not build");
    }
    if extent == Extent::Full {
        long(report, has_ui);
    }
}

fn long(report: &mut Report, has_ui: bool) {
    if cfg!(target_os = "linux") && has_ui {
        report.check("check for Windows", windows);
    }
    report.count("long contract tests", || contract_tests("test:full"));
    slither(report);
    report.check("mutants of the contracts", || contracts::script("test:mutants"));
    if has_ui {
        report.count("long tests", || {
            let targets = long_targets(&Metadata::read()?);
            if targets.is_empty() {
                return Ok(Counts::default());
            }
            let mut command = cargo("test");
            command
                .args(SELECTION)
                .arg("--no-fail-fast")
                .envs(Extent::Full.variables());
            command.args(targets.iter().flat_map(|target| ["--test", target]));
            cargo_test(&mut command)
        });
    }
    dependencies(report);
}

/// Where the dependencies come from and under which licences, which of them are banned, and their known holes.
fn dependencies(report: &mut Report) {
    if process::find("cargo-deny").is_none() {
        report.skip(
            "cargo deny",
            "not checked: cargo-deny is not installed (`cargo install cargo-deny --locked`)",
        );
        return;
    }
    report.check("licences, bans, sources", || {
        process::run(cargo("deny").args(["check", "licenses", "bans", "sources"]))
    });
    advisories(report);
}

/// The contracts as slither sees them, where it is installed.
fn slither(report: &mut Report) {
    const STEP: &str = "slither";
    if process::find(STEP).is_some() {
        report.check(STEP, || contracts::script(STEP));
    } else {
        report.skip(
            STEP,
            "not checked: slither is not installed (`pipx install slither-analyzer`)",
        );
    }
}

/// Says when the package was not installed. Where nobody reads along, on a system that has packages, that is a failure.
fn not_installed(report: &mut Report) {
    const STEP: &str = "the installed package";
    let Some(obstacle) = e2e::package_obstacle("") else {
        return;
    };
    let unattended = env::var_os("CI").is_some() && process::find("dpkg").is_some();
    if unattended {
        report.check(STEP, || anyhow::bail!(obstacle));
    } else {
        report.skip(STEP, obstacle);
    }
}

/// The app and the command line as the compiler sees them on Windows, unused code included.
fn windows() -> Result<()> {
    let packages = ["--package", "enerlink-cli", "--package", "enerlink-wallet"];
    let mut clippy = cargo("clippy");
    clippy
        .args(packages)
        .args(["--features", "enerlink-wallet/custom-protocol"])
        .args(["--target", setup::WINDOWS, "--", "-D", "warnings"]);
    process::run(&mut clippy)
}

/// Known holes; a machine that cannot reach their list says so and does not fail.
fn advisories(report: &mut Report) {
    let mut unreachable = false;
    report.count("advisories", || {
        let (status, text) = process::run_and_read(cargo("deny").args(["check", "advisories"]))?;
        unreachable = !status.success() && text.contains("failed to fetch advisory database");
        Ok(match (status.success(), unreachable) {
            (true, _) => Counts::one(),
            (false, true) => Counts::default(),
            (false, false) => Counts::failure("advisories: a dependency has a known hole"),
        })
    });
    if unreachable {
        report.skip("advisories", "not checked: their list cannot be reached");
    }
}

/// The test targets that a plain `cargo test` leaves out because they take long.
fn long_targets(metadata: &Metadata) -> Vec<String> {
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let long = targets
        .filter(|target| target.name.starts_with("full_") && target.kind.iter().any(|kind| kind == "test"));
    let mut names: Vec<String> = long.map(|target| target.name.clone()).collect();
    names.sort();
    names
}

const ALL_DENIED: [&str; 4] = ["--all-targets", "--", "-D", "warnings"];

fn cargo(verb: &str) -> Command {
    let mut command = process::cargo();
    command.current_dir(root()).arg(verb);
    command
}

fn cargo_test(command: &mut Command) -> Result<Counts> {
    let (status, text) = process::run_and_read(command)?;
    Ok(Counts::of_cargo_test(&text, status.success()))
}

fn contract_tests(script: &str) -> Result<Counts> {
    setup::ensure(&[Need::Contracts])?;
    let (status, text) = process::run_and_read(&mut contracts::npm(script))?;
    Ok(Counts::of_contracts(&text, status.success()))
}

/// What happened so far.
#[derive(Default)]
struct Report {
    counts: Counts,
    skipped: Vec<String>,
}

impl Report {
    /// A step that passes or fails as a whole; whether it passed.
    fn check(&mut self, name: &str, step: impl FnOnce() -> Result<()>) -> bool {
        let before = self.counts.failed();
        self.count(name, || {
            Ok(match step() {
                Ok(()) => Counts::one(),
                Err(error) => Counts::failure(format!("{name}: {error:#}")),
            })
        });
        self.counts.failed() == before
    }

    /// A step that counts its own tests.
    fn count(&mut self, name: &str, step: impl FnOnce() -> Result<Counts>) {
        eprintln!("== {name}");
        let started = Instant::now();
        let counts = step().unwrap_or_else(|error| Counts::failure(format!("{name}: {error:#}")));
        let seconds = started.elapsed().as_secs_f32();
        eprintln!(
            "== {name}: {} passed, {} failed ({seconds:.1} s)\n",
            counts.passed,
            counts.failed()
        );
        self.counts.add(counts);
    }

    /// A step that is not run, and why.
    fn skip(&mut self, name: &str, why: &str) {
        eprintln!("== {name}: {why}\n");
        self.skipped.push(format!("{name}: {why}"));
    }

    fn end(self) -> ExitCode {
        for skipped in &self.skipped {
            eprintln!("not run: {skipped}");
        }
        for failure in &self.counts.failures {
            eprintln!("failed: {failure}");
        }
        println!("{} passed, {} failed", self.counts.passed, self.counts.failed());
        if self.counts.failures.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up() {
        let mut report = Report::default();
        assert!(report.check("good", || Ok(())));
        assert!(!report.check("bad", || anyhow::bail!("broken")));
        report.count("counted", || {
            Ok(Counts {
                passed: 7,
                failures: vec!["x".into()],
            })
        });
        report.count("not started", || anyhow::bail!("no such program"));
        assert_eq!(report.counts.passed, 8);
        assert_eq!(
            report.counts.failures,
            ["bad: broken", "x", "not started: no such program"]
        );
    }

    #[test]
    fn long_targets_are_found_in_every_package() {
        let json = r#"{"target_directory":"target","packages":[
            {"name":"a","manifest_path":"Cargo.toml","dependencies":[],"targets":[
                {"name":"full_seeds","kind":["test"],"test":false},{"name":"ipc","kind":["test"],"test":true}]},
            {"name":"b","manifest_path":"b/Cargo.toml","dependencies":[],"targets":[
                {"name":"full_crash","kind":["test"],"test":false},{"name":"full_lib","kind":["lib"],"test":true}]}]}"#;
        let metadata: Metadata = serde_json::from_str(json).expect("the sample is what cargo prints");
        assert_eq!(long_targets(&metadata), ["full_crash", "full_seeds"]);
    }
}
