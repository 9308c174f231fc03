//! Keys in the real window: an import that finds accounts, the lock, a backup through the native dialog and its restore.

use std::{fs, process::Command, time::Duration};

use serde_json::json;
use tokio::time::sleep;

use crate::{
    create_wallet,
    support::{Household, PASSWORD, anvil_with, run, wait_until},
    window::{CONTROL, Window, dialog::Screen},
};

/// The phrase whose accounts every development node pays.
const PHRASE: &str = "test test test test test test test test test test test junk";
const FIRST: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const SECOND: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

#[tokio::test]
async fn a_phrase_is_imported_with_the_accounts_that_hold_something() {
    let household = Household::bare(anvil_with(31337, &["--base-fee", "0", "--gas-price", "0"]));
    let profile = household.path("imported");
    run(&[
        "--json",
        "network",
        "set",
        "--data-dir",
        &profile,
        "--rpc",
        &household.rpc_url(),
        "--addresses",
        &household.path("addresses.json"),
    ]);
    let window = Window::open(&[], &household.file("imported")).await;
    window.click("welcome-import").await;
    window.type_into("import-words", PHRASE).await;
    window
        .wait_text("import-words-count", "counts twelve", |text| text == "12 words.")
        .await;
    window.shoot_all("import-phrase").await;
    window.click("import-preview").await;
    window
        .find_css("[data-testid='import-row'][data-index='9']")
        .await;
    let ticked = window
        .run("return [...document.querySelectorAll('[data-testid=import-account]:checked')].map(box => box.dataset.index)")
        .await;
    let all: Vec<String> = (0..10).map(|index: u8| index.to_string()).collect();
    assert_eq!(ticked, json!(all), "the node pays each of the first ten");
    window.shoot_all("import-accounts").await;
    for index in 2..10 {
        window
            .find_css(&format!("[data-testid='import-account'][data-index='{index}']"))
            .await
            .click()
            .await
            .expect("unticked");
    }
    window.type_into("import-password", PASSWORD).await;
    window.type_into("import-password-again", PASSWORD).await;
    window.click("import-submit").await;
    window.unlock().await;
    let shown = window.find("wallet-address").await.attr("data-address").await;
    assert_eq!(shown.expect("attributes").as_deref(), Some(FIRST));
    window.press(&[CONTROL, '4']).await;
    window.find("account-row").await;
    let addresses = window
        .run("return [...document.querySelectorAll('[data-testid=account-row]')].map(row => row.dataset.address)")
        .await;
    assert_eq!(addresses, json!([FIRST, SECOND]));
    window.wait_gone(".toast").await;
    window.shoot_all("wallet-accounts").await;
    window.close().await;
}

#[tokio::test]
async fn a_locked_wallet_shows_the_meter_and_opens_with_its_password_only() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&["demo", "--seed", "1", "--speed", "30"], &profile).await;
    create_wallet(&window).await;
    window.unlock().await;
    window
        .wait_text("power-solar", "shows power", |text| text.contains('W'))
        .await;
    window.press(&[CONTROL, 'l']).await;
    window
        .find_css("[data-testid='key-state'][data-state='locked']")
        .await;
    let before = window.text("power-solar").await;
    window
        .wait_text("power-solar", "goes on", |text| {
            text != before && text.contains('W')
        })
        .await;
    window.wait_gone(".toast").await;
    window.shoot_all("locked-home").await;

    window.press(&[CONTROL, 'l']).await;
    window.wait_focus("unlock-password").await;
    window.type_into("unlock-password", "not the password").await;
    window.click("unlock-submit").await;
    window.problem("WRONG_PASSWORD").await;
    window.shoot_all("locked-wrong-password").await;
    window.unlock().await;
    window.wait_gone("[data-testid='unlock-dialog']").await;
    window.close().await;
}

