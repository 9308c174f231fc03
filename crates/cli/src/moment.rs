//! Moments as a person types them, in this computer's time zone, and the edges between hours, days and months.

use std::str::FromStr;

use chrono::{
    DateTime, Datelike as _, Days, Local, Months, NaiveDate, NaiveDateTime, TimeDelta, TimeZone,
    Timelike as _,
};
use enerlink_domain::UnixMillis;

use crate::arguments::By;

/// A date, or a date with a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A whole day.
    Day(NaiveDate),
    /// A point in time.
    At(UnixMillis),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(Self::Day(day));
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(UnixMillis(at.timestamp_millis())));
        }
        ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .and_then(|local| instant(&Local, local))
            .map(Self::At)
            .ok_or_else(|| format!("{text:?} is not a moment such as 2026-11-22 or 2026-11-22T09:00"))
    }
}

impl Moment {
    /// The moment itself, or the beginning of the day.
    pub(crate) fn begin(self) -> UnixMillis {
        match self {
            Self::Day(day) => midnight(&Local, day),
            Self::At(at) => at,
        }
    }

    /// The moment itself, or the end of the day.
    pub(crate) fn end(self) -> UnixMillis {
        match self {
            Self::Day(day) => midnight(&Local, day.checked_add_days(Days::new(1)).unwrap_or(day)),
            Self::At(at) => at,
        }
    }
}

/// When the hour, the month or the year began that a history shows when nothing else was asked for.
pub(crate) fn default_begin(by: By, now: UnixMillis) -> UnixMillis {
    let today = local(&Local, now).date_naive();
    let day = match by {
        By::Hour => Some(today),
        By::Day => today.with_day(1),
        By::Month => today.with_day(1).and_then(|day| day.with_month(1)),
    };
    midnight(&Local, day.unwrap_or(today))
}

/// A moment as this computer's clock shows it.
pub(crate) fn shown(at: UnixMillis) -> String {
    local(&Local, at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `from`, every beginning of an hour, day or month after it, and `to`; none where there would be more than `most`.
pub(crate) fn edges(from: UnixMillis, to: UnixMillis, by: By, most: usize) -> Option<Vec<UnixMillis>> {
    edges_in(&Local, from, to, by, most)
}

fn edges_in<Z: TimeZone>(
    zone: &Z,
    from: UnixMillis,
    to: UnixMillis,
    by: By,
    most: usize,
) -> Option<Vec<UnixMillis>> {
    let mut edges = vec![from];
    let mut last = from;
    while last < to {
        // A step that does not lead on would never end.
        last = next(zone, last, by).filter(|next| *next > last)?.min(to);
        edges.push(last);
        if edges.len() > most {
            return None;
        }
    }
    Some(edges)
}

/// The next beginning of an hour, a day or a month after `at`.
fn next<Z: TimeZone>(zone: &Z, at: UnixMillis, by: By) -> Option<UnixMillis> {
    let then = local(zone, at);
    match by {
        // Hours are counted as they pass: when the clocks are changed there are 23 or 25.
        By::Hour => {
            let into = TimeDelta::minutes(then.minute().into()) + TimeDelta::seconds(then.second().into());
            let start = at.0 - into.num_milliseconds() - i64::from(then.timestamp_subsec_millis());
            Some(UnixMillis(start + 3_600_000))
        }
        By::Day => Some(midnight(zone, then.date_naive().checked_add_days(Days::new(1))?)),
        By::Month => {
            let first = then.date_naive().with_day(1)?;
            Some(midnight(zone, first.checked_add_months(Months::new(1))?))
        }
    }
}

fn local<Z: TimeZone>(zone: &Z, at: UnixMillis) -> DateTime<Z> {
    let utc = DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    utc.with_timezone(zone)
}

/// The beginning of `day`. Where the clocks are changed at midnight it begins an hour later.
fn midnight<Z: TimeZone>(zone: &Z, day: NaiveDate) -> UnixMillis {
    let start = day.and_hms_opt(0, 0, 0).unwrap_or_default();
    instant(zone, start)
        .or_else(|| instant(zone, start + TimeDelta::hours(1)))
        .unwrap_or(UnixMillis(start.and_utc().timestamp_millis()))
}

fn instant<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<UnixMillis> {
    let at = zone.from_local_datetime(&local).earliest()?;
    Some(UnixMillis(at.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    fn at(text: &str) -> UnixMillis {
        match text.parse() {
            Ok(Moment::At(at)) => at,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn edges_are_those_of_the_household() {
        let jakarta = FixedOffset::east_opt(7 * 3600).expect("a zone");
        let texts = |from: &str, to: &str, by| -> Vec<String> {
            let edges = edges_in(&jakarta, at(from), at(to), by, 400).expect("few");
            let text = |edge: &UnixMillis| local(&jakarta, *edge).format("%m-%dT%H:%M").to_string();
            edges.iter().map(text).collect()
        };
        assert_eq!(
            texts("2026-11-22T09:20:00+07:00", "2026-11-22T11:00:00+07:00", By::Hour),
            ["11-22T09:20", "11-22T10:00", "11-22T11:00"]
        );
        assert_eq!(
            texts("2026-11-29T17:00:00Z", "2026-12-01T03:00:00+07:00", By::Day),
            ["11-30T00:00", "12-01T00:00", "12-01T03:00"]
        );
        assert_eq!(
            texts(
                "2026-01-31T00:00:00+07:00",
                "2026-04-01T00:00:00+07:00",
                By::Month
            ),
            ["01-31T00:00", "02-01T00:00", "03-01T00:00", "04-01T00:00"]
        );
        let (from, to) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        assert_eq!(edges_in(&jakarta, from, to, By::Hour, 401), None);
    }

    #[test]
    fn moments_are_dates_or_times() {
        assert_eq!(
            "2026-11-22".parse(),
            Ok(Moment::Day(NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day")))
        );
        assert_eq!(at("2025-11-02T09:00:00Z"), UnixMillis(1_762_074_000_000));
        assert_eq!(at("2025-11-02T16:00:00+07:00"), UnixMillis(1_762_074_000_000));
        let day: Moment = "2026-11-22".parse().expect("a day");
        assert!(day.end() > day.begin());
        for wrong in ["", "today", "2026-13-01", "2026-11-22T25:00"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}
