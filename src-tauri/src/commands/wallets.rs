//! Commands of wallets: make them, import them, change them, and bring their keys out.

use enerlink_domain::Address;
use enerlink_engine::{Engine, Password};
use enerlink_ipc::{
    Error,
    wallet::{ImportPreview, ImportSource, PickedFile, WalletId, WalletView},
};
use tauri::State;

use crate::dialog::{Dialogs, Question, keystore_name};

#[tauri::command]
pub(crate) async fn create_wallet(
    engine: State<'_, Engine>,
    name: String,
    password: String,
    words: u8,
    passphrase: String,
) -> Result<WalletView, Error> {
    let (password, passphrase) = (Password::from(password), Password::from(passphrase));
    engine.create_wallet(name, password, words, passphrase).await
}

#[tauri::command]
pub(crate) async fn preview_import(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    source: ImportSource,
) -> Result<ImportPreview, Error> {
    dialogs.allow_import(&source)?;
    engine.preview_import(source).await
}

#[tauri::command]
pub(crate) async fn import_wallet(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    name: String,
    password: String,
    source: ImportSource,
    expected: Vec<Address>,
) -> Result<WalletView, Error> {
    let password = Password::from(password);
    dialogs.allow_import(&source)?;
    engine.import_wallet(name, password, source, expected).await
}

#[tauri::command]
pub(crate) async fn add_account(
    engine: State<'_, Engine>,
    wallet: WalletId,
    password: String,
    index: Option<u32>,
) -> Result<WalletView, Error> {
    engine.add_account(wallet, Password::from(password), index).await
}

#[tauri::command]
pub(crate) async fn rename_wallet(
    engine: State<'_, Engine>,
    wallet: WalletId,
    password: String,
    name: String,
) -> Result<WalletView, Error> {
    engine.rename_wallet(wallet, Password::from(password), name).await
}

#[tauri::command]
pub(crate) async fn remove_wallet(
    engine: State<'_, Engine>,
    wallet: WalletId,
    password: String,
) -> Result<(), Error> {
    engine.remove_wallet(wallet, Password::from(password)).await
}

#[tauri::command]
pub(crate) async fn set_primary(engine: State<'_, Engine>, address: Address) -> Result<(), Error> {
    engine.set_primary(address).await
}

#[tauri::command]
pub(crate) async fn reveal_phrase(
    engine: State<'_, Engine>,
    wallet: WalletId,
    password: String,
) -> Result<Vec<String>, Error> {
    let phrase = engine.reveal_phrase(wallet, Password::from(password)).await?;
    Ok(phrase.words().map(str::to_owned).collect())
}

#[tauri::command]
pub(crate) async fn confirm_phrase(
    engine: State<'_, Engine>,
    wallet: WalletId,
    password: String,
    words: Vec<(u8, String)>,
) -> Result<WalletView, Error> {
    engine
        .confirm_phrase(wallet, Password::from(password), words)
        .await
}

#[tauri::command]
pub(crate) async fn pick_keystore(dialogs: State<'_, Dialogs>) -> Result<Option<PickedFile>, Error> {
    dialogs.pick(Question::Keystore).await
}

#[tauri::command]
pub(crate) async fn export_keystore(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    address: Address,
    password: String,
    file_password: String,
) -> Result<Option<PickedFile>, Error> {
    let (password, file_password) = (Password::from(password), Password::from(file_password));
    let Some(path) = dialogs.save(keystore_name(address, chrono::Utc::now())).await? else {
        return Ok(None);
    };
    let written = engine.export_keystore(address, password, file_password, &path);
    written.await.map(Some)
}
