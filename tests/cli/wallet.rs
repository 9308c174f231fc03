//! The life of a wallet on the command line: made, listed, verified, given accounts and names, exported, put under
//! another password, locked by a signal, removed.

use std::{collections::HashSet, fs, io::Write as _, process::Stdio};

use crate::support::{
    PASSWORD, Profile, Running, TEST_ACCOUNTS, TEST_PHRASE, addresses, enerlink, run_failing,
};
use serde_json::Value;

const NEW_PASSWORD: &str = "sun over the seven roofs";

#[test]
fn a_new_wallet_is_listed_verified_and_given_a_second_account() {
    let profile = Profile::new();
    let out = profile.path("phrase");
    let made = profile.unlocked(&[
        "create",
        "--name",
        "Rumah",
        "--words",
        "24",
        "--phrase-file",
        &out,
    ]);
    assert_eq!(made["name"], "Rumah");
    assert_eq!(made["kind"], "phrase");
    assert_eq!(made["phrase_confirmed"], false);
    assert_eq!(made["accounts"][0]["index"], 0);
    assert_eq!(made["accounts"][0]["path"], "m/44'/60'/0'/0/0");
    assert_eq!(made["wallet"].as_str().map(str::len), Some(32));
    let phrase = fs::read_to_string(&out).expect("written");
    assert_eq!(phrase.split_whitespace().count(), 24);
    assert_eq!(mode(&out), 0o600);

    let mut listed = profile.list();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["primary"], made["accounts"][0]["address"]);
    listed[0].as_object_mut().expect("an object").remove("primary");
    assert_eq!(listed[0], made);
    let second = profile.unlocked(&["add-account"]);
    assert_eq!(second["accounts"][1]["path"], "m/44'/60'/0'/0/1");
    let verified = profile.unlocked(&["verify"]);
    assert_eq!(verified["accounts"], second["accounts"]);
    // The phrase in the file is the one of these accounts.
    let scanned = profile.wallet(&["scan", "--phrase-file", &out]).remove(0);
    assert_eq!(scanned["accounts"].as_array().map(Vec::len), Some(10));
    assert_eq!(addresses(&scanned)[..2], addresses(&second)[..]);
    assert_eq!(scanned["accounts"][1]["known_as"], "Rumah");
    assert_eq!(scanned["accounts"][2]["known_as"], Value::Null);
    // It was written down.
    assert_eq!(
        profile.unlocked(&["confirm", "--phrase-file", &out])["phrase_confirmed"],
        true
    );
    // A file that is there is never written over, and then no wallet is made either.
    assert_eq!(
        profile.refused(&["create", "--phrase-file", &out]),
        "INVALID_INPUT"
    );
    assert_eq!(profile.list().len(), 1);
    assert_eq!(fs::read_to_string(&out).expect("there"), phrase);
}

#[test]
fn every_length_of_a_phrase_is_made_and_each_is_new() {
    let profile = Profile::new();
    let passphrase = profile.write("passphrase", "rahasia di balik pintu");
    let mut seen = HashSet::new();
    for words in ["12", "15", "18", "21", "24"] {
        let out = profile.path(&format!("phrase-{words}"));
        let made = profile.unlocked(&[
            "create",
            "--name",
            words,
            "--words",
            words,
            "--passphrase-file",
            &passphrase,
            "--phrase-file",
            &out,
        ]);
        assert_eq!(made["passphrase"], true);
        let phrase = fs::read_to_string(&out).expect("written");
        assert_eq!(phrase.split_whitespace().count().to_string(), words);
        let scan = |more: &[&str]| {
            let line = [&["scan", "--phrase-file", &out, "--account", "0"], more].concat();
            addresses(&profile.wallet(&line).remove(0))[0].to_owned()
        };
        assert_eq!(scan(&["--passphrase-file", &passphrase]), addresses(&made)[0]);
        assert_ne!(
            scan(&[]),
            addresses(&made)[0],
            "without the passphrase it is another wallet"
        );
        assert!(seen.insert(phrase) && seen.insert(made["wallet"].to_string()));
    }
    assert_eq!(profile.list().len(), 5);
    assert_eq!(profile.refused(&["create", "--words", "13"]), "INVALID_INPUT");
}

