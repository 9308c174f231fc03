//! `enerlink wallet`: the wallets of a profile and their keys.

mod backup;
mod phrase_file;
mod shown;

use std::path::Path;

use enerlink_domain::{
    Address, Code, Error,
    wallet::{ImportSource, WalletId, WalletView},
};
use enerlink_engine::{Access, Engine};
use serde_json::json;

use self::phrase_file::PhraseFile;
use crate::{
    arguments::{OneWalletArguments, SourceArguments, VaultArguments, WalletCommand},
    failure::{Failure, Outcome},
    output,
    secret::Secret,
    session,
};

/// How many accounts of a phrase a scan looks at.
const SCANNED: std::ops::Range<u32> = 0..10;

pub(crate) async fn wallet(command: WalletCommand, json: bool) -> Outcome {
    match command {
        WalletCommand::Create {
            vault,
            name,
            words,
            passphrase_file,
            phrase_file,
        } => {
            let password = Secret::read(&vault.password_file)?;
            let passphrase = read_or_empty(passphrase_file.as_deref())?;
            // Before the wallet is made: a phrase that cannot be written down is no use.
            let file = phrase_file.as_deref().map(PhraseFile::create).transpose()?;
            let engine = open(&vault).await?;
            let wallet = engine
                .create_wallet(name, password.password(), words, passphrase.password())
                .await?;
            if let Some(file) = file {
                file.write(&engine.reveal_phrase(wallet.wallet, password.password()).await?)?;
            }
            finish(engine, json, &wallet, shown::wallet).await
        }
        WalletCommand::Import {
            vault,
            name,
            source,
            expected,
        } => {
            let password = Secret::read(&vault.password_file)?.password();
            let source = read_source(source, 0..1)?;
            let engine = open(&vault).await?;
            let wallet = engine.import_wallet(name, password, source, expected).await?;
            finish(engine, json, &wallet, shown::wallet).await
        }
        WalletCommand::Scan { profile, source } => scan(&profile.data_dir, source, json).await,
        WalletCommand::List(profile) => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            shown::list(json, &engine.wallets(), engine.primary());
            Ok(())
        }
        WalletCommand::Verify(vault) => {
            let password = Secret::read(&vault.password_file)?.password();
            let engine = open(&vault).await?;
            let wallets = engine.verify_wallets(password).await?;
            engine.stop().await;
            shown::list(json, &wallets, engine.primary());
            if !json {
                output::text_line("Every address was derived from its key again, and is right.");
            }
            Ok(())
        }
        WalletCommand::AddAccount { of, index } => {
            let (engine, password, wallet) = open_one(&of).await?;
            let view = engine.add_account(wallet, password.password(), index).await?;
            finish(engine, json, &view, shown::wallet).await
        }
        WalletCommand::Primary { profile, address } => {
            let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
            engine.set_primary(address).await?;
            finish(engine, json, &json!({ "primary": address }), |_| {
                format!("{address} is proposed when a meter is added.")
            })
            .await
        }
        WalletCommand::Rename { of, name } => {
            let (engine, password, wallet) = open_one(&of).await?;
            let view = engine.rename_wallet(wallet, password.password(), name).await?;
            finish(engine, json, &view, shown::wallet).await
        }
        WalletCommand::Remove { of } => {
            let (engine, password, wallet) = open_one(&of).await?;
            engine.remove_wallet(wallet, password.password()).await?;
            finish(engine, json, &json!({ "removed": wallet }), |_| {
                "The wallet is removed from this computer.".to_owned()
            })
            .await
        }
        WalletCommand::Passwd {
            vault,
            new_password_file,
        } => {
            let old = Secret::read(&vault.password_file)?.password();
            let new = Secret::read(&new_password_file)?.password();
            let engine = open(&vault).await?;
            engine.change_password(old, new).await?;
            finish(engine, json, &json!({ "password_changed": true }), |_| {
                "The vault has the new password. Older backups keep the old one.".to_owned()
            })
            .await
        }
        WalletCommand::Reveal { of, phrase_file } => {
            let file = PhraseFile::create(&phrase_file)?;
            let (engine, password, wallet) = open_one(&of).await?;
            file.write(&engine.reveal_phrase(wallet, password.password()).await?)?;
            let answer = json!({ "wallet": wallet, "phrase_file": phrase_file });
            finish(engine, json, &answer, |_| {
                format!(
                    "The phrase is in {}. Move it offline, then delete it.",
                    phrase_file.display()
                )
            })
            .await
        }
        WalletCommand::Confirm { of, phrase_file } => {
            let typed = Secret::read(&phrase_file)?;
            let words = (0..).zip(typed.text().split_whitespace().map(str::to_owned));
            let words = words.collect();
            let (engine, password, wallet) = open_one(&of).await?;
            let view = engine.confirm_phrase(wallet, password.password(), words).await?;
            finish(engine, json, &view, shown::wallet).await
        }
        WalletCommand::Export {
            vault,
            address,
            out,
            file_password_file,
        } => backup::export(&vault, address, &out, &file_password_file, json).await,
        WalletCommand::Backup { vault, out } => backup::back_up(&vault, &out, json).await,
        WalletCommand::Sheet {
            profile,
            out,
            language,
        } => backup::sheet(&profile, &out, &language, json).await,
        WalletCommand::Restore(arguments) => backup::restore(arguments, json).await,
        WalletCommand::Activity { profile, limit } => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            for row in engine.activity(limit, None).await?.rows {
                output::answer(json, &row, shown::activity);
            }
            Ok(())
        }
    }
}

