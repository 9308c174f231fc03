//! Names of things: meters, accounts, hashes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;
use tiny_keccak::{Hasher, Keccak};

/// Why a text does not name anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseIdError {
    /// A meter id is 1 to 64 bytes, printable, without white space, `/`, `+` and `#`.
    #[error("a meter id has 1 to 64 visible characters, without spaces, '/', '+' and '#'")]
    MeterId,
    /// An account is `0x` and 40 hexadecimal digits.
    #[error("an address is 0x and 40 hexadecimal digits")]
    Address,
    /// Mixed case that is not the checksum of EIP-55: a digit was mistyped.
    #[error("the address fails its EIP-55 checksum: a character is wrong")]
    Checksum,
    /// A hash is `0x` and 64 hexadecimal digits.
    #[error("a hash is 0x and 64 hexadecimal digits")]
    Hash,
}

/// Keccak-256 as Ethereum uses it.
pub fn keccak256(data: &[u8]) -> [u8; 32] {
    let mut hasher = Keccak::v256();
    hasher.update(data);
    let mut output = [0; 32];
    hasher.finalize(&mut output);
    output
}

/// Lower-case hexadecimal without a prefix.
pub fn hex(bytes: &[u8]) -> String {
    const_hex::encode(bytes)
}

/// Bytes of hexadecimal text, with or without `0x`; `None` when it is not that.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    const_hex::decode(text).ok()
}

/// The name under which a meter is registered on chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeterId(String);

impl MeterId {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the meter's events: `keccak256(bytes(meterId))`.
    pub fn key(&self) -> Hash32 {
        Hash32(keccak256(self.0.as_bytes()))
    }
}

impl FromStr for MeterId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let forbidden =
            |letter: char| letter.is_whitespace() || letter.is_control() || "/+#".contains(letter);
        if text.is_empty() || text.len() > 64 || text.chars().any(forbidden) {
            return Err(ParseIdError::MeterId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MeterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An Ethereum account or contract. Shown with the checksum of EIP-55.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// The account that nobody owns.
    pub const ZERO: Self = Self([0; 20]);

    /// Lower-case `0x…`, the form in the database.
    pub fn to_lower(self) -> String {
        format!("0x{}", hex(&self.0))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lower = hex(&self.0);
        let digest = keccak256(lower.as_bytes());
        let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let letters = lower.chars().zip(nibbles).map(|(letter, nibble)| match nibble {
            8.. => letter.to_ascii_uppercase(),
            _ => letter,
        });
        write!(formatter, "0x{}", letters.collect::<String>())
    }
}

impl FromStr for Address {
    type Err = ParseIdError;

    /// All-lower and all-upper digits are accepted, mixed case only with a right checksum.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let digits = text.strip_prefix("0x").ok_or(ParseIdError::Address)?;
        let bytes = unhex(text)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(ParseIdError::Address)?;
        let address = Self(bytes);
        let lower = !digits.bytes().any(|byte| byte.is_ascii_uppercase());
        let upper = !digits.bytes().any(|byte| byte.is_ascii_lowercase());
        if lower || upper || address.to_string() == text {
            Ok(address)
        } else {
            Err(ParseIdError::Checksum)
        }
    }
}

/// Thirty-two bytes that identify something on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash32(pub [u8; 32]);

/// The hash of a transaction.
pub type TxHash = Hash32;
/// The hash of a block.
pub type BlockHash = Hash32;

impl fmt::Display for Hash32 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{}", hex(&self.0))
    }
}

impl FromStr for Hash32 {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        unhex(text)
            .filter(|_| text.starts_with("0x"))
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(ParseIdError::Hash)
    }
}

macro_rules! string_serde {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )*};
}
string_serde!(MeterId, Address, Hash32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_eip_55() {
        for text in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
        assert_eq!(
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed".parse::<Address>(),
            Err(ParseIdError::Checksum)
        );
        for text in [
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
        ] {
            assert_eq!(text.parse::<Address>(), Err(ParseIdError::Address), "{text}");
        }
    }

    #[test]
    fn hashes_are_written_and_read_in_full() {
        let hash = Hash32(std::array::from_fn(|at| u8::try_from(at * 8).expect("small")));
        let text = "0x0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse(), Ok(hash));
        for wrong in [text[2..].to_owned(), format!("0x{text}"), format!("{text}00")] {
            assert_eq!(wrong.parse::<Hash32>(), Err(ParseIdError::Hash), "{wrong}");
        }
    }

    #[test]
    fn meter_ids_are_bounded() {
        assert!("METER-001".parse::<MeterId>().is_ok());
        for text in ["", "a b", "home/meter", "a+", "#", "\u{7}"] {
            assert!(text.parse::<MeterId>().is_err(), "{text:?}");
        }
        assert!("x".repeat(64).parse::<MeterId>().is_ok());
        assert!("x".repeat(65).parse::<MeterId>().is_err());
    }
}
