//! Four words of the phrase, typed back.

use std::collections::BTreeSet;

use enerlink_domain::{Code, Error};
use enerlink_ipc::{ConfirmPhrase, RevealPhrase};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::problem::Problem,
    feed::feed,
    i18n::{Key, say, text},
    ipc,
    pages::backup::{Backup, SkipBackup, Stage},
    prefs::prefs,
    session::{Tone, session},
};

/// How many words are asked for.
const ASKED: usize = 4;
/// Words in the phrase of a new wallet.
const WORDS: usize = 12;

/// Four inputs at random positions.
#[component]
pub(crate) fn QuizStage(
    /// Holds the password.
    backup: Backup,
) -> impl IntoView {
    let (feed, session, language) = (feed(), session(), prefs().language);
    let asked: Vec<(usize, RwSignal<String>)> = positions(js_sys::Math::random)
        .into_iter()
        .map(|at| (at, RwSignal::new(String::new())))
        .collect();
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<Error>);
    let answers = asked.clone();
    let check = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(None);
        let words = answers.iter().filter_map(|(at, word)| {
            Some((
                u8::try_from(*at).ok()?,
                word.get_untracked().trim().to_lowercase(),
            ))
        });
        let confirm = ConfirmPhrase {
            wallet: backup.wallet,
            password: backup.password.get_untracked(),
            words: words.collect(),
        };
        spawn_local(async move {
            match ipc::call(&confirm).await {
                Ok(_) => {
                    backup.wipe();
                    feed.refresh_all().await;
                    session.say(
                        Tone::Good,
                        Key::BackupDone.text(language.get_untracked()).to_owned(),
                    );
                    session.flow.set(None);
                }
                Err(problem) => {
                    error.set(Some(problem));
                    busy.set(false);
                }
            }
        });
    };
    let back = move |_| {
        spawn_local(async move {
            match ipc::call(&RevealPhrase {
                wallet: backup.wallet,
                password: backup.password.get_untracked(),
            })
            .await
            {
                Ok(words) => {
                    backup.words.set(words);
                    backup.stage.set(Stage::Words);
                }
                Err(problem) => error.set(Some(problem)),
            }
        });
    };
    let inputs = asked
        .into_iter()
        .map(|(at, word)| view! { <QuizWord at=at word=word /> });
    view! {
        <form on:submit=check novalidate>
            <fieldset>
                <div class="quiz">{inputs.collect_view()}</div>
                {move || error.get().map(|error| match error.code {
                    Code::InvalidInput => view! {
                        <p class="complaint" role="alert" data-code="INVALID_INPUT" data-testid="error-message">{text(Key::QuizWrong)}</p>
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
        <SkipBackup backup=backup />
    }
}

#[component]
fn QuizWord(at: usize, word: RwSignal<String>) -> impl IntoView {
    let language = prefs().language;
    let id = format!("quiz-word-{at}");
    view! {
        <div class="field">
            <label for=id.clone()>
                {move || say(language.get(), Key::QuizWord, &[("number", &(at + 1).to_string())])}
            </label>
            <input
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

/// Distinct positions, in order; `random` gives numbers from 0 up to 1.
fn positions(mut random: impl FnMut() -> f64) -> BTreeSet<usize> {
    let mut free: Vec<usize> = (0..WORDS).collect();
    (0..ASKED)
        .map(|_| free.swap_remove(((random() * free.len() as f64) as usize).min(free.len() - 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_different_words_are_asked_for() {
        for fixed in [0.0, 0.25, 0.5, 0.999_999, 1.0] {
            let asked = positions(|| fixed);
            assert_eq!(asked.len(), ASKED, "{fixed}");
            assert!(asked.iter().all(|at| *at < WORDS), "{fixed}");
        }
    }
}
