//! Commands of the profile as a whole: how it stands, and another one in its place.

use enerlink_engine::Engine;
use enerlink_ipc::{
    Error,
    view::{AppStatus, Diagnostics, Preferences},
    wallet::PickedFile,
};
use tauri::State;

use crate::{
    dialog::{Dialogs, dated},
    switch::Switch,
};

#[tauri::command]
pub(crate) fn read_status(engine: State<'_, Engine>) -> AppStatus {
    engine.status()
}

#[tauri::command]
pub(crate) fn switch_profile(switch: State<'_, Switch>, demo: bool) {
    switch.ask(demo);
}

#[tauri::command]
pub(crate) async fn save_table(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    name: String,
    csv: String,
) -> Result<Option<PickedFile>, Error> {
    let Some(path) = dialogs.save(dated(&name, "csv")).await? else {
        return Ok(None);
    };
    engine.save_table(csv, &path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn copy_database(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
) -> Result<Option<PickedFile>, Error> {
    let Some(path) = dialogs.save(dated("database", "db")).await? else {
        return Ok(None);
    };
    engine.copy_database(&path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn save_image(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    name: String,
    png: String,
) -> Result<Option<PickedFile>, Error> {
    let Some(path) = dialogs.save(dated(&name, "png")).await? else {
        return Ok(None);
    };
    engine.save_image(png, &path).await.map(Some)
}

#[tauri::command]
pub(crate) fn read_preferences(engine: State<'_, Engine>) -> Preferences {
    engine.preferences()
}

#[tauri::command]
pub(crate) async fn set_preferences(
    engine: State<'_, Engine>,
    preferences: Preferences,
) -> Result<Preferences, Error> {
    engine.set_preferences(preferences).await
}

#[tauri::command]
pub(crate) async fn read_diagnostics(engine: State<'_, Engine>) -> Result<Diagnostics, Error> {
    engine.diagnostics().await
}
