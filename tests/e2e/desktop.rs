//! On the desktop: the tray and its entries, closing and quitting, a second start, a hidden one, where the window was.

use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    bus::Bus,
    create_wallet,
    panel::Panel,
    support::{Household, end_group, rpc},
    window::{
        CONTROL, Window,
        dialog::{close_window, geometry, is_visible, place},
    },
};

const PATIENCE: Duration = Duration::from_secs(60);
const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// The app without a driver, until it is dropped.
struct App {
    child: Child,
    _home: tempfile::TempDir,
}

impl App {
    fn start(arguments: &[&str], profile: &Path, bus: &str) -> Self {
        let home = tempfile::tempdir().expect("directory");
        let child = command(arguments, profile, bus, home.path()).spawn();
        Self {
            child: child.expect("`cargo xtask e2e` builds it"),
            _home: home,
        }
    }

    /// Waits until it has ended by itself, well.
    async fn ended(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return assert!(status.success(), "{status}");
            }
            assert!(Instant::now() < deadline, "it ends");
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        end_group(&mut self.child);
    }
}

fn command(arguments: &[&str], profile: &Path, bus: &str, home: &Path) -> Command {
    let app = std::env::var("ENERLINK_APP").expect("run by `cargo xtask e2e`");
    let mut command = Command::new(app);
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(profile)
        .env(BUS, bus)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .process_group(0);
    command
}

