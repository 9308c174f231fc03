//! The foot of the rail: how chain, meter and key stand, and the lock.

use enerlink_domain::{Presence, event::VaultState};
use leptos::prelude::*;

use crate::{
    components::{
        icon::{Glyph, Icon},
        unlock_form::reason_words,
    },
    feed::feed,
    format,
    i18n::{Key, text},
    keys::Shortcut,
    live::LiveState,
    prefs::prefs,
};

/// One line of the foot: colour of its dot, its word, and its state for tests.
#[derive(Clone, Debug, PartialEq)]
struct Standing {
    dot: &'static str,
    words: String,
    state: &'static str,
    /// Why, on hover.
    hint: Option<String>,
}

/// Chain, meter, key, and the lock button.
#[component]
pub(crate) fn Links() -> impl IntoView {
    let (feed, language) = (feed(), prefs().language);
    let chain = Memo::new(move |_| {
        feed.state.with(|state| {
            let Some(status) = &state.status else {
                return quiet(String::new(), "unknown");
            };
            let words = |key: Key| key.text(language.get()).to_owned();
            if status.chain.chain_id == 0 && state.network.is_none() {
                return quiet(words(Key::NotSetUp), "none");
            }
            match (status.chain.link.up, status.chain.block) {
                (true, Some(block)) => good(format!("#{}", format::count(language.get(), block)), "up"),
                (true, None) => good(words(Key::Connected), "up"),
                (false, _) => bad(words(Key::NotConnected), "down"),
            }
        })
    });
    let meter = Memo::new(move |_| {
        feed.state.with(|state| {
            let words = |key: Key| key.text(language.get()).to_owned();
            match state.home.as_ref().and_then(|home| home.meter.as_ref()) {
                None => quiet(words(Key::NotSetUp), "none"),
                Some(meter) if meter.device.link.up => good(words(Key::Online), "up"),
                Some(meter) if meter.device.presence == Presence::Retired => {
                    quiet(words(Key::Retired), "retired")
                }
                Some(meter) if meter.device.presence == Presence::Waiting => {
                    quiet(words(Key::NotHeard), "waiting")
                }
                Some(meter) if meter.device.sensors.is_some() => bad(words(Key::Silent), "down"),
                Some(_) => bad(words(Key::Offline), "down"),
            }
        })
    });
    let key = Memo::new(move |_| {
        feed.state.with(|state| {
            let words = |key: Key| key.text(language.get()).to_owned();
            match vault(state) {
                VaultState::Unlocked => good(words(Key::Unlocked), "unlocked"),
                VaultState::Locked => {
                    let because = state.lock_reason.and_then(reason_words);
                    let hint = because.map(words);
                    Standing {
                        hint,
                        ..quiet(words(Key::Locked), "locked")
                    }
                }
                VaultState::Missing => quiet(words(Key::NotSetUp), "missing"),
            }
        })
    });
    let unlocked = Memo::new(move |_| feed.state.with(vault) == VaultState::Unlocked);
    let lock_word = move || if unlocked.get() { Key::Lock } else { Key::Unlock };
    let lock_icon = Signal::derive(move || if unlocked.get() { Icon::Lock } else { Icon::Unlock });
    view! {
        <div class="links">
            <Line label=Key::Chain standing=chain testid="chain-state" />
            <Line label=Key::Meter standing=meter testid="meter-state" />
            <Line label=Key::Signing standing=key testid="key-state" />
            <button
                type="button"
                class="nav"
                data-testid="lock"
                title=move || lock_word().text(language.get())
                on:click=move |_| feed.turn_key()
            >
                <Glyph icon=lock_icon />
                <span>{move || lock_word().text(language.get())}</span>
                <kbd>{Shortcut::TurnKey.keys()}</kbd>
            </button>
        </div>
    }
}

#[component]
fn Line(label: Key, standing: Memo<Standing>, testid: &'static str) -> impl IntoView {
    let name = text(label);
    view! {
        <div
            class="line"
            data-testid=testid
            data-state=move || standing.get().state
            title=move || {
                let standing = standing.get();
                let hint = standing.hint.map(|hint| format!(". {hint}"));
                format!("{}: {}{}", name(), standing.words, hint.unwrap_or_default())
            }
        >
            <span class=move || format!("dot {}", standing.get().dot)></span>
            <span>{name}</span>
            <b>{move || standing.get().words}</b>
        </div>
    }
}

fn vault(state: &LiveState) -> VaultState {
    state
        .status
        .as_ref()
        .map_or(VaultState::Missing, |status| status.vault)
}

fn good(words: String, state: &'static str) -> Standing {
    Standing {
        dot: "good",
        words,
        state,
        hint: None,
    }
}

fn bad(words: String, state: &'static str) -> Standing {
    Standing {
        dot: "bad",
        words,
        state,
        hint: None,
    }
}

fn quiet(words: String, state: &'static str) -> Standing {
    Standing {
        dot: "",
        words,
        state,
        hint: None,
    }
}
