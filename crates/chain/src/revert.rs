//! Why a contract refuses, in words: the custom errors of EnerLink and OpenZeppelin, `require` texts and panics.

use enerlink_domain::Code;
use serde_json::Value;
use thiserror::Error;

use crate::{error::quoted, reason::words, wire::RpcError};

/// A refusal by a contract, decoded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Revert {
    /// The error's name, such as `BelowThreshold`; `Error` for a text, `Panic`, `OutOfGas`, `Empty`, `Unknown`.
    pub name: String,
    /// A sentence for a person, with the decoded values.
    pub message: String,
    /// What the contract returned, undecoded.
    pub data: Vec<u8>,
}

impl Revert {
    /// Decodes what a reverted call returned.
    pub fn decode(data: &[u8]) -> Self {
        let (name, message) = words(data);
        Self {
            name,
            message,
            data: data.to_vec(),
        }
    }

    /// The closed code of this refusal.
    pub fn code(&self) -> Code {
        match self.name.as_str() {
            "MeterUnknown" => Code::MeterUnregistered,
            "MeterIsRetired" | "NotProsumer" | "NotSettler" | "ProsumerMismatch" => Code::MeterForeign,
            "NothingToSettle" | "BelowThreshold" => Code::NothingToSettle,
            "InsufficientEtk" | "ERC20InsufficientBalance" => Code::InsufficientBalance,
            "ERC20InsufficientAllowance" => Code::AllowanceMissing,
            "OrderNotOpen" => Code::OrderClosed,
            "NotTrader" => Code::OrderForeign,
            "WouldCross" => Code::OrderCrosses,
            "ZeroLots"
            | "ZeroPrice"
            | "UnknownSide"
            | "UnknownFlags"
            | "MaxFillsOutOfBounds"
            | "TooManyOrders" => Code::OrderInvalid,
            "BadTokens" | "PaidShort" => Code::ContractsMissing,
            _ => Code::Reverted,
        }
    }

    /// The refusal in a node's error, if it is one: geth and anvil put the data under code 3, Besu under -32000,
    /// Nethermind writes `Reverted 0x…` under -32015, Hardhat nests it.
    pub(crate) fn from_rpc(error: &RpcError) -> Option<Self> {
        let text = error.message.to_lowercase();
        if text.contains("out of gas") || text.contains("gas required exceeds allowance") {
            return Some(Self::named(
                "OutOfGas",
                "the contract needs more gas than a block may hold",
            ));
        }
        let data = revert_data(&error.data, 3);
        let reverted = error.code == 3 || error.code == -32015 || text.contains("revert");
        match data {
            Some(data) if reverted && !data.is_empty() => Some(Self::decode(&data)),
            _ if text.contains("invalid opcode") => Some(Self::named(
                "InvalidOpcode",
                "the contract ran into an invalid instruction",
            )),
            _ if reverted => Some(Self::spoken(&error.message)),
            _ => None,
        }
    }

    /// A transaction that has used up its gas.
    pub(crate) fn out_of_gas(limit: u64) -> Self {
        Self::named(
            "OutOfGas",
            &format!("the {limit} gas that it was given were not enough"),
        )
    }

    fn named(name: &str, message: &str) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
            data: Vec::new(),
        }
    }

    /// A refusal without data; the node may have put a text into its own message.
    fn spoken(message: &str) -> Self {
        match message.split_once("reverted: ") {
            Some((_, reason)) => Self::named("Error", &format!("the contract refuses: {}", quoted(reason))),
            None => Self::decode(&[]),
        }
    }
}

