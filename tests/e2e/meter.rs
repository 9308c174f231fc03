//! A meter as a new user meets it: found at a broker that only `mosquitto_pub` speaks on, tested, added, watched, steered,
//! looked back at. What the device reports is published here, message by message.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    device::{BASE, Device},
    support::{Household, METER, anvil_with},
    window::{ESCAPE, Window, dialog::Screen},
};

#[tokio::test]
async fn a_meter_is_found_added_watched_and_steered() {
    let household = Household::bare(anvil_with(31337, &["--base-fee", "0", "--gas-price", "0"]));
    household.set_network();
    let device = Device::on(household.broker.port);
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    find_and_add(&window, household.broker.port, &household.file("request.json")).await;
    watch(&window, &device).await;
    steer(&window, &device).await;
    look_back(&window, device).await;
    window.close().await;
}

async fn find_and_add(window: &Window, port: u16, saved: &Path) {
    window.click("nav-meter").await;
    window.find("meters-empty").await;
    window.shoot_all("meter-1-none").await;
    window.click("meter-add").await;
    window
        .replace("meter-broker", &format!("mqtt://127.0.0.1:{port}"))
        .await;
    window.shoot_all("meter-2-broker").await;
    window.click("add-find").await;
    window.find("listening").await;
    window.shoot("meter-3-listening").await;
    let found = format!("[data-testid='found-meter'][data-topic='{BASE}']");
    window.find_css(&found).await;
    window.shoot_all("meter-4-found").await;
    window.click("found-choose").await;
    window.find("test-heard").await;
    let reason = window.text("test-units-reason").await;
    assert!(reason.len() > 20, "{reason}");
    window.shoot_all("meter-5-tested").await;
    window.click("test-continue").await;
    window.type_into("meter-id", METER).await;
    window.type_into("meter-name", "Atap").await;
    window.type_into("meter-rated", "5.000").await;
    window.find("opening-stands").await;
    window.shoot_all("meter-6-details").await;
    window.click("meter-submit").await;
    window.find("meter-added").await;
    window.find("registration-request").await;
    window.click("registration-request").await;
    window.find("qr").await;
    let request = window.text("registration-json").await;
    let request: Value = serde_json::from_str(&request).expect("JSON");
    assert_eq!(request["meter_id"], METER);
    let screen = Screen::look();
    window.click("registration-save").await;
    screen.answer(saved).await;
    window
        .wait_css_text(".toasts", "names the file", |text| text.contains("request.json"))
        .await;
    let written = fs::read_to_string(saved).expect("written");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(written["meter_id"], METER);
    window.wait_gone(".toast").await;
    window.shoot_all("meter-7-registration").await;
    window.click("add-done").await;
    window
        .find_css(&format!("[data-testid='meter-detail'][data-meter='{METER}']"))
        .await;
}

async fn watch(window: &Window, device: &Device) {
    window
        .find_css("[data-testid='presence'][data-state='online']")
        .await;
    for part in ["solar", "home", "export", "import", "battery"] {
        window.find(&format!("measured-{part}")).await;
    }
    window
        .wait_text("measured-solar", "shows what was measured", |text| {
            text.contains("8.81")
        })
        .await;
    device.says(
        "heartbeat",
        &json!({ "status": "warning", "uptime": 33_215_145, "free_heap": 226_024, "qos": 2 }),
    );
    window
        .find_css("[data-testid='condition'][data-kind='heartbeat_warning']")
        .await;
    window.shoot_all("meter-8-live").await;
    device.says(
        "heartbeat",
        &json!({ "status": "alive", "uptime": 33_245_145, "free_heap": 226_024, "qos": 2 }),
    );
    window
        .wait_gone("[data-testid='condition'][data-kind='heartbeat_warning']")
        .await;
}

async fn steer(window: &Window, device: &Device) {
    window.click("meter-part-controls").await;
    window.find("outputs-empty").await;
    device.status("export", 0);
    for output in ["grid", "relay:pump", "motor1", "pwm"] {
        window.find_css(&format!("[data-output='{output}']")).await;
    }
    // What the household has not confirmed is not sent.
    window.click("grid-off").await;
    window.find("command-effect").await;
    window.shoot_all("meter-9-confirm").await;
    window.press(&[ESCAPE]).await;
    window.wait_gone("[data-testid='command-effect']").await;
    assert!(window.all("[data-testid='command-stage']").await.is_empty());

    window.click("grid-off").await;
    window.click("command-confirm-submit").await;
    window
        .find_css("[data-testid='command-stage'][data-stage='sent']")
        .await;
    let reported = "[data-output='grid'] [aria-pressed='true'][data-testid='grid-export']";
    window.find_css(reported).await;
    device.status("off", 0);
    window
        .find_css("[data-testid='command-stage'][data-stage='observed']")
        .await;
    window
        .find_css("[data-output='grid'] [aria-pressed='true'][data-testid='grid-off']")
        .await;
    window.shoot_all("meter-10-controls").await;
}

async fn look_back(window: &Window, device: Device) {
    window.click("meter-part-messages").await;
    window.find_css("[data-testid='messages'] tbody tr").await;
    window.shoot_all("meter-11-messages").await;
    window.click("meter-part-setup").await;
    window.find("setup-registration").await;
    window.shoot_all("meter-12-setup").await;

    drop(device);
    window.click("meter-part-live").await;
    window
        .find_css(
            "[data-testid='presence'][data-state='stale'], [data-testid='presence'][data-state='offline']",
        )
        .await;
    window.shoot_all("meter-13-silent").await;
    window.click("meter-back").await;
    window.find("meter-row").await;
    window.shoot_all("meter-14-list").await;
}
