//! The programs as people get them, or the same packages of the debug profile, which a test proves the packaging with.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{
    process, ui,
    workspace::{Metadata, root},
};

/// How programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    /// Its folder in the target directory.
    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    /// Builds these packages, the app with its window's content inside; answers the folder of the programs.
    pub(crate) fn build(self, packages: &[&str]) -> Result<PathBuf> {
        let folder = Metadata::read()?.target_directory.join(self.folder());
        let mut build = process::cargo();
        build.current_dir(root()).arg("build");
        build.args(packages.iter().flat_map(|package| ["--package", package]));
        build.args(["--features", "enerlink-wallet/custom-protocol"]);
        match self {
            Self::Debug => ui::build()?,
            Self::Release => {
                let content = folder.join("ui");
                ui::build_release(&content)?;
                // `ui/dist` holds what the tests look at.
                let config = serde_json::json!({ "build": { "frontendDist": content } });
                build.arg("--release").env("TAURI_CONFIG", config.to_string());
            }
        }
        process::run(&mut build).context("the programs did not build")?;
        Ok(folder)
    }
}
