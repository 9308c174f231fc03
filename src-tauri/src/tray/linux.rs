//! Linux: a StatusNotifierItem on the session's bus, which KDE shows by itself, GNOME by an extension, and most others by
//! their panels. There is no C library that could be missing, and it comes back when the panel is started anew.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use enerlink_ipc::desktop::{TrayAct, TrayFace};
use ksni::{Icon, MenuItem, OfflineReason, ToolTip, TrayMethods as _, menu::StandardItem};
use tauri::{AppHandle, Runtime, async_runtime::spawn};
use tokio::{sync::watch, time::sleep};
use zbus::{Connection, fdo::DBusProxy};

use super::{NAME, Tray};

/// The name of the panel on the bus.
const PANEL: &str = "org.kde.StatusNotifierWatcher";
/// Before the next try where the panel has come in a bad moment.
const PAUSE: Duration = Duration::from_millis(200);

type Act = dyn Fn(TrayAct) + Send + Sync;

/// A picture of rows of red, green, blue and how opaque.
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Four bytes for each pixel.
    pub rgba: Vec<u8>,
}

/// Shows `tray` as long as the program runs.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>, tray: Tray) {
    let picture = app.default_window_icon().map(|icon| Picture {
        width: icon.width(),
        height: icon.height(),
        rgba: icon.rgba().to_vec(),
    });
    spawn(run(tray, picture));
}

/// The same, until the other end of the face is gone.
pub async fn run(tray: Tray, picture: Option<Picture>) {
    let Tray { mut face, here, act } = tray;
    let (act, icons): (Arc<Act>, Vec<Icon>) = (Arc::from(act), picture.map(icon).into_iter().collect());
    let handle = loop {
        let item = Item {
            face: face.borrow_and_update().clone(),
            icons: icons.clone(),
            here: here.clone(),
            lost: AtomicBool::new(false),
            act: Arc::clone(&act),
        };
        // The panel may come later than we do.
        let handle = match item.assume_sni_available(true).spawn().await {
            Ok(handle) => handle,
            Err(error) => {
                tracing::info!(%error, "there is no tray");
                return;
            }
        };
        let is_shown = async || handle.update(|item| !item.lost.load(Ordering::SeqCst)).await == Some(true);
        // The library asks for the panel before it listens for one: what comes in between is known to the bus alone.
        let mut shown = is_shown().await;
        if !shown && panel_is_there().await.unwrap_or_default() {
            sleep(PAUSE).await;
            shown = is_shown().await;
            if !shown {
                handle.shutdown().await;
                continue;
            }
        }
        if shown {
            here.send_replace(true);
        }
        break handle;
    };
    while face.changed().await.is_ok() {
        let next = face.borrow_and_update().clone();
        if handle.update(|item| item.face = next).await.is_none() {
            tracing::info!("the tray is gone");
            here.send_replace(false);
            return;
        }
    }
}

async fn panel_is_there() -> zbus::Result<bool> {
    let bus = DBusProxy::new(&Connection::session().await?).await?;
    Ok(bus.name_has_owner(PANEL.try_into()?).await?)
}

/// The item, as ksni asks for it.
struct Item {
    face: TrayFace,
    icons: Vec<Icon>,
    here: watch::Sender<bool>,
    /// Whether nobody shows it now.
    lost: AtomicBool,
    act: Arc<Act>,
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "enerlink-wallet".to_owned()
    }

    fn title(&self) -> String {
        NAME.to_owned()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        self.icons.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: NAME.to_owned(),
            description: self.face.tooltip.join("\n"),
            ..ToolTip::default()
        }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.act)(TrayAct::Open);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let entry = |entry: &enerlink_ipc::desktop::TrayEntry| {
            let act = entry.act;
            let item = StandardItem {
                // One underscore would mark the letter after it.
                label: entry.label.replace('_', "__"),
                enabled: entry.enabled,
                activate: Box::new(move |item: &mut Self| (item.act)(act)),
                ..StandardItem::default()
            };
            item.into()
        };
        self.face.entries.iter().map(entry).collect()
    }

    fn watcher_online(&self) {
        self.lost.store(false, Ordering::SeqCst);
        self.here.send_replace(true);
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        tracing::info!(?reason, "nobody shows the tray");
        self.lost.store(true, Ordering::SeqCst);
        self.here.send_replace(false);
        true
    }
}

/// The order of bytes that the bus wants.
fn icon(picture: Picture) -> Icon {
    let mut data = picture.rgba;
    for pixel in data.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    Icon {
        width: i32::try_from(picture.width).unwrap_or_default(),
        height: i32::try_from(picture.height).unwrap_or_default(),
        data,
    }
}
