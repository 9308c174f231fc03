//! The keys of an open vault: whole pages of their own, which the system is asked not to write to a swap file.

use std::sync::Once;

use enerlink_domain::Address;
use region::LockGuard;

use crate::{Account, Error, vault::OpenVault};

const PER_PAGE: usize = 16;

/// Aligned to the common page size, so that the lock covers nothing else and no other lock ends on the same page.
#[derive(Default)]
#[repr(align(4096))]
struct Page([Option<Account>; PER_PAGE]);

/// Keys that can sign.
pub(super) struct Keyring {
    /// Before `pages`: the lock is given back before the memory is.
    _lock: Option<LockGuard>,
    pages: Vec<Page>,
}

impl Keyring {
    /// All keys of a vault. The memory is taken and locked before the first key is in it, and never grows: growing
    /// would leave keys behind in freed memory.
    pub(super) fn of(open: &OpenVault) -> Result<Self, Error> {
        let count: usize = open
            .wallets
            .iter()
            .map(|wallet| wallet.clear.accounts.len())
            .sum();
        let mut pages = Vec::new();
        pages.resize_with(count.div_ceil(PER_PAGE), Page::default);
        let mut keyring = Self {
            _lock: lock(&pages),
            pages,
        };
        let accounts = open.wallets.iter().flat_map(|wallet| {
            let indices = wallet.clear.accounts.iter().map(|account| account.index);
            indices.map(|index| wallet.secret.account(index))
        });
        let places = keyring.pages.iter_mut().flat_map(|page| &mut page.0);
        for (place, account) in places.zip(accounts) {
            *place = Some(account?);
        }
        Ok(keyring)
    }

    pub(super) fn get(&self, address: Address) -> Option<&Account> {
        self.pages
            .iter()
            .flat_map(|page| &page.0)
            .flatten()
            .find(|account| account.address() == address)
    }
}

impl Drop for Keyring {
    /// Wipes the keys while they are still locked in memory.
    fn drop(&mut self) {
        for place in self.pages.iter_mut().flat_map(|page| &mut page.0) {
            *place = None;
        }
    }
}

/// A system may allow no locked memory at all: keys then work, and may end up in a swap file.
fn lock(pages: &[Page]) -> Option<LockGuard> {
    static COMPLAINT: Once = Once::new();
    if pages.is_empty() {
        return None;
    }
    region::lock(pages.as_ptr(), size_of_val(pages))
        .inspect_err(|error| {
            COMPLAINT.call_once(|| {
                tracing::warn!(target: "enerlink::keystore", %error, "keys are not locked in memory");
            });
        })
        .ok()
}
