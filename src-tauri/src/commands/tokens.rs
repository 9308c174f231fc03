//! Commands of tokens: sending, the ramp, what moved, allowances.

use enerlink_domain::{
    Address, Transaction,
    payee::PayeeCheck,
    token::{
        Allowance, ConversionFilter, ConversionPage, MovementFilter, MovementPage, Ramp, SendDraft,
        SendPreview, Token,
    },
};
use enerlink_engine::Engine;
use enerlink_ipc::{Error, view::SavedRows};
use tauri::State;

use crate::dialog::{Dialogs, dated};

#[tauri::command]
pub(crate) async fn check_payee(engine: State<'_, Engine>, text: String) -> Result<PayeeCheck, Error> {
    engine.check_payee(&text).await
}

#[tauri::command]
pub(crate) async fn preview_send(engine: State<'_, Engine>, draft: SendDraft) -> Result<SendPreview, Error> {
    engine.preview_send(&draft).await
}

#[tauri::command]
pub(crate) async fn send_tokens(engine: State<'_, Engine>, draft: SendDraft) -> Result<Transaction, Error> {
    engine.send(draft).await
}

#[tauri::command]
pub(crate) async fn exchange_idrs(
    engine: State<'_, Engine>,
    account: Address,
    way: Ramp,
    amount: String,
) -> Result<Transaction, Error> {
    engine.ramp(account, way, &amount).await
}

#[tauri::command]
pub(crate) async fn list_conversions(
    engine: State<'_, Engine>,
    filter: ConversionFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<ConversionPage, Error> {
    engine.conversions(&filter, limit, before).await
}

#[tauri::command]
pub(crate) async fn save_conversions(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    filter: ConversionFilter,
) -> Result<Option<SavedRows>, Error> {
    let Some(path) = dialogs.save(dated("exchanges", "csv")).await? else {
        return Ok(None);
    };
    engine.save_conversions(&filter, &path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn list_movements(
    engine: State<'_, Engine>,
    filter: MovementFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<MovementPage, Error> {
    engine.movements(&filter, limit, before).await
}

#[tauri::command]
pub(crate) async fn save_movements(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    filter: MovementFilter,
) -> Result<Option<SavedRows>, Error> {
    let Some(path) = dialogs.save(dated("tokens", "csv")).await? else {
        return Ok(None);
    };
    engine.save_movements(&filter, &path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn list_allowances(engine: State<'_, Engine>) -> Result<Vec<Allowance>, Error> {
    engine.allowances().await
}

#[tauri::command]
pub(crate) async fn revoke_allowance(
    engine: State<'_, Engine>,
    owner: Address,
    token: Token,
    spender: Address,
) -> Result<Transaction, Error> {
    engine.revoke_allowance(owner, token, spender).await
}
