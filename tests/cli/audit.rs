//! Settlements on the command line: found, summed up, exported, verified, and proved to somebody else.

use std::fs;

use crate::support::{Household, enerlink, run, run_failing};
use enerlink_domain::{MeterId, MicroWh, UnixMillis};
use enerlink_store::{Sample, Store, Tx, registers, rollups, settlements};
use serde_json::{Value, json};

/// A household that has settled 150 Wh.
fn settled() -> (Household, Value) {
    let mut household = Household::new(true);
    let row = household.earn(150);
    (household, row)
}

#[test]
fn a_settlement_is_found_summed_up_audited_and_proved() {
    let (household, told) = settled();
    let profile = household.path("profile");
    let settle = |verb: &[&str]| {
        let line = [&["--json", "settle"], verb, &["--data-dir", &profile]].concat();
        run(&line)
    };
    assert_eq!(told["raw_export_kwh"], "0.150");

    let row = settle(&["list", "--status", "SUCCESS", "--trigger", "threshold"]).remove(0);
    assert_eq!(row["net_kwh_from_grid"], "0.150");
    let breakdown = json!({ "exportEnergyWh": "150", "importEnergyWh": "0", "netEnergyWh": "150" });
    assert_eq!(row["detailed_energy_breakdown"], breakdown);
    assert_eq!(settle(&["list", "--status", "FAILED"]), Vec::<Value>::new());
    assert_eq!(settle(&["list", "--to", "2020-01-01"]), Vec::<Value>::new());
    let months = settle(&["months"]);
    assert_eq!(months.last().expect("this month")["minted"], "15000");
    let csv = household.path("settlements.csv");
    assert_eq!(settle(&["export", &csv])[0]["rows"], 1);
    assert!(
        fs::read_to_string(&csv)
            .expect("a file")
            .contains(",0.150,0.000,0.150,150,150.00,")
    );

    let verified = settle(&["audit", "--verify"]).remove(0);
    let expected = json!([true, 1, 1, []]);
    let found = json!([
        verified["ok"],
        verified["settlements"],
        verified["facts"],
        verified["problems"]
    ]);
    assert_eq!(found, expected, "{verified}");

    let id = row["settlement_id"].as_str().expect("an id");
    let receipt = household.path("receipt.json");
    settle(&["receipt", id, "--out", &receipt]);
    settle(&[
        "receipt",
        id,
        "--out",
        &household.path("receipt.pdf"),
        "--language",
        "id",
    ]);
    let url = household.rpc_url();
    let online = run(&["--json", "settle", "verify", &receipt, "--rpc", &url]).remove(0);
    assert_eq!(online["proved"]["etk"], "15000");
    let hash = online["proved"]["block_hash"].as_str().expect("a hash");
    let offline = run(&["--json", "settle", "verify", &receipt, "--block-hash", hash]).remove(0);
    assert_eq!(offline["proved"], online["proved"]);
    let pdf = household.path("receipt.pdf");
    for trust in [["--rpc", &url], ["--block-hash", hash]] {
        let printed = run(&["--json", "settle", "verify", &pdf, trust[0], trust[1]]).remove(0);
        assert_eq!(printed["proved"], online["proved"]);
    }

    let other = format!("0x{}", "11".repeat(32));
    for file in [&receipt, &pdf] {
        let refused = run_failing(&["--json", "settle", "verify", file, "--block-hash", &other]);
        assert_eq!(refused["code"], "RECEIPT_INVALID");
    }
    let text = fs::read_to_string(&receipt).expect("a file");
    fs::write(
        &receipt,
        text.replace("\"energy_wh\": \"150\"", "\"energy_wh\": \"950\""),
    )
    .expect("written");
    let refused = run_failing(&["--json", "settle", "verify", &receipt, "--block-hash", hash]);
    assert_eq!(refused["code"], "RECEIPT_INVALID");
    let usage = enerlink()
        .args(["settle", "verify", &receipt])
        .output()
        .expect("started");
    assert_eq!(usage.status.code(), Some(2), "nothing is trusted");
}

/// The problems that a verification names.
fn problems(household: &Household) -> Vec<String> {
    let profile = household.path("profile");
    let output = enerlink()
        .args(["--json", "settle", "audit", "--verify", "--data-dir", &profile])
        .output()
        .expect("started");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one answer");
    let problems = answer["problems"].as_array().expect("a list");
    assert_eq!(answer["ok"], problems.is_empty());
    assert_eq!(output.status.code(), Some(i32::from(!problems.is_empty())));
    let texts = problems.iter().map(|problem| problem.as_str().expect("a text"));
    texts.map(str::to_owned).collect()
}

/// Changes the database behind the wallet's back, as somebody does who knows the hashes of its rows.
fn change(household: &Household, act: impl AsyncFnOnce(&Store, &Tx, &MeterId)) {
    let path = household.file("profile").join("enerlink.db");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&path).await.expect("a store");
        let tx = store.begin().await.expect("a transaction");
        act(&store, &tx, &crate::support::METER.parse().expect("an id")).await;
        tx.commit().await.expect("a commit");
        store.close().await.expect("a close");
    });
}

#[test]
fn a_settlement_that_was_changed_does_not_verify() {
    let (household, _) = settled();
    change(&household, async |store, tx, meter| {
        let row = settlements::last_success(&store.reader(), meter).await;
        let mut row = row.expect("a read").expect("a settlement");
        row.etk.0 += 1;
        settlements::update(tx, &row).await.expect("written");
    });
    let problems = problems(&household);
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn registers_and_readings_that_disagree_do_not_verify() {
    let (household, _) = settled();
    assert_eq!(problems(&household), Vec::<String>::new());
    let turn = |export: i64, import: i64| {
        change(&household, async |store, tx, meter| {
            let found = registers::load(&store.reader(), meter).await.expect("a read");
            let mut found = found.expect("registers");
            found.export.0 = found.export.0.checked_add_signed(export).expect("in range");
            found.import.0 = found.import.0.checked_add_signed(import).expect("in range");
            registers::save(tx, meter, &found, UnixMillis(1))
                .await
                .expect("written");
        });
    };
    let named = |problems: &[String]| match problems {
        [problem] => problem.contains("its readings"),
        _ => false,
    };
    for (export, import) in [(1, 0), (-1, 0), (0, 1)] {
        turn(export, import);
        let found = problems(&household);
        assert!(named(&found), "{export} {import}: {found:?}");
        turn(-export, -import);
        assert_eq!(problems(&household), Vec::<String>::new());
    }
    // And the other side of the comparison.
    change(&household, async |_, tx, meter| {
        let sample = Sample {
            at: UnixMillis(1_762_074_000_000),
            exported: MicroWh(1),
            ..Sample::default()
        };
        let samples = [(meter.clone(), vec![sample])].into();
        rollups::add(tx, &samples).await.expect("written");
    });
    let found = problems(&household);
    assert!(named(&found), "{found:?}");
}
