//! A notice reaches the desktop: over a real bus, to a service that speaks the desktop notifications standard.

#![cfg(target_os = "linux")]

#[path = "support/bus.rs"]
mod bus;

use std::{collections::HashMap, env, process::Command, time::Duration};

use bus::Bus;
use enerlink_wallet::Desktop;
use tokio::{sync::mpsc, time::timeout};
use zbus::OwnedVariant;

const PATIENCE: Duration = Duration::from_secs(20);
/// Set for the process that shows the notices: the bus of a process is named by its environment.
const SENDER: &str = "ENERLINK_TEST_NOTIFIES";

/// The desktop's service: hands on what it is asked to show.
struct Service(mpsc::UnboundedSender<(String, String, String)>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the standard's signature")]
    fn notify(
        &self,
        app: String,
        _replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        self.0.send((app, summary, body)).expect("the test listens");
        1
    }

    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned(), "body-markup".to_owned()]
    }
}

#[tokio::test]
async fn a_notice_is_shown_as_plain_text() {
    if env::var_os(SENDER).is_some() {
        let desktop = Desktop::default();
        desktop.show("Roof is offline", "<img src=x> & more").await;
        return;
    }
    let bus = Bus::start();
    let (sender, mut shown) = mpsc::unbounded_channel();
    let connection = bus.connect().await;
    connection
        .object_server()
        .at("/org/freedesktop/Notifications", Service(sender))
        .await
        .expect("served");
    connection
        .request_name("org.freedesktop.Notifications")
        .await
        .expect("nobody else has the name");
    let mut child = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "a_notice_is_shown_as_plain_text"])
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .env(SENDER, "1")
        .spawn()
        .expect("it runs");
    let told = timeout(PATIENCE, shown.recv()).await.expect("in time");
    assert_eq!(
        told.expect("the service runs"),
        (
            "EnerLink Wallet".to_owned(),
            "Roof is offline".to_owned(),
            "&lt;img src=x&gt; &amp; more".to_owned()
        )
    );
    assert!(child.wait().expect("it ends").success());
}

#[tokio::test]
async fn without_a_desktop_nothing_happens() {
    if env::var_os(SENDER).is_some() {
        let desktop = Desktop::default();
        let shown = desktop.show("Roof", "is offline");
        timeout(PATIENCE, shown).await.expect("it does not wait");
        return;
    }
    let child = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "without_a_desktop_nothing_happens"])
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env(SENDER, "1")
        .status();
    assert!(child.expect("it runs").success());
}
