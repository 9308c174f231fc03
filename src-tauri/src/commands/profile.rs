//! Commands of the profile as a whole: how it stands, and another one in its place.

use enerlink_engine::Engine;
use enerlink_ipc::{Error, view::AppStatus, wallet::PickedFile};
use tauri::State;

use crate::{
    dialog::{Dialogs, table_name},
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
    let Some(path) = dialogs.save(table_name(&name, chrono::Local::now())).await? else {
        return Ok(None);
    };
    engine.save_table(csv, &path).await.map(Some)
}