/// Shows what an import would bring. Where there is no profile yet there is no network to ask for balances either.
async fn scan(data_dir: &Path, source: SourceArguments, json: bool) -> Outcome {
    let source = read_source(source, SCANNED)?;
    let empty =
        tempfile::tempdir().map_err(|error| Failure::input(format!("no temporary directory: {error}")))?;
    let engine = if session::has_profile(data_dir)? {
        session::open(data_dir, Access::ReadOnly).await?
    } else {
        session::open(empty.path(), Access::Exclusive).await?
    };
    let preview = engine.preview_import(source).await?;
    finish(engine, json, &preview, shown::preview).await
}

async fn open(vault: &VaultArguments) -> Result<Engine, Failure> {
    session::open(&vault.profile.data_dir, Access::Exclusive).await
}

/// Opens the profile, and says which wallet is meant.
async fn open_one(of: &OneWalletArguments) -> Result<(Engine, Secret, WalletId), Failure> {
    let password = Secret::read(&of.vault.password_file)?;
    let engine = open(&of.vault).await?;
    let wallet = choose(&engine.wallets(), of.wallet.as_deref())?;
    Ok((engine, password, wallet))
}

/// The wallet that `text` names by id, address or name; the only one when nothing is named.
fn choose(wallets: &[WalletView], text: Option<&str>) -> Result<WalletId, Error> {
    let named = |view: &&WalletView| {
        text.is_none_or(|text| {
            view.wallet.to_string() == text
                || view.name == text
                || text.parse::<Address>().is_ok_and(|address| view.has(address))
        })
    };
    let mut matching = wallets.iter().filter(named);
    match (matching.next(), matching.next()) {
        (Some(view), None) => Ok(view.wallet),
        (Some(_), Some(_)) => Err(Error::new(
            Code::InvalidInput,
            "there are several such wallets; name one by its id: --wallet ID",
        )),
        (None, _) if wallets.is_empty() => Err(Error::new(Code::NoVault, "there is no wallet yet")),
        (None, _) => Err(Error::new(Code::WalletUnknown, "there is no such wallet")),
    }
}

/// Reads what the arguments name; clap has seen to it that it is one thing.
fn read_source(source: SourceArguments, accounts: std::ops::Range<u32>) -> Result<ImportSource, Failure> {
    if let Some(file) = source.phrase_file {
        return Ok(ImportSource::Phrase {
            words: Secret::read(&file)?.into_text(),
            passphrase: read_or_empty(source.passphrase_file.as_deref())?.into_text(),
            accounts: if source.accounts.is_empty() {
                accounts.collect()
            } else {
                source.accounts
            },
        });
    }
    if let Some(file) = source.private_key_file {
        return Ok(ImportSource::PrivateKey {
            key: Secret::read(&file)?.into_text(),
        });
    }
    match (source.keystore, source.keystore_password_file) {
        (Some(path), Some(file)) => Ok(ImportSource::Keystore {
            path: path.display().to_string(),
            password: Secret::read(&file)?.into_text(),
        }),
        _ => Err(Failure::input("a phrase, a private key or a key file is needed")),
    }
}

fn read_or_empty(path: Option<&Path>) -> Result<Secret, Failure> {
    path.map_or_else(|| Ok(Secret::empty()), Secret::read)
}

/// Ends the engine, then answers: what is said is on the disk.
async fn finish<T: serde::Serialize>(
    engine: Engine,
    json: bool,
    value: &T,
    text: impl FnOnce(&T) -> String,
) -> Outcome {
    engine.stop().await;
    output::answer(json, value, text);
    Ok(())
}
