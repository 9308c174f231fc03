//! Dist: packages for this system as people install them: the app, its command line, its service and its papers.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    process,
    release::Profile,
    setup::{self, Need},
    workspace::root,
};

/// Where Tauri's bundler is installed, at a locked version.
pub(crate) const BUNDLER: &str = "xtask/dist";

/// What a Linux package brings beside the app, by where it goes: a file of the checkout.
const BESIDE: [(&str, &str); 5] = [
    (
        "/usr/lib/systemd/user/enerlink.service",
        "src-tauri/linux/enerlink.service",
    ),
    ("/usr/share/doc/enerlink-wallet/LICENSE", "LICENSE"),
    ("/usr/share/doc/enerlink-wallet/CHANGELOG.md", "CHANGELOG.md"),
    (
        "/usr/share/doc/enerlink-wallet/headless.md",
        "docs/guide/headless.md",
    ),
    ("/usr/share/doc/enerlink-wallet/env.example", ".env.example"),
];

/// The formats that need nothing but this machine; the others fetch tools of their own and are made where releases are.
fn formats() -> &'static str {
    match std::env::consts::OS {
        "linux" => "deb,rpm",
        "windows" => "nsis",
        _ => "app",
    }
}

/// The chore `dist`.
pub(crate) fn run(profile: Profile) -> Result<()> {
    for package in build(profile)? {
        println!("{}  {}", size(&package)?, package.display());
    }
    Ok(())
}

/// Builds programs and packages; answers the packages.
pub(crate) fn build(profile: Profile) -> Result<Vec<PathBuf>> {
    setup::ensure(&[Need::Window, Need::Bundler])?;
    let programs = profile.build(&["enerlink-wallet", "enerlink-cli"])?;
    let bundles = programs.join("bundle");
    if bundles.exists() {
        fs::remove_dir_all(&bundles).context("cannot clear the old packages")?;
    }
    let mut bundler = process::command("node");
    bundler
        .current_dir(root())
        .arg(root().join(BUNDLER).join("node_modules/@tauri-apps/cli/tauri.js"))
        // A package holds the program as it was built and tested.
        .args([
            "bundle",
            "--ci",
            "--no-binary-patching",
            "--bundles",
            formats(),
            "--config",
        ])
        .arg(beside(&programs).to_string());
    if profile == Profile::Debug {
        bundler.arg("--debug");
    }
    process::run(&mut bundler).context("the packages were not made")?;
    let mut packages = Vec::new();
    for folder in fs::read_dir(&bundles).context("the bundler made nothing")? {
        for file in fs::read_dir(folder?.path())? {
            let path = file?.path();
            let made = path
                .extension()
                .is_some_and(|kind| formats().split(',').any(|format| kind == format) || kind == "exe");
            packages.extend(made.then_some(path));
        }
    }
    ensure!(!packages.is_empty(), "no package in {}", bundles.display());
    packages.sort();
    Ok(packages)
}

/// The configuration that is not the same on every machine: where this build has put the command line.
fn beside(programs: &Path) -> Value {
    let mut files = serde_json::Map::new();
    files.insert(
        "/usr/bin/enerlink".to_owned(),
        json!(programs.join(format!("enerlink{}", std::env::consts::EXE_SUFFIX))),
    );
    for (place, source) in BESIDE {
        files.insert(place.to_owned(), json!(root().join(source)));
    }
    json!({ "bundle": { "linux": { "deb": { "files": files }, "rpm": { "files": files } } } })
}

fn size(path: &Path) -> Result<String> {
    let bytes = fs::metadata(path)
        .with_context(|| format!("no {}", path.display()))?
        .len();
    Ok(format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10))
}