async fn wait_visible(visible: bool) {
    let deadline = Instant::now() + PATIENCE;
    while is_visible() != visible {
        assert!(Instant::now() < deadline, "visible: {visible}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn full_desktop_tray_follows_the_household_and_its_entries_do_what_they_say() {
    let bus = Bus::start();
    let mut panel = Panel::start(bus.connect().await).await;
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let demo = ["demo", "--seed", "1", "--speed", "12"];
    let window = Window::open_with(&demo, &profile, &[(BUS, &bus.address)]).await;
    panel.wait_item().await;
    panel.wait_entry("Lock", false).await;
    create_wallet(&window).await;
    window.unlock().await;
    follow_the_household(&window, &panel).await;
    choose_entries(&window, &panel).await;
    let panel = close_into_the_tray(&window, panel, &bus).await;
    second_start(&demo, &profile, &bus).await;
    lose_the_tray(&window, panel, &profile).await;
}

/// Power and tokens beside the icon, covered when they are covered, in the window's language.
async fn follow_the_household(window: &Window, panel: &Panel) {
    let told = panel
        .wait_tooltip("tells power and tokens", |text| {
            text.contains("Sun ") && text.contains(" ETK · this period ")
        })
        .await;
    panel.wait_tooltip("changes", |text| text != told).await;
    window.click("hide-amounts").await;
    let covered = panel
        .wait_tooltip("is covered", |text| {
            text.contains("••••• ETK · this period •••••")
        })
        .await;
    assert!(covered.contains('W'), "{covered}");
    window.click("hide-amounts").await;
    panel
        .wait_tooltip("is uncovered", |text| !text.contains('•'))
        .await;
    window.press(&[CONTROL, '6']).await;
    window.click("language-id").await;
    panel.wait_entry("Kunci dompet", true).await;
    panel
        .wait_tooltip("is Indonesian", |text| text.contains("Surya "))
        .await;
    window.click("language-en").await;
    panel.wait_entry("Lock", true).await;
}

async fn choose_entries(window: &Window, panel: &Panel) {
    panel.choose("Pause automatic settlement").await;
    panel.wait_entry("Resume automatic settlement", true).await;
    window
        .wait_css_text("[data-testid='settling-automatic-effect']", "is paused", |text| {
            text.contains("because it is paused")
        })
        .await;
    window.shoot_all("desktop-1-settings").await;
    window
        .run("document.querySelector('[data-testid=settling-card]').scrollIntoView()")
        .await;
    window.shoot_all("desktop-2-paused").await;
    panel.choose("Resume automatic settlement").await;
    panel.wait_entry("Pause automatic settlement", true).await;

    window.press(&[CONTROL, '1']).await;
    window.find_css("[data-testid='settle-now']:enabled").await;
    panel.choose("Settle now").await;
    window
        .wait_css_text(".toasts", "says so", |text| {
            text.contains("The settlement has started.")
        })
        .await;
    window
        .find_css("[data-testid='settlement-row'][data-status='SUCCESS']")
        .await;
    panel.choose("Lock").await;
    window
        .find_css("[data-testid='key-state'][data-state='locked']")
        .await;
    panel.wait_entry("Lock", false).await;
}

/// Closing asks once; then it leads into the tray without a word.
async fn close_into_the_tray(window: &Window, panel: Panel, bus: &Bus) -> Panel {
    close_window();
    window.find("ask-closing").await;
    window.shoot_all("desktop-3-ask-closing").await;
    window.click("dialog-close").await;
    window.wait_gone("[data-testid='ask-closing']").await;
    assert!(is_visible());
    close_window();
    window.find("ask-closing").await;
    window.click("closing-keep").await;
    wait_visible(false).await;
    panel.click().await;
    wait_visible(true).await;
    assert!(window.all("[data-testid='ask-closing']").await.is_empty());
    // What is chosen reaches the core a moment later.
    sleep(Duration::from_secs(2)).await;
    close_window();
    wait_visible(false).await;
    panel.choose("Open EnerLink").await;
    wait_visible(true).await;

    // The panel is started anew, and the tray is there again.
    panel.stop().await;
    let mut panel = Panel::start(bus.connect().await).await;
    panel.wait_item().await;
    panel.wait_entry("Open EnerLink", true).await;
    panel
}

/// A second start of the profile brings the window to the front and ends.
async fn second_start(arguments: &[&str], profile: &Path, bus: &Bus) {
    close_window();
    wait_visible(false).await;
    let hidden = [arguments, &["--hidden"]].concat();
    App::start(&hidden, profile, &bus.address).ended().await;
    assert!(!is_visible(), "whoever starts hidden shows nothing");
    App::start(arguments, profile, &bus.address).ended().await;
    wait_visible(true).await;
}

/// Without a tray a hidden window comes back, and closing it quits.
async fn lose_the_tray(window: &Window, panel: Panel, profile: &Path) {
    close_window();
    wait_visible(false).await;
    panel.stop().await;
    wait_visible(true).await;
    window.press(&[CONTROL, '6']).await;
    window.find("desktop-card").await;
    close_window();
    wait_visible(false).await;
    let named = profile.display().to_string();
    let deadline = Instant::now() + PATIENCE;
    while Command::new("pgrep")
        .args(["-f", &named])
        .output()
        .expect("started")
        .status
        .success()
    {
        assert!(Instant::now() < deadline, "the app ends");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn full_desktop_quitting_says_what_is_on_its_way_and_it_goes_on() {
    let mut household = Household::new(true);
    let node = household.node.port;
    let profile = household.file("profile");
    let window = Window::open(&[], &profile).await;
    window.unlock().await;
    household.publish_sensors();
    window
        .find_css("[data-testid='transaction-row'][data-stage='confirmed'], [data-testid='transaction-row'][data-stage='final']")
        .await;
    rpc(node, "evm_setAutomine", json!([false]));
    household.export(200);
    window.find_css("[data-testid='settle-now']:enabled").await;
    window.click("settle-now").await;
    window
        .find_css("[data-testid='settlement-row'][data-status='PENDING']")
        .await;
    window.press(&[CONTROL, 'q']).await;
    window.find("ask-quitting").await;
    window.shoot_all("desktop-4-ask-quitting").await;
    window.click("quitting-stay").await;
    window.wait_gone("[data-testid='ask-quitting']").await;
    window.press(&[CONTROL, 'q']).await;
    window.click("quitting-quit").await;
    wait_visible(false).await;
    drop(window);

    rpc(node, "evm_setAutomine", json!([true]));
    rpc(node, "evm_mine", json!([]));
    let window = Window::open(&[], &profile).await;
    window.unlock().await;
    window
        .find_css("[data-testid='settlement-row'][data-status='SUCCESS']")
        .await;
    window.close().await;
}

#[tokio::test]
async fn full_desktop_profiles_run_side_by_side_and_each_once() {
    let directory = tempfile::tempdir().expect("directory");
    let [one, two] = ["one", "two"].map(|name| directory.path().join(name));
    let bus = "unix:path=/nonexistent/bus";
    let mut first = App::start(&[], &one, bus);
    wait_visible(true).await;
    App::start(&[], &one, bus).ended().await;
    let mut other = App::start(&[], &two, bus);
    sleep(Duration::from_secs(8)).await;
    assert!(first.runs() && other.runs());
    // The same profile by another way.
    let way = directory.path().join("link");
    std::os::unix::fs::symlink(&one, &way).expect("a link");
    App::start(&[], &way, bus).ended().await;
    assert!(first.runs());
}

#[tokio::test]
async fn full_desktop_a_hidden_start_waits_in_the_tray_or_shows_itself() {
    let directory = tempfile::tempdir().expect("directory");
    let bus = Bus::start();
    let mut panel = Panel::start(bus.connect().await).await;
    let profile = directory.path().join("profile");
    let mut app = App::start(&["--hidden"], &profile, &bus.address);
    panel.wait_item().await;
    // Longer than a panel is waited for.
    sleep(Duration::from_secs(13)).await;
    assert!(!is_visible());
    // The page works without being seen: these are its words.
    panel.wait_entry("Open EnerLink", true).await;
    panel.click().await;
    wait_visible(true).await;
    panel.choose("Quit").await;
    app.ended().await;
    panel.stop().await;

    let mut app = App::start(&["--hidden"], &profile, &bus.address);
    // It is on the screen for a moment while it is made.
    sleep(Duration::from_secs(6)).await;
    wait_visible(true).await;
    close_window();
    app.ended().await;
}

#[tokio::test]
async fn full_desktop_the_window_is_where_it_was_and_on_a_screen() {
    let directory = tempfile::tempdir().expect("directory");
    let profile = directory.path().join("profile");
    let bus = "unix:path=/nonexistent/bus";
    let at_rest = async || {
        wait_visible(true).await;
        sleep(Duration::from_secs(3)).await;
        geometry()
    };
    let mut app = App::start(&[], &profile, bus);
    at_rest().await;
    place((120, 90), (1100, 750));
    assert_eq!(at_rest().await, ((120, 90), (1100, 750)));
    close_window();
    app.ended().await;
    let mut app = App::start(&[], &profile, bus);
    assert_eq!(at_rest().await, ((120, 90), (1100, 750)));
    // The screen on which it is is taken away.
    close_window();
    app.ended().await;
    let file = profile.join("window.json");
    let text = std::fs::read_to_string(&file).expect("remembered");
    let mut remembered: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    remembered["main"]["x"] = json!(9_000);
    remembered["main"]["prev_x"] = json!(9_000);
    std::fs::write(&file, remembered.to_string()).expect("writable");
    let mut app = App::start(&[], &profile, bus);
    let ((x, _), size) = at_rest().await;
    assert!((0..1400).contains(&x), "on the screen: {x}");
    assert_eq!(size, (1100, 750));
    close_window();
    app.ended().await;
}
