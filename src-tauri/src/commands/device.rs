//! Commands of the device behind a meter: what it shall do, and what went over the wire.

use enerlink_domain::{CommandView, MeterCommand, MeterId};
use enerlink_engine::Engine;
use enerlink_ipc::{
    Error,
    command::CommandPage,
    view::{MessageFilter, MessagePage, SavedRows},
};
use tauri::State;

use crate::dialog::{Dialogs, dated};

#[tauri::command]
pub(crate) async fn send_command(
    engine: State<'_, Engine>,
    meter_id: MeterId,
    command: MeterCommand,
    confirmed: bool,
) -> Result<CommandView, Error> {
    engine.send_command(meter_id, command, confirmed).await
}

#[tauri::command]
pub(crate) async fn list_commands(
    engine: State<'_, Engine>,
    meter_id: MeterId,
    limit: u16,
    before: Option<i64>,
) -> Result<CommandPage, Error> {
    engine.list_commands(&meter_id, limit, before).await
}

#[tauri::command]
pub(crate) async fn list_messages(
    engine: State<'_, Engine>,
    filter: MessageFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<MessagePage, Error> {
    engine.messages(&filter, limit, before).await
}

#[tauri::command]
pub(crate) async fn save_messages(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    filter: MessageFilter,
) -> Result<Option<SavedRows>, Error> {
    let Some(path) = dialogs.save(dated("messages", "csv")).await? else {
        return Ok(None);
    };
    engine.save_messages(&filter, &path).await.map(Some)
}
