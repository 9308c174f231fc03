//! AES-256-GCM (NIST SP 800-38D) with a fresh random nonce for each message.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use zeroize::Zeroizing;

use crate::{
    Error,
    random::{self, Random},
};

pub(crate) const NONCE_LENGTH: usize = 12;
pub(crate) const TAG_LENGTH: usize = 16;

/// A symmetric key, wiped on drop.
pub(crate) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn random(random: Random) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        random(&mut *bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        (bytes.len() == key.len()).then(|| key.copy_from_slice(bytes))?;
        Some(Self(key))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A second copy, where a key has to outlive its first owner.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Encrypts `plain` and authenticates it together with `aad`.
    pub(crate) fn seal(&self, random: Random, aad: &[u8], plain: &[u8]) -> Result<Sealed, Error> {
        let nonce = random::array::<NONCE_LENGTH>(random)?;
        let bytes = self
            .cipher()
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad })
            .map_err(|_| Error::OutOfMemory)?;
        Ok(Sealed { nonce, bytes })
    }

    /// The plain text, or nothing when key, nonce, text or `aad` is not the one of [`Key::seal`].
    pub(crate) fn open(&self, aad: &[u8], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let payload = Payload {
            msg: &sealed.bytes,
            aad,
        };
        self.cipher()
            .decrypt(&Nonce::from(sealed.nonce), payload)
            .ok()
            .map(Zeroizing::new)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.0).into())
    }
}

/// A nonce, and the cipher text with its tag.
pub(crate) struct Sealed {
    pub(crate) nonce: [u8; NONCE_LENGTH],
    pub(crate) bytes: Vec<u8>,
}
