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
