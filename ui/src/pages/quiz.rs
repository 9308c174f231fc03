//! Words of the phrase, typed back: four at random, or all.

use std::collections::BTreeSet;

use enerlink_domain::{Code, Error};
use enerlink_ipc::{ConfirmPhrase, RevealPhrase};
use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};

use crate::{
    components::{field::focus_when_shown, problem::Problem},
    feed::feed,
    i18n::{Key, say, text},
    ipc,
    pages::backup::{Backup, LeaveBackup, Stage},
    prefs::prefs,
    session::{Tone, session},
};

/// How many words are asked for at random.
const ASKED: usize = 4;

/// Which words are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Four at random.
    Four,
    /// Every one.
    All,
}

/// A word that is asked for: its position, from 0, and what was typed.
type Asked = (usize, RwSignal<String>);

/// Four inputs at random positions, or one for each word.
#[component]
pub(crate) fn QuizStage(
    /// Holds the password.
    backup: Backup,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let scope = RwSignal::new(Scope::Four);
    let asked = RwSignal::new(Vec::<Asked>::new());
    let ask = move |wanted: Scope| {
        wipe(asked);
        scope.set(wanted);
        let positions = positions(backup.count(), wanted, js_sys::Math::random);
        asked.set(
            positions
                .into_iter()
                .map(|at| (at, RwSignal::new(String::new())))
                .collect(),
        );
    };
    ask(Scope::Four);
    on_cleanup(move || wipe(asked));
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<Error>);
    let check = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(None);
        let words = asked.with_untracked(|asked| {
            let typed = asked.iter().filter_map(|(at, word)| {
                let word = word.get_untracked().trim().to_lowercase();
                Some((u8::try_from(*at).ok()?, word))
            });
            typed.collect()
        });
        let confirm = ConfirmPhrase {
            wallet: backup.wallet,
            password: backup.password.get_untracked(),
            words,
        };
        spawn_local(async move {
            match ipc::call(&confirm).await {
                Ok(_) => {
                    wipe(asked);
                    backup.wipe();
                    feed.refresh_all().await;
                    session.say(
                        Tone::Good,
                        Key::BackupDone.text(language.get_untracked()).to_owned(),
                    );
                    session.flow.set(None);
                }
                Err(problem) => {
                    error.try_set(Some(problem));
                    busy.try_set(false);
                }
            }
        });
    };
    let back = move |_| {
        spawn_local(async move {
            let reveal = RevealPhrase {
                wallet: backup.wallet,
                password: backup.password.get_untracked(),
            };
            match ipc::call(&reveal).await {
                Ok(words) => {
                    backup.words.try_set(words);
                    backup.stage.try_set(Stage::Words);
                }
                Err(problem) => drop(error.try_set(Some(problem))),
            }
        });
    };
    let inputs = move || {
        let asked = asked.get().into_iter().enumerate();
        asked
            .map(|(place, (at, word))| view! { <QuizWord at=at word=word first={place == 0} /> })
            .collect_view()
    };
    view! {
        <form on:submit=check novalidate>
            <fieldset>
                <ScopeChoice scope=scope choose=ask />
                <div class="quiz" class:all=move || scope.get() == Scope::All>{inputs}</div>
                {move || error.get().map(|error| match error.code {
                    Code::InvalidInput | Code::PhraseInvalid => view! {
                        <p class="complaint" role="alert" data-code="PHRASE_INVALID" data-testid="error-message">
                            {text(Key::QuizWrong)}
                        </p>
                    }
                    .into_any(),
                    _ => view! { <Problem error=error /> }.into_any(),
                })}
                <div class="row spread">
                    <button type="button" class="button quiet" data-testid="quiz-back" on:click=back>
                        {text(Key::QuizBack)}
                    </button>
                    <button type="submit" class="button" data-testid="quiz-submit" disabled=move || busy.get()>
                        {move || if busy.get() { Key::Checking } else { Key::QuizCheck }.text(language.get())}
                    </button>
                </div>
            </fieldset>
        </form>
        <LeaveBackup backup=backup />
    }
}

/// Four at random, or all.
#[component]
fn ScopeChoice(scope: RwSignal<Scope>, choose: impl Fn(Scope) + Copy + Send + 'static) -> impl IntoView {
    let choice = move |value: Scope, label: Key, testid: &'static str| {
        view! {
            <button
                type="button"
                data-testid=testid
                class:on=move || scope.get() == value
                aria-pressed=move || if scope.get() == value { "true" } else { "false" }
                on:click=move |_| choose(value)
            >
                {text(label)}
            </button>
        }
    };
    view! {
        <div class="segments even" role="group" aria-label=text(Key::QuizTitle)>
            {choice(Scope::Four, Key::QuizFour, "quiz-four")}
            {choice(Scope::All, Key::QuizAll, "quiz-all")}
        </div>
    }
}

#[component]
fn QuizWord(at: usize, word: RwSignal<String>, first: bool) -> impl IntoView {
    let language = prefs().language;
    let id = format!("quiz-word-{at}");
    let input = NodeRef::<html::Input>::new();
    if first {
        focus_when_shown(input);
    }
    view! {
        <div class="field">
            <label for=id.clone()>
                {move || say(language.get(), Key::QuizWord, &[("number", &(at + 1).to_string())])}
            </label>
            <input
                node_ref=input
                id=id
                type="text"
                data-testid="quiz-word"
                data-index=at.to_string()
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                bind:value=word
            />
        </div>
    }
}

/// Forgets what was typed.
fn wipe(asked: RwSignal<Vec<Asked>>) {
    let typed = asked.try_get_untracked().unwrap_or_default();
    for (_, word) in typed {
        word.try_set(String::new());
    }
}

/// Positions among `count` words, in order; `random` gives numbers from 0 up to 1.
fn positions(count: usize, scope: Scope, mut random: impl FnMut() -> f64) -> BTreeSet<usize> {
    let mut free: Vec<usize> = (0..count).collect();
    match scope {
        Scope::All => free.into_iter().collect(),
        Scope::Four => (0..ASKED.min(count))
            .map(|_| free.swap_remove(((random() * free.len() as f64) as usize).min(free.len() - 1)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_different_words_are_asked_for() {
        for count in [12, 24] {
            for fixed in [0.0, 0.25, 0.5, 0.999_999, 1.0] {
                let asked = positions(count, Scope::Four, || fixed);
                assert_eq!(asked.len(), ASKED, "{fixed}");
                assert!(asked.iter().all(|at| *at < count), "{fixed}");
            }
        }
    }

    #[test]
    fn all_words_are_asked_for_in_order() {
        let asked = positions(15, Scope::All, || 0.5);
        assert!(asked.into_iter().eq(0..15));
    }
}
