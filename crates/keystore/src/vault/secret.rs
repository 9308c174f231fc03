//! What a vault keeps secret of a wallet.

use zeroize::Zeroizing;

use crate::{
    Account, Error, Phrase,
    bytes::{Reader, put_short},
};

const PHRASE: u8 = 1;
const ENGLISH: u8 = 0;

/// A BIP-39 phrase, as its entropy, and the passphrase that goes with it (empty for none).
pub(crate) struct Secret {
    phrase: Phrase,
    passphrase: Zeroizing<String>,
}

impl Secret {
    pub(crate) fn new(phrase: Phrase) -> Self {
        Self {
            phrase,
            passphrase: Zeroizing::default(),
        }
    }

    pub(crate) fn phrase(&self) -> &Phrase {
        &self.phrase
    }

    pub(crate) fn into_phrase(self) -> Phrase {
        self.phrase
    }

    /// The key of `m/44'/60'/0'/0/index`.
    pub(crate) fn account(&self, index: u32) -> Result<Account, Error> {
        self.phrase.account(&self.passphrase, index)
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        self.phrase.entropy() == other.phrase.entropy() && self.passphrase == other.passphrase
    }

    pub(crate) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let entropy = self.phrase.entropy();
        let mut out = Zeroizing::new(Vec::with_capacity(6 + entropy.len() + self.passphrase.len()));
        out.extend([PHRASE, ENGLISH]);
        put_short(&mut out, &entropy)
            .and_then(|()| put_short(&mut out, self.passphrase.as_bytes()))
            .ok_or(Error::VaultDamaged)?;
        Ok(out)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if (reader.u8()?, reader.u8()?) != (PHRASE, ENGLISH) {
            return None;
        }
        let phrase = Phrase::from_entropy(reader.short()?).ok()?;
        let passphrase = Zeroizing::new(str::from_utf8(reader.short()?).ok()?.to_owned());
        reader.end()?;
        Some(Self { phrase, passphrase })
    }
}
