//! Transactions that wait for a block: admission with geth's rules, future nonces, replacement, ordering.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use alloy::consensus::transaction::{Recovered, SignerRecoverable};
use alloy::consensus::{Transaction, TxEnvelope, Typed2718};
use alloy::eips::eip2718::Decodable2718;
use alloy::primitives::map::{AddressMap, B256Map};
use alloy::primitives::{Address, B256, U256};
use revm::context_interface::cfg::gas::calculate_initial_tx_gas;
use revm::primitives::eip3860::MAX_INITCODE_SIZE;
use revm::primitives::hardfork::SpecId;

use super::error::RpcError;

/// Geth's `txMaxSize`: four 32 KiB slots, in bytes.
const MAX_TX_SIZE: usize = 128 * 1024;
/// Bound of the whole pool, in transactions.
const CAPACITY: usize = 8192;
/// A replacement must raise both fees by this many percent (EIP-1559 tip and cap), geth's `PriceBump`.
const PRICE_BUMP_PERCENT: u128 = 10;

/// What admission needs to know about the chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) chain_id: u64,
    pub(super) legacy: bool,
    pub(super) block_gas_limit: u64,
}

/// A transaction that passed admission.
#[derive(Debug)]
pub(super) struct Pooled {
    pub(super) tx: Recovered<TxEnvelope>,
    pub(super) hash: B256,
    arrival: u64,
}

impl Pooled {
    /// The most wei this transaction can take from its sender.
    fn cost(&self) -> U256 {
        cost(&self.tx)
    }
}

/// Decodes and checks what does not depend on the chain's state.
pub(super) fn decode(raw: &[u8], rules: Rules) -> Result<Recovered<TxEnvelope>, RpcError> {
    if raw.len() > MAX_TX_SIZE {
        let size = raw.len();
        return Err(RpcError::refused(format!(
            "oversized data: transaction size {size}, limit {MAX_TX_SIZE}"
        )));
    }
    let mut rest = raw;
    let tx = TxEnvelope::decode_2718(&mut rest)
        .map_err(|error| RpcError::params(format!("failed to decode the transaction: {error}")))?;
    if !rest.is_empty() {
        return Err(RpcError::params(
            "failed to decode the transaction: trailing bytes",
        ));
    }
    if tx.ty() > if rules.legacy { 1 } else { 2 } {
        return Err(RpcError::refused("transaction type not supported"));
    }
    match tx.chain_id() {
        None => {
            return Err(RpcError::refused(
                "only replay-protected (EIP-155) transactions allowed over RPC",
            ));
        }
        Some(id) if id != rules.chain_id => {
            let want = rules.chain_id;
            return Err(RpcError::refused(format!(
                "invalid sender: invalid chain id for signer: have {id} want {want}"
            )));
        }
        Some(_) => {}
    }
    let sender = tx
        .recover_signer()
        .map_err(|_| RpcError::refused("invalid sender: invalid transaction v, r, s values"))?;
    check_stateless(&tx, rules)?;
    Ok(Recovered::new_unchecked(tx, sender))
}

fn check_stateless(tx: &TxEnvelope, rules: Rules) -> Result<(), RpcError> {
    if tx.is_create() && tx.input().len() > MAX_INITCODE_SIZE {
        let size = tx.input().len();
        return Err(RpcError::refused(format!(
            "max initcode size exceeded: code size {size}, limit {MAX_INITCODE_SIZE}"
        )));
    }
    if tx.gas_limit() > rules.block_gas_limit {
        return Err(RpcError::refused("exceeds block gas limit"));
    }
    let (cap, tip) = (tx.max_fee_per_gas(), tip_cap(tx));
    if tip > cap {
        return Err(RpcError::refused(format!(
            "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
        )));
    }
    if tx.nonce() == u64::MAX {
        return Err(RpcError::refused("nonce has max value"));
    }
    let (gas, needed) = (tx.gas_limit(), intrinsic_gas(tx));
    if gas < needed {
        return Err(RpcError::refused(format!(
            "intrinsic gas too low: gas {gas}, minimum needed {needed}"
        )));
    }
    Ok(())
}

fn intrinsic_gas(tx: &TxEnvelope) -> u64 {
    let (accounts, keys) = tx.access_list().map_or((0, 0), |list| {
        (
            list.len() as u64,
            list.iter().map(|item| item.storage_keys.len() as u64).sum(),
        )
    });
    calculate_initial_tx_gas(
        SpecId::CANCUN,
        tx.input(),
        tx.is_create(),
        accounts,
        keys,
        0,
        None,
    )
    .initial_total_gas()
}

fn tip_cap(tx: &TxEnvelope) -> u128 {
    tx.max_priority_fee_per_gas()
        .unwrap_or_else(|| tx.max_fee_per_gas())
}

fn cost(tx: &TxEnvelope) -> U256 {
    U256::from(tx.max_fee_per_gas())
        .saturating_mul(U256::from(tx.gas_limit()))
        .saturating_add(tx.value())
}

/// The pool. Per sender the transactions stand in nonce order; those behind a gap wait until it closes.
#[derive(Debug, Default)]
pub(super) struct Pool {
    by_hash: B256Map<(Address, u64)>,
    by_sender: AddressMap<BTreeMap<u64, Arc<Pooled>>>,
    arrivals: u64,
}

