//! Amounts of tokens and coins: as a person reads them, and back from what a person types.

use enerlink_domain::{Wei, token::Amount};

use super::{Sign, decimal};
use crate::{
    i18n::{Key, Language},
    locale,
};

/// The amount with its unit, every digit of it.
pub(crate) fn amount(language: Language, amount: Amount) -> String {
    let unit = match amount {
        Amount::Etk(_) => "ETK",
        Amount::Idrs(_) => "IDRS",
        Amount::Coin(_) => Key::CoinUnit.text(language),
    };
    format!("{}\u{a0}{unit}", digits(language, amount))
}

/// The amount without its unit.
fn digits(language: Language, amount: Amount) -> String {
    match amount {
        Amount::Etk(amount) => decimal(language, amount.0, 2, 2, Sign::Negative),
        Amount::Idrs(amount) => decimal(language, amount.0, 2, 2, Sign::Negative),
        Amount::Coin(amount) => exact(language, amount, 18),
    }
}

/// Divided by 10^`scale`, with every digit that is not zero.
pub(crate) fn exact(language: Language, amount: Wei, scale: u32) -> String {
    let wei = i128::try_from(amount.0).unwrap_or(i128::MAX);
    let shown = (0..scale).find(|shown| wei % 10_i128.pow(scale - shown) == 0);
    decimal(language, wei, scale, shown.unwrap_or(scale), Sign::Negative)
}

/// The canonical decimal of what was typed the way numbers are written; none when it could mean two things. Groups have
/// three digits, or there are none.
pub(crate) fn canonical(language: Language, typed: &str) -> Option<String> {
    let (group, point) = locale::signs(language);
    let typed = typed.trim();
    let (whole, fraction) = match typed.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (typed, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let groups: Vec<&str> = whole.split(group).collect();
    let [first, others @ ..] = groups.as_slice() else {
        return None;
    };
    let grouped = others.is_empty() || (1..=3).contains(&first.len());
    let sound = digits(first)
        && grouped
        && others.iter().all(|part| part.len() == 3 && digits(part))
        && fraction.is_none_or(digits);
    sound.then(|| match fraction {
        Some(fraction) => format!("{}.{fraction}", groups.concat()),
        None => groups.concat(),
    })
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Etk, Idrs, token::Asset};

    use super::*;

    #[test]
    fn each_language_types_its_own_way_and_nothing_means_two_things() {
        use Language::{English, Indonesian};
        for (language, typed, expected) in [
            (Indonesian, "1,5", Some("1.5")),
            (Indonesian, "1.5", None),
            (Indonesian, "1.500", Some("1500")),
            (Indonesian, "1.234.567,89", Some("1234567.89")),
            (Indonesian, "1,234,567", None),
            (English, "1.5", Some("1.5")),
            (English, "1,5", None),
            (English, "1,500", Some("1500")),
            (English, "1.500", Some("1.500")),
            (English, " 12 ", Some("12")),
            (English, "1234,567", None),
            (English, "", None),
            (English, ".5", None),
            (English, "1.", None),
            (English, "-1", None),
            (English, "1e3", None),
            (English, "1 000", None),
        ] {
            assert_eq!(canonical(language, typed).as_deref(), expected, "{typed:?}");
        }
    }

    #[test]
    fn what_is_shown_can_be_typed_again() {
        for language in Language::ALL {
            for value in [
                Amount::Etk(Etk(0)),
                Amount::Etk(Etk(123_456_789)),
                Amount::Idrs(Idrs(5)),
                Amount::Coin(Wei(1)),
                Amount::Coin(Wei(2_500_000_000_000_000_000)),
            ] {
                let typed = canonical(language, &digits(language, value)).expect("a number");
                assert_eq!(Amount::parse(value.asset(), &typed), Ok(value), "{typed}");
            }
        }
        assert_eq!(
            Amount::parse(Asset::Etk, "1.500").ok(),
            None,
            "three decimals are too many"
        );
        let plain = |amount_: Amount| amount(Language::Indonesian, amount_).replace('\u{a0}', " ");
        assert_eq!(plain(Amount::Idrs(Idrs(123_456))), "1.234,56 IDRS");
        assert_eq!(plain(Amount::Coin(Wei(250_000_000_000_000_000))), "0,25 koin");
    }
}
