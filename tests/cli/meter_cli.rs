//! A meter from the command line alone, as a new user meets it: a real broker with passwords, `mosquitto_pub` for the
//! device, an empty profile. Found, tested, added, steered, looked back at, retired.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    beginner::{BASE, Beginner, exported, status},
    support::{self, METER, run_failing, sensors},
};

#[test]
fn a_new_user_finds_adds_steers_and_looks_back() {
    let beginner = Beginner::new();
    let broker = [
        "--broker",
        &beginner.url(),
        "--broker-password-file",
        &beginner.path("mqtt"),
    ]
    .map(str::to_owned);
    let broker: Vec<&str> = broker.iter().map(String::as_str).collect();

    // Found and tested, before there is anything.
    let speaks = AtomicBool::new(true);
    let (found, tested) = thread::scope(|scope| {
        scope.spawn(|| {
            let mut uptime = 33_000_000;
            while speaks.load(Ordering::Relaxed) {
                beginner.say("sensors", &sensors(uptime, 1_000_000, 4_000));
                beginner.say("status", &status(false, "import"));
                uptime += 500;
                thread::sleep(Duration::from_millis(500));
            }
        });
        let found = beginner.run(&[&["meter", "find", "--seconds", "3"], &broker[..]].concat());
        let tested = beginner.run(&[&["meter", "test", "--seconds", "20"], &broker[..]].concat());
        speaks.store(false, Ordering::Relaxed);
        (found, tested)
    });
    assert_eq!(found[0]["found"][0]["base_topic"], BASE);
    let heard = &tested[0]["found"][0];
    assert_eq!(heard["capabilities"]["relays"], json!(["pump"]));
    assert_eq!(heard["capabilities"]["motors"], json!(["motor1"]));
    assert_eq!(heard["units"]["units"], "milli");
    assert_eq!(heard["profile"], "dc_bench");
    assert_eq!(heard["voltage"], "5550399", "the reason");
    let wrong = [
        "meter",
        "find",
        "--broker",
        broker[1],
        "--broker-password-file",
        &beginner.path("wrong"),
    ];
    assert_eq!(beginner.refused(&wrong)["code"], "BROKER_REFUSED");

    // Added, with a wallet.
    beginner.run(&["wallet", "create", "--password-file", &beginner.path("password")]);
    let add = [
        "meter",
        "add",
        "--id",
        METER,
        "--rated-power",
        "5000000",
        "--profile",
        "dc_bench",
    ];
    let refused = beginner.refused(&[&add[..], &broker[..]].concat());
    assert_eq!(refused["code"], "INVALID_INPUT", "nobody's roof carries 5 MW");
    let add = [
        "meter",
        "add",
        "--id",
        METER,
        "--rated-power",
        "100000",
        "--profile",
        "dc_bench",
    ];
    let added = beginner.run(&[&add[..], &broker[..]].concat());
    assert_eq!(added[0]["meter"]["profile"], "dc_bench");
    beginner.listen(|running| {
        exported(&beginner, running, 5);
        beginner.say("status", &status(false, "import"));
        running.wait_for("what it can do", |line| {
            line["event"] == "device" && !line["status"].is_null()
        });
    });

    // Steered. It has not been heard to answer, and is believed when it shows the output.
    let unconfirmed = [
        "meter",
        "command",
        "--id",
        METER,
        "--data-dir",
        &beginner.profile(),
        "grid",
        "off",
    ];
    let error = run_failing(&[&["--json"], &unconfirmed[..]].concat());
    assert_eq!(error["code"], "CONFIRMATION_MISSING");
    let (_, error) = beginner.command_alone(&["relay", "fan", "on"]);
    assert_eq!(error["error"]["code"], "INVALID_INPUT");
    let (fine, seen) = beginner.command(&["grid", "export"], |_| {
        beginner.say("status", &status(false, "import"));
        beginner.say("status", &status(false, "export"));
    });
    assert_eq!((fine, &seen["stage"]), (true, &json!("observed")), "{seen}");
    let (fine, acknowledged) = beginner.command(&["relay", "pump", "on"], |command| {
        assert_eq!(command["relay"], json!({ "pump": true }));
        let answer = |id: &Value, ok: bool| {
            beginner.say("response", &json!({ "correlation_id": id, "ok": ok }).to_string());
        };
        answer(&json!("7e57ab1e-0000-4000-8000-000000000000"), false);
        answer(&command["correlation_id"], true);
        answer(&command["correlation_id"], true);
    });
    assert_eq!(
        (fine, &acknowledged["stage"]),
        (true, &json!("acknowledged")),
        "{acknowledged}"
    );
    let (fine, failed) = beginner.command(&["motor", "motor1", "90"], |command| {
        assert_eq!(command["motor1"]["percent"], 90);
        let refusal = json!({ "correlation_id": command["correlation_id"], "ok": false, "error": "jammed" });
        beginner.say("response", &refusal.to_string());
    });
    assert_eq!((fine, &failed["stage"]), (false, &json!("failed")), "{failed}");
    let commands = beginner.run(&["meter", "commands", "--id", METER]);
    let stages: Vec<&Value> = commands.iter().map(|command| &command["stage"]).collect();
    assert_eq!(stages, ["failed", "acknowledged", "observed"]);

    // Looked back at.
    let id = acknowledged["correlation_id"].as_str().expect("an id");
    let sent = beginner.run(&["messages", "--command", id, "--direction", "out", "--accepted"]);
    assert_eq!(sent.len(), 1, "{sent:?}");
    let answers = beginner.run(&["messages", "--command", id, "--direction", "in"]);
    assert!((1..=2).contains(&answers.len()), "{answers:?}");
    assert!(
        beginner
            .run(&["messages", "--refused", "--search", "7e57ab1e"])
            .len()
            <= 1
    );
    let notices = beginner.run(&["notices"]);
    assert!(
        notices
            .iter()
            .any(|notice| notice["kind"] == "command_failed" && notice["detail"] == failed["correlation_id"]),
        "{notices:?}"
    );
    let history = beginner.run(&["history", "--by", "hour"]).remove(0);
    assert_eq!(history["history"]["total"]["exported"], "5000000");
    // 5 Wh at Rp 1.444,70; nothing was recorded before.
    let earned = json!({ "now": "7.22", "before": null, "unit": "IDR" });
    assert_eq!(history["figures"]["earned"], earned, "{history}");
    assert_eq!(history["figures"]["consumption"]["unit"], "%");
    beginner.run(&["history", "--by", "day", "--csv", &beginner.path("days.csv")]);
    let days = fs::read_to_string(beginner.path("days.csv")).expect("written");
    assert!(days.starts_with("from,from_ms,to_ms,produced_kwh,"), "{days}");
    let saved = beginner
        .run(&["export", "readings", "--out", &beginner.path("readings.csv")])
        .remove(0);
    let readings = fs::read_to_string(beginner.path("readings.csv")).expect("written");
    assert_eq!(saved["rows"], 6);
    assert_eq!(readings.lines().count(), 7);
    assert!(readings.contains(",export_power_w,"), "{readings}");
    assert!(readings.contains(",0.0386,"), "38.6 mW in W: {readings}");
    let again = beginner.refused(&["export", "readings", "--out", &beginner.path("readings.csv")]);
    assert_eq!(again["code"], "INVALID_INPUT", "nothing is written over");
    let saved = beginner
        .run(&["messages", "--csv", &beginner.path("messages.csv")])
        .remove(0);
    assert!(saved["rows"].as_u64().is_some_and(|rows| rows > 10));

    // Changed, retired, and taken up again.
    let kept = beginner.run(&[
        "preferences",
        "--raw-days",
        "90",
        "--tariff",
        "1699.53",
        "--mute",
        "rebooted",
    ]);
    assert_eq!(kept[0]["tariff_sen_per_kwh"], 169_953);
    assert_eq!(beginner.run(&["preferences"]), kept);
    assert_eq!(
        beginner.refused(&["preferences", "--raw-days", "9999"])["code"],
        "INVALID_INPUT"
    );
    let edit = [
        "meter",
        "edit",
        "--id",
        METER,
        "--name",
        "Rumah",
        "--output",
        "motor1=Gate",
        "--limit",
        "motor1=40",
    ];
    let edited = beginner.run(&edit).remove(0);
    assert_eq!(edited["meter"]["name"], "Rumah");
    assert_eq!(edited["meter"]["outputs"][0]["limit_percent"], 40);
    let (_, clamped) = beginner.command(&["motor", "motor1", "90"], |command| {
        assert_eq!(
            command["motor1"]["percent"], 40,
            "no more than the household allows"
        );
        let answer = json!({ "correlation_id": command["correlation_id"], "ok": true });
        beginner.say("response", &answer.to_string());
    });
    assert_eq!(clamped["stage"], "acknowledged");
    assert_eq!(
        beginner.run(&["meter", "retire", "--id", METER])[0]["device"]["presence"]["state"],
        "retired"
    );
    let (_, error) = beginner.command_alone(&["grid", "import"]);
    assert_eq!(error["error"]["code"], "INVALID_INPUT");
    assert!(beginner.run(&["meter", "unretire", "--id", METER])[0]["meter"]["retired_at"].is_null());
    assert_eq!(
        beginner.run(&["history", "--by", "hour"])[0]["history"]["total"]["exported"],
        "5000000"
    );
}

