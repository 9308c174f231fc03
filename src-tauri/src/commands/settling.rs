//! Commands of settlement: what is chosen about it, what it brought, and the audit of both.

use enerlink_domain::{
    Address, MeterId, UnixMillis,
    audit::{AuditPage, ReceiptFormat, Verification},
    choice::{SettlingChoice, SettlingView},
    settlement::SettlementFilter,
};
use enerlink_engine::Engine;
use enerlink_ipc::{
    Error,
    view::{SavedRows, Totals},
    wallet::PickedFile,
};
use tauri::State;

use crate::dialog::{Dialogs, dated, receipt_name};

#[tauri::command]
pub(crate) async fn save_settlements(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    filter: SettlementFilter,
) -> Result<Option<SavedRows>, Error> {
    let Some(path) = dialogs.save(dated("settlements", "csv")).await? else {
        return Ok(None);
    };
    engine.save_settlements(&filter, &path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn read_totals(
    engine: State<'_, Engine>,
    meter_id: Option<MeterId>,
    edges: Vec<UnixMillis>,
) -> Result<Vec<Totals>, Error> {
    engine.totals_between(meter_id.as_ref(), &edges).await
}

#[tauri::command]
pub(crate) async fn read_audit(
    engine: State<'_, Engine>,
    meter_id: Option<MeterId>,
    limit: u16,
    before: Option<u64>,
) -> Result<AuditPage, Error> {
    engine.audit_page(meter_id.as_ref(), limit, before).await
}

#[tauri::command]
pub(crate) async fn verify_audit(engine: State<'_, Engine>) -> Result<Verification, Error> {
    engine.verify_audit().await
}

#[tauri::command]
pub(crate) async fn save_receipt(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    settlement_id: String,
    format: ReceiptFormat,
    language: String,
) -> Result<Option<PickedFile>, Error> {
    let Some(path) = dialogs.save(receipt_name(&settlement_id, format)).await? else {
        return Ok(None);
    };
    let saved = engine.save_receipt(&settlement_id, format, &language, &path);
    saved.await.map(Some)
}

#[tauri::command]
pub(crate) fn read_settling(engine: State<'_, Engine>) -> SettlingView {
    engine.settling_view()
}

#[tauri::command]
pub(crate) async fn set_settling(
    engine: State<'_, Engine>,
    owner: Address,
    meter_id: Option<MeterId>,
    choice: SettlingChoice,
) -> Result<SettlingView, Error> {
    engine.set_settling(owner, meter_id, choice).await
}
