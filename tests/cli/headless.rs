//! The main job without a window: a surplus becomes ETK, with every part simulated and with every part real.

use std::collections::BTreeSet;

use crate::support::{
    Household, METER, Running, Sockets, anvil, enerlink, mosquitto, run, run_failing, wait_until,
};
use enerlink_domain::Etk;
use serde_json::Value;

fn integer(summary: &Value, name: &str) -> i64 {
    summary[name]
        .as_i64()
        .unwrap_or_else(|| panic!("{name} is an integer in {summary}"))
}

fn etk(summary: &Value, name: &str) -> Etk {
    let text = summary[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} is a string in {summary}"));
    let (whole, cents) = text.split_once('.').expect("two decimals");
    assert_eq!(cents.len(), 2, "{text}");
    Etk(format!("{whole}{cents}").parse().expect("a number"))
}

/// Runs the demo until it has settled three times, however fast the machine is, and checks that it adds up.
fn check_demo(arguments: &[&str]) {
    let mut command = enerlink();
    command
        .args(["demo", "--seed", "1", "--speed", "120"])
        .args(arguments);
    let running = Running::start(command);
    for _ in 0..3 {
        let settled = running.wait_for("a settlement", |line| {
            line["event"] == "settlement" && line["status"] == "SUCCESS"
        });
        assert!(settled["tx"].as_str().is_some_and(|hash| hash.len() == 66));
    }
    running.signal("TERM");
    let summary = &running.wait_for("the summary", |line| line["event"] == "summary");
    running.stop();
    let (accumulated, settled) = (
        integer(summary, "accumulated_uwh"),
        integer(summary, "settled_uwh"),
    );
    assert_eq!(
        accumulated,
        settled + integer(summary, "pending_uwh") + integer(summary, "carried_uwh"),
        "{summary}"
    );
    assert_eq!(
        integer(summary, "metered_uwh"),
        accumulated,
        "the meter's own count: {summary}"
    );
    let (minted, burned) = (etk(summary, "etk_minted"), etk(summary, "etk_burned"));
    assert_eq!(etk(summary, "etk_balance").0, minted.0 - burned.0, "{summary}");
    assert_eq!(
        (minted.0 - burned.0) * 10_000,
        i128::from(settled),
        "1 Wh is 1.00 ETK: {summary}"
    );
    assert!(minted.0 > 0);
}

#[test]
fn a_surplus_becomes_etk_in_the_simulated_neighbourhood() {
    check_demo(&[]);
}

#[test]
fn a_surplus_becomes_etk_on_a_real_broker_and_a_real_node() {
    let (broker, node) = (mosquitto(), anvil(31337));
    let broker = format!("mqtt://127.0.0.1:{}", broker.port);
    let node = format!("http://127.0.0.1:{}", node.port);
    check_demo(&["--broker", &broker, "--rpc", &node]);
}

/// Runs until the chain says about the meter what `wanted` accepts.
fn run_until(household: &mut Household, what: &str, wanted: impl Fn(&Value) -> bool) -> Running {
    let mut command = household.run_command();
    command.env("EARLY_SETTLEMENT_WH", "100");
    let running = Running::start(command);
    running.wait_for("the start", |line| line["event"] == "started");
    household.publish_sensors();
    running.wait_for(what, |line| {
        line["event"] == "registration" && wanted(&line["registration"])
    });
    running
}

#[test]
fn the_program_listens_nowhere_and_speaks_with_its_two_servers_only() {
    let mut household = Household::new(true);
    let running = run_until(&mut household, "a registration", |_| true);
    let sockets = Sockets::of(running.id());
    let servers = BTreeSet::from([household.broker.port, household.node.port]);
    assert!(sockets.listening.is_empty(), "{sockets:?}");
    assert_eq!(sockets.reached, servers);
    running.stop();
}

#[test]
fn beside_a_running_process_a_meter_is_shown_as_that_one_knows_it() {
    let mut household = Household::new(true);
    let running = run_until(&mut household, "the open meter", |standing| {
        standing["state"] == "open"
    });
    let profile = household.path("profile");
    let of = ["meter", "status", "--data-dir", &profile];
    let mut meter = Value::Null;
    wait_until("the report is written", || {
        meter = run(&[&["--json"], &of[..]].concat()).remove(0);
        meter["registration"]["state"] == "open"
    });
    assert_ne!(meter["device"]["presence"]["state"], "waiting", "{meter}");
    assert!(meter["device"]["health"].is_u64(), "{meter}");
    assert!(
        meter["age_ms"].as_u64().is_some_and(|age| age < 11_000),
        "{meter}"
    );
    let status = run(&["--json", "status", "--data-dir", &profile]).remove(0);
    assert_eq!(status["meters"][0]["registration"]["state"], "open", "{status}");
    let text = enerlink().args(of).output().expect("started").stdout;
    let text = String::from_utf8(text).expect("text");
    let owner = meter["meter"]["owner"].as_str().expect("an owner");
    for words in [owner, "open, settled up to", "as of "] {
        assert!(text.contains(words), "{words} in {text}");
    }
    running.stop();
}

