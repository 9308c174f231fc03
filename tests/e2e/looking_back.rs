//! What a household looks back at: curve and bars under the pointer, any range of days and its table as a file, the log of
//! messages searched and filtered, and a kind of notification that is switched off.

use std::time::Duration;

use serde_json::json;

use crate::{
    close_toasts,
    device::{BASE, Device},
    meter_setup::save,
    support::{Household, publish},
    window::Window,
};

#[tokio::test]
async fn full_days_and_messages_are_looked_through() {
    let household = Household::new(false);
    let device = Device::on(household.broker.port);
    let window = Window::open(&[], &household.file("profile")).await;
    window.unlock().await;
    window.click("nav-energy").await;
    point_at_the_curve(&window).await;
    choose_a_range(&window, &household).await;
    search_messages(&window, &household).await;
    mute(&window, &household).await;
    drop(device);
    window.close().await;
}

/// Moves the pointer over a chart to this share of its width.
async fn point(window: &Window, chart: &str, share: f64) {
    window.find(chart).await;
    window
        .run(&format!(
            "const chart = document.querySelector(\"[data-testid='{chart}']\"); const box = chart.getBoundingClientRect();\
             chart.dispatchEvent(new PointerEvent('pointermove', {{ bubbles: true,\
             clientX: box.left + box.width * {share}, clientY: box.top + box.height / 2 }}))"
        ))
        .await;
}

async fn point_at_the_curve(window: &Window) {
    window
        .wait_text("energy-exported", "shows what flowed", |text| {
            text.chars().any(|letter| ('1'..='9').contains(&letter))
        })
        .await;
    // The first whole minute of a household that has just begun is somewhere at the left.
    for turn in 0..600_i32 {
        point(window, "energy-curve", f64::from(turn % 10 + 1) / 100.0).await;
        if !window.all(".readout").await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let told = window
        .wait_css_text(".readout", "tells powers", |text| text.contains('W'))
        .await;
    assert!(
        told.contains("1.28") && told.contains("0.99"),
        "sun and home: {told}"
    );
    close_toasts(window).await;
    window.shoot("look-1-curve").await;
    window.click("chart-energy").await;
    // The hour of now, wherever it stands.
    for hour in 0..24_i32 {
        point(window, "energy-bars", (f64::from(hour) + 0.5) / 26.0).await;
        if !window.all(".readout").await.is_empty() {
            break;
        }
    }
    window
        .wait_css_text(".readout", "tells energy", |text| text.contains("Wh"))
        .await;
    window.shoot("look-2-bars").await;
}

/// The last four days, hour by hour no more but day by day, and as a file.
async fn choose_a_range(window: &Window, household: &Household) {
    window.click("period-range").await;
    window.find("period-from").await;
    window
        .run(
            "const from = document.querySelector(\"[data-testid='period-from']\");\
             from.value = new Date(Date.now() - 4 * 864e5).toISOString().slice(0, 10);\
             from.dispatchEvent(new Event('change', { bubbles: true }))",
        )
        .await;
    window.find_css("[data-testid='energy-row']:nth-child(5)").await;
    close_toasts(window).await;
    window.shoot_all("look-3-range").await;
    let table = save(window, household, "energy-csv", "days.csv").await;
    let table = String::from_utf8(table).expect("text");
    assert_eq!(table.lines().count(), 6, "a head and five days: {table}");
    assert!(table.starts_with("Time,Produced,Used,"), "{table}");
}

async fn search_messages(window: &Window, household: &Household) {
    publish(
        household.broker.port,
        &format!("{BASE}/sensors"),
        b"{\"timestamp\":1,\"export\":{\"power\":\"durian\"}}",
    );
    window.click("nav-meter").await;
    window.click("meter-open").await;
    window.click("meter-part-messages").await;
    window
        .find_css("[data-testid='message-row'][data-kind='in']")
        .await;
    window.choose("messages-direction", "out").await;
    window.find("message-empty").await;
    window.click("messages-clear").await;
    window.choose("messages-result", "refused").await;
    window.find_css("[data-testid='message-row']").await;
    window.click("message-unfold").await;
    window.find("message-reason").await;
    window.replace("message-search", "durian").await;
    window.find_css("[data-testid='message-row']").await;
    close_toasts(window).await;
    window.shoot_all("look-4-messages").await;
    window.replace("message-search", "nangka").await;
    window.find("message-empty").await;
    window.click("messages-clear").await;
    window
        .find_css("[data-testid='message-row'][data-kind='in']")
        .await;
}

async fn mute(window: &Window, household: &Household) {
    window.click("nav-settings").await;
    window.click("notify-battery_low").await;
    window
        .find_css("[data-testid='notify-battery_low']:enabled")
        .await;
    let kept = household.said(&["preferences"]).remove(0);
    assert_eq!(kept["muted"], json!(["battery_low"]), "{kept}");
}
