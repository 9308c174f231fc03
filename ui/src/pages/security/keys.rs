//! Settlement keys: which meter may be settled while the wallet is locked, and how far that has come.

use enerlink_domain::{
    Address,
    event::VaultState,
    wallet::{SettlementKeyState, SettlementKeyView},
};
use enerlink_ipc::SetSettlementKey;
use leptos::prelude::*;

use crate::{
    components::{
        address::AddressTag,
        dialog::{Dialog, Foot},
        doing::Doing,
        loaded::Waiting,
    },
    feed::feed,
    i18n::{Key, say, text},
    prefs::prefs,
    security::security,
    session::{Tone, session},
};

/// The card with every meter's key.
#[component]
pub(super) fn SettlementKeys() -> impl IntoView {
    let security = security();
    let keys = Memo::new(move |_| {
        security
            .view
            .value
            .with(|view| view.as_ref().map(|view| view.settlement_keys.clone()))
    });
    let asked = RwSignal::new(None::<(SettlementKeyView, bool)>);
    let close = Callback::new(move |()| asked.set(None));
    let list = move || match keys.get() {
        None => view! { <Waiting error=security.view.error retry=move |()| security.read() /> }.into_any(),
        Some(keys) if keys.is_empty() => view! {
            <div class="empty" data-testid="settlement-keys-empty">
                <p>{text(Key::NoSettlementKeys)}</p>
                <p class="dim small">{text(Key::NoSettlementKeysHint)}</p>
            </div>
        }
        .into_any(),
        Some(keys) => keys
            .into_iter()
            .map(|key| view! { <KeyRow key_view=key asked=asked /> })
            .collect_view()
            .into_any(),
    };
    view! {
        <section class="card" data-testid="settlement-keys">
            <header><h2>{text(Key::SettlementKeys)}</h2></header>
            <p class="mut">{text(Key::SettlementKeysLead)}</p>
            {list}
            {move || asked.get().map(|(key, enable)| view! { <KeyDialog key_view=key enable=enable on_close=close /> })}
        </section>
    }
}

/// The words of a state, its explanation, its colour, and what can be done.
fn standing(state: SettlementKeyState) -> (Key, Key, &'static str, Option<bool>) {
    match state {
        SettlementKeyState::Off => (Key::KeyOff, Key::KeyOffHint, "chip", Some(true)),
        SettlementKeyState::Authorising => (
            Key::KeyAuthorising,
            Key::KeyAuthorisingHint,
            "chip accent",
            Some(false),
        ),
        SettlementKeyState::Active => (Key::KeyActive, Key::KeyActiveHint, "chip good", Some(false)),
        SettlementKeyState::Revoking => (Key::KeyRevoking, Key::KeyRevokingHint, "chip accent", None),
        SettlementKeyState::Elsewhere => (Key::KeyElsewhere, Key::KeyElsewhereHint, "chip warn", Some(true)),
        SettlementKeyState::Unknown => (Key::KeyUnknown, Key::KeyUnknownHint, "chip", None),
    }
}

/// The word of a state in test ids, as in JSON.
fn state_name(state: SettlementKeyState) -> &'static str {
    match state {
        SettlementKeyState::Off => "off",
        SettlementKeyState::Authorising => "authorising",
        SettlementKeyState::Active => "active",
        SettlementKeyState::Revoking => "revoking",
        SettlementKeyState::Elsewhere => "elsewhere",
        SettlementKeyState::Unknown => "unknown",
    }
}

/// Whether the state moves on by a transaction of the wallet.
fn moves(state: SettlementKeyState) -> bool {
    matches!(
        state,
        SettlementKeyState::Authorising | SettlementKeyState::Revoking
    )
}

