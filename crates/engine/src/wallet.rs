//! Use cases of wallets: make, change, remove, choose. Key derivation takes a second on purpose, so that all of them
//! run off the async threads; what was done is stored before it is told.

mod activity;
mod contacts;
mod export;
mod import;
pub(crate) mod lock;
mod phrase;
mod settlement_keys;

use std::sync::Arc;

use enerlink_domain::{
    Address, Code, Error, Event,
    event::VaultState,
    view::Strength,
    wallet::{WalletAct, WalletId, WalletView},
};
use enerlink_keystore::{Error as KeyError, Keystore, Moment, Password};
use enerlink_store::{NewActivity, Origin, outbox, prosumers, settings, wallets};

use crate::{Engine, choices, config::Access, task};

impl Engine {
    /// How strong a password is.
    pub fn rate_password(&self, password: Password) -> Strength {
        enerlink_keystore::rate(&password)
    }

    /// Every wallet of the vault, locked or not.
    pub fn wallets(&self) -> Vec<WalletView> {
        self.keystore().wallets()
    }

    /// The account that is proposed when a meter is added: the one that was chosen, else the first.
    pub fn primary(&self) -> Option<Address> {
        let wallets = self.wallets();
        let chosen = self.choices().primary;
        chosen
            .filter(|address| wallets.iter().any(|wallet| wallet.has(*address)))
            .or_else(|| wallets.first().map(WalletView::address))
    }

    /// Makes a wallet from a new phrase of `words` words, and the vault when it is the first. Keys stay as locked as
    /// they are.
    pub async fn create_wallet(
        &self,
        name: String,
        password: Password,
        words: u8,
        passphrase: Password,
    ) -> Result<WalletView, Error> {
        self.may_write()?;
        let wallet = self
            .with_password(move |keystore, at| keystore.create(&name, &password, words, &passphrase, at))
            .await?;
        self.admit(&wallet, Origin::Created, WalletAct::Created).await?;
        Ok(wallet)
    }

    /// Stores that `wallet` is here now, and tells.
    async fn admit(&self, wallet: &WalletView, origin: Origin, act: WalletAct) -> Result<(), Error> {
        let now = self.clock().wall();
        let tx = self.store().begin().await?;
        if prosumers::list(&tx).await?.is_empty() {
            prosumers::ensure(&tx, &wallet.name, now).await?;
        }
        wallets::ensure(&tx, wallet, origin, now).await?;
        let act = NewActivity {
            account: Some(wallet.address()),
            ..self.act_on(wallet, act)
        };
        self.commit_act(tx, act).await?;
        self.reload_preferences().await?;
        self.tell_wallets();
        self.wake_tasks();
        Ok(())
    }

    /// Adds an account to a wallet that comes from a phrase: the one with `index`, or the next.
    pub async fn add_account(
        &self,
        wallet: WalletId,
        password: Password,
        index: Option<u32>,
    ) -> Result<WalletView, Error> {
        self.may_write()?;
        let view = self
            .with_password(move |keystore, at| keystore.add_account(wallet, &password, index, at))
            .await?;
        let act = NewActivity {
            account: view.accounts.last().map(|account| account.address),
            ..self.act_on(&view, WalletAct::AccountAdded)
        };
        let tx = self.store().begin().await?;
        self.commit_act(tx, act).await?;
        self.tell_wallets();
        self.wake_tasks();
        Ok(view)
    }

    /// Gives a wallet another name.
    pub async fn rename_wallet(
        &self,
        wallet: WalletId,
        password: Password,
        name: String,
    ) -> Result<WalletView, Error> {
        self.may_write()?;
        let before = self.wallet_of(wallet)?.name;
        let view = self
            .with_password(move |keystore, at| keystore.rename(wallet, &password, &name, at))
            .await?;
        let act = NewActivity {
            wallet: Some(before),
            detail: Some(view.name.clone()),
            ..self.act(WalletAct::Renamed)
        };
        let tx = self.store().begin().await?;
        wallets::ensure(&tx, &view, Origin::Imported, self.clock().wall()).await?;
        self.commit_act(tx, act).await?;
        self.tell_wallets();
        Ok(view)
    }

    /// Removes a wallet from this computer; the vault and its copy go with the last one. Refused while it is needed:
    /// an account of it owns a meter, or has a transaction on its way.
    pub async fn remove_wallet(&self, wallet: WalletId, password: Password) -> Result<(), Error> {
        self.may_write()?;
        let view = self.wallet_of(wallet)?;
        self.check_unneeded(&view).await?;
        self.with_password(move |keystore, at| keystore.remove(wallet, &password, at))
            .await?;
        let act = NewActivity {
            account: Some(view.address()),
            ..self.act_on(&view, WalletAct::Removed)
        };
        let tx = self.store().begin().await?;
        wallets::remove(&tx, wallet).await?;
        if self.choices().primary.is_some_and(|primary| view.has(primary)) {
            settings::remove(&tx, choices::PRIMARY).await?;
        }
        self.commit_act(tx, act).await?;
        self.reload_choices().await?;
        self.tell_wallets();
        self.wake_tasks();
        Ok(())
    }

