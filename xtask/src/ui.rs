//! The window's content: `ui/` to `ui/dist`, through trunk, when something in it has changed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};

use crate::{process, workspace::root};

/// What the built UI is made of.
const SOURCES: [&str; 5] = ["ui", "crates/domain", "crates/ipc", "Cargo.toml", "Cargo.lock"];

/// Builds `ui/dist`, unless it is newer than everything it is made of: a rewritten file would rebuild the app too.
pub(crate) fn build() -> Result<()> {
    let built = modified(&root().join("ui/dist/index.html"));
    let changed = SOURCES
        .iter()
        .filter_map(|source| newest(&root().join(source)))
        .max();
    if built.is_some() && built > changed {
        return Ok(());
    }
    let mut trunk = process::command("trunk");
    trunk.current_dir(root().join("ui")).arg("build");
    // Trunk reads this variable as true or false, the rest of the world as set or not.
    if env::var_os("NO_COLOR").is_some() {
        trunk.env("NO_COLOR", "true");
    }
    process::run(&mut trunk).context("the UI did not build")
}

/// When anything at `path` or below was last written; what is built is not looked at.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = fs::read_dir(path) else {
        return modified(path);
    };
    let inner = entries.filter_map(|entry| Some(entry.ok()?.path()));
    inner
        .filter(|path: &PathBuf| !path.ends_with("dist"))
        .filter_map(|path| newest(&path))
        .max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}
