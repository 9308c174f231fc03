//! What goes wrong is said in a sentence with a next step, and nothing is lost.

use std::{fs, time::Duration};

use crate::support::{Household, METER, Running, anvil, anvil_with, enerlink, run, run_failing};

#[test]
fn a_wrong_password_and_a_missing_wallet_are_told_apart() {
    let household = Household::new(false);
    fs::write(household.file("wrong"), "not the password at all").expect("writable");
    let profile = household.path("profile");
    let error = run_failing(&[
        "--json",
        "run",
        "--data-dir",
        &profile,
        "--password-file",
        &household.path("wrong"),
    ]);
    assert_eq!(error["code"], "WRONG_PASSWORD");
    let empty = household.path("empty");
    let error = run_failing(&[
        "--json",
        "run",
        "--data-dir",
        &empty,
        "--password-file",
        &household.path("wrong"),
    ]);
    assert_eq!(error["code"], "NO_VAULT");
    let error = run_failing(&[
        "--json",
        "wallet",
        "create",
        "--data-dir",
        &profile,
        "--password-file",
        &household.path("wrong"),
    ]);
    assert_eq!(
        error["code"], "WRONG_PASSWORD",
        "the next wallet comes under the same password"
    );
    let output = enerlink().args(["settle", "sideways"]).output().expect("started");
    assert_eq!(output.status.code(), Some(2), "bad usage");
}

#[test]
fn an_unregistered_meter_counts_and_settles_once_it_is_registered() {
    let mut household = Household::new(false);
    let profile = household.path("profile");
    let running = Running::start(household.run_command());
    running.wait_for("the standing", |line| {
        line["event"] == "registration" && line["registration"]["state"] == "missing"
    });
    household.publish_sensors();
    household.export(300);
    running.wait_for("the energy", |line| {
        line["event"] == "device" && line["sensors"][1]["export"]["total_energy"] == "301959955"
    });
    running.stop();
    let password = household.path("password");
    let settle = [
        "--json",
        "settle",
        "now",
        "--data-dir",
        &profile,
        "--password-file",
        &password,
    ];
    let error = run_failing(&settle);
    assert_eq!(error["code"], "METER_UNREGISTERED");

    household.register(10_u128.pow(18));
    let running = Running::start(household.run_command());
    running.wait_for("the baseline", |line| {
        line["event"] == "registration" && line["registration"]["state"] == "open"
    });
    running.stop();
    let row = run(&settle).remove(0);
    assert_eq!(
        (row["status"].as_str(), row["energy_wh"].as_str()),
        (Some("SUCCESS"), Some("300"))
    );
    let error = run_failing(&settle);
    assert_eq!(error["code"], "NOTHING_TO_SETTLE");
    assert_eq!(household.audit()["adds_up"], true);
}

