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

/// What Windows shows of a tooltip, in its own units, without the end that it wants to see.
const TOOLTIP: usize = 127;

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
    icon.set_tooltip(Some(fitting(&lines.collect::<Vec<_>>().join("\n"))))?;
    let menu = Menu::new(app)?;
    for (at, entry) in face.entries.iter().enumerate() {
        // One ampersand would mark the letter after it.
        let label = entry.label.replace('&', "&&");
        let item = MenuItem::with_id(app, at.to_string(), label, entry.enabled, None::<&str>)?;
        menu.append(&item)?;
    }
    icon.set_menu(Some(menu))
}

/// As much of a tooltip as is shown.
fn fitting(text: &str) -> &str {
    let mut room = TOOLTIP;
    let fits = |(at, letter): (usize, char)| {
        let left = room.checked_sub(letter.len_utf16());
        room = left.unwrap_or_default();
        left.is_none().then_some(at)
    };
    let end = text.char_indices().find_map(fits);
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tooltip_leaves_room_for_its_end() {
        assert_eq!(fitting("EnerLink"), "EnerLink");
        assert_eq!(fitting(&"é".repeat(200)).chars().count(), TOOLTIP);
        assert_eq!(fitting(&"\u{1f31e}".repeat(200)).chars().count(), TOOLTIP / 2);
    }
}