#[test]
fn an_exported_key_opens_elsewhere_and_is_recognised_when_it_comes_twice() {
    let profile = Profile::with_wallet();
    let (out, file_password) = (
        profile.path("key.json"),
        profile.write("file-password", NEW_PASSWORD),
    );
    let export = ["export", "--out", &out, "--file-password-file", &file_password];
    let exported = profile.unlocked(&export);
    assert_eq!(exported["address"], TEST_ACCOUNTS[0]);
    assert_eq!(mode(&out), 0o600);
    let text = fs::read_to_string(&out).expect("written");
    assert!(
        text.contains("\"version\":3") || text.contains("\"version\": 3"),
        "{text}"
    );
    assert!(
        !TEST_PHRASE.split(' ').any(|word| text.contains(word)),
        "no phrase in a key file"
    );
    assert_eq!(
        profile.refused(&export),
        "INVALID_INPUT",
        "a file that is there is never written over"
    );
    assert_eq!(fs::read_to_string(&out).expect("there"), text);
    let unknown = [
        &export[..],
        &["--address", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"],
    ]
    .concat();
    assert_eq!(profile.refused(&unknown), "WALLET_UNKNOWN");

    let elsewhere = Profile::new();
    let keystore = ["--keystore", &out, "--keystore-password-file", &file_password];
    let imported = elsewhere.import(&keystore);
    assert_eq!(addresses(&imported), [TEST_ACCOUNTS[0]]);
    assert_eq!(imported["kind"], "private_key");
    assert_eq!(imported["accounts"][0]["path"], Value::Null);
    let again = [&["import"], &keystore[..]].concat();
    assert_eq!(elsewhere.refused(&again), "WALLET_KNOWN");
    assert_eq!(
        profile.refused(&again),
        "WALLET_KNOWN",
        "the phrase has this account"
    );
    assert_eq!((elsewhere.list().len(), profile.list().len()), (1, 1));
}

#[test]
fn wallets_are_named_chosen_and_given_the_first_place() {
    let profile = Profile::with_wallet();
    let key = profile.write("key", format!("{:064x}\n", 1));
    profile.import(&["--name", "Kunci", "--private-key-file", &key]);
    assert_eq!(
        profile.refused(&["rename", "--name", "Atap"]),
        "INVALID_INPUT",
        "which of two?"
    );
    assert_eq!(
        profile.refused(&["rename", "--wallet", "Gudang", "--name", "Atap"]),
        "WALLET_UNKNOWN"
    );
    let by_address = profile.unlocked(&["rename", "--wallet", TEST_ACCOUNTS[0], "--name", "Atap"]);
    assert_eq!(by_address["name"], "Atap");
    let id = by_address["wallet"].as_str().expect("an id").to_owned();
    assert_eq!(
        profile.unlocked(&["add-account", "--wallet", &id, "--index", "7"])["accounts"][1]["index"],
        7
    );
    assert_eq!(
        profile.refused(&["add-account", "--wallet", "Kunci"]),
        "INVALID_INPUT"
    );
    let key_address = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
    assert_eq!(
        profile.wallet(&["primary", "--address", key_address])[0]["primary"],
        key_address
    );
    assert_eq!(
        profile.refused_plain(&["primary", "--address", TEST_ACCOUNTS[1]]),
        "WALLET_UNKNOWN"
    );
    let listed = profile.list();
    assert_eq!(
        (&listed[0]["primary"], &listed[1]["primary"]),
        (&Value::Null, &key_address.into())
    );
    // Nobody needs a password to see it.
    let text = enerlink()
        .args(["wallet", "list", "--data-dir", &profile.path("profile")])
        .output();
    let text = String::from_utf8(text.expect("started").stdout).expect("text");
    for part in [
        "Atap",
        "Kunci",
        TEST_ACCOUNTS[0],
        &format!("{key_address}  private key  primary"),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let acts: Vec<Value> = profile.wallet(&["activity", "--limit", "4"]);
    let acts: Vec<&str> = acts.iter().filter_map(|row| row["act"].as_str()).collect();
    assert_eq!(acts, ["primary_chosen", "account_added", "renamed", "imported"]);
}

#[test]
fn after_passwd_only_the_new_password_opens() {
    let profile = Profile::with_wallet();
    let new = profile.write("new", NEW_PASSWORD);
    let weak = profile.write("weak", "password1234");
    assert_eq!(
        profile.refused(&["passwd", "--new-password-file", &weak]),
        "WEAK_PASSWORD"
    );
    let before = profile.unlocked(&["verify"]);
    profile.unlocked(&["passwd", "--new-password-file", &new]);
    assert_eq!(profile.refused(&["verify"]), "WRONG_PASSWORD");
    // From standard input, as a password manager would give it.
    let mut child = enerlink()
        .args([
            "--json",
            "wallet",
            "verify",
            "--password-file",
            "-",
            "--data-dir",
            &profile.path("profile"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    writeln!(child.stdin.take().expect("piped"), "{NEW_PASSWORD}").expect("written");
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success());
    let verified: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(verified["accounts"], before["accounts"]);
}

#[test]
fn a_signal_locks_a_running_wallet() {
    let profile = Profile::with_wallet();
    let mut command = enerlink();
    command.args(["--json", "run", "--data-dir", &profile.path("profile")]);
    command.args(["--password-file", &profile.path("password")]);
    let running = Running::start(command);
    let started = running.wait_for("the start", |line| line["event"] == "started");
    assert_eq!(started["status"]["vault"], "unlocked");
    // Another process may read, and is told when it wants to write: all of these do.
    let key = profile.write("key", format!("{:064x}", 1));
    let out = profile.path("out");
    let word = profile.path("password");
    for command in [
        &["create"][..],
        &["import", "--private-key-file", &key],
        &["add-account"],
        &["rename", "--name", "Atap"],
        &["remove"],
        &["passwd", "--new-password-file", &word],
        &["backup", "--out", &out],
        &["export", "--out", &out, "--file-password-file", &word],
        &["restore", "--from", &key],
    ] {
        assert_eq!(profile.refused(command), "PROFILE_IN_USE", "{command:?}");
    }
    assert_eq!(
        profile.refused_plain(&["primary", "--address", TEST_ACCOUNTS[0]]),
        "PROFILE_IN_USE"
    );
    assert_eq!(profile.refused_plain(&["sheet", "--out", &out]), "PROFILE_IN_USE");
    assert!(!profile.file("out").exists());
    assert_eq!(addresses(&profile.list()[0]), [TEST_ACCOUNTS[0]]);

    running.signal("USR1");
    let locked = running.wait_for("the lock", |line| {
        line["event"] == "vault" && line["state"] == "locked"
    });
    assert_eq!(locked["reason"], "person");
    // It listens on: a second one changes nothing, and it ends as it should.
    running.signal("USR1");
    running.stop();
}

#[test]
fn a_removed_wallet_leaves_nothing_behind() {
    let profile = Profile::with_wallet();
    let key = profile.write("key", format!("{:064x}", 1));
    profile.import(&["--name", "Kunci", "--private-key-file", &key]);
    fs::write(profile.file("wrong"), "not the password at all").expect("writable");
    let wrong = [
        "--json",
        "wallet",
        "remove",
        "--wallet",
        "Kunci",
        "--data-dir",
        &profile.path("profile"),
    ];
    let file = profile.path("wrong");
    let wrong = [&wrong[..], &["--password-file", &file]].concat();
    assert_eq!(run_failing(&wrong)["code"], "WRONG_PASSWORD");
    assert_eq!(profile.list().len(), 2);
    assert_eq!(profile.vault_files().len(), 2, "the vault and its copy");
    profile.unlocked(&["remove", "--wallet", "Kunci"]);
    let left = profile.list();
    assert_eq!((left.len(), addresses(&left[0])), (1, vec![TEST_ACCOUNTS[0]]));
    profile.unlocked(&["verify"]);
    profile.unlocked(&["remove"]);
    assert_eq!(profile.list(), Vec::<Value>::new());
    assert_eq!(profile.vault_files(), Vec::<std::path::PathBuf>::new());
    assert_eq!(profile.refused(&["verify"]), "NO_VAULT");
    // The place is free for another one, under another password.
    let new = profile.write("password", NEW_PASSWORD);
    assert_ne!(NEW_PASSWORD, PASSWORD);
    assert!(
        profile.import(&["--private-key-file", &key])["wallet"].is_string(),
        "{new}"
    );
}

#[test]
fn the_address_book_takes_only_addresses() {
    let profile = Profile::new();
    let directory = profile.path("profile");
    let contacts = |arguments: &[&str]| {
        crate::support::run(&[&["--json", "contacts"], arguments, &["--data-dir", &directory]].concat())
    };
    let good = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    assert_eq!(
        contacts(&["put", "--address", good, "--name", "Bu Sari"])[0]["address"],
        good
    );
    assert_eq!(
        contacts(&["put", "--address", good, "--name", "Pak Budi"])[0]["name"],
        "Pak Budi"
    );
    for bad in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA\u{435}d",
        " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "budi",
        "",
    ] {
        let line = [
            "--json",
            "contacts",
            "put",
            "--address",
            bad,
            "--name",
            "X",
            "--data-dir",
            &directory,
        ];
        assert_eq!(run_failing(&line)["code"], "INVALID_INPUT", "{bad:?}");
    }
    assert_eq!(contacts(&["list"]).len(), 1);
    contacts(&["remove", "--address", good]);
    assert_eq!(contacts(&["list"]), Vec::<Value>::new());
}

fn mode(path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}
