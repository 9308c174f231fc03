//! What a vault tells about a wallet while it is locked: authenticated, not encrypted.

use enerlink_domain::{
    Address, UnixMillis,
    wallet::{AccountView, WalletId, WalletKind, WalletView},
};

use super::Secret;
use crate::{
    Error,
    bip32::HARDENED,
    bytes::{Reader, put_short},
};

const CONFIRMED: u8 = 1;
const PRIVATE_KEY: u8 = 2;
const PASSPHRASE: u8 = 4;
const MAX_NAME_CHARACTERS: usize = 64;
/// More accounts than anybody asks for, and few enough that opening the vault stays quick.
pub(crate) const MAX_ACCOUNTS: usize = 100;

/// An account of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// The last step of `m/44'/60'/0'/0/index`; 0 for a private key.
    pub(crate) index: u32,
    pub(crate) address: Address,
}

impl Account {
    pub(crate) fn view(self, kind: WalletKind) -> AccountView {
        AccountView {
            index: self.index,
            address: self.address,
            path: (kind == WalletKind::Phrase).then(|| format!("m/44'/60'/0'/0/{}", self.index)),
        }
    }
}

/// The clear part of a wallet record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clear {
    pub(crate) created_at: UnixMillis,
    pub(crate) kind: WalletKind,
    /// Whether a passphrase of BIP-39 belongs to the phrase.
    pub(crate) passphrase: bool,
    /// Whether the phrase was typed back.
    pub(crate) confirmed: bool,
    /// At least one.
    pub(crate) accounts: Vec<Account>,
    /// 1 to 64 characters.
    pub(crate) name: String,
}

impl Clear {
    /// What is shown of a secret with these accounts; see [`wallet_name`].
    pub(crate) fn new(
        name: &str,
        secret: &Secret,
        accounts: Vec<Account>,
        now: UnixMillis,
    ) -> Result<Self, Error> {
        Ok(Self {
            created_at: now,
            kind: secret.kind(),
            passphrase: secret.has_passphrase(),
            confirmed: secret.kind() == WalletKind::PrivateKey,
            accounts,
            name: wallet_name(name)?,
        })
    }

    pub(crate) fn view(&self, id: [u8; 16]) -> WalletView {
        let accounts = self.accounts.iter().map(|account| account.view(self.kind));
        WalletView {
            wallet: WalletId(id),
            name: self.name.clone(),
            kind: self.kind,
            passphrase: self.passphrase,
            phrase_confirmed: self.confirmed,
            created_at: self.created_at,
            accounts: accounts.collect(),
        }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut out = self.created_at.0.to_be_bytes().to_vec();
        out.push(self.flags());
        out.push(u8::try_from(self.accounts.len()).map_err(|_| Error::AccountIndex)?);
        for account in &self.accounts {
            out.extend(account.index.to_be_bytes());
            out.extend(account.address.0);
        }
        put_short(&mut out, self.name.as_bytes()).ok_or(Error::WalletName)?;
        Ok(out)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let created_at = UnixMillis(reader.i64()?);
        let flags = reader.u8()?;
        let count = reader.u8().filter(|count| *count > 0)?;
        let accounts = (0..count)
            .map(|_| {
                Some(Account {
                    index: reader.u32().filter(|index| *index < HARDENED)?,
                    address: Address(reader.array()?),
                })
            })
            .collect::<Option<_>>()?;
        let name = str::from_utf8(reader.short()?).ok()?.to_owned();
        reader.end()?;
        let clear = Self {
            created_at,
            kind: match flags & PRIVATE_KEY {
                0 => WalletKind::Phrase,
                _ => WalletKind::PrivateKey,
            },
            passphrase: flags & PASSPHRASE != 0,
            confirmed: flags & CONFIRMED != 0,
            accounts,
            name,
        };
        (clear.flags() == flags).then_some(clear)
    }

    fn flags(&self) -> u8 {
        let flag = |set: bool, flag| if set { flag } else { 0 };
        flag(self.confirmed, CONFIRMED)
            | flag(self.kind == WalletKind::PrivateKey, PRIVATE_KEY)
            | flag(self.passphrase, PASSPHRASE)
    }
}

/// Trims the name and refuses one that is empty, too long or not printable.
pub(crate) fn wallet_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let length = name.chars().count();
    if !(1..=MAX_NAME_CHARACTERS).contains(&length) || name.chars().any(char::is_control) {
        return Err(Error::WalletName);
    }
    Ok(name.to_owned())
}
