//! The frame by keyboard alone: the command palette, the sheet of shortcuts, the search of a page, and the settings.

use serde_json::json;

use crate::{
    close_toasts, create_wallet,
    window::{CONTROL, DOWN, ENTER, ESCAPE, SPACE, Window},
};

#[tokio::test]
async fn frame_is_used_by_keyboard_alone() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let window = Window::open(&["demo", "--seed", "1", "--speed", "12"], &profile).await;
    create_wallet(&window).await;
    window.unlock().await;
    window.find("power-solar").await;
    command_pages(&window).await;
    command_acts(&window).await;
    look_up_keys(&window).await;
    choose_looks(&window).await;
    say_who_lives_here(&window).await;
    read_licences(&window).await;
    window.close().await;
}

/// Opens the palette, types until `verb` is the chosen one, and runs it.
async fn command(window: &Window, typed: &str, verb: &str) {
    window.press(&[CONTROL, 'k']).await;
    window.wait_focus("palette-search").await;
    window.type_keys(typed).await;
    window
        .find_css(&format!(
            "[data-testid='palette-option'][aria-selected='true'][data-verb='{verb}']"
        ))
        .await;
    window.press(&[ENTER]).await;
    window.wait_gone("[data-testid='palette']").await;
}

/// Pages and their parts, found in both languages.
async fn command_pages(window: &Window) {
    window.press(&[CONTROL, 'k']).await;
    window.wait_focus("palette-search").await;
    close_toasts(window).await;
    window.shoot_all("frame-1-palette").await;
    window.press(&[DOWN]).await;
    window
        .find_css("[data-testid='palette-option']:nth-child(2)[aria-selected='true']")
        .await;
    window.type_keys("nobody").await;
    window.wait_gone("[data-testid='palette-option']").await;
    window.press(&[ESCAPE]).await;
    window.wait_gone("[data-testid='palette']").await;

    command(window, "pasar", "Page(Market)").await;
    window
        .find_css("[data-testid='nav-market'][aria-current='page']")
        .await;
    command(window, "energy audit", "Energy(Audit)").await;
    window
        .find_css("[data-testid='energy-part-audit'][aria-selected='true']")
        .await;
}

/// What works from anywhere.
async fn command_acts(window: &Window) {
    command(window, "hide amounts", "Amounts { hide: true }").await;
    window
        .find_css("[data-testid='hide-amounts'][aria-pressed='true']")
        .await;
    command(window, "show amounts", "Amounts { hide: false }").await;
    window
        .find_css("[data-testid='hide-amounts'][aria-pressed='false']")
        .await;
    command(window, "receive", "Receive").await;
    window.find("receive-dialog").await;
    window.press(&[ESCAPE]).await;
    window.wait_gone("[data-testid='receive-dialog']").await;
}

/// The sheet opens above a page, and not while somebody types; `/` leads to the search of the page.
async fn look_up_keys(window: &Window) {
    window.press(&['?']).await;
    window.find("key-sheet-window").await;
    close_toasts(window).await;
    window.shoot_all("frame-2-keys").await;
    window.press(&[ESCAPE]).await;
    window.wait_gone("[data-testid='key-sheet']").await;

    window.press(&['/']).await;
    window.wait_focus("balance-search").await;
    window.press(&['?']).await;
    let typed = "return document.querySelector(\"[data-testid='balance-search']\").value";
    assert_eq!(window.run(typed).await, json!("?"), "a letter of the search");
    assert!(window.all("[data-testid='key-sheet']").await.is_empty());
    window.type_over(" ").await;
}

/// Numbers, clock and colours show at once, and are remembered.
async fn choose_looks(window: &Window) {
    command(window, "settings appearance", "Settings(Appearance)").await;
    window.wait_focus("settings-appearance").await;
    window.tab_to("setting-numbers").await;
    window.choose("setting-numbers", "comma").await;
    window
        .wait_text("idrs-balance", "has a comma before its decimals", |text| {
            text.chars().rev().nth(2) == Some(',')
        })
        .await;
    window.tab_to("setting-time-zone").await;
    window.choose("setting-time-zone", "wit").await;
    window.tab_to("setting-safe-colours").await;
    window.press(&[SPACE]).await;
    window.find_css(":root[data-palette='safe']").await;
    let kept =
        "return ['numbers', 'time-zone', 'palette'].map(name => localStorage.getItem(`enerlink.${name}`))";
    assert_eq!(window.run(kept).await, json!(["comma", "wit", "safe"]));
    close_toasts(window).await;
    window.shoot_all("frame-3-appearance").await;
    window.press(&[CONTROL, '1']).await;
    window.find("power-curve").await;
    close_toasts(window).await;
    window.shoot_all("frame-4-safe-colours").await;
}

/// The profile is refused while it has no name, and kept when it has one.
async fn say_who_lives_here(window: &Window) {
    command(window, "settings profile", "Settings(Profile)").await;
    window.wait_focus("settings-profile").await;
    window.tab_to("profile-name").await;
    window.type_over(" ").await;
    window.find_css("[data-testid='profile-save']:disabled").await;
    window.type_over("Rumah Sari").await;
    window.tab_to("profile-contact").await;
    window.type_keys("0812 3456").await;
    window.find_css("[data-testid='profile-save']:enabled").await;
    window.press(&[ENTER]).await;
    window
        .wait_css_text(".toasts", "says that it is kept", |text| {
            text.contains("saved") || text.contains("Saved")
        })
        .await;
    close_toasts(window).await;
    window.shoot_all("frame-5-profile").await;
    window.press(&[CONTROL, '1']).await;
    window.find("power-curve").await;
    window.press(&[CONTROL, '6']).await;
    window.find("profile-name").await;
    let shown = "return ['name', 'contact'].map(name => document.querySelector(`[data-testid='profile-${name}']`).value)";
    assert_eq!(window.run(shown).await, json!(["Rumah Sari", "0812 3456"]));
}

async fn read_licences(window: &Window) {
    command(window, "settings about", "Settings(About)").await;
    window.wait_focus("settings-about").await;
    window.tab_to("about-licences").await;
    window.press(&[ENTER]).await;
    window.find("licences-list").await;
    close_toasts(window).await;
    window.shoot_all("frame-6-licences").await;
    window.press(&[ESCAPE]).await;
    window.wait_gone("[data-testid='licences']").await;
}