#[test]
fn another_process_sees_how_the_running_one_fares() {
    let beginner = Beginner::new();
    beginner.run(&["wallet", "create", "--password-file", &beginner.path("password")]);
    let (url, password) = (beginner.url(), beginner.path("mqtt"));
    let broker = ["--broker", &url, "--broker-password-file", &password];
    beginner.run(
        &[
            &["meter", "add", "--id", METER, "--rated-power", "100000"],
            &broker[..],
        ]
        .concat(),
    );
    assert!(beginner.run(&["status"])[0]["status"]["meters"] == 1);
    beginner.listen(|running| {
        exported(&beginner, running, 5);
        beginner.say("status", &status(false, "import"));
        let mut shown = Value::Null;
        support::wait_until("the figures are written", || {
            shown = beginner.run(&["status"]).remove(0);
            shown["diagnostics"]["messages"]
                .as_u64()
                .is_some_and(|messages| messages >= 7)
        });
        assert_eq!(shown["status"]["read_only"], true);
        // It is steered where it runs: a second process is told who has the profile.
        let (fine, refused) = beginner.command_alone(&["grid", "off"]);
        let error = &refused["error"];
        assert_eq!(
            (fine, &error["code"]),
            (false, &json!("PROFILE_IN_USE")),
            "{refused}"
        );
        let holder = format!("process {} uses ", running.id());
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.starts_with(&holder)),
            "{error}"
        );
        let told = &shown["diagnostics"];
        assert!(
            told["commit"]["p99_us"].as_u64().is_some_and(|micros| micros > 0),
            "{told}"
        );
        assert_eq!(told["brokers"][0]["connected"], true);
        assert!(
            shown["diagnostics_age_ms"]
                .as_u64()
                .is_some_and(|age| age < 11_000),
            "{shown}"
        );
    });
}
