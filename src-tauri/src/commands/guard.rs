//! Commands of the guard.

use enerlink_domain::{
    Address,
    guard::{GuardOrder, GuardView},
};
use enerlink_engine::Engine;
use enerlink_ipc::Error;
use tauri::State;

#[tauri::command]
pub(crate) async fn read_guards(engine: State<'_, Engine>) -> Result<Vec<GuardView>, Error> {
    engine.guards().await
}

#[tauri::command]
pub(crate) async fn order_guard(
    engine: State<'_, Engine>,
    owner: Address,
    order: GuardOrder,
) -> Result<GuardView, Error> {
    engine.order_guard(owner, order).await
}
