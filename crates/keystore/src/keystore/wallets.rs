//! The wallets of the vault: made, imported, changed, shown and removed, each after the password.

use enerlink_domain::{
    Address,
    wallet::{ImportPreview, PreviewAccount, WalletId, WalletView},
};
use zeroize::Zeroizing;

use super::{Copy, Keystore, Moment, hold};
use crate::{
    Error, Import, Password, Phrase, files,
    import::{Found, accounts_of},
    password,
    vault::{self, Clear, MAX_ACCOUNTS, OpenVault, Secret, Wallet, wallet_name},
};

impl Keystore {
    /// Makes a wallet from a new English phrase of 12, 15, 18, 21 or 24 words, with a passphrase of BIP-39 (empty for
    /// none). When there is no vault, it makes one under `password`, which stays locked; otherwise `password` has to
    /// open the vault.
    ///
    /// # Errors
    /// [`Error::WalletName`], [`Error::WordCount`]; without a vault [`Error::WeakPassword`], with one those of
    /// [`Keystore::unlock`]; and [`Error::File`] or [`Error::NotWritten`], after which everything is as before.
    pub fn create(
        &self,
        name: &str,
        password: &Password,
        words: u8,
        passphrase: &Password,
        at: Moment,
    ) -> Result<WalletView, Error> {
        let _gate = self.gate();
        let phrase = Phrase::generate(words, self.random)?;
        let secret = Secret::new(phrase, Zeroizing::new(passphrase.as_str().to_owned()))?;
        let accounts = accounts_of(&secret, &[0])?;
        let clear = Clear::new(name, &secret, accounts, at.wall)?;
        let mut open = self.open_or_begin(password, at)?;
        self.add(&mut open, clear, secret)
    }

    /// What an import would bring. Nothing is kept; balances are not known here.
    ///
    /// # Errors
    /// [`Error::PhraseLength`], [`Error::UnknownWord`], [`Error::MixedLanguages`], [`Error::PhraseChecksum`],
    /// [`Error::AccountIndex`]; [`Error::KeyText`], [`Error::InvalidKey`]; [`Error::KeyFile`],
    /// [`Error::AddressMismatch`], and [`Error::WrongPassword`] when it is not the one of the key file.
    pub fn preview(&self, import: &Import) -> Result<ImportPreview, Error> {
        let found = import.resolve()?;
        let wallets = self.wallets();
        let accounts = found.accounts.iter().map(|account| PreviewAccount {
            account: account.view(found.secret.kind()),
            balances: None,
            known_as: wallets
                .iter()
                .find(|wallet| wallet.has(account.address))
                .map(|wallet| wallet.name.clone()),
        });
        Ok(ImportPreview {
            accounts: accounts.collect(),
            address_claimed: found.address_claimed,
            padded: found.padded,
        })
    }

    /// Adds a wallet from outside. `expected` are the addresses that a person was shown, in order; none is no check.
    /// A phrase counts as typed back. The password is used as in [`Keystore::create`].
    ///
    /// # Errors
    /// Those of [`Keystore::preview`] and [`Keystore::create`], [`Error::AddressMismatch`] when it brings other
    /// accounts than expected, [`Error::AccountKnown`] and [`Error::PhraseKnown`] when the vault has them.
    pub fn import(
        &self,
        name: &str,
        password: &Password,
        import: &Import,
        expected: &[Address],
        at: Moment,
    ) -> Result<WalletView, Error> {
        let _gate = self.gate();
        let name = wallet_name(name)?;
        let found = import.resolve()?;
        found.expect(expected)?;
        let mut open = self.open_or_begin(password, at)?;
        refuse_known(&open, &found)?;
        let mut clear = Clear::new(&name, &found.secret, found.accounts, at.wall)?;
        clear.confirmed = true;
        self.add(&mut open, clear, found.secret)
    }

