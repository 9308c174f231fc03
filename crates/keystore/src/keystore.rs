//! The keys of one profile: the vault, whether it is open, and the sealed settlement keys.

mod sealed;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use enerlink_domain::{
    Address, MeterId, SignedTx, UnixMillis, UnsignedTx, event::VaultState, view::WalletView,
};

use crate::{
    Account, Error, KdfParams, Password, Phrase,
    attempts::Attempts,
    files, password,
    random::{self, Random},
    sealed_files::SealedFiles,
    vault::{self, Clear, OpenVault, SealedVault, Secret},
};

const VAULT_FILE: &str = "vault.enl";
const ATTEMPTS_FILE: &str = "unlock-attempts.json";

/// Whose key signs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Signer {
    /// An account of the wallet, which has to be unlocked.
    Wallet(Address),
    /// The settlement key of a meter, which works while the wallet is locked.
    Settlement(MeterId),
}

/// The keys of one profile.
///
/// Every call may block on the disk; those that take a password block for as long as the key derivation takes.
/// [`Keystore::state`], [`Keystore::wallet`], [`Keystore::unlock_wait`] and [`Keystore::lock`] never wait for it.
pub struct Keystore {
    dir: PathBuf,
    new_vault: KdfParams,
    random: Random,
    inner: Mutex<Inner>,
    /// One password at a time: guesses cannot be tried side by side.
    gate: Mutex<()>,
    attempts: Mutex<Attempts>,
    sealed: SealedFiles,
}

#[derive(Default)]
struct Inner {
    vault: Option<SealedVault>,
    /// The keys, while unlocked.
    accounts: Option<Vec<Account>>,
    /// Counts calls of [`Keystore::lock`].
    locks: u64,
}

