//! Windows and macOS: the tray that Tauri has for them.

use std::sync::Arc;

use enerlink_ipc::desktop::{TrayAct, TrayFace};
use tauri::{
    AppHandle, Runtime,
    async_runtime::spawn,
    menu::{Menu, MenuItem},
    tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent},
};

use super::{NAME, Tray};

/// Shows `tray` as long as the program runs.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>, tray: Tray) {
    let Tray { mut face, here, act } = tray;
    let act: Arc<dyn Fn(TrayAct) + Send + Sync> = Arc::from(act);
    let (chosen, clicked) = (Arc::clone(&act), act);
    let menu_face = face.clone();
    let mut builder = TrayIconBuilder::new()
        .tooltip(NAME)
        // A click opens the menu on macOS and the window on Windows.
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(move |_, event| {
            let at = event.id().as_ref().parse::<usize>().ok();
            let entry = at.and_then(|at| menu_face.borrow().entries.get(at).map(|entry| entry.act));
            if let Some(act) = entry {
                chosen(act);
            }
        })
        .on_tray_icon_event(move |_, event| {
            let click = matches!(
                event,
                TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                }
            );
            if click && cfg!(windows) {
                clicked(TrayAct::Open);
            }
        });
    if let Some(icon) = app.default_window_icon() {
        builder = builder.icon(icon.clone());
    }
    let icon = match builder.build(app) {
        Ok(icon) => icon,
        Err(error) => return tracing::info!(%error, "there is no tray"),
    };
    here.send_replace(true);
    let app = app.clone();
    spawn(async move {
        loop {
            let next = face.borrow_and_update().clone();
            if let Err(error) = draw(&app, &icon, &next) {
                tracing::info!(%error, "the tray does not show what is new");
            }
            if face.changed().await.is_err() {
                return;
            }
        }
    });
}

/// Shows a face; an entry's id is its place in it.
fn draw<R: Runtime>(app: &AppHandle<R>, icon: &TrayIcon<R>, face: &TrayFace) -> tauri::Result<()> {
    let lines = std::iter::once(NAME).chain(face.tooltip.iter().map(String::as_str));
    icon.set_tooltip(Some(lines.collect::<Vec<_>>().join("\n")))?;
    let menu = Menu::new(app)?;
    for (at, entry) in face.entries.iter().enumerate() {
        let item = MenuItem::with_id(app, at.to_string(), &entry.label, entry.enabled, None::<&str>)?;
        menu.append(&item)?;
    }
    icon.set_menu(Some(menu))
}
