//! Both languages of the window, complete, switched without a restart.

#[macro_use]
mod energy;
#[macro_use]
mod first_run;
#[macro_use]
mod frame;
#[macro_use]
mod market;
#[macro_use]
mod meter;
#[macro_use]
mod settling;
#[macro_use]
mod tokens;
#[macro_use]
mod wallet;
pub(crate) mod notice;
mod problem;
mod table;

pub(crate) use problem::{headline, next_step};
pub(crate) use table::Key;

use leptos::prelude::*;

use crate::prefs::prefs;

/// A language of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// Bahasa Indonesia.
    Indonesian,
    /// English.
    English,
}

impl Language {
    /// Every language, in the order of the switch.
    pub(crate) const ALL: [Self; 2] = [Self::Indonesian, Self::English];

    /// The code of ISO 639-1.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Indonesian => "id",
            Self::English => "en",
        }
    }

    /// The language's own name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Indonesian => "Bahasa Indonesia",
            Self::English => "English",
        }
    }

    /// The reverse of [`Language::code`].
    pub(crate) fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// Indonesian when the web view speaks it, English otherwise.
    pub(crate) fn of_browser() -> Self {
        Self::of_tag(&window().navigator().language().unwrap_or_default())
    }

    /// The language for a tag of BCP 47 such as `id-ID`.
    fn of_tag(tag: &str) -> Self {
        let first = tag.split('-').next().unwrap_or_default();
        if first.eq_ignore_ascii_case("id") {
            Self::Indonesian
        } else {
            Self::English
        }
    }
}

/// A text that follows the language.
pub(crate) fn text(key: Key) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    let language = prefs().language;
    move || key.text(language.get())
}

/// A text with its `{places}` filled.
pub(crate) fn say(language: Language, key: Key, values: &[(&str, &str)]) -> String {
    let mut text = key.text(language).to_owned();
    for (place, value) in values {
        text = text.replace(&format!("{{{place}}}"), value);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use enerlink_domain::Code;

    use super::*;

    /// The names between braces.
    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(place, _)| place)
            .collect()
    }

    #[test]
    fn both_tables_are_complete_and_have_the_same_places() {
        for key in Key::ALL {
            let [indonesian, english] = Language::ALL.map(|language| key.text(language));
            assert!(
                !indonesian.trim().is_empty() && !english.trim().is_empty(),
                "{key:?}"
            );
            assert_eq!(places(indonesian), places(english), "{key:?}");
        }
    }

    #[test]
    fn only_names_are_the_same_in_both_languages() {
        let same: Vec<Key> = Key::ALL
            .iter()
            .copied()
            .filter(|key| key.text(Language::Indonesian) == key.text(Language::English))
            .collect();
        assert_eq!(same, Key::SAME_IN_BOTH);
    }

    #[test]
    fn every_code_has_its_own_words_in_both_languages() {
        for language in Language::ALL {
            let mut seen = BTreeSet::new();
            for code in problem::ALL {
                assert!(seen.insert(headline(language, code)), "{code:?}");
                assert!(next_step(language, code).ends_with('.'), "{code:?}");
                assert!(headline(language, code).ends_with('.'), "{code:?}");
            }
        }
        assert_eq!(next_step(Language::English, Code::NoGas), Code::NoGas.next_step());
    }

    #[test]
    fn the_browser_chooses_the_first_language() {
        for (tag, expected) in [
            ("id", Language::Indonesian),
            ("id-ID", Language::Indonesian),
            ("ID", Language::Indonesian),
            ("en-GB", Language::English),
            ("ido", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of_tag(tag), expected, "{tag}");
        }
    }

    #[test]
    fn places_are_filled() {
        assert_eq!(
            say(Language::English, Key::SettleNow, &[("energy", "87 Wh")]),
            "Settle 87 Wh now"
        );
    }
}
