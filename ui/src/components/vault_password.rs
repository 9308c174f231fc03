//! The vault's password, for everything that writes into the vault: a new one when there is no vault yet.

use leptos::prelude::*;

use crate::{
    components::{
        doing::take,
        new_password::{NewPassword, NewPasswordFields},
        password::PasswordField,
    },
    feed::feed,
    i18n::{Key, text},
    live::LiveState,
};

/// The vault's password: a new one for the first wallet, the one that it has for every other.
#[derive(Clone, Copy)]
pub(crate) struct VaultPassword {
    typed: NewPassword,
    /// Whether it was tried: an empty one is complained about from then on.
    tried: RwSignal<bool>,
    exists: Memo<bool>,
}

impl VaultPassword {
    /// Nothing typed yet.
    pub(crate) fn new() -> Self {
        let feed = feed();
        Self {
            typed: NewPassword::new(),
            tried: RwSignal::new(false),
            exists: Memo::new(move |_| feed.state.with(LiveState::has_vault)),
        }
    }

    /// Takes the password out of its inputs, when it may be sent; what is missing is shown otherwise.
    pub(crate) fn take(self) -> Option<String> {
        self.tried.set(true);
        let ready = if self.exists.get_untracked() {
            self.typed.typed.with_untracked(|typed| !typed.is_empty())
        } else {
            self.typed.check()
        };
        ready.then(|| {
            self.tried.set(false);
            let typed = take(self.typed.typed);
            self.typed.wipe();
            typed
        })
    }

    /// Forgets what was typed.
    pub(crate) fn wipe(self) {
        self.typed.wipe();
        self.tried.try_set(false);
    }
}

/// The input or inputs for it.
#[component]
pub(crate) fn VaultPasswordFields(
    /// What is typed.
    password: VaultPassword,
    /// Where a test finds the first input.
    testid: &'static str,
    /// Where a test finds the second, when there is one.
    again: &'static str,
    /// What is said of a new one.
    #[prop(default = Key::PasswordWarning)]
    warning: Key,
) -> impl IntoView {
    let missing = Signal::derive(move || {
        let empty = password.typed.typed.with(String::is_empty);
        (password.tried.get() && empty).then_some(Key::PasswordNeeded)
    });
    move || {
        if password.exists.get() {
            view! {
                <PasswordField
                    testid=testid
                    label=Key::VaultPassword
                    value=password.typed.typed
                    complaint=missing
                />
            }
            .into_any()
        } else {
            view! {
                <NewPasswordFields value=password.typed label=Key::Password testid=testid again=again />
                <p class="aside">{text(warning)}</p>
            }
            .into_any()
        }
    }
}
