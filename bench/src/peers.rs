//! The peers that run in Node: their packages, and a process that answers one JSON object a line.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// A script of `bench/peers` that runs until this value ends.
pub(crate) struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    pub(crate) fn start(script: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new("node");
        command.current_dir(packages()?).arg(script).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("the peers need Node 20 or newer")?;
        let orders = child.stdin.take().context("piped")?;
        let answers = BufReader::new(child.stdout.take().context("piped")?).lines();
        Ok(Self {
            child,
            orders,
            answers,
        })
    }

    /// Sends one line.
    pub(crate) fn order(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self.orders, "{line}")?)
    }

    /// Waits for one line.
    pub(crate) fn answer(&mut self) -> Result<Value> {
        let line = self.answers.next().context("the peer has ended")??;
        serde_json::from_str(&line).with_context(|| format!("the peer said {line}"))
    }

    pub(crate) fn ask(&mut self, line: &str) -> Result<Value> {
        self.order(line)?;
        self.answer()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the results of long preparations are kept: on a disk, so that a commit is one.
pub(crate) fn scratch() -> Result<PathBuf> {
    let target = std::env::current_exe()?;
    let directory = target
        .parent()
        .and_then(Path::parent)
        .context("a built program")?
        .join("bench");
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// `bench/peers` with its packages in place, at the versions of its lock file.
fn packages() -> Result<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let lock = fs::read(directory.join("package-lock.json"))?;
    let built = directory.join("node_modules/built-for.json");
    if fs::read(&built).is_ok_and(|known| known == lock) {
        return Ok(directory);
    }
    eprintln!("installing the peers (npm)");
    npm(&directory, &["ci", "--ignore-scripts", "--no-fund", "--no-audit"])?;
    // The one package whose script is needed: it fetches or compiles SQLite.
    npm(
        &directory,
        &["rebuild", "better-sqlite3", "--ignore-scripts=false"],
    )?;
    fs::write(built, lock)?;
    Ok(directory)
}

fn npm(directory: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("npm");
    command
        .current_dir(directory)
        .args(arguments)
        .stdout(Stdio::null());
    // Without the network a compiler finds Node's headers where the system's packages put them.
    if Path::new("/usr/include/node/node.h").exists() {
        command.env("npm_config_nodedir", "/usr");
    }
    ensure!(
        command.status()?.success(),
        "npm {} failed in {}",
        arguments.join(" "),
        directory.display()
    );
    Ok(())
}
