//! Secrets that can be told from everything else go through every command, and are then nowhere to be read: not in the
//! profile, not in exports, logs, answers, errors, not in what the system shows of the processes.

use std::{fs, process::Command};

use crate::support::{Marker, Running, Watched};

const PASSWORD: &str = "zebra lumut 7731 kelapa vault";
const NEW_PASSWORD: &str = "kuda nil 4420 menari di atap";
const WRONG_PASSWORD: &str = "jerapah 9912 salah ketik sandi";
const FILE_PASSWORD: &str = "badak 5573 membaca koran pagi";
const PASSPHRASE: &str = "rahasia di balik sebelas pintu";
const BROKER_PASSWORD: &str = "tapir 8821 tidur di bawah pohon";
/// The phrase of an example of BIP-39, its entropy, and the private keys of its first two accounts with the passphrase.
const PHRASE: &str = "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic";
const ENTROPY: &str = "9e885d952ad362caeb4efe34a8e91bd2";
const PHRASE_KEYS: [&str; 2] = [
    "fe9ab439e7e306e41fe67c4a480fafe67a4532259deb500ecae51d947bf7886e",
    "16fa0af2dac088c0e05a81c26cc9f503825aa6a1cbeb8b26f54766c63c468e8d",
];
const KEY: &str = "4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4bf1c0ffee4b01";

fn markers() -> Vec<Marker> {
    vec![
        Marker::text("the password", PASSWORD),
        Marker::text("the new password", NEW_PASSWORD),
        Marker::text("a wrong password", WRONG_PASSWORD),
        Marker::text("the password of a key file", FILE_PASSWORD),
        Marker::text("the passphrase", PASSPHRASE),
        Marker::text("the password of the broker", BROKER_PASSWORD),
        Marker::phrase("the phrase", PHRASE),
        Marker::bytes("the entropy of the phrase", ENTROPY),
        Marker::bytes("a key of the phrase", PHRASE_KEYS[0]),
        Marker::bytes("another key of the phrase", PHRASE_KEYS[1]),
        Marker::bytes("a private key", KEY),
    ]
}

/// A watched profile whose wallet is the phrase with its passphrase, in one go with everything that names a secret.
struct Scene {
    watched: Watched,
    profile: String,
    password: String,
    phrase: String,
    passphrase: String,
}

impl Scene {
    fn new() -> Self {
        let watched = Watched::new();
        let scene = Self {
            profile: watched.place("profile"),
            password: watched.give("password", PASSWORD),
            phrase: watched.give("phrase", PHRASE),
            passphrase: watched.give("passphrase", PASSPHRASE),
            watched,
        };
        let (phrase, passphrase) = (&scene.phrase, &scene.passphrase);
        scene.wallet(
            0,
            &[
                "import",
                "--phrase-file",
                phrase,
                "--passphrase-file",
                passphrase,
                "--account",
                "0",
                "--account",
                "1",
            ],
        );
        scene
    }

    /// `enerlink wallet …` on this profile with its password, that ends with `code`.
    fn wallet(&self, code: i32, command: &[&str]) {
        let tail = ["--data-dir", &self.profile, "--password-file", &self.password];
        self.watched
            .ends(code, &[&["--json", "wallet"], command, &tail].concat());
    }

    fn plain(&self, command: &[&str]) {
        self.watched
            .ends(0, &[command, &["--data-dir", &self.profile]].concat());
    }
}

