//! Blocks, transactions, receipts, logs and fees in the shapes that JSON-RPC answers.

use alloy::consensus::transaction::Recovered;
use alloy::consensus::{ReceiptEnvelope, Transaction as _, TxEnvelope};
use alloy::primitives::U256;
use alloy::rpc::types::{
    Block, BlockTransactions, FeeHistory, Filter, Header, Log, Transaction, TransactionReceipt,
};

use super::blocks::{Chain, Included, Mined};
use super::error::RpcError;

/// Log entries that one `eth_getLogs` answers at most.
const MAX_LOGS: usize = 100_000;

/// A block, with whole transactions or only their hashes.
pub(super) fn block(mined: &Mined, full: bool) -> Block {
    let transactions = if full {
        BlockTransactions::Full(
            (0..mined.body.len())
                .map(|index| mined_transaction(mined, index))
                .collect(),
        )
    } else {
        BlockTransactions::Hashes(mined.body.iter().map(|included| *included.tx.tx_hash()).collect())
    };
    Block {
        header: Header::from_consensus(
            mined.header.clone(),
            Some(U256::ZERO),
            Some(U256::from(mined.size)),
        ),
        uncles: Vec::new(),
        transactions,
        withdrawals: Some(Default::default()),
    }
}

/// A transaction in a block.
pub(super) fn mined_transaction(block: &Mined, index: usize) -> Transaction {
    let included = &block.body[index];
    Transaction {
        inner: included.tx.clone(),
        block_hash: Some(block.header.hash()),
        block_number: Some(block.header.number),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(included.tx.effective_gas_price(block.header.base_fee_per_gas)),
        block_timestamp: Some(block.header.timestamp),
    }
}

/// A transaction in the pool.
pub(super) fn pooled_transaction(tx: &Recovered<TxEnvelope>) -> Transaction {
    Transaction {
        inner: tx.clone(),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        // Until it is mined only its cap is known.
        effective_gas_price: Some(tx.max_fee_per_gas()),
        block_timestamp: None,
    }
}

/// The receipt of the transaction at `index`.
pub(super) fn receipt(block: &Mined, index: usize) -> TransactionReceipt<ReceiptEnvelope<Log>> {
    let included = &block.body[index];
    let mut position = 0;
    let inner = included.receipt.clone().map_logs(|log| {
        position += 1;
        log_at(block, index, position - 1, log)
    });
    TransactionReceipt {
        inner,
        transaction_hash: *included.tx.tx_hash(),
        transaction_index: Some(index as u64),
        block_hash: Some(block.header.hash()),
        block_number: Some(block.header.number),
        gas_used: included.gas_used,
        effective_gas_price: included.tx.effective_gas_price(block.header.base_fee_per_gas),
        blob_gas_used: None,
        blob_gas_price: None,
        from: included.tx.signer(),
        to: included.tx.to(),
        contract_address: included.created,
    }
}

fn log_at(block: &Mined, index: usize, position: u64, inner: alloy::primitives::Log) -> Log {
    let included = &block.body[index];
    Log {
        inner,
        block_hash: Some(block.header.hash()),
        block_number: Some(block.header.number),
        block_timestamp: Some(block.header.timestamp),
        transaction_hash: Some(*included.tx.tx_hash()),
        transaction_index: Some(index as u64),
        log_index: Some(included.first_log + position),
        removed: false,
    }
}

/// The logs of blocks `from..=to` that match; the header's bloom filter skips blocks that cannot.
pub(super) fn logs(chain: &Chain, filter: &Filter, from: u64, to: u64) -> Result<Vec<Log>, RpcError> {
    let mut found = Vec::new();
    for block in (from..=to).map_while(|number| chain.block(number)) {
        if !filter.matches_bloom(block.header.logs_bloom) {
            continue;
        }
        for (index, included) in block.body.iter().enumerate() {
            for (position, log) in included.receipt.logs().iter().enumerate() {
                if filter.matches(log) {
                    found.push(log_at(block, index, position as u64, log.clone()));
                }
            }
        }
        if found.len() > MAX_LOGS {
            return Err(RpcError::refused(format!(
                "query returned more than {MAX_LOGS} results"
            )));
        }
    }
    Ok(found)
}

/// Fees of the `count` blocks that end with `newest`; `percentiles` ask for tips weighted by gas (EIP-1559).
pub(super) fn fee_history(chain: &Chain, count: u64, newest: u64, percentiles: Option<&[f64]>) -> FeeHistory {
    let count = count.clamp(1, 1024).min(newest + 1);
    let oldest = newest + 1 - count;
    let blocks: Vec<_> = (oldest..=newest)
        .filter_map(|number| chain.block(number))
        .collect();
    let base_fee = u128::from(chain.constants.base_fee);
    FeeHistory {
        base_fee_per_gas: vec![base_fee; blocks.len() + 1],
        gas_used_ratio: blocks
            .iter()
            .map(|block| block.header.gas_used as f64 / block.header.gas_limit as f64)
            .collect(),
        base_fee_per_blob_gas: vec![1; blocks.len() + 1],
        blob_gas_used_ratio: vec![0.0; blocks.len()],
        oldest_block: oldest,
        reward: percentiles.map(|wanted| blocks.iter().map(|block| rewards(block, wanted)).collect()),
    }
}

fn rewards(block: &Mined, percentiles: &[f64]) -> Vec<u128> {
    let base_fee = block.header.base_fee_per_gas.unwrap_or_default();
    let tip = |included: &Included| included.tx.effective_tip_per_gas(base_fee).unwrap_or_default();
    let mut tips: Vec<_> = block
        .body
        .iter()
        .map(|included| (tip(included), included.gas_used))
        .collect();
    tips.sort_unstable();
    let reached = |percentile: &f64| {
        let threshold = (block.header.gas_used as f64 * percentile / 100.0) as u64;
        let mut sum = 0;
        let hit = tips.iter().find(|(_, gas)| {
            sum += gas;
            sum >= threshold
        });
        hit.or(tips.last()).map_or(0, |(tip, _)| *tip)
    };
    percentiles.iter().map(reached).collect()
}

/// The hashes of a block's transactions with their receipts.
pub(super) fn receipts(block: &Mined) -> Vec<TransactionReceipt<ReceiptEnvelope<Log>>> {
    (0..block.body.len()).map(|index| receipt(block, index)).collect()
}
