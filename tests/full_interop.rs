//! Key files (Web3 Secret Storage, version 3) to and from npm `ethers` and pip `eth-account`, which are installed once
//! into the build directory.
#![cfg(unix)]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use support::Profile;

const ETHERS: &str = "ethers@6.17.0";
const ETH_ACCOUNT: &str = "eth-account==0.14.0";

const KEY: &str = "0x4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4b01";
const OTHER_KEY: &str = "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b7c0de5a17c0de5a17c0de501";
const PASSWORD: &str = "kopi tubruk é di teras, hujan 1998";

/// Each program reads one JSON array on its standard input: what to do, key or key file, password.
const ETHERS_PROGRAM: &str = r"
const { Wallet } = require('ethers');
const [verb, subject, password] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
if (verb === 'make') {
    console.log(new Wallet(subject).encryptSync(password));
} else {
    console.log(Wallet.fromEncryptedJsonSync(subject, password).privateKey);
}
";
const ETH_ACCOUNT_PROGRAM: &str = r"
import json, sys
from eth_account import Account
verb, subject, password = json.load(sys.stdin)
if verb == 'open':
    print('0x' + bytes(Account.decrypt(subject, password)).hex())
else:
    print(json.dumps(Account.encrypt(subject, password, kdf=verb)))
";

/// Another wallet.
#[derive(Clone, Copy, Debug)]
enum Other {
    Ethers,
    EthAccount,
}

impl Other {
    /// Makes a key file, by `verb`, or opens one.
    fn answers(self, verb: &str, subject: &str, password: &str) -> String {
        let mut command = match self {
            Self::Ethers => {
                let mut command = Command::new("node");
                command
                    .args(["-e", ETHERS_PROGRAM])
                    .current_dir(installed().join("ethers"));
                command
            }
            Self::EthAccount => {
                let mut command = Command::new(installed().join("eth-account/bin/python"));
                command.args(["-c", ETH_ACCOUNT_PROGRAM]);
                command
            }
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{self:?}: {error}"));
        let input = serde_json::json!([verb, subject, password]).to_string();
        let mut pipe = child.stdin.take().expect("piped");
        std::io::Write::write_all(&mut pipe, input.as_bytes()).expect("written");
        drop(pipe);
        let output = child.wait_with_output().expect("ended");
        assert!(output.status.success(), "{self:?} {verb}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }
}

/// The directory with both, installed on first use.
fn installed() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
        let ethers = directory.join("ethers");
        once(&ethers, ETHERS, || {
            let mut npm = Command::new("npm");
            npm.args([
                "install",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-save",
                "--prefix",
            ]);
            succeed(npm.arg(&ethers).arg(ETHERS));
        });
        let python = directory.join("eth-account");
        once(&python, ETH_ACCOUNT, || {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&python));
            succeed(Command::new(python.join("bin/pip")).args(["install", "--quiet", ETH_ACCOUNT]));
        });
        directory
    })
}

/// Runs `install` unless it has been done for this version.
fn once(directory: &Path, version: &str, install: impl FnOnce()) {
    let mark = directory.join("installed");
    if fs::read_to_string(&mark).is_ok_and(|text| text == version) {
        return;
    }
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).expect("writable");
    install();
    fs::write(mark, version).expect("writable");
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; `cargo xtask test` installs what the tests need")
    });
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Imports a key file, exports the key again, and answers the private key that each other wallet reads from that.
fn through_ours(json: &str) -> [String; 2] {
    let profile = Profile::new();
    let password = profile.write("file-password", PASSWORD);
    let file = profile.write("theirs.json", json);
    let wallet = profile.import(&["--keystore", &file, "--keystore-password-file", &password]);
    let address = wallet["accounts"][0]["address"].as_str().expect("an address");
    let claimed = serde_json::from_str::<serde_json::Value>(json).expect("JSON")["address"].clone();
    let claimed = claimed.as_str().expect("both write it").trim_start_matches("0x");
    assert_eq!(address.to_lowercase(), format!("0x{}", claimed.to_lowercase()));

    let out = profile.path("ours.json");
    profile.unlocked(&[
        "export",
        "--address",
        address,
        "--out",
        &out,
        "--file-password-file",
        &password,
    ]);
    let mode = fs::metadata(&out).expect("written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ours = fs::read_to_string(&out).expect("written");
    [Other::Ethers, Other::EthAccount].map(|other| other.answers("open", &ours, PASSWORD))
}

#[test]
fn a_key_file_of_ethers_opens_here_and_ours_opens_there() {
    let made = Other::Ethers.answers("make", KEY, PASSWORD);
    assert_eq!(through_ours(&made), [KEY, KEY]);
}

#[test]
fn key_files_of_eth_account_open_here_and_ours_open_there() {
    for kdf in ["scrypt", "pbkdf2"] {
        let made = Other::EthAccount.answers(kdf, OTHER_KEY, PASSWORD);
        assert_eq!(through_ours(&made), [OTHER_KEY, OTHER_KEY], "{kdf}");
    }
}
