//! A meter that says nothing, from the command line, in real time: commands time out, what comes later is late, and a
//! broker that is away is not handed an old switch.

mod support;

use std::{thread, time::Duration};

use serde_json::{Value, json};
use support::{Bystander, Household, METER, Running, meter_command, mosquitto_at, publish, run};

/// Sends a command that must fail, and answers its end.
fn command(household: &Household, words: &[&str]) -> Value {
    let (fine, command) = meter_command(&household.path("profile"), words);
    assert!(!fine, "{command}");
    command
}

fn stage(household: &Household, id: &str) -> String {
    let rows = run(&[
        "--json",
        "meter",
        "commands",
        "--id",
        METER,
        "--data-dir",
        &household.path("profile"),
    ]);
    let mut same = rows.iter().filter(|row| row["correlation_id"] == id);
    same.next().expect("stored")["stage"]
        .as_str()
        .expect("a stage")
        .to_owned()
}

#[test]
fn silence_times_out_and_what_comes_later_is_late() {
    let mut household = Household::new(false);
    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    household.publish_sensors();
    running.wait_for("a reading", |line| {
        line["event"] == "device" && !line["sensors"].is_null()
    });
    let status = json!({ "grid": { "mode": "import" } }).to_string();
    publish(
        household.broker.port,
        "home/energy-monitor/status",
        status.as_bytes(),
    );
    running.wait_for("what it can switch", |line| {
        line["event"] == "device" && !line["status"].is_null()
    });
    running.stop();

    let heard = Bystander::listen(household.broker.port, ("", ""), "home/energy-monitor/command");
    let silent = command(&household, &["grid", "off"]);
    assert_eq!(silent["stage"], "timed_out");
    let commands: Vec<Value> = (0..3).map(|_| heard.next()).collect();
    assert!(commands.iter().all(|again| *again == commands[0]), "{commands:?}");
    let id = silent["correlation_id"].as_str().expect("an id").to_owned();

    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    let answer = json!({ "correlation_id": id, "ok": true }).to_string();
    publish(
        household.broker.port,
        "home/energy-monitor/response",
        answer.as_bytes(),
    );
    let late = running.wait_for("the late answer", |line| line["event"] == "command");
    assert_eq!(
        (&late["stage"], &late["correlation_id"]),
        (&json!("late"), &json!(id))
    );
    running.stop();
    assert_eq!(stage(&household, &id), "late");

    // The broker is away: nothing leaves, and nothing does when it is back.
    let port = household.broker.port;
    std::mem::replace(&mut household.broker, support::mosquitto()).kill();
    let away = command(&household, &["grid", "import"]);
    assert_eq!(
        (&away["stage"], &away["attempts"]),
        (&json!("timed_out"), &json!(0))
    );
    household.broker = mosquitto_at(port);
    let heard = Bystander::listen(port, ("", ""), "home/energy-monitor/command");
    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    household.publish_sensors();
    thread::sleep(Duration::from_secs(5));
    running.stop();
    assert!(heard.is_silent(), "an old switch was sent");
}
