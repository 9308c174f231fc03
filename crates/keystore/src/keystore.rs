//! The keys of one profile: the vault, whether it is open, and the sealed settlement keys.

mod backup;
mod keyring;
mod sealed;
mod signing;
mod wallets;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use enerlink_domain::{Address, MeterId, UnixMillis, event::VaultState, wallet::WalletView};

use self::keyring::Keyring;
use crate::{
    Error, KdfParams, Password,
    attempts::Attempts,
    files,
    kdf::Cost,
    process,
    random::{self, Random},
    sealed_files::SealedFiles,
    vault::{OpenVault, SealedVault},
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

/// The two clocks of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time of day, which may jump.
    pub wall: UnixMillis,
    /// Time since some fixed moment; never goes back.
    pub monotonic: Duration,
}

/// The keys of one profile.
///
/// Every call may block on the disk; those that take a password block for as long as the key derivation takes.
/// [`Keystore::state`], [`Keystore::wallets`], [`Keystore::unlock_wait`] and [`Keystore::lock`] never wait for it.
/// Every change of the vault takes the password: nothing that could change it stays in memory, locked or unlocked.
pub struct Keystore {
    dir: PathBuf,
    cost: Cost,
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
    keys: Option<Keyring>,
    /// Counts calls of [`Keystore::lock`].
    locks: u64,
}

/// What the copy of the vault is after a save.
#[derive(Clone, Copy)]
enum Copy {
    /// The vault as it was before.
    Former,
    /// The vault as it is now: what was before must not open any more.
    Same,
}

impl Keystore {
    /// Opens the keystore in `dir`, which is created with mode 0700 when it is missing. The vault's clear part is
    /// read, its secrets are not. A vault that is created later gets the cost that [`KdfParams::calibrate`] finds.
    ///
    /// # Errors
    /// [`Error::VaultNewer`], [`Error::VaultDamaged`], [`Error::KdfRefused`] and [`Error::VaultMissing`] for a vault
    /// that cannot be used, which is left untouched; [`Error::UnsafePath`]; [`Error::File`].
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::open_from(dir, Cost::Calibrated, random::system)
    }

    /// As [`Keystore::open`], with a fixed cost for a vault that is created later, and for one that is weaker.
    ///
    /// # Errors
    /// As [`Keystore::open`].
    pub fn open_with(dir: &Path, kdf: KdfParams) -> Result<Self, Error> {
        Self::open_from(dir, Cost::Fixed(kdf), random::system)
    }

    fn open_from(dir: &Path, cost: Cost, random: Random) -> Result<Self, Error> {
        files::private_dir(dir)?;
        let keystore = Self {
            dir: dir.to_owned(),
            cost,
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
        match (&inner.vault, &inner.keys) {
            (None, _) => VaultState::Missing,
            (Some(_), None) => VaultState::Locked,
            (Some(_), Some(_)) => VaultState::Unlocked,
        }
    }

    /// The wallets without anything secret, locked or not; none when there is no vault.
    pub fn wallets(&self) -> Vec<WalletView> {
        hold(&self.inner)
            .vault
            .as_ref()
            .map(SealedVault::views)
            .unwrap_or_default()
    }

    /// Opens the vault: from now on its accounts sign. A vault that is weaker than what this keystore would give to a
    /// new one gets a higher cost; when that cannot be written, it is logged and tried again the next time.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::UnlockThrottled`], [`Error::NoVault`], the errors of [`Keystore::open`],
    /// [`Error::Locked`] when [`Keystore::lock`] was called meanwhile.
    pub fn unlock(&self, password: &Password, at: Moment) -> Result<Vec<WalletView>, Error> {
        let locks = hold(&self.inner).locks;
        let _gate = self.gate();
        let started = Instant::now();
        let (sealed, open) = self.open_vault(password, at)?;
        let measured = started.elapsed();
        let keys = Keyring::of(&open)?;
        let views = open.views();
        let mut inner = hold(&self.inner);
        if inner.locks != locks {
            return Err(Error::Locked);
        }
        inner.keys = Some(keys);
        inner.vault = Some(sealed);
        drop(inner);
        if let Some(better) = self.cost.upgrade_of(open.kdf(), measured)
            && let Err(error) = self.strengthen(open, password, better)
        {
            tracing::warn!(target: "enerlink::keystore", %error, "the vault keeps its weaker key derivation");
        }
        Ok(views)
    }

    /// How long until a password is accepted again: zero, or after five wrong ones in a row 1, 2, 4, 8 … s, at most
    /// five minutes. It survives a restart.
    pub fn unlock_wait(&self, at: Moment) -> Duration {
        hold(&self.attempts).wait(at.wall, at.monotonic)
    }

    /// Wipes the keys from memory. An unlock that is on its way will not succeed.
    pub fn lock(&self) {
        let mut inner = hold(&self.inner);
        inner.keys = None;
        inner.locks += 1;
    }

    fn strengthen(&self, mut open: OpenVault, password: &Password, better: KdfParams) -> Result<(), Error> {
        open.rewrap(password, better, self.random)?;
        self.save(&open, Copy::Same)
    }

    fn gate(&self) -> Gate<'_> {
        Gate(hold(&self.gate))
    }

    fn vault_path(&self) -> PathBuf {
        self.dir.join(VAULT_FILE)
    }

    fn read_vault(&self) -> Result<SealedVault, Error> {
        let path = self.vault_path();
        match files::read(&path)? {
            Some(bytes) => SealedVault::parse(&bytes, self.cost.floor()),
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
    fn open_vault(&self, password: &Password, at: Moment) -> Result<(SealedVault, OpenVault), Error> {
        let sealed = self.read_vault()?;
        hold(&self.attempts).begin(at.wall, at.monotonic)?;
        let opened = sealed.open(password);
        match &opened {
            Err(Error::WrongPassword) => {}
            Err(Error::OutOfMemory) => hold(&self.attempts).withdraw(),
            Ok(_) | Err(_) => hold(&self.attempts).succeed(),
        }
        Ok((sealed, opened?))
    }

    /// Writes the vault and, only when that has worked, takes over its clear part and, if it is unlocked, its keys.
    /// The caller holds the gate.
    fn save(&self, open: &OpenVault, copy: Copy) -> Result<(), Error> {
        let sealed = open.seal(self.random)?;
        let bytes = sealed.encode()?;
        let unlocked = hold(&self.inner).keys.is_some();
        let keys = unlocked.then(|| Keyring::of(open)).transpose()?;
        let path = self.vault_path();
        let verify = |back: &[u8]| open.verify(back, self.cost.floor());
        match copy {
            Copy::Former => files::keep_copy(&path)?,
            Copy::Same => files::replace(&files::copy_of(&path), &bytes, verify)?,
        }
        let written = files::replace(&path, &bytes, verify);
        let in_place = matches!(written, Ok(()) | Err(Error::NotFlushed { .. }));
        if !in_place {
            if matches!(copy, Copy::Same) {
                // The vault is still the former one, and so its copy has to be.
                let _ = files::keep_copy(&path);
            }
            return written;
        }
        let mut inner = hold(&self.inner);
        inner.vault = Some(sealed);
        if inner.keys.is_some() {
            inner.keys = keys;
        }
        written
    }
}

/// The right to try a password. What was done under it is wiped from the stack in the end.
struct Gate<'a>(#[expect(dead_code, reason = "held, not read")] MutexGuard<'a, ()>);

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        process::wipe_stack();
    }
}

/// A panic while a lock was held leaves nothing half done here: values are replaced as a whole.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
