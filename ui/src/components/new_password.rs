//! A password that is chosen: typed twice, and rated by the core while it is typed.

use enerlink_domain::view::Strength;
use enerlink_ipc::RatePassword;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::password::PasswordField,
    i18n::{Key, Language, say},
    ipc,
    prefs::prefs,
};

/// Fewest characters of a password, as the core asks for.
const SHORTEST: usize = 12;

/// A password on its way to be chosen.
#[derive(Clone, Copy)]
pub(crate) struct NewPassword {
    /// What was typed first.
    pub typed: RwSignal<String>,
    again: RwSignal<String>,
    strength: RwSignal<Option<Strength>>,
    /// Whether the strength is that of what is typed now.
    rated: RwSignal<bool>,
    tried: RwSignal<bool>,
}

impl NewPassword {
    /// Nothing was typed yet.
    pub(crate) fn new() -> Self {
        let typed = RwSignal::new(String::new());
        let (strength, rated) = rate(typed);
        Self {
            typed,
            again: RwSignal::new(String::new()),
            strength,
            rated,
            tried: RwSignal::new(false),
        }
    }

    /// Whether it is accepted and the same both times; from now on the fields complain when it is not.
    pub(crate) fn check(self) -> bool {
        self.tried.set(true);
        let accepted = self.rated.get_untracked()
            && self
                .strength
                .get_untracked()
                .is_some_and(|strength| strength.accepted);
        accepted && self.typed.get_untracked() == self.again.get_untracked()
    }

    /// Empties both inputs; nothing was tried then.
    pub(crate) fn wipe(self) {
        self.typed.try_set(String::new());
        self.again.try_set(String::new());
        self.tried.try_set(false);
    }
}

/// The password, its strength, and the password again.
#[component]
pub(crate) fn NewPasswordFields(
    /// Where a test finds the first input.
    testid: &'static str,
    /// Where a test finds the second input.
    again: &'static str,
    /// What is asked for.
    label: Key,
    /// What was typed.
    value: NewPassword,
) -> impl IntoView {
    let NewPassword {
        typed,
        again: second,
        strength,
        tried,
        ..
    } = value;
    let complaint =
        Signal::derive(move || (tried.get() && typed.get() != second.get()).then_some(Key::PasswordsDiffer));
    view! {
        <PasswordField testid=testid label=label value=typed />
        <StrengthBar password=typed strength=strength tried=tried />
        <PasswordField
            testid=again
            label=Key::PasswordAgain
            value=second
            complaint=complaint
        />
    }
}

/// Asks the core how strong what was typed is, and whether the answer is there; one for an older text is dropped.
fn rate(password: RwSignal<String>) -> (RwSignal<Option<Strength>>, RwSignal<bool>) {
    let (strength, current) = (RwSignal::new(None), RwSignal::new(false));
    Effect::new(move || {
        let typed = password.get();
        // What was said is of the text before; it stays in sight until the answer comes.
        current.set(false);
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
                current.try_set(rated.is_some());
                strength.try_set(rated);
            }
        });
    });
    (strength, current)
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
    let words = move || {
        let length = password.with(|typed| typed.chars().count());
        verdict(language.get(), length, strength.get())
    };
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

/// What is said about a password, above all what it still lacks.
fn verdict(language: Language, length: usize, strength: Option<Strength>) -> String {
    let missing = SHORTEST.saturating_sub(length).to_string();
    let score = strength.as_ref().map_or(0, |strength| strength.score).to_string();
    let key = match strength {
        None if length == 0 => Key::PasswordRule,
        None => Key::PasswordRating,
        Some(_) if length < SHORTEST => Key::PasswordShort,
        Some(strength) if !strength.accepted => Key::PasswordGuessable,
        Some(Strength { score: 0..=3, .. }) => Key::PasswordGood,
        Some(_) => Key::PasswordStrong,
    };
    say(language, key, &[("missing", &missing), ("score", &score)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_password_is_told_what_it_lacks() {
        let rated = |score, accepted| Some(Strength { score, accepted });
        for (name, length, strength, expected) in [
            ("nothing typed", 0, None, "At least 12 characters"),
            ("not rated yet", 5, None, "Rating"),
            ("short", 8, rated(4, false), "4 more"),
            (
                "long and simple",
                20,
                rated(1, false),
                "strength is 1 of 4, and 3 is needed",
            ),
            ("good", 14, rated(3, true), "Good"),
            ("strong", 20, rated(4, true), "Strong"),
        ] {
            let said = verdict(Language::English, length, strength);
            assert!(said.contains(expected), "{name}: {said}");
        }
    }
}