#[test]
fn what_is_made_and_imported_can_be_read_nowhere() {
    let scene = Scene::new();
    let watched = &scene.watched;
    let (phrase, passphrase) = (&scene.phrase, &scene.passphrase);
    let made = watched.given.path().join("made").display().to_string();
    scene.wallet(
        0,
        &[
            "create",
            "--words",
            "24",
            "--passphrase-file",
            passphrase,
            "--phrase-file",
            &made,
        ],
    );
    let key = [
        "--json",
        "wallet",
        "import",
        "--private-key-file",
        "-",
        "--data-dir",
        &scene.profile,
    ];
    let key = [&key[..], &["--password-file", &scene.password]].concat();
    assert!(watched.run(&key, KEY).status.success());
    scene.plain(&[
        "wallet",
        "scan",
        "--phrase-file",
        phrase,
        "--passphrase-file",
        passphrase,
    ]);
    // What is nearly right is as secret as what is.
    let cut = watched.give("cut", &PHRASE[..PHRASE.len() - 7]);
    let swapped = watched.give("swapped", &PHRASE.replace("picnic", "ozone"));
    let long = watched.give("long", &format!("{KEY}00"));
    scene.wallet(1, &["import", "--phrase-file", &cut]);
    scene.wallet(1, &["import", "--phrase-file", &swapped]);
    scene.wallet(1, &["import", "--private-key-file", &long]);
    scene.wallet(1, &["import", "--private-key-file", phrase]);
    scene.wallet(1, &["import", "--phrase-file", &long]);
    scene.wallet(
        1,
        &[
            "import",
            "--keystore",
            phrase,
            "--keystore-password-file",
            passphrase,
        ],
    );
    let mut markers = markers();
    let made = fs::read_to_string(made).expect("written");
    assert_eq!(made.split_whitespace().count(), 24);
    markers.push(Marker::phrase("the phrase that was made", &made));
    watched.assert_clean(&markers);
}

#[test]
fn what_is_exported_can_be_read_nowhere() {
    let scene = Scene::new();
    let watched = &scene.watched;
    let file_password = watched.give("file-password", FILE_PASSWORD);
    let out = watched.place("key.json");
    scene.wallet(
        0,
        &["export", "--out", &out, "--file-password-file", &file_password],
    );
    let elsewhere = watched.place("elsewhere");
    watched.ends(
        0,
        &[
            "--json",
            "wallet",
            "import",
            "--keystore",
            &out,
            "--keystore-password-file",
            &file_password,
            "--data-dir",
            &elsewhere,
            "--password-file",
            &scene.password,
        ],
    );
    let wrong = watched.give("wrong", WRONG_PASSWORD);
    watched.ends(
        1,
        &[
            "--json",
            "wallet",
            "scan",
            "--keystore",
            &out,
            "--keystore-password-file",
            &wrong,
            "--data-dir",
            &elsewhere,
        ],
    );
    let revealed = watched.given.path().join("revealed").display().to_string();
    scene.wallet(0, &["reveal", "--phrase-file", &revealed]);
    assert_eq!(fs::read_to_string(&revealed).expect("written").trim_end(), PHRASE);
    scene.wallet(0, &["confirm", "--phrase-file", &revealed]);
    watched.assert_clean(&markers());
}

#[test]
fn what_is_backed_up_and_restored_can_be_read_nowhere() {
    let scene = Scene::new();
    let watched = &scene.watched;
    let backup = watched.place("backup");
    scene.wallet(0, &["backup", "--out", &backup]);
    scene.plain(&["wallet", "sheet", "--out", &watched.place("sheet.pdf")]);
    let new = watched.give("new", NEW_PASSWORD);
    scene.wallet(0, &["passwd", "--new-password-file", &new]);
    scene.wallet(1, &["verify"]);
    let elsewhere = watched.place("elsewhere");
    let restore = [
        "--json",
        "wallet",
        "restore",
        "--from",
        &backup,
        "--data-dir",
        &elsewhere,
    ];
    watched.ends(1, &[&restore[..], &["--backup-password-file", &new]].concat());
    watched.ends(
        0,
        &[&restore[..], &["--backup-password-file", &scene.password]].concat(),
    );
    let remove = ["--json", "wallet", "remove", "--data-dir", &elsewhere];
    watched.ends(0, &[&remove[..], &["--password-file", &scene.password]].concat());
    watched.assert_clean(&markers());
}

