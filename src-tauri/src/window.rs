//! The window: where it was, hidden and shown. A program whose tray has gone shows it again.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use tauri::{App, AppHandle, Manager as _, Runtime, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_window_state::StateFlags;
use tokio::{sync::watch, time::timeout};

const MAIN: &str = "main";
/// How long a panel may take until it shows a tray: at login it comes after us, and it may be started anew.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the window where it was, as `remembered` says.
pub(crate) fn open(app: &App, remembered: &Path, hidden: bool) -> anyhow::Result<()> {
    // The library keeps it under the app's own name otherwise, which every profile would share.
    if let Some(file) = remembered.to_str() {
        let plugin = tauri_plugin_window_state::Builder::new()
            .with_filename(file)
            .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED)
            .build();
        app.handle().plugin(plugin)?;
    }
    let config = app
        .config()
        .app
        .windows
        .first()
        .context("no window is described")?;
    let window = WebviewWindowBuilder::from_config(app.handle(), config)?
        // On Wayland a window that begins hidden never gets its size and its frame.
        .visible(!hidden || cfg!(target_os = "linux"))
        .build()?;
    if hidden {
        window.hide()?;
    }
    Ok(())
}

/// Brings the window to the front.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>) {
    with(app, |window| {
        window.show()?;
        window.unminimize()?;
        window.set_focus()
    });
}

/// Takes the window from the screen; the program goes on.
pub(crate) fn hide<R: Runtime>(app: &AppHandle<R>) {
    with(app, WebviewWindow::hide);
}

/// Shows the window whenever there has been no tray for a while: nobody could open it otherwise.
pub(crate) async fn stay_reachable<R: Runtime>(app: AppHandle<R>, mut tray: watch::Receiver<bool>) {
    loop {
        if tray.wait_for(|here| !here).await.is_err() {
            return;
        }
        if timeout(PATIENCE, tray.wait_for(|here| *here)).await.is_err() {
            with(&app, |window| {
                if window.is_visible()? {
                    Ok(())
                } else {
                    window.show()
                }
            });
        }
        if tray.wait_for(|here| *here).await.is_err() {
            return;
        }
    }
}

fn with<R: Runtime>(app: &AppHandle<R>, act: impl FnOnce(&WebviewWindow<R>) -> tauri::Result<()>) {
    if let Some(window) = app.get_webview_window(MAIN)
        && let Err(error) = act(&window)
    {
        tracing::warn!(%error, "the window does not follow");
    }
}
