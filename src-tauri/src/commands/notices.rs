//! Commands of the inbox, and of notices on the desktop.

use enerlink_engine::Engine;
use enerlink_ipc::{Error, device::NoticePage};
use tauri::State;

use crate::notify::Desktop;

#[tauri::command]
pub(crate) async fn list_notices(
    engine: State<'_, Engine>,
    limit: u16,
    before: Option<i64>,
) -> Result<NoticePage, Error> {
    engine.notices(limit, before).await
}

#[tauri::command]
pub(crate) async fn see_notices(engine: State<'_, Engine>) -> Result<(), Error> {
    engine.see_notices().await
}

#[tauri::command]
pub(crate) async fn show_notification(
    desktop: State<'_, Desktop>,
    title: String,
    body: String,
) -> Result<(), Error> {
    desktop.show(&title, &body).await;
    Ok(())
}
