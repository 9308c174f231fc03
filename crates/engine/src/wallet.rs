//! Use cases of the wallet: create, reveal, confirm, unlock, lock. Key derivation takes a second on purpose, so that
//! all of them run off the async threads.

use std::sync::Arc;

use enerlink_domain::{
    Code, Error, Event,
    event::VaultState,
    view::{Strength, WalletView},
};
use enerlink_keystore::{Keystore, Password, Phrase};
use enerlink_store::{prosumers, wallets};

use crate::Engine;

impl Engine {
    /// How strong a password is.
    pub fn rate_password(&self, password: Password) -> Strength {
        enerlink_keystore::rate(&password)
    }

    /// Creates the vault with a new phrase of `words` words; it stays locked.
    pub async fn create_wallet(
        &self,
        name: String,
        password: Password,
        words: u8,
    ) -> Result<WalletView, Error> {
        self.may_write()?;
        let now = self.clock().wall();
        let wallet = self
            .with_keys(move |keystore| Ok(keystore.create(&name, &password, words, now)?))
            .await?;
        let tx = self.store().begin().await?;
        prosumers::ensure(&tx, &wallet.name, now).await?;
        wallets::upsert(&tx, &wallet.name, wallet.address, wallet.created_at).await?;
        tx.commit().await?;
        tracing::info!(address = %wallet.address, "wallet created");
        self.bus().tell(Event::Vault {
            state: VaultState::Locked,
        });
        self.wake_tasks();
        Ok(wallet)
    }

    /// The recovery phrase, after the password again.
    pub async fn reveal_phrase(&self, password: Password) -> Result<Phrase, Error> {
        let (now, monotonic) = (self.clock().wall(), self.clock().monotonic());
        self.with_keys(move |keystore| Ok(keystore.reveal_phrase(&password, now, monotonic)?))
            .await
    }

    /// Notes that the phrase was written down: `words` are positions (from 0) with the words typed.
    pub async fn confirm_phrase(
        &self,
        password: Password,
        words: Vec<(u8, String)>,
    ) -> Result<WalletView, Error> {
        self.may_write()?;
        let (now, monotonic) = (self.clock().wall(), self.clock().monotonic());
        self.with_keys(move |keystore| Ok(keystore.confirm_phrase(&password, &words, now, monotonic)?))
            .await
    }

    /// Opens the vault; transactions that waited for it are signed.
    pub async fn unlock(&self, password: Password) -> Result<WalletView, Error> {
        let (now, monotonic) = (self.clock().wall(), self.clock().monotonic());
        let wallet = self
            .with_keys(move |keystore| Ok(keystore.unlock(&password, now, monotonic)?))
            .await?;
        tracing::info!(address = %wallet.address, "wallet unlocked");
        self.bus().tell(Event::Vault {
            state: VaultState::Unlocked,
        });
        self.wake_tasks();
        Ok(wallet)
    }

    /// Wipes the keys from memory.
    pub fn lock(&self) {
        self.keystore().lock();
        tracing::info!("wallet locked");
        self.bus().tell(Event::Vault {
            state: self.keystore().state(),
        });
    }

    /// Runs `work` where it may take its time.
    pub(crate) async fn with_keys<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keystore) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let keystore = Arc::clone(self.keystore());
        tokio::task::spawn_blocking(move || work(&keystore))
            .await
            .map_err(|error| Error::new(Code::Internal, format!("key work stopped: {error}")))?
    }
}
