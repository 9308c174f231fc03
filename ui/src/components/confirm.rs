//! The question before something that cannot be undone: a word to type, the password, and two seconds to think.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    components::{
        dialog::{Dialog, Foot},
        doing::{Doing, take},
        password::PasswordField,
    },
    i18n::{Key, say, text},
    prefs::prefs,
};

/// How long the button waits.
const DELAY: Duration = Duration::from_secs(2);

/// Asks for `word` and the password. Enter never confirms: there is no form to submit.
#[component]
pub(crate) fn Confirm(
    /// Where a test finds it; its inputs are `{testid}-word`, `confirm-password` and `{testid}-submit`.
    testid: &'static str,
    /// What it is about.
    #[prop(into)]
    title: Signal<String>,
    /// What has to be typed.
    word: String,
    /// What the button does.
    action: Key,
    /// The state of what is confirmed.
    doing: Doing,
    /// Does it, with the password.
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
    let waited = RwSignal::new(false);
    set_timeout(
        move || {
            waited.try_set(true);
        },
        DELAY,
    );
    let expected = StoredValue::new(word.clone());
    let ready = move || {
        waited.get()
            && !doing.busy.get()
            && !password.with(String::is_empty)
            && expected.with_value(|word| typed.with(|typed| same(word, typed)))
    };
    let confirm = move |_| on_confirm.run(take(password));
    let (word_id, submit_id) = (format!("{testid}-word"), format!("{testid}-submit"));
    view! {
        <Dialog testid=testid title=title on_close=on_close busy=doing.busy>
            <fieldset disabled=doing.busy>
                {children()}
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
                <PasswordField testid="confirm-password" label=Key::VaultPassword value=password />
                {doing.problem()}
            </fieldset>
            <Foot on_close=on_close busy=doing.busy>
                <button
                    type="button"
                    class="button danger"
                    data-testid=submit_id
                    disabled=move || !ready()
                    on:click=confirm
                >
                    {text(action)}
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
