//! What a vault keeps secret of a wallet: a phrase with its passphrase, or one private key.

use enerlink_domain::wallet::WalletKind;
use zeroize::Zeroizing;

use crate::{
    Account, Error, Phrase,
    bip32::EthereumChain,
    bytes::{Reader, put_short},
    phrase,
};

const PHRASE: u8 = 1;
const PRIVATE_KEY: u8 = 2;

/// What the keys of a wallet come from.
pub(crate) struct Secret(Source);

enum Source {
    /// The passphrase is empty for none. The chain is derived once, because that is the slow part of BIP-39.
    Phrase {
        phrase: Phrase,
        passphrase: Zeroizing<String>,
        chain: EthereumChain,
    },
    Key(Account),
}

impl Secret {
    /// A phrase, with the passphrase that goes with it (empty for none).
    pub(crate) fn new(phrase: Phrase, passphrase: Zeroizing<String>) -> Result<Self, Error> {
        let chain = phrase.chain(&passphrase)?;
        Ok(Self(Source::Phrase {
            phrase,
            passphrase,
            chain,
        }))
    }

    /// A single private key, which is the account with index 0.
    pub(crate) fn from_key(account: Account) -> Self {
        Self(Source::Key(account))
    }

    pub(crate) fn kind(&self) -> WalletKind {
        match self.0 {
            Source::Phrase { .. } => WalletKind::Phrase,
            Source::Key(_) => WalletKind::PrivateKey,
        }
    }

    pub(crate) fn has_passphrase(&self) -> bool {
        matches!(&self.0, Source::Phrase { passphrase, .. } if !passphrase.is_empty())
    }

    pub(crate) fn phrase(&self) -> Result<&Phrase, Error> {
        match &self.0 {
            Source::Phrase { phrase, .. } => Ok(phrase),
            Source::Key(_) => Err(Error::NoPhrase),
        }
    }

    pub(crate) fn into_phrase(self) -> Result<Phrase, Error> {
        match self.0 {
            Source::Phrase { phrase, .. } => Ok(phrase),
            Source::Key(_) => Err(Error::NoPhrase),
        }
    }

    /// The key of `m/44'/60'/0'/0/index`, or of index 0 the private key.
    pub(crate) fn account(&self, index: u32) -> Result<Account, Error> {
        match &self.0 {
            Source::Phrase { chain, .. } => chain.account(index),
            Source::Key(account) if index == 0 => Account::from_bytes(&account.secret_bytes()),
            Source::Key(_) => Err(Error::NoPhrase),
        }
    }

    /// A second one, where it goes into another vault.
    pub(crate) fn duplicate(&self) -> Result<Self, Error> {
        Self::decode(&self.encode()?).ok_or(Error::VaultDamaged)
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (
                Source::Phrase {
                    phrase: left,
                    passphrase: left_passphrase,
                    ..
                },
                Source::Phrase {
                    phrase: right,
                    passphrase: right_passphrase,
                    ..
                },
            ) => left.same(right) && left_passphrase == right_passphrase,
            (Source::Key(left), Source::Key(right)) => left.secret_bytes() == right.secret_bytes(),
            _ => false,
        }
    }

    pub(crate) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        match &self.0 {
            Source::Phrase {
                phrase, passphrase, ..
            } => {
                let entropy = phrase.entropy();
                let mut out = Zeroizing::new(Vec::with_capacity(6 + entropy.len() + passphrase.len()));
                out.extend([PHRASE, phrase.language()]);
                put_short(&mut out, &entropy)
                    .and_then(|()| put_short(&mut out, passphrase.as_bytes()))
                    .ok_or(Error::PassphraseLength)?;
                Ok(out)
            }
            Source::Key(account) => {
                let mut out = Zeroizing::new(Vec::with_capacity(1 + 32));
                out.push(PRIVATE_KEY);
                out.extend(*account.secret_bytes());
                Ok(out)
            }
        }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        match reader.u8()? {
            PHRASE => {
                let language = phrase::language(reader.u8()?)?;
                let phrase = Phrase::from_entropy(language, reader.short()?).ok()?;
                let passphrase = Zeroizing::new(str::from_utf8(reader.short()?).ok()?.to_owned());
                reader.end()?;
                Self::new(phrase, passphrase).ok()
            }
            PRIVATE_KEY => {
                let key = Zeroizing::new(reader.array()?);
                reader.end()?;
                Account::from_bytes(&key).ok().map(Self::from_key)
            }
            _ => None,
        }
    }
}
