//! Days of the household's calendar, and the moments at which they begin; a day may have 23 or 25 hours.

use enerlink_domain::UnixMillis;

use crate::format::civil;

/// Minutes by which local time is ahead of UTC at a moment in Unix milliseconds.
pub(crate) type Zone = fn(i64) -> i64;

/// Milliseconds of a minute.
pub(crate) const MINUTE: i64 = 60_000;
/// Milliseconds of an hour.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day without a change of the clock.
pub(crate) const DAY: i64 = 24 * HOUR;

/// A day of the calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(i64);

impl Day {
    /// The day in which a moment lies.
    pub(crate) fn of(at: UnixMillis, zone: Zone) -> Self {
        Self((at.0 + zone(at.0) * MINUTE).div_euclid(DAY))
    }

    /// A day by its date; months from 0, and those beyond a year belong to the next ones.
    pub(crate) fn new(year: i64, month: i64, day: i64) -> Self {
        let (year, month) = (year + month.div_euclid(12), month.rem_euclid(12));
        // Howard Hinnant's `days_from_civil`: the year of this count begins in March.
        let from_march = (month + 10) % 12;
        let year = if month < 2 { year - 1 } else { year };
        let (era, era_year) = (year.div_euclid(400), year.rem_euclid(400));
        let year_day = (153 * from_march + 2) / 5 + day - 1;
        let era_day = era_year * 365 + era_year / 4 - era_year / 100 + year_day;
        Self(era * 146_097 + era_day - 719_468)
    }

    /// Reads what a date input holds, `2026-11-21`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let read = Self::new(year, month - 1, day);
        (read.parts() == (year, month - 1, day) && (1970..=9999).contains(&year)).then_some(read)
    }

    /// The reverse of [`Day::parse`].
    pub(crate) fn iso(self) -> String {
        let (year, month, day) = self.parts();
        format!("{year:04}-{:02}-{day:02}", month + 1)
    }

    /// Year, month from 0, day of the month.
    pub(crate) fn parts(self) -> (i64, i64, i64) {
        let (year, month, day) = civil(self.0);
        (year, month as i64, day)
    }

    /// So many days later.
    pub(crate) fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// Days since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Days since Monday: 0 to 6.
    pub(crate) fn weekday(self) -> usize {
        (self.0 + 3).rem_euclid(7) as usize
    }

    /// Whether it is one of every so many days; of whole weeks the Monday.
    pub(crate) fn is_each(self, days: i64) -> bool {
        (self.0 + 3).rem_euclid(days.max(1)) == 0
    }

    /// Its midnight as if local time were UTC, for words that are given an offset of 0.
    pub(crate) fn as_utc(self) -> UnixMillis {
        UnixMillis(self.0 * DAY)
    }

    /// The first moment of the day: midnight, the earlier of two, or the next moment that there is.
    pub(crate) fn start(self, zone: Zone) -> UnixMillis {
        let local = self.0 * DAY;
        let (before, after) = (zone(local - DAY), zone(local + DAY));
        let early = local - before.max(after) * MINUTE;
        if early + zone(early) * MINUTE >= local {
            UnixMillis(early)
        } else {
            UnixMillis(local - before.min(after) * MINUTE)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Jakarta, which has no summer time.
    pub(crate) fn jakarta(_: i64) -> i64 {
        420
    }

    /// Berlin in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC.
    pub(crate) fn berlin(at: i64) -> i64 {
        if (1_774_746_000_000..1_792_890_000_000).contains(&at) {
            120
        } else {
            60
        }
    }

    /// A zone whose clock went from 00:00 to 01:00 on 2026-03-29, and from 01:00 to 00:00 on 2026-10-25.
    fn at_midnight(at: i64) -> i64 {
        let (gap, again) = (Day::new(2026, 2, 29).0 * DAY, Day::new(2026, 9, 25).0 * DAY);
        if (gap..again).contains(&at) { 60 } else { 0 }
    }

    #[test]
    fn dates_come_back() {
        for text in [
            "1970-01-01",
            "2000-02-29",
            "2026-11-21",
            "2027-01-01",
            "2100-02-28",
        ] {
            assert_eq!(Day::parse(text).map(Day::iso).as_deref(), Some(text));
        }
        for text in [
            "",
            "2026",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "21-11-2026",
            "a-b-c",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(Day::new(2026, 12, 1).iso(), "2027-01-01");
        assert_eq!(Day::new(2026, -1, 1).iso(), "2025-12-01");
        assert_eq!(Day::new(2026, 10, 21).weekday(), 5);
    }

    #[test]
    fn a_day_begins_at_its_midnight() {
        let hours = |day: Day, zone: Zone| (day.plus(1).start(zone).0 - day.start(zone).0) / HOUR;
        assert_eq!(
            Day::new(2026, 10, 21).start(jakarta),
            UnixMillis(1_795_194_000_000)
        );
        for (day, expected) in [
            ("2026-03-28", 24),
            ("2026-03-29", 23),
            ("2026-10-25", 25),
            ("2026-10-26", 24),
        ] {
            let day = Day::parse(day).expect("a date");
            assert_eq!(hours(day, berlin), expected, "{day:?}");
            assert_eq!(Day::of(day.start(berlin), berlin), day);
            assert_eq!(Day::of(UnixMillis(day.start(berlin).0 - 1), berlin), day.plus(-1));
        }
    }

    #[test]
    fn a_midnight_that_is_missing_or_comes_twice_is_found() {
        let gap = Day::new(2026, 2, 29);
        assert_eq!(gap.start(at_midnight).0, gap.0 * DAY);
        assert_eq!(Day::of(UnixMillis(gap.0 * DAY - 1), at_midnight), gap.plus(-1));
        let twice = Day::new(2026, 9, 25);
        assert_eq!(twice.start(at_midnight).0, twice.0 * DAY - HOUR);
    }
}
