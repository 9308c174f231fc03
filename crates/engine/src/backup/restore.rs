//! Restoring: what a backup holds is added beside what is here. Meters count at once; nothing is sent until a person has
//! seen the list.

use std::path::Path;

use enerlink_domain::{
    Code, Error, UnixMillis,
    event::VaultState,
    wallet::{BackupContent, BackupSource, Outcome, RestoredMeter, RestoredWallet, WalletAct, WalletView},
};
use enerlink_keystore::{OpenBackup, Password};
use enerlink_store::{Added, Mark, NewActivity, Origin, Profile, Store, Tx, settings, wallets};

use super::{LONGEST_BACKUP, sheet};
use crate::{Engine, choices, files, network};

/// A backup whose password was right, and the profile in it; a sheet has keys only.
struct Opened {
    backup: OpenBackup,
    profile: Option<Profile>,
}

impl Engine {
    /// What a backup holds, and what of it is here already. Nothing is changed.
    pub async fn inspect_backup(
        &self,
        source: BackupSource,
        password: Password,
    ) -> Result<BackupContent, Error> {
        let Opened { backup, profile } = self.open_backup(source, password).await?;
        let added = match &profile {
            Some(profile) => profile.compare(&self.store().reader()).await?,
            None => Added::default(),
        };
        Ok(content(
            backup.created_at(),
            self.keystore().compare(&backup),
            added,
        ))
    }

    /// Adds what a backup holds and this profile has not. In an empty profile the vault keeps the password of the
    /// backup, otherwise `password` has to open the vault that is here.
    pub async fn restore(
        &self,
        source: BackupSource,
        backup_password: Password,
        password: Option<Password>,
    ) -> Result<BackupContent, Error> {
        self.may_write()?;
        if password.is_none() && self.keystore().state() != VaultState::Missing {
            let text = "the password of the vault that is here is needed";
            return Err(Error::new(Code::WrongPassword, text));
        }
        let name = source_name(&source);
        let Opened { backup, profile } = self.open_backup(source, backup_password).await?;
        if let Some(profile) = &profile {
            self.check_network(profile)?;
        }
        let now = self.clock().wall();
        let created_at = backup.created_at();
        // The vault is written while the transaction is open: whatever ends the process between, the next try finds
        // the keys kept and adds the rest.
        let tx = self.store().begin().await?;
        let added = match &profile {
            Some(profile) => profile.import(&tx, now).await?,
            None => Added::default(),
        };
        let restored = self
            .try_password(move |keystore, at| keystore.restore(&backup, password.as_ref(), at))
            .await?;
        let outcomes = match restored {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tx.rollback().await?;
                return Err(self.refused(error).await);
            }
        };
        let content = content(created_at, outcomes, added);
        self.note_restored(tx, &content, name, now).await?;
        self.take_over(content.clone()).await?;
        Ok(content)
    }

    async fn note_restored(
        &self,
        tx: Tx,
        content: &BackupContent,
        name: String,
        now: UnixMillis,
    ) -> Result<(), Error> {
        for view in self.wallets() {
            wallets::ensure(&tx, &view, Origin::Restored, now).await?;
        }
        if let Some(made) = content.created_at {
            let ids: Vec<_> = self.wallets_in(content).iter().map(|view| view.wallet).collect();
            wallets::mark(&tx, &ids, Mark::BackedUp, made).await?;
        }
        let json =
            serde_json::to_string(content).map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        settings::set(&tx, choices::RESTORED, &json).await?;
        let names: Vec<_> = content
            .wallets
            .iter()
            .filter(|wallet| wallet.outcome == Outcome::Restored)
            .map(|wallet| wallet.view.name.as_str())
            .collect();
        let act = NewActivity {
            wallet: Some(names.join(", ")).filter(|names| !names.is_empty()),
            detail: Some(name),
            ..self.act(WalletAct::Restored)
        };
        self.commit_act(tx, act).await
    }

    /// The wallets here that came whole with `content`.
    fn wallets_in(&self, content: &BackupContent) -> Vec<WalletView> {
        let brought = |view: &WalletView| {
            content
                .wallets
                .iter()
                .any(|found| found.outcome == Outcome::Restored && found.view.accounts == view.accounts)
        };
        self.wallets().into_iter().filter(brought).collect()
    }

    /// Lets the running tasks know what has come: first that nothing may be sent, then the rest.
    async fn take_over(&self, content: BackupContent) -> Result<(), Error> {
        self.0.held.send_replace(Some(content));
        self.reload_choices().await?;
        self.reload_preferences().await?;
        self.reload_rules().await?;
        if self.network().is_none() {
            let network = network::load(self.store(), &self.0.config, self.keystore()).await?;
            self.0.network.send_replace(network);
        }
        self.metering().reload().await?;
        self.tell_wallets();
        self.wake_tasks();
        Ok(())
    }

    /// The list of what was restored has been seen: transactions may be sent again.
    pub async fn acknowledge_restore(&self) -> Result<(), Error> {
        self.may_write()?;
        let tx = self.store().begin().await?;
        settings::remove(&tx, choices::RESTORED).await?;
        tx.commit().await?;
        self.0.held.send_replace(None);
        self.wake_tasks();
        Ok(())
    }

    async fn open_backup(&self, source: BackupSource, password: Password) -> Result<Opened, Error> {
        self.with_keys(move |keystore| {
            let bytes = match source {
                BackupSource::File { path } => read_file(Path::new(&path))?,
                BackupSource::Sheet { paths } => sheet::read(&paths)?,
            };
            let backup = keystore.open_backup(&bytes, &password)?;
            let profile = backup.document().map(Profile::parse).transpose()?;
            Ok(Opened { backup, profile })
        })
        .await
    }

    /// A network in the backup has to be usable here, and the one that this profile is bound to.
    fn check_network(&self, profile: &Profile) -> Result<(), Error> {
        let unreadable = |error: enerlink_chain::ChainError| {
            let text = format!("the network in the backup cannot be used: {error}");
            Error::new(Code::BackupUnreadable, text)
        };
        let Some(addresses) = network::stored_in(&profile.settings).map_err(unreadable)? else {
            return Ok(());
        };
        match self.network() {
            Some(here) => network::check_bound(&here.addresses, &addresses),
            None => Ok(()),
        }
    }
}

