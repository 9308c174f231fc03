//! What the node's task owns: chain, pool and the rules of mining.

use std::fmt;
use std::sync::Arc;

use alloy::consensus::{Header, Transaction};
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, U256};

use super::blocks::{Chain, Constants, View};
use super::error::RpcError;
use super::pool::{self, Pool, Pooled, Rules};
use super::{BlockTime, NodeConfig, ReorgTxs, Timestamp};

/// Blocks that one request may mine.
const MAX_MINE: u64 = 100_000;
/// Distance in blocks of the `safe` tag; `finalized` is twice as far. Anvil's default.
const EPOCH: u64 = 32;

/// The node's whole state. All methods are synchronous; time comes from the clock it was given.
pub(super) struct Ledger {
    pub(super) chain: Chain,
    pub(super) pool: Pool,
    /// Suggested tip in wei per gas.
    pub(super) tip: u64,
    clock: Timestamp,
    automine: bool,
    /// Seconds of simulated time between blocks.
    interval: Option<u64>,
    next_timestamp: Option<u64>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("height", &self.chain.height())
            .finish_non_exhaustive()
    }
}

/// A block to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Number(u64),
    /// The block that would be mined now.
    Pending,
}

impl Ledger {
    pub(super) fn new(config: &NodeConfig) -> Self {
        let constants = Constants {
            chain_id: config.chain_id,
            base_fee: config.base_fee,
            legacy: config.legacy,
            gas_limit: config.block_gas_limit,
        };
        let (automine, interval) = match config.block_time {
            BlockTime::Automine => (true, None),
            BlockTime::Manual => (false, None),
            BlockTime::Every(interval) => (false, Some(interval.as_secs().max(1))),
        };
        Self {
            chain: Chain::new(constants, &config.accounts, (config.timestamp)()),
            pool: Pool::default(),
            tip: config.base_fee,
            clock: config.timestamp.clone(),
            automine,
            interval,
            next_timestamp: None,
        }
    }

    fn rules(&self) -> Rules {
        let constants = self.chain.constants;
        Rules {
            chain_id: constants.chain_id,
            legacy: constants.legacy,
            block_gas_limit: constants.gas_limit,
        }
    }