impl Pool {
    /// Admits a transaction given its sender's nonce and balance (wei) at the head.
    pub(super) fn add(
        &mut self,
        tx: Recovered<TxEnvelope>,
        nonce: u64,
        balance: U256,
    ) -> Result<Arc<Pooled>, RpcError> {
        let hash = *tx.tx_hash();
        if self.by_hash.contains_key(&hash) {
            return Err(RpcError::refused("already known"));
        }
        if tx.nonce() < nonce {
            let have = tx.nonce();
            return Err(RpcError::refused(format!(
                "nonce too low: next nonce {nonce}, tx nonce {have}"
            )));
        }
        self.check_funds(&tx, balance)?;
        self.check_replacement(&tx)?;
        if self.by_hash.len() >= CAPACITY {
            return Err(RpcError::refused("txpool is full"));
        }
        Ok(self.insert(tx))
    }

    /// Puts back a transaction that was in a block; it has been admitted before.
    pub(super) fn insert(&mut self, tx: Recovered<TxEnvelope>) -> Arc<Pooled> {
        self.arrivals += 1;
        let pooled = Arc::new(Pooled {
            hash: *tx.tx_hash(),
            tx,
            arrival: self.arrivals,
        });
        let (sender, nonce) = (pooled.tx.signer(), pooled.tx.nonce());
        if let Some(old) = self
            .by_sender
            .entry(sender)
            .or_default()
            .insert(nonce, pooled.clone())
        {
            self.by_hash.remove(&old.hash);
        }
        self.by_hash.insert(pooled.hash, (sender, nonce));
        pooled
    }

    fn check_funds(&self, tx: &Recovered<TxEnvelope>, balance: U256) -> Result<(), RpcError> {
        let cost = cost(tx);
        if balance < cost {
            let short = cost - balance;
            return Err(RpcError::refused(format!(
                "insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {short}"
            )));
        }
        let queued = self.by_sender.get(tx.signer_ref()).map_or(U256::ZERO, |own| {
            let others = own.iter().filter(|(nonce, _)| **nonce != tx.nonce());
            others.fold(U256::ZERO, |sum, (_, other)| sum.saturating_add(other.cost()))
        });
        let total = queued.saturating_add(cost);
        if balance < total {
            let short = total - balance;
            return Err(RpcError::refused(format!(
                "insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, tx cost {cost}, overshot {short}"
            )));
        }
        Ok(())
    }

    fn check_replacement(&self, tx: &Recovered<TxEnvelope>) -> Result<(), RpcError> {
        let Some(old) = self
            .by_sender
            .get(tx.signer_ref())
            .and_then(|own| own.get(&tx.nonce()))
        else {
            return Ok(());
        };
        let bumped = |old: u128, new: u128| {
            let threshold = U256::from(old) * U256::from(100 + PRICE_BUMP_PERCENT) / U256::from(100);
            new > old && U256::from(new) >= threshold
        };
        let cap = bumped(old.tx.max_fee_per_gas(), tx.max_fee_per_gas());
        let tip = bumped(tip_cap(&old.tx), tip_cap(tx));
        if cap && tip {
            Ok(())
        } else {
            Err(RpcError::refused("replacement transaction underpriced"))
        }
    }

    pub(super) fn get(&self, hash: &B256) -> Option<&Arc<Pooled>> {
        let (sender, nonce) = self.by_hash.get(hash)?;
        self.by_sender.get(sender)?.get(nonce)
    }

    /// Forgets a transaction; says whether it was there.
    pub(super) fn remove(&mut self, hash: &B256) -> bool {
        let Some((sender, nonce)) = self.by_hash.remove(hash) else {
            return false;
        };
        if let Some(own) = self.by_sender.get_mut(&sender) {
            own.remove(&nonce);
            if own.is_empty() {
                self.by_sender.remove(&sender);
            }
        }
        true
    }

    /// Forgets what can no longer be mined because the sender's nonce has passed it.
    pub(super) fn forget_below(&mut self, sender: Address, nonce: u64) {
        let Some(own) = self.by_sender.get_mut(&sender) else {
            return;
        };
        let kept = own.split_off(&nonce);
        for old in std::mem::replace(own, kept).into_values() {
            self.by_hash.remove(&old.hash);
        }
        if own.is_empty() {
            self.by_sender.remove(&sender);
        }
    }

    /// The nonce after the last of an unbroken run that starts at `nonce`.
    pub(super) fn next_nonce(&self, sender: &Address, nonce: u64) -> u64 {
        let Some(own) = self.by_sender.get(sender) else {
            return nonce;
        };
        nonce + (nonce..).take_while(|next| own.contains_key(next)).count() as u64
    }

    /// Executable transactions at `base_fee` (wei per gas): best tip first, then first come, nonces in order per sender.
    pub(super) fn ready(&self, base_fee: u64, nonce_of: impl Fn(&Address) -> u64) -> Vec<Arc<Pooled>> {
        let mut heads = BinaryHeap::new();
        let offer = |heads: &mut BinaryHeap<_>, sender: Address, nonce: u64| {
            let Some(next) = self.by_sender.get(&sender).and_then(|own| own.get(&nonce)) else {
                return;
            };
            if let Some(tip) = next.tx.effective_tip_per_gas(base_fee) {
                heads.push((tip, Reverse(next.arrival), sender, nonce));
            }
        };
        for sender in self.by_sender.keys() {
            offer(&mut heads, *sender, nonce_of(sender));
        }
        let mut ordered = Vec::new();
        while let Some((_, _, sender, nonce)) = heads.pop() {
            ordered.push(self.by_sender[&sender][&nonce].clone());
            offer(&mut heads, sender, nonce + 1);
        }
        ordered
    }

    /// How many transactions are executable and how many wait for a nonce or a lower base fee.
    pub(super) fn status(&self, base_fee: u64, nonce_of: impl Fn(&Address) -> u64) -> (usize, usize) {
        let ready = self.ready(base_fee, nonce_of).len();
        (ready, self.by_hash.len() - ready)
    }
}
