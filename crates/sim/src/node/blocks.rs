//! The chain: blocks with their receipts, built, looked up and taken off again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use alloy::consensus::constants::EMPTY_WITHDRAWALS;
use alloy::consensus::proofs::{calculate_receipt_root, calculate_transaction_root};
use alloy::consensus::transaction::Recovered;
use alloy::consensus::{
    Block, BlockBody, EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt, ReceiptEnvelope, Sealed,
    Transaction, TxEnvelope, TxReceipt, Typed2718,
};
use alloy::primitives::map::{AddressHashSet, B256Map};
use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use revm::DatabaseRef;
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction};
use revm::database_interface::WrapDatabaseRef;
use revm::state::{AccountInfo, Bytecode};

use super::evm::{self, Mode};
use super::pool::Pooled;
use super::state::{Undo, World};

/// How many of the newest blocks can be taken off or looked into; older blocks keep headers, receipts and logs only.
pub(super) const HISTORY: usize = 128;

/// What counts for every block that is built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Constants {
    pub(super) chain_id: u64,
    pub(super) base_fee: u64,
    pub(super) legacy: bool,
    pub(super) gas_limit: u64,
}

/// A block with everything that was computed when it was built.
#[derive(Debug)]
pub(super) struct Mined {
    pub(super) header: Sealed<Header>,
    pub(super) body: Vec<Included>,
    /// RLP length of the block in bytes.
    pub(super) size: usize,
}

/// A transaction in a block with its outcome.
#[derive(Debug)]
pub(super) struct Included {
    pub(super) tx: Recovered<TxEnvelope>,
    pub(super) receipt: ReceiptEnvelope,
    pub(super) gas_used: u64,
    pub(super) created: Option<Address>,
    /// Index in the block of this transaction's first log.
    pub(super) first_log: u64,
}

/// A block was appended; these candidates did not make it.
#[derive(Debug, Default)]
pub(super) struct Appended {
    pub(super) hash: B256,
    /// Can never be mined as they are: their sender cannot pay, or has become a contract.
    pub(super) rejected: Vec<B256>,
}

/// The canonical chain and the state at its head.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) constants: Constants,
    pub(super) world: World,
    blocks: Vec<Mined>,
    undos: VecDeque<Undo>,
    by_hash: B256Map<u64>,
    by_tx: B256Map<(u64, usize)>,
    /// Counts reorganisations; stands in `extraData`, so that a replaced block never has the hash of its successor.
    fork: u64,
}

impl Chain {
    /// Starts with a genesis block that holds `accounts` with balances in wei.
    pub(super) fn new(constants: Constants, accounts: &[(Address, U256)], timestamp: u64) -> Self {
        let mut chain = Self {
            constants,
            world: World::default(),
            blocks: Vec::new(),
            undos: VecDeque::new(),
            by_hash: B256Map::default(),
            by_tx: B256Map::default(),
            fork: 0,
        };
        for (address, balance) in accounts {
            chain.world.set_balance(*address, *balance);
        }
        let header = chain.template(0, B256::ZERO, B256::ZERO, timestamp);
        chain.push(header, Vec::new());
        // Genesis is never taken off.
        chain.undos.clear();
        chain
    }

    pub(super) fn head(&self) -> &Mined {
        self.blocks
            .last()
            .expect("genesis is pushed by the constructor and never popped")
    }

    pub(super) fn height(&self) -> u64 {
        self.head().header.number
    }

    pub(super) fn block(&self, number: u64) -> Option<&Mined> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    pub(super) fn number_of(&self, hash: &B256) -> Option<u64> {
        self.by_hash.get(hash).copied()
    }

    /// The block and index of a mined transaction.
    pub(super) fn transaction(&self, hash: &B256) -> Option<(&Mined, usize)> {
        let (number, index) = self.by_tx.get(hash)?;
        Some((self.block(*number)?, *index))
    }

