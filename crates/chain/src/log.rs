//! Receipts and events. Only logs of the named contracts count, and only when they decode.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alloy::{
    primitives::{B256, Bytes, U64, keccak256},
    sol_types::SolEvent,
};
use enerlink_domain::{Address, BlockHash, Etk, MeterId, NetWattHours, TxHash, settlement::Watermark};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Addresses, Chain, ChainError,
    contracts::{
        AlloyAddress, amount, converter::EnergyConverter::EnergySettled,
        converter::EnergyConverter::MeterSettled, etk::ETKToken::Transfer, from_alloy, hash, signed,
        to_alloy,
    },
    read::{tag, watermark},
};

/// Blocks in the first page of a search; a page grows while nodes allow it.
const FIRST_PAGE: u64 = 10_000;
/// Blocks in a page at most.
const MAX_PAGE: u64 = 1_000_000;
/// Logs that one search returns at most.
const MAX_LOGS: usize = 200_000;

/// A settlement by registers, as the chain tells it: `EnergySettled` and `MeterSettled` joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledEvent {
    /// The id that was given to the settlement; anybody who may settle chooses it, so it proves nothing.
    pub settlement_id: String,
    /// Which meter.
    pub meter_id: MeterId,
    /// Whose tokens moved.
    pub prosumer: Address,
    /// Net energy; positive is export.
    pub energy: NetWattHours,
    /// Minted (positive) or burned (negative).
    pub etk: Etk,
    /// The registers that are settled since.
    pub registers: Watermark,
    /// The transaction.
    pub tx: TxHash,
    /// The including block.
    pub block: u64,
    /// The including block's hash.
    pub block_hash: BlockHash,
    /// Position of `MeterSettled` among the block's logs.
    pub log_index: u64,
}

/// What became of a transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction that was asked for.
    pub tx: TxHash,
    /// The including block.
    pub block: u64,
    /// The including block's hash.
    pub block_hash: BlockHash,
    /// Whether it took effect; if not, only gas was paid.
    pub succeeded: bool,
    /// Gas that was paid.
    pub gas_used: u64,
    /// The contract that it created.
    pub contract: Option<Address>,
    logs: Vec<Log>,
}

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
struct Log {
    address: AlloyAddress,
    topics: Vec<B256>,
    data: Bytes,
    block_number: U64,
    block_hash: B256,
    transaction_hash: B256,
    log_index: U64,
    #[serde(default)]
    removed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReceipt {
    transaction_hash: B256,
    block_hash: B256,
    block_number: U64,
    status: U64,
    gas_used: U64,
    contract_address: Option<AlloyAddress>,
    logs: Vec<Log>,
}

impl Receipt {
    /// The settlements in this transaction. Logs of other contracts do not count, whatever they look like.
    pub fn settled(&self, addresses: &Addresses) -> Result<Vec<SettledEvent>, ChainError> {
        let bad = |reason: String| ChainError::BadAnswer {
            node: addresses.converter.to_string(),
            method: "eth_getTransactionReceipt".into(),
            reason,
        };
        let joined = join(&self.logs, addresses).map_err(bad)?;
        match joined.alone.first() {
            Some(log) => Err(bad(format!(
                "log {} has no EnergySettled before it",
                log.log_index
            ))),
            None => Ok(joined.events),
        }
    }
}

impl Chain {
    /// What became of `tx`, or `None` while no block has it.
    pub async fn receipt(&self, tx: TxHash) -> Result<Option<Receipt>, ChainError> {
        const METHOD: &str = "eth_getTransactionReceipt";
        let Some(raw): Option<RawReceipt> = self.wire.request(METHOD, json!([tx])).await? else {
            return Ok(None);
        };
        let own =
            |log: &Log| log.transaction_hash == raw.transaction_hash && log.block_hash == raw.block_hash;
        if hash(raw.transaction_hash) != tx || !raw.logs.iter().all(own) {
            let reason = format!("asked for {tx}, the receipt is of {}", raw.transaction_hash);
            return Err(self.wire.bad(METHOD, reason));
        }
        Ok(Some(Receipt {
            tx,
            block: raw.block_number.to(),
            block_hash: hash(raw.block_hash),
            succeeded: raw.status == U64::ONE,
            gas_used: raw.gas_used.to(),
            contract: raw.contract_address.map(from_alloy),
            logs: raw.logs,
        }))
    }

    /// Whether the node has `tx`, in its pool or in a block.
    pub async fn transaction_known(&self, tx: TxHash) -> Result<bool, ChainError> {
        #[derive(Deserialize)]
        struct Known {
            hash: B256,
        }
        const METHOD: &str = "eth_getTransactionByHash";
        match self.wire.request::<Option<Known>>(METHOD, json!([tx])).await? {
            Some(known) if hash(known.hash) != tx => Err(self
                .wire
                .bad(METHOD, format!("asked for {tx}, got {}", known.hash))),
            known => Ok(known.is_some()),
        }
    }

