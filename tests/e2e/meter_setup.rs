//! A meter that is there already: changed, given to another account, retired and taken up again; what can be saved of it,
//! through the native dialog; its pages and the history in Indonesian.

use std::{fs, time::Duration};

use serde_json::json;
use tokio::time::sleep;

use crate::{
    device::Device,
    support::{Household, rpc, run},
    window::{Window, dialog::Screen},
};

#[tokio::test]
async fn a_meter_is_changed_moved_retired_and_saved() {
    let household = Household::new(true);
    let second = add_account(&household);
    let mine = |on: bool| rpc(household.node.port, "evm_setAutomine", json!([on]));
    mine(false);
    let device = Device::on(household.broker.port);
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    window.click("nav-meter").await;
    window.click("meter-open").await;
    window
        .find_css("[data-testid='presence'][data-state='online']")
        .await;
    device.status("export", 0);
    window.click("meter-part-setup").await;

    rename(&window).await;
    move_to(&window, &second, || {
        mine(true);
        rpc(household.node.port, "evm_mine", json!([]));
    })
    .await;
    retire_and_take_up(&window).await;
    pick_certificates(&window, &household).await;
    save_all(&window, &household).await;
    speak_indonesian(&window).await;
    drop(device);
    window.close().await;
}

/// Adds an account to the wallet of the household, and answers its address.
fn add_account(household: &Household) -> String {
    let wallet = run(&[
        "--json",
        "wallet",
        "add-account",
        "--data-dir",
        &household.path("profile"),
        "--password-file",
        &household.path("password"),
    ]);
    let address = wallet[0]["accounts"][1]["address"].as_str();
    address.expect("a second account").to_owned()
}

async fn rename(window: &Window) {
    window.replace("edit-name", "Atap selatan").await;
    window.click("edit-save").await;
    window
        .wait_css_text(".meter-head h2", "has the new name", |name| {
            name == "Atap selatan"
        })
        .await;
    window.find_css("[data-testid='edit-save']:disabled").await;
}

/// Gives the meter to the account `second`, which is refused until `mine` lets the first transaction of the meter be done.
async fn move_to(window: &Window, second: &str, mine: impl FnOnce()) {
    window.choose("meter-owner", second).await;
    window.click("move-meter").await;
    window.click("move-confirm-submit").await;
    window.problem("STILL_PENDING").await;
    window.shoot_all("meter-15-move-refused").await;
    mine();
    // Its opening is followed by the authorisation of its settlement key.
    for _ in 0..30 {
        window.click("move-confirm-submit").await;
        sleep(Duration::from_secs(1)).await;
        if window.all("[data-testid='move-confirm']").await.is_empty() {
            break;
        }
    }
    window.wait_gone("[data-testid='move-confirm']").await;
    let owner = format!("[data-testid='meter-owner-address'][data-address='{second}']");
    window.find_css(&owner).await;
}

async fn retire_and_take_up(window: &Window) {
    window.click("retire-meter").await;
    window.find("retire-confirm").await;
    window.shoot("meter-16-retire").await;
    window.click("retire-confirm-submit").await;
    window
        .find_css("[data-testid='presence'][data-state='retired']")
        .await;
    window.wait_gone(".toast").await;
    window.shoot_all("meter-17-retired").await;
    window.click("meter-part-controls").await;
    window.find("controls-retired").await;
    window.click("meter-part-setup").await;
    window.click("retire-meter").await;
    window.click("retire-confirm-submit").await;
    window
        .find_css("[data-testid='presence'][data-state='online']")
        .await;
}

/// A certificate is picked, and the core finds that it is none; a dialog that is closed changes nothing.
async fn pick_certificates(window: &Window, household: &Household) {
    let broken = household.file("home-ca.crt");
    fs::write(&broken, "not a certificate").expect("writable");
    let port = household.broker.port;
    window
        .replace("meter-broker", &format!("mqtts://127.0.0.1:{port}"))
        .await;
    let screen = Screen::look();
    window.click("broker-ca").await;
    screen.answer(&broken).await;
    window
        .wait_text("broker-ca-name", "names the file", |name| name == "home-ca.crt")
        .await;
    window.click("broker-key").await;
    screen.cancel().await;
    let key = window.text("broker-key-name").await;
    assert!(!key.contains("home"), "{key}");
    window.click("connection-test").await;
    let (message, _) = window.problem("INVALID_INPUT").await;
    assert!(message.contains("home-ca.crt"), "{message}");
    window.shoot("meter-18-certificate").await;
}

async fn save_all(window: &Window, household: &Household) {
    window.click("meter-part-messages").await;
    window.find_css("[data-testid='messages'] tbody tr").await;
    let messages = save(window, household, "message-csv", "messages.csv").await;
    let messages = String::from_utf8(messages).expect("text");
    assert!(
        messages.starts_with("at_utc,at_ms,direction,topic,"),
        "{messages}"
    );
    assert!(messages.contains(",home/energy-monitor/sensors,"), "{messages}");

    window.click("nav-energy").await;
    window.find("energy-curve").await;
    let readings = save(window, household, "energy-raw", "readings.csv").await;
    let readings = String::from_utf8(readings).expect("text");
    assert!(
        readings.starts_with("received_at_utc,received_at_ms,"),
        "{readings}"
    );
    assert!(readings.lines().count() > 5, "{readings}");
    window.wait_gone(".toast").await;
    let picture = save(window, household, "energy-png", "chart.png").await;
    // Signature, and width and height of the first chunk.
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"), "a PNG file");
    let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().expect("four bytes"));
    assert!(
        number(16) > 1000 && number(20) > 400,
        "{} x {}",
        number(16),
        number(20)
    );
    let _ = fs::write(window.picture("energy-saved-image"), picture);
}

/// What a button writes to a file of this name.
pub(crate) async fn save(window: &Window, household: &Household, button: &str, name: &str) -> Vec<u8> {
    let path = household.file(name);
    let screen = Screen::look();
    window.click(button).await;
    screen.answer(&path).await;
    window
        .wait_css_text(".toasts", "names the file", |text| text.contains(name))
        .await;
    fs::read(&path).expect("written")
}

async fn speak_indonesian(window: &Window) {
    window.click("nav-settings").await;
    window.click("language-id").await;
    window.find_css("[data-testid='nav-home'][title='Beranda']").await;
    window.click("nav-energy").await;
    window.find("energy-tiles").await;
    window.wait_gone(".toast").await;
    window.shoot_all("energy-indonesian").await;
    window.click("nav-meter").await;
    for part in ["live", "controls", "messages", "setup"] {
        window.click(&format!("meter-part-{part}")).await;
        sleep(Duration::from_millis(300)).await;
        window.shoot_all(&format!("meter-{part}-indonesian")).await;
    }
    window.click("meter-back").await;
    window.click("meter-add").await;
    window.find("add-find").await;
    window.shoot("meter-add-indonesian").await;
}