#[tokio::test]
async fn a_backup_goes_out_and_comes_back_through_the_native_dialog() {
    let household = Household::new(true);
    let backup = household.file("roof.enlbackup");
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    let address = window.find("wallet-address").await.attr("data-address").await;
    let address = address.expect("attributes").expect("an address");
    window.press(&[CONTROL, '4']).await;
    window.click("wallet-part-backup").await;
    window.find("backup-file").await;
    window.shoot_all("backup").await;

    let screen = Screen::look();
    window.type_into("backup-password", PASSWORD).await;
    window.click("backup-save").await;
    screen.cancel().await;
    sleep(Duration::from_millis(500)).await;
    assert!(
        window.all("[data-testid='backup-report']").await.is_empty(),
        "cancelled"
    );
    window.replace("backup-password", PASSWORD).await;
    window.click("backup-save").await;
    screen.answer(&backup).await;
    window.find("backup-report").await;
    assert_eq!(window.text("backup-path").await, backup.display().to_string());
    let written = fs::read(&backup).expect("written");
    assert!(written.starts_with(b"ENLBACKP"));
    window
        .find_css("[data-testid='task-file'][data-state='done']")
        .await;
    window.wait_gone(".toast").await;
    window.shoot_all("backup-written").await;
    window.close().await;

    let window = Window::open(&[], &household.file("restored")).await;
    window.click("welcome-restore").await;
    window.find("restore-pick-file").await;
    let screen = Screen::look();
    window.click("restore-pick-file").await;
    screen.answer(&backup).await;
    window
        .wait_text("picked-file", "is named", |text| text.contains("roof.enlbackup"))
        .await;
    window
        .type_into("restore-backup-password", "not its password")
        .await;
    window.click("restore-inspect").await;
    window.problem("WRONG_PASSWORD").await;
    window.replace("restore-backup-password", PASSWORD).await;
    window.shoot_all("restore-chosen").await;
    window.click("restore-inspect").await;
    window.find("content-wallet").await;
    window.find("content-meter").await;
    window.shoot_all("restore-inside").await;
    window.click("restore-submit").await;
    window.find("restored-continue").await;
    window.shoot_all("restored").await;
    window.click("restored-continue").await;
    window.unlock().await;
    let restored = window.find("wallet-address").await.attr("data-address").await;
    assert_eq!(restored.expect("attributes"), Some(address));
    window.find("device-card").await;
    window.wait_gone(".toast").await;
    window.shoot_all("restored-home").await;
    window.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_demo_takes_the_place_of_the_own_profile_and_knows_the_way_back() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&[], &profile).await;
    let profile = profile.display().to_string();
    let own = process_with(&["--data-dir", &profile]).expect("the window runs");
    window.find("welcome-demo").await;
    // The window may be gone before it answers.
    let click = "document.querySelector('[data-testid=welcome-demo]').click()";
    let _ = window.client.execute(click, vec![]).await;
    let next = ["demo", "--return-to", &profile];
    wait_until("the demo begins", || process_with(&next).is_some());
    wait_until("the own profile ends", || !is_running(own));
    let demo = process_with(&next).expect("it runs");
    let ended = Command::new("kill").arg(demo.to_string()).status();
    assert!(ended.expect("started").success());
    wait_until("the demo ends", || !is_running(demo));
}

/// The process of the app with exactly these arguments.
#[cfg(target_os = "linux")]
fn process_with(arguments: &[&str]) -> Option<u32> {
    let app = std::env::var("ENERLINK_APP").expect("run by `cargo xtask e2e`");
    let wanted: Vec<&str> = std::iter::once(app.as_str())
        .chain(arguments.iter().copied())
        .collect();
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|process: &u32| {
            let line = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
            line.split_terminator('\0').eq(wanted.iter().copied())
        })
}

/// Whether a process is there and more than a zombie.
#[cfg(target_os = "linux")]
fn is_running(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/cmdline")).is_ok_and(|line| !line.is_empty())
}
