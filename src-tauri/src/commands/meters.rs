//! Commands of meters, the home page and settlements.

use enerlink_domain::{MeterId, Settlement, UnixMillis};
use enerlink_engine::Engine;
use enerlink_ipc::{
    Error,
    view::{CommandId, Home, MeterDraft, MeterView, PowerCurve, RegistrationRequest, SettlementPage},
};
use tauri::State;

#[tauri::command]
pub(crate) async fn add_meter(engine: State<'_, Engine>, draft: MeterDraft) -> Result<MeterView, Error> {
    engine.add_meter(draft).await
}

#[tauri::command]
pub(crate) fn list_meters(engine: State<'_, Engine>) -> Vec<MeterView> {
    engine.meters()
}

#[tauri::command]
pub(crate) async fn request_registration(
    engine: State<'_, Engine>,
    meter_id: MeterId,
) -> Result<RegistrationRequest, Error> {
    engine.request_registration(&meter_id).await
}

#[tauri::command]
pub(crate) async fn read_home(
    engine: State<'_, Engine>,
    meter_id: Option<MeterId>,
    day_start: UnixMillis,
) -> Result<Home, Error> {
    engine.home(meter_id, day_start).await
}

#[tauri::command]
pub(crate) async fn read_power(
    engine: State<'_, Engine>,
    meter_id: MeterId,
    from: UnixMillis,
    to: UnixMillis,
    points: u16,
) -> Result<PowerCurve, Error> {
    engine.power(&meter_id, from, to, points).await
}

#[tauri::command]
pub(crate) async fn list_settlements(
    engine: State<'_, Engine>,
    meter_id: Option<MeterId>,
    limit: u16,
    before: Option<i64>,
) -> Result<SettlementPage, Error> {
    engine.settlements(meter_id.as_ref(), limit, before).await
}

#[tauri::command]
pub(crate) async fn settle_now(engine: State<'_, Engine>, meter_id: MeterId) -> Result<Settlement, Error> {
    engine.settle_now(meter_id).await
}

#[tauri::command]
pub(crate) async fn reset_display(engine: State<'_, Engine>, meter_id: MeterId) -> Result<CommandId, Error> {
    engine.reset_display(meter_id).await
}
