//! What a typed phrase or key still lacks, before the core is asked. Whether the words are right, only the core knows.

use crate::i18n::{Key, Language, say};

/// How many words a phrase of BIP-39 may have.
const LENGTHS: [usize; 5] = [12, 15, 18, 21, 24];
/// Hexadecimal digits of a private key.
const DIGITS: usize = 64;

/// What is said about something that was typed, and whether it may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The sentence.
    pub words: String,
    /// Whether it is complete.
    pub complete: bool,
    /// Whether it is wrong, and not just unfinished.
    pub wrong: bool,
}

impl Verdict {
    fn complete(words: String) -> Self {
        Self {
            words,
            complete: true,
            wrong: false,
        }
    }

    fn unfinished(words: String) -> Self {
        Self {
            words,
            complete: false,
            wrong: false,
        }
    }

    fn wrong(words: String) -> Self {
        Self {
            words,
            complete: false,
            wrong: true,
        }
    }
}

/// The words of a phrase as they stand in the text, in their order.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Counts the words of a phrase, and finds one that no list can have.
pub(super) fn judge_phrase(language: Language, text: &str) -> Verdict {
    let words = words(text);
    let count = words.len().to_string();
    if words.is_empty() {
        return Verdict::unfinished(Key::WordsNone.text(language).to_owned());
    }
    if let Some(at) = words.iter().position(|word| word.chars().any(is_strange)) {
        let number = (at + 1).to_string();
        return Verdict::wrong(say(language, Key::WordStrange, &[("number", &number)]));
    }
    match LENGTHS.into_iter().find(|length| *length >= words.len()) {
        None => Verdict::wrong(say(language, Key::WordsTooMany, &[("count", &count)])),
        Some(length) if length == words.len() => {
            Verdict::complete(say(language, Key::WordsRight, &[("count", &count)]))
        }
        Some(length) => {
            let places = [("count", &*count), ("length", &*length.to_string())];
            Verdict::unfinished(say(language, Key::WordsCount, &places))
        }
    }
}

/// Digits and punctuation: they come along from numbered lists.
fn is_strange(letter: char) -> bool {
    letter.is_numeric() || letter.is_ascii_punctuation() || letter.is_control()
}

/// Counts the digits of a private key.
pub(super) fn judge_key(language: Language, text: &str) -> Verdict {
    let text = text.trim();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Verdict::wrong(Key::PrivateKeyStrange.text(language).to_owned());
    }
    let count = digits.len();
    let words = say(language, Key::PrivateKeyCount, &[("count", &count.to_string())]);
    match count {
        0 => Verdict::unfinished(Key::PrivateKeyHint.text(language).to_owned()),
        DIGITS => Verdict::complete(words),
        1..DIGITS => Verdict::unfinished(words),
        _ => Verdict::wrong(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_however_they_are_separated() {
        for (text, expected, complete, wrong) in [
            ("", "A phrase has", false, false),
            (" abandon\n\tability  ", "2 of 12 words.", false, false),
            (&"abandon ".repeat(12), "12 words.", true, false),
            (&"abandon ".repeat(13), "13 of 15 words.", false, false),
            (&"abandon\u{3000}".repeat(24), "24 words.", true, false),
            (&"abandon ".repeat(25), "25 words; 24 at most.", false, true),
            ("1. abandon", "Word 1 has", false, true),
            ("abandon ability, able", "Word 2 has", false, true),
            ("académie eleve\u{301}", "2 of", false, false),
        ] {
            let verdict = judge_phrase(Language::English, text);
            assert!(verdict.words.starts_with(expected), "{text:?}: {verdict:?}");
            assert_eq!((verdict.complete, verdict.wrong), (complete, wrong), "{text:?}");
        }
    }

    #[test]
    fn a_key_has_64_digits_with_or_without_0x() {
        let digits = "0f".repeat(32);
        for (text, complete, wrong) in [
            (String::new(), false, false),
            (digits.clone(), true, false),
            (format!(" 0x{} ", digits.to_uppercase()), true, false),
            (digits[1..].to_owned(), false, false),
            (format!("{digits}0"), false, true),
            ("0xgg".to_owned(), false, true),
        ] {
            let verdict = judge_key(Language::English, &text);
            assert_eq!((verdict.complete, verdict.wrong), (complete, wrong), "{text:?}");
        }
    }
}
