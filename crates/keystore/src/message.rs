//! Messages signed as `personal_sign` does: EIP-191, version 0x45.

use enerlink_domain::{Address, id::keccak256};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

/// Who has signed a message: `signature` is r, s, and v of 27 or 28. Nobody, when it is no signature or has its s in
/// the upper half of the order, which no wallet makes.
pub fn recover_message(message: &[u8], signature: &[u8; 65]) -> Option<Address> {
    let recovery = RecoveryId::from_byte(signature[64].checked_sub(27).filter(|parity| *parity < 2)?)?;
    let signature = Signature::from_slice(&signature[..64]).ok()?;
    if signature.normalize_s().is_some() {
        return None;
    }
    VerifyingKey::recover_from_prehash(&digest(message), &signature, recovery)
        .ok()
        .map(|key| address_of(&key))
}

/// The digest that is signed.
pub(crate) fn digest(message: &[u8]) -> [u8; 32] {
    let mut text = format!("\x19Ethereum Signed Message:\n{}", message.len()).into_bytes();
    text.extend(message);
    keccak256(&text)
}

/// The last 20 bytes of the hash of the public key.
pub(crate) fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_encoded_point(false);
    let digest = keccak256(&point.as_bytes()[1..]);
    let mut address = Address::ZERO;
    address.0.copy_from_slice(&digest[12..]);
    address
}

#[cfg(test)]
mod tests {
    use enerlink_domain::id::{hex, unhex};
    use proptest::prelude::*;

    use super::*;
    use crate::Account;

    fn account() -> Account {
        let key = unhex("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d");
        Account::from_bytes(&key.expect("hexadecimal").try_into().expect("32 bytes")).expect("a key")
    }

    /// Signed by eth-account 0.14.0: `Account.sign_message(encode_defunct(message), key)`.
    #[test]
    fn messages_are_signed_as_other_wallets_do() {
        let every_byte: Vec<u8> = (0..=u8::MAX).collect();
        for (message, expected) in [
            (
                &b""[..],
                "db1ef717f82668ef1433fd83d22046953901e7e60913775bb117533943f205407f5f6438b6ad953af2e37f5ec2f416b291f0e741b6b75123c00d492e6c49b8cf1c",
            ),
            (
                b"hello",
                "360868b1309dbc03fc1330fac1259c538231bf3fbc7c94639b092118e0efb2d35c812a53c9dae5ccf1cdbd4a1424490c79a6ca1624c21d68d2ca88e33c510fbc1b",
            ),
            (
                &every_byte,
                "59c706c44ceaee194178312368b8b8ca17a1e8c5d7d1203d48b65a93ee3800582f8eed0d6d7ef05c02d0416440adf8efab5bdc008c43837600afebf040fd38581b",
            ),
            (
                "é".as_bytes(),
                "fee79465f7b814eea14fe1602f4788d3ce9e3bba4245d3109d300e7d4207ed102fb863363d30aba91141504051c0f75b29b27e2327b0a315c7d7e381f2a6693c1b",
            ),
        ] {
            let signature = account().sign_message(message).expect("signs");
            assert_eq!(hex(&signature), expected);
            assert_eq!(recover_message(message, &signature), Some(account().address()));
        }
    }

    #[test]
    fn what_no_wallet_signs_recovers_to_nobody() {
        let good = account().sign_message(b"hello").expect("signs");
        assert_ne!(recover_message(b"hullo", &good), Some(account().address()));
        for v in (0..=u8::MAX).filter(|v| !matches!(v, 27 | 28)) {
            let mut other = good;
            other[64] = v;
            assert_eq!(recover_message(b"hello", &other), None);
        }
        assert_eq!(recover_message(b"hello", &[0; 65]), None);
        // The other root of the same signature: -s, and v flipped.
        let signature = Signature::from_slice(&good[..64]).expect("a signature");
        let (r, s) = signature.split_scalars();
        let high = Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).expect("a signature");
        let mut malleable = [0; 65];
        malleable[..64].copy_from_slice(&high.to_bytes());
        malleable[64] = 55 - good[64];
        assert_eq!(recover_message(b"hello", &malleable), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_a_panic(
            message in any::<Vec<u8>>(),
            bytes in prop::array::uniform32(any::<u8>()),
            v in any::<u8>(),
        ) {
            let mut signature = [v; 65];
            signature[..32].copy_from_slice(&bytes);
            signature[32..64].copy_from_slice(&bytes);
            prop_assert_ne!(recover_message(&message, &signature), Some(Address::ZERO));
        }
    }
}
