//! Which stretch of time the energy page shows, and how it is divided into bars.

use enerlink_domain::UnixMillis;

use crate::{
    calendar::{Day, HOUR, Zone},
    format,
    i18n::{Key, Language},
};

/// Months that a range may have: the core takes at most 400 bars.
const MOST_MONTHS: i64 = 240;
/// A range up to this many days has a bar every hour.
const HOURLY: i64 = 3;
/// A range up to this many days has a bar every day.
const DAILY: i64 = 92;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Day,
    Week,
    Month,
    Year,
    Range,
}

impl Scale {
    /// Every scale, in the order of the switch.
    pub(crate) const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Year, Self::Range];

    /// Its name on the switch.
    pub(crate) fn label(self) -> Key {
        match self {
            Self::Day => Key::ScaleDay,
            Self::Week => Key::ScaleWeek,
            Self::Month => Key::ScaleMonth,
            Self::Year => Key::ScaleYear,
            Self::Range => Key::ScaleRange,
        }
    }

    /// The word in test ids.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::Range => "range",
        }
    }
}

/// How much time a bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Hour,
    Day,
    Month,
}

/// Whole days that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// What it is called.
    pub scale: Scale,
    /// Its first day.
    pub first: Day,
    /// Its last day.
    pub last: Day,
}

impl Period {
    /// The day, week, month or year in which `day` lies; the day alone as a range.
    pub(crate) fn around(scale: Scale, day: Day) -> Self {
        let (year, month, _) = day.parts();
        let (first, next) = match scale {
            Scale::Day | Scale::Range => (day, day.plus(1)),
            Scale::Week => {
                let monday = day.plus(-(day.weekday() as i64));
                (monday, monday.plus(7))
            }
            Scale::Month => (Day::new(year, month, 1), Day::new(year, month + 1, 1)),
            Scale::Year => (Day::new(year, 0, 1), Day::new(year + 1, 0, 1)),
        };
        Self {
            scale,
            first,
            last: next.plus(-1),
        }
    }

    /// Any days, in whichever order, cut at what can be shown.
    pub(crate) fn range(one: Day, other: Day) -> Self {
        let (first, last) = (one.min(other), one.max(other));
        let (year, month, day) = first.parts();
        Self {
            scale: Scale::Range,
            first,
            last: last.min(Day::new(year, month + MOST_MONTHS, day)),
        }
    }

    /// The next period of its kind, or with -1 the one before.
    pub(crate) fn shifted(self, by: i64) -> Self {
        let (year, month, _) = self.first.parts();
        let day = match self.scale {
            Scale::Day => self.first.plus(by),
            Scale::Week => self.first.plus(7 * by),
            Scale::Month => Day::new(year, month + by, 1),
            Scale::Year => Day::new(year + by, 0, 1),
            Scale::Range => {
                let days = self.days() * by;
                return Self {
                    first: self.first.plus(days),
                    last: self.last.plus(days),
                    ..self
                };
            }
        };
        Self::around(self.scale, day)
    }

    /// How many days it has.
    pub(crate) fn days(self) -> i64 {
        self.last.since(self.first) + 1
    }

    /// Whether a day lies in it.
    pub(crate) fn holds(self, day: Day) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// Its first moment.
    pub(crate) fn from(self, zone: Zone) -> UnixMillis {
        self.first.start(zone)
    }

    /// The first moment after it.
    pub(crate) fn to(self, zone: Zone) -> UnixMillis {
        self.last.plus(1).start(zone)
    }

    /// How much time a bar stands for.
    pub(crate) fn unit(self) -> Unit {
        match (self.scale, self.days()) {
            (Scale::Day, _) => Unit::Hour,
            (Scale::Week | Scale::Month, _) => Unit::Day,
            (Scale::Year, _) => Unit::Month,
            (Scale::Range, ..=HOURLY) => Unit::Hour,
            (Scale::Range, ..=DAILY) => Unit::Day,
            (Scale::Range, _) => Unit::Month,
        }
    }

    /// The moments between its bars, the first and the last included.
    pub(crate) fn edges(self, zone: Zone) -> Vec<UnixMillis> {
        let (from, to) = (self.from(zone), self.to(zone));
        let mut edges: Vec<UnixMillis> = match self.unit() {
            Unit::Hour => (from.0..to.0).step_by(HOUR as usize).map(UnixMillis).collect(),
            Unit::Day => (0..self.days())
                .map(|days| self.first.plus(days).start(zone))
                .collect(),
            Unit::Month => {
                let (year, month, _) = self.first.parts();
                let months = (1..).map(|next| Day::new(year, month + next, 1));
                std::iter::once(self.first)
                    .chain(months.take_while(|day| *day <= self.last))
                    .map(|day| day.start(zone))
                    .collect()
            }
        };
        edges.push(to);
        edges
    }

    /// The same stretch of the period before, as far as this one has come at `now`.
    pub(crate) fn before(self, now: UnixMillis, zone: Zone) -> (UnixMillis, UnixMillis) {
        let before = self.shifted(-1);
        let (from, to) = (before.from(zone), before.to(zone));
        let gone = now.0 - self.from(zone).0;
        let until = if now < self.to(zone) {
            to.0.min(from.0 + gone.max(HOUR))
        } else {
            to.0
        };
        (from, UnixMillis(until))
    }

