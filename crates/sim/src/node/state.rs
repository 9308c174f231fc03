//! Accounts and storage at the head of the chain, with an undo record per block.

use alloy::primitives::map::{AddressMap, B256Map, HashMap};
use alloy::primitives::{Address, B256, Keccak256, U256};
use revm::state::{Account, AccountInfo, Bytecode, EvmState};

/// The state after the newest block. Changes since the last [`World::seal`] are journalled, so that a block can be undone
/// at the cost of what it touched, not of what exists.
#[derive(Debug, Default)]
pub(super) struct World {
    accounts: AddressMap<Entry>,
    /// Content-addressed and shared by all blocks; never undone.
    codes: B256Map<Bytecode>,
    open: Undo,
}

#[derive(Debug, Default, Clone)]
struct Entry {
    info: AccountInfo,
    slots: HashMap<U256, U256>,
}

/// What a block overwrote: the values before it. Applying it backwards takes the block off; reading through it looks back.
#[derive(Debug, Default, Clone)]
pub(super) struct Undo {
    accounts: AddressMap<Option<AccountInfo>>,
    slots: HashMap<(Address, U256), U256>,
}

impl Undo {
    /// The account before the block, if the block touched it.
    pub(super) fn account(&self, address: &Address) -> Option<&Option<AccountInfo>> {
        self.accounts.get(address)
    }

    /// The slot before the block, if the block wrote it.
    pub(super) fn slot(&self, address: Address, key: U256) -> Option<U256> {
        self.slots.get(&(address, key)).copied()
    }

    /// Takes in changes made after this block but before the next: the older value wins.
    pub(super) fn extend(&mut self, later: Undo) {
        for (address, before) in later.accounts {
            self.accounts.entry(address).or_insert(before);
        }
        for (slot, before) in later.slots {
            self.slots.entry(slot).or_insert(before);
        }
    }
}

impl World {
    pub(super) fn account(&self, address: &Address) -> Option<&AccountInfo> {
        self.accounts.get(address).map(|entry| &entry.info)
    }

    pub(super) fn slot(&self, address: &Address, key: &U256) -> U256 {
        self.accounts
            .get(address)
            .and_then(|entry| entry.slots.get(key))
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn code(&self, hash: &B256) -> Bytecode {
        self.codes.get(hash).cloned().unwrap_or_default()
    }

    /// Sets a balance in wei outside any transaction.
    pub(super) fn set_balance(&mut self, address: Address, balance: U256) {
        self.note_account(address);
        self.accounts.entry(address).or_default().info.balance = balance;
    }

    /// Writes what one transaction changed.
    pub(super) fn commit(&mut self, changes: EvmState) {
        for (address, account) in changes {
            if account.is_touched() {
                self.commit_account(address, account);
            }
        }
    }

    fn commit_account(&mut self, address: Address, account: Account) {
        self.note_account(address);
        if account.is_selfdestructed() || account.is_created() {
            self.wipe(address);
        }
        if account.is_selfdestructed() || account.is_empty() {
            // EIP-161: a touched account that is empty does not exist.
            self.wipe(address);
            self.accounts.remove(&address);
            return;
        }
        let mut info = account.info;
        if let Some(code) = info.code.take()
            && !code.is_empty()
        {
            self.codes.entry(info.code_hash).or_insert(code);
        }
        let entry = self.accounts.entry(address).or_default();
        entry.info = info;
        for (key, slot) in account.storage.into_iter().filter(|(_, slot)| slot.is_changed()) {
            let before = if slot.present_value.is_zero() {
                entry.slots.remove(&key)
            } else {
                entry.slots.insert(key, slot.present_value)
            };
            self.open
                .slots
                .entry((address, key))
                .or_insert(before.unwrap_or_default());
        }
    }

    fn note_account(&mut self, address: Address) {
        let before = self.accounts.get(&address).map(|entry| entry.info.clone());
        self.open.accounts.entry(address).or_insert(before);
    }

    fn wipe(&mut self, address: Address) {
        if let Some(entry) = self.accounts.get_mut(&address) {
            for (key, before) in entry.slots.drain() {
                self.open.slots.entry((address, key)).or_insert(before);
            }
        }
    }

    /// Ends a block: hands out what it overwrote.
    pub(super) fn seal(&mut self) -> Undo {
        std::mem::take(&mut self.open)
    }

    /// Takes a sealed block off again.
    pub(super) fn undo(&mut self, undo: Undo) {
        for (address, before) in undo.accounts {
            match before {
                Some(info) => self.accounts.entry(address).or_default().info = info,
                None => {
                    self.accounts.remove(&address);
                }
            }
        }
        for ((address, key), before) in undo.slots {
            // An account that did not exist before the block had no storage either.
            let Some(entry) = self.accounts.get_mut(&address) else {
                continue;
            };
            if before.is_zero() {
                entry.slots.remove(&key);
            } else {
                entry.slots.insert(key, before);
            }
        }
    }

    /// A commitment to the whole state, chained from the parent's: Keccak-256 over the parent's commitment and the values
    /// that changed, in address and slot order. It is not the Merkle-Patricia root, whose cost grows with the state;
    /// `eth_getProof`, which alone would need it, is not offered.
    pub(super) fn root(&self, parent: B256, undo: &Undo) -> B256 {
        let mut hash = Keccak256::new();
        hash.update(parent);
        let mut addresses: Vec<_> = undo.accounts.keys().collect();
        addresses.sort_unstable();
        for address in addresses {
            let info = self.account(address).cloned().unwrap_or_default();
            hash.update(address);
            hash.update(info.balance.to_be_bytes::<32>());
            hash.update(info.nonce.to_be_bytes());
            hash.update(info.code_hash);
        }
        let mut slots: Vec<_> = undo.slots.keys().collect();
        slots.sort_unstable();
        for (address, key) in slots {
            hash.update(address);
            hash.update(key.to_be_bytes::<32>());
            hash.update(self.slot(address, key).to_be_bytes::<32>());
        }
        hash.finalize()
    }
}
