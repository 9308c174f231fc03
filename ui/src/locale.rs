//! How numbers and times are written: by the language, or as the person prefers. What formats them asks here, wherever
//! it stands, so that no page can forget it; whoever changes it lets everything that reads the language be drawn again.

use std::cell::Cell;

use crate::i18n::Language;

/// Which signs stand in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Those of the language.
    Language,
    /// `1.234,56`.
    Comma,
    /// `1,234.56`.
    Point,
}

impl Numbers {
    /// Every choice, in the order of the list.
    pub(crate) const ALL: [Self; 3] = [Self::Language, Self::Comma, Self::Point];

    /// The word in storage.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::Comma => "comma",
            Self::Point => "point",
        }
    }

    /// The reverse of [`Numbers::as_str`].
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }

    /// What stands between groups of three digits, and what before the decimals.
    pub(crate) fn signs(self, language: Language) -> (char, char) {
        match (self, language) {
            (Self::Comma, _) | (Self::Language, Language::Indonesian) => ('.', ','),
            (Self::Point, _) | (Self::Language, Language::English) => (',', '.'),
        }
    }
}

/// Whose clock times are told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HomeZone {
    /// That of the desktop.
    System,
    /// Western Indonesia.
    Wib,
    /// Central Indonesia.
    Wita,
    /// Eastern Indonesia.
    Wit,
}

impl HomeZone {
    /// Every choice, in the order of the list.
    pub(crate) const ALL: [Self; 4] = [Self::System, Self::Wib, Self::Wita, Self::Wit];

    /// The word in storage.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Wib => "wib",
            Self::Wita => "wita",
            Self::Wit => "wit",
        }
    }

    /// The reverse of [`HomeZone::as_str`].
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }

    /// Minutes ahead of UTC; none is for the desktop to say. Indonesia has no summer time.
    pub(crate) fn offset(self) -> Option<i64> {
        match self {
            Self::System => None,
            Self::Wib => Some(7 * 60),
            Self::Wita => Some(8 * 60),
            Self::Wit => Some(9 * 60),
        }
    }
}

thread_local! {
    // A window is one thread; tests have one each.
    static NUMBERS: Cell<Numbers> = const { Cell::new(Numbers::Language) };
    static ZONE: Cell<HomeZone> = const { Cell::new(HomeZone::System) };
}

/// Numbers are written so from now on.
pub(crate) fn use_numbers(numbers: Numbers) {
    NUMBERS.set(numbers);
}

/// Times are told by this clock from now on.
pub(crate) fn use_zone(zone: HomeZone) {
    ZONE.set(zone);
}

/// The sign between groups of three digits, and the one before the decimals.
pub(crate) fn signs(language: Language) -> (char, char) {
    NUMBERS.get().signs(language)
}

/// Minutes by which local time is ahead of UTC at a moment in Unix milliseconds; `desktop` says it for the desktop's zone.
pub(crate) fn offset(at: i64, desktop: impl FnOnce(i64) -> i64) -> i64 {
    ZONE.get().offset().unwrap_or_else(|| desktop(at))
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Idrs, UnixMillis};

    use super::*;
    use crate::{
        calendar::Day,
        format::{self, Room},
    };

    #[test]
    fn what_was_remembered_is_read_again() {
        for numbers in Numbers::ALL {
            assert_eq!(Numbers::parse(numbers.as_str()), Some(numbers));
        }
        for zone in HomeZone::ALL {
            assert_eq!(HomeZone::parse(zone.as_str()), Some(zone));
        }
        assert_eq!((Numbers::parse(""), HomeZone::parse("WIB")), (None, None));
    }

    #[test]
    fn numbers_are_written_and_read_by_the_choice() {
        use Language::{English, Indonesian};
        for (numbers, language, written) in [
            (Numbers::Language, Indonesian, "1.234,56"),
            (Numbers::Language, English, "1,234.56"),
            (Numbers::Comma, Indonesian, "1.234,56"),
            (Numbers::Comma, English, "1.234,56"),
            (Numbers::Point, Indonesian, "1,234.56"),
            (Numbers::Point, English, "1,234.56"),
        ] {
            use_numbers(numbers);
            assert_eq!(format::idrs(language, Idrs(123_456)), written, "{numbers:?}");
            let rupiah = format::rupiah(language, 123_456, Room::Enough);
            assert_eq!(rupiah, format!("Rp\u{a0}{written}"));
            assert_eq!(
                format::canonical(language, written).as_deref(),
                Some("1234.56"),
                "{numbers:?}"
            );
        }
        use_numbers(Numbers::Comma);
        assert_eq!(format::canonical(English, "1,234.56"), None);
    }

    #[test]
    fn times_are_told_by_the_chosen_clock() {
        // 2026-11-21 16:30 UTC, and a desktop in Berlin.
        let at = UnixMillis(1_795_278_600_000);
        let zone = |at: i64| offset(at, |_| 60);
        for (choice, time, day) in [
            (HomeZone::System, "17:30", "2026-11-21"),
            (HomeZone::Wib, "23:30", "2026-11-21"),
            (HomeZone::Wita, "00:30", "2026-11-22"),
            (HomeZone::Wit, "01:30", "2026-11-22"),
        ] {
            use_zone(choice);
            assert_eq!(format::time_of_day(at, zone(at.0)), time);
            assert_eq!(Day::of(at, |at| offset(at, |_| 60)).iso(), day);
        }
    }
}
