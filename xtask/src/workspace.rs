//! The checkout: where it is, what cargo says about its packages, which files belong to it.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process;

/// The checkout's root folder: that of the cargo which runs this program. Two checkouts may share a folder of compiled
/// programs, so that the place where this one was compiled may be the other.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Path::new(&package)
            .parent()
            .expect("xtask stands inside the workspace")
            .to_owned()
    })
}

/// The packages of this workspace, as `cargo metadata` tells them.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

/// One package of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// One line of a package's dependency tables.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) features: Vec<String>,
}

/// A library, program or test of a package.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    /// Whether a plain `cargo test` runs it.
    pub(crate) test: bool,
}

impl Metadata {
    /// Asks cargo; needs no network.
    pub(crate) fn read() -> Result<Self> {
        let mut command = process::cargo();
        command
            .current_dir(root())
            .args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = command.output().context("cannot start cargo")?;
        if !output.status.success() {
            bail!(
                "`cargo metadata` failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        serde_json::from_slice(&output.stdout).context("cannot read the answer of `cargo metadata`")
    }

    /// The path of a built program of the debug profile.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target_directory
            .join("debug")
            .join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}

/// The files that git has or would take, relative to the root, with their text; files that are not text are left out.
pub(crate) fn files() -> Result<BTreeMap<String, String>> {
    let mut command = process::command("git");
    command
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let output = command
        .output()
        .context("cannot start git, which lists the files to check")?;
    if !output.status.success() {
        bail!(
            "`git ls-files` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let texts = names
        .split('\0')
        .filter(|name| !name.is_empty())
        .filter_map(|name| {
            let text = fs::read_to_string(root().join(name)).ok()?;
            Some((name.to_owned(), text))
        });
    Ok(texts.collect())
}

/// The version of `package` in the text of a Cargo.lock; of several, the first.
pub(crate) fn locked_version(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| *line == format!("name = \"{package}\""))?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_comes_from_the_lock_file() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }

    #[test]
    fn checkout_lists_this_file() {
        let files = files().expect("the tests run in a checkout");
        assert!(files.contains_key("xtask/src/workspace.rs"));
        assert!(files.keys().all(|name| !name.starts_with("target/")));
    }

    #[test]
    fn metadata_names_this_package() {
        let metadata = Metadata::read().expect("cargo reads its own workspace");
        assert!(metadata.packages.iter().any(|package| package.name == "xtask"));
    }
}
