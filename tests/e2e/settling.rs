//! Settlement as a household follows it, on the demo: the guard explained, what was settled and why, its audit and its
//! receipt, the settings that rule it, and every transaction to its end.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tokio::time::sleep;

use crate::{
    close_toasts, create_wallet,
    support::run,
    window::{Window, dialog::Screen},
};

#[tokio::test]
async fn what_was_settled_is_followed_to_its_receipt() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&["demo", "--seed", "1", "--speed", "12"], &profile).await;
    create_wallet(&window).await;
    window.unlock().await;
    explain_guard(&window).await;
    settle_by_hand(&window).await;
    list_and_keep(&window, directory.path()).await;
    audit(&window).await;
    choose(&window).await;
    window.click("nav-wallet").await;
    window.click("wallet-part-activity").await;
    window.find_css("[data-testid='transactions-row']").await;
    window.click("transactions-unfold").await;
    window.find("transaction-detail").await;
    close_toasts(&window).await;
    window.shoot_all("settling-6-transactions").await;
    window.close().await;
}

async fn explain_guard(window: &Window) {
    window.find("guard-banner").await;
    close_toasts(window).await;
    window.shoot_all("settling-1-guard").await;
    window.click("guard-explained").await;
    window.wait_gone("[data-testid='guard-explained']").await;
    window.find("guard-card").await;
}

/// By hand only, so that no end of a period comes before the hand.
async fn settle_by_hand(window: &Window) {
    window.click("nav-settings").await;
    window.find("settling-form").await;
    let before = source(window, "automatic").await;
    window.choose("settling-automatic", "off").await;
    save_choice(window, "automatic", &before).await;
    window.click("nav-home").await;
    // Below the contract's minimum there is nothing for a hand to settle: the button waits for it.
    for _ in 0..60 {
        if !window.all("[data-testid='settlement-row']").await.is_empty() {
            break;
        }
        window.find_css("[data-testid='settle-now']:enabled").await;
        window.click("settle-now").await;
        sleep(Duration::from_secs(1)).await;
    }
    window
        .find_css("[data-testid='settlement-row'][data-status='SUCCESS']")
        .await;
}

/// Where a setting's value in effect comes from.
async fn source(window: &Window, setting: &str) -> String {
    let effect = window.find(&format!("settling-{setting}-effect")).await;
    let source = effect.attr("data-source").await.expect("attributes");
    source.unwrap_or_default()
}

/// Saves, and waits until the value in effect comes from somewhere else than `before`.
async fn save_choice(window: &Window, setting: &str, before: &str) {
    window.click("settling-save").await;
    window
        .find_css(&format!(
            "[data-testid='settling-{setting}-effect']:not([data-source='{before}'])"
        ))
        .await;
}

async fn list_and_keep(window: &Window, directory: &Path) {
    window.click("nav-energy").await;
    window.click("energy-part-settlements").await;
    let settled = "[data-testid='settlements-row'][data-kind='SUCCESS']";
    window.find_css(settled).await;
    window.choose("settlements-status", "FAILED").await;
    window.find("settlements-empty").await;
    close_toasts(window).await;
    window.shoot("settling-2-none").await;
    window.choose("settlements-status", "").await;
    window.choose("settlements-trigger", "MANUAL").await;
    window.find_css(settled).await;
    window.click("settlements-unfold").await;
    window.find("settlement-detail").await;
    let simulated = "[data-testid='settlement-simulation'][data-state='yes']";
    window.find_css(simulated).await;
    close_toasts(window).await;
    window.shoot_all("settling-3-list").await;
    let json = keep(window, "receipt-json", directory, "receipt.json").await;
    let pdf = keep(window, "receipt-pdf", directory, "receipt.pdf").await;
    let kept = fs::read(&json).expect("written");
    let kept: Value = serde_json::from_slice(&kept).expect("JSON");
    assert!(fs::read(&pdf).expect("written").starts_with(b"%PDF"));
    // The demo's node is nobody else's: the JSON says which block the PDF has to prove.
    let hash = kept["block"]["hash"].as_str().expect("a hash");
    let verify = |file: &Path| {
        let file = file.to_str().expect("a path");
        run(&["--json", "settle", "verify", file, "--block-hash", hash]).remove(0)
    };
    let (proved, printed) = (verify(&json), verify(&pdf));
    assert_eq!(proved["proved"]["block_hash"], hash, "{proved}");
    assert_eq!(printed["proved"], proved["proved"], "{printed}");
    window.click("settlements-widen").await;
}

/// Saves the receipt by `button` as `name` through the native dialog.
async fn keep(window: &Window, button: &str, directory: &Path, name: &str) -> PathBuf {
    let path = directory.join(name);
    close_toasts(window).await;
    let screen = Screen::look();
    window.click(button).await;
    screen.answer(&path).await;
    window
        .wait_css_text(".toasts", "names the file", |text| text.contains(name))
        .await;
    path
}

async fn audit(window: &Window) {
    window.click("energy-part-audit").await;
    window
        .find_css("[data-testid='audit-sums'][data-state='ok']")
        .await;
    window.click("audit-verify").await;
    window
        .find_css("[data-testid='audit-verified'][data-state='ok']")
        .await;
    close_toasts(window).await;
    window.shoot_all("settling-4-audit").await;
}

/// A minimum of one's own, whose source is shown beside it.
async fn choose(window: &Window) {
    window.click("nav-settings").await;
    window.find("settling-form").await;
    window
        .run("document.querySelector('[data-testid=settling-card]').scrollIntoView()")
        .await;
    let before = source(window, "minimum").await;
    window.replace("settling-minimum", "250").await;
    save_choice(window, "minimum", &before).await;
    window
        .wait_text("settling-minimum-effect", "has the new minimum", |text| {
            text.contains("250")
        })
        .await;
    close_toasts(window).await;
    window.shoot_all("settling-5-settings").await;
}
