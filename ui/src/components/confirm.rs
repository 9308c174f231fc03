//! The question before something with consequences: what it does, and for what cannot be undone a word to type, the
//! password, and two seconds to think.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    components::{
        dialog::{Dialog, Foot},
        doing::{Doing, take},
        password::PasswordField,
    },
    i18n::{Key, say},
    prefs::prefs,
};

/// How long the button waits.
const DELAY: Duration = Duration::from_secs(2);

/// What a person has to give besides the click.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Demands {
    /// This has to be typed.
    pub word: Option<String>,
    /// The vault's password.
    pub password: bool,
    /// Two seconds, and a button that looks like it.
    pub pause: bool,
}

impl Demands {
    /// A word and a pause, for what is lost without the vault having a part in it.
    pub(crate) fn word(word: impl Into<String>) -> Self {
        Self {
            word: Some(word.into()),
            password: false,
            pause: true,
        }
    }

    /// Everything.
    pub(crate) fn all(word: String) -> Self {
        Self {
            password: true,
            ..Self::word(word)
        }
    }

    /// Only the pause.
    pub(crate) fn pause() -> Self {
        Self {
            pause: true,
            ..Self::default()
        }
    }
}

/// Asks for what is demanded. Enter never confirms: there is no form to submit.
#[component]
pub(crate) fn Confirm(
    /// Where a test finds it; its inputs are `{testid}-word`, `confirm-password` and `{testid}-submit`.
    testid: &'static str,
    /// What it is about.
    #[prop(into)]
    title: Signal<String>,
    /// What has to be given.
    demands: Demands,
    /// What the button does.
    #[prop(into)]
    action: Signal<String>,
    /// The state of what is confirmed.
    doing: Doing,
    /// Does it, with the password where it is demanded.
    #[prop(into)]
    on_confirm: Callback<String>,
    /// Takes the dialog away.
    #[prop(into)]
    on_close: Callback<()>,
    /// What is lost, in words.
    children: Children,
) -> impl IntoView {
    let language = prefs().language;
    let (typed, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let waited = RwSignal::new(!demands.pause);
    let wait = move || {
        waited.try_set(true);
    };
    set_timeout(wait, DELAY);
    let Demands {
        word,
        password: asks_password,
        pause,
    } = demands;
    let expected = StoredValue::new(word.clone());
    let ready = move || {
        waited.get()
            && !doing.busy.get()
            && !(asks_password && password.with(String::is_empty))
            && expected.with_value(|word| {
                let given = |word: &String| typed.with(|typed| same(word, typed));
                word.as_ref().is_none_or(given)
            })
    };
    let class = if pause { "button danger" } else { "button" };
    let confirm = move |_| on_confirm.run(take(password));
    let submit_id = format!("{testid}-submit");
    let word_field = word.map(|word| {
        let word_id = format!("{testid}-word");
        view! {
            <div class="field">
                <label for=word_id.clone()>
                    {move || say(language.get(), Key::TypeToConfirm, &[("word", &word)])}
                </label>
                <input
                    id=word_id.clone()
                    data-testid=word_id
                    type="text"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    bind:value=typed
                />
            </div>
        }
    });
    let password_field = asks_password.then(|| {
        view! { <PasswordField testid="confirm-password" label=Key::VaultPassword value=password /> }
    });
    view! {
        <Dialog testid=testid title=title on_close=on_close busy=doing.busy>
            <fieldset disabled=doing.busy>
                {children()}
                {word_field}
                {password_field}
                {doing.problem()}
            </fieldset>
            <Foot on_close=on_close busy=doing.busy>
                <button
                    type="button"
                    class=class
                    data-testid=submit_id
                    disabled=move || !ready()
                    on:click=confirm
                >
                    {action}
                </button>
            </Foot>
        </Dialog>
    }
}

/// Whether the word was typed, spaces around it aside.
fn same(word: &str, typed: &str) -> bool {
    typed.trim() == word.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_word_confirms() {
        for (typed, expected) in [
            ("Rumah", true),
            (" Rumah ", true),
            ("rumah", false),
            ("Rum", false),
            ("", false),
        ] {
            assert_eq!(same("Rumah", typed), expected, "{typed:?}");
        }
    }
}
