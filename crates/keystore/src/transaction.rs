//! Encoding and signing of transactions: EIP-2718 envelopes, EIP-1559 fees, EIP-155 replay protection.

use alloy_consensus::{SignableTransaction, Signed, TxEip1559, TxLegacy, transaction::RlpEcdsaEncodableTx};
use alloy_primitives::{Signature, TxKind, U256};
use enerlink_domain::{Fees, Hash32, SignedTx, UnsignedTx, Wei};

use crate::{Account, Error};

/// The bytes that a node takes, and their hash.
pub(crate) fn sign(account: &Account, tx: &UnsignedTx, chain_id: u64) -> Result<SignedTx, Error> {
    if tx.chain_id != chain_id {
        return Err(Error::WrongChain {
            found: tx.chain_id,
            expected: chain_id,
        });
    }
    if chain_id == 0 {
        return Err(Error::InvalidTx("chain id 0 gives no protection against replay"));
    }
    match tx.fees {
        Fees::Legacy { gas_price } => encode(account, legacy(tx, gas_price)),
        Fees::Eip1559 {
            max_fee,
            max_priority_fee,
        } if max_priority_fee <= max_fee => encode(account, eip1559(tx, max_fee, max_priority_fee)),
        Fees::Eip1559 { .. } => Err(Error::InvalidTx("the tip is above the fee cap")),
    }
}

fn legacy(tx: &UnsignedTx, gas_price: Wei) -> TxLegacy {
    TxLegacy {
        chain_id: Some(tx.chain_id),
        nonce: tx.nonce,
        gas_price: gas_price.0,
        gas_limit: tx.gas_limit,
        to: kind(tx),
        value: U256::from(tx.value.0),
        input: tx.input.clone().into(),
    }
}

fn eip1559(tx: &UnsignedTx, max_fee: Wei, max_priority_fee: Wei) -> TxEip1559 {
    TxEip1559 {
        chain_id: tx.chain_id,
        nonce: tx.nonce,
        gas_limit: tx.gas_limit,
        max_fee_per_gas: max_fee.0,
        max_priority_fee_per_gas: max_priority_fee.0,
        to: kind(tx),
        value: U256::from(tx.value.0),
        access_list: Default::default(),
        input: tx.input.clone().into(),
    }
}

fn kind(tx: &UnsignedTx) -> TxKind {
    tx.to
        .map_or(TxKind::Create, |address| TxKind::Call(address.0.into()))
}

fn encode<T>(account: &Account, tx: T) -> Result<SignedTx, Error>
where
    T: SignableTransaction<Signature> + RlpEcdsaEncodableTx,
{
    let (signature, recovery) = account.sign_digest(&tx.signature_hash().0)?;
    let signature = Signature::new(
        U256::from_be_slice(&signature.r().to_bytes()),
        U256::from_be_slice(&signature.s().to_bytes()),
        recovery.is_y_odd(),
    );
    let signed = Signed::new_unhashed(tx, signature);
    let mut raw = Vec::with_capacity(signed.eip2718_encoded_length());
    signed.eip2718_encode(&mut raw);
    Ok(SignedTx {
        hash: Hash32(enerlink_domain::id::keccak256(&raw)),
        raw,
    })
}

#[cfg(test)]
mod tests {
    use alloy_consensus::{
        Transaction as _, TxEnvelope,
        transaction::{RlpEcdsaDecodableTx, SignerRecoverable},
    };
    use alloy_primitives::{Address as AlloyAddress, eip191_hash_message};
    use enerlink_domain::{
        Address,
        id::{hex, unhex},
    };
    use proptest::prelude::*;

    use super::*;

    const VECTORS: &str = include_str!("../tests/vectors/transactions.txt");

