//! The words of the recovery phrase: numbered, hidden until asked for, not to be selected or copied.

use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    i18n::{Key, text},
    pages::backup::{Backup, SkipBackup, Stage},
};

/// The words, and on to the quiz.
#[component]
pub(crate) fn PhraseStage(
    /// Holds the words.
    backup: Backup,
) -> impl IntoView {
    let covered = RwSignal::new(false);
    let words = backup
        .words
        .get_untracked()
        .into_iter()
        .enumerate()
        .map(|(index, word)| {
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
    let cover_icon = Signal::derive(move || if covered.get() { Icon::Eye } else { Icon::EyeOff });
    let (cover, uncover) = (text(Key::CoverWords), text(Key::ShowWords));
    view! {
        <ol
            class="phrase"
            class:covered=move || covered.get()
            aria-label=text(Key::WordsTitle)
            on:copy=|event| event.prevent_default()
            on:contextmenu=|event| event.prevent_default()
        >
            {words.collect_view()}
        </ol>
        <div class="row spread">
            <button
                type="button"
                class="button quiet"
                data-testid="phrase-cover"
                on:click=move |_| covered.update(|covered| *covered = !*covered)
            >
                <Glyph icon=cover_icon />
                {move || if covered.get() { uncover() } else { cover() }}
            </button>
            <button type="button" class="button" data-testid="phrase-continue" on:click=next>
                {text(Key::WordsWritten)}
            </button>
        </div>
        <SkipBackup backup=backup />
    }
}
