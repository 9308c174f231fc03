//! What can be imported, and the keys that are in it.

use enerlink_domain::Address;
use zeroize::Zeroizing;

use crate::{
    Account, Error, Password, Phrase, v3,
    vault::{self, MAX_ACCOUNTS, Secret},
};

/// What is imported. Every text in it is wiped on drop; it can be neither printed nor serialized.
pub enum Import {
    /// A BIP-39 phrase in one of the standard's languages.
    Phrase {
        /// 12, 15, 18, 21 or 24 words; capitals and the kind of white space do not count.
        words: Zeroizing<String>,
        /// The passphrase of BIP-39, empty for none.
        passphrase: Password,
        /// Which accounts: the last step of `m/44'/60'/0'/0/index`, 1 to 100 different ones below 2^31.
        accounts: Vec<u32>,
    },
    /// A private key: 64 hexadecimal digits, with or without `0x`, and nothing around them.
    PrivateKey(Zeroizing<String>),
    /// A Web3 Secret Storage file of version 3.
    V3 {
        /// Its content.
        json: Zeroizing<String>,
        /// Its password.
        password: Password,
    },
}

/// The keys of an [`Import`].
pub(crate) struct Found {
    pub(crate) secret: Secret,
    pub(crate) accounts: Vec<vault::Account>,
    /// Whether the source itself names the address.
    pub(crate) address_claimed: bool,
    /// Whether it held fewer than 32 bytes of key.
    pub(crate) padded: bool,
}

impl Import {
    /// Reads the source; of a key file this takes as long as its key derivation.
    pub(crate) fn resolve(&self) -> Result<Found, Error> {
        match self {
            Self::Phrase {
                words,
                passphrase,
                accounts,
            } => {
                let passphrase = Zeroizing::new(passphrase.as_str().to_owned());
                let secret = Secret::new(Phrase::parse(words)?, passphrase)?;
                let accounts = accounts_of(&secret, accounts)?;
                Ok(Found {
                    secret,
                    accounts,
                    address_claimed: false,
                    padded: false,
                })
            }
            Self::PrivateKey(text) => Ok(Found::of_key(Account::from_text(text)?)),
            Self::V3 { json, password } => {
                let decoded = v3::decode(json, password)?;
                Ok(Found {
                    address_claimed: decoded.address_claimed,
                    padded: decoded.padded,
                    ..Found::of_key(decoded.account)
                })
            }
        }
    }
}

impl Found {
    fn of_key(account: Account) -> Self {
        Self {
            accounts: vec![vault::Account {
                index: 0,
                address: account.address(),
            }],
            secret: Secret::from_key(account),
            address_claimed: false,
            padded: false,
        }
    }

    /// Refuses other accounts than those that a person was shown; nothing expected is no check.
    pub(crate) fn expect(&self, expected: &[Address]) -> Result<(), Error> {
        if expected.is_empty() {
            return Ok(());
        }
        let found: Vec<_> = self.accounts.iter().map(|account| account.address).collect();
        let length = found.len().max(expected.len());
        let at = |addresses: &[Address], index| addresses.get(index).copied().unwrap_or_default();
        match (0..length).find(|index| found.get(*index) != expected.get(*index)) {
            None => Ok(()),
            Some(index) => Err(Error::AddressMismatch {
                claimed: at(expected, index),
                found: at(&found, index),
            }),
        }
    }
}

/// The accounts with these indices, which have to be different.
pub(crate) fn accounts_of(secret: &Secret, indices: &[u32]) -> Result<Vec<vault::Account>, Error> {
    let mut accounts: Vec<vault::Account> = Vec::with_capacity(indices.len().min(MAX_ACCOUNTS));
    if !(1..=MAX_ACCOUNTS).contains(&indices.len()) {
        return Err(Error::AccountIndex);
    }
    for index in indices {
        if accounts.iter().any(|account| account.index == *index) {
            return Err(Error::AccountIndex);
        }
        accounts.push(vault::Account {
            index: *index,
            address: secret.account(*index)?.address(),
        });
    }
    Ok(accounts)
}
