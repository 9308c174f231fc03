//! Two brokers: one that asks for a certificate, whose files are picked in the native dialog, and a plain one.

use std::path::Path;

use crate::{
    close_toasts,
    device::{BASE, Device},
    support::{Certified, Household, anvil_with},
    window::{Window, dialog::Screen},
};

#[tokio::test]
async fn full_meters_of_two_brokers_are_added_and_heard() {
    let household = Household::bare(anvil_with(31337, &["--base-fee", "0", "--gas-price", "0"]));
    household.set_network();
    let certified = Certified::start();
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    window.click("nav-meter").await;

    window.click("meter-add").await;
    window.replace("meter-broker", &certified.url()).await;
    pick(&window, "broker-ca", &certified.path("ca.crt")).await;
    window.click("add-find").await;
    let (message, _) = window.problem("BROKER_REFUSED").await;
    assert!(message.contains("certificate"), "{message}");
    window.shoot_all("meter-21-certificate-asked").await;
    window.click("add-back").await;
    pick(&window, "broker-cert", &certified.path("wallet.crt")).await;
    pick(&window, "broker-key", &certified.path("wallet.key")).await;
    window.click("add-find").await;
    window.find("listening").await;
    let roof = Device::by(move |topic, payload| certified.publish(topic, payload));
    choose(&window).await;
    describe(&window, "ATAP-1").await;
    window
        .find_css("[data-testid='presence'][data-state='online']")
        .await;
    window.shoot_all("meter-22-over-tls").await;

    let garage = Device::on(household.broker.port);
    window.click("meter-back").await;
    window.click("meter-add").await;
    let plain = format!("mqtt://127.0.0.1:{}", household.broker.port);
    window.replace("meter-broker", &plain).await;
    window.click("add-find").await;
    choose(&window).await;
    describe(&window, "GARASI-2").await;
    window
        .find_css("[data-testid='presence'][data-state='online']")
        .await;
    window.click("meter-back").await;
    window
        .find_css("[data-testid='meter-row'] + [data-testid='meter-row']")
        .await;
    close_toasts(&window).await;
    window.shoot_all("meter-23-two-brokers").await;
    drop((roof, garage));
    window.close().await;
}

/// Picks a file in the native dialog.
async fn pick(window: &Window, button: &str, file: &str) {
    let screen = Screen::look();
    window.click(button).await;
    screen.answer(Path::new(file)).await;
    let name = Path::new(file).file_name().and_then(|name| name.to_str());
    let name = name.expect("a name").to_owned();
    window
        .wait_text(&format!("{button}-name"), "names the file", |text| text == name)
        .await;
}

/// Chooses a meter that was found, and goes on once it was heard.
async fn choose(window: &Window) {
    window
        .find_css(&format!("[data-testid='found-meter'][data-topic='{BASE}']"))
        .await;
    window.click("found-choose").await;
    window.find("test-heard").await;
    window.click("test-continue").await;
}

async fn describe(window: &Window, id: &str) {
    window.type_into("meter-id", id).await;
    window.type_into("meter-rated", "5000").await;
    window.click("meter-submit").await;
    window.find("meter-added").await;
    window.click("add-done").await;
    window
        .find_css(&format!("[data-testid='meter-detail'][data-meter='{id}']"))
        .await;
}
