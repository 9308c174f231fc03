//! A moment as ISO 8601 (and RFC 3339, section 5.6) writes it, to Unix milliseconds, with integers only.

const DAY_S: i64 = 86_400;

/// Unix milliseconds of `YYYY-MM-DDTHH:MM:SS[.fraction][Z|±HH:MM]`. Without a zone it is UTC, as the firmware documents
/// it; digits below a millisecond are cut off. `None` for anything else, and for days that no calendar has.
pub(super) fn parse(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let fixed = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if fixed.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) || !matches!(bytes[10], b'T' | b't' | b' ')
    {
        return None;
    }
    let number = |from: usize, to: usize| digits(text.get(from..to)?);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let length = month_length(year, month)?;
    // A leap second is the first of the next minute, as Unix counts.
    if day < 1 || day > length || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (millis, zone) = fraction(text.get(19..)?)?;
    let seconds = days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset(zone)?;
    Some(seconds * 1000 + millis)
}

fn digits(text: &str) -> Option<i64> {
    let valid = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.parse().ok()).flatten()
}

/// Milliseconds of `.fraction`, when there is one, and what stands behind.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix(['.', ',']) else {
        return Some((0, text));
    };
    let end = rest
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(rest.len());
    let (shown, zone) = rest.split_at(end);
    if shown.is_empty() {
        return None;
    }
    let millis = shown.bytes().chain([b'0'; 3]).take(3);
    Some((
        millis.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')),
        zone,
    ))
}

/// Seconds by which the zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.split_at_checked(1) {
        None => return Some(0),
        Some(("Z" | "z", "")) => return Some(0),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hours, minutes) = match rest.len() {
        5 if rest.as_bytes()[2] == b':' => (rest.get(..2)?, rest.get(3..)?),
        4 => (rest.get(..2)?, rest.get(2..)?),
        _ => return None,
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn month_length(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if leap => Some(29),
        2 => Some(28),
        _ => None,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar; negative before. Years are counted from March, so that the leap day
/// is a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_exact() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-02-03T04:05:06Z", 1_770_091_506_000),
            ("2026-02-03T04:05:06.789Z", 1_770_091_506_789),
            ("2026-02-03T04:05:06.7Z", 1_770_091_506_700),
            ("2026-02-03t04:05:06.789999z", 1_770_091_506_789),
            ("2026-02-03 04:05:06", 1_770_091_506_000),
            ("2026-02-03T11:05:06+07:00", 1_770_091_506_000),
            ("2026-02-02T23:35:06-0430", 1_770_091_506_000),
            ("2024-02-29T23:59:60Z", 1_709_251_200_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000),
            ("1969-12-31T23:59:59.999Z", -1),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ] {
            assert_eq!(parse(text), Some(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "2026-02-03",
            "2026-02-03T04:05Z",
            "2026-02-30T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00Zulu",
            "2026-01-01T00:00:00+7",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+é1",
            "+026-01-01T00:00:00Z",
            "2026-01-01T-1:00:00Z",
            "20260101T000000Z",
            "1770091506",
            "é026-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_follows_the_one_before(day in 0_i64..3_000_000) {
            // The reverse of `days`, by counting: year and month are found from what they begin with.
            let mut year = day / 366;
            while days(year + 1, 1, 1) + 719_528 <= day {
                year += 1;
            }
            let within = day - 719_528 - days(year, 1, 1);
            let month = (1..=12).rev().find(|month| days(year, *month, 1) - days(year, 1, 1) <= within);
            let month = month.expect("every day is in a month");
            let of_month = within - (days(year, month, 1) - days(year, 1, 1)) + 1;
            prop_assert!(of_month <= month_length(year, month).expect("a month"));
            prop_assert_eq!(days(year, month, of_month) + 719_528, day);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_nearly_right_text_panics(text in "[0-9]{4}-[0-9]{2}-[0-9é]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.,+Z:0-9é-]{0,9}") {
            let _ = parse(&text);
        }
    }
}
