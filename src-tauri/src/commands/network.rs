//! Commands of the network, and the subscription to events.

use enerlink_engine::Engine;
use enerlink_ipc::{
    Error, Event,
    view::{NetworkDraft, NetworkView},
};
use tauri::{State, ipc::Channel};

use crate::events;

#[tauri::command]
pub(crate) fn read_network(engine: State<'_, Engine>) -> Option<NetworkView> {
    engine.network_view()
}

#[tauri::command]
pub(crate) async fn set_network(
    engine: State<'_, Engine>,
    draft: NetworkDraft,
) -> Result<NetworkView, Error> {
    engine.set_network(draft).await
}

#[tauri::command]
pub(crate) async fn subscribe_events(
    engine: State<'_, Engine>,
    channel: Channel<Event>,
) -> Result<(), Error> {
    tauri::async_runtime::spawn(events::pump(engine.inner().clone(), channel));
    Ok(())
}
