//! A running anvil.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use alloy::primitives::{B256, b256};

/// The first account of the mnemonic that every anvil starts with.
pub(crate) const FIRST: B256 = b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

/// A running anvil; ends with this value.
pub(crate) struct Anvil {
    process: Child,
    pub(crate) url: String,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // Nothing can be done about one that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The native binary in `contracts/node_modules`, else `anvil` on the path. The script in `.bin` is not used: it would
/// leave its child behind when it is killed.
fn find_anvil() -> PathBuf {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/node_modules/@foundry-rs");
    let packages = std::fs::read_dir(modules).into_iter().flatten().flatten();
    let name = format!("anvil{}", std::env::consts::EXE_SUFFIX);
    let bundled = packages
        .map(|package| package.path().join("bin").join(&name))
        .find(|path| path.exists());
    bundled.unwrap_or_else(|| PathBuf::from(name))
}

/// Starts one on a free port.
pub(crate) fn start_anvil(arguments: &str) -> Anvil {
    let path = find_anvil();
    let mut process = Command::new(&path)
        .args(["--port", "0"])
        .args(arguments.split_whitespace())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {path:?} ({error}): run `npm ci` in contracts/"));
    let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    let address = lines
        .find_map(|line| {
            line.expect("text")
                .strip_prefix("Listening on ")
                .map(str::to_owned)
        })
        .expect("anvil says where it listens");
    // Anvil would block once nobody reads what it prints.
    std::thread::spawn(move || lines.for_each(drop));
    Anvil {
        process,
        url: format!("http://{address}"),
    }
}
