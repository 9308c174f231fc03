//! The window's content: `ui/` to `ui/dist`, through trunk, when something in it has changed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::{Context, Result};

use crate::{process, workspace::root};

/// What the built UI is made of.
const SOURCES: [&str; 5] = ["ui", "crates/domain", "crates/ipc", "Cargo.toml", "Cargo.lock"];

/// Builds `ui/dist`, unless it is newer than everything it is made of: a rewritten file would rebuild the app too.
pub(crate) fn build() -> Result<()> {
    let sources = SOURCES.map(|source| root().join(source));
    if is_current(&root().join("ui/dist/index.html"), &sources) {
        return Ok(());
    }
    process::run(&mut trunk()).context("the UI did not build")
}

/// The same as people get it, in `folder`.
pub(crate) fn build_release(folder: &Path) -> Result<()> {
    let sources = SOURCES.map(|source| root().join(source));
    if is_current(&folder.join("index.html"), &sources) {
        return Ok(());
    }
    let mut trunk = trunk();
    trunk.args(["--release", "--dist"]).arg(folder);
    process::run(&mut trunk).context("the UI did not build")
}

fn trunk() -> Command {
    let mut trunk = process::command("trunk");
    trunk.current_dir(root().join("ui")).arg("build");
    // Trunk reads this variable as true or false, the rest of the world as set or not.
    if env::var_os("NO_COLOR").is_some() {
        trunk.env("NO_COLOR", "true");
    }
    trunk
}

/// Whether `built` exists and is newer than all `sources`.
fn is_current(built: &Path, sources: &[PathBuf]) -> bool {
    modified(built).is_some_and(|built| {
        sources
            .iter()
            .filter_map(|source| newest(source))
            .all(|source| built > source)
    })
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

#[cfg(test)]
mod tests {
    use std::{fs::File, time::Duration};

    use super::*;

    /// Writes `files`, each so many seconds after the first, and tells whether `dist/index.html` is current.
    fn current(name: &str, files: &[(&str, u64)]) -> bool {
        let folder = env::temp_dir().join(format!("enerlink-ui-{name}-{}", std::process::id()));
        for (file, second) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().expect("a file stands in a folder"))
                .expect("a temporary folder can be made");
            let file = File::create(&path).expect("a temporary file can be made");
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(*second))
                .expect("its time can be set");
        }
        let current = is_current(&folder.join("dist/index.html"), std::slice::from_ref(&folder));
        fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
        current
    }

    #[test]
    fn a_change_anywhere_asks_for_a_build() {
        let built = ("dist/index.html", 100);
        assert!(current(
            "older",
            &[("src/app.rs", 50), built, ("dist/app.wasm", 200)]
        ));
        assert!(!current(
            "newer",
            &[("src/pages/home.rs", 150), ("index.html", 50), built]
        ));
        assert!(!current("missing", &[("src/app.rs", 50)]));
    }
}
