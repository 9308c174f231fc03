//! Scales, gaps and words of charts.

use enerlink_domain::view::Spread;

use super::*;
use crate::calendar::tests::{berlin, jakarta};

fn steady(power: MicroWatts) -> Spread {
    Spread {
        mean: power,
        low: power,
        high: power,
    }
}

fn plot(values: &[(i64, Option<i64>)]) -> Plot {
    let points = values.iter().map(|(at, watts)| PowerPoint {
        at: UnixMillis(*at),
        solar: watts.map(|watts| steady(MicroWatts(watts * 1_000_000))),
        load: None,
        grid: None,
        battery: None,
    });
    Plot {
        points: points.collect(),
        bucket_ms: 300_000,
        span: Span::of(UnixMillis(0), None, UnixMillis(DAY)),
        now: UnixMillis(DAY),
        bands: false,
    }
}

fn utc(_: i64) -> i64 {
    0
}

#[test]
fn the_scale_has_round_steps() {
    for (watts, milliwatts, above) in [
        (0, 500, 2),
        (1, 500, 2),
        (3, 1000, 3),
        (9, 5000, 2),
        (830, 500_000, 2),
        (2840, 1_000_000, 3),
        (4100, 2_000_000, 3),
        (47_000, 20_000_000, 3),
    ] {
        let plot = plot(&[(0, Some(watts))]);
        let expected = Rise {
            step: milliwatts * 1000,
            below: 0,
            above,
        };
        assert_eq!(rise(&plot, &[Series::Solar]), expected, "{watts}");
    }
}

#[test]
fn what_is_below_zero_has_room_too() {
    let rise = Rise::of(-2_100_000_000, 5_000_000_000);
    assert_eq!(
        rise,
        Rise {
            step: 2_000_000_000,
            below: 2,
            above: 3
        }
    );
    let lines: Vec<i64> = rise.lines().map(|line| line / 1_000_000_000).collect();
    assert_eq!(lines, [-4, -2, 0, 2, 4, 6]);
    let layout = Layout::of(656.0, 136.0);
    assert_eq!(layout.y(-4_000_000_000, rise), layout.bottom);
    assert_eq!(layout.y(6_000_000_000, rise), layout.top);
    assert_eq!(Rise::of(0, i64::MAX).below, 0);
}

#[test]
fn a_gap_breaks_the_line() {
    let plot = plot(&[
        (0, Some(1)),
        (300_000, Some(2)),
        (600_000, None),
        (900_000, Some(3)),
        (3_600_000, Some(4)),
    ]);
    let solar = |point: &PowerPoint| Series::Solar.of(point).map(|power| power.0);
    let lengths: Vec<usize> = runs(&plot, solar).iter().map(Vec::len).collect();
    assert_eq!(lengths, [3, 2, 2]);
    let last = runs(&plot, solar)[2].clone();
    assert_eq!(last[1], (UnixMillis(3_900_000), 4_000_000));
}

#[test]
fn only_the_stretch_that_is_shown_is_drawn() {
    let mut plot = plot(&[
        (0, Some(900)),
        (300_000, Some(1)),
        (600_000, Some(2)),
        (900_000, Some(3)),
    ]);
    plot.span = Span::between(UnixMillis(350_000), UnixMillis(700_000));
    let times: Vec<i64> = shown(&plot).iter().map(|point| point.at.0).collect();
    assert_eq!(times, [300_000, 600_000, 900_000]);
    assert_eq!(rise(&plot, &[Series::Solar]).step, 1_000_000);
    plot.points.clear();
    assert!(shown(&plot).is_empty());
}

#[test]
fn the_pointer_finds_the_nearest_bucket_but_no_far_one() {
    let plot = plot(&[(0, Some(1)), (300_000, Some(2))]);
    assert_eq!(
        nearest(&plot, UnixMillis(200_000)).map(|point| point.at),
        Some(UnixMillis(300_000))
    );
    assert_eq!(nearest(&plot, UnixMillis(9_000_000)), None);
    let layout = Layout::of(650.0, 240.0);
    let at = UnixMillis(43_200_000);
    assert_eq!(layout.time_at(layout.x(at, plot.span), plot.span), at);
}

#[test]
fn a_short_history_fills_the_chart() {
    let nine = UnixMillis(9 * 60 * MINUTE);
    for (heard, minutes, ticks, first) in [
        (0, 15, 4, "09:03"),
        (15, 15, 4, "09:03"),
        (16, 30, 5, "09:05"),
        (61, 90, 5, "09:15"),
        (179, 180, 5, "09:30"),
        (180, 1440, 7, "03:00"),
        (600, 1440, 7, "03:00"),
    ] {
        let now = UnixMillis(nine.0 + heard * MINUTE);
        let span = Span::of(UnixMillis(0), Some(nine), now);
        let shown = span.ticks(utc);
        assert_eq!(span.width() / MINUTE, minutes, "{heard}");
        assert_eq!(shown.len(), ticks, "{heard}");
        assert_eq!(crate::format::time_of_day(shown[0], 0), first, "{heard}");
        assert!(span.from <= now && now <= span.to, "{heard}");
        assert_eq!(span.is_part(), minutes < 1440, "{heard}");
    }
    assert!(!Span::of(UnixMillis(0), None, nine).is_part());
    // Jakarta's day begins at 17:00 UTC.
    let start = UnixMillis(-7 * 60 * MINUTE);
    let span = Span::of(start, None, start);
    assert_eq!(crate::format::time_of_day(span.ticks(jakarta)[0], 420), "03:00");
}

#[test]
fn any_stretch_has_a_handful_of_words() {
    let from = Day::new(2026, 9, 20).start(berlin);
    for (width, words, least) in [
        (MINUTE, TickWords::Seconds, 5),
        (2 * MINUTE, TickWords::Seconds, 3),
        (MINUTE * 45, TickWords::Times, 4),
        (DAY, TickWords::Times, 7),
        (8 * DAY, TickWords::Days, 7),
        (31 * DAY, TickWords::Days, 4),
        (120 * DAY, TickWords::Days, 8),
        (366 * DAY, TickWords::Months, 11),
        (3000 * DAY, TickWords::Months, 7),
    ] {
        let span = Span::between(from, UnixMillis(from.0 + width));
        let ticks = span.ticks(berlin);
        assert_eq!(span.words(), words, "{width}");
        assert!((least..=13).contains(&ticks.len()), "{width}: {}", ticks.len());
        let at_midnight = |at: &UnixMillis| Day::of(*at, berlin).start(berlin) == *at;
        assert!(words == TickWords::Seconds || words == TickWords::Times || ticks.iter().all(at_midnight));
    }
}

#[test]
fn a_band_has_room_where_it_is_drawn() {
    let mut plot = plot(&[(0, Some(900))]);
    plot.points[0].solar = Some(Spread {
        mean: MicroWatts(900_000_000),
        low: MicroWatts(-100_000_000),
        high: MicroWatts(4_100_000_000),
    });
    assert_eq!(rise(&plot, &[Series::Solar]).above, 2, "a line of 900 W");
    plot.bands = true;
    let rise = rise(&plot, &[Series::Solar]);
    assert!(
        rise.step * rise.above >= 4_100_000_000 && rise.below > 0,
        "{rise:?}"
    );
}
