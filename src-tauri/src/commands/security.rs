//! Commands of the vault's lock and of the security page.

use enerlink_domain::MeterId;
use enerlink_engine::{Engine, Password};
use enerlink_ipc::{
    Error,
    view::Strength,
    wallet::{ActivityPage, LockReason, SecurityView, SettlementKeyView, WalletView},
};
use tauri::State;

use crate::clipboard::{PASTE_KEPT, Pasted};

#[tauri::command]
pub(crate) async fn rate_password(engine: State<'_, Engine>, password: String) -> Result<Strength, Error> {
    Ok(engine.rate_password(Password::from(password)))
}

#[tauri::command]
pub(crate) async fn change_password(
    engine: State<'_, Engine>,
    password: String,
    new_password: String,
) -> Result<(), Error> {
    let (old, new) = (Password::from(password), Password::from(new_password));
    engine.change_password(old, new).await
}

#[tauri::command]
pub(crate) async fn unlock(engine: State<'_, Engine>, password: String) -> Result<Vec<WalletView>, Error> {
    engine.unlock(Password::from(password)).await
}

#[tauri::command]
pub(crate) async fn lock(engine: State<'_, Engine>) -> Result<(), Error> {
    engine.lock(LockReason::Person);
    Ok(())
}

#[tauri::command]
pub(crate) fn touch(engine: State<'_, Engine>) {
    engine.touch();
}

#[tauri::command]
pub(crate) async fn forget_paste(pasted: State<'_, Pasted>) -> Result<(), Error> {
    pasted.forget_after(PASTE_KEPT).await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn read_activity(
    engine: State<'_, Engine>,
    limit: u16,
    before: Option<i64>,
) -> Result<ActivityPage, Error> {
    engine.activity(limit, before).await
}

#[tauri::command]
pub(crate) async fn read_security(engine: State<'_, Engine>) -> Result<SecurityView, Error> {
    engine.security().await
}

#[tauri::command]
pub(crate) async fn set_idle_lock(engine: State<'_, Engine>, minutes: u32) -> Result<(), Error> {
    engine.set_idle_lock(minutes).await
}

#[tauri::command]
pub(crate) async fn set_settlement_key(
    engine: State<'_, Engine>,
    meter_id: MeterId,
    enabled: bool,
) -> Result<SettlementKeyView, Error> {
    engine.set_settlement_key(meter_id, enabled).await
}