#[test]
fn a_locked_wallet_goes_on_settling() {
    let mut household = Household::new(true);
    let running = run_until(&mut household, "the settlement key", |standing| {
        standing["settler"].is_string()
    });
    running.signal("USR1");
    running.wait_for("the lock", |line| {
        line["event"] == "vault" && line["state"] == "locked"
    });
    household.export(150);
    let settled = running.wait_for("a settlement", |line| {
        line["event"] == "settlement" && line["status"] == "SUCCESS"
    });
    assert_eq!(settled["energy_wh"], "150");
    running.stop();
    assert_eq!(household.audit()["adds_up"], true);
}

#[test]
fn what_will_be_settled_is_estimated_beside_a_running_wallet() {
    let mut household = Household::new(true);
    let running = household.started();
    household.export(60);
    let owed = "60955955";
    let told = running.wait_for("the estimate", |line| {
        line["event"] == "estimate" && line["owed"] == owed && line["obstacle"] == "NOTHING_TO_SETTLE"
    });
    let estimate = |more: &[&str]| {
        household
            .said(&[&["settle", "estimate"], more].concat())
            .remove(0)
    };
    let found = estimate(&[]);
    let meter = &found["meters"][0];
    for name in ["meter_id", "owed", "pending", "etk_now", "minimum", "obstacle"] {
        assert_eq!(meter[name], told[name], "{name}: {found}");
    }
    assert_eq!(meter["etk_now"], "6000");
    let total = &found["total"];
    assert_eq!(
        (&total["meters"], &total["owed"]),
        (&1.into(), &owed.into()),
        "{found}"
    );
    assert_eq!(estimate(&["--meter", METER])["meters"][0]["owed"], owed);
    let profile = household.path("profile");
    let unknown = [
        "--json",
        "settle",
        "estimate",
        "--meter",
        "NOBODY",
        "--data-dir",
        &profile,
    ];
    assert_eq!(run_failing(&unknown)["code"], "METER_UNKNOWN");
    running.stop();
    household.node.pause();
    let silent = estimate(&[]);
    household.node.resume();
    let readiness = &silent["meters"][0]["readiness"];
    assert_eq!(
        (&readiness["state"], &readiness["code"]),
        (&"blocked".into(), &"NODE_UNREACHABLE".into())
    );
    assert_eq!(
        silent["meters"][0]["owed"], owed,
        "what was counted is known all the same"
    );
}

#[test]
fn a_settlement_key_is_given_up_and_made_anew() {
    let mut household = Household::new(true);
    let profile = household.path("profile");
    let password = household.path("password");
    let key = |verb: &[&str]| {
        let line = [
            &["--json", "meter", "settlement-key"],
            verb,
            &["--data-dir", &profile],
        ]
        .concat();
        run(&line).remove(0)
    };
    let switch = |verb: &str| key(&[verb, "--id", METER, "--password-file", &password]);
    let standing = |standing: &Value| standing["settler"].is_string();
    run_until(&mut household, "the settlement key", standing).stop();
    let first = key(&["show"]);
    assert_eq!(
        (&first["state"], &first["key"]),
        (&"active".into(), &first["on_chain"])
    );
    let off = switch("off");
    assert_eq!(off["state"], "off");
    assert_eq!((&off["key"], &off["on_chain"]), (&Value::Null, &Value::Null));
    let on = switch("on");
    assert_eq!((&on["state"], &on["key"]), (&"active".into(), &on["on_chain"]));
    assert!(on["key"].is_string() && on["key"] != first["key"]);
    // Without the password it is noted, and waits for the wallet.
    let waiting = key(&["off", "--id", METER]);
    assert_eq!(waiting["state"], "revoking");
    run_until(&mut household, "no settlement key", |standing| {
        standing["state"] == "open" && standing["settler"].is_null()
    })
    .stop();
}

#[test]
fn a_seed_of_the_simulation_is_replayed_exactly() {
    let replayed = || run(&["--json", "sim", "--seed", "1"]).remove(0);
    let (one, other) = (replayed(), replayed());
    assert_eq!((&one["ok"], &one["seeds"]), (&Value::Bool(true), &Value::from(1)));
    let kinds = |report: &Value| report["missing"].as_array().map(Vec::len);
    assert!(
        kinds(&one).is_some_and(|kinds| kinds > 0),
        "one seed has no room for all: {one}"
    );
    assert!(one["trace_hash"].as_u64().is_some_and(|hash| hash != 0), "{one}");
    assert_eq!(one, other, "to the last line of the trace");
}
