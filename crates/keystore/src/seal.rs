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

#[cfg(test)]
mod tests {
    use enerlink_domain::id::{hex, unhex};

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        unhex(text).expect("hexadecimal")
    }

    /// Test case 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega).
    #[test]
    fn the_cipher_is_aes_256_gcm() {
        let key = Key::from_slice(&bytes(
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        ));
        let key = key.expect("32 bytes");
        let random: Random = |nonce| {
            nonce.copy_from_slice(&bytes("cafebabefacedbaddecaf888"));
            Ok(())
        };
        let aad = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = bytes(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let sealed = key.seal(random, &aad, &plain).expect("sealed");
        assert_eq!(
            hex(&sealed.bytes),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
        );
        assert_eq!(key.open(&aad, &sealed).expect("opens").as_slice(), plain);
        assert!(key.open(&aad[1..], &sealed).is_none());
    }

    #[test]
    fn keys_have_32_bytes() {
        for length in (0..80).filter(|length| *length != 32) {
            assert!(Key::from_slice(&vec![1; length]).is_none());
        }
    }
}