    /// Adds an account to a phrase: the one with this index, or the first after all that are there.
    ///
    /// # Errors
    /// [`Error::UnknownWallet`], [`Error::NoPhrase`], [`Error::AccountIndex`], [`Error::AccountKnown`], and those of
    /// [`Keystore::create`].
    pub fn add_account(
        &self,
        wallet: WalletId,
        password: &Password,
        index: Option<u32>,
        at: Moment,
    ) -> Result<WalletView, Error> {
        self.change(wallet, password, at, |open, place| {
            let Wallet { clear, secret, .. } = &open.wallets[place];
            secret.phrase()?;
            let last = clear.accounts.iter().map(|account| account.index).max();
            let index = index.unwrap_or(last.map_or(0, |last| last.saturating_add(1)));
            if clear.accounts.len() >= MAX_ACCOUNTS {
                return Err(Error::AccountIndex);
            }
            let address = secret.account(index)?.address();
            refuse_known_address(open, address)?;
            let accounts = &mut open.wallets[place].clear.accounts;
            accounts.push(vault::Account { index, address });
            Ok(())
        })
    }

    /// Gives a wallet another name.
    ///
    /// # Errors
    /// [`Error::UnknownWallet`], [`Error::WalletName`], and those of [`Keystore::create`].
    pub fn rename(
        &self,
        wallet: WalletId,
        password: &Password,
        name: &str,
        at: Moment,
    ) -> Result<WalletView, Error> {
        let name = wallet_name(name)?;
        self.change(wallet, password, at, |open, place| {
            open.wallets[place].clear.name = name;
            Ok(())
        })
    }

    /// Removes a wallet from this computer, and from the copy of the vault. With the last one the vault and its copy
    /// go. Settlement keys and sealed secrets stay.
    ///
    /// # Errors
    /// [`Error::UnknownWallet`], and those of [`Keystore::create`].
    pub fn remove(&self, wallet: WalletId, password: &Password, at: Moment) -> Result<(), Error> {
        let _gate = self.gate();
        let (_, mut open) = self.open_vault(password, at)?;
        let place = place_of(&open, wallet)?;
        open.wallets.remove(place);
        if !open.wallets.is_empty() {
            return self.save(&open, Copy::Same);
        }
        let path = self.vault_path();
        let copy = files::copy_of(&path);
        // The vault is the last to go: a copy without it would look like a loss.
        for path in [
            &files::temporary_of(&copy),
            &copy,
            &files::temporary_of(&path),
            &path,
        ] {
            files::remove(path)?;
        }
        let mut inner = hold(&self.inner);
        inner.vault = None;
        inner.keys = None;
        Ok(())
    }

    /// Puts the vault under another password. The copy of the vault is then under the new one too.
    ///
    /// # Errors
    /// [`Error::WeakPassword`] for the new one, and those of [`Keystore::create`].
    pub fn change_password(&self, old: &Password, new: &Password, at: Moment) -> Result<(), Error> {
        let _gate = self.gate();
        password::require_strong(new)?;
        let (_, mut open) = self.open_vault(old, at)?;
        open.rewrap(new, open.kdf(), self.random)?;
        self.save(&open, Copy::Same)
    }

    /// Reads the vault from the disk again, opens it and derives every address; it stays as locked as it is.
    ///
    /// # Errors
    /// As [`Keystore::unlock`].
    pub fn verify(&self, password: &Password, at: Moment) -> Result<Vec<WalletView>, Error> {
        let _gate = self.gate();
        Ok(self.open_vault(password, at)?.1.views())
    }

    /// The recovery phrase of a wallet; the vault stays as locked as it is.
    ///
    /// # Errors
    /// [`Error::UnknownWallet`], [`Error::NoPhrase`], and those of [`Keystore::unlock`].
    pub fn reveal_phrase(&self, wallet: WalletId, password: &Password, at: Moment) -> Result<Phrase, Error> {
        let _gate = self.gate();
        let (_, mut open) = self.open_vault(password, at)?;
        let place = place_of(&open, wallet)?;
        open.wallets.swap_remove(place).secret.into_phrase()
    }

