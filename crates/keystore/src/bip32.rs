//! Hierarchical keys of BIP-32, private derivation only, on k256.

use hmac::{Hmac, KeyInit, Mac};
use k256::{
    FieldBytes, Scalar, SecretKey,
    elliptic_curve::{PrimeField, sec1::ToEncodedPoint},
};
use sha2::Sha512;
use zeroize::{Zeroize, Zeroizing};

use crate::{Error, account::Account};

/// Added to an index: only the holder of the private parent can derive such a child.
pub(crate) const HARDENED: u32 = 1 << 31;

/// A private key with the chain code that derives its children.
pub(crate) struct ExtendedKey {
    key: SecretKey,
    chain_code: Zeroizing<[u8; 32]>,
}

impl ExtendedKey {
    /// The master key of a seed.
    pub(crate) fn from_seed(seed: &[u8]) -> Result<Self, Error> {
        let (left, chain_code) = hmac_halves(b"Bitcoin seed", &[seed]);
        let key = SecretKey::from_slice(&*left).map_err(|_| Error::InvalidKey)?;
        Ok(Self { key, chain_code })
    }

    /// `CKDpriv`. One index in 2^127 has no key and gives [`Error::InvalidKey`].
    pub(crate) fn child(&self, index: u32) -> Result<Self, Error> {
        let (left, chain_code) = if index >= HARDENED {
            let parent = Zeroizing::new(self.key.to_bytes());
            hmac_halves(&*self.chain_code, &[&[0], &parent[..], &index.to_be_bytes()])
        } else {
            let parent = self.key.public_key().to_encoded_point(true);
            hmac_halves(&*self.chain_code, &[parent.as_bytes(), &index.to_be_bytes()])
        };
        let tweak = Zeroizing::new(
            Option::<Scalar>::from(Scalar::from_repr(FieldBytes::from(*left))).ok_or(Error::InvalidKey)?,
        );
        let child = Zeroizing::new(**Zeroizing::new(self.key.to_nonzero_scalar()) + *tweak);
        let bytes = Zeroizing::new(child.to_bytes());
        let key = SecretKey::from_bytes(&bytes).map_err(|_| Error::InvalidKey)?;
        Ok(Self { key, chain_code })
    }

    /// The account of this key itself.
    pub(crate) fn account(&self) -> Account {
        Account::from_secret(&self.key)
    }
}

/// The parent of a phrase's accounts: `m/44'/60'/0'/0` of a BIP-39 seed (BIP-44, coin type 60).
pub(crate) struct EthereumChain(ExtendedKey);

impl EthereumChain {
    pub(crate) fn from_seed(seed: &[u8; 64]) -> Result<Self, Error> {
        [44 | HARDENED, 60 | HARDENED, HARDENED, 0]
            .into_iter()
            .try_fold(ExtendedKey::from_seed(seed)?, |parent, index| parent.child(index))
            .map(Self)
    }

    /// The account `m/44'/60'/0'/0/index`; an index of 2^31 or more would be another kind of step and is refused.
    pub(crate) fn account(&self, index: u32) -> Result<Account, Error> {
        if index >= HARDENED {
            return Err(Error::AccountIndex);
        }
        self.0.child(index).map(|leaf| leaf.account())
    }
}

/// HMAC-SHA512 cut in the middle.
pub(crate) fn hmac_halves(key: &[u8], parts: &[&[u8]]) -> (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>) {
    let mut mac = <Hmac<Sha512> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    let mut output = mac.finalize().into_bytes();
    let (mut left, mut right) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
    left.copy_from_slice(&output[..32]);
    right.copy_from_slice(&output[32..]);
    output[..].zeroize();
    (left, right)
}

#[cfg(test)]
mod tests {
    use enerlink_domain::id::{hex, unhex};

    use super::*;

    const VECTORS: &str = include_str!("../tests/vectors/bip32.txt");

    /// Test vectors 1 to 4 of BIP-32: `seed`, then lines of a path and the extended private key.
    #[test]
    fn the_vectors_of_the_standard_are_met() {
        let mut checked = 0;
        let mut seed = Vec::new();
        for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let (left, right) = line.split_once(' ').expect("two columns");
            if left == "seed" {
                seed = unhex(right).expect("hexadecimal");
                continue;
            }
            let master = ExtendedKey::from_seed(&seed).expect("a master key");
            let key = left
                .split('/')
                .skip(1)
                .fold(master, |parent, step| parent.child(index(step)).expect("a child"));
            let expected = base58(right);
            assert_eq!(hex(&expected[13..45]), hex(&*key.chain_code), "{line}");
            assert_eq!(hex(&expected[46..78]), hex(&key.key.to_bytes()), "{line}");
            checked += 1;
        }
        assert_eq!(checked, 17);
    }

    fn index(step: &str) -> u32 {
        match step.strip_suffix('H') {
            Some(number) => number.parse::<u32>().expect("a number") | HARDENED,
            None => step.parse().expect("a number"),
        }
    }

    /// Base58 to the 82 bytes of a serialized extended key, checksum included.
    fn base58(text: &str) -> [u8; 82] {
        const ALPHABET: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let mut bytes = [0_u8; 82];
        for letter in text.chars() {
            let mut carry = ALPHABET.find(letter).expect("a base58 digit");
            for byte in bytes.iter_mut().rev() {
                carry += usize::from(*byte) * 58;
                *byte = (carry % 256) as u8;
                carry /= 256;
            }
            assert_eq!(carry, 0);
        }
        bytes
    }
}
