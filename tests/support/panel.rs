//! A panel that shows trays: the watcher that items register with, and the eyes and hands of whoever looks at one.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::mpsc, time::timeout};
use zbus::{Connection, OwnedVariant, Variant};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// The watcher: hands on the names that register.
struct Watcher(mpsc::UnboundedSender<String>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        // A test that has ended does not look any more.
        let _ = self.0.send(service);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

/// A panel on a bus, until it is dropped.
pub(crate) struct Panel {
    connection: Connection,
    registered: mpsc::UnboundedReceiver<String>,
    item: String,
}

impl Panel {
    /// Comes to the bus; the tray that is there registers.
    pub(crate) async fn start(connection: Connection) -> Self {
        let (sender, registered) = mpsc::unbounded_channel();
        let objects = connection.object_server();
        objects
            .at("/StatusNotifierWatcher", Watcher(sender))
            .await
            .expect("served");
        connection.request_name(WATCHER).await.expect("a free name");
        Self {
            connection,
            registered,
            item: String::new(),
        }
    }

    /// Waits until a tray registers.
    pub(crate) async fn wait_item(&mut self) {
        let item = timeout(PATIENCE, self.registered.recv()).await.expect("in time");
        self.item = item.expect("the watcher lives");
    }

    /// The tooltip's text below its title.
    pub(crate) async fn tooltip(&self) -> String {
        type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);
        let answer = self
            .connection
            .call_method(
                Some(self.item.as_str()),
                "/StatusNotifierItem",
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &(ITEM, "ToolTip"),
            )
            .await
            .expect("the item answers");
        let body = answer.body();
        let value: Variant<'_> = body.deserialize().expect("a value");
        let (_, _, title, text): ToolTip = value.try_into().expect("a tooltip");
        assert_eq!(title, "EnerLink Wallet");
        text
    }

    /// Waits until the tooltip is as `wanted`.
    pub(crate) async fn wait_tooltip(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            last = self.tooltip().await;
            if wanted(&last) {
                return last;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("the tooltip never {what}: {last:?}");
    }

    /// The entries of the menu: id, label, and whether it can be chosen.
    pub(crate) async fn entries(&self) -> Vec<(i32, String, bool)> {
        // Asked for all, ksni names them by their places, which are not their ids any more once the menu has changed.
        let ids: Vec<i32> = (1..1000).collect();
        let answer = self
            .menu("GetGroupProperties", &(ids, vec!["label", "enabled"]))
            .await;
        let body = answer.body();
        let items: Vec<(i32, HashMap<String, OwnedVariant>)> = body.deserialize().expect("items");
        let entry = |(id, mut properties): (i32, HashMap<String, OwnedVariant>)| {
            let label = String::try_from(properties.remove("label")?).expect("a text");
            let enabled = properties.remove("enabled");
            let enabled = enabled.is_none_or(|enabled| bool::try_from(enabled).expect("a truth"));
            Some((id, label, enabled))
        };
        items.into_iter().filter_map(entry).collect()
    }

    /// Chooses the entry with this label, once it can be chosen.
    pub(crate) async fn choose(&self, label: &str) {
        let id = self.wait_entry(label, true).await;
        let data = Variant::from(0_i32);
        self.menu("Event", &(id, "clicked", data, 0_u32)).await;
    }

    /// Waits until an entry is there that can, or cannot, be chosen.
    pub(crate) async fn wait_entry(&self, label: &str, enabled: bool) -> i32 {
        let mut entries = Vec::new();
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            entries = self.entries().await;
            let found = entries
                .iter()
                .find(|entry| entry.1 == label && entry.2 == enabled);
            if let Some((id, ..)) = found {
                return *id;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("no entry {label} that is enabled: {enabled}: {entries:?}");
    }

    /// Clicks on the icon.
    pub(crate) async fn click(&self) {
        self.connection
            .call_method(
                Some(self.item.as_str()),
                "/StatusNotifierItem",
                Some(ITEM),
                "Activate",
                &(0, 0),
            )
            .await
            .expect("the item answers");
    }

    /// Leaves the bus, as a panel that is started anew does.
    pub(crate) async fn stop(self) {
        self.connection.close().await.expect("closed");
    }

    async fn menu<B>(&self, member: &str, body: &B) -> zbus::Message
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        self.connection
            .call_method(Some(self.item.as_str()), "/MenuBar", Some(MENU), member, body)
            .await
            .expect("the menu answers")
    }
}