    fn head(&self) -> View<'_> {
        self.chain
            .view(self.chain.height())
            .expect("the state at the head is always kept")
    }

    fn ready(&self) -> Vec<Arc<Pooled>> {
        let head = self.head();
        self.pool
            .ready(self.chain.constants.base_fee, |sender| head.nonce(sender))
    }

    /// Executable and waiting transactions, by count.
    pub(super) fn pool_status(&self) -> (usize, usize) {
        let head = self.head();
        self.pool
            .status(self.chain.constants.base_fee, |sender| head.nonce(sender))
    }

    /// The sender's next nonce, counting executable transactions in the pool.
    pub(super) fn pending_nonce(&self, sender: &Address) -> u64 {
        self.pool.next_nonce(sender, self.head().nonce(sender))
    }

    /// Takes a raw EIP-2718 transaction into the pool; with automine it is mined before this returns.
    pub(super) fn submit(&mut self, raw: &[u8]) -> Result<B256, RpcError> {
        let tx = pool::decode(raw, self.rules())?;
        if self.chain.transaction(tx.tx_hash()).is_some() {
            return Err(RpcError::refused("already known"));
        }
        let head = self.head();
        let (nonce, balance) = (head.nonce(tx.signer_ref()), head.balance(tx.signer_ref()));
        let pooled = self.pool.add(tx, nonce, balance)?;
        if self.automine {
            self.mine_ready();
        }
        Ok(pooled.hash)
    }

    fn mine_ready(&mut self) {
        while !self.ready().is_empty() {
            self.mine_one(None);
            if self.chain.head().body.is_empty() {
                return;
            }
        }
    }

    fn mine_one(&mut self, timestamp: Option<u64>) -> B256 {
        let candidates = self.ready();
        let timestamp = self
            .next_timestamp
            .take()
            .or(timestamp)
            .unwrap_or_else(|| (self.clock)());
        let appended = self.chain.append(&candidates, timestamp);
        for hash in &appended.rejected {
            self.pool.remove(hash);
        }
        for included in &self.chain.head().body {
            self.pool
                .forget_below(included.tx.signer(), included.tx.nonce() + 1);
        }
        self.chain.prune();
        appended.hash
    }

    /// Mines `count` blocks now; with `interval` their timestamps are that many seconds apart.
    pub(super) fn mine(&mut self, count: u64, interval: Option<u64>) -> Result<Vec<B256>, RpcError> {
        if count > MAX_MINE {
            return Err(RpcError::params(format!(
                "cannot mine more than {MAX_MINE} blocks at once"
            )));
        }
        let mut hashes = Vec::new();
        for index in 0..count {
            let apart = interval.filter(|_| index > 0);
            hashes.push(
                self.mine_one(
                    apart.map(|seconds| self.chain.head().header.timestamp.saturating_add(seconds)),
                ),
            );
        }
        Ok(hashes)
    }

    /// Mines a block without transactions.
    pub(super) fn mine_empty(&mut self) -> B256 {
        let timestamp = self.next_timestamp.take().unwrap_or_else(|| (self.clock)());
        let hash = self.chain.append(&[], timestamp).hash;
        self.chain.prune();
        hash
    }

    /// Whether blocks come at intervals.
    pub(super) fn is_timed(&self) -> bool {
        self.interval.is_some()
    }

    /// Mines when the block interval has passed. After a jump of the clock one block stands for all that were missed.
    pub(super) fn tick(&mut self) {
        let Some(interval) = self.interval else { return };
        if (self.clock)() >= self.chain.head().header.timestamp.saturating_add(interval) {
            self.mine_one(None);
        }
    }

    /// Switches automine; switching it on mines what is executable and ends interval mining, as in anvil.
    pub(super) fn set_automine(&mut self, on: bool) {
        self.automine = on;
        if on {
            self.interval = None;
            self.mine_ready();
        }
    }

    /// Changes the base fee (wei per gas) of the blocks to come.
    pub(super) fn set_base_fee(&mut self, wei: u64) {
        self.chain.constants.base_fee = wei;
    }

    /// Fixes the timestamp (Unix seconds) of the next block.
    pub(super) fn set_next_timestamp(&mut self, timestamp: u64) -> Result<(), RpcError> {
        let head = self.chain.head().header.timestamp;
        if timestamp <= head {
            return Err(RpcError::params(format!(
                "timestamp {timestamp} is not after the last block's {head}"
            )));
        }
        self.next_timestamp = Some(timestamp);
        Ok(())
    }

    /// Replaces the newest `depth` blocks by empty ones with the same timestamps; answers the transactions that were in
    /// them, oldest first.
    pub(super) fn reorg(&mut self, depth: u64, txs: ReorgTxs) -> Result<Vec<B256>, RpcError> {
        if depth > self.chain.depth() {
            let most = self.chain.depth();
            return Err(RpcError::params(format!(
                "cannot take off {depth} blocks, only {most} can be undone"
            )));
        }
        let mut removed: Vec<_> = (0..depth).filter_map(|_| self.chain.pop()).collect();
        removed.reverse();
        self.chain.start_fork();
        let mut hashes = Vec::new();
        for block in &removed {
            self.chain.append(&[], block.header.timestamp);
        }
        for included in removed.into_iter().flat_map(|block| block.body) {
            hashes.push(*included.tx.tx_hash());
            if txs == ReorgTxs::Requeue {
                self.pool.insert(included.tx);
            }
        }
        Ok(hashes)
    }

    /// The block that an id names; an unknown one is geth's "header not found".
    pub(super) fn resolve(&self, id: BlockId) -> Result<At, RpcError> {
        let at = match id {
            BlockId::Hash(hash) => self.chain.number_of(&hash.block_hash).map(At::Number),
            BlockId::Number(tag) => Some(self.resolve_tag(tag)),
        };
        match at {
            Some(At::Number(number)) if number > self.chain.height() => None,
            other => other,
        }
        .ok_or_else(|| RpcError::refused("header not found"))
    }

    /// The block that a number or tag names, which need not exist yet.
    pub(super) fn resolve_tag(&self, tag: BlockNumberOrTag) -> At {
        let height = self.chain.height();
        At::Number(match tag {
            BlockNumberOrTag::Pending => return At::Pending,
            BlockNumberOrTag::Latest => height,
            BlockNumberOrTag::Safe => height.saturating_sub(EPOCH),
            BlockNumberOrTag::Finalized => height.saturating_sub(2 * EPOCH),
            BlockNumberOrTag::Earliest => 0,
            BlockNumberOrTag::Number(number) => number,
        })
    }

    /// Reads the state after a block, with the header that calls at this block run under.
    pub(super) fn read<T>(
        &mut self,
        at: At,
        look: impl FnOnce(View<'_>, &Header) -> T,
    ) -> Result<T, RpcError> {
        match at {
            At::Pending => self.with_pending(|chain| look_at(chain, chain.height(), look)),
            At::Number(number) => look_at(&self.chain, number, look),
        }
    }

    /// The header of the block that would be mined now.
    pub(super) fn next_header(&self) -> Header {
        self.chain
            .next_header(self.next_timestamp.unwrap_or_else(|| (self.clock)()))
    }

    /// Looks at the chain as if the pending block had been mined.
    pub(super) fn with_pending<T>(&mut self, look: impl FnOnce(&Chain) -> T) -> T {
        let candidates = self.ready();
        let timestamp = self.next_timestamp.unwrap_or_else(|| (self.clock)());
        self.chain.append(&candidates, timestamp);
        let answer = look(&self.chain);
        self.chain.pop();
        answer
    }

    /// Sets a balance in wei at the head.
    pub(super) fn set_balance(&mut self, address: Address, balance: U256) {
        self.chain.set_balance(address, balance);
    }
}

fn look_at<T>(chain: &Chain, number: u64, look: impl FnOnce(View<'_>, &Header) -> T) -> Result<T, RpcError> {
    let gone = || RpcError::refused(format!("historical state of block {number} is not available"));
    let view = chain.view(number).ok_or_else(gone)?;
    let block = chain.block(number).ok_or_else(gone)?;
    Ok(look(view, &block.header))
}
