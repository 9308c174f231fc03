//! Parts of the Rust toolchain and programs that cargo installs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{Install, Missing};
use crate::{process, workspace::locked_version};

const TRUNK: &str = "0.21.14";
const DRIVER: &str = "2.1.0";

/// Where installed programs are compiled; shared by all of one set-up and removed after it.
pub(super) struct BuildFolder(PathBuf);

impl BuildFolder {
    pub(super) fn new(target_directory: &Path) -> Self {
        Self(target_directory.join(format!("set-up-{}", std::process::id())))
    }

    /// `cargo install`, lightly optimised: these programs run for seconds and would compile for minutes.
    pub(super) fn install(&self, arguments: &[String]) -> Result<()> {
        let mut command = process::cargo();
        command
            .arg("install")
            .args(arguments)
            .arg("--target-dir")
            .arg(&self.0);
        command
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off");
        process::run(&mut command)
    }
}

impl Drop for BuildFolder {
    fn drop(&mut self) {
        // Nothing stands there when nothing was compiled.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A part of the toolchain, such as clippy.
pub(super) fn component(name: &str) -> Option<Missing> {
    let verb = if name == "rustfmt" { "fmt" } else { name };
    let here = process::answer(process::cargo().args([verb, "--version"])).is_some();
    (!here).then(|| by_rustup(name, &["component", "add", name]))
}

/// The standard library for another target: the window's content, or Windows.
pub(super) fn target(name: &str) -> Option<Missing> {
    let mut rustc = process::command("rustc");
    let folder = process::answer(rustc.args(["--print", "target-libdir", "--target", name]));
    let here = folder.is_some_and(|folder| Path::new(&folder).is_dir());
    (!here).then(|| by_rustup(&format!("the Rust target {name}"), &["target", "add", name]))
}

fn by_rustup(what: &str, arguments: &[&str]) -> Missing {
    let mut command = process::command("rustup");
    command.args(arguments);
    let by_hand = process::shown(&command);
    let install = process::find("rustup").map(|_| Install::Run(vec![command]));
    Missing {
        what: what.into(),
        by_hand,
        install,
    }
}

/// Trunk of the line that this workspace is built with.
pub(super) fn trunk() -> Option<Missing> {
    let found = version_of("trunk");
    (!found.as_deref().is_some_and(|version| same_line(version, TRUNK)))
        .then(|| by_cargo("trunk", TRUNK, found, &["--locked"]))
}

/// wasm-bindgen of exactly the locked version: it refuses what another version has made.
pub(super) fn wasm_bindgen(lock: &str) -> Result<Option<Missing>> {
    let version = locked_version(lock, "wasm-bindgen").context("Cargo.lock does not name wasm-bindgen")?;
    let found = version_of("wasm-bindgen");
    // Without --locked: its lock file pins crates that no longer compile.
    Ok((found.as_deref() != Some(&version)).then(|| by_cargo("wasm-bindgen-cli", &version, found, &[])))
}

/// The WebDriver of the window; it does not tell its version.
pub(super) fn driver() -> Option<Missing> {
    process::find("tauri-driver")
        .is_none()
        .then(|| by_cargo("tauri-driver", DRIVER, None, &["--locked"]))
}

fn by_cargo(package: &str, version: &str, found: Option<String>, more: &[&str]) -> Missing {
    let arguments: Vec<String> = [package, "--version", version]
        .iter()
        .chain(more)
        .map(|argument| (*argument).to_owned())
        .collect();
    let found = found.map(|found| format!(" (found {found})")).unwrap_or_default();
    Missing {
        what: format!("{package} {version}{found}"),
        by_hand: format!("cargo install {}", arguments.join(" ")),
        install: Some(Install::Cargo(arguments)),
    }
}

fn version_of(program: &str) -> Option<String> {
    let answer = process::answer(process::command(program).arg("--version"))?;
    version_in(&answer).map(str::to_owned)
}

/// The version in an answer such as `trunk 0.21.14`.
fn version_in(answer: &str) -> Option<&str> {
    answer
        .split_whitespace()
        .find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether two versions below 1.0 agree in all but their last number.
fn same_line(version: &str, wanted: &str) -> bool {
    let line = |version: &str| version.rsplit_once('.').map(|(line, _)| line.to_owned());
    line(version).is_some() && line(version) == line(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(version_in("trunk 0.21.14"), Some("0.21.14"));
        assert_eq!(version_in("wasm-bindgen 0.2.130 (1a2b3c)"), Some("0.2.130"));
        assert_eq!(version_in("usage: x"), None);
        assert!(same_line("0.21.1", "0.21.14"));
        assert!(!same_line("0.20.3", "0.21.14"));
        assert!(!same_line("0", "0"));
    }

    #[test]
    fn install_line_can_be_typed() {
        let missing = by_cargo("trunk", "0.21.14", Some("0.20.0".into()), &["--locked"]);
        assert_eq!(missing.what, "trunk 0.21.14 (found 0.20.0)");
        assert_eq!(missing.by_hand, "cargo install trunk --version 0.21.14 --locked");
    }

    #[test]
    fn build_folder_is_removed() {
        let parent = std::env::temp_dir().join(format!("enerlink-xtask-{}", std::process::id()));
        let folder = BuildFolder::new(&parent);
        let path = folder.0.clone();
        fs::create_dir_all(path.join("release")).expect("the temporary folder can be written");
        drop(folder);
        assert!(!path.exists() && parent.exists());
        fs::remove_dir(&parent).expect("nothing else stands in it");
    }
}