/// The first hexadecimal payload in a node's error data.
fn revert_data(data: &Value, depth: usize) -> Option<Vec<u8>> {
    match data {
        Value::String(text) => enerlink_domain::id::unhex(&text[text.find("0x")?..]),
        Value::Object(fields) if depth > 0 => ["data", "result", "output"]
            .iter()
            .find_map(|name| revert_data(fields.get(*name)?, depth - 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloy::{
        primitives::{U256, hex},
        sol_types::{Panic, Revert as Require, SolError},
    };
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::contracts::{
        AlloyAddress,
        converter::EnergyConverter::{self, EnergyConverterErrors},
        etk::ETKToken,
        idrs::IDRSToken,
    };

    fn check(data: Vec<u8>, name: &str, message: &str, code: Code) {
        let revert = Revert::decode(&data);
        assert_eq!(
            (revert.name.as_str(), revert.message.as_str(), revert.code()),
            (name, message, code)
        );
        assert_eq!(revert.data, data);
    }

    #[test]
    fn our_errors_say_their_values() {
        let caller = AlloyAddress::from([0x11; 20]);
        let threshold = EnergyConverter::BelowThreshold {
            energyWh: U256::from(42),
            thresholdWh: U256::from(100),
        };
        let message = "42 Wh are less than the 100 Wh that a settlement needs";
        check(
            threshold.abi_encode(),
            "BelowThreshold",
            message,
            Code::NothingToSettle,
        );
        let missing = EnergyConverter::InsufficientEtk {
            missing: U256::from(12_345),
        };
        let message = "123.45 ETK are missing to pay for the import";
        check(
            missing.abi_encode(),
            "InsufficientEtk",
            message,
            Code::InsufficientBalance,
        );
        let foreign = EnergyConverter::NotProsumer { caller };
        let message = "0x1111111111111111111111111111111111111111 is not the prosumer of this meter";
        check(foreign.abi_encode(), "NotProsumer", message, Code::MeterForeign);
        let unknown = EnergyConverter::MeterUnknown {}.abi_encode();
        check(
            unknown,
            "MeterUnknown",
            "the meter is not registered on this chain",
            Code::MeterUnregistered,
        );
        let behind = EnergyConverter::RegisterBehind {
            exportWh: 1,
            importWh: 2,
            lastExportWh: 3,
            lastImportWh: 4,
        };
        let message =
            "the registers 1 Wh export and 2 Wh import are behind those last settled, 3 Wh and 4 Wh";
        check(behind.abi_encode(), "RegisterBehind", message, Code::Reverted);
        let fast = EnergyConverter::Implausible {
            clearedAt: 130,
            limit: 100,
        };
        let message =
            "the meter cannot have moved so much energy at its rated power; it would have needed 30 s more";
        check(fast.abi_encode(), "Implausible", message, Code::Reverted);
    }

    #[test]
    fn token_errors_are_known_too() {
        let balance = ETKToken::ERC20InsufficientBalance {
            sender: AlloyAddress::ZERO,
            balance: U256::from(5),
            needed: U256::MAX,
        };
        let revert = Revert::decode(&balance.abi_encode());
        assert_eq!(
            (revert.name.as_str(), revert.code()),
            ("ERC20InsufficientBalance", Code::InsufficientBalance)
        );
        assert!(revert.message.contains("holds 0.05 tokens"), "{}", revert.message);
        let ramp = IDRSToken::NotRamp {
            caller: AlloyAddress::ZERO,
        };
        assert_eq!(Revert::decode(&ramp.abi_encode()).name, "NotRamp");
    }

    #[test]
    fn texts_panics_and_silence_are_told_apart() {
        let text = Require::from("paused\u{7}").abi_encode();
        check(text, "Error", "the contract refuses: paused", Code::Reverted);
        let panic = Revert::decode(&Panic::from(0x11_u64).abi_encode());
        assert_eq!(panic.name, "Panic");
        assert!(panic.message.contains("overflow"), "{}", panic.message);
        check(
            Vec::new(),
            "Empty",
            "the contract refuses without saying why",
            Code::Reverted,
        );
        let message = "the contract refuses with an error that this wallet does not know (0xdeadbeef)";
        check(vec![0xde, 0xad, 0xbe, 0xef], "Unknown", message, Code::Reverted);
    }

    #[test]
    fn each_node_hides_the_data_elsewhere() {
        let data = hex::encode_prefixed(EnergyConverter::MeterNotOpen {}.abi_encode());
        for (node, code, message, data, expected) in [
            ("geth", 3, "execution reverted", json!(data), Some("MeterNotOpen")),
            (
                "besu",
                -32000,
                "Execution reverted",
                json!(data),
                Some("MeterNotOpen"),
            ),
            (
                "nethermind",
                -32015,
                "VM execution error.",
                json!(format!("Reverted {data}")),
                Some("MeterNotOpen"),
            ),
            (
                "hardhat",
                -32603,
                "reverted",
                json!({ "message": "x", "data": { "data": data } }),
                Some("MeterNotOpen"),
            ),
            (
                "old geth",
                -32000,
                "execution reverted: closed",
                Value::Null,
                Some("Error"),
            ),
            ("empty", 3, "execution reverted", json!("0x"), Some("Empty")),
            ("geth", -32000, "out of gas", Value::Null, Some("OutOfGas")),
            (
                "geth",
                -32000,
                "gas required exceeds allowance (30000000)",
                Value::Null,
                Some("OutOfGas"),
            ),
            (
                "geth",
                -32000,
                "invalid opcode: INVALID",
                Value::Null,
                Some("InvalidOpcode"),
            ),
            ("geth", -32000, "header not found", Value::Null, None),
            ("any", -32601, "method not found", json!(data), None),
        ] {
            let error = RpcError {
                code,
                message: message.into(),
                data,
            };
            let name = Revert::from_rpc(&error).map(|revert| revert.name);
            assert_eq!(name.as_deref(), expected, "{node}: {message}");
        }
    }

    proptest! {
        #[test]
        fn no_data_panics(data in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!Revert::decode(&data).message.is_empty());
        }

        #[test]
        fn no_arguments_panic(at in 0..38_usize, data in prop::collection::vec(any::<u8>(), 0..200)) {
            let selectors = EnergyConverterErrors::SELECTORS;
            let mut bytes = selectors[at % selectors.len()].to_vec();
            bytes.extend(data);
            prop_assert!(!Revert::decode(&bytes).message.is_empty());
        }
    }
}
