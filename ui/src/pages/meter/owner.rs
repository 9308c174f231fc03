//! Whose a meter is: every account of the vault to choose from.

use enerlink_domain::{Address, wallet::WalletView};
use leptos::prelude::*;

use crate::{
    feed::feed,
    format,
    i18n::{Key, text},
    live::LiveState,
};

/// The accounts, where there is more than one; without a choice it is the proposed one.
#[component]
pub(super) fn OwnerField(
    /// The choice.
    owner: RwSignal<Option<Address>>,
    /// What is proposed.
    #[prop(into)]
    proposed: Signal<Option<Address>>,
) -> impl IntoView {
    let wallets = wallets(feed().state);
    let accounts = Memo::new(move |_| wallets.with(|wallets| owners(wallets)));
    let choose = move |event| owner.set(event_target_value(&event).parse().ok());
    let options = move || {
        let accounts = accounts.get().into_iter();
        accounts
            .map(|(address, words)| {
                let chosen = move || owner.get().or(proposed.get()) == Some(address);
                view! { <option value=address.to_string() prop:selected=chosen>{words}</option> }
            })
            .collect_view()
    };
    let several = move || accounts.with(|accounts| accounts.len() > 1);
    view! {
        <Show when=several>
            <div class="field">
                <label for="meter-owner">{text(Key::MeterOwner)}</label>
                <select id="meter-owner" class="select" data-testid="meter-owner" on:change=choose>{options}</select>
                <p class="hint">{text(Key::MeterOwnerHint)}</p>
            </div>
        </Show>
    }
}

/// The wallets of the vault. What is made of them is made anew only when they change and not with every reading: the
/// checksum of an address costs a hash.
pub(super) fn wallets(state: RwSignal<LiveState>) -> Memo<Vec<WalletView>> {
    Memo::new(move |_| {
        let known = |state: &LiveState| Some(state.status.as_ref()?.wallets.clone());
        state.with(known).unwrap_or_default()
    })
}

/// Every account with the name of its wallet.
fn owners(wallets: &[WalletView]) -> Vec<(Address, String)> {
    let accounts = wallets.iter().flat_map(|wallet| {
        let named = move |address| {
            (
                address,
                format!("{} · {}", wallet.name, format::short_address(address)),
            )
        };
        wallet.accounts.iter().map(move |account| named(account.address))
    });
    accounts.collect()
}

/// What an account is called, or its address when it is of no wallet here.
pub(super) fn owner_name(wallets: &[WalletView], owner: Address) -> String {
    let short = format::short_address(owner);
    match wallet_name(wallets, owner) {
        Some(name) => format!("{name} · {short}"),
        None => short,
    }
}

/// What the wallet of an account is called; none when it is of no wallet here.
pub(super) fn wallet_name(wallets: &[WalletView], owner: Address) -> Option<String> {
    let whose = wallets.iter().find(|wallet| wallet.has(owner))?;
    Some(whose.name.clone())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use enerlink_domain::{Event, guard::GuardState};

    use super::*;
    use crate::live::tests::{ACCOUNT, guard, home, state_with, wallet};

    #[test]
    fn every_account_can_be_the_owner() {
        let wallets = [wallet("Rumah", ACCOUNT), wallet("Warung", Address([9; 20]))];
        let owners = owners(&wallets);
        assert_eq!(
            owners.iter().map(|(address, _)| *address).collect::<Vec<_>>(),
            [ACCOUNT, Address([9; 20])]
        );
        assert!(owners[1].1.starts_with("Warung · 0x"), "{}", owners[1].1);
        assert_eq!(owner_name(&wallets, Address([9; 20])), owners[1].1);
        assert!(owner_name(&wallets, Address([3; 20])).starts_with("0x"));
    }

    #[test]
    fn what_is_made_of_accounts_is_made_anew_only_when_they_change() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let scope = Owner::new();
        scope.set();
        let state = RwSignal::new(state_with(home()));
        let wallets = wallets(state);
        let accounts = Memo::new(move |_| {
            MADE.fetch_add(1, Ordering::Relaxed);
            wallets.with(|wallets| owners(wallets))
        });
        assert_eq!(accounts.get_untracked().len(), 1);
        for watching in [GuardState::Watching, GuardState::Unknown] {
            state.update(|state| drop(state.apply(Event::Guard(guard(watching)))));
            assert_eq!(accounts.get_untracked().len(), 1);
        }
        assert_eq!(MADE.load(Ordering::Relaxed), 1, "nothing has changed about them");
        let told = Event::Wallets {
            wallets: vec![wallet("Rumah", ACCOUNT), wallet("Warung", Address([9; 20]))],
            primary: Some(ACCOUNT),
        };
        state.update(|state| drop(state.apply(told)));
        assert_eq!(accounts.get_untracked().len(), 2);
        assert_eq!(MADE.load(Ordering::Relaxed), 2);
    }
}