#[component]
fn KeyRow(key_view: SettlementKeyView, asked: RwSignal<Option<(SettlementKeyView, bool)>>) -> impl IntoView {
    let locked = locked();
    let (word, hint, class, can) = standing(key_view.state);
    let waits = move || moves(key_view.state) && locked.get();
    let SettlementKeyView {
        meter_id,
        meter_name,
        key,
        on_chain,
        state,
    } = key_view.clone();
    let named = (meter_name != meter_id.to_string()).then(|| meter_id.to_string());
    let button = can.map(|enable| {
        let (label, testid) = if enable {
            (Key::AllowKey, "settlement-key-allow")
        } else {
            (Key::RevokeKey, "settlement-key-revoke")
        };
        view! {
            <button
                type="button"
                class="button quiet small"
                data-testid=testid
                on:click=move |_| asked.set(Some((key_view.clone(), enable)))
            >
                {text(label)}
            </button>
        }
    });
    view! {
        <div
            class="setting key-row"
            data-testid="settlement-key"
            data-meter=meter_id.to_string()
            data-state=state_name(state)
        >
            <div>
                <p class="row">
                    <b>{meter_name}</b>
                    {named.map(|id| view! { <span class="dim small">{id}</span> })}
                    <span class=class>{text(word)}</span>
                </p>
                <small>{text(hint)}</small>
                {move || waits().then(|| view! { <small class="warn">{text(Key::KeyAwaitingUnlock)}</small> })}
                <div class="row keys">
                    {key.map(|key| view! { <Known label=Key::KeyHere address=key /> })}
                    {on_chain.filter(|known| Some(*known) != key).map(|key| view! { <Known label=Key::KeyOnChain address=key /> })}
                </div>
            </div>
            {button}
        </div>
    }
}

#[component]
fn Known(label: Key, address: Address) -> impl IntoView {
    view! {
        <span class="known small">
            <span class="dim">{text(label)}</span>
            <AddressTag address=address testid="settlement-key-address" />
        </span>
    }
}

/// What it means, before it is done.
#[component]
fn KeyDialog(key_view: SettlementKeyView, enable: bool, on_close: Callback<()>) -> impl IntoView {
    let (security, session, language) = (security(), session(), prefs().language);
    let locked = locked();
    let doing = Doing::new();
    let (title, effect, action) = if enable {
        (Key::AllowTitle, Key::AllowEffect, Key::AllowKey)
    } else {
        (Key::RevokeTitle, Key::RevokeEffect, Key::RevokeKey)
    };
    let meter_id = key_view.meter_id;
    let set = move |_| {
        let command = SetSettlementKey {
            meter_id: meter_id.clone(),
            enabled: enable,
        };
        doing.call(command, move |_| {
            on_close.try_run(());
            security.read();
            session.say(
                Tone::Good,
                Key::KeyAsked.text(language.get_untracked()).to_owned(),
            );
        });
    };
    let title = Signal::derive(move || say(language.get(), title, &[("meter", &key_view.meter_name)]));
    let class = if enable { "button" } else { "button danger" };
    view! {
        <Dialog testid="settlement-key-dialog" title=title on_close=on_close busy=doing.busy>
            <p>{text(effect)}</p>
            <ul class="rules">
                <li>{text(Key::KeyCan)}</li>
                <li>{text(Key::KeyCannot)}</li>
            </ul>
            {move || locked.get().then(|| view! { <p class="aside">{text(Key::KeyLockedHint)}</p> })}
            {doing.problem()}
            <Foot on_close=on_close busy=doing.busy>
                <button
                    type="button"
                    class=class
                    data-testid="settlement-key-submit"
                    disabled=doing.busy
                    on:click=set
                >
                    {text(action)}
                </button>
            </Foot>
        </Dialog>
    }
}

fn locked() -> Memo<bool> {
    let feed = feed();
    Memo::new(move |_| {
        feed.state
            .with(|state| state.status.as_ref().map(|status| status.vault) == Some(VaultState::Locked))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [SettlementKeyState; 6] = [
        SettlementKeyState::Off,
        SettlementKeyState::Authorising,
        SettlementKeyState::Active,
        SettlementKeyState::Revoking,
        SettlementKeyState::Elsewhere,
        SettlementKeyState::Unknown,
    ];

    #[test]
    fn every_state_has_its_own_words_and_the_name_of_json() {
        let words: std::collections::HashSet<Key> = STATES
            .into_iter()
            .flat_map(|state| [standing(state).0, standing(state).1])
            .collect();
        assert_eq!(words.len(), 2 * STATES.len());
        for state in STATES {
            let json = serde_json::to_value(state).expect("json");
            assert_eq!(json, state_name(state));
        }
    }

    #[test]
    fn what_is_on_its_way_out_cannot_be_asked_for_again() {
        let offers = STATES.map(|state| standing(state).3);
        assert_eq!(
            offers,
            [Some(true), Some(false), Some(false), None, Some(true), None]
        );
    }
}