impl Keystore {
    /// Opens the keystore in `dir`, which is created with mode 0700 when it is missing. The vault's clear part is
    /// read, its secrets are not.
    ///
    /// # Errors
    /// [`Error::VaultNewer`], [`Error::VaultDamaged`], [`Error::KdfRefused`] and [`Error::VaultMissing`] for a vault
    /// that cannot be used, which is left untouched; [`Error::UnsafePath`]; [`Error::File`].
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::open_with(dir, KdfParams::DEFAULT)
    }

    /// As [`Keystore::open`], with another cost for a vault that is created later. An existing vault keeps its own.
    ///
    /// # Errors
    /// As [`Keystore::open`].
    pub fn open_with(dir: &Path, kdf: KdfParams) -> Result<Self, Error> {
        Self::open_from(dir, kdf, random::system)
    }

    fn open_from(dir: &Path, kdf: KdfParams, random: Random) -> Result<Self, Error> {
        files::private_dir(dir)?;
        let keystore = Self {
            dir: dir.to_owned(),
            new_vault: kdf,
            random,
            inner: Mutex::default(),
            gate: Mutex::new(()),
            attempts: Mutex::new(Attempts::load(dir.join(ATTEMPTS_FILE))?),
            sealed: SealedFiles::new(dir, random),
        };
        match keystore.read_vault() {
            Ok(vault) => hold(&keystore.inner).vault = Some(vault),
            Err(Error::NoVault) => {}
            Err(error) => return Err(error),
        }
        Ok(keystore)
    }

    /// Whether there is a wallet, and whether its keys can sign.
    pub fn state(&self) -> VaultState {
        let inner = hold(&self.inner);
        match (&inner.vault, &inner.accounts) {
            (None, _) => VaultState::Missing,
            (Some(_), None) => VaultState::Locked,
            (Some(_), Some(_)) => VaultState::Unlocked,
        }
    }

    /// The wallet without anything secret, locked or not.
    pub fn wallet(&self) -> Option<WalletView> {
        hold(&self.inner)
            .vault
            .as_ref()?
            .wallets()
            .next()
            .map(Clear::view)
    }

    /// Creates the vault with one wallet from a new phrase of 12, 15, 18, 21 or 24 words. It stays locked.
    ///
    /// # Errors
    /// [`Error::VaultExists`], [`Error::WeakPassword`], [`Error::WalletName`], [`Error::WordCount`]; and
    /// [`Error::File`] or [`Error::NotWritten`], after which there is no vault.
    pub fn create(
        &self,
        name: &str,
        password: &Password,
        words: u8,
        now: UnixMillis,
    ) -> Result<WalletView, Error> {
        let _gate = hold(&self.gate);
        match self.read_vault() {
            Err(Error::NoVault) => {}
            Ok(_) => return Err(Error::VaultExists),
            Err(error) => return Err(error),
        }
        password::require_strong(password)?;
        let secret = Secret::new(Phrase::generate(words, self.random)?);
        let first = vault::Account {
            index: 0,
            address: secret.account(0)?.address(),
        };
        let clear = Clear::new(name, first, now)?;
        let view = clear.view();
        let mut open = OpenVault::create(password, self.new_vault, self.random)?;
        open.add(clear, secret, self.random)?;
        self.save(&open)?;
        Ok(view)
    }

    /// Opens the vault: from now on its accounts sign. `now` and `monotonic` are the two clocks of this moment.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::UnlockThrottled`], [`Error::NoVault`], the errors of [`Keystore::open`],
    /// [`Error::Locked`] when [`Keystore::lock`] was called meanwhile.
    pub fn unlock(
        &self,
        password: &Password,
        now: UnixMillis,
        monotonic: Duration,
    ) -> Result<WalletView, Error> {
        let locks = hold(&self.inner).locks;
        let _gate = hold(&self.gate);
        let (sealed, open) = self.open_vault(password, now, monotonic)?;
        let accounts = accounts_of(&open)?;
        let mut inner = hold(&self.inner);
        if inner.locks != locks {
            return Err(Error::Locked);
        }
        inner.accounts = Some(accounts);
        inner.vault = Some(sealed);
        first_view(&open)
    }

    /// How long until a password is accepted again: zero, or after five wrong ones in a row 1, 2, 4, 8 … s, at most
    /// five minutes. It survives a restart.
    pub fn unlock_wait(&self, now: UnixMillis, monotonic: Duration) -> Duration {
        hold(&self.attempts).wait(now, monotonic)
    }

    /// Wipes the keys from memory. An unlock that is on its way will not succeed.
    pub fn lock(&self) {
        let mut inner = hold(&self.inner);
        inner.accounts = None;
        inner.locks += 1;
    }

    /// The recovery phrase, after the password; the vault stays as locked or unlocked as it is.
    ///
    /// # Errors
    /// As [`Keystore::unlock`].
    pub fn reveal_phrase(
        &self,
        password: &Password,
        now: UnixMillis,
        monotonic: Duration,
    ) -> Result<Phrase, Error> {
        let _gate = hold(&self.gate);
        let (_, open) = self.open_vault(password, now, monotonic)?;
        let wallet = open.wallets.into_iter().next().ok_or(Error::VaultDamaged)?;
        Ok(wallet.secret.into_phrase())
    }

    /// Notes that the phrase was written down: `words` are at least four of its words at different positions
    /// (from 0), all right.
    ///
    /// # Errors
    /// [`Error::WrongWord`], [`Error::TooFewWords`], and those of [`Keystore::unlock`] and [`Keystore::create`].
    pub fn confirm_phrase(
        &self,
        password: &Password,
        words: &[(u8, String)],
        now: UnixMillis,
        monotonic: Duration,
    ) -> Result<WalletView, Error> {
        let _gate = hold(&self.gate);
        let (_, mut open) = self.open_vault(password, now, monotonic)?;
        let wallet = open.wallets.first_mut().ok_or(Error::VaultDamaged)?;
        wallet.secret.phrase().check(words)?;
        if !wallet.clear.confirmed {
            wallet.clear.confirmed = true;
            self.save(&open)?;
        }
        first_view(&open)
    }

    /// Whether [`Keystore::sign`] would find the key of `signer` now.
    pub fn can_sign(&self, signer: &Signer) -> bool {
        match signer {
            Signer::Wallet(address) => self.with_account(*address, |_| Ok(())).is_ok(),
            Signer::Settlement(meter) => matches!(self.settlement_key(meter), Ok(Some(_))),
        }
    }

    /// Signs a transaction, EIP-1559 or legacy with EIP-155.
    ///
    /// # Errors
    /// [`Error::WrongChain`] when the transaction is not for `chain_id`, [`Error::InvalidTx`], [`Error::Locked`],
    /// [`Error::UnknownAccount`], [`Error::NoSettlementKey`], [`Error::SealedFileDamaged`], [`Error::File`].
    pub fn sign(&self, signer: &Signer, tx: &UnsignedTx, chain_id: u64) -> Result<SignedTx, Error> {
        match signer {
            Signer::Wallet(address) => self.with_account(*address, |account| account.sign(tx, chain_id)),
            Signer::Settlement(meter) => self
                .settlement_account(meter)?
                .ok_or_else(|| Error::NoSettlementKey(meter.clone()))?
                .sign(tx, chain_id),
        }
    }

    /// Signs a message as `personal_sign` does (EIP-191): r, s, and v of 27 or 28.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::UnknownAccount`].
    pub fn sign_message(&self, address: Address, message: &[u8]) -> Result<[u8; 65], Error> {
        self.with_account(address, |account| account.sign_message(message))
    }

    fn vault_path(&self) -> PathBuf {
        self.dir.join(VAULT_FILE)
    }

    /// Costs below the floor are accepted only from a keystore that itself creates such vaults, which is one in a test.
    fn floor(&self) -> KdfParams {
        KdfParams::FLOOR.min(self.new_vault)
    }

    fn read_vault(&self) -> Result<SealedVault, Error> {
        let path = self.vault_path();
        match files::read(&path)? {
            Some(bytes) => SealedVault::parse(&bytes, self.floor()),
            None => {
                let copy = files::copy_of(&path);
                Err(if files::exists(&copy)? {
                    Error::VaultMissing { copy }
                } else {
                    Error::NoVault
                })
            }
        }
    }

    /// Reads the vault from the disk and opens it, counting the attempt. The caller holds the gate.
    fn open_vault(
        &self,
        password: &Password,
        now: UnixMillis,
        monotonic: Duration,
    ) -> Result<(SealedVault, OpenVault), Error> {
        let sealed = self.read_vault()?;
        hold(&self.attempts).begin(now, monotonic)?;
        let opened = sealed.open(password);
        match &opened {
            Err(Error::WrongPassword) => {}
            Err(Error::OutOfMemory) => hold(&self.attempts).withdraw(),
            Ok(_) | Err(_) => hold(&self.attempts).succeed(),
        }
        Ok((sealed, opened?))
    }

    /// Writes the vault and, only when that has worked, takes over its clear part.
    fn save(&self, open: &OpenVault) -> Result<(), Error> {
        let sealed = open.seal(self.random)?;
        let path = self.vault_path();
        files::keep_copy(&path)?;
        files::replace(&path, &sealed.encode()?, |back| open.verify(back, self.floor()))?;
        hold(&self.inner).vault = Some(sealed);
        Ok(())
    }

    fn with_account<T>(
        &self,
        address: Address,
        act: impl FnOnce(&Account) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let inner = hold(&self.inner);
        let accounts = inner.accounts.as_ref().ok_or(Error::Locked)?;
        let account = accounts
            .iter()
            .find(|account| account.address() == address)
            .ok_or(Error::UnknownAccount(address))?;
        act(account)
    }
}

/// A panic while a lock was held leaves nothing half done here: values are replaced as a whole.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The capacity fits from the start: a vector that grows would leave keys behind in freed memory.
fn accounts_of(open: &OpenVault) -> Result<Vec<Account>, Error> {
    let count = open
        .wallets
        .iter()
        .map(|wallet| wallet.clear.accounts.len())
        .sum();
    let mut accounts = Vec::with_capacity(count);
    for wallet in &open.wallets {
        for account in &wallet.clear.accounts {
            accounts.push(wallet.secret.account(account.index)?);
        }
    }
    Ok(accounts)
}

fn first_view(open: &OpenVault) -> Result<WalletView, Error> {
    open.wallets
        .first()
        .map(|wallet| wallet.clear.view())
        .ok_or(Error::VaultDamaged)
}

#[cfg(test)]
mod tests;
