//! A profile without servers, driven through the real binary.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

use super::{PASSWORD, enerlink, run, run_failing};

/// A directory with a profile in it, and files of secrets beside it.
pub struct Profile {
    directory: tempfile::TempDir,
}

impl Profile {
    /// An empty profile, and the file `password`.
    pub fn new() -> Self {
        let profile = Self {
            directory: tempfile::tempdir().expect("directory"),
        };
        profile.write("password", PASSWORD);
        profile
    }

    /// A profile with one wallet, imported from the phrase that Hardhat, Ganache and anvil share.
    pub fn with_wallet() -> Self {
        let profile = Self::new();
        profile.import(&[
            "--name",
            "Rumah",
            "--phrase-file",
            &profile.write("phrase", TEST_PHRASE),
        ]);
        profile
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    /// Writes a file beside the profile, and answers where it is.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.file(name), content).expect("writable");
        self.path(name)
    }

    fn line(&self, command: &[&str]) -> Vec<String> {
        let mut line = vec!["--json".to_owned(), "wallet".to_owned()];
        line.extend(command.iter().map(|part| (*part).to_owned()));
        line.extend(["--data-dir".to_owned(), self.path("profile")]);
        line
    }

    fn unlocking(&self, command: &[&str]) -> Vec<String> {
        let mut line = self.line(command);
        line.extend(["--password-file".to_owned(), self.path("password")]);
        line
    }

    /// `enerlink wallet …` that must succeed.
    pub fn wallet(&self, command: &[&str]) -> Vec<Value> {
        run(&borrowed(&self.line(command)))
    }

    /// The same with the password.
    pub fn unlocked_lines(&self, command: &[&str]) -> Vec<Value> {
        run(&borrowed(&self.unlocking(command)))
    }

    /// The same, of one answer.
    pub fn unlocked(&self, command: &[&str]) -> Value {
        let mut lines = self.unlocked_lines(command);
        assert_eq!(lines.len(), 1, "one answer to {command:?}: {lines:?}");
        lines.remove(0)
    }

    /// `enerlink wallet …` with the password, that must be refused; answers the code.
    pub fn refused(&self, command: &[&str]) -> String {
        code(&run_failing(&borrowed(&self.unlocking(command))))
    }

    /// The same without the password.
    pub fn refused_plain(&self, command: &[&str]) -> String {
        code(&run_failing(&borrowed(&self.line(command))))
    }

    /// The exit code of `enerlink wallet …` and what it says, whatever that is.
    pub fn output(&self, command: &[&str]) -> Output {
        enerlink().args(self.line(command)).output().expect("started")
    }

    /// Imports a wallet, which must succeed.
    pub fn import(&self, arguments: &[&str]) -> Value {
        self.unlocked(&[&["import"], arguments].concat())
    }

    /// The wallets as `list` answers them.
    pub fn list(&self) -> Vec<Value> {
        self.wallet(&["list"])
    }

    /// Every file of the profile with its content, in order.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        gather(&self.file("profile"), &mut files);
        files.sort();
        files
    }

    /// Whether a file of the vault is there.
    pub fn vault_files(&self) -> Vec<PathBuf> {
        let mut found = self.files();
        found.retain(|(path, _)| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("vault."))
        });
        found.into_iter().map(|(path, _)| path).collect()
    }
}

/// The phrase that Hardhat, Ganache and anvil share, and its first accounts there.
pub const TEST_PHRASE: &str = "test test test test test test test test test test test junk";
pub const TEST_ACCOUNTS: [&str; 2] = [
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
];

/// The addresses of a wallet in JSON.
pub fn addresses(wallet: &Value) -> Vec<&str> {
    let accounts = wallet["accounts"].as_array().expect("accounts");
    accounts
        .iter()
        .map(|account| account["address"].as_str().expect("an address"))
        .collect()
}

/// Every file below `directory`, with its content.
pub fn gather(directory: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, files);
        } else if let Ok(content) = fs::read(&path) {
            files.push((path, content));
        }
    }
}

fn borrowed(line: &[String]) -> Vec<&str> {
    line.iter().map(String::as_str).collect()
}

fn code(error: &Value) -> String {
    error["code"].as_str().expect("a code").to_owned()
}