    async fn check_unneeded(&self, view: &WalletView) -> Result<(), Error> {
        let needed = |why: String| Err(Error::new(Code::InvalidInput, why));
        let owned = self
            .meters()
            .into_iter()
            .find(|meter| view.has(meter.meter.owner));
        if let Some(owned) = owned {
            return needed(format!("the meter {} belongs to this wallet", owned.meter.id));
        }
        let rows = outbox::unfinished(&self.store().reader()).await?;
        match rows.iter().find(|row| view.has(row.account)) {
            Some(row) => needed(format!("transaction {} of this wallet is on its way", row.id)),
            None => Ok(()),
        }
    }

    /// Chooses the account that is proposed when a meter is added.
    pub async fn set_primary(&self, address: Address) -> Result<(), Error> {
        self.may_write()?;
        let view = self.wallet_with(address)?;
        let act = NewActivity {
            account: Some(address),
            ..self.act_on(&view, WalletAct::PrimaryChosen)
        };
        let tx = self.store().begin().await?;
        settings::set(&tx, choices::PRIMARY, &address.to_string()).await?;
        self.commit_act(tx, act).await?;
        self.reload_choices().await?;
        self.tell_wallets();
        Ok(())
    }

    /// Puts the vault under another password.
    pub async fn change_password(&self, old: Password, new: Password) -> Result<(), Error> {
        self.may_write()?;
        self.with_password(move |keystore, at| keystore.change_password(&old, &new, at))
            .await?;
        let tx = self.store().begin().await?;
        self.commit_act(tx, self.act(WalletAct::PasswordChanged)).await
    }

    /// Opens the vault anew from the disk and derives every address from its keys.
    pub async fn verify_wallets(&self, password: Password) -> Result<Vec<WalletView>, Error> {
        self.with_password(move |keystore, at| keystore.verify(&password, at))
            .await
    }

    /// The wallet of this id.
    pub(crate) fn wallet_of(&self, id: WalletId) -> Result<WalletView, Error> {
        let found = self.wallets().into_iter().find(|wallet| wallet.wallet == id);
        found.ok_or_else(|| unknown(format!("there is no wallet {id} in this profile")))
    }

    /// The wallet that has this account.
    pub(crate) fn wallet_with(&self, address: Address) -> Result<WalletView, Error> {
        let found = self.wallets().into_iter().find(|wallet| wallet.has(address));
        found.ok_or_else(|| unknown(format!("no wallet of this profile has the account {address}")))
    }

    /// Every wallet and the primary account, to whoever listens.
    pub(crate) fn tell_wallets(&self) {
        self.bus().tell(Event::Vault {
            state: self.keystore().state(),
            reason: None,
        });
        self.bus().tell(Event::Wallets {
            wallets: self.wallets(),
            primary: self.primary(),
        });
    }

    /// Both clocks now.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            wall: self.clock().wall(),
            monotonic: self.clock().monotonic(),
        }
    }

    /// Runs `work` where it may take its time.
    pub(crate) async fn with_keys<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keystore) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let keystore = Arc::clone(self.keystore());
        task::off_thread(move || work(&keystore)).await?
    }

    /// Runs `work`, which tries the vault's password. A wrong one is counted and logged.
    pub(crate) async fn with_password<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keystore, Moment) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, Error> {
        match self.try_password(work).await? {
            Ok(done) => Ok(done),
            Err(error) => Err(self.refused(error).await),
        }
    }

    /// [`Engine::with_password`], for whom a wrong one is counted later: while a transaction of the store is open
    /// there is no other.
    pub(crate) async fn try_password<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keystore, Moment) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<Result<T, KeyError>, Error> {
        let at = self.moment();
        self.with_keys(move |keystore| Ok(work(keystore, at))).await
    }

    /// `error` for a person, after it was counted when the password was wrong.
    pub(crate) async fn refused(&self, error: KeyError) -> Error {
        let wrong = matches!(error, KeyError::WrongPassword);
        if wrong
            && self.config().access == Access::Exclusive
            && let Err(error) = self.count_failure().await
        {
            tracing::error!(%error, "a wrong password could not be noted");
        }
        error.into()
    }

    async fn count_failure(&self) -> Result<(), Error> {
        let tx = self.store().begin().await?;
        wallets::count_failure(&tx).await?;
        self.commit_act(tx, self.act(WalletAct::UnlockFailed)).await
    }

    /// Gives every wallet of the vault its row, should one be missing: an older profile knew addresses only, and a
    /// process may have ended between vault and database.
    pub(crate) async fn reconcile(&self) -> Result<(), Error> {
        let tx = self.store().begin().await?;
        for wallet in self.wallets() {
            wallets::ensure(&tx, &wallet, Origin::Imported, wallet.created_at).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Whether keys can sign.
    pub fn vault(&self) -> VaultState {
        self.keystore().state()
    }
}

fn unknown(text: String) -> Error {
    Error::new(Code::WalletUnknown, text)
}
