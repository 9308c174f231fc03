//! Commands of what was measured and settled: the home page, power, energy, settlements.

use enerlink_domain::{MeterId, UnixMillis, settlement::SettlementFilter};
use enerlink_engine::Engine;
use enerlink_ipc::{
    Error,
    view::{History, Home, PowerCurve, SavedRows, SettlementPage},
};
use tauri::State;

use crate::dialog::{Dialogs, dated};

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
pub(crate) async fn read_history(
    engine: State<'_, Engine>,
    meter_id: MeterId,
    edges: Vec<UnixMillis>,
) -> Result<History, Error> {
    engine.history(&meter_id, &edges).await
}

#[tauri::command]
pub(crate) async fn save_readings(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    meter_id: MeterId,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Option<SavedRows>, Error> {
    let name = dated(&format!("readings-{meter_id}"), "csv");
    let Some(path) = dialogs.save(name).await? else {
        return Ok(None);
    };
    engine.save_readings(&meter_id, from, to, &path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn list_settlements(
    engine: State<'_, Engine>,
    filter: SettlementFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<SettlementPage, Error> {
    engine.settlements(&filter, limit, before).await
}