#[test]
fn a_running_wallet_tells_nothing() {
    let scene = Scene::new();
    let watched = &scene.watched;
    let broker = crate::support::mosquitto();
    let broker_password = watched.give("broker-password", BROKER_PASSWORD);
    let url = format!("mqtt://meteran@127.0.0.1:{}", broker.port);
    scene.plain(&[
        "meter",
        "add",
        "--id",
        "HOME-001",
        "--broker",
        &url,
        "--broker-password-file",
        &broker_password,
    ]);
    let mut command = watched.command();
    let log = watched.place("log");
    command.args([
        "--json",
        "run",
        "--data-dir",
        &scene.profile,
        "--password-file",
        &scene.password,
    ]);
    command.stderr(fs::File::create(&log).expect("writable"));
    let running = Running::start_quiet(command);
    let mut said = Vec::new();
    running.wait_for("the start", |line| {
        said.push(line.to_string());
        line["event"] == "started"
    });
    let message = crate::support::sensors(33_857_692, 1_959_955, 4_000);
    crate::support::publish(broker.port, "home/energy-monitor/sensors", message.as_bytes());
    running.wait_for("a reading", |line| {
        said.push(line.to_string());
        line["event"] == "device" && !line["sensors"].is_null()
    });
    let wrong = watched.give("wrong", WRONG_PASSWORD);
    watched.ends(
        1,
        &[
            "--json",
            "wallet",
            "verify",
            "--data-dir",
            &scene.profile,
            "--password-file",
            &wrong,
        ],
    );
    running.signal("USR1");
    running.wait_for("the lock", |line| {
        said.push(line.to_string());
        line["event"] == "vault" && line["state"] == "locked"
    });
    running.stop();
    watched.say("standard output of run".to_owned(), said.join("\n").as_bytes());
    let log = fs::read_to_string(&log).expect("written");
    assert!(log.contains("engine stopped"), "a log of everything: {log}");
    scene.plain(&["status"]);
    scene.plain(&["wallet", "activity"]);
    watched.ends(
        1,
        &[
            "--json",
            "wallet",
            "verify",
            "--data-dir",
            &scene.profile,
            "--password-file",
            &wrong,
        ],
    );
    watched.assert_clean(&markers());
}

#[test]
fn a_wallet_that_dies_for_want_of_memory_takes_its_secrets_along() {
    let scene = Scene::new();
    let mut failed = 0;
    for kibibytes in [120_000, 180_000, 240_000, 300_000, 360_000] {
        let mut command = Command::new("sh");
        let limit = format!("ulimit -v {kibibytes}; ulimit -c unlimited; exec \"$@\"");
        let enerlink = scene.watched.command();
        command.args(["-c", &limit, "sh"]).arg(enerlink.get_program());
        for (name, value) in enerlink.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.current_dir(scene.watched.place("home"));
        command.args([
            "--json",
            "wallet",
            "add-account",
            "--data-dir",
            &scene.profile,
            "--password-file",
            &scene.password,
        ]);
        failed += u32::from(!scene.watched.run_command(command, "").status.success());
    }
    assert!(failed > 0, "there was always enough memory");
    scene.watched.assert_clean(&markers());
}

/// The search finds what it searches for, in every form and in every place.
#[test]
fn a_secret_that_leaks_is_found() {
    for marker in markers() {
        for form in marker.forms() {
            let place = [b"\xff before \0", &form[..], b"\n after"].concat();
            assert!(marker.found_in(&crate::support::latin(&place)).is_some());
        }
        assert!(
            marker
                .found_in(&crate::support::latin(
                    b"nothing of the kind, 9e885d95 ozone drill"
                ))
                .is_none()
        );
    }
    // What is on a command line is seen there, in the database and in the answer.
    let watched = Watched::new();
    let leak = "burung 3310 bernyanyi di kabel";
    let profile = watched.place("profile");
    let address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    watched.ends(
        0,
        &[
            "--json",
            "contacts",
            "put",
            "--address",
            address,
            "--name",
            leak,
            "--data-dir",
            &profile,
        ],
    );
    let mut loud = Command::new("sh");
    loud.args(["-c", "printenv LEAK >&2; sleep 0.5"])
        .env("LEAK", leak);
    watched.run_command(loud, "");
    let marker = Marker::text("the leak", leak);
    let places: Vec<String> = watched
        .places()
        .into_iter()
        .filter(|(_, content)| marker.found_in(content).is_some())
        .map(|(place, _)| place)
        .collect();
    for expected in [
        "enerlink.db",
        "a command line",
        "standard output",
        "standard error",
    ] {
        assert!(
            places.iter().any(|place| place.contains(expected)),
            "{expected} in {places:?}"
        );
    }
}
