//! What goes out of the vault into files, and comes back: key files, backups, sheets.

use std::path::Path;

use enerlink_domain::{Address, Code, Error, event::VaultState, wallet::BackupSource};
use enerlink_engine::Access;
use serde_json::json;

use super::{finish, open, shown};
use crate::{
    arguments::{ProfileArguments, RestoreArguments, VaultArguments},
    failure::{Failure, Outcome},
    secret::Secret,
    session,
};

/// Writes one key as a key file.
pub(crate) async fn export(
    vault: &VaultArguments,
    address: Option<Address>,
    out: &Path,
    file_password_file: &Path,
    json: bool,
) -> Outcome {
    let password = Secret::read(&vault.password_file)?.password();
    let file_password = Secret::read(file_password_file)?.password();
    let engine = open(vault).await?;
    let address = address
        .or_else(|| engine.primary())
        .ok_or_else(|| Error::new(Code::NoVault, "there is no wallet yet"))?;
    let file = engine
        .export_keystore(address, password, file_password, out)
        .await?;
    let answer = json!({ "address": address, "path": file.path, "name": file.name });
    finish(engine, json, &answer, |_| {
        format!("The key of {address} is in {}.", file.path)
    })
    .await
}

/// Writes the encrypted backup.
pub(crate) async fn back_up(vault: &VaultArguments, out: &Path, json: bool) -> Outcome {
    let password = Secret::read(&vault.password_file)?.password();
    let engine = open(vault).await?;
    let report = engine.save_backup(password, out).await?;
    finish(engine, json, &report, |report| {
        format!(
            "{}: {} wallet(s), {} meter(s), {} bytes, written and opened again.\nSHA-256 {}",
            report.path, report.wallets, report.meters, report.bytes, report.sha256
        )
    })
    .await
}

/// Writes the printable sheet.
pub(crate) async fn sheet(profile: &ProfileArguments, out: &Path, language: &str, json: bool) -> Outcome {
    let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
    let report = engine.save_sheet(out, language).await?;
    finish(engine, json, &report, |report| {
        format!(
            "{}: {} wallet(s) as {} code(s) on {} page(s).",
            report.path, report.wallets, report.codes, report.pages
        )
    })
    .await
}

/// Restores a backup, and shows the list: who calls this sees it.
pub(crate) async fn restore(arguments: RestoreArguments, json: bool) -> Outcome {
    let here = arguments.password_file.as_deref().map(Secret::read).transpose()?;
    let then = arguments
        .backup_password_file
        .as_deref()
        .map(Secret::read)
        .transpose()?;
    let backup_password = then
        .as_ref()
        .or(here.as_ref())
        .ok_or_else(|| Failure::input("a password file is needed: --backup-password-file P"))?
        .password();
    let engine = session::open(&arguments.profile.data_dir, Access::Exclusive).await?;
    // An empty profile has no password yet.
    let password = here
        .filter(|_| engine.vault() != VaultState::Missing)
        .map(|here| here.password());
    let source = match arguments.from {
        Some(path) => BackupSource::File { path: text(&path) },
        None => BackupSource::Sheet {
            paths: arguments.sheet.iter().map(|path| text(path)).collect(),
        },
    };
    let content = engine.restore(source, backup_password, password).await?;
    crate::output::answer(json, &content, shown::restored);
    engine.acknowledge_restore().await?;
    engine.stop().await;
    Ok(())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
