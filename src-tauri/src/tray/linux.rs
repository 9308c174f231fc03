//! Linux: a StatusNotifierItem on the session's bus, which KDE shows by itself, GNOME by an extension, and most others by
//! their panels. There is no C library that could be missing, and it comes back when the panel is started anew.

use std::sync::atomic::{AtomicBool, Ordering};

use enerlink_ipc::desktop::{TrayAct, TrayFace};
use ksni::{Icon, MenuItem, OfflineReason, ToolTip, TrayMethods as _, menu::StandardItem};
use tauri::{AppHandle, Runtime, async_runtime::spawn};
use tokio::sync::watch;

use super::{NAME, Tray};

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
    let item = Item {
        face: face.borrow_and_update().clone(),
        icons: picture.map(icon).into_iter().collect(),
        here: here.clone(),
        lost: AtomicBool::new(false),
        act,
    };
    // The panel may come later than we do.
    let handle = match item.assume_sni_available(true).spawn().await {
        Ok(handle) => handle,
        Err(error) => {
            tracing::info!(%error, "there is no tray");
            return;
        }
    };
    let shown = handle.update(|item| !item.lost.load(Ordering::SeqCst)).await;
    if shown == Some(true) {
        here.send_replace(true);
    }
    while face.changed().await.is_ok() {
        let next = face.borrow_and_update().clone();
        if handle.update(|item| item.face = next).await.is_none() {
            tracing::info!("the tray is gone");
            here.send_replace(false);
            return;
        }
    }
}

/// The item, as ksni asks for it.
struct Item {
    face: TrayFace,
    icons: Vec<Icon>,
    here: watch::Sender<bool>,
    /// Whether nobody shows it now.
    lost: AtomicBool,
    act: Box<dyn Fn(TrayAct) + Send + Sync>,
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
