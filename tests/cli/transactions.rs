//! Transactions and the guard on the command line: shown, made faster, taken back, ordered about.

use crate::support::{Household, Running, enerlink, run_failing, wait_until};
use serde_json::{Value, json};

impl Household {
    /// What a person reads.
    fn words(&self, words: &[&str]) -> String {
        let profile = self.path("profile");
        let output = enerlink()
            .args(words)
            .args(["--data-dir", &profile])
            .output()
            .expect("started");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// The transaction of this number, once it is at this stage: what a run does before it is listened to it does not tell.
    fn comes_to(&self, number: &str, stage: &str) -> Value {
        let mut row = Value::Null;
        wait_until(&format!("transaction {number} is {stage}"), || {
            row = self.said(&["tx", "show", number]).remove(0);
            row["stage"] == stage
        });
        row
    }

    fn control(&self, method: &str, params: Value) {
        let answer = crate::support::rpc(self.node.port, method, params);
        assert!(answer["error"].is_null(), "{answer}");
    }

    /// Lets a settlement wait in the pool of a node that makes no blocks, with coins for higher fees.
    fn waiting(&mut self, running: Running) -> Value {
        self.control("evm_setAutomine", json!([false]));
        self.export(150);
        let sent = running.wait_for("a transaction on its way", |line| {
            line["event"] == "transaction" && line["kind"] == "settle_meter" && line["stage"] == "sent"
        });
        running.stop();
        self.control("anvil_setBalance", json!([sent["from"], "0xde0b6b3a7640000"]));
        sent
    }
}

/// What `row` is about, as words of a command.
fn id(row: &Value) -> String {
    row["id"].as_i64().expect("a number").to_string()
}

#[test]
fn a_transaction_is_listed_shown_made_faster_and_cancelled() {
    let mut household = Household::new(true);
    let running = household.started();
    let sent = household.waiting(running);
    let number = id(&sent);

    let rows = household.said(&["tx", "list"]);
    assert_eq!((&rows[0]["id"], &rows[0]["stage"]), (&sent["id"], &json!("sent")));
    assert!(rows.iter().any(|row| row["kind"] == "open_meter"));
    assert_eq!(household.said(&["tx", "list", "--limit", "1"]).len(), 1);
    let shown = household.said(&["tx", "show", &number]).remove(0);
    assert_eq!((&shown["hash"], &shown["versions"]), (&sent["hash"], &json!(1)));
    let text = household.words(&["tx", "show", &number]);
    assert!(text.contains("possible: speed-up, cancel"), "{text}");
    let unknown = run_failing(&[
        "--json",
        "tx",
        "show",
        "999",
        "--data-dir",
        &household.path("profile"),
    ]);
    assert_eq!(unknown["code"], "INVALID_INPUT");

    let faster = household.told(&["tx", "speed-up", &number]);
    assert_eq!(
        (&faster["nonce"], &faster["versions"]),
        (&sent["nonce"], &json!(2))
    );
    assert_ne!(faster["hash"], sent["hash"]);
    household.control("evm_setAutomine", json!([true]));
    household.control("anvil_mine", json!(["0x1"]));
    let running = Running::start(household.run_command());
    let confirmed = household.comes_to(&number, "confirmed");
    assert_eq!(confirmed["hash"], faster["hash"], "the one with the higher fee");
    running.stop();
    let profile = household.path("profile");
    let late = run_failing(&[
        "--json",
        "tx",
        "speed-up",
        &number,
        "--data-dir",
        &profile,
        "--password-file",
        &household.path("password"),
    ]);
    assert_eq!(late["code"], "TOO_LATE");

    let running = household.started();
    let sent = household.waiting(running);
    let cancelled = household.told(&["tx", "cancel", &id(&sent)]);
    assert_eq!(
        (&cancelled["nonce"], &cancelled["cancelling"]),
        (&sent["nonce"], &json!(true))
    );
    household.control("anvil_mine", json!(["0x1"]));
    let running = Running::start(household.run_command());
    household.comes_to(&id(&sent), "replaced");
    running.stop();
    household.control("evm_setAutomine", json!([true]));
    let text = household.words(&["tx", "show", &id(&sent)]);
    assert!(
        text.contains("the last one cancels") && !text.contains("possible"),
        "{text}"
    );
    assert_eq!(household.settled_events(), 1, "150 Wh once, 150 Wh owed again");
    assert_eq!(household.audit()["adds_up"], true);
}

#[test]
fn the_guard_is_explained_paused_and_resumed() {
    let mut household = Household::new(true);
    let running = household.started();
    // It is armed by a settlement and by having been explained.
    household.export(150);
    running.wait_for("a settlement", |line| {
        line["event"] == "settlement" && line["status"] == "SUCCESS"
    });
    running.wait_for("the guard", |line| {
        line["event"] == "guard" && line["explained"] == false
    });
    running.stop();
    let guard = |words: &[&str]| household.said(&[&["guard"], words].concat()).remove(0);
    let shown = guard(&["show"]);
    assert_eq!(
        (&shown["state"]["state"], &shown["explained"]),
        (&json!("unarmed"), &json!(false))
    );
    assert_eq!(shown["meters"], json!([crate::support::METER]));
    let text = household.words(&["guard", "show"]);
    assert!(text.contains("read `enerlink guard explain` first"), "{text}");
    let text = household.words(&["guard", "explain"]);
    assert!(
        text.contains("The guard keeps this household from importing more"),
        "{text}"
    );
    assert_eq!(guard(&["show"])["explained"], true);
    let nobody = "0x00000000000000000000000000000000000000AA";
    let refused = run_failing(&[
        "--json",
        "guard",
        "resume",
        "--account",
        nobody,
        "--data-dir",
        &household.path("profile"),
    ]);
    assert_eq!(refused["code"], "METER_UNKNOWN");
    let paused = guard(&["not-now"]);
    assert_eq!(paused["state"]["state"], "paused");
    assert_eq!(guard(&["show"])["state"], paused["state"], "it is stored");
    assert_ne!(guard(&["resume"])["state"]["state"], "paused");
    // Whoever looks on while it runs is told.
    let line = [
        "run",
        "--for",
        "3s",
        "--password-file",
        &household.path("password"),
    ];
    let text = household.words(&line);
    let told: Vec<_> = text.lines().filter(|line| line.starts_with("guard 0x")).collect();
    assert!(told.iter().any(|line| line.contains(": watching")), "{text}");
}

#[test]
fn settings_say_what_the_contract_says_and_unknown_when_nobody_answers() {
    let household = Household::new(false);
    let shown = household.said(&["settle", "settings", "show"]).remove(0);
    assert_eq!(
        (&shown["ratio"], &shown["contract_minimum"]),
        (&json!(100_000), &json!("100"))
    );
    let paused = household.said(&["settle", "pause"]).remove(0);
    assert_eq!(paused["paused"], true);
    let text = household.words(&["settle", "settings", "show"]);
    assert!(text.contains("automatic off (paused)"), "{text}");
    assert!(text.contains("`enerlink settle resume`"), "{text}");
    assert_eq!(household.said(&["settle", "resume"]).remove(0)["paused"], false);
    let text = household.words(&["settle", "settings", "show"]);
    assert!(text.contains("1000 Wh are 1000.00 ETK on chain"), "{text}");
    let chosen = household.said(&[
        "settle",
        "settings",
        "set",
        "--meter",
        crate::support::METER,
        "--period",
        "15",
    ]);
    assert_eq!(chosen[0]["ratio"], 100_000);
    household.node.pause();
    let began = std::time::Instant::now();
    let shown = household.said(&["settle", "settings", "show"]).remove(0);
    let took = began.elapsed();
    household.node.resume();
    assert_eq!(
        (&shown["ratio"], &shown["contract_minimum"]),
        (&Value::Null, &Value::Null)
    );
    assert!(took < std::time::Duration::from_secs(6), "{took:?}");
}
