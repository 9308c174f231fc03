//! Logs: searched page by page, and believed only when they are what was asked for.

use alloy::{
    primitives::{B256, Bytes, U64},
    sol_types::SolEvent,
};
use enerlink_domain::{Address, Etk};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Addresses, Chain, ChainError,
    block::tag,
    contracts::{AlloyAddress, amount, etk::ETKToken::Transfer, from_alloy, to_alloy},
};

/// Blocks in the first page of a search; a page grows while nodes allow it.
const FIRST_PAGE: u64 = 10_000;
/// Blocks in a page at most.
const MAX_PAGE: u64 = 1_000_000;
/// Logs that one search returns at most.
const MAX_LOGS: usize = 200_000;

/// ETK that settlements have created for, and taken from, an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenTotals {
    /// Sum of mints.
    pub minted: Etk,
    /// Sum of burns, without the sign.
    pub burned: Etk,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Log {
    pub(crate) address: AlloyAddress,
    pub(crate) topics: Vec<B256>,
    pub(crate) data: Bytes,
    pub(crate) block_number: U64,
    pub(crate) block_hash: B256,
    pub(crate) transaction_hash: B256,
    pub(crate) log_index: U64,
    #[serde(default)]
    pub(crate) removed: bool,
    /// Unix seconds; newer nodes say it.
    #[serde(default)]
    pub(crate) block_timestamp: Option<U64>,
}

impl Chain {
    /// ETK that were minted for and burned from `account`, up to the newest block.
    pub async fn token_totals(
        &self,
        addresses: &Addresses,
        account: Address,
    ) -> Result<TokenTotals, ChainError> {
        let to_block = self.head().await?.number;
        let who = to_alloy(account).into_word();
        let either = [B256::ZERO, who];
        let topics = json!([Transfer::SIGNATURE_HASH, either, either]);
        let mut totals = TokenTotals::default();
        for log in self.logs(&[addresses.etk], &topics, 0, to_block).await? {
            let bad = || self.wire.bad("eth_getLogs", "a Transfer cannot be decoded");
            let transfer = decode::<Transfer>(&log).map_err(|_| bad())?;
            let value = Etk(amount(transfer.value).ok_or_else(bad)?);
            let (from, to) = (from_alloy(transfer.from), from_alloy(transfer.to));
            if from == Address::ZERO && to == account {
                totals.minted = totals.minted.checked_add(value).ok_or_else(bad)?;
            } else if from == account && to == Address::ZERO {
                totals.burned = totals.burned.checked_add(value).ok_or_else(bad)?;
            }
        }
        Ok(totals)
    }

    /// Searches page by page. A page that is too much for the node, or for us, is halved.
    pub(crate) async fn logs(
        &self,
        contracts: &[Address],
        topics: &Value,
        from: u64,
        to: u64,
    ) -> Result<Vec<Log>, ChainError> {
        let mut found = Vec::new();
        let (mut start, mut page) = (from, FIRST_PAGE);
        while start <= to {
            let end = to.min(start.saturating_add(page - 1));
            match self.log_page(contracts, topics, start, end).await {
                Ok(logs) => found.extend(logs),
                Err(error) if start < end && is_too_much(&error) => {
                    page = (end - start).div_ceil(2);
                    continue;
                }
                Err(error) => return Err(error),
            }
            if found.len() > MAX_LOGS {
                return Err(self.wire.bad("eth_getLogs", format!("more than {MAX_LOGS} logs")));
            }
            let Some(next) = end.checked_add(1) else { break };
            start = next;
            page = (page * 2).min(MAX_PAGE);
        }
        Ok(found)
    }

    /// The logs of these contracts in these blocks, in one answer.
    pub(crate) async fn log_page(
        &self,
        contracts: &[Address],
        topics: &Value,
        from: u64,
        to: u64,
    ) -> Result<Vec<Log>, ChainError> {
        const METHOD: &str = "eth_getLogs";
        let asked_of: Vec<String> = contracts.iter().map(|contract| contract.to_lower()).collect();
        let filter = json!([{
            "address": asked_of, "topics": topics, "fromBlock": tag(from), "toBlock": tag(to),
        }]);
        let mut logs: Vec<Log> = self.wire.request(METHOD, filter).await?;
        let asked = |log: &Log| {
            contracts.contains(&from_alloy(log.address))
                && (from..=to).contains(&log.block_number.to::<u64>())
        };
        if !logs.iter().all(asked) {
            return Err(self
                .wire
                .bad(METHOD, "logs of another contract or block than asked for"));
        }
        logs.retain(|log| !log.removed);
        Ok(logs)
    }
}

/// Whether a smaller page may succeed. Nodes have no common code for "too many results" or "range too wide".
pub(crate) fn is_too_much(error: &ChainError) -> bool {
    const UNKNOWN_METHOD: i64 = -32601;
    match error {
        ChainError::TooLarge { .. } => true,
        ChainError::Refused { code, .. } => *code != UNKNOWN_METHOD,
        _ => false,
    }
}

pub(crate) fn decode<E: SolEvent>(log: &Log) -> Result<E, String> {
    E::decode_raw_log_validate(log.topics.iter().copied(), &log.data)
        .map_err(|error| format!("log {} is no {}: {error}", log.log_index, E::SIGNATURE))
}

/// A log of `contract` that says `data`.
#[cfg(test)]
pub(crate) fn sample(contract: Address, index: u64, data: alloy::primitives::LogData) -> Log {
    Log {
        address: to_alloy(contract),
        topics: data.topics().to_vec(),
        data: data.data,
        block_number: U64::from(7),
        block_hash: B256::repeat_byte(7),
        transaction_hash: B256::repeat_byte(9),
        log_index: U64::from(index),
        removed: false,
        block_timestamp: None,
    }
}
