//! Traders by a small number, so that an order need not carry an address.

use std::collections::HashMap;

use crate::Address;

/// Every address that has had an order, numbered as they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Traders {
    numbers: HashMap<Address, u32>,
    addresses: Vec<Address>,
}

impl Traders {
    /// The number of an address, which is given one if it has none.
    pub(super) fn number(&mut self, address: Address) -> u32 {
        let next = u32::try_from(self.addresses.len()).expect("the contract has at most 2^32 traders");
        *self.numbers.entry(address).or_insert_with(|| {
            self.addresses.push(address);
            next
        })
    }

    /// The address of a number that was given.
    pub(super) fn address(&self, number: u32) -> Address {
        self.addresses[number as usize]
    }
}
