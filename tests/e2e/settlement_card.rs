//! The settlement card in every state that a household can meet, one after the other, with what helps.

use std::time::{SystemTime, UNIX_EPOCH};

use enerlink_domain::id::keccak256;
use serde_json::json;

use crate::{
    close_toasts,
    support::{Household, METER, anvil_with, publish, rpc, run, sensors},
    window::{CONTROL, Window},
};

#[tokio::test]
async fn the_settlement_card_says_how_it_stands() {
    let mut household = of_a_locked_evening();
    household.publish_sensors();
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    stands(&window, "nothing").await;
    household.export(40);
    stands(&window, "below").await;
    household.export(460);
    stands(&window, "ready").await;

    locked(&window).await;
    offline(&window, &household).await;
    undone(&window, &household).await;
    failed(&window, &mut household).await;
    // What it holds, 500.00 ETK, is not what this costs.
    household.import(2_500);
    stands(&window, "no_balance").await;
    window.click("settlement-market").await;
    window.find("market-missing").await;
    window.shoot_all("card-market").await;
    window.close().await;
}

#[tokio::test]
async fn the_card_shows_one_of_several_meters_and_all_of_them_together() {
    let mut household = Household::new(true);
    let port = household.broker.port;
    let (profile, broker) = (household.path("profile"), format!("mqtt://127.0.0.1:{port}"));
    let place = ["--data-dir", &profile, "--broker", &broker];
    let garage = ["--id", "GARAGE-2", "--base-topic", "home/garage"];
    run(&[&["--json", "meter", "add"], &place[..], &garage[..]].concat());
    household.publish_sensors();
    let by_hand = [("SETTLEMENT_INTERVAL_MINUTES", "1440")];
    let window = Window::open_with(&[], &household.file("profile"), &by_hand).await;
    let window = window.at("several");
    window.unlock().await;
    window
        .find_css(&format!(
            "[data-testid='settlement-meter'] option[value='{METER}']"
        ))
        .await;
    window.choose("settlement-meter", METER).await;
    stands(&window, "nothing").await;
    publish(
        port,
        "home/garage/sensors",
        sensors(5_000, 1_000, 2_000).as_bytes(),
    );
    household.export(460);
    stands(&window, "ready").await;
    window
        .wait_text("settlement-together-ready", "counts both", |text| {
            text.contains('1') && text.contains('2')
        })
        .await;

    // Nobody has registered the other one.
    window.choose("settlement-meter", "GARAGE-2").await;
    stands(&window, "blocked").await;
    window.close().await;
}

/// The minutes of a period that is nearly over now, and not before ten minutes: what it will come to is about what was
/// measured already, whatever time of day it is.
fn nearly_over() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
        / 60;
    let lengths = (60..=1440).rev();
    let mut found = lengths.filter(|length| {
        let passed = now % length;
        passed * 5 >= length * 4 && length - passed >= 10
    });
    found.next().expect("one of 1 381 lengths")
}

/// A household whose period does not end meanwhile, and whose meter has no settlement key: a locked wallet cannot settle.
fn of_a_locked_evening() -> Household {
    let household = Household::bare(anvil_with(31337, &["--base-fee", "0", "--gas-price", "0"]));
    household.set_network();
    household.add_meter(&["--no-settlement-key"]);
    household.register(10_u128.pow(18));
    let (profile, period) = (household.path("profile"), nearly_over().to_string());
    let of = ["--data-dir", &profile, "--meter", METER];
    run(&[
        &["--json", "settle", "settings", "set", "--period", &period],
        &of[..],
    ]
    .concat());
    household
}

/// Waits for a state, and takes its pictures.
async fn stands(window: &Window, state: &str) {
    window
        .find_css(&format!("[data-testid='readiness'][data-state='{state}']"))
        .await;
    close_toasts(window).await;
    window.shoot_all(&format!("card-{state}")).await;
}

async fn locked(window: &Window) {
    window.press(&[CONTROL, 'l']).await;
    stands(window, "locked").await;
    window.click("settlement-unlock").await;
    window.unlock().await;
    window
        .find_css("[data-testid='readiness'][data-state='ready']")
        .await;
}

