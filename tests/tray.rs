//! The tray over a real bus, with a panel that speaks as those of desktops do: it appears, shows what it is told, tells
//! what was chosen, and comes back with the panel; and without a panel or a bus everything goes on.

#![cfg(target_os = "linux")]

#[path = "support/bus.rs"]
mod bus;
#[path = "support/panel.rs"]
mod panel;

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use bus::Bus;
use enerlink_ipc::desktop::{TrayAct, TrayEntry, TrayFace};
use enerlink_wallet::tray::{Picture, Tray, run};
use panel::Panel;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);
/// Set for the process that has the tray: the bus of a process is named by its environment.
const SHOWS: &str = "ENERLINK_TEST_SHOWS_TRAY";

fn face(counted: u32) -> TrayFace {
    let entry = |act, label: &str, enabled| TrayEntry {
        act,
        label: label.to_owned(),
        enabled,
    };
    TrayFace {
        tooltip: vec![format!("{counted} chosen"), "second line".to_owned()],
        entries: vec![
            entry(TrayAct::Settle, "Settle_now", true),
            entry(TrayAct::Lock, "Lock", false),
            entry(TrayAct::Quit, "Quit", true),
        ],
    }
}

/// Has a tray until `Quit` is chosen; says what happens to it.
#[expect(clippy::print_stdout, reason = "the test reads it")]
async fn show() {
    let (words, mut counted) = (watch::Sender::new(face(0)), 0);
    let (sender, mut chosen) = mpsc::unbounded_channel();
    let here = watch::Sender::new(false);
    let mut seen = here.subscribe();
    let tray = Tray {
        face: words.subscribe(),
        here,
        act: Box::new(move |act| sender.send(act).expect("the test listens")),
    };
    let picture = Picture {
        width: 1,
        height: 1,
        rgba: vec![1, 2, 3, 4],
    };
    let running = tokio::spawn(run(tray, Some(picture)));
    loop {
        tokio::select! {
            Ok(()) = seen.changed() => println!("here {}", *seen.borrow_and_update()),
            act = chosen.recv() => match act {
                Some(TrayAct::Quit) => return,
                Some(act) => {
                    println!("{act:?}");
                    counted += 1;
                    words.send_replace(face(counted));
                }
                None => {
                    // There is no tray, and nothing else has changed.
                    running.await.expect("no panic");
                    println!("none");
                    return;
                }
            },
        }
    }
}

/// The process that has the tray, and what it says.
struct Shown {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Shown {
    fn start(test: &str, bus: &str) -> Self {
        let mut child = Command::new(env::current_exe().expect("this test"))
            .args(["--exact", test, "--nocapture"])
            .env("DBUS_SESSION_BUS_ADDRESS", bus)
            .env(SHOWS, "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    async fn says(&mut self, wanted: &str) {
        let heard = async {
            while let Some(line) = self.lines.recv().await {
                if line == wanted {
                    return true;
                }
            }
            false
        };
        assert!(timeout(PATIENCE, heard).await.expect("in time"), "{wanted}");
    }

    fn ends(mut self) {
        assert!(self.child.wait().expect("it ends").success());
    }
}

#[tokio::test]
async fn a_tray_shows_what_it_is_told_and_comes_back_with_the_panel() {
    if env::var_os(SHOWS).is_some() {
        return show().await;
    }
    let bus = Bus::start();
    let mut panel = Panel::start(bus.connect().await).await;
    let test = "a_tray_shows_what_it_is_told_and_comes_back_with_the_panel";
    let mut shown = Shown::start(test, &bus.address);
    panel.wait_item().await;
    shown.says("here true").await;
    assert_eq!(panel.tooltip().await, "0 chosen\nsecond line");
    let entries = panel.entries().await;
    let words: Vec<_> = entries
        .iter()
        .map(|(_, label, enabled)| (label.as_str(), *enabled))
        .collect();
    assert_eq!(words, [("Settle__now", true), ("Lock", false), ("Quit", true)]);
    panel.choose("Settle__now").await;
    shown.says("Settle").await;
    panel
        .wait_tooltip("follows", |text| text.starts_with("1 chosen"))
        .await;
    panel.click().await;
    shown.says("Open").await;

    panel.stop().await;
    shown.says("here false").await;
    let mut panel = Panel::start(bus.connect().await).await;
    panel.wait_item().await;
    shown.says("here true").await;
    panel
        .wait_tooltip("is as it was", |text| text.starts_with("2 chosen"))
        .await;
    panel.choose("Quit").await;
    shown.ends();
}

#[tokio::test]
async fn a_panel_may_come_later() {
    if env::var_os(SHOWS).is_some() {
        return show().await;
    }
    let bus = Bus::start();
    let mut shown = Shown::start("a_panel_may_come_later", &bus.address);
    shown.says("here false").await;
    let mut panel = Panel::start(bus.connect().await).await;
    panel.wait_item().await;
    shown.says("here true").await;
    panel.choose("Quit").await;
    shown.ends();
}

#[tokio::test]
async fn without_a_bus_there_is_no_tray_and_no_harm() {
    if env::var_os(SHOWS).is_some() {
        return show().await;
    }
    let test = "without_a_bus_there_is_no_tray_and_no_harm";
    let mut shown = Shown::start(test, "unix:path=/nonexistent/bus");
    shown.says("none").await;
    shown.ends();
}
