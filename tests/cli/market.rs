//! The market on the command line, between two profiles on the simulator's node: an order that is filled in part and taken
//! back, what the lists and files say of it, and the allowance that a better price leaves.

use std::fs;

use crate::support::{Household, Running, Simulated, Street, enerlink, run_failing, wait_until};
use serde_json::{Value, json};

impl Street<Simulated> {
    /// The one answer of a command of the household that needs no password.
    fn one(&self, words: &[&str]) -> Value {
        let mut lines = self.household.said(words);
        assert_eq!(lines.len(), 1, "{words:?}: {lines:?}");
        lines.remove(0)
    }
}

/// Fields of a row.
fn picked<'a>(row: &'a Value, fields: &[&str]) -> Vec<&'a str> {
    let text = |field: &&str| row[*field].as_str().unwrap_or_else(|| panic!("{field} of {row}"));
    fields.iter().map(text).collect()
}

#[test]
fn orders_are_placed_filled_listed_kept_and_taken_back() {
    let street = Street::on(Simulated::start());
    let household = &street.household;
    let market = |words: &[&str]| household.told(&[&["market"], words].concat());
    let refused = |words: &[&str]| household.refused(&[&["market"], words].concat())["code"].clone();
    assert_eq!(street.one(&["market", "stats"])["phase"]["phase"], "live");
    assert_eq!(street.one(&["market", "book"])["depth"]["asks"], json!([]));

    assert_eq!(refused(&["place", "ask", "0.2", "1400"]), "CONFIRMATION_MISSING");
    assert_eq!(
        refused(&["place", "ask", "0.205", "1400", "--yes"]),
        "INVALID_INPUT"
    );
    assert_eq!(refused(&["place", "ask", "7", "1400", "--yes"]), "ORDER_INVALID");
    let placed = market(&["place", "ask", "0.2", "1400", "--yes"]);
    assert_eq!(picked(&placed, &["kind", "stage"]), ["place_order", "confirmed"]);
    assert_eq!(
        (&placed["as_simulated"], &placed["detail"]["lots"]),
        (&json!(true), &json!("20"))
    );

    let bid = street.neighbour(&["market", "place", "bid", "0.05", "1450", "--yes"]);
    assert_eq!(bid["stage"], "confirmed");
    // Nobody has read the market since.
    let order = street.one(&["market", "orders", "--side", "ask"]);
    assert_eq!(order["status"], "PARTIALLY_FILLED", "{order}");
    let book = street.one(&["market", "book"]);
    assert_eq!(
        picked(&book["depth"]["asks"][0], &["price", "lots"]),
        ["1400", "15"]
    );
    assert_eq!(book["depth"]["bids"], json!([]));
    let stats = street.one(&["market", "stats"])["stats"].clone();
    assert_eq!(
        picked(&stats, &["last", "best_ask", "lots", "value"]),
        ["1400", "1400", "5", "7000"]
    );

    let order = street.one(&["market", "orders", "--side", "ask"]);
    let own = order["trader"].as_str().expect("its account").to_owned();
    let fields = ["status", "side", "price", "lots", "filled", "left"];
    assert_eq!(
        picked(&order, &fields),
        ["PARTIALLY_FILLED", "ASK", "1400", "20", "5", "15"]
    );
    for none in [["--side", "bid"], ["--status", "filled"], ["--to", "2020-01-01"]] {
        let line = [&["market", "orders", "--account", &own], &none[..]].concat();
        assert_eq!(household.said(&line), Vec::<Value>::new(), "{none:?}");
    }
    let trade = street.one(&["market", "trades"]);
    assert_eq!(
        picked(&trade, &["side", "price", "lots", "value"]),
        ["BID", "1400", "5", "7000"]
    );
    assert_eq!(
        household.said(&["market", "trades", "--from", "2100-01-01"]),
        Vec::<Value>::new()
    );
    keep(&street, &order, &trade);

    let id = order["id"].as_str().expect("it rests");
    market(&["cancel", id]);
    let order = street.one(&["market", "orders", "--account", &own]);
    assert_eq!(
        picked(&order, &["status", "filled", "left"]),
        ["CANCELLED", "5", "0"]
    );
    assert_eq!(refused(&["cancel", id]), "ORDER_CLOSED");
    assert_eq!(refused(&["cancel", "--all"]), "ORDER_CLOSED");
}

#[test]
fn amounts_and_prices_are_said_in_every_unit() {
    let street = Street::on(Simulated::start());
    let words = |ask: &'static str| {
        let ask = ask.split(' ');
        ["market", "place", "ask"]
            .into_iter()
            .chain(ask)
            .chain(["--yes"])
            .collect()
    };
    // A lot is 0.01 kWh, which is 10 ETK; a price is rupiah for 1 kWh, which is 1000 ETK.
    for (ask, meant) in [
        (
            "0.03 1510 --unit kwh --price-unit kwh --kind limit",
            ["3", "1510", "GOOD_TILL_CANCELLED"],
        ),
        (
            "40 1.52 --unit etk --price-unit etk --kind post-only",
            ["4", "1520", "POST_ONLY"],
        ),
        ("5 1530 --unit lots", ["5", "1530", "GOOD_TILL_CANCELLED"]),
    ] {
        let line: Vec<&str> = words(ask);
        let detail = street.household.told(&line)["detail"].clone();
        assert_eq!(picked(&detail, &["lots", "price", "flags"]), meant, "{ask}");
    }
    for wrong in ["1 1400 --unit wh", "1 1400 --price-unit lots"] {
        let line: Vec<&str> = words(wrong);
        let code = street.household.refused(&line)["code"].clone();
        assert_eq!(code, "INVALID_INPUT", "{wrong}");
    }
}