#[test]
fn without_gas_a_transaction_waits_and_goes_on_when_there_is_some() {
    let node = anvil_with(31337, &["--base-fee", "1000000000"]);
    let mut household = Household::on(node, false);
    household.register(0);
    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    household.publish_sensors();
    let waiting = running.wait_for("no gas", |line| {
        line["event"] == "transaction" && line["stage"] == "no_gas"
    });
    assert!(
        waiting["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("of the chain's coin more for gas")),
        "{waiting}"
    );
    let account = waiting["from"].as_str().expect("an account").to_owned();
    crate::support::rpc(
        household.node.port,
        "anvil_setBalance",
        serde_json::json!([account, "0xde0b6b3a7640000"]),
    );
    running.wait_for("the baseline", |line| {
        line["event"] == "registration" && line["registration"]["state"] == "open"
    });
    running.stop();
}

#[test]
fn another_chain_is_refused_by_name_and_the_profile_is_left_alone() {
    let household = Household::new(true);
    let profile = household.path("profile");
    // Another chain id.
    let other = anvil(1337);
    let url = format!("http://127.0.0.1:{}", other.port);
    let addresses = household.path("addresses.json");
    let error = run_failing(&[
        "--json",
        "network",
        "set",
        "--data-dir",
        &profile,
        "--rpc",
        &url,
        "--addresses",
        &addresses,
    ]);
    assert_eq!(error["code"], "WRONG_CHAIN");
    // The same chain id and the same addresses, yet another chain.
    let twin = Household::new(false);
    let twin_addresses = twin.path("addresses.json");
    let error = run_failing(&[
        "--json",
        "network",
        "set",
        "--data-dir",
        &profile,
        "--rpc",
        &twin.rpc_url(),
        "--addresses",
        &twin_addresses,
    ]);
    assert_eq!(error["code"], "OTHER_CHAIN");
    let error = run_failing(&[
        "--json",
        "network",
        "set",
        "--data-dir",
        &profile,
        "--rpc",
        &twin.rpc_url(),
        "--addresses",
        &addresses,
    ]);
    assert_eq!(error["code"], "OTHER_CHAIN");
    let shown = run(&["--json", "network", "show", "--data-dir", &profile]).remove(0);
    assert_eq!(
        shown["rpc_url"]
            .as_str()
            .map(|url| url.trim_end_matches('/').to_owned()),
        Some(household.rpc_url())
    );
}

#[test]
fn contracts_that_are_not_there_and_a_node_that_is_not_there_are_said() {
    let household = Household::new(false);
    let fresh = household.path("fresh");
    let text = fs::read_to_string(household.file("addresses.json")).expect("written");
    let mut wrong: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    wrong["contracts"]["EnergyConverter"] = "0x00000000000000000000000000000000000000aa".into();
    fs::write(household.file("wrong.json"), wrong.to_string()).expect("writable");
    let rpc = household.rpc_url();
    let error = run_failing(&[
        "--json",
        "network",
        "set",
        "--data-dir",
        &fresh,
        "--rpc",
        &rpc,
        "--addresses",
        &household.path("wrong.json"),
    ]);
    assert_eq!(error["code"], "CONTRACTS_MISSING");
    let nobody = format!("http://127.0.0.1:{}", crate::support::free_port());
    let error = run_failing(&[
        "--json",
        "network",
        "set",
        "--data-dir",
        &fresh,
        "--rpc",
        &nobody,
        "--addresses",
        &household.path("addresses.json"),
    ]);
    assert_eq!(error["code"], "NODE_UNREACHABLE");
    let error = run_failing(&["--json", "settle", "now", "--data-dir", &fresh, "--meter", METER]);
    assert_eq!(error["code"], "NO_NETWORK");
}

#[test]
fn a_broker_that_goes_away_is_said_and_what_it_kept_is_counted_when_it_is_back() {
    let mut household = Household::new(false);
    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    household.publish_sensors();
    running.wait_for("a reading", |line| {
        line["event"] == "device" && line["link"]["up"] == true
    });
    let port = household.broker.port;
    std::mem::replace(&mut household.broker, anvil(1)).kill();
    running.wait_for("the broker is missed", |line| {
        line["event"] == "device" && line["link"]["code"] == "BROKER_UNREACHABLE"
    });
    household.broker = crate::support::mosquitto_at(port);
    // Back-off has jitter and grows, so that the first attempts may already have failed.
    std::thread::sleep(Duration::from_secs(3));
    household.export(100);
    running.wait_for("the energy", |line| {
        line["event"] == "device" && line["sensors"][1]["export"]["total_energy"] == "101959955"
    });
    running.stop();
}

#[test]
fn a_second_process_is_told_and_may_read() {
    let household = Household::new(false);
    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    let profile = household.path("profile");
    let error = run_failing(&["--json", "run", "--data-dir", &profile]);
    assert_eq!(error["code"], "PROFILE_IN_USE");
    let status = run(&["--json", "status", "--data-dir", &profile]).remove(0);
    assert_eq!(status["status"]["read_only"], true);
    running.stop();
}