/// A backup file; of what is easily taken for one it says what it is.
fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    if Store::is_database(path) {
        let text = format!(
            "{} is a copy of a database and holds no keys: restore keys from a backup of the wallet, a sheet or the phrase; \
             a copy of the database is put back with `enerlink database restore`",
            files::name(path)
        );
        return Err(Error::new(Code::BackupUnreadable, text));
    }
    Ok(files::read(path, LONGEST_BACKUP)?.to_vec())
}

fn source_name(source: &BackupSource) -> String {
    match source {
        BackupSource::File { path } => files::name(Path::new(path)),
        BackupSource::Sheet { paths } => format!("sheet ({})", paths.len()),
    }
}

fn content(created_at: Option<UnixMillis>, wallets: Vec<RestoredWallet>, added: Added) -> BackupContent {
    let meters = added
        .meters
        .into_iter()
        .map(|(meter_id, name, new)| RestoredMeter {
            meter_id,
            name,
            outcome: if new { Outcome::Restored } else { Outcome::Kept },
        });
    BackupContent {
        created_at,
        wallets,
        meters: meters.collect(),
        settings: added.settings,
        contacts: added.contacts,
    }
}

/// What was restored before this process began and nobody has looked at yet.
pub(crate) async fn load(r: &impl enerlink_store::Read) -> Result<Option<BackupContent>, Error> {
    let Some(json) = settings::get(r, choices::RESTORED).await? else {
        return Ok(None);
    };
    // One that cannot be read still holds everything back.
    let unknown = BackupContent {
        created_at: None,
        wallets: Vec::new(),
        meters: Vec::new(),
        settings: 0,
        contacts: 0,
    };
    Ok(Some(serde_json::from_str(&json).unwrap_or(unknown)))
}
