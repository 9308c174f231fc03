//! The real window, driven by WebDriver: create a wallet, write the phrase down, unlock, watch, settle; and what the
//! window says when something is missing. Screenshots are saved for people to look at. Run by `cargo xtask e2e`, which
//! provides the display and the driver.

#[path = "../support/bus.rs"]
mod bus;
mod desktop;
mod device;
mod first_run;
mod frame;
mod guarding;
mod hostile;
mod keys;
mod looking_back;
mod market;
mod meter;
mod meter_brokers;
mod meter_controls;
mod meter_setup;
mod package;
#[path = "../support/panel.rs"]
mod panel;
mod settlement_card;
mod settling;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod trading;
mod walk;
#[path = "../window/mod.rs"]
mod window;

use std::{fs, io::ErrorKind, net::TcpListener, time::Duration};

use serde_json::json;
use support::{Household, METER, PASSWORD, anvil, anvil_at, anvil_with, free_port, mosquitto};
use tokio::time::sleep;
use window::{CONTROL, ESCAPE, SPACE, Window};

/// Creates a wallet, writes its phrase down and answers the quiz.
async fn create_wallet(window: &Window) {
    window.click("welcome-create").await;
    window.type_into("create-name", "Rumah Surya").await;
    window.type_into("create-password", PASSWORD).await;
    window.type_into("create-password-again", PASSWORD).await;
    window.click("create-submit").await;
    window.type_into("reveal-password", PASSWORD).await;
    window.click("reveal-submit").await;
    let words = window.words_while_held(SPACE).await;
    assert_eq!(words.len(), 12, "{}", words.len());
    window.click("phrase-continue").await;
    window.find("quiz-word").await;
    for element in window.all("[data-testid='quiz-word']").await {
        let index = element.attr("data-index").await.expect("attributes");
        let index: usize = index.expect("an index").parse().expect("a number");
        element.send_keys(&words[index]).await.expect("typed");
    }
    window.click("quiz-submit").await;
    window.find("unlock-password").await;
}

#[tokio::test]
async fn a_household_creates_a_wallet_and_settles_its_surplus() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&["demo", "--seed", "1", "--speed", "30"], &profile).await;
    create_wallet(&window).await;

    window.type_into("unlock-password", "not the password").await;
    window.click("unlock-submit").await;
    window.problem("WRONG_PASSWORD").await;
    window.shoot("fail-wrong-password").await;
    window
        .find("unlock-password")
        .await
        .clear()
        .await
        .expect("cleared");
    window.unlock().await;

    let before = window
        .wait_text("power-solar", "shows power", |text| text.contains('W'))
        .await;
    window
        .wait_text("power-solar", "changes", |text| text != before)
        .await;
    window
        .wait_text("countdown", "counts down", |text| text.contains(':'))
        .await;
    window.find_css("[data-testid='settle-now']:enabled").await;
    window.click("settle-now").await;
    window
        .find_css("[data-testid='settlement-row'][data-status='SUCCESS']")
        .await;
    window
        .wait_text("etk-balance", "rises", |text| {
            text.chars().any(|letter| ('1'..='9').contains(&letter))
        })
        .await;
    window
        .wait_text("curve-span", "shows the short history", |text| {
            text.starts_with("power since 09:0")
        })
        .await;
    // A toast stands before the last row.
    window.wait_gone(".toast").await;
    window.shoot_all("home").await;
    speak_indonesian_and_use_keys(&window).await;
    window.close().await;
}

async fn speak_indonesian_and_use_keys(window: &Window) {
    window.press(&[CONTROL, '6']).await;
    window.find("language-id").await;
    window.shoot_all("settings").await;
    window.click("language-id").await;
    window.find_css("[data-testid='nav-home'][title='Beranda']").await;
    sleep(Duration::from_millis(300)).await;
    window.shoot("settings-indonesian").await;
    window.press(&[CONTROL, '1']).await;
    window
        .wait_text("curve-span", "is Indonesian", |text| {
            text.starts_with("daya sejak 09:0")
        })
        .await;
    window.shoot_all("home-indonesian").await;
    window.press(&[CONTROL, 'l']).await;
    window
        .find_css("[data-testid='key-state'][data-state='locked']")
        .await;
    window.find("power-solar").await;
    window.shoot_all("locked").await;
    window.press(&[CONTROL, 'l']).await;
    window.find("unlock-dialog").await;
    window.find("lock-reason").await;
    // Without a window manager no window is active, and a ring is drawn in active ones only: its rule is looked at.
    let script = "return [document.activeElement.dataset.testid, [...document.styleSheets]\
        .flatMap(sheet => [...sheet.cssRules])\
        .some(rule => rule.selectorText === ':focus-visible' && rule.cssText.includes('outline: 2px solid'))]";
    assert_eq!(
        window.run(script).await,
        json!(["unlock-password", true]),
        "the field has the focus, and it is seen"
    );
    window.shoot_all("unlock-dialog").await;
    window.press(&[ESCAPE]).await;
    window.wait_gone("[data-testid='unlock-dialog']").await;
}

