//! Saving a backup: written, read back from the disk, opened again and compared before anybody is told.

use std::path::Path;

use enerlink_domain::{
    Code, Error,
    id::hex,
    wallet::{BackupReport, Outcome, WalletAct, WalletView},
};
use enerlink_keystore::{Keystore, Password};
use enerlink_store::{Mark, NewActivity, Profile, wallets};
use sha2::{Digest, Sha256};

use super::travels;
use crate::{Engine, files};

/// What a backup file begins with.
const MAGIC: &[u8] = b"ENLBACKP";

impl Engine {
    /// Writes the encrypted backup of everything to `path`, which may hold an older backup but nothing else.
    pub async fn save_backup(&self, password: Password, path: &Path) -> Result<BackupReport, Error> {
        self.may_write()?;
        let profile = Profile::export(&self.store().reader(), travels).await?;
        let document = profile.to_json()?;
        let made = self
            .with_password(move |keystore, at| {
                let bytes = keystore.back_up(&password, &document, at)?;
                Ok((at.wall, bytes, document, password))
            })
            .await?;
        let target = path.to_owned();
        let (created_at, views, bytes) = self
            .with_keys(move |keystore| {
                let (created_at, bytes, document, password) = made;
                let views = keystore.wallets();
                files::replace(&target, &bytes, MAGIC, |back| {
                    verify(keystore, back, &password, &views, &document)
                })?;
                Ok((created_at, views, bytes))
            })
            .await?;
        let act = NewActivity {
            detail: Some(files::name(path)),
            ..self.act(WalletAct::BackedUp)
        };
        let ids: Vec<_> = views.iter().map(|view| view.wallet).collect();
        let tx = self.store().begin().await?;
        wallets::mark(&tx, &ids, Mark::BackedUp, created_at).await?;
        self.commit_act(tx, act).await?;
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(BackupReport {
            path: path.display().to_string(),
            bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(&bytes)),
            wallets: count(views.len()),
            meters: count(profile.meters.len()),
            created_at,
        })
    }
}

/// Opens what the disk gave back, as a restore would, and compares it with what is here.
fn verify(
    keystore: &Keystore,
    back: &[u8],
    password: &Password,
    views: &[WalletView],
    document: &[u8],
) -> Result<(), Error> {
    let backup = keystore.open_backup(back, password)?;
    let compared = keystore.compare(&backup);
    let same = |view: &WalletView| {
        compared.iter().any(|found| {
            found.outcome == Outcome::Kept
                && (found.view.wallet, &found.view.accounts) == (view.wallet, &view.accounts)
        })
    };
    let whole = compared.len() == views.len() && views.iter().all(same);
    if whole && backup.document() == Some(document) {
        return Ok(());
    }
    let text = "the backup that was written does not hold what is here: make it again";
    Err(Error::new(Code::Storage, text))
}