    /// The state after block `number`, if that is still kept.
    pub(super) fn view(&self, number: u64) -> Option<View<'_>> {
        let back = usize::try_from(self.height().checked_sub(number)?).ok()?;
        let from = self.undos.len().checked_sub(back)?;
        Some(View { chain: self, from })
    }

    /// The header that a block mined now at `timestamp` would start from.
    pub(super) fn next_header(&self, timestamp: u64) -> Header {
        let parent = &self.head().header;
        self.template(
            parent.number + 1,
            parent.hash(),
            parent.state_root,
            timestamp.max(parent.timestamp + 1),
        )
    }

    fn template(&self, number: u64, parent_hash: B256, parent_root: B256, timestamp: u64) -> Header {
        let fork = self.fork.to_be_bytes();
        let extra = &fork[fork.iter().position(|byte| *byte != 0).unwrap_or(fork.len())..];
        Header {
            parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            // Replaced on sealing by the commitment that follows from it.
            state_root: parent_root,
            number,
            timestamp,
            gas_limit: self.constants.gas_limit,
            base_fee_per_gas: (!self.constants.legacy).then_some(self.constants.base_fee),
            mix_hash: keccak256(parent_hash),
            extra_data: Bytes::copy_from_slice(extra),
            withdrawals_root: Some(EMPTY_WITHDRAWALS),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            ..Header::default()
        }
    }

    /// Builds a block of the candidates that fit and are valid, in their order, and puts it on the head.
    pub(super) fn append(&mut self, candidates: &[Arc<Pooled>], timestamp: u64) -> Appended {
        let mut header = self.next_header(timestamp);
        let mut body = Vec::new();
        let mut logs = 0;
        let mut stuck = AddressHashSet::default();
        let mut rejected = Vec::new();
        for candidate in candidates {
            let sender = candidate.tx.signer();
            let room = header.gas_limit - header.gas_used;
            if stuck.contains(&sender) || candidate.tx.gas_limit() > room {
                stuck.insert(sender);
                continue;
            }
            match self.include(&mut header, candidate.tx.clone(), logs) {
                Ok(included) => {
                    logs += included.receipt.logs().len() as u64;
                    body.push(included);
                }
                Err(invalid) => {
                    stuck.insert(sender);
                    if is_permanent(&invalid) {
                        rejected.push(candidate.hash);
                    }
                }
            }
        }
        let hash = self.push(header, body);
        Appended { hash, rejected }
    }

    fn include(
        &mut self,
        header: &mut Header,
        tx: Recovered<TxEnvelope>,
        first_log: u64,
    ) -> Result<Included, InvalidTransaction> {
        let state = WrapDatabaseRef(View {
            chain: self,
            from: self.undos.len(),
        });
        let env = evm::signed_env(&tx);
        let outcome = evm::execute(state, self.constants.chain_id, header, env, Mode::Transaction).map_err(
            |error| {
                match error {
                    EVMError::Transaction(invalid) => invalid,
                    // The state is in memory and the header is ours: nothing else can fail for this transaction alone.
                    other => InvalidTransaction::Str(other.to_string().into()),
                }
            },
        )?;
        self.world.commit(outcome.state);
        let gas_used = outcome.result.tx_gas_used();
        header.gas_used += gas_used;
        let created = match &outcome.result {
            ExecutionResult::Success { .. } if tx.is_create() => Some(tx.signer().create(tx.nonce())),
            _ => None,
        };
        let receipt = receipt(tx.ty(), outcome.result, header.gas_used);
        header.logs_bloom |= receipt.bloom();
        Ok(Included {
            tx,
            receipt,
            gas_used,
            created,
            first_log,
        })
    }

    fn push(&mut self, mut header: Header, body: Vec<Included>) -> B256 {
        let undo = self.world.seal();
        let txs: Vec<TxEnvelope> = body.iter().map(|included| included.tx.inner().clone()).collect();
        let receipts: Vec<_> = body.iter().map(|included| &included.receipt).collect();
        header.transactions_root = calculate_transaction_root(&txs);
        header.receipts_root = calculate_receipt_root(&receipts);
        header.state_root = self.world.root(header.state_root, &undo);
        let content = BlockBody {
            transactions: txs,
            ommers: Vec::new(),
            withdrawals: Some(Default::default()),
        };
        let size = Block::rlp_length_for(&header, &content);
        let header = Sealed::new(header);
        let (hash, number) = (header.hash(), header.number);
        for (index, included) in body.iter().enumerate() {
            self.by_tx.insert(*included.tx.tx_hash(), (number, index));
        }
        self.by_hash.insert(hash, number);
        self.blocks.push(Mined { header, body, size });
        self.undos.push_back(undo);
        hash
    }

    /// Forgets undo records beyond [`HISTORY`].
    pub(super) fn prune(&mut self) {
        while self.undos.len() > HISTORY {
            self.undos.pop_front();
        }
    }

    /// Takes the newest block off. `None` at genesis or where history ends.
    pub(super) fn pop(&mut self) -> Option<Mined> {
        self.world.undo(self.undos.pop_back()?);
        let block = self.blocks.pop()?;
        self.by_hash.remove(&block.header.hash());
        for included in &block.body {
            self.by_tx.remove(included.tx.tx_hash());
        }
        Some(block)
    }

    /// How many blocks can be taken off.
    pub(super) fn depth(&self) -> u64 {
        self.undos.len() as u64
    }

    /// From now on blocks belong to another fork.
    pub(super) fn start_fork(&mut self) {
        self.fork += 1;
    }

    /// Sets a balance in wei at the head, outside any transaction; it goes when the head block goes.
    pub(super) fn set_balance(&mut self, address: Address, balance: U256) {
        self.world.set_balance(address, balance);
        let change = self.world.seal();
        if let Some(head) = self.undos.back_mut() {
            head.extend(change);
        }
    }
}

