//! The vault: wallet records under a random data key, and the data key under the password.
//!
//! `docs/vault-format.md` describes the file byte by byte. What is here is pure: bytes in, bytes out.

mod clear;
mod layout;
mod secret;

pub(crate) use clear::{Account, Clear, MAX_ACCOUNTS, wallet_name};
pub(crate) use layout::SealedVault;
pub(crate) use secret::Secret;

use enerlink_domain::{Address, wallet::WalletView};
use zeroize::Zeroizing;

use crate::{
    Error, KdfParams, Password, kdf,
    random::{self, Random},
    seal::{Key, Sealed},
};
use layout::{Header, SealedRecord, record_aad};

/// One wallet with its secret.
pub(crate) struct Wallet {
    pub(crate) id: [u8; 16],
    pub(crate) clear: Clear,
    pub(crate) secret: Secret,
}

/// A vault whose password was right.
pub(crate) struct OpenVault {
    header: Header,
    password_key: Key,
    data_key: Key,
    pub(crate) wallets: Vec<Wallet>,
}

impl OpenVault {
    /// An empty vault under a password, with a fresh salt and a fresh data key.
    pub(crate) fn create(password: &Password, kdf: KdfParams, random: Random) -> Result<Self, Error> {
        let header = Header {
            kdf,
            salt: random::array(random)?,
        };
        Ok(Self {
            password_key: kdf::derive(password, &header.salt, kdf)?,
            data_key: Key::random(random)?,
            header,
            wallets: Vec::new(),
        })
    }

    /// Puts it under another password, or under the same one at another cost. The data key stays.
    pub(crate) fn rewrap(
        &mut self,
        password: &Password,
        kdf: KdfParams,
        random: Random,
    ) -> Result<(), Error> {
        let header = Header {
            kdf,
            salt: random::array(random)?,
        };
        self.password_key = kdf::derive(password, &header.salt, kdf)?;
        self.header = header;
        Ok(())
    }

    /// Adds a wallet under a new id, which it answers. Its accounts have to be those of its secret.
    pub(crate) fn add(&mut self, clear: Clear, secret: Secret, random: Random) -> Result<[u8; 16], Error> {
        let id = random::array(random)?;
        self.wallets.push(Wallet { id, clear, secret });
        Ok(id)
    }

    /// The cost of its password key.
    pub(crate) fn kdf(&self) -> KdfParams {
        self.header.kdf
    }

    /// Its wallets, without anything secret.
    pub(crate) fn views(&self) -> Vec<WalletView> {
        self.wallets
            .iter()
            .map(|wallet| wallet.clear.view(wallet.id))
            .collect()
    }

    /// The wallet that has an account with this address.
    pub(crate) fn owner(&self, address: Address) -> Option<&Wallet> {
        self.wallets.iter().find(|wallet| {
            wallet
                .clear
                .accounts
                .iter()
                .any(|account| account.address == address)
        })
    }

    /// Seals something that belongs to this vault but lies outside of it.
    pub(crate) fn seal_beside(&self, random: Random, aad: &[u8], plain: &[u8]) -> Result<Sealed, Error> {
        self.data_key.seal(random, aad, plain)
    }

    /// The reverse of [`OpenVault::seal_beside`].
    pub(crate) fn open_beside(&self, aad: &[u8], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        self.data_key.open(aad, sealed)
    }

    /// The whole file, with a fresh nonce for each of its parts.
    pub(crate) fn seal(&self, random: Random) -> Result<SealedVault, Error> {
        let wrapped = self
            .password_key
            .seal(random, &self.header.encode(), self.data_key.as_bytes())?;
        let records = self
            .wallets
            .iter()
            .map(|wallet| self.seal_record(wallet, random))
            .collect::<Result<_, _>>()?;
        SealedVault::new(self.header, wrapped, records, |body| {
            self.data_key.seal(random, body, &[])
        })
    }

    /// Whether `bytes` are this vault, opened with the keys that a right password gives.
    pub(crate) fn verify(&self, bytes: &[u8], floor: KdfParams) -> Result<(), Error> {
        let again = SealedVault::parse(bytes, floor)?.open_with(self.password_key.duplicate())?;
        let same = again.wallets.len() == self.wallets.len()
            && again.wallets.iter().zip(&self.wallets).all(|(left, right)| {
                left.id == right.id && left.clear == right.clear && left.secret.same(&right.secret)
            });
        same.then_some(()).ok_or(Error::VaultDamaged)
    }

    fn seal_record(&self, wallet: &Wallet, random: Random) -> Result<SealedRecord, Error> {
        let clear = wallet.clear.encode()?;
        let aad = record_aad(&wallet.id, &clear);
        Ok(SealedRecord {
            id: wallet.id,
            clear: wallet.clear.clone(),
            sealed: self.data_key.seal(random, &aad, &wallet.secret.encode()?)?,
        })
    }
}

impl SealedVault {
    /// Opens it with a password. It takes as long as the key derivation is meant to take.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], and [`Error::VaultDamaged`] when the password is right but a record is not.
    pub(crate) fn open(&self, password: &Password) -> Result<OpenVault, Error> {
        self.open_with(kdf::derive(password, &self.header.salt, self.header.kdf)?)
    }

    fn open_with(&self, password_key: Key) -> Result<OpenVault, Error> {
        let data_key = password_key
            .open(&self.header.encode(), &self.wrapped)
            .and_then(|bytes| Key::from_slice(&bytes))
            .ok_or(Error::WrongPassword)?;
        data_key
            .open(&self.body()?, &self.stamp)
            .ok_or(Error::VaultDamaged)?;
        let wallets = self
            .records
            .iter()
            .map(|record| open_record(&data_key, record))
            .collect::<Result<_, _>>()?;
        Ok(OpenVault {
            header: self.header,
            password_key,
            data_key,
            wallets,
        })
    }
}

/// Opens a record and makes sure that its secret gives the addresses that it shows while it is locked.
fn open_record(data_key: &Key, record: &SealedRecord) -> Result<Wallet, Error> {
    let aad = record_aad(&record.id, &record.clear.encode()?);
    let plain = data_key.open(&aad, &record.sealed).ok_or(Error::VaultDamaged)?;
    let secret = Secret::decode(&plain)
        .filter(|secret| secret.kind() == record.clear.kind)
        .ok_or(Error::VaultDamaged)?;
    for account in &record.clear.accounts {
        if secret.account(account.index)?.address() != account.address {
            return Err(Error::VaultDamaged);
        }
    }
    Ok(Wallet {
        id: record.id,
        clear: record.clear.clone(),
        secret,
    })
}

#[cfg(test)]
mod tests;
