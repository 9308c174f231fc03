//! Following a receipt from the hash of its block to what it says, without a node.

use alloy::{
    consensus::{Eip658Value, Header, Receipt, ReceiptWithBloom, Transaction as _, TxEnvelope},
    eips::eip2718::Decodable2718 as _,
    primitives::{B256, U64, keccak256},
    rlp::{self, Decodable},
    trie::{Nibbles, proof::verify_proof},
};
use enerlink_domain::{BlockHash, settlement::Watermark};

use super::{Branch, ProofError, ProvedSettlement, SettlementReceipt};
use crate::{
    Addresses, SettledEvent,
    contracts::hash,
    log::Log,
    settled::{Joined, join},
};

/// A header is never longer, in bytes: 20 hashes, the bloom filter, and what a private chain signs beside.
const MAX_HEADER: usize = 4096;
/// The place of a transaction has at most 16 half-bytes, and each node of a branch takes at least one.
const MAX_NODES: usize = 17;

/// Checks that everything in a receipt follows from its block's header. With `trusted`, that the header is that block's;
/// without, whoever reads the answer has to compare [`ProvedSettlement::block_hash`].
///
/// # Errors
/// [`ProofError`] names the first step that does not follow.
pub fn verify(
    receipt: &SettlementReceipt,
    trusted: Option<BlockHash>,
) -> Result<ProvedSettlement, ProofError> {
    if receipt.sum() != receipt.checksum {
        return Err(ProofError::Checksum);
    }
    let block = &receipt.block;
    if let Some(trusted) = trusted
        && trusted != block.hash
    {
        let found = block.hash;
        return Err(ProofError::Untrusted { found, trusted });
    }
    let header = header(receipt)?;
    let (outcome, transaction) = (&receipt.receipt, &receipt.transaction);
    if outcome.transaction != transaction.transaction || outcome.key != transaction.key {
        return Err(ProofError::Figures("its two halves are of two transactions"));
    }
    follow("transaction", header.transactions_root, transaction)?;
    follow("outcome", header.receipts_root, outcome)?;
    let chain_id = signed_for(receipt)?;
    let event = settled(receipt)?;
    let after = event.registers;
    let before = receipt.before();
    let leads = |before: Watermark| after.covers(before) && after.net_since(before) == Some(event.energy);
    if !before.is_none_or(leads) {
        return Err(ProofError::Figures(
            "the registers before it do not lead to those after it",
        ));
    }
    Ok(ProvedSettlement {
        block_trusted: trusted.is_some(),
        chain_id,
        converter: receipt.chain.converter,
        block: block.number,
        block_hash: block.hash,
        timestamp: block.timestamp,
        tx: event.tx,
        settlement_id: event.settlement_id,
        meter_id: event.meter_id,
        prosumer: event.prosumer,
        energy_wh: event.energy,
        etk: event.etk,
        after,
        before,
        genesis: receipt.chain.genesis,
    })
}

/// The header, which hashes to the block.
fn header(receipt: &SettlementReceipt) -> Result<Header, ProofError> {
    let block = &receipt.block;
    let wrong = || ProofError::Header { block: block.hash };
    if block.header.len() > MAX_HEADER || hash(keccak256(&block.header)) != block.hash {
        return Err(wrong());
    }
    let mut rest = &block.header[..];
    let header = Header::decode(&mut rest).map_err(|_| wrong())?;
    if !rest.is_empty() || header.number != block.number || header.timestamp != block.timestamp {
        return Err(wrong());
    }
    Ok(header)
}

/// Follows a branch from the root to its value.
fn follow(what: &'static str, root: B256, branch: &Branch) -> Result<(), ProofError> {
    let broken = |reason: String| ProofError::Branch { what, reason };
    if branch.proof.is_empty() || branch.proof.len() > MAX_NODES {
        return Err(broken(format!("it has {} nodes", branch.proof.len())));
    }
    let mut rest = &branch.key[..];
    let place = u64::decode(&mut rest).map_err(|_| broken("its key is no place in a block".into()))?;
    if !rest.is_empty() || rlp::encode(place) != branch.key[..] {
        return Err(broken("its key is no place in a block".into()));
    }
    let key = Nibbles::unpack(&branch.key);
    verify_proof(root, key, Some(branch.value.to_vec()), &branch.proof)
        .map_err(|error| broken(crate::error::quoted(&error.to_string())))
}

/// The chain that the transaction was signed for, when it names one.
fn signed_for(receipt: &SettlementReceipt) -> Result<Option<u64>, ProofError> {
    let branch = &receipt.transaction;
    if hash(keccak256(&branch.value)) != branch.transaction {
        return Err(ProofError::Figures("it names another transaction"));
    }
    let mut rest = &branch.value[..];
    // A transaction of a kind that this wallet does not know is in the block all the same.
    let chain_id = TxEnvelope::decode_2718(&mut rest)
        .ok()
        .and_then(|tx| tx.chain_id());
    match chain_id {
        Some(chain_id) if chain_id != receipt.chain.chain_id => Err(ProofError::Figures(
            "the transaction was signed for another chain",
        )),
        chain_id => Ok(chain_id),
    }
}

/// The converter's events in the outcome, which must say what the receipt says.
fn settled(receipt: &SettlementReceipt) -> Result<SettledEvent, ProofError> {
    let outcome = outcome(&receipt.receipt.value)
        .ok_or_else(|| ProofError::Malformed("the outcome of the transaction cannot be read".into()))?;
    if outcome.receipt.status != Eip658Value::Eip658(true) {
        return Err(ProofError::Failed);
    }
    let block = &receipt.block;
    let logs = outcome.receipt.logs.into_iter().zip(0_u64..);
    let logs: Vec<Log> = logs
        .map(|(log, index)| Log {
            address: log.address,
            topics: log.data.topics().to_vec(),
            data: log.data.data,
            block_number: U64::from(block.number),
            block_hash: B256::from(block.hash.0),
            transaction_hash: B256::from(receipt.receipt.transaction.0),
            log_index: U64::from(index),
            removed: false,
            block_timestamp: None,
        })
        .collect();
    let addresses = Addresses {
        chain_id: receipt.chain.chain_id,
        genesis: receipt.chain.genesis,
        converter: receipt.chain.converter,
        etk: Default::default(),
        idrs: Default::default(),
        market: None,
        confirmations: None,
    };
    let events = join(&logs, &addresses).and_then(Joined::complete);
    let events = events.map_err(|reason| ProofError::Malformed(crate::error::quoted(&reason)))?;
    let figures = &receipt.settlement;
    let event = events
        .into_iter()
        .find(|event| event.meter_id == figures.meter_id && event.registers == receipt.after())
        .ok_or(ProofError::Figures(
            "the converter has settled no such thing there",
        ))?;
    for (same, what) in [
        (event.settlement_id == figures.settlement_id, "the id differs"),
        (event.prosumer == figures.prosumer, "the prosumer differs"),
        (event.energy == figures.energy_wh, "the energy differs"),
        (event.etk == figures.etk_cents, "the tokens differ"),
    ] {
        if !same {
            return Err(ProofError::Figures(what));
        }
    }
    Ok(event)
}

/// A receipt of the chain: RLP, after its type when it has one (EIP-2718).
fn outcome(bytes: &[u8]) -> Option<ReceiptWithBloom<Receipt>> {
    let mut rest = match bytes.first()? {
        0..=0x7f => &bytes[1..],
        _ => bytes,
    };
    let outcome = ReceiptWithBloom::decode(&mut rest).ok()?;
    rest.is_empty().then_some(outcome)
}