    #[test]
    fn bytes_and_hash_are_those_of_another_implementation() {
        let mut checked = 0;
        for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split(' ').collect();
            let [
                key,
                chain,
                nonce,
                to,
                value,
                gas,
                kind,
                price,
                tip,
                input,
                hash,
                raw,
            ] = columns[..]
            else {
                panic!("twelve columns: {line}")
            };
            let wei = |text: &str| Wei(text.parse().expect("a number"));
            let tx = UnsignedTx {
                chain_id: chain.parse().expect("a number"),
                nonce: nonce.parse().expect("a number"),
                to: (to != "-").then(|| to.parse().expect("an address")),
                value: wei(value),
                gas_limit: gas.parse().expect("a number"),
                fees: match kind {
                    "legacy" => Fees::Legacy {
                        gas_price: wei(price),
                    },
                    _ => Fees::Eip1559 {
                        max_fee: wei(price),
                        max_priority_fee: wei(tip),
                    },
                },
                input: unhex(input.trim_start_matches('-')).expect("hexadecimal"),
            };
            let key = unhex(key).expect("hexadecimal").try_into().expect("32 bytes");
            let account = Account::from_bytes(&key).expect("a key");
            let signed = account.sign(&tx, tx.chain_id).expect("signs");
            assert_eq!(hex(&signed.raw), raw);
            assert_eq!(hex(&signed.hash.0), hash);
            checked += 1;
        }
        assert_eq!(checked, 60);
    }

    fn fees() -> impl Strategy<Value = Fees> {
        prop_oneof![
            any::<u128>().prop_map(|price| Fees::Legacy {
                gas_price: Wei(price)
            }),
            any::<(u128, u128)>().prop_map(|(left, right)| Fees::Eip1559 {
                max_fee: Wei(left.max(right)),
                max_priority_fee: Wei(left.min(right)),
            }),
        ]
    }

    fn transactions() -> impl Strategy<Value = UnsignedTx> {
        (
            // Above it v of EIP-155 leaves 64 bits.
            1..=(u64::MAX - 36) / 2,
            any::<(u64, Option<[u8; 20]>, u128, u64)>(),
            fees(),
            any::<Vec<u8>>(),
        )
            .prop_map(
                |(chain_id, (nonce, to, value, gas_limit), fees, input)| UnsignedTx {
                    chain_id,
                    nonce,
                    to: to.map(Address),
                    value: Wei(value),
                    gas_limit,
                    fees,
                    input,
                },
            )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn the_signer_and_every_field_come_back(tx in transactions(), key in prop::array::uniform32(1_u8..)) {
            let Ok(account) = Account::from_bytes(&key) else { return Ok(()) };
            let signed = account.sign(&tx, tx.chain_id).expect("signs");
            let read = decode(&signed.raw);
            prop_assert_eq!(read.recover_signer().expect("recovers"), AlloyAddress::from(account.address().0));
            prop_assert_eq!(read.hash().0, signed.hash.0);
            prop_assert!(read.signature().normalize_s().is_none());
            prop_assert_eq!(read.chain_id(), Some(tx.chain_id));
            prop_assert_eq!((read.nonce(), read.gas_limit()), (tx.nonce, tx.gas_limit));
            prop_assert_eq!(read.to(), tx.to.map(|to| AlloyAddress::from(to.0)));
            prop_assert_eq!(read.value(), U256::from(tx.value.0));
            prop_assert_eq!(read.input().as_ref(), tx.input.as_slice());
            let (cap, tip) = match tx.fees {
                Fees::Legacy { gas_price } => (gas_price.0, None),
                Fees::Eip1559 { max_fee, max_priority_fee } => (max_fee.0, Some(max_priority_fee.0)),
            };
            prop_assert_eq!((read.max_fee_per_gas(), read.max_priority_fee_per_gas()), (cap, tip));
        }

        #[test]
        fn messages_recover_in_another_implementation(message in any::<Vec<u8>>(), key in prop::array::uniform32(1_u8..)) {
            let Ok(account) = Account::from_bytes(&key) else { return Ok(()) };
            let bytes = account.sign_message(&message).expect("signs");
            let signature = Signature::from_raw(&bytes).expect("a signature");
            let signer = signature.recover_address_from_prehash(&eip191_hash_message(&message)).expect("recovers");
            prop_assert_eq!(signer, AlloyAddress::from(account.address().0));
        }
    }

    fn decode(mut raw: &[u8]) -> TxEnvelope {
        let buffer = &mut raw;
        let envelope = match buffer.first() {
            Some(2) => TxEip1559::eip2718_decode(buffer).expect("a transaction").into(),
            _ => TxLegacy::eip2718_decode(buffer).expect("a transaction").into(),
        };
        assert!(buffer.is_empty());
        envelope
    }

    #[test]
    fn what_must_not_be_signed_is_refused() {
        let account = Account::from_bytes(&[7; 32]).expect("a key");
        let good = UnsignedTx {
            chain_id: 31337,
            nonce: 0,
            to: None,
            value: Wei(0),
            gas_limit: 21_000,
            fees: Fees::Legacy { gas_price: Wei(1) },
            input: Vec::new(),
        };
        assert!(account.sign(&good, 31337).is_ok());
        assert!(matches!(
            account.sign(&good, 31338),
            Err(Error::WrongChain {
                found: 31337,
                expected: 31338
            })
        ));
        let mut anywhere = good.clone();
        anywhere.chain_id = 0;
        assert!(matches!(account.sign(&anywhere, 0), Err(Error::InvalidTx(_))));
        let mut tip = good;
        tip.fees = Fees::Eip1559 {
            max_fee: Wei(1),
            max_priority_fee: Wei(2),
        };
        assert!(matches!(account.sign(&tip, 31337), Err(Error::InvalidTx(_))));
    }
}
