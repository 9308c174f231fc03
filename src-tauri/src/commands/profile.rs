//! Commands of the profile as a whole: how it stands, and another one in its place.

use enerlink_engine::Engine;
use enerlink_ipc::view::AppStatus;
use tauri::State;

use crate::switch::Switch;

#[tauri::command]
pub(crate) fn read_status(engine: State<'_, Engine>) -> AppStatus {
    engine.status()
}

#[tauri::command]
pub(crate) fn switch_profile(switch: State<'_, Switch>, demo: bool) {
    switch.ask(demo);
}
