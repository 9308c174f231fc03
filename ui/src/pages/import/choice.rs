//! Which of the accounts that were found are imported: what is proposed, what is ticked, what comes next.

use std::collections::BTreeSet;

use enerlink_domain::{Address, wallet::PreviewAccount};

/// How many accounts are looked at together.
const TOGETHER: usize = 10;
/// Most accounts of one import, as the core takes them.
const MOST: usize = 100;
/// The largest last step of a path that is not hardened (BIP-32).
const LARGEST: u32 = 0x7fff_ffff;

/// The accounts that were found, by their index, and those that are ticked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Choice {
    accounts: Vec<PreviewAccount>,
    ticked: BTreeSet<u32>,
}

impl Choice {
    /// What is proposed: the first account, and every one that holds something; none that is here already.
    pub(super) fn new(accounts: Vec<PreviewAccount>) -> Self {
        let mut choice = Self::default();
        choice.add(accounts);
        if choice
            .accounts
            .first()
            .is_some_and(|first| first.known_as.is_none())
        {
            let first = choice.accounts[0].account.index;
            choice.ticked.insert(first);
        }
        choice
    }

    /// Takes more accounts; those that hold something are ticked.
    pub(super) fn add(&mut self, found: Vec<PreviewAccount>) {
        for account in found {
            let index = account.account.index;
            if self.has(index) {
                continue;
            }
            if holds_something(&account) {
                self.tick(&account, true);
            }
            self.accounts.push(account);
        }
        self.accounts.sort_by_key(|account| account.account.index);
    }

    /// Takes an account that was asked for by its index, ticked because it was asked for.
    pub(super) fn add_wanted(&mut self, found: Vec<PreviewAccount>) {
        let wanted: Vec<u32> = found.iter().map(|account| account.account.index).collect();
        self.add(found);
        for index in wanted {
            self.set(index, true);
        }
    }

    /// Ticks an account, or takes its tick away; one that is here already stays without.
    pub(super) fn set(&mut self, index: u32, on: bool) {
        let account = self
            .accounts
            .iter()
            .find(|account| account.account.index == index);
        if let Some(account) = account.cloned() {
            self.tick(&account, on);
        }
    }

    fn tick(&mut self, account: &PreviewAccount, on: bool) {
        if on && account.known_as.is_none() && self.ticked.len() < MOST {
            self.ticked.insert(account.account.index);
        } else if !on {
            self.ticked.remove(&account.account.index);
        }
    }

    /// Whether an account was found already.
    pub(super) fn has(&self, index: u32) -> bool {
        self.accounts.iter().any(|account| account.account.index == index)
    }

    /// Whether an account is ticked.
    pub(super) fn is_ticked(&self, index: u32) -> bool {
        self.ticked.contains(&index)
    }

    /// Every account that was found, by index.
    pub(super) fn accounts(&self) -> &[PreviewAccount] {
        &self.accounts
    }

    /// The indices that are imported.
    pub(super) fn indices(&self) -> Vec<u32> {
        self.ticked.iter().copied().collect()
    }

    /// The addresses that the person has seen and ticked, which the core compares.
    pub(super) fn expected(&self) -> Vec<Address> {
        let chosen = self
            .accounts
            .iter()
            .filter(|account| self.is_ticked(account.account.index));
        chosen.map(|account| account.account.address).collect()
    }

    /// The next ten indices that were not looked at.
    pub(super) fn next(&self) -> Vec<u32> {
        (0..=LARGEST)
            .filter(|index| !self.has(*index))
            .take(TOGETHER)
            .collect()
    }
}

/// The indices that are looked at first.
pub(super) fn first() -> Vec<u32> {
    Choice::default().next()
}

/// A typed index, when it is one.
pub(super) fn index(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|index| *index <= LARGEST)
}

fn holds_something(account: &PreviewAccount) -> bool {
    account
        .balances
        .is_some_and(|balances| balances.etk.0 != 0 || balances.idrs.0 != 0 || balances.native.0 != 0)
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Etk, Idrs, Wei, event::Balances, wallet::AccountView};

    use super::*;

    fn account(index: u32, etk: i128, known_as: Option<&str>) -> PreviewAccount {
        let address = Address([u8::try_from(index % 256).expect("a byte"); 20]);
        PreviewAccount {
            account: AccountView {
                index,
                address,
                path: Some(format!("m/44'/60'/0'/0/{index}")),
            },
            balances: Some(Balances {
                account: address,
                etk: Etk(etk),
                idrs: Idrs(0),
                native: Wei(0),
                block: 1,
            }),
            known_as: known_as.map(str::to_owned),
        }
    }

    #[test]
    fn the_first_and_those_with_a_balance_are_proposed() {
        let found = (0..10).map(|index| account(index, i128::from(index == 3 || index == 7), None));
        let choice = Choice::new(found.collect());
        assert_eq!(choice.indices(), [0, 3, 7]);
        assert_eq!(
            choice.expected(),
            [Address([0; 20]), Address([3; 20]), Address([7; 20])]
        );
        assert_eq!(choice.next(), Vec::from_iter(10..20));
    }

    #[test]
    fn what_is_here_already_cannot_be_ticked() {
        let mut choice = Choice::new(vec![account(0, 5, Some("Rumah")), account(1, 5, None)]);
        assert_eq!(choice.indices(), [1]);
        choice.set(0, true);
        choice.set(1, false);
        assert!(choice.indices().is_empty());
        assert!(choice.expected().is_empty());
    }

    #[test]
    fn more_accounts_keep_their_order_and_what_was_ticked() {
        let mut choice = Choice::new(vec![account(0, 0, None), account(1, 0, None)]);
        choice.set(1, true);
        choice.add_wanted(vec![account(40, 0, None)]);
        choice.add(vec![account(2, 9, None), account(1, 0, None)]);
        let order: Vec<u32> = choice.accounts().iter().map(|row| row.account.index).collect();
        assert_eq!(order, [0, 1, 2, 40]);
        assert_eq!(choice.indices(), [0, 1, 2, 40]);
        assert_eq!(choice.next()[..2], [3, 4]);
    }

    #[test]
    fn no_more_are_ticked_than_the_core_takes() {
        let found = (0..120).map(|index| account(index, 1, None));
        assert_eq!(Choice::new(found.collect()).indices().len(), MOST);
    }

    #[test]
    fn an_index_is_not_hardened() {
        for (text, expected) in [
            (" 12 ", Some(12)),
            ("0", Some(0)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(index(text), expected, "{text}");
        }
    }
}
