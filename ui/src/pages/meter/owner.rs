//! Whose a meter is: every account of the vault to choose from.

use enerlink_domain::Address;
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
    let feed = feed();
    let accounts = Memo::new(move |_| feed.state.with(owners));
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

/// Every account with the name of its wallet.
pub(super) fn owners(state: &LiveState) -> Vec<(Address, String)> {
    let wallets = state.status.as_ref().map(|status| &status.wallets);
    let wallets = wallets.into_iter().flatten();
    wallets
        .flat_map(|wallet| {
            wallet.accounts.iter().map(|account| {
                let short = format::short_address(account.address);
                (account.address, format!("{} · {short}", wallet.name))
            })
        })
        .collect()
}

/// What an account is called, or its address when it is of no wallet here.
pub(super) fn owner_name(state: &LiveState, owner: Address) -> String {
    let known = owners(state).into_iter().find(|(address, _)| *address == owner);
    known.map_or_else(|| format::short_address(owner), |(_, name)| name)
}

/// What the wallet of an account is called; none when it is of no wallet here.
pub(super) fn wallet_name(state: &LiveState, owner: Address) -> Option<String> {
    let wallets = &state.status.as_ref()?.wallets;
    let whose = wallets.iter().find(|wallet| wallet.has(owner))?;
    Some(whose.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::{ACCOUNT, home, state_with, wallet};

    #[test]
    fn every_account_can_be_the_owner() {
        let mut state = state_with(home());
        if let Some(status) = &mut state.status {
            status.wallets.push(wallet("Warung", Address([9; 20])));
        }
        let owners = owners(&state);
        assert_eq!(
            owners.iter().map(|(address, _)| *address).collect::<Vec<_>>(),
            [ACCOUNT, Address([9; 20])]
        );
        assert!(owners[1].1.starts_with("Warung · 0x"), "{}", owners[1].1);
        assert!(owner_name(&state, Address([3; 20])).starts_with("0x"));
    }
}
