//! First run: a name, a password, and the vault is made.

use enerlink_domain::{Error, view::Strength};
use enerlink_ipc::{CreateWallet, RatePassword};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    components::{field::Field, password::PasswordField, problem::Problem},
    feed::feed,
    i18n::{Key, text},
    ipc,
    pages::sheet::Sheet,
    prefs::prefs,
    session::{Flow, session},
};

/// Fewest characters of a password, as the core asks for.
const SHORTEST: usize = 12;
/// Words of a new phrase.
const WORDS: u8 = 12;

/// Name, password twice, create.
#[component]
pub(crate) fn CreatePage() -> impl IntoView {
    let (feed, session) = (feed(), session());
    let (name, password, again) = (
        RwSignal::new(String::new()),
        RwSignal::new(String::new()),
        RwSignal::new(String::new()),
    );
    let (busy, tried) = (RwSignal::new(false), RwSignal::new(false));
    let error = RwSignal::new(None::<Error>);
    let strength = rate(password);
    let differs = move || password.get() != again.get();
    let complaint = Signal::derive(move || (tried.get() && differs()).then_some(Key::PasswordsDiffer));
    let accepted = move || strength.get().is_some_and(|strength| strength.accepted);

    let create = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if busy.get_untracked() || !accepted() || differs() {
            return;
        }
        busy.set(true);
        error.set(None);
        session.flow.set(Some(Flow::Create));
        spawn_local(async move {
            let typed = name.get_untracked().trim().to_owned();
            let named = if typed.is_empty() {
                "EnerLink".to_owned()
            } else {
                typed
            };
            let made = ipc::call(&CreateWallet {
                name: named,
                password: password.get_untracked(),
                words: WORDS,
                passphrase: String::new(),
            })
            .await;
            match made {
                Ok(wallet) => {
                    feed.refresh_all().await;
                    password.set(String::new());
                    again.set(String::new());
                    session.flow.set(Some(Flow::Phrase(wallet.wallet)));
                }
                Err(problem) => {
                    error.set(Some(problem));
                    busy.set(false);
                    feed.refresh_all().await;
                }
            }
        });
    };

    view! {
        <Sheet title=Key::CreateTitle lead=Key::CreateLead step=1>
            <form on:submit=create novalidate>
                <fieldset disabled=move || busy.get()>
                    <Field
                        testid="create-name"
                        label=Key::WalletName
                        value=name
                        hint=Key::WalletNameHint
                        first=true
                    />
                    <PasswordField
                        testid="create-password"
                        label=Key::Password
                        value=password
                        autocomplete="new-password"
                    />
                    <StrengthBar password=password strength=strength tried=tried />
                    <PasswordField
                        testid="create-password-again"
                        label=Key::PasswordAgain
                        value=again
                        autocomplete="new-password"
                        complaint=complaint
                    />
                    <p class="aside">{text(Key::PasswordWarning)}</p>
                    {move || error.get().map(|error| view! { <Problem error=error /> })}
                    <button type="submit" class="button wide" data-testid="create-submit">
                        {text(Key::CreateWallet)}
                    </button>
                </fieldset>
                {move || busy.get().then(|| view! {
                    <div class="progress" role="status">
                        <div class="bar"><i></i></div>
                        <p>{text(Key::Creating)}</p>
                    </div>
                })}
            </form>
        </Sheet>
    }
}

/// Asks the core how strong what was typed is; an answer for an older text is dropped.
fn rate(password: RwSignal<String>) -> RwSignal<Option<Strength>> {
    let strength = RwSignal::new(None);
    Effect::new(move || {
        let typed = password.get();
        if typed.is_empty() {
            strength.set(None);
            return;
        }
        spawn_local(async move {
            let rated = ipc::call(&RatePassword {
                password: typed.clone(),
            })
            .await
            .ok();
            if password.try_with_untracked(|now| *now == typed) == Some(true) {
                strength.set(rated);
            }
        });
    });
    strength
}

/// Five steps of strength, and why a password is not accepted.
#[component]
fn StrengthBar(
    password: RwSignal<String>,
    strength: RwSignal<Option<Strength>>,
    tried: RwSignal<bool>,
) -> impl IntoView {
    let language = prefs().language;
    let score = move || strength.get().map_or(0, |strength| strength.score.min(4) + 1);
    let accepted = move || strength.get().is_some_and(|strength| strength.accepted);
    let words =
        move || verdict(password.with(|typed| typed.chars().count()), strength.get()).text(language.get());
    let class = move || match score() {
        0 => "strength",
        1 | 2 => "strength bad",
        3 => "strength warn",
        _ if accepted() => "strength good",
        _ => "strength warn",
    };
    let complains = move || tried.get() && !accepted();
    view! {
        <div class=class data-testid="password-strength" data-score=move || score().to_string()>
            <div class="cells" aria-hidden="true">
                {(1..=5_u8).map(|cell| view! { <i class:on=move || cell <= score()></i> }).collect_view()}
            </div>
            <p class:wrong=complains aria-live="polite">{words}</p>
        </div>
    }
}

/// What is said about a password.
fn verdict(length: usize, strength: Option<Strength>) -> Key {
    match strength {
        None if length == 0 => Key::PasswordRule,
        None => Key::PasswordRating,
        Some(_) if length < SHORTEST => Key::PasswordShort,
        Some(strength) if !strength.accepted => Key::PasswordGuessable,
        Some(Strength { score: 0..=3, .. }) => Key::PasswordGood,
        Some(_) => Key::PasswordStrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_password_is_told_why() {
        let rated = |score, accepted| Some(Strength { score, accepted });
        for (name, length, strength, expected) in [
            ("nothing typed", 0, None, Key::PasswordRule),
            ("not rated yet", 5, None, Key::PasswordRating),
            ("short", 11, rated(4, false), Key::PasswordShort),
            ("long and simple", 20, rated(1, false), Key::PasswordGuessable),
            ("good", 14, rated(3, true), Key::PasswordGood),
            ("strong", 20, rated(4, true), Key::PasswordStrong),
        ] {
            assert_eq!(verdict(length, strength), expected, "{name}");
        }
    }
}
