//! Passwords: normalised, wiped, never printed; and how hard they are to guess.

use enerlink_domain::view::Strength;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};
use zxcvbn::zxcvbn;

use crate::Error;

const MIN_CHARACTERS: usize = 12;
const MIN_SCORE: u8 = 3;
/// zxcvbn takes quadratic time; what follows only makes a password stronger.
const RATED_CHARACTERS: usize = 100;

/// A password in Unicode normalisation form C, so that it opens the vault however the keyboard composes accents.
pub struct Password(Zeroizing<String>);

impl Password {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<String> for Password {
    fn from(mut text: String) -> Self {
        // NFC is at most three times as long in UTF-8: no reallocation leaves a copy behind.
        let mut normal = Zeroizing::new(String::with_capacity(3 * text.len()));
        normal.extend(text.nfc());
        text.zeroize();
        Self(normal)
    }
}

/// How hard the password is to guess, by zxcvbn: accepted are at least 12 characters with a score of at least 3.
pub fn rate(password: &Password) -> Strength {
    let end = password
        .0
        .char_indices()
        .nth(RATED_CHARACTERS)
        .map_or(password.0.len(), |(end, _)| end);
    let rated = &password.0[..end];
    let score = u8::from(zxcvbn(rated, &[]).score());
    Strength {
        score,
        accepted: score >= MIN_SCORE && password.0.chars().count() >= MIN_CHARACTERS,
    }
}

/// Refuses what [`rate`] does not accept.
pub(crate) fn require_strong(password: &Password) -> Result<(), Error> {
    rate(password).accepted.then_some(()).ok_or(Error::WeakPassword)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &str) -> bool {
        rate(&Password::from(text.to_owned())).accepted
    }

    #[test]
    fn length_and_guessability_both_count() {
        for text in [
            "",
            "Tr0ub4dor&3",
            "xK9#mQ2$vL7",
            "passwordpassword",
            "123456789012",
            "aaaaaaaaaaaaaaaaaaaa",
            "qwertyuiop[]",
        ] {
            assert!(!accepted(text), "{text}");
        }
        for text in [
            "sun over the seven roofs",
            "xK9#mQ2$vL7p",
            "🌞🏠🔋⚡🌧️🪴🐈🚲🎻🧭🥭🛰️",
            &"kelapa muda di atap ".repeat(60),
        ] {
            assert!(accepted(text), "{text}");
        }
    }

    #[test]
    fn composed_and_decomposed_accents_are_one_password() {
        let composed = Password::from("café über alles 12".to_owned());
        let decomposed = Password::from("cafe\u{301} u\u{308}ber alles 12".to_owned());
        assert!(composed.as_bytes() == decomposed.as_bytes());
        assert!(composed.as_bytes() != Password::from("cafe uber alles 12".to_owned()).as_bytes());
    }
}
