//! A button that copies a text that is not secret.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use crate::{
    components::icon::{Glyph, Icon},
    i18n::{Key, Language, text},
    prefs::prefs,
    session::{Session, Tone, session},
};

/// Copies `value`; the icon says for a moment that it did.
#[component]
pub(crate) fn CopyButton(
    /// What is copied.
    #[prop(into)]
    value: Signal<String>,
    /// What the button is called.
    label: Key,
    /// Where a test finds it.
    #[prop(default = "copy")]
    testid: &'static str,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let (session, language) = (session(), prefs().language);
    let copy = move |_| {
        copy_text(
            value.get_untracked(),
            session,
            language.get_untracked(),
            move || {
                copied.try_set(true);
                let settle = move || {
                    copied.try_set(false);
                };
                set_timeout(settle, Duration::from_millis(1500));
            },
        );
    };
    let icon = Signal::derive(move || if copied.get() { Icon::Check } else { Icon::Copy });
    let (name, done) = (text(label), text(Key::Copied));
    view! {
        <button
            type="button"
            class="ghost"
            class:done=move || copied.get()
            data-testid=testid
            title=name
            aria-label=move || if copied.get() { done() } else { name() }
            on:click=copy
        >
            <Glyph icon=icon />
        </button>
    }
}

/// Copies a text that is not secret, and says so when it cannot be done.
pub(crate) fn copy_text(text: String, session: Session, language: Language, done: impl FnOnce() + 'static) {
    let refuse = move || session.say(Tone::Bad, Key::CopyFailed.text(language).to_owned());
    // Without a secure context there is no clipboard at all.
    if !window().is_secure_context() {
        return refuse();
    }
    let writing = window().navigator().clipboard().write_text(&text);
    spawn_local(async move {
        match JsFuture::from(writing).await {
            Ok(_) => done(),
            Err(_) => refuse(),
        }
    });
}
