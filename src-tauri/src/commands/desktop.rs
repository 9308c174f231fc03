//! Commands of the desktop: tray, closing and quitting, start at login.

use enerlink_domain::choice::SettlingView;
use enerlink_engine::Engine;
use enerlink_ipc::{
    Error,
    desktop::{Answer, Closing, DesktopView, TrayFace, Wish},
};
use tauri::{AppHandle, Runtime, State, ipc::Channel};

use crate::{
    login::Login,
    manners::{self, Manners},
    window,
};

#[tauri::command]
pub(crate) fn read_desktop(manners: State<'_, Manners>, login: State<'_, Login>) -> DesktopView {
    DesktopView {
        tray: *manners.tray().borrow(),
        at_login: login.is_on(),
    }
}

#[tauri::command]
pub(crate) fn set_at_login(
    manners: State<'_, Manners>,
    login: State<'_, Login>,
    enabled: bool,
) -> Result<DesktopView, Error> {
    login.set(enabled)?;
    Ok(read_desktop(manners, login))
}

#[tauri::command]
pub(crate) fn show_tray(manners: State<'_, Manners>, face: TrayFace, closing: Closing) {
    manners.show(face, closing);
}

#[tauri::command]
pub(crate) fn show_window<R: Runtime>(app: AppHandle<R>) {
    window::show(&app);
}

#[tauri::command]
pub(crate) async fn quit<R: Runtime>(app: AppHandle<R>) -> Result<(), Error> {
    manners::quit(app).await;
    Ok(())
}

#[tauri::command]
pub(crate) fn answer_closing<R: Runtime>(app: AppHandle<R>, answer: Answer) {
    manners::answer(&app, answer);
}

#[tauri::command]
pub(crate) async fn pause_settling(engine: State<'_, Engine>, paused: bool) -> Result<SettlingView, Error> {
    engine.pause_settling(paused).await
}

#[tauri::command]
pub(crate) fn subscribe_wishes(manners: State<'_, Manners>, channel: Channel<Wish>) {
    manners.listen(channel);
}
