//! A labelled input with a hint and a complaint.

use std::time::Duration;

use leptos::{prelude::*, wasm_bindgen::JsCast};

use crate::i18n::{Key, text};

/// A line of text with its label.
#[component]
pub(crate) fn Field(
    /// Where a test finds the input; also its id.
    testid: &'static str,
    /// What is asked for.
    label: Key,
    /// What was typed.
    value: RwSignal<String>,
    /// A quiet explanation below.
    #[prop(optional)]
    hint: Option<Key>,
    /// An example in the empty input.
    #[prop(default = "")]
    placeholder: &'static str,
    /// `text`, `numeric`, `url`.
    #[prop(default = "text")]
    mode: &'static str,
    /// What is wrong with it, once it was tried.
    #[prop(optional, into)]
    complaint: Signal<Option<Key>>,
    /// Whether the cursor starts here.
    #[prop(default = false)]
    first: bool,
) -> impl IntoView {
    let input = NodeRef::new();
    if first {
        focus_when_shown(input);
    }
    let language = crate::prefs::prefs().language;
    let hint_id = format!("{testid}-hint");
    let described = hint_id.clone();
    view! {
        <div class="field" class:wrong=move || complaint.get().is_some()>
            <label for=testid>{text(label)}</label>
            <input
                node_ref=input
                id=testid
                data-testid=testid
                type="text"
                inputmode=mode
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder=placeholder
                aria-describedby=described
                aria-invalid=move || if complaint.get().is_some() { "true" } else { "false" }
                bind:value=value
            />
            <p class="hint" id=hint_id>
                {move || complaint.get().or(hint).map(|key| key.text(language.get()))}
            </p>
        </div>
    }
}

/// What had the focus before its form was disabled, which takes the focus away.
pub(crate) struct KeptFocus(Option<web_sys::HtmlElement>);

impl KeptFocus {
    /// What has it now.
    pub(crate) fn now() -> Self {
        let focused = document().active_element();
        Self(focused.and_then(|element| element.dyn_into().ok()))
    }

    /// Gives it back once the form is enabled again, unless something else has taken it.
    pub(crate) fn give_back(self) {
        let Some(element) = self.0 else { return };
        let give = move || {
            let focused = document().active_element();
            if focused.is_none_or(|focused| focused.tag_name() == "BODY") {
                // What is gone meanwhile cannot take it, and nothing else wants it.
                let _ = element.focus();
            }
        };
        set_timeout(give, Duration::ZERO);
    }
}

/// Puts the cursor into an input when it appears.
pub(crate) fn focus_when_shown(input: NodeRef<leptos::html::Input>) {
    Effect::new(move || {
        if let Some(input) = input.get() {
            // An input that cannot take the cursor is still usable with the mouse.
            let _ = input.focus();
        }
    });
}
