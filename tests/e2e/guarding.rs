//! The guard as a household meets it: a balance that will not last, a minute to say no, the order that a real broker
//! carries, what the device makes of it, and the way back.

use crate::{
    close_toasts,
    device::{BASE, Device},
    support::{Bystander, Household},
    window::Window,
};

#[tokio::test]
async fn full_the_guard_switches_the_grid_off_and_back() {
    let household = Household::new(true);
    let device = Device::on(household.broker.port);
    let heard = Bystander::listen(household.broker.port, ("", ""), &format!("{BASE}/command"));
    let by_hand = [("SETTLEMENT_INTERVAL_MINUTES", "1440")];
    let window = Window::open_with(&[], &household.file("profile"), &by_hand).await;
    window.unlock().await;
    stands(&window, "unarmed").await;
    earn(&window, &device).await;
    window.click("guard-explained").await;
    stands(&window, "watching").await;

    // The period will cost far more than the few ETK that are there.
    device.status("import", 0);
    device.flows(-20_000_000);
    warned(&window).await;
    assert_eq!(order(&heard), "off");
    window
        .find_css("[data-testid='guard-state'][data-state='cutting']")
        .await;
    window.shoot("guard-cutting").await;
    device.flows(0);
    device.status("off", 0);
    stands(&window, "cut").await;

    window.click("guard-restore").await;
    assert_eq!(order(&heard), "import");
    device.status("import", 0);
    stands(&window, "paused").await;
    for kind in ["warned", "cutting", "cut", "restored"] {
        window
            .find_css(&format!("[data-testid='guard-act'][data-kind='{kind}']"))
            .await;
    }
    window.click("guard-resume").await;
    stands(&window, "watching").await;
    window.close().await;
}

/// A hundred watt-hours and a few are exported and settled by hand.
async fn earn(window: &Window, device: &Device) {
    device.flows(20_000_000);
    window.find_css("[data-testid='settle-now']:enabled").await;
    device.flows(0);
    window.click("settle-now").await;
    window
        .find_css("[data-testid='settlement-row'][data-status='SUCCESS']")
        .await;
}

/// The next order to the grid switch; what else the meter is asked for passes.
fn order(heard: &Bystander) -> String {
    loop {
        if let Some(grid) = heard.next()["grid"].as_str() {
            return grid.to_owned();
        }
    }
}

/// Waits for a state of the guard, and takes its pictures.
async fn stands(window: &Window, state: &str) {
    window
        .find_css(&format!("[data-testid='guard-state'][data-state='{state}']"))
        .await;
    close_toasts(window).await;
    window.shoot_all(&format!("guard-{state}")).await;
}

/// The countdown, with its figures, until it has run out.
async fn warned(window: &Window) {
    stands(window, "countdown").await;
    let sentence = window.text("guard-sentence").await;
    assert!(sentence.contains("ETK"), "{sentence}");
    window.find("guard-not-now").await;
    window.find("guard-market").await;
}
