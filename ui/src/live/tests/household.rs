//! Vault, accounts, guards and chain, and what has to be read again when they change.

use super::*;

#[test]
fn a_guard_stands_for_its_account() {
    let mut state = state();
    state.apply(Event::Guard(guard(GuardState::Watching)));
    state.apply(Event::Guard(guard(GuardState::Unknown)));
    assert_eq!(state.guards.len(), 1);
    assert_eq!(state.guards[&ACCOUNT].state, GuardState::Unknown);
}

#[test]
fn missed_events_and_a_changed_vault_ask_for_snapshots() {
    let mut state = state();
    assert_eq!(state.apply(Event::Lagged { missed: 3 }).refetch, Refetch::All);
    assert_eq!(
        state
            .apply(Event::Vault {
                state: VaultState::Locked,
                reason: None
            })
            .refetch,
        Refetch::All
    );
    assert_eq!(
        state
            .apply(Event::Vault {
                state: VaultState::Locked,
                reason: None
            })
            .refetch,
        Refetch::Nothing
    );
    let mut empty = LiveState::default();
    assert_eq!(empty.apply(Event::Chain(chain(true))).refetch, Refetch::All);
    assert_eq!(empty.apply(Event::Device(device(1))).refetch, Refetch::Home);
}

#[test]
fn a_node_that_answers_again_refreshes_the_sums() {
    let mut state = state();
    assert_eq!(state.apply(Event::Chain(chain(false))).refetch, Refetch::Nothing);
    assert_eq!(
        state.chain_problem().map(|error| error.code),
        Some(Code::NodeUnreachable)
    );
    assert_eq!(state.apply(Event::Chain(chain(true))).refetch, Refetch::Home);
    assert_eq!(state.chain_problem(), None);
}

#[test]
fn the_reason_of_a_lock_stays_until_it_is_opened() {
    let mut state = state();
    let mut vault = |vault, reason| {
        state.apply(Event::Vault { state: vault, reason });
        state.lock_reason
    };
    assert_eq!(
        vault(VaultState::Locked, Some(LockReason::Suspend)),
        Some(LockReason::Suspend)
    );
    assert_eq!(vault(VaultState::Locked, None), Some(LockReason::Suspend));
    assert_eq!(vault(VaultState::Unlocked, None), None);
}

#[test]
fn another_primary_account_is_shown_and_asks_for_its_balances() {
    let mut state = state();
    let wallets = vec![wallet("Rumah", ACCOUNT), wallet("Warung", Address([8; 20]))];
    let told = |primary| Event::Wallets {
        wallets: wallets.clone(),
        primary: Some(primary),
    };
    assert_eq!(state.apply(told(ACCOUNT)).refetch, Refetch::Nothing);
    assert_eq!(state.apply(told(Address([8; 20]))).refetch, Refetch::Home);
    assert_eq!(state.account(), Some(ACCOUNT), "the meter's owner comes first");
    state.home = None;
    assert_eq!(state.account(), Some(Address([8; 20])));
}
