//! The words of the recovery phrase: numbered, in the page only while a button is held, not to be selected or copied.

use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    html,
    prelude::*,
};

use crate::{
    components::icon::{Glyph, Icon},
    i18n::{Key, text},
    pages::backup::{Backup, LeaveBackup, Stage},
};

/// What stands for a word that is covered; the same for every word.
const COVER: &str = "••••••";

/// The words, and on to the quiz.
#[component]
pub(crate) fn PhraseStage(
    /// Holds the words.
    backup: Backup,
) -> impl IntoView {
    let (shown, seen) = (RwSignal::new(false), RwSignal::new(false));
    Effect::new(move || {
        if shown.get() {
            seen.set(true);
        }
    });
    let words = (0..backup.count()).map(|index| {
        let word = move || {
            if shown.get() {
                backup
                    .words
                    .with(|words| words.get(index).cloned().unwrap_or_default())
            } else {
                COVER.to_owned()
            }
        };
        view! {
            <li>
                <span class="number" aria-hidden="true">{index + 1}</span>
                <span class="word" data-testid="phrase-word" data-index=index.to_string()>{word}</span>
            </li>
        }
    });
    let next = move |_| {
        backup.words.set(Vec::new());
        backup.stage.set(Stage::Quiz);
    };
    view! {
        <ol
            class="phrase"
            class:covered=move || !shown.get()
            aria-label=text(Key::WordsTitle)
            on:copy=|event| event.prevent_default()
            on:cut=|event| event.prevent_default()
            on:dragstart=|event| event.prevent_default()
            on:contextmenu=|event| event.prevent_default()
        >
            {words.collect_view()}
        </ol>
        {backup.with_passphrase().then(|| view! { <p class="aside">{text(Key::AlsoPassphrase)}</p> })}
        <HoldButton shown=shown />
        <button
            type="button"
            class="button wide"
            data-testid="phrase-continue"
            disabled=move || !seen.get()
            on:click=next
        >
            {text(Key::WordsWritten)}
        </button>
        <LeaveBackup backup=backup />
    }
}

/// Shows as long as it is held: by the pointer, or by Space or Enter.
#[component]
fn HoldButton(shown: RwSignal<bool>) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let Some(button) = button.get() {
            // Without it, Tab reaches the button as well.
            let _ = button.focus();
        }
    });
    let cover = move || {
        shown.try_set(false);
    };
    let press = move |event: PointerEvent| {
        if event.button() == 0 {
            shown.set(true);
        }
    };
    let key_down = move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), " " | "Enter") {
            event.prevent_default();
            shown.set(true);
        }
    };
    let key_up = move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), " " | "Enter") {
            event.prevent_default();
            cover();
        }
    };
    // Whoever turns to another window does not hold the button any more.
    let away = window_event_listener(leptos::ev::blur, move |_| cover());
    on_cleanup(move || away.remove());
    let icon = Signal::derive(move || if shown.get() { Icon::Eye } else { Icon::EyeOff });
    let (hold, release) = (text(Key::HoldToShow), text(Key::ReleaseToCover));
    view! {
        <button
            node_ref=button
            type="button"
            class="button quiet wide hold"
            data-testid="phrase-hold"
            aria-pressed=move || if shown.get() { "true" } else { "false" }
            on:pointerdown=press
            on:pointerup=move |_| cover()
            on:pointerleave=move |_| cover()
            on:pointercancel=move |_| cover()
            on:blur=move |_| cover()
            on:keydown=key_down
            on:keyup=key_up
            on:contextmenu=|event| event.prevent_default()
        >
            <Glyph icon=icon />
            {move || if shown.get() { release() } else { hold() }}
        </button>
    }
}
