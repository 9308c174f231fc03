//! Transactions: signed byte for byte as ethers does.

use alloy_consensus::{Transaction as _, TxEip1559, transaction::RlpEcdsaDecodableTx};
use enerlink_domain::{
    Address, Fees, UnsignedTx, Wei,
    id::{hex, keccak256},
};
use serde_json::Value;

use super::{bytes, ethers, key, text};
use crate::Error;

/// A number of a field, zero when there is none, nothing when it has more bits than the wallet's transactions hold.
fn number<T: TryFrom<u128>>(case: &Value, field: &str) -> Option<T> {
    let value = match &case[field] {
        Value::Number(number) => number.as_u64().map(u128::from)?,
        Value::String(digits) if digits == "0x" => 0,
        Value::String(digits) => u128::from_str_radix(digits.strip_prefix("0x")?, 16).ok()?,
        _ => 0,
    };
    T::try_from(value).ok()
}

fn address(case: &Value) -> Option<Address> {
    let bytes = bytes(case, "to");
    (!bytes.is_empty()).then(|| Address(bytes.try_into().expect("20 bytes")))
}

/// The transaction of a case, for `chain_id`.
fn unsigned(case: &Value, chain_id: u64, fees: Fees) -> Option<UnsignedTx> {
    Some(UnsignedTx {
        chain_id,
        nonce: number(case, "nonce")?,
        to: address(case),
        value: Wei(number(case, "value")?),
        gas_limit: number(case, "gasLimit")?,
        fees,
        input: bytes(case, "data"),
    })
}

#[test]
fn e1_legacy_transactions_are_those_of_ethers() {
    let (mut checked, mut huge) = (0, 0);
    for case in ethers("transactions") {
        let fees = number(&case, "gasPrice").map(|price| Fees::Legacy {
            gas_price: Wei(price),
        });
        // A gas limit above 64 bits is in no block.
        let Some(tx) = fees.and_then(|fees| unsigned(&case, 5, fees)) else {
            huge += 1;
            continue;
        };
        let account = key(&case, "privateKey");
        assert_eq!(account.address().to_lower(), text(&case, "accountAddress"));
        let signed = account.sign(&tx, 5).expect("signs");
        assert_eq!(
            hex(&signed.raw),
            text(&case, "signedTransactionChainId5")[2..],
            "{case}"
        );
        assert_eq!(signed.hash.0, keccak256(&signed.raw));
        checked += 1;
    }
    assert_eq!((checked, huge), (984, 83));
}

#[test]
fn e1_eip_1559_transactions_are_those_of_ethers() {
    let (mut checked, mut refused) = (0, 0);
    for case in ethers("typed-transactions") {
        let tx = &case["tx"];
        let has_list = tx["accessList"].as_array().is_some_and(|list| !list.is_empty());
        if tx["type"] != 2 || has_list {
            continue;
        }
        let fees = Fees::Eip1559 {
            max_fee: Wei(number(tx, "maxFeePerGas").expect("128 bits")),
            max_priority_fee: Wei(number(tx, "maxPriorityFeePerGas").expect("128 bits")),
        };
        let chain_id = number(tx, "chainId").expect("64 bits");
        let account = key(&case, "key");
        let tx = unsigned(tx, chain_id, fees).expect("64 bits of gas");
        match account.sign(&tx, chain_id) {
            Ok(signed) => {
                assert_eq!(hex(&signed.raw), text(&case, "signed")[2..], "{case}");
                checked += 1;
            }
            Err(Error::InvalidTx(_)) if chain_id == 0 => refused += 1,
            Err(error) => panic!("{case}: {error}"),
        }
    }
    assert_eq!((checked, refused), (248, 128));
}

/// Whatever the kind of transaction, also those that the wallet does not make: r and s are ethers' own. So they are
/// deterministic (RFC 6979) and s is low (EIP-2).
#[test]
fn e1_every_signature_is_that_of_ethers() {
    let legacy = ethers("transactions");
    let typed = ethers("typed-transactions");
    let legacy = legacy.iter().flat_map(|case| {
        ["", "ChainId5"].map(|chain| {
            (
                key(case, "privateKey"),
                bytes(case, &format!("unsignedTransaction{chain}")),
                bytes(case, &format!("signedTransaction{chain}")),
            )
        })
    });
    let typed = typed
        .iter()
        .map(|case| (key(case, "key"), bytes(case, "unsigned"), bytes(case, "signed")));
    let mut checked = 0;
    for (account, unsigned, signed) in legacy.chain(typed) {
        let (signature, _) = account.sign_digest(&keccak256(&unsigned)).expect("signs");
        assert!(signature.normalize_s().is_none());
        // RLP drops zeros at the left.
        let s: Vec<u8> = signature
            .s()
            .to_bytes()
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect();
        let r: Vec<u8> = signature
            .r()
            .to_bytes()
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect();
        let head = signed.strip_suffix(s.as_slice()).expect("s at the end");
        assert!(head[..head.len() - 1].ends_with(&r), "r before s");
        checked += 1;
    }
    assert_eq!(checked, 2 * 1067 + 1792);
}

/// Derived: the legacy cases as EIP-1559 on another chain, read back by another implementation.
#[test]
fn e1_derived_transactions_come_back_from_another_implementation() {
    let mut checked = 0;
    for case in ethers("transactions") {
        let Some(price) = number(&case, "gasPrice").map(Wei) else {
            continue;
        };
        let fees = Fees::Eip1559 {
            max_fee: price,
            max_priority_fee: price,
        };
        let Some(tx) = unsigned(&case, 31_337, fees) else {
            continue;
        };
        let account = key(&case, "privateKey");
        let signed = account.sign(&tx, 31_337).expect("signs");
        assert!(matches!(account.sign(&tx, 31_338), Err(Error::WrongChain { .. })));
        let read = TxEip1559::eip2718_decode(&mut signed.raw.as_slice()).expect("decodes");
        assert_eq!(read.recover_signer().expect("recovers").0, account.address().0);
        assert_eq!(read.hash().0, signed.hash.0);
        assert_eq!(read.tx().nonce(), tx.nonce);
        assert_eq!(read.tx().input().as_ref(), tx.input);
        checked += 1;
    }
    assert_eq!(checked, 984);
}