    /// Notes that the phrase was written down: `words` are at least four of its words at different positions
    /// (from 0), all right.
    ///
    /// # Errors
    /// [`Error::WrongWord`], [`Error::TooFewWords`], [`Error::UnknownWallet`], [`Error::NoPhrase`], and those of
    /// [`Keystore::create`].
    pub fn confirm_phrase(
        &self,
        wallet: WalletId,
        password: &Password,
        words: &[(u8, String)],
        at: Moment,
    ) -> Result<WalletView, Error> {
        self.change(wallet, password, at, |open, place| {
            let wallet = &mut open.wallets[place];
            wallet.secret.phrase()?.check(words)?;
            wallet.clear.confirmed = true;
            Ok(())
        })
    }

    /// The key of an account as a Web3 Secret Storage file of version 3 under a password of its own, with the scrypt
    /// cost that geth calls standard. The phrase is not in it.
    ///
    /// # Errors
    /// [`Error::WeakPassword`] for the one of the file, [`Error::UnknownAccount`], [`Error::NoRandomness`],
    /// [`Error::OutOfMemory`], and those of [`Keystore::unlock`].
    pub fn export_v3(
        &self,
        address: Address,
        password: &Password,
        file_password: &Password,
        at: Moment,
    ) -> Result<Zeroizing<String>, Error> {
        let _gate = self.gate();
        password::require_strong(file_password)?;
        let (_, open) = self.open_vault(password, at)?;
        let wallet = open.owner(address).ok_or(Error::UnknownAccount(address))?;
        let mut accounts = wallet.clear.accounts.iter();
        let index = accounts
            .find_map(|account| (account.address == address).then_some(account.index))
            .ok_or(Error::UnknownAccount(address))?;
        wallet
            .secret
            .account(index)?
            .to_v3(file_password)
            .map(Zeroizing::new)
    }

    /// The vault, or a new one that is not written yet when there is none. The caller holds the gate.
    pub(super) fn open_or_begin(&self, password: &Password, at: Moment) -> Result<OpenVault, Error> {
        match self.read_vault() {
            Err(Error::NoVault) => {
                password::require_strong(password)?;
                OpenVault::create(password, self.cost.of_new_vault()?, self.random)
            }
            Ok(_) => self.open_vault(password, at).map(|(_, open)| open),
            Err(error) => Err(error),
        }
    }

    fn add(&self, open: &mut OpenVault, clear: Clear, secret: Secret) -> Result<WalletView, Error> {
        let unbound = clear.view([0; 16]);
        let id = open.add(clear, secret, self.random)?;
        self.save(open, Copy::Former)?;
        Ok(WalletView {
            wallet: WalletId(id),
            ..unbound
        })
    }

    /// Opens the vault, changes the wallet at the place that is given, and saves the vault if that has changed it.
    fn change(
        &self,
        wallet: WalletId,
        password: &Password,
        at: Moment,
        act: impl FnOnce(&mut OpenVault, usize) -> Result<(), Error>,
    ) -> Result<WalletView, Error> {
        let _gate = self.gate();
        let (_, mut open) = self.open_vault(password, at)?;
        let place = place_of(&open, wallet)?;
        let before = open.wallets[place].clear.clone();
        act(&mut open, place)?;
        if open.wallets[place].clear != before {
            self.save(&open, Copy::Former)?;
        }
        Ok(open.wallets[place].clear.view(wallet.0))
    }
}

fn place_of(open: &OpenVault, wallet: WalletId) -> Result<usize, Error> {
    open.wallets
        .iter()
        .position(|candidate| candidate.id == wallet.0)
        .ok_or(Error::UnknownWallet(wallet))
}

fn refuse_known(open: &OpenVault, found: &Found) -> Result<(), Error> {
    for account in &found.accounts {
        refuse_known_address(open, account.address)?;
    }
    match open
        .wallets
        .iter()
        .find(|wallet| wallet.secret.same(&found.secret))
    {
        Some(wallet) => Err(Error::PhraseKnown {
            wallet: wallet.clear.name.clone(),
        }),
        None => Ok(()),
    }
}

fn refuse_known_address(open: &OpenVault, address: Address) -> Result<(), Error> {
    match open.owner(address) {
        Some(wallet) => Err(Error::AccountKnown {
            address,
            wallet: wallet.clear.name.clone(),
        }),
        None => Ok(()),
    }
}
