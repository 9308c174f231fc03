//! Commands of the wallet's keys.

use enerlink_engine::{Engine, Password};
use enerlink_ipc::{
    Error,
    view::{AppStatus, Strength, WalletView},
};
use tauri::State;

#[tauri::command]
pub(crate) fn read_status(engine: State<'_, Engine>) -> AppStatus {
    engine.status()
}

#[tauri::command]
pub(crate) async fn rate_password(engine: State<'_, Engine>, password: String) -> Result<Strength, Error> {
    Ok(engine.rate_password(Password::from(password)))
}

#[tauri::command]
pub(crate) async fn create_wallet(
    engine: State<'_, Engine>,
    name: String,
    password: String,
    words: u8,
) -> Result<WalletView, Error> {
    engine.create_wallet(name, Password::from(password), words).await
}

#[tauri::command]
pub(crate) async fn reveal_phrase(engine: State<'_, Engine>, password: String) -> Result<Vec<String>, Error> {
    let phrase = engine.reveal_phrase(Password::from(password)).await?;
    Ok(phrase.words().map(str::to_owned).collect())
}

#[tauri::command]
pub(crate) async fn confirm_phrase(
    engine: State<'_, Engine>,
    password: String,
    words: Vec<(u8, String)>,
) -> Result<WalletView, Error> {
    engine.confirm_phrase(Password::from(password), words).await
}

#[tauri::command]
pub(crate) async fn unlock(engine: State<'_, Engine>, password: String) -> Result<WalletView, Error> {
    engine.unlock(Password::from(password)).await
}

#[tauri::command]
pub(crate) fn lock(engine: State<'_, Engine>) {
    engine.lock();
}
