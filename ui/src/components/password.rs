//! A password input: show and hide, caps lock, never trimmed.

use enerlink_ipc::ForgetPaste;
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    components::{
        field::focus_when_shown,
        icon::{Glyph, Icon},
    },
    i18n::{Key, text},
    ipc,
};

/// A secret was pasted: the core clears it from the clipboard after a while.
pub(crate) fn forget_paste() {
    // What cannot be cleared stays where the person has put it.
    spawn_local(async { drop(ipc::call(&ForgetPaste {}).await) });
}

/// A password with its label.
#[component]
pub(crate) fn PasswordField(
    /// Where a test finds the input; also its id.
    testid: &'static str,
    /// What is asked for.
    label: Key,
    /// What was typed.
    value: RwSignal<String>,
    /// What is wrong with it.
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
    let (shown, caps) = (RwSignal::new(false), RwSignal::new(false));
    let watch_caps = move |event: ev::KeyboardEvent| caps.set(event.get_modifier_state("CapsLock"));
    let (show, hide) = (text(Key::ShowPassword), text(Key::HidePassword));
    let toggle_name = move || if shown.get() { hide() } else { show() };
    let icon = Signal::derive(move || if shown.get() { Icon::EyeOff } else { Icon::Eye });
    let hint_id = format!("{testid}-hint");
    let described = hint_id.clone();
    let hint = move || {
        let caps = caps.get().then_some(Key::CapsLock);
        caps.or(complaint.get()).map(|key| key.text(language.get()))
    };
    view! {
        <div class="field" class:wrong=move || complaint.get().is_some() class:caps=move || caps.get()>
            <label for=testid>{text(label)}</label>
            <div class="with-button">
                <input
                    node_ref=input
                    id=testid
                    data-testid=testid
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-describedby=described
                    bind:value=value
                    on:keydown=watch_caps
                    on:keyup=watch_caps
                    on:paste=move |_| forget_paste()
                />
                <button
                    type="button"
                    class="ghost"
                    title=toggle_name
                    aria-label=toggle_name
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    <Glyph icon=icon />
                </button>
            </div>
            <p class="hint" id=hint_id aria-live="polite">{hint}</p>
        </div>
    }
}