    /// The settlements by registers of `meter` in blocks `from_block..=to_block`, in the order of the chain.
    pub async fn settled_events(
        &self,
        addresses: &Addresses,
        meter: &MeterId,
        from_block: u64,
        to_block: u64,
    ) -> Result<Vec<SettledEvent>, ChainError> {
        let key = B256::from(meter.key().0);
        let prosumer = self.meter(addresses, meter).await?.map(|meter| meter.prosumer);
        // The meter's key and its prosumer stand at the same place of the two events, so one search finds both.
        let mut first = vec![key];
        first.extend(prosumer.map(|prosumer| to_alloy(prosumer).into_word()));
        let topics = json!([
            [MeterSettled::SIGNATURE_HASH, EnergySettled::SIGNATURE_HASH],
            first
        ]);
        let logs = self
            .logs(addresses.converter, &topics, from_block, to_block)
            .await?;
        let bad = |reason: String| self.wire.bad("eth_getLogs", reason);
        let mut joined = join(&logs, addresses).map_err(bad)?;
        // Settlements for a prosumer before this one: their other half is found block by block.
        let blocks: BTreeSet<u64> = joined.alone.iter().map(|log| log.block_number.to()).collect();
        for block in blocks {
            let topics = json!([[MeterSettled::SIGNATURE_HASH, EnergySettled::SIGNATURE_HASH]]);
            let logs = self.logs(addresses.converter, &topics, block, block).await?;
            let found = join(&logs, addresses).map_err(bad)?.events;
            joined.events.retain(|event| event.block != block);
            joined.events.extend(found);
        }
        joined.events.retain(|event| event.meter_id == *meter);
        joined.events.sort_by_key(|event| (event.block, event.log_index));
        Ok(joined.events)
    }

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
        for log in self.logs(addresses.etk, &topics, 0, to_block).await? {
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
    async fn logs(
        &self,
        contract: Address,
        topics: &Value,
        from: u64,
        to: u64,
    ) -> Result<Vec<Log>, ChainError> {
        let mut found = Vec::new();
        let (mut start, mut page) = (from, FIRST_PAGE);
        while start <= to {
            let end = to.min(start.saturating_add(page - 1));
            match self.page(contract, topics, start, end).await {
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

    async fn page(
        &self,
        contract: Address,
        topics: &Value,
        from: u64,
        to: u64,
    ) -> Result<Vec<Log>, ChainError> {
        const METHOD: &str = "eth_getLogs";
        let filter = json!([{
            "address": contract.to_lower(), "topics": topics, "fromBlock": tag(from), "toBlock": tag(to),
        }]);
        let mut logs: Vec<Log> = self.wire.request(METHOD, filter).await?;
        let asked = |log: &Log| {
            from_alloy(log.address) == contract && (from..=to).contains(&log.block_number.to::<u64>())
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
fn is_too_much(error: &ChainError) -> bool {
    const UNKNOWN_METHOD: i64 = -32601;
    match error {
        ChainError::TooLarge { .. } => true,
        ChainError::Refused { code, .. } => *code != UNKNOWN_METHOD,
        _ => false,
    }
}

struct Joined {
    events: Vec<SettledEvent>,
    /// `MeterSettled` whose `EnergySettled` is not among the logs.
    alone: Vec<Log>,
}

/// Joins each `MeterSettled` with the `EnergySettled` that the converter emits just before it.
fn join(logs: &[Log], addresses: &Addresses) -> Result<Joined, String> {
    let converter = to_alloy(addresses.converter);
    let mut energy = HashMap::new();
    let mut meters = BTreeMap::new();
    for log in logs.iter().filter(|log| log.address == converter && !log.removed) {
        let place = (
            log.block_number.to::<u64>(),
            log.log_index.to::<u64>(),
            log.block_hash,
        );
        match log.topics.first() {
            Some(topic) if *topic == EnergySettled::SIGNATURE_HASH => {
                energy.insert(place, (log.transaction_hash, decode::<EnergySettled>(log)?));
            }
            Some(topic) if *topic == MeterSettled::SIGNATURE_HASH => {
                meters.insert(place, (log, decode::<MeterSettled>(log)?));
            }
            _ => {}
        }
    }
    let mut joined = Joined {
        events: Vec::new(),
        alone: Vec::new(),
    };
    for ((block, index, block_hash), (log, settled)) in meters {
        let before = index.checked_sub(1).map(|index| (block, index, block_hash));
        let partner = before
            .and_then(|before| energy.get(&before))
            .filter(|(tx, paid)| {
                *tx == log.transaction_hash && keccak256(paid.meterId.as_bytes()) == settled.meterKey
            });
        match partner {
            Some((_, paid)) => joined.events.extend(event(log, &settled, paid)?),
            None => joined.alone.push(log.clone()),
        }
    }
    Ok(joined)
}

/// `None` for a meter whose id this wallet cannot name; it is then not this wallet's meter.
fn event(log: &Log, settled: &MeterSettled, paid: &EnergySettled) -> Result<Option<SettledEvent>, String> {
    let Ok(meter_id) = paid.meterId.parse() else {
        return Ok(None);
    };
    let absurd = || format!("log {} settles an absurd amount", log.log_index);
    Ok(Some(SettledEvent {
        settlement_id: paid.settlementId.clone(),
        meter_id,
        prosumer: from_alloy(paid.prosumer),
        energy: NetWattHours(paid.energyWh.try_into().map_err(|_| absurd())?),
        etk: Etk(signed(paid.etkAmount).ok_or_else(absurd)?),
        registers: watermark(settled.exportWh, settled.importWh),
        tx: hash(log.transaction_hash),
        block: log.block_number.to(),
        block_hash: hash(log.block_hash),
        log_index: log.log_index.to(),
    }))
}

fn decode<E: SolEvent>(log: &Log) -> Result<E, String> {
    E::decode_raw_log_validate(log.topics.iter().copied(), &log.data)
        .map_err(|error| format!("log {} is no {}: {error}", log.log_index, E::SIGNATURE))
}
