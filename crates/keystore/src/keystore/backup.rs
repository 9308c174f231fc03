//! Backups of the profile's keys: made, opened, compared and restored, never over what is here.

use enerlink_domain::wallet::{Outcome, RestoredWallet, WalletView};

use super::{Copy, Keystore, Moment};
use crate::{
    Error, OpenBackup, Password,
    backup::{self, SealedFile},
    random,
    sealed_files::Kind,
    vault::{OpenVault, Wallet},
};

impl Keystore {
    /// A backup file: the vault, the settlement keys and sealed secrets, and `document`, which means nothing here. It
    /// opens with the password that the vault has now. A sealed file that is damaged is left out, and logged.
    ///
    /// # Errors
    /// [`Error::Backup`] when it would be longer than 16 MiB, and those of [`Keystore::unlock`].
    pub fn back_up(&self, password: &Password, document: &[u8], at: Moment) -> Result<Vec<u8>, Error> {
        let _gate = self.gate();
        let (sealed, open) = self.open_vault(password, at)?;
        let mut files = Vec::new();
        for kind in Kind::ALL {
            for name in self.sealed.names(kind)? {
                if let Some(unsealed) = self.sealed.open(kind, &name)? {
                    files.push(SealedFile {
                        kind,
                        name,
                        label: unsealed.label,
                        secret: unsealed.secret,
                    });
                }
            }
        }
        backup::encode(&open, &sealed.encode()?, &files, document, at.wall, self.random)
    }

    /// The vault file as it is on the disk, for a printed sheet.
    ///
    /// # Errors
    /// [`Error::NoVault`], and those of [`Keystore::open`].
    pub fn sealed_vault(&self) -> Result<Vec<u8>, Error> {
        self.read_vault()?.encode()
    }

    /// Opens a backup file, or a bare vault, with the password of the time when it was made. It concerns no file of
    /// this profile and is not throttled: whoever has the bytes can guess elsewhere.
    ///
    /// # Errors
    /// [`Error::Backup`] and [`Error::BackupNewer`] before a key is derived, [`Error::WrongPassword`],
    /// [`Error::OutOfMemory`].
    pub fn open_backup(&self, bytes: &[u8], password: &Password) -> Result<OpenBackup, Error> {
        OpenBackup::parse(bytes, password, self.cost.floor())
    }

    /// What [`Keystore::restore`] would do with each wallet of a backup.
    pub fn compare(&self, backup: &OpenBackup) -> Vec<RestoredWallet> {
        let here = self.wallets();
        let known = |view: &WalletView| {
            let has = |address| here.iter().any(|wallet| wallet.has(address));
            view.accounts.iter().all(|account| has(account.address))
        };
        backup
            .vault
            .views()
            .into_iter()
            .map(|view| RestoredWallet {
                outcome: if known(&view) {
                    Outcome::Kept
                } else {
                    Outcome::Restored
                },
                view,
            })
            .collect()
    }

    /// Adds what is not here: wallets, single accounts of a phrase that is here with others, and sealed files of names
    /// that have none. What is here stays as it is. In an empty profile the vault keeps the password of the backup
    /// and `password` is not needed; otherwise it has to open the vault that is here.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], also for a missing one, and those of [`Keystore::create`].
    pub fn restore(
        &self,
        backup: &OpenBackup,
        password: Option<&Password>,
        at: Moment,
    ) -> Result<Vec<RestoredWallet>, Error> {
        let _gate = self.gate();
        let outcomes = self.compare(backup);
        match self.read_vault() {
            Err(Error::NoVault) => self.save(&backup.vault, Copy::Former)?,
            Ok(_) => {
                let (_, mut open) = self.open_vault(password.ok_or(Error::WrongPassword)?, at)?;
                let mut changed = false;
                for wallet in &backup.vault.wallets {
                    changed |= self.add_missing(&mut open, wallet)?;
                }
                if changed {
                    self.save(&open, Copy::Former)?;
                }
            }
            Err(error) => return Err(error),
        }
        self.restore_sealed_files(backup)?;
        Ok(outcomes)
    }

    /// Adds those accounts of `wallet` that the vault has nowhere; answers whether there were any.
    fn add_missing(&self, open: &mut OpenVault, wallet: &Wallet) -> Result<bool, Error> {
        let mut clear = wallet.clear.clone();
        clear
            .accounts
            .retain(|account| open.owner(account.address).is_none());
        if clear.accounts.is_empty() {
            return Ok(false);
        }
        if let Some(here) = open
            .wallets
            .iter_mut()
            .find(|here| here.secret.same(&wallet.secret))
        {
            here.clear.accounts.append(&mut clear.accounts);
            return Ok(true);
        }
        let taken = open.wallets.iter().any(|here| here.id == wallet.id);
        open.wallets.push(Wallet {
            id: if taken {
                random::array(self.random)?
            } else {
                wallet.id
            },
            clear,
            secret: wallet.secret.duplicate()?,
        });
        Ok(true)
    }

    fn restore_sealed_files(&self, backup: &OpenBackup) -> Result<(), Error> {
        let exclusive = self.sealed.exclusive();
        for file in backup.rest.iter().flat_map(|rest| &rest.files) {
            if !exclusive.exists(file.kind, &file.name)? {
                exclusive.seal(file.kind, &file.name, &file.label, &file.secret)?;
            }
        }
        Ok(())
    }
}
