//! An error as a person reads it: what happened, and what to do.

use enerlink_domain::{Code, Error};
use leptos::prelude::*;

use crate::{
    components::icon::{Glyph, Icon},
    i18n::{Key, Language, headline, next_step, say},
    prefs::prefs,
};

/// The code as it is written in JSON, for tests and reports.
pub(crate) fn code_name(code: Code) -> String {
    serde_json::to_value(code)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// What happened, in the language of the window. The core speaks English; in Indonesian its sentence is the detail.
pub(crate) fn sentence(language: Language, error: &Error) -> String {
    match language {
        Language::English if !error.message.trim().is_empty() => as_sentence(&error.message),
        Language::English | Language::Indonesian => headline(language, error.code).to_owned(),
    }
}

/// The core's own words, when the sentence does not hold them.
fn detail(language: Language, error: &Error) -> Option<String> {
    let says_more = !matches!(
        error.code,
        Code::WrongPassword | Code::WeakPassword | Code::Locked | Code::NoVault
    );
    let useful = says_more && language == Language::Indonesian && !error.message.trim().is_empty();
    useful.then(|| say(language, Key::Detail, &[("text", error.message.trim())]))
}

/// With a capital first, unless an address or a name comes first, and a dot last.
pub(crate) fn as_sentence(text: &str) -> String {
    let text = text.trim();
    let dot = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    let word = text.split_whitespace().next().unwrap_or_default();
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return format!("{text}{dot}");
    }
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .map(|letter| letter.to_uppercase().collect())
        .unwrap_or_default();
    format!("{first}{}{dot}", letters.as_str())
}

/// How loud an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It waits for somebody; nothing is broken.
    Notice,
    /// Something does not work.
    Failure,
}

/// What happened and what to do, with room for a button.
#[component]
pub(crate) fn Problem(
    /// What went wrong.
    error: Error,
    /// How loud.
    #[prop(default = Weight::Failure)]
    weight: Weight,
    /// A button that helps.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let language = prefs().language;
    let code = error.code;
    let class = match weight {
        Weight::Notice => "problem notice",
        Weight::Failure => "problem",
    };
    let shown = error.clone();
    let more = move || detail(language.get(), &error).map(|detail| view! { <p class="detail">{detail}</p> });
    view! {
        <div class=class role="alert" data-code=code_name(code)>
            <Glyph icon=Icon::Warning />
            <div class="words">
                <p data-testid="error-message">{move || sentence(language.get(), &shown)}</p>
                {more}
                <p class="next" data-testid="error-next-step">{move || next_step(language.get(), code)}</p>
            </div>
            {children.map(|children| view! { <div class="act">{children()}</div> })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_sentence() {
        for (message, expected) in [
            (
                "the node answers chain 5, not 31337",
                "The node answers chain 5, not 31337.",
            ),
            ("Done.", "Done."),
            ("  why is it so? ", "Why is it so?"),
            (
                "http://127.0.0.1:8545 does not answer",
                "http://127.0.0.1:8545 does not answer.",
            ),
        ] {
            assert_eq!(as_sentence(message), expected);
        }
    }

    #[test]
    fn each_language_says_what_happened_once() {
        let error = Error::new(Code::NoGas, "0x12 has 0 wei");
        assert_eq!(sentence(Language::English, &error), "0x12 has 0 wei.");
        assert_eq!(detail(Language::English, &error), None);
        assert_eq!(
            sentence(Language::Indonesian, &error),
            "Akun tidak dapat membayar gas."
        );
        assert_eq!(
            detail(Language::Indonesian, &error).as_deref(),
            Some("Rincian: 0x12 has 0 wei")
        );
        assert_eq!(
            sentence(Language::English, &Error::new(Code::NoGas, "")),
            "The account cannot pay for gas."
        );
    }

    #[test]
    fn codes_are_named_as_in_json() {
        assert_eq!(code_name(Code::NodeUnreachable), "NODE_UNREACHABLE");
    }
}
