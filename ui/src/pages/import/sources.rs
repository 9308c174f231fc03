//! Where a wallet is imported from: words, digits, or a file with its password.

use enerlink_ipc::{PickKeystore, PreviewImport};
use leptos::{ev::SubmitEvent, html, prelude::*};

use super::{
    Draft, Kind, choice,
    typed::{Verdict, judge_key, judge_phrase, words},
};
use crate::{
    components::{
        doing::Doing,
        password::{PasswordField, forget_paste},
    },
    i18n::{Key, Language, text},
    pages::restore::PickedLine,
    prefs::prefs,
};

/// The three sources, one at a time.
#[component]
pub(super) fn SourceStage(draft: Draft) -> impl IntoView {
    let language = prefs().language;
    let doing = Doing::new();
    let tried = RwSignal::new(false);
    let preview = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if !complete(draft, language.get_untracked()) {
            return;
        }
        if let Some(source) = draft.source(choice::first()) {
            doing.call(PreviewImport { source }, move |preview| draft.found(preview));
        }
    };
    let tab = move |kind: Kind, label: Key, testid: &'static str| {
        view! {
            <button
                type="button"
                data-testid=testid
                class:on=move || draft.kind.get() == kind
                aria-pressed=move || if draft.kind.get() == kind { "true" } else { "false" }
                on:click=move |_| {
                    tried.set(false);
                    doing.error.set(None);
                    draft.kind.set(kind);
                }
            >
                {text(label)}
            </button>
        }
    };
    let label = move || {
        let key = match (doing.busy.get(), draft.kind.get()) {
            (true, Kind::Phrase) => Key::FindingAccounts,
            (true, Kind::Key | Kind::File) => Key::OpeningKey,
            (false, Kind::Phrase) => Key::FindAccounts,
            (false, Kind::Key | Kind::File) => Key::ShowAddress,
        };
        key.text(language.get())
    };
    view! {
        <form on:submit=preview novalidate>
            <fieldset disabled=move || doing.busy.get()>
                <div class="segments even" role="group" aria-label=text(Key::ImportKind)>
                    {tab(Kind::Phrase, Key::FromPhrase, "import-from-phrase")}
                    {tab(Kind::Key, Key::FromKey, "import-from-key")}
                    {tab(Kind::File, Key::FromFile, "import-from-file")}
                </div>
                {move || match draft.kind.get() {
                    Kind::Phrase => view! { <PhraseSource draft=draft tried=tried /> }.into_any(),
                    Kind::Key => view! { <KeySource draft=draft tried=tried /> }.into_any(),
                    Kind::File => view! { <FileSource draft=draft tried=tried /> }.into_any(),
                }}
                {doing.problem()}
                <button type="submit" class="button wide" data-testid="import-preview">{label}</button>
            </fieldset>
        </form>
    }
}

/// Whether there is enough to ask the core.
fn complete(draft: Draft, language: Language) -> bool {
    untrack(|| match draft.kind.get() {
        Kind::Phrase => draft.words.with(|typed| judge_phrase(language, typed).complete),
        Kind::Key => draft.key.with(|typed| judge_key(language, typed).complete),
        Kind::File => draft.file.with(Option::is_some) && !draft.file_password.with(String::is_empty),
    })
}

#[component]
fn PhraseSource(draft: Draft, tried: RwSignal<bool>) -> impl IntoView {
    let language = prefs().language;
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move || {
        if let Some(area) = area.get() {
            // Without it, Tab reaches the words as well.
            let _ = area.focus();
        }
    });
    let verdict = Memo::new(move |_| draft.words.with(|typed| judge_phrase(language.get(), typed)));
    let numbered = move || {
        let words = draft.words.with(|typed| words(typed)).into_iter().enumerate();
        words
            .map(|(at, word)| view! { <li><span>{at + 1}</span>{word}</li> })
            .collect_view()
    };
    view! {
        <div class="field" class:wrong=move || wrong(&verdict.get(), tried.get())>
            <label for="import-words">{text(Key::PhraseWords)}</label>
            <textarea
                node_ref=area
                id="import-words"
                class="words"
                data-testid="import-words"
                rows="3"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder=text(Key::PhrasePlaceholder)
                aria-describedby="import-words-hint"
                bind:value=draft.words
                on:paste=move |_| forget_paste()
            ></textarea>
            <p class="hint" id="import-words-hint" aria-live="polite" data-testid="import-words-count">
                {move || verdict.get().words}
            </p>
            <ol class="typed-words" aria-hidden="true">{numbered}</ol>
        </div>
        <PasswordField
            testid="import-passphrase"
            label=Key::ImportPassphrase
            value=draft.passphrase
        />
        <p class="aside">{text(Key::ImportPassphraseHint)}</p>
    }
}

#[component]
fn KeySource(draft: Draft, tried: RwSignal<bool>) -> impl IntoView {
    let language = prefs().language;
    let verdict = Memo::new(move |_| draft.key.with(|typed| judge_key(language.get(), typed)));
    view! {
        <PasswordField testid="import-key" label=Key::FromKey value=draft.key first=true />
        <p
            class="aside"
            class:complaint=move || wrong(&verdict.get(), tried.get())
            aria-live="polite"
            data-testid="import-key-count"
        >
            {move || verdict.get().words}
        </p>
    }
}

#[component]
fn FileSource(draft: Draft, tried: RwSignal<bool>) -> impl IntoView {
    let language = prefs().language;
    let picking = Doing::new();
    let pick = move |_| {
        picking.call(PickKeystore {}, move |picked| {
            if picked.is_some() {
                draft.file.try_set(picked);
            }
        });
    };
    let no_file = move || {
        (tried.get() && draft.file.with(Option::is_none)).then(|| Key::FileNeeded.text(language.get()))
    };
    let missing = Signal::derive(move || {
        let empty = draft.file_password.with(String::is_empty);
        (tried.get() && empty).then_some(Key::PasswordNeeded)
    });
    view! {
        <PickedLine file=draft.file testid="import-pick-file" on_pick=pick />
        <p class="aside">{text(Key::KeyFileHint)}</p>
        <p class="complaint" role="alert">{no_file}</p>
        {picking.problem()}
        <PasswordField
            testid="import-file-password"
            label=Key::PasswordOfFile
            value=draft.file_password
            complaint=missing
        />
    }
}

/// Wrong at once, or unfinished when it was sent.
fn wrong(verdict: &Verdict, tried: bool) -> bool {
    verdict.wrong || tried && !verdict.complete
}
