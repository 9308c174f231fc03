//! One private key in memory: its address, and its signatures.

use enerlink_domain::{Address, SignedTx, UnsignedTx};
use k256::{
    SecretKey,
    ecdsa::{RecoveryId, Signature, SigningKey},
};
use zeroize::Zeroizing;

use crate::{
    Error, Password, message,
    random::{self, Random},
    transaction, v3,
};

/// A secp256k1 key, wiped on drop: an operator's, a simulated household's, or one that the vault has opened.
pub struct Account {
    key: SigningKey,
    address: Address,
}

impl Account {
    /// The account of a raw private key.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] for 0, and for the order of secp256k1 and above.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Error> {
        SecretKey::from_slice(bytes)
            .map(|secret| Self::from_secret(&secret))
            .map_err(|_| Error::InvalidKey)
    }

    /// A new account.
    ///
    /// # Errors
    /// [`Error::NoRandomness`] when the operating system gives none.
    pub fn random() -> Result<Self, Error> {
        Self::random_from(random::system)
    }

    /// The account of a private key as a text: 64 hexadecimal digits, with or without `0x`, and nothing else.
    ///
    /// # Errors
    /// [`Error::KeyText`] for any other text, [`Error::InvalidKey`] as in [`Account::from_bytes`].
    pub(crate) fn from_text(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let pairs = digits.as_bytes().as_chunks::<2>().0;
        let mut bytes = Zeroizing::new([0; 32]);
        if digits.len() != 2 * bytes.len() {
            return Err(Error::KeyText);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Self::from_bytes(&bytes)
    }

    /// The account in a Web3 Secret Storage file of version 3 (scrypt or PBKDF2, AES-128-CTR).
    ///
    /// # Errors
    /// [`Error::WrongPassword`]; [`Error::KeyFile`] for a file of another kind, or one whose key derivation would
    /// exhaust the machine, before it is begun; [`Error::AddressMismatch`].
    pub fn from_v3(json: &str, password: &Password) -> Result<Self, Error> {
        v3::decode(json, password).map(|decoded| decoded.account)
    }

    /// This account as a Web3 Secret Storage file of version 3, with scrypt n=2^18 r=8 p=1. It takes about a second.
    ///
    /// # Errors
    /// [`Error::NoRandomness`], [`Error::OutOfMemory`].
    pub fn to_v3(&self, password: &Password) -> Result<String, Error> {
        v3::encode(self, password, v3::STANDARD_LOG_N, random::system)
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs a transaction: EIP-1559, or legacy with the replay protection of EIP-155.
    ///
    /// # Errors
    /// [`Error::WrongChain`] when the transaction is not for `chain_id`; [`Error::InvalidTx`].
    pub fn sign(&self, tx: &UnsignedTx, chain_id: u64) -> Result<SignedTx, Error> {
        transaction::sign(self, tx, chain_id)
    }

    /// Signs a message as `personal_sign` does (EIP-191, version 0x45): r, s, and v of 27 or 28.
    ///
    /// # Errors
    /// [`Error::InvalidKey`], which no message is known to cause.
    pub fn sign_message(&self, message: &[u8]) -> Result<[u8; 65], Error> {
        self.sign_to_bytes(&message::digest(message))
    }

    /// r, s, and v of 27 or 28.
    pub(crate) fn sign_to_bytes(&self, digest: &[u8; 32]) -> Result<[u8; 65], Error> {
        let (signature, recovery) = self.sign_digest(digest)?;
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + u8::from(recovery.is_y_odd());
        Ok(bytes)
    }

    pub(crate) fn from_secret(secret: &SecretKey) -> Self {
        let key = SigningKey::from(secret);
        let address = message::address_of(key.verifying_key());
        Self { key, address }
    }

    pub(crate) fn random_from(random: Random) -> Result<Self, Error> {
        loop {
            let bytes = Zeroizing::new(random::array(random)?);
            // One in 2^128 draws is above the order of the curve.
            if let Ok(account) = Self::from_bytes(&bytes) {
                return Ok(account);
            }
        }
    }

    pub(crate) fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes().into())
    }

    /// A deterministic signature (RFC 6979) with s in the lower half of the order (EIP-2).
    pub(crate) fn sign_digest(&self, digest: &[u8; 32]) -> Result<(Signature, RecoveryId), Error> {
        self.key
            .sign_prehash_recoverable(digest)
            .map_err(|_| Error::InvalidKey)
    }
}

fn digit(letter: u8) -> Result<u8, Error> {
    char::from(letter)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
        .ok_or(Error::KeyText)
}

#[cfg(test)]
mod tests {
    use enerlink_domain::id::unhex;
    use k256::ecdsa::VerifyingKey;
    use proptest::prelude::*;

    use super::*;

    fn account(hex: &str) -> Result<Account, Error> {
        Account::from_bytes(&unhex(hex).expect("hexadecimal").try_into().expect("32 bytes"))
    }

    #[test]
    fn keys_lie_between_one_and_the_order_of_the_curve() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        let above = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142";
        for refused in [&"00".repeat(32), order, above, &"ff".repeat(32)] {
            assert!(matches!(account(refused), Err(Error::InvalidKey)), "{refused}");
        }
        let one = account(&format!("{:0>64}", 1)).expect("valid");
        assert_eq!(
            one.address().to_string(),
            "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
        );
        let last =
            account("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140").expect("valid");
        assert_eq!(
            last.address().to_string(),
            "0x80C0dbf239224071c59dD8970ab9d542E3414aB2"
        );
    }

    #[test]
    fn a_key_as_text_is_64_digits_with_or_without_0x() {
        let key = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
        let one = &format!("{:0>64}", 1);
        let last = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
        for accepted in [key, &format!("0x{key}"), &key.to_uppercase(), one, last] {
            let account = Account::from_text(accepted).expect("accepted");
            let digits = accepted.trim_start_matches("0x").to_lowercase();
            assert_eq!(enerlink_domain::id::hex(&*account.secret_bytes()), digits);
        }
        for refused in [
            "",
            "0x",
            &key[2..],
            &format!("{key}00"),
            &format!("0X{key}"),
            &format!("0x0x{}", &key[2..]),
            &format!(" {key}"),
            &format!("{key} "),
            &format!("{key}\n"),
            &format!("{} {}", &key[..32], &key[32..]),
            &format!("{}  {}", &key[..31], &key[33..]),
            &format!("{}g", &key[1..]),
            &format!("{}+", &key[1..]),
            &format!("-{}", &key[1..]),
            &"é".repeat(32),
            &"１".repeat(64),
            &"0x".repeat(32),
        ] {
            assert!(
                matches!(Account::from_text(refused), Err(Error::KeyText)),
                "{refused}"
            );
        }
        for out_of_range in [
            &"0".repeat(64),
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        ] {
            assert!(matches!(Account::from_text(out_of_range), Err(Error::InvalidKey)));
        }
    }

    proptest! {
        #[test]
        fn signatures_recover_to_the_address_with_a_low_s(
            key in prop::array::uniform32(1_u8..),
            digest in any::<[u8; 32]>(),
        ) {
            let Ok(account) = Account::from_bytes(&key) else { return Ok(()) };
            let (signature, recovery) = account.sign_digest(&digest).expect("signs");
            prop_assert!(signature.normalize_s().is_none());
            let public = VerifyingKey::recover_from_prehash(&digest, &signature, recovery).expect("recovers");
            prop_assert_eq!(message::address_of(&public), account.address());
        }
    }
}