/// The same rows as files, which are never written over.
fn keep(street: &Street<Simulated>, order: &Value, trade: &Value) {
    let household = &street.household;
    let own = order["trader"].as_str().expect("its account");
    let kept = |list: &str| {
        let path = household.path(&format!("{list}.csv"));
        let line = ["market", list, "--account", own, "--file", &path];
        assert_eq!(street.one(&line)["rows"], 1);
        let profile = household.path("profile");
        let again = [&["--json"], &line[..], &["--data-dir", &profile]].concat();
        assert_eq!(run_failing(&again)["code"], "INVALID_INPUT");
        let text = fs::read_to_string(&path).expect("written");
        let mut lines = text
            .lines()
            .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let (titles, row) = (lines.next().expect("titles"), lines.next().expect("a row"));
        assert_eq!((titles.len(), lines.next()), (row.len(), None), "{text}");
        move |title: &str| {
            let at = titles.iter().position(|known| known == title);
            row[at.unwrap_or_else(|| panic!("{title} in {titles:?}"))].clone()
        }
    };
    let of_trade = kept("trades");
    for (title, value) in [
        ("taker_side", "BID"),
        ("price_per_kwh", "1400"),
        ("price_per_etk", "1.4"),
        ("lots", "5"),
        ("etk", "50.00"),
        ("kwh", "0.05"),
        ("idrs", "70.00"),
    ] {
        assert_eq!(of_trade(title), value, "{title}");
    }
    assert_eq!(
        [of_trade("tx_hash"), of_trade("maker")],
        [&trade["tx"], &order["trader"]].map(|text| text.as_str().expect("text").to_owned())
    );
    let of_order = kept("orders");
    for (title, value) in [
        ("side", "ASK"),
        ("status", "PARTIALLY_FILLED"),
        ("kwh", "0.2"),
        ("lots_filled", "5"),
        ("lots_left", "15"),
    ] {
        assert_eq!(of_order(title), value, "{title}");
    }
}

#[test]
fn the_market_is_read_beside_a_wallet_that_runs() {
    let street = Street::on(Simulated::start());
    let household = &street.household;
    household.told(&["market", "place", "ask", "0.2", "1400", "--yes"]);
    let logged = household.said(&["tx", "log", "--limit", "1"]).remove(0);
    assert_eq!(picked(&logged, &["kind", "status"]), ["place_order", "SUCCESS"]);
    let line = logged["line"].as_str().expect("a sentence");
    let said = "place_order: order ASK 0.2 kWh at Rp 1400 a kWh, succeeded in block";
    assert!(line.starts_with(said), "{line}");

    let running = Running::start(household.run_command());
    running.wait_for("the start", |line| line["event"] == "started");
    let book = street.one(&["market", "book"]);
    assert_eq!(
        picked(&book["depth"]["asks"][0], &["price", "lots"]),
        ["1400", "20"]
    );
    let state = street.one(&["market", "stats"]);
    assert_eq!(state["phase"]["error"]["code"], "PROFILE_IN_USE");
    assert_eq!(state["stats"]["asks"]["lots"], "20");
    let file = household.path("all.csv");
    assert_eq!(street.one(&["market", "orders", "--file", &file])["rows"], 1);
    running.stop();
}

/// What is said of an order that nobody has confirmed.
fn preview(household: &Household<Simulated>, words: &[&str]) -> Value {
    let (profile, password) = (household.path("profile"), household.path("password"));
    let output = enerlink()
        .args([&["--json"], words].concat())
        .args(["--data-dir", &profile, "--password-file", &password])
        .output()
        .expect("started");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .next()
        .unwrap_or_else(|| panic!("no preview: {output:?}"));
    serde_json::from_str::<Value>(line).expect("JSON")["preview"].clone()
}

#[test]
fn a_better_price_leaves_an_allowance_that_is_ended() {
    let street = Street::on(Simulated::start());
    let household = &street.household;
    assert_eq!(
        household.told(&["ramp", "on", "--amount", "500"])["stage"],
        "confirmed"
    );
    street.neighbour(&["market", "place", "ask", "0.1", "1300", "--yes"]);
    let bought = household.told(&[
        "market", "place", "bid", "0.1", "1365", "--kind", "market", "--yes",
    ]);
    assert_eq!(bought["stage"], "confirmed");
    assert_eq!(
        household.told(&["ramp", "off", "--amount", "360"])["stage"],
        "confirmed"
    );
    let mut allowances = Vec::new();
    wait_until("the allowance is read", || {
        street.one(&["market", "stats"]);
        allowances = household.said(&["allowances", "list"]);
        !allowances.is_empty()
    });
    assert_eq!(picked(&allowances[0], &["known_as", "token"]), ["market", "IDRS"]);
    assert_eq!(
        allowances[0]["amount"],
        json!({ "asset": "idrs", "amount": "650" })
    );
    // An order that it is enough for says so, and needs no other.
    let approves =
        |lots: &str| preview(household, &["market", "place", "bid", lots, "100"])["approve"].clone();
    assert_eq!(approves("0.06"), Value::Null);
    assert_eq!(approves("0.07"), json!({ "token": "IDRS", "amount": "700" }));
    let spender = allowances[0]["spender"].as_str().expect("an address");
    let ended = household.told(&["allowances", "revoke", "--token", "idrs", "--spender", spender]);
    assert_eq!(picked(&ended, &["kind", "stage"]), ["revoke", "confirmed"]);
    wait_until("the allowance is gone", || {
        street.one(&["market", "stats"]);
        household.said(&["allowances", "list"]).is_empty()
    });
}