/// Settlements come faster than their toasts go.
async fn close_toasts(window: &Window) {
    window
        .run("document.querySelectorAll('.toast button').forEach(button => button.click())")
        .await;
}

#[tokio::test]
async fn after_three_hours_the_whole_day_is_shown() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&["demo", "--seed", "1", "--speed", "180"], &profile).await;
    create_wallet(&window).await;
    window.unlock().await;
    // An hour takes 20 s.
    window.find_css(".activity table").await;
    sleep(Duration::from_secs(25)).await;
    let span = window.text("curve-span").await;
    assert!(span.starts_with("power since 09:"), "{span}");
    close_toasts(&window).await;
    window.shoot("hours").await;
    sleep(Duration::from_secs(10)).await;
    window
        .wait_text("curve-span", "shows the day", |text| text == "power")
        .await;
    close_toasts(&window).await;
    window.shoot_all("day").await;
    look_around(&window).await;
    let rows = "[data-testid='settlement-row']";
    let latest = window.all(rows).await.len();
    // At this speed the list moves faster than a pointer.
    window.find("settlements-older").await;
    window
        .run("document.querySelector('[data-testid=settlements-older]').click()")
        .await;
    window.find_css("tr:nth-child(20)").await;
    let known = window.all(rows).await.len();
    assert!(known > latest, "{latest} rows, then {known}");
    window.close().await;
}

/// What a morning has left on the energy page, in the inbox and in the settings.
async fn look_around(window: &Window) {
    window.click("nav-energy").await;
    window.find("energy-curve").await;
    window.find("energy-tiles").await;
    close_toasts(window).await;
    window.shoot_all("energy-day").await;
    window.click("zoom-in").await;
    window.click("chart-energy").await;
    window.find("energy-bars").await;
    for period in ["week", "month", "year"] {
        window.click(&format!("period-{period}")).await;
        window.find_css("[data-testid='energy-row']").await;
        close_toasts(window).await;
        window.shoot(&format!("energy-{period}")).await;
    }
    window.click("period-day").await;
    window
        .wait_text("energy-produced", "shows what the sun gave", |text| {
            text.chars().any(|letter| ('1'..='9').contains(&letter))
        })
        .await;
    window.click("inbox-bell").await;
    window.find("inbox-close").await;
    window.shoot_all("inbox").await;
    window.press(&[ESCAPE]).await;
    window.click("nav-settings").await;
    window
        .wait_text("diagnostic-messages", "counts what the meter says", |text| {
            text.chars().any(|letter| ('1'..='9').contains(&letter))
        })
        .await;
    window.find("notifications-card").await;
    window.find("data-card").await;
    window.shoot_all("settings-running").await;
    window
        .run("document.querySelector('[data-testid=diagnostics-card]').scrollIntoView()")
        .await;
    window.shoot("settings-diagnostics").await;
    window.click("nav-home").await;
    window.find("curve-span").await;
}

#[tokio::test]
async fn a_new_profile_says_what_is_missing_and_nothing_leaves_the_window() {
    let directory = tempfile::tempdir().expect("directory");
    let window = Window::open(&[], &directory.path().join("profile")).await;
    create_wallet(&window).await;
    window.unlock().await;
    window.find("network-url").await;
    window.shoot_all("empty").await;
    nothing_leaves(&window).await;
    let script = "try { eval('1'); return 'ran' } catch (error) { return 'refused' }";
    assert_eq!(window.run(script).await, json!("refused"), "eval");
    let script = "const done = arguments[arguments.length - 1]; fetch('http://127.0.0.1:9/').then(() => done('sent'), error => done(String(error)))";
    let answer = window
        .client
        .execute_async(script, vec![])
        .await
        .expect("scripts of the driver run");
    assert_ne!(answer, json!("sent"));
    let script = "return typeof window.__TAURI__";
    assert_eq!(window.run(script).await, json!("undefined"));
    window.close().await;
}

/// Tries every way out of the page, and every way in for a script: nobody is asked for anything, and nothing runs.
async fn nothing_leaves(window: &Window) {
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    stranger.set_nonblocking(true).expect("a socket");
    let url = format!("http://{}/", stranger.local_addr().expect("an address"));
    let tries = [
        "new Image().src = url",
        "Object.assign(document.body.appendChild(document.createElement('iframe')), { src: url })",
        "document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: url }))",
        "document.body.append(Object.assign(document.createElement('script'), { src: url }))",
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))",
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"window.ran = 1\">')",
        "navigator.sendBeacon(url, 'x')",
        "new WebSocket(url.replace('http', 'ws'))",
        "document.body.append(Object.assign(document.createElement('form'), { action: url })); document.forms[document.forms.length - 1].submit()",
        "window.open(url)",
        "location.href = 'javascript:window.ran = 1'",
        "location.href = url",
    ];
    for attempt in tries {
        let script = format!("const url = '{url}'; try {{ {attempt} }} catch (refused) {{}}");
        window.run(&script).await;
    }
    sleep(Duration::from_secs(2)).await;
    let asked = stranger.accept().map(|(_, address)| address);
    assert!(
        asked
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::WouldBlock),
        "{asked:?}"
    );
    assert_eq!(window.run("return typeof window.ran").await, json!("undefined"));
    window.find("network-url").await;
}