    /// Its name, `Sat 21 Nov 2026`.
    pub(crate) fn label(self, language: Language) -> String {
        let first = self.first.as_utc();
        match self.scale {
            Scale::Day => day_label(language, self.first),
            Scale::Month => format::month_and_year(language, first, 0),
            Scale::Year => self.first.parts().0.to_string(),
            Scale::Week | Scale::Range if self.first == self.last => day_label(language, self.first),
            Scale::Week | Scale::Range => {
                let last = format::date(language, self.last.as_utc(), 0);
                let first = if self.first.parts().0 == self.last.parts().0 {
                    format::day_and_month(language, first, 0)
                } else {
                    format::date(language, first, 0)
                };
                format!("{first} – {last}")
            }
        }
    }
}

/// `Sat 21 Nov 2026`.
pub(crate) fn day_label(language: Language, day: Day) -> String {
    let weekday = format::weekday(language, day.weekday());
    format!("{weekday} {}", format::date(language, day.as_utc(), 0))
}

/// What a bar is called: the hour, the day or the month that begins at `at`.
pub(crate) fn bar_label(language: Language, unit: Unit, at: UnixMillis, zone: Zone) -> String {
    let offset = zone(at.0);
    match unit {
        Unit::Hour => format!(
            "{} {}",
            format::day_and_month(language, at, offset),
            format::time_of_day(at, offset)
        ),
        Unit::Day => day_label(language, Day::of(at, zone)),
        Unit::Month => format::month_and_year(language, at, offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::tests::{berlin, jakarta};

    fn day(text: &str) -> Day {
        Day::parse(text).expect("a date")
    }

    #[test]
    fn a_period_goes_from_its_first_to_its_last_day() {
        for (scale, first, last, bars, label, indonesian) in [
            (
                Scale::Day,
                "2026-11-21",
                "2026-11-21",
                24,
                "Sat 21 Nov 2026",
                "Sab 21 Nov 2026",
            ),
            (
                Scale::Week,
                "2026-11-16",
                "2026-11-22",
                7,
                "16 Nov – 22 Nov 2026",
                "16 Nov – 22 Nov 2026",
            ),
            (
                Scale::Month,
                "2026-11-01",
                "2026-11-30",
                30,
                "November 2026",
                "November 2026",
            ),
            (Scale::Year, "2026-01-01", "2026-12-31", 12, "2026", "2026"),
        ] {
            let period = Period::around(scale, day("2026-11-21"));
            assert_eq!((period.first, period.last), (day(first), day(last)), "{scale:?}");
            assert_eq!(period.edges(jakarta).len(), bars + 1, "{scale:?}");
            let shown = |language| period.label(language).replace('\u{a0}', " ");
            assert_eq!(shown(Language::English), label);
            assert_eq!(shown(Language::Indonesian), indonesian);
            assert!(period.holds(day("2026-11-21")) && !period.holds(day("2025-11-21")));
        }
    }

    #[test]
    fn arrows_lead_to_the_neighbour_and_back() {
        for (scale, next) in [
            (Scale::Day, "2027-01-01"),
            (Scale::Week, "2027-01-04"),
            (Scale::Month, "2027-01-01"),
            (Scale::Year, "2027-01-01"),
            (Scale::Range, "2027-01-01"),
        ] {
            let period = Period::around(scale, day("2026-12-31"));
            assert_eq!(period.shifted(1).first, day(next), "{scale:?}");
            assert_eq!(period.shifted(1).shifted(-1), period, "{scale:?}");
            assert_eq!(period.shifted(1).first, period.last.plus(1), "{scale:?}");
        }
    }

    #[test]
    fn a_range_is_divided_by_its_length() {
        for (last, unit, bars) in [
            ("2026-11-21", Unit::Hour, 24),
            ("2026-11-23", Unit::Hour, 72),
            ("2026-11-24", Unit::Day, 4),
            ("2027-02-20", Unit::Day, 92),
            ("2027-02-21", Unit::Month, 4),
            ("2199-01-01", Unit::Month, 241),
        ] {
            let period = Period::range(day(last), day("2026-11-21"));
            assert_eq!(period.unit(), unit, "{last}");
            assert_eq!(period.edges(jakarta).len(), bars + 1, "{last}");
        }
    }

    #[test]
    fn edges_follow_the_clock_of_the_household() {
        for (date, bars) in [("2026-03-29", 23), ("2026-10-25", 25)] {
            let period = Period::around(Scale::Day, day(date));
            let edges = period.edges(berlin);
            assert_eq!(edges.len(), bars + 1, "{date}");
            assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
        }
        let march = Period::around(Scale::Month, day("2026-03-01")).edges(berlin);
        let hours = |at: usize| (march[at + 1].0 - march[at].0) / HOUR;
        assert_eq!((hours(27), hours(28), hours(29)), (24, 23, 24));
    }

    #[test]
    fn a_period_that_still_runs_is_compared_as_far_as_it_has_come() {
        let today = Period::around(Scale::Day, day("2026-11-21"));
        let morning = UnixMillis(today.from(jakarta).0 + 10 * HOUR);
        let (from, to) = today.before(morning, jakarta);
        assert_eq!(from, day("2026-11-20").start(jakarta));
        assert_eq!((to.0 - from.0) / HOUR, 10);
        let (_, whole) = today.before(UnixMillis(today.to(jakarta).0 + 1), jakarta);
        assert_eq!(whole, today.from(jakarta));
        // March has more days than February.
        let march = Period::around(Scale::Month, day("2026-03-30"));
        let (_, to) = march.before(day("2026-03-31").start(jakarta), jakarta);
        assert_eq!(to, march.from(jakarta));
    }
}
