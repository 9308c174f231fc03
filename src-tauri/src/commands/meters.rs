//! Commands of meters: find one, add it, change it, register it, settle it.

use std::time::Duration;

use enerlink_domain::{Address, MeterId, Settlement};
use enerlink_engine::Engine;
use enerlink_ipc::{
    Error,
    view::{BrokerDraft, MeterDraft, MeterEdit, MeterView, Probe, QrCode, RegistrationRequest},
    wallet::PickedFile,
};
use tauri::State;

use crate::dialog::{Dialogs, Question, dated};

#[tauri::command]
pub(crate) async fn probe_broker(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    broker: BrokerDraft,
    base_topic: Option<String>,
    seconds: u16,
) -> Result<Probe, Error> {
    dialogs.allow_broker(&broker)?;
    let patience = Duration::from_secs(seconds.into());
    engine.probe(broker, base_topic, patience).await
}

#[tauri::command]
pub(crate) async fn stop_probe(engine: State<'_, Engine>) -> Result<(), Error> {
    engine.stop_probe();
    Ok(())
}

#[tauri::command]
pub(crate) async fn pick_pem(dialogs: State<'_, Dialogs>) -> Result<Option<PickedFile>, Error> {
    dialogs.pick(Question::Pem).await
}

#[tauri::command]
pub(crate) async fn add_meter(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    draft: MeterDraft,
) -> Result<MeterView, Error> {
    dialogs.allow_broker(&draft.broker)?;
    engine.add_meter(draft).await
}

#[tauri::command]
pub(crate) async fn edit_meter(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    meter_id: MeterId,
    edit: MeterEdit,
) -> Result<MeterView, Error> {
    edit.broker
        .iter()
        .try_for_each(|broker| dialogs.allow_broker(broker))?;
    engine.edit_meter(meter_id, edit).await
}

#[tauri::command]
pub(crate) async fn move_meter(
    engine: State<'_, Engine>,
    meter_id: MeterId,
    owner: Address,
) -> Result<MeterView, Error> {
    engine.move_meter(meter_id, owner).await
}

#[tauri::command]
pub(crate) async fn retire_meter(
    engine: State<'_, Engine>,
    meter_id: MeterId,
    retired: bool,
) -> Result<MeterView, Error> {
    engine.retire_meter(meter_id, retired).await
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
pub(crate) async fn save_registration(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    meter_id: MeterId,
) -> Result<Option<PickedFile>, Error> {
    let name = dated(&format!("registration-{meter_id}"), "json");
    let Some(path) = dialogs.save(name).await? else {
        return Ok(None);
    };
    engine.save_registration(&meter_id, &path).await.map(Some)
}

#[tauri::command]
pub(crate) fn draw_qr(engine: State<'_, Engine>, text: String) -> Result<QrCode, Error> {
    engine.draw_qr(&text)
}

#[tauri::command]
pub(crate) async fn settle_now(engine: State<'_, Engine>, meter_id: MeterId) -> Result<Settlement, Error> {
    engine.settle_now(meter_id).await
}
