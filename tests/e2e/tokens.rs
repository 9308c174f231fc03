//! Tokens in the window, on the demo: rupiah come in by the ramp, some go to somebody new, and the histories show it.

use crate::{close_toasts, create_wallet, window::Window};

/// Somebody else, with the checksum.
const OTHER: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

#[tokio::test]
async fn rupiah_are_exchanged_sent_and_received() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&["demo", "--seed", "1", "--speed", "30"], &profile).await;
    create_wallet(&window).await;
    window.unlock().await;
    window.click("nav-wallet").await;
    window.click("wallet-part-tokens").await;
    window.find("exchange-empty").await;
    window.find("allowance-empty").await;
    window.shoot_all("tokens-1-empty").await;
    top_up(&window).await;
    send(&window).await;
    receive(&window).await;
    close_toasts(&window).await;
    window.shoot_all("tokens-6-histories").await;
    narrow(&window).await;
    window.close().await;
}

async fn top_up(window: &Window) {
    window.find("ramp-simulated").await;
    window.type_into("ramp-amount", "0.001").await;
    window.click("ramp-continue").await;
    window
        .find_css("[data-testid='ramp-amount'][aria-invalid='true']")
        .await;
    window.replace("ramp-amount", "50000").await;
    window.click("ramp-continue").await;
    window
        .wait_text("ramp-effect", "says what happens", |text| {
            text.contains("50,000.00")
        })
        .await;
    window.shoot_all("tokens-2-ramp").await;
    window.click("ramp-confirm-submit").await;
    window
        .find_css("[data-testid='exchange-row'][data-kind='SUCCESS']")
        .await;
    window
        .find_css("[data-testid='movement-row'][data-kind='minted']")
        .await;
    window
        .wait_text("ramp-held", "shows the balance", |text| {
            text.contains("50,000.00")
        })
        .await;
}

async fn send(window: &Window) {
    window.click("balance-send").await;
    window.type_into("send-to", &OTHER.replacen('A', "a", 1)).await;
    window
        .find_css("[data-testid='payee-verdict'] [data-verdict='bad']")
        .await;
    window.replace("send-to", OTHER).await;
    window
        .find_css("[data-testid='payee-verdict'] [data-verdict='look']")
        .await;
    window.type_into("send-amount", "1,234.56").await;
    window.shoot_all("tokens-3-send").await;
    window.click("send-continue").await;
    window
        .wait_text("send-effect", "repeats what happens", |text| {
            text.contains("1,234.56")
        })
        .await;
    // Whom nobody has paid is looked at for two seconds.
    window
        .find_css("[data-testid='send-confirm-submit']:disabled")
        .await;
    window
        .find_css("[data-testid='send-confirm-submit']:enabled")
        .await;
    window.shoot_all("tokens-4-confirm").await;
    window.click("send-confirm-submit").await;
    window
        .find_css("[data-testid='movement-row'][data-kind='sent']")
        .await;
}

async fn receive(window: &Window) {
    window.click("balance-receive").await;
    window.find("qr").await;
    window.find("receive-address").await;
    window.shoot_all("tokens-5-receive").await;
    window.click("dialog-close").await;
    window.wait_gone("[data-testid='receive-dialog']").await;
    window.click("movements-transfers").await;
    window
        .find_css("[data-testid='movement-row'][data-kind='sent']")
        .await;
    window
        .wait_gone("[data-testid='movement-row'][data-kind='minted']")
        .await;
}

/// The exchanges, narrowed until there is none, and widened again.
async fn narrow(window: &Window) {
    let row = "[data-testid='exchange-row']";
    for (filter, without, with) in [
        ("exchange-way", "off", "on"),
        ("exchange-status", "FAILED", "SUCCESS"),
    ] {
        window.choose(filter, without).await;
        window.wait_gone(row).await;
        window.find("exchange-empty").await;
        window.choose(filter, with).await;
        window.find_css(row).await;
    }
    window.replace("exchange-search", "durian").await;
    window.wait_gone(row).await;
    window.replace("exchange-search", "0x").await;
    window.find_css(row).await;
    window.click("exchange-widen").await;
    window.wait_gone("[data-testid='exchange-widen']").await;
}
