//! What a vault tells about a wallet while it is locked: authenticated, not encrypted.

use enerlink_domain::{Address, UnixMillis, view::WalletView};

use crate::{
    Error,
    bytes::{Reader, put_short},
};

const CONFIRMED: u8 = 1;
const MAX_NAME_CHARACTERS: usize = 64;

/// An account of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// The last step of `m/44'/60'/0'/0/index`.
    pub(crate) index: u32,
    pub(crate) address: Address,
}

/// The clear part of a wallet record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clear {
    pub(crate) created_at: UnixMillis,
    /// Whether the phrase was typed back.
    pub(crate) confirmed: bool,
    /// At least one.
    pub(crate) accounts: Vec<Account>,
    /// 1 to 64 characters.
    pub(crate) name: String,
}

impl Clear {
    /// Trims the name and refuses one that is empty, too long or not printable.
    pub(crate) fn new(name: &str, account: Account, now: UnixMillis) -> Result<Self, Error> {
        let name = name.trim();
        let length = name.chars().count();
        if !(1..=MAX_NAME_CHARACTERS).contains(&length) || name.chars().any(char::is_control) {
            return Err(Error::WalletName);
        }
        Ok(Self {
            created_at: now,
            confirmed: false,
            accounts: vec![account],
            name: name.to_owned(),
        })
    }

    pub(crate) fn view(&self) -> WalletView {
        WalletView {
            name: self.name.clone(),
            address: self
                .accounts
                .first()
                .map(|account| account.address)
                .unwrap_or_default(),
            phrase_confirmed: self.confirmed,
            created_at: self.created_at,
        }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut out = self.created_at.0.to_be_bytes().to_vec();
        out.push(if self.confirmed { CONFIRMED } else { 0 });
        out.push(u8::try_from(self.accounts.len()).map_err(|_| Error::VaultDamaged)?);
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
        let flags = reader.u8().filter(|flags| *flags <= CONFIRMED)?;
        let count = reader.u8().filter(|count| *count > 0)?;
        let accounts = (0..count)
            .map(|_| {
                Some(Account {
                    index: reader.u32()?,
                    address: Address(reader.array()?),
                })
            })
            .collect::<Option<_>>()?;
        let name = str::from_utf8(reader.short()?).ok()?.to_owned();
        reader.end()?;
        Some(Self {
            created_at,
            confirmed: flags == CONFIRMED,
            accounts,
            name,
        })
    }
}