#[tokio::test]
async fn a_profile_without_a_network_is_led_to_one() {
    let household = Household::bare(anvil_with(31337, &["--base-fee", "0", "--gas-price", "0"]));
    household.add_meter(&[]);
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    window.problem("NO_NETWORK").await;
    window.shoot("fail-no-network").await;

    window.click("change-network").await;
    window.find("network-url").await;
    window.press(&[ESCAPE]).await;
    window.wait_gone("[data-testid='network-url']").await;
    window.click("change-network").await;

    let addresses = fs::read_to_string(household.file("addresses.json")).expect("written");
    let mut wrong: serde_json::Value = serde_json::from_str(&addresses).expect("JSON");
    let right = wrong.to_string();
    wrong["contracts"]["EnergyConverter"] = "0x00000000000000000000000000000000000000aa".into();
    window.type_into("network-addresses", &wrong.to_string()).await;

    let nobody = format!("http://127.0.0.1:{}", free_port());
    let other = anvil(1337);
    for (url, code, named) in [
        (nobody.clone(), "NODE_UNREACHABLE", nobody.as_str()),
        (format!("http://127.0.0.1:{}", other.port), "WRONG_CHAIN", "1337"),
        (household.rpc_url(), "CONTRACTS_MISSING", "EnergyConverter"),
    ] {
        window.replace("network-url", &url).await;
        window.click("network-submit").await;
        let (message, _) = window.problem(code).await;
        assert!(message.contains(named), "{code}: {message}");
        let name = code.to_lowercase().replace('_', "-");
        window.shoot(&format!("fail-{name}")).await;
    }
    window.replace("network-addresses", &right).await;
    window.click("network-submit").await;
    window
        .find_css("[data-testid='chain-state'][data-state='up']")
        .await;
    window.wait_gone("[data-code='NO_NETWORK']").await;
    window.close().await;
}

#[tokio::test]
async fn an_unregistered_meter_is_asked_for_and_lost_links_are_said() {
    let mut household = Household::new(false);
    household.publish_sensors();
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    window.problem("METER_UNREGISTERED").await;
    window.click("registration-request").await;
    let request = window.text("registration-json").await;
    let request: serde_json::Value = serde_json::from_str(&request).expect("JSON");
    assert_eq!(
        (request["kind"].as_str(), request["meter_id"].as_str()),
        (Some("enerlink-registration-1"), Some(METER))
    );
    window.find("registration-copy").await;
    household.publish_sensors();
    window
        .wait_text("power-solar", "shows power", |text| text.contains("1.28"))
        .await;
    window.shoot_all("fail-meter-unregistered").await;

    let port = household.node.port;
    std::mem::replace(&mut household.broker, mosquitto()).kill();
    let (message, next) = window.problem("BROKER_UNREACHABLE").await;
    assert!(
        message.contains("127.0.0.1") && next.contains("broker"),
        "{message}"
    );
    window
        .find_css("[data-testid='meter-state'][data-state='down']")
        .await;
    window.shoot("fail-broker-unreachable").await;

    std::mem::replace(&mut household.node, anvil(1)).kill();
    window.problem("NODE_UNREACHABLE").await;
    window
        .find_css("[data-testid='chain-state'][data-state='down']")
        .await;
    window.shoot_all("fail-links-lost").await;
    household.node = anvil_at(port, 1337, &[]);
    let (message, _) = window.problem("WRONG_CHAIN").await;
    assert!(message.contains("1337") && message.contains("31337"), "{message}");
    window.shoot("fail-wrong-chain-home").await;
    window.close().await;
}

#[tokio::test]
async fn without_gas_the_missing_amount_is_said() {
    let mut household = Household::on(anvil_with(31337, &["--base-fee", "1000000000"]), false);
    household.register(0);
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    window
        .find_css("[data-testid='meter-state'][data-state='up'], [data-testid='device-card']")
        .await;
    household.publish_sensors();
    window
        .find_css("[data-testid='transaction-row'][data-stage='no_gas']")
        .await;
    let (message, next) = window.problem("NO_GAS").await;
    assert!(message.contains("gas"), "{message}");
    assert!(next.contains("operator"), "{next}");
    window.shoot_all("fail-no-gas").await;
    window.close().await;
}

#[tokio::test]
async fn another_chain_under_the_same_address_is_named() {
    let mut household = Household::new(false);
    let port = household.node.port;
    std::mem::replace(&mut household.node, anvil(1)).kill();
    household.node = anvil_at(port, 31337, &[]);
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    let (message, next) = window.problem("OTHER_CHAIN").await;
    assert!(!message.is_empty(), "{message}");
    assert!(next.contains("profile"), "{next}");
    window.shoot("fail-other-chain").await;
    window.close().await;
}