/// Whether a transaction that the EVM refused can never become valid by waiting.
fn is_permanent(invalid: &InvalidTransaction) -> bool {
    !matches!(
        invalid,
        InvalidTransaction::GasPriceLessThanBasefee | InvalidTransaction::NonceTooHigh { .. }
    )
}

fn receipt(tx_type: u8, result: ExecutionResult, cumulative_gas_used: u64) -> ReceiptEnvelope {
    let status = Eip658Value::Eip658(result.is_success());
    // A failed transaction leaves no logs, whatever it emitted before it failed.
    let logs = if result.is_success() {
        result.into_logs()
    } else {
        Vec::new()
    };
    let receipt = Receipt {
        status,
        cumulative_gas_used,
        logs,
    }
    .with_bloom();
    match tx_type {
        0 => ReceiptEnvelope::Legacy(receipt),
        1 => ReceiptEnvelope::Eip2930(receipt),
        _ => ReceiptEnvelope::Eip1559(receipt),
    }
}

/// The state after one block, read through the undo records of the blocks above it.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    chain: &'a Chain,
    /// Index of the first undo record above the block.
    from: usize,
}

impl View<'_> {
    pub(super) fn account(&self, address: &Address) -> Option<AccountInfo> {
        let before = self
            .chain
            .undos
            .range(self.from..)
            .find_map(|undo| undo.account(address));
        before
            .cloned()
            .unwrap_or_else(|| self.chain.world.account(address).cloned())
    }

    pub(super) fn nonce(&self, address: &Address) -> u64 {
        self.account(address).map_or(0, |info| info.nonce)
    }

    pub(super) fn balance(&self, address: &Address) -> U256 {
        self.account(address).map_or(U256::ZERO, |info| info.balance)
    }

    pub(super) fn code(&self, address: &Address) -> Bytes {
        self.account(address).map_or_else(Bytes::new, |info| {
            self.chain.world.code(&info.code_hash).original_bytes()
        })
    }

    pub(super) fn slot(&self, address: Address, key: U256) -> U256 {
        let before = self
            .chain
            .undos
            .range(self.from..)
            .find_map(|undo| undo.slot(address, key));
        before.unwrap_or_else(|| self.chain.world.slot(&address, &key))
    }
}

impl DatabaseRef for View<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.account(&address))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.chain.world.code(&code_hash))
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, Infallible> {
        Ok(self.slot(address, index))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Infallible> {
        Ok(self
            .chain
            .block(number)
            .map_or(B256::ZERO, |block| block.header.hash()))
    }
}
