//! Everything that a meter can be told in the window: each command as the broker carries it and as the device answers it,
//! and outputs as the household names, hides and limits them.

use serde_json::{Value, json};

use crate::{
    close_toasts,
    device::{BASE, Device},
    support::{Bystander, Household},
    window::Window,
};

#[tokio::test]
async fn every_output_is_driven_and_set_up() {
    let household = Household::new(false);
    let device = Device::on(household.broker.port);
    let heard = Bystander::listen(household.broker.port, ("", ""), &format!("{BASE}/command"));
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    window.click("nav-meter").await;
    window.click("meter-open").await;
    window
        .find_css("[data-testid='presence'][data-state='online']")
        .await;
    window.click("meter-part-controls").await;
    device.status("export", 0);
    window.find_css("[data-output='pwm']").await;

    let told = async |button: &str, expected: Value| follow(&window, &device, &heard, button, expected).await;
    told("relay-on", json!({ "relay": { "pump": true } })).await;
    window.click("motor-reverse").await;
    slide(&window, "motor-percent", 75).await;
    told(
        "motor-send",
        json!({ "motor1": { "percent": 75, "direction": "reverse" } }),
    )
    .await;
    slide(&window, "led-duty", 128).await;
    told("led-send", json!({ "pwm": { "led_duty": 128 } })).await;
    window.replace("interval-sensor", "0,2").await;
    window.click("interval-send").await;
    window
        .find_css("[data-testid='interval-sensor'][aria-invalid='true']")
        .await;
    window.replace("interval-sensor", "10").await;
    told("interval-send", json!({ "mqtt": { "sensor_interval": 10_000 } })).await;
    window.choose("reset-counter", "solar").await;
    told("reset-energy", json!({ "energy": { "reset": "solar" } })).await;
    told(
        "reset-settlement",
        json!({ "energy": { "reset_settlement": "all" } }),
    )
    .await;
    close_toasts(&window).await;
    window.shoot_all("meter-19-driven").await;

    set_up(&window).await;
    window.close().await;
}

/// Presses a button, confirms where that is asked for, and answers as the device does.
async fn follow(window: &Window, device: &Device, heard: &Bystander, button: &str, expected: Value) {
    window.click(button).await;
    if !window.all("[data-testid='command-confirm']").await.is_empty() {
        if !window
            .all("[data-testid='command-confirm-word']")
            .await
            .is_empty()
        {
            window.type_into("command-confirm-word", "RESET").await;
        }
        window.click("command-confirm-submit").await;
    }
    let command = heard.next();
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&command[name], value, "{button}: {command}");
    }
    device.says(
        "response",
        &json!({ "correlation_id": command["correlation_id"], "ok": true }),
    );
    // The newest is the first; none is on its way any more.
    window
        .find_css("[data-testid='command-row']:first-child[data-kind='acknowledged']")
        .await;
    window
        .wait_gone("[data-testid='command-row']:is([data-kind='queued'], [data-kind='sent'])")
        .await;
}

/// Moves a slider, as a hand does.
async fn slide(window: &Window, id: &str, value: u32) {
    window.find(id).await;
    window
        .run(&format!(
            "const slider = document.querySelector('[data-testid={id}]'); slider.value = {value};\
             slider.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        ))
        .await;
}

/// The pump gets a name, the motor a limit, and the lamp is not to be seen.
async fn set_up(window: &Window) {
    let of = |output: &str, field: &str| {
        format!("[data-testid='output-setting'][data-output='{output}'] [data-testid='{field}']")
    };
    window.click("outputs-edit").await;
    window
        .find_css(&of("relay:pump", "output-name"))
        .await
        .send_keys("Pompa air")
        .await
        .expect("typed");
    let limit = window.find_css(&of("motor1", "output-limit")).await;
    limit.send_keys("400").await.expect("typed");
    window.click("outputs-save").await;
    window
        .find_css(&format!("{}[aria-invalid='true']", of("motor1", "output-limit")))
        .await;
    limit.clear().await.expect("cleared");
    limit.send_keys("40").await.expect("typed");
    window
        .find_css(&of("pwm", "output-hidden"))
        .await
        .click()
        .await
        .expect("clicked");
    window.shoot_all("meter-20-outputs").await;
    window.click("outputs-save").await;
    window.wait_gone("[data-testid='outputs-dialog']").await;
    window
        .wait_gone("[data-testid='output-row'][data-output='pwm']")
        .await;
    window
        .wait_css_text("[data-output='relay:pump'] b", "has its name", |name| {
            name == "Pompa air"
        })
        .await;
    window.find_css("[data-testid='motor-percent'][max='40']").await;
}
