//! Days of the calendar, in local time and for machines.

use enerlink_domain::UnixMillis;

use super::time_of_day;
use crate::{calendar::DAY, i18n::Language};

/// Local day and month, `21 Nov`; `offset` is local time minus UTC in minutes.
pub(crate) fn day_and_month(language: Language, at: UnixMillis, offset: i64) -> String {
    let (_, month, day) = local(at, offset);
    format!("{day}\u{a0}{}", month_name(language, month))
}

/// Local date, `21 Nov 2026`.
pub(crate) fn date(language: Language, at: UnixMillis, offset: i64) -> String {
    let (year, month, day) = local(at, offset);
    format!("{day}\u{a0}{}\u{a0}{year}", month_name(language, month))
}

/// Local date and time of day, `21 Nov 2026 10:45`.
pub(crate) fn date_and_time(language: Language, at: UnixMillis, offset: i64) -> String {
    format!("{} {}", date(language, at, offset), time_of_day(at, offset))
}

/// Day and time of this year, `21 Nov 10:45`.
pub(crate) fn day_and_time(language: Language, at: UnixMillis, offset: i64) -> String {
    format!(
        "{} {}",
        day_and_month(language, at, offset),
        time_of_day(at, offset)
    )
}

/// UTC as in ISO 8601, `2026-11-21T10:45:03Z`.
pub(crate) fn iso_time(at: UnixMillis) -> String {
    let (year, month, day) = local(at, 0);
    let seconds = at.0.rem_euclid(DAY) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!(
        "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z",
        month + 1
    )
}

fn local(at: UnixMillis, offset: i64) -> (i64, usize, i64) {
    civil((at.0 + offset * 60_000).div_euclid(DAY))
}

/// Full month and year, `November 2026`.
pub(crate) fn month_and_year(language: Language, at: UnixMillis, offset: i64) -> String {
    let (year, month, _) = local(at, offset);
    format!("{}\u{a0}{year}", month_in_full(language, month))
}

/// The month alone, `Nov`.
pub(crate) fn month(language: Language, at: UnixMillis, offset: i64) -> &'static str {
    month_name(language, local(at, offset).1)
}

/// A day of the week, `Sat`, by its distance from Monday.
pub(crate) fn weekday(language: Language, from_monday: usize) -> &'static str {
    const INDONESIAN: [&str; 7] = ["Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min"];
    const ENGLISH: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    match language {
        Language::Indonesian => INDONESIAN[from_monday % 7],
        Language::English => ENGLISH[from_monday % 7],
    }
}

/// Both languages shorten a month to its first three letters, all of them ASCII.
fn month_name(language: Language, month: usize) -> &'static str {
    &month_in_full(language, month)[..3]
}

fn month_in_full(language: Language, month: usize) -> &'static str {
    const INDONESIAN: [&str; 12] = [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ];
    const ENGLISH: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    match language {
        Language::Indonesian => INDONESIAN[month],
        Language::English => ENGLISH[month],
    }
}

/// Year, month (from 0) and day of the month of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`.
pub(crate) fn civil(days: i64) -> (i64, usize, i64) {
    let shifted = days + 719_468;
    let (era, era_day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let era_year = (era_day - era_day / 1460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    let from_march = (5 * year_day + 2) / 153;
    let day = year_day - (153 * from_march + 2) / 5 + 1;
    let month = ((from_march + 2) % 12) as usize;
    // The year of this count begins in March.
    let year = era * 400 + era_year + i64::from(month < 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (millis, offset, english, indonesian, iso) in [
            (0, 0, "1 Jan 1970", "1 Jan 1970", "1970-01-01T00:00:00Z"),
            (
                951_782_400_000,
                0,
                "29 Feb 2000",
                "29 Feb 2000",
                "2000-02-29T00:00:00Z",
            ),
            (
                1_798_761_599_000,
                0,
                "31 Dec 2026",
                "31 Des 2026",
                "2026-12-31T23:59:59Z",
            ),
            (
                1_798_761_599_000,
                420,
                "1 Jan 2027",
                "1 Jan 2027",
                "2026-12-31T23:59:59Z",
            ),
            (-1000, 0, "31 Dec 1969", "31 Des 1969", "1969-12-31T23:59:59Z"),
        ] {
            let at = UnixMillis(millis);
            let shown = |language| date(language, at, offset).replace('\u{a0}', " ");
            assert_eq!(shown(Language::English), english);
            assert_eq!(shown(Language::Indonesian), indonesian);
            assert_eq!(iso_time(at), iso);
        }
    }

    #[test]
    fn a_moment_has_its_local_time_of_day() {
        let shown = date_and_time(Language::English, UnixMillis(1_798_761_599_000), 420);
        assert_eq!(shown.replace('\u{a0}', " "), "1 Jan 2027 06:59");
    }
}
