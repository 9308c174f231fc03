//! Commands of backups: write one, look into one, restore from one.

use enerlink_engine::{Engine, Password};
use enerlink_ipc::{
    Error,
    wallet::{BackupContent, BackupReport, BackupSource, PickedFile, SheetReport},
};
use tauri::State;

use crate::dialog::{Dialogs, Question, backup_name, sheet_name};

#[tauri::command]
pub(crate) async fn save_backup(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    password: String,
) -> Result<Option<BackupReport>, Error> {
    let password = Password::from(password);
    let Some(path) = dialogs.save(backup_name(chrono::Local::now())).await? else {
        return Ok(None);
    };
    engine.save_backup(password, &path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn save_sheet(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    language: String,
) -> Result<Option<SheetReport>, Error> {
    let Some(path) = dialogs.save(sheet_name(chrono::Local::now())).await? else {
        return Ok(None);
    };
    engine.save_sheet(&path, &language).await.map(Some)
}

#[tauri::command]
pub(crate) async fn pick_backup(dialogs: State<'_, Dialogs>) -> Result<Option<PickedFile>, Error> {
    dialogs.pick(Question::Backup).await
}

#[tauri::command]
pub(crate) async fn pick_sheet(dialogs: State<'_, Dialogs>) -> Result<Vec<PickedFile>, Error> {
    dialogs.pick_all(Question::Sheet).await
}

#[tauri::command]
pub(crate) async fn inspect_backup(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    backup: BackupSource,
    backup_password: String,
) -> Result<BackupContent, Error> {
    let password = Password::from(backup_password);
    dialogs.allow_backup(&backup)?;
    engine.inspect_backup(backup, password).await
}

#[tauri::command]
pub(crate) async fn restore(
    engine: State<'_, Engine>,
    dialogs: State<'_, Dialogs>,
    backup: BackupSource,
    backup_password: String,
    password: Option<String>,
) -> Result<BackupContent, Error> {
    let backup_password = Password::from(backup_password);
    let password = password.map(Password::from);
    dialogs.allow_backup(&backup)?;
    engine.restore(backup, backup_password, password).await
}

#[tauri::command]
pub(crate) async fn acknowledge_restore(engine: State<'_, Engine>) -> Result<(), Error> {
    engine.acknowledge_restore().await
}
