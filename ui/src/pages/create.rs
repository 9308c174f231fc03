//! A wallet from a new phrase: a name, the vault's password, and for those who want it more words or a passphrase.

use enerlink_domain::Error;
use enerlink_ipc::CreateWallet;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{
        doing::take,
        field::{Field, KeptFocus},
        password::PasswordField,
        problem::Problem,
        vault_password::{VaultPassword, VaultPasswordFields},
    },
    feed::feed,
    i18n::{Key, text},
    ipc,
    live::LiveState,
    pages::sheet::{Leave, Sheet},
    session::{Flow, session},
};

/// How many words a phrase of BIP-39 may have; the first is what is proposed.
const LENGTHS: [u8; 5] = [12, 15, 18, 21, 24];

/// What a wallet is called when the person gives no name.
const UNNAMED: &str = "EnerLink";

/// A passphrase of BIP-39, typed twice.
#[derive(Clone, Copy)]
struct Passphrase {
    typed: RwSignal<String>,
    again: RwSignal<String>,
}

impl Passphrase {
    fn same(self) -> bool {
        self.typed.get() == self.again.get()
    }

    fn wipe(self) {
        for secret in [self.typed, self.again] {
            secret.try_set(String::new());
        }
    }
}

/// Name, password, what is advanced, create.
#[component]
pub(crate) fn CreatePage() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let name = RwSignal::new(String::new());
    let password = VaultPassword::new();
    let length = RwSignal::new(LENGTHS[0]);
    let passphrase = Passphrase {
        typed: RwSignal::new(String::new()),
        again: RwSignal::new(String::new()),
    };
    on_cleanup(move || {
        password.wipe();
        passphrase.wipe();
    });
    let (busy, tried) = (RwSignal::new(false), RwSignal::new(false));
    let error = RwSignal::new(None::<Error>);
    let create = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if busy.get_untracked() || !untrack(|| passphrase.same()) {
            return;
        }
        let Some(typed) = password.take() else { return };
        tried.set(false);
        let focus = KeptFocus::now();
        busy.set(true);
        error.set(None);
        session.flow.set(Some(Flow::Create));
        session.held.set(true);
        let create = CreateWallet {
            name: feed
                .state
                .with_untracked(|state| named(&name.get_untracked(), state)),
            password: typed,
            words: length.get_untracked(),
            passphrase: take(passphrase.typed),
        };
        passphrase.wipe();
        spawn_local(async move {
            let made = ipc::call(&create).await;
            drop(create);
            feed.refresh_all().await;
            session.held.set(false);
            match made {
                Ok(wallet) => session.flow.set(Some(Flow::Phrase(wallet.wallet))),
                Err(problem) => {
                    error.try_set(Some(problem));
                    busy.try_set(false);
                    focus.give_back();
                }
            }
        });
    };
    view! {
        <Sheet title=Key::CreateTitle lead=Key::CreateLead step=1>
            <form on:submit=create novalidate>
                <fieldset disabled=move || busy.get()>
                    <Field testid="create-name" label=Key::WalletName value=name hint=Key::WalletNameHint first=true />
                    <VaultPasswordFields password=password testid="create-password" again="create-password-again" />
                    <Advanced length=length passphrase=passphrase tried=tried />
                    {move || error.get().map(|error| view! { <Problem error=error /> })}
                    <button type="submit" class="button wide" data-testid="create-submit">
                        {text(Key::CreateWallet)}
                    </button>
                </fieldset>
                {move || busy.get().then(|| view! { <Sealing /> })}
            </form>
            <Leave />
        </Sheet>
    }
}

/// What a person typed as a name, or a name that no wallet has yet.
pub(crate) fn named(typed: &str, state: &LiveState) -> String {
    let typed = typed.trim();
    if !typed.is_empty() {
        return typed.to_owned();
    }
    let wallets = state.status.as_ref().map(|status| &status.wallets);
    let taken: Vec<&str> = wallets
        .into_iter()
        .flatten()
        .map(|wallet| wallet.name.as_str())
        .collect();
    let numbered = (2..).map(|number: usize| format!("{UNNAMED} {number}"));
    std::iter::once(UNNAMED.to_owned())
        .chain(numbered)
        .find(|name| !taken.contains(&name.as_str()))
        .unwrap_or_default()
}

/// The vault is being sealed, which takes a while on purpose.
#[component]
pub(crate) fn Sealing() -> impl IntoView {
    view! {
        <div class="progress" role="status">
            <div class="bar"><i></i></div>
            <p>{text(Key::Creating)}</p>
        </div>
    }
}

/// Words and passphrase, folded away: what is proposed is right for nearly everybody.
#[component]
fn Advanced(length: RwSignal<u8>, passphrase: Passphrase, tried: RwSignal<bool>) -> impl IntoView {
    let choices = LENGTHS.map(|count| {
        view! {
            <label>
                <input
                    type="radio"
                    name="create-words"
                    data-testid=format!("create-words-{count}")
                    prop:checked=move || length.get() == count
                    on:change=move |_| length.set(count)
                />
                <span>{count.to_string()}</span>
            </label>
        }
    });
    let differs = Signal::derive(move || {
        let told = tried.get() || !passphrase.again.with(String::is_empty);
        (told && !passphrase.same()).then_some(Key::PassphrasesDiffer)
    });
    view! {
        <details class="fold">
            <summary data-testid="create-advanced">{text(Key::Advanced)}</summary>
            <fieldset class="lengths">
                <legend>{text(Key::PhraseLength)}</legend>
                <div class="radios">{choices.into_iter().collect_view()}</div>
                <p class="hint">{text(Key::PhraseLengthHint)}</p>
            </fieldset>
            <PasswordField
                testid="create-passphrase"
                label=Key::Passphrase
                value=passphrase.typed
            />
            <PasswordField
                testid="create-passphrase-again"
                label=Key::PassphraseAgain
                value=passphrase.again
                complaint=differs
            />
            <p class="aside">{text(Key::PassphraseHint)}</p>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::Address;

    use super::*;
    use crate::live::tests::{home, state_with, wallet};

    #[test]
    fn a_wallet_always_has_a_name_of_its_own() {
        let mut state = state_with(home());
        assert_eq!(named("  ", &LiveState::default()), "EnerLink");
        assert_eq!(named(" Warung ", &state), "Warung");
        for expected in ["EnerLink", "EnerLink 2", "EnerLink 3"] {
            assert_eq!(named("", &state), expected);
            if let Some(status) = &mut state.status {
                status.wallets.push(wallet(expected, Address([9; 20])));
            }
        }
    }
}
