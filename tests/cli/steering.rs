//! What else a meter is told and given on the command line: every command as the broker carries it, outputs that are
//! hidden and shown, another owner, a request to photograph, and a broker that asks for a certificate.

use serde_json::{Value, json};

use crate::{
    beginner::{BASE, Beginner, exported, status},
    support::{Certified, METER, Running, addresses, enerlink, run, run_failing, sensors, wait_until},
};

/// A beginner whose meter has said what it can do.
fn acquainted() -> Beginner {
    let beginner = Beginner::new();
    beginner.run(&["wallet", "create", "--password-file", &beginner.path("password")]);
    let (url, password) = (beginner.url(), beginner.path("mqtt"));
    let broker = ["--broker", &url, "--broker-password-file", &password];
    let meter = ["meter", "add", "--id", METER, "--rated-power", "100000"];
    beginner.run(&[&meter[..], &broker].concat());
    beginner.listen(|running| {
        exported(&beginner, running, 1);
        beginner.say("status", &status(false, "import"));
        running.wait_for("what it can do", |line| {
            line["event"] == "device" && !line["status"].is_null()
        });
    });
    beginner
}

#[test]
fn every_command_goes_out_as_documented() {
    let beginner = acquainted();
    let told = |words: &[&str], expected: Value| {
        let (fine, end) = beginner.command(words, |command| {
            let names: Vec<&String> = expected.as_object().expect("an object").keys().collect();
            for name in names {
                assert_eq!(command[name], expected[name], "{words:?}: {command}");
            }
            let answer = json!({ "correlation_id": command["correlation_id"], "ok": true });
            beginner.say("response", &answer.to_string());
        });
        assert_eq!(
            (fine, &end["stage"]),
            (true, &json!("acknowledged")),
            "{words:?}: {end}"
        );
    };
    told(&["grid", "export"], json!({ "grid": "export" }));
    told(&["relay", "pump", "off"], json!({ "relay": { "pump": false } }));
    told(
        &["motor", "motor1", "75", "reverse"],
        json!({ "motor1": { "percent": 75, "direction": "reverse" } }),
    );
    told(&["led", "128"], json!({ "pwm": { "led_duty": 128 } }));
    told(
        &["intervals", "--sensors", "10s", "--heartbeat", "1m"],
        json!({ "mqtt": { "sensor_interval": 10_000, "heartbeat_interval": 60_000 } }),
    );
    for counter in ["all", "battery", "solar", "load"] {
        told(&["reset", counter], json!({ "energy": { "reset": counter } }));
    }
    told(
        &["reset", "settlement"],
        json!({ "energy": { "reset_settlement": "all" } }),
    );

    // More than the lamp takes, and more often than a meter speaks, is brought into the range.
    told(&["led", "9999"], json!({ "pwm": { "led_duty": 255 } }));
    told(
        &["intervals", "--sensors", "20m"],
        json!({ "mqtt": { "sensor_interval": 600_000 } }),
    );
}

#[test]
fn an_output_is_hidden_and_shown_and_the_meter_given_to_another_account() {
    let beginner = acquainted();
    let output = |answer: &Value| answer["meter"]["outputs"][0].clone();
    let hidden = beginner
        .run(&["meter", "edit", "--id", METER, "--hide", "relay:pump"])
        .remove(0);
    assert_eq!(output(&hidden)["hidden"], true, "{hidden}");
    let shown = beginner
        .run(&["meter", "edit", "--id", METER, "--show", "relay:pump"])
        .remove(0);
    assert_ne!(output(&shown)["hidden"], json!(true), "{shown}");

    let password = beginner.path("password");
    let keys = ["--password-file", &password];
    let list = |words: &[&str]| beginner.run(&[words, &keys[..]].concat()).remove(0);
    let grown = list(&["wallet", "add-account"]);
    let second = addresses(&grown).pop().expect("two accounts");
    let moved = list(&["meter", "move", "--id", METER, "--owner", second]);
    assert_eq!(moved["meter"]["owner"], second, "{moved}");
    let nobodys = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    let refused = [&["meter", "move", "--id", METER, "--owner", nobodys], &keys[..]].concat();
    assert_eq!(beginner.refused(&refused)["code"], "WALLET_UNKNOWN");
}

#[test]
fn a_broker_that_asks_for_a_certificate_is_shown_one() {
    let certified = Certified::start();
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile").display().to_string();
    let place = ["--data-dir", &profile];
    let (url, ca) = (certified.url(), certified.path("ca.crt"));
    let (certificate, key) = (certified.path("wallet.crt"), certified.path("wallet.key"));
    let trusts = ["--broker", &url, "--ca-file", &ca];
    let shows = ["--client-cert-file", &certificate, "--client-key-file", &key];
    let find = ["--json", "meter", "find", "--seconds", "2"];
    let refused = run_failing(&[&find[..], &place, &trusts].concat());
    assert_eq!(refused["code"], "BROKER_REFUSED", "{refused}");

    let password = directory.path().join("password").display().to_string();
    std::fs::write(&password, crate::support::PASSWORD).expect("writable");
    run(&[
        &["--json", "wallet", "create", "--password-file", &password],
        &place[..],
    ]
    .concat());
    let meter = ["--json", "meter", "add", "--id", METER, "--rated-power", "100000"];
    run(&[&meter[..], &place, &trusts, &shows].concat());
    let mut command = enerlink();
    command.args(["--json", "run"]).args(place);
    let running = Running::start(command);
    running.wait_for("the start", |line| line["event"] == "started");
    let mut uptime = 33_857_692;
    wait_until("it is heard", || {
        uptime += 1_000;
        certified.publish(&format!("{BASE}/sensors"), &sensors(uptime, 1_000_000, 4_000));
        let status = run(&[&["--json", "meter", "status"], &place[..]].concat());
        status[0]["device"]["sensors"].is_array()
    });
    running.stop();
}
