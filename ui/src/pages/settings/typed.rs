//! Numbers as they are typed into the settings, in whichever way of writing.

use crate::{
    format::{self, Sign},
    i18n::Language,
};

/// A whole number up to `most`, grouped or not.
pub(super) fn whole(text: &str, most: u32) -> Option<u32> {
    let number = parse_hundredths(text)?;
    let whole = u32::try_from(number / 100).ok()?;
    (number.is_multiple_of(100) && whole <= most).then_some(whole)
}

/// A tariff as it is typed.
pub(super) fn tariff_text(language: Language, sen: u64) -> String {
    format::decimal(language, i128::from(sen), 2, 2, Sign::Negative)
}

/// Hundredths of a rupiah; what no utility would ask for is a slip of the finger.
pub(super) fn parse_tariff(text: &str) -> Option<u64> {
    parse_hundredths(text).filter(|sen| *sen <= 100_000_000)
}

/// A number with two decimals at most, written in either language: the last separator is the point, unless three digits
/// follow it.
fn parse_hundredths(text: &str) -> Option<u64> {
    let text = text.trim();
    let point = text.rfind(['.', ',']).filter(|at| text.len() - at <= 3);
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let separator = point.map(|at| &text[at..=at]);
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let [first, others @ ..] = groups.as_slice() else {
        return None;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = others.is_empty() || first.len() <= 3;
    let is_number = digits(first)
        && grouped
        && others.iter().all(|group| group.len() == 3 && digits(group))
        && (point.is_none() || digits(fraction))
        // One sign cannot group and point.
        && separator.is_none_or(|separator| !whole.contains(separator));
    let hundredths: u64 = format!("{fraction:0<2}").parse().ok()?;
    let whole: u64 = groups.concat().parse().ok()?;
    is_number
        .then(|| whole.checked_mul(100)?.checked_add(hundredths))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST_DAYS: u32 = 36_500;
    const MOST_MESSAGES: u32 = 100_000_000;

    #[test]
    fn a_tariff_is_read_as_either_language_writes_it() {
        for (text, expected) in [
            ("1444,70", Some(144_470)),
            ("1444.70", Some(144_470)),
            ("1.444,70", Some(144_470)),
            ("1,444.7", Some(144_470)),
            ("1.444", Some(144_400)),
            (" 1444 ", Some(144_400)),
            ("0", Some(0)),
            ("0,05", Some(5)),
            ("1000000", Some(100_000_000)),
            ("1000000,01", None),
            ("", None),
            (",5", None),
            ("1444,", None),
            ("1.44.70", None),
            ("1.444.70", None),
            ("-1", None),
            ("1444,701", None),
            ("Rp 5", None),
        ] {
            assert_eq!(parse_tariff(text), expected, "{text:?}");
        }
        for language in Language::ALL {
            assert_eq!(parse_tariff(&tariff_text(language, 144_470)), Some(144_470));
        }
    }

    #[test]
    fn days_and_rows_are_whole_numbers_within_bounds() {
        assert_eq!(whole("60", MOST_DAYS), Some(60));
        assert_eq!(whole("200.000", MOST_MESSAGES), Some(200_000));
        assert_eq!(whole("36500", MOST_DAYS), Some(36_500));
        for text in ["36501", "1,5", "sixty", "", "99999999999999999999"] {
            assert_eq!(whole(text, MOST_DAYS), None, "{text}");
        }
    }
}
