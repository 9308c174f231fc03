//! The addresses file: which chain, and where the EnerLink contracts are on it. An operator hands it out.

use enerlink_domain::{Address, BlockHash, token::Token};
use serde::{Deserialize, Serialize};

use crate::{ChainError, Identity};

const KIND: &str = "enerlink-addresses-1";
/// A real file has some 400 bytes.
const MAX_LENGTH: usize = 64 << 10;

/// One deployment of the contracts. In JSON it is the addresses file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "File", into = "File")]
pub struct Addresses {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of block 0: chains of the same id differ in it.
    pub genesis: BlockHash,
    /// EnergyConverter.
    pub converter: Address,
    /// ETKToken.
    pub etk: Address,
    /// IDRSToken.
    pub idrs: Address,
    /// Market; files of before there was one have none.
    pub market: Option<Address>,
    /// Blocks after which this network counts a transaction as settled, the including block counted; at least 1.
    pub confirmations: Option<u32>,
}

impl Addresses {
    /// Reads an addresses file.
    pub fn parse(text: &str) -> Result<Self, ChainError> {
        let bad = |reason: String| ChainError::BadAddresses { reason };
        if text.len() > MAX_LENGTH {
            return Err(bad(format!("it is longer than {MAX_LENGTH} bytes")));
        }
        serde_json::from_str(text).map_err(|error| bad(crate::error::quoted(&error.to_string())))
    }

    /// Which chain they are on.
    pub fn identity(&self) -> Identity {
        Identity {
            chain_id: self.chain_id,
            genesis: self.genesis,
        }
    }

    /// Where a token is.
    pub fn token(&self, token: Token) -> Address {
        match token {
            Token::Etk => self.etk,
            Token::Idrs => self.idrs,
        }
    }

    /// Every contract.
    pub fn all(&self) -> Vec<Address> {
        let named = [self.converter, self.etk, self.idrs];
        named.into_iter().chain(self.market).collect()
    }

    /// The addresses file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers, addresses and hashes always serialize")
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    kind: String,
    chain_id: u64,
    genesis: BlockHash,
    contracts: Contracts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmations: Option<u32>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Contracts {
    #[serde(rename = "EnergyConverter")]
    converter: Address,
    #[serde(rename = "ETKToken")]
    etk: Address,
    #[serde(rename = "IDRSToken")]
    idrs: Address,
    #[serde(rename = "Market", default, skip_serializing_if = "Option::is_none")]
    market: Option<Address>,
}

impl TryFrom<File> for Addresses {
    type Error = String;

    fn try_from(file: File) -> Result<Self, String> {
        if file.kind != KIND {
            return Err(format!("its kind is {:?}, not {KIND:?}", file.kind));
        }
        if file.chain_id == 0 {
            return Err("its chainId is 0".into());
        }
        if file.confirmations == Some(0) {
            return Err("its confirmations are 0, at least 1 is needed".into());
        }
        let Contracts {
            converter,
            etk,
            idrs,
            market,
        } = file.contracts;
        let mut seen = Vec::with_capacity(4);
        for (name, address) in [
            ("EnergyConverter", Some(converter)),
            ("ETKToken", Some(etk)),
            ("IDRSToken", Some(idrs)),
            ("Market", market),
        ] {
            let Some(address) = address else { continue };
            if address == Address::ZERO {
                return Err(format!("its {name} is the zero address"));
            }
            if seen.contains(&address) {
                return Err("two of its contracts have the same address".into());
            }
            seen.push(address);
        }
        Ok(Self {
            chain_id: file.chain_id,
            genesis: file.genesis,
            converter,
            etk,
            idrs,
            market,
            confirmations: file.confirmations,
        })
    }
}

impl From<Addresses> for File {
    fn from(addresses: Addresses) -> Self {
        Self {
            kind: KIND.into(),
            chain_id: addresses.chain_id,
            genesis: addresses.genesis,
            contracts: Contracts {
                converter: addresses.converter,
                etk: addresses.etk,
                idrs: addresses.idrs,
                market: addresses.market,
            },
            confirmations: addresses.confirmations,
        }
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::Hash32;

    use super::*;

    fn addresses() -> Addresses {
        Addresses {
            chain_id: 31337,
            genesis: Hash32([7; 32]),
            converter: Address([1; 20]),
            etk: Address([2; 20]),
            idrs: Address([0xab; 20]),
            market: Some(Address([4; 20])),
            confirmations: Some(3),
        }
    }

    #[test]
    fn the_file_reads_back() {
        for confirmations in [Some(3), None] {
            let addresses = Addresses {
                confirmations,
                ..addresses()
            };
            let text = addresses.to_json();
            assert!(
                text.contains("\"kind\": \"enerlink-addresses-1\"") && text.contains("\"chainId\": 31337")
            );
            assert_eq!(Addresses::parse(&text), Ok(addresses));
        }
    }

    #[test]
    fn a_file_of_before_the_market_reads_as_well() {
        let addresses = Addresses {
            market: None,
            ..addresses()
        };
        let text = addresses.to_json();
        assert!(!text.contains("Market"), "{text}");
        assert_eq!(Addresses::parse(&text), Ok(addresses));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let good = addresses().to_json();
        let etk = addresses().etk.to_string();
        let zero = Address::ZERO.to_string();
        let market = Address([4; 20]).to_string();
        for (from, to, expected) in [
            ("addresses-1", "addresses-2", "its kind is"),
            ("31337", "0", "chainId is 0"),
            ("31337", "\"x\"", "invalid type"),
            ("\"confirmations\": 3", "\"confirmations\": 0", "at least 1"),
            (&etk, &zero, "ETKToken is the zero address"),
            (&etk, &addresses().converter.to_string(), "same address"),
            (&market, &zero, "Market is the zero address"),
            (&market, &etk, "same address"),
            (&etk, "0x12", "40 hexadecimal digits"),
            ("0xABaBaBa", "0xabaBaBa", "checksum"),
            ("\"ETKToken\"", "\"ETK\"", "missing field `ETKToken`"),
            ("\n  }", "", "EOF"),
        ] {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good, "{from}");
            let error = Addresses::parse(&text).expect_err(expected).to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
        let long = " ".repeat(MAX_LENGTH + 1);
        assert!(matches!(
            Addresses::parse(&long),
            Err(ChainError::BadAddresses { .. })
        ));
    }
}