/// A node that has stopped to answer, and answers again.
async fn offline(window: &Window, household: &Household) {
    household.node.pause();
    stands(window, "offline").await;
    household.node.resume();
    window
        .find_css("[data-testid='readiness'][data-state='ready']")
        .await;
}

/// A settlement that waits for its block, gets one, loses it, and gets another.
async fn undone(window: &Window, household: &Household) {
    let ask = |method: &str, params| rpc(household.node.port, method, params);
    ask("evm_setAutomine", json!([false]));
    window.click("settle-now").await;
    stands(window, "pending").await;
    kept(window, "pending", "PENDING").await;
    ask("evm_mine", json!([]));
    let row = |status: &str| format!("[data-testid='settlement-row'][data-status='{status}']");
    window.find_css(&row("SUCCESS")).await;
    stands(window, "nothing").await;
    ask("anvil_reorg", json!([1, []]));
    stands(window, "undone").await;
    kept(window, "undone", "PENDING").await;
    ask("evm_mine", json!([]));
    window.find_css(&row("SUCCESS")).await;
    ask("evm_setAutomine", json!([true]));
    kept(window, "settled", "SUCCESS").await;
}

/// The list and the audit beside a newest settlement of this status: only what the chain has settled has a receipt, the
/// sums add up in any state, and what is written is as the chain knows it.
async fn kept(window: &Window, name: &str, status: &str) {
    window.click("nav-energy").await;
    window.click("energy-part-settlements").await;
    let row = format!("[data-testid='settlements-row'][data-kind='{status}']");
    window.find_css(&row).await;
    window.click("settlements-unfold").await;
    window.find("settlement-detail").await;
    let shut = if status == "SUCCESS" {
        "enabled"
    } else {
        "disabled"
    };
    for receipt in ["receipt-json", "receipt-pdf"] {
        window
            .find_css(&format!("[data-testid='{receipt}']:{shut}"))
            .await;
    }
    close_toasts(window).await;
    window.shoot_all(&format!("card-{name}-list")).await;
    window.click("energy-part-audit").await;
    window
        .find_css("[data-testid='audit-sums'][data-state='ok']")
        .await;
    window.click("audit-verify").await;
    window
        .find_css("[data-testid='audit-verified'][data-state='ok']")
        .await;
    window.shoot_all(&format!("card-{name}-audit")).await;
    window.click("nav-home").await;
}

/// The operator raises the minimum in the block that would have settled.
async fn failed(window: &Window, household: &mut Household) {
    let port = household.node.port;
    rpc(port, "evm_setAutomine", json!([false]));
    household.export(200);
    window
        .find_css("[data-testid='readiness'][data-state='ready']")
        .await;
    window.click("settle-now").await;
    window
        .find_css("[data-testid='readiness'][data-state='pending']")
        .await;
    set_minimum(household, 1_000);
    rpc(port, "evm_mine", json!([]));
    rpc(port, "evm_setAutomine", json!([true]));
    window.find("settlement-failed").await;
    close_toasts(window).await;
    window.shoot_all("card-failed").await;
    kept(window, "failed", "FAILED").await;
    set_minimum(household, 100);
}

/// The operator's account is the node's own, and pays for the first place in the block.
fn set_minimum(household: &Household, minimum_wh: u64) {
    let addresses = std::fs::read_to_string(household.file("addresses.json")).expect("deployed");
    let addresses: serde_json::Value = serde_json::from_str(&addresses).expect("JSON");
    let selector = &keccak256(b"setMinSettlementThreshold(uint256)")[..4];
    let accounts = rpc(household.node.port, "eth_accounts", json!([]));
    let transaction = json!([{
        "from": accounts["result"][0],
        "to": addresses["contracts"]["EnergyConverter"],
        "data": format!("0x{}{minimum_wh:064x}", selector.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        "gasPrice": "0x77359400",
    }]);
    let sent = rpc(household.node.port, "eth_sendTransaction", transaction);
    assert!(sent["result"].is_string(), "{sent}");
}
