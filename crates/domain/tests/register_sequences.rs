//! Sequences of messages, as tables: what time and counters do, and what is counted of it and why.

use std::fmt::Write as _;

use enerlink_domain::{
    MicroWh, Registers, Sensors, Subsystem, UnixMillis, Verdict,
    reading::DeviceTime,
    register::{CounterSource, Delivery, Pair, Remark},
};

/// 3 600 W: one milli-watt-hour in a millisecond, so that a limit is easily seen.
const RATED_W: u32 = 3_600;
const DAY: i64 = 86_400_000;

/// A message: the clock of this computer in ms, the device's time, the exported counters in mWh.
struct Heard {
    at: i64,
    time: Option<DeviceTime>,
    total: Option<u64>,
    settlement: Option<u64>,
    daily: Option<u64>,
}

fn heard(at: i64, uptime: u32, total: u64) -> Heard {
    Heard {
        at,
        time: Some(DeviceTime::Uptime(uptime)),
        total: Some(total),
        settlement: None,
        daily: None,
    }
}

fn sensors(message: &Heard) -> Sensors {
    let milli = |value: Option<u64>| value.map(|value| MicroWh(value * 1000));
    let zero = |value: Option<u64>| value.map(|_| MicroWh::ZERO);
    Sensors {
        device_time: message.time,
        export: Some(Subsystem {
            total_energy: milli(message.total),
            settlement_energy: milli(message.settlement),
            daily_energy: milli(message.daily),
            ..Subsystem::default()
        }),
        import: Some(Subsystem {
            total_energy: zero(message.total),
            settlement_energy: zero(message.settlement),
            ..Subsystem::default()
        }),
        ..Sensors::default()
    }
}

/// What became of each message: `+` what was added in mWh, then the remark; or the reason why not.
fn told(source: CounterSource, messages: &[Heard]) -> (Registers, String) {
    let mut registers = Registers::new(source);
    let mut words = String::new();
    for message in messages {
        let before = registers.export;
        let verdict = registers.apply(
            &sensors(message),
            UnixMillis(message.at),
            Delivery::First,
            RATED_W,
        );
        assert!(registers.export >= before, "a register fell");
        match verdict {
            Verdict::First => words.push_str("first"),
            Verdict::Counted { added, remark, .. } => {
                write!(words, " +{}", added.export.0 / 1000).expect("a string");
                if let Some(remark) = remark {
                    write!(words, "/{}", remark.as_str()).expect("a string");
                }
            }
            Verdict::Refused { reason } => write!(words, " {}", reason.as_str()).expect("a string"),
        }
    }
    (registers, words)
}

fn totals(messages: &[Heard]) -> String {
    told(CounterSource::Total, messages).1
}

#[test]
fn uptime_that_goes_back_is_a_reboot_a_rollover_or_a_late_message() {
    let start = u32::MAX - 4_999;
    for (what, messages, expected) in [
        (
            "a rollover after 2^32 ms",
            vec![
                heard(0, start, 100),
                heard(5_000, 0, 600),
                heard(10_000, 5_000, 1_100),
            ],
            "first +500/rollover +500",
        ),
        (
            "a rollover in which nothing flowed",
            vec![
                heard(0, start, 100),
                heard(5_000, 0, 100),
                heard(10_000, 5_000, 100),
            ],
            "first +0/rollover +0",
        ),
        (
            "a reboot in the silence",
            vec![heard(0, 900_000, 100), heard(60_000, 20_000, 5_100)],
            "first +5000/rebooted",
        ),
        (
            "a reboot without energy shows by its rising uptime",
            vec![
                heard(0, 900_000, 100),
                heard(60_000, 5_000, 100),
                heard(65_000, 10_000, 100),
                heard(70_000, 15_000, 100),
            ],
            "first late late +0/rebooted",
        ),
        (
            "a message from before a reboot comes after it, and was up longer",
            vec![
                heard(0, 900_000, 100),
                heard(60_000, 20_000, 5_100),
                heard(61_000, 905_000, 600),
                heard(65_000, 25_000, 5_600),
            ],
            "first +5000/rebooted late +500",
        ),
        (
            "a message from before a reboot comes after it, and could have come from a second one",
            vec![
                heard(0, 900_000, 100),
                heard(60_000, 2_900, 5_100),
                heard(66_000, 4_800, 600),
                heard(75_000, 17_900, 6_600),
            ],
            "first +5000/rebooted late +1500",
        ),
        (
            "a reset soon after a reboot lasts",
            vec![
                heard(0, 900_000, 100),
                heard(60_000, 20_000, 5_100),
                heard(65_000, 25_000, 500),
                heard(70_000, 30_000, 1_000),
                heard(75_000, 35_000, 1_500),
                heard(80_000, 40_000, 2_000),
            ],
            "first +5000/rebooted late late +1500/counter_reset +500",
        ),
        (
            "a late message, also near the turn of the uptime",
            vec![
                heard(0, 900_000, 100),
                heard(5_000, 905_000, 600),
                heard(5_100, 902_000, 300),
                heard(10_000, 910_000, 1_100),
            ],
            "first +500 late +500",
        ),
        (
            "the message from before the turn comes after it",
            vec![
                heard(0, start, 100),
                heard(5_000, 0, 600),
                heard(5_100, start, 100),
            ],
            "first +500/rollover late",
        ),
        (
            "the same message again",
            vec![
                heard(0, 900_000, 100),
                heard(5_000, 905_000, 600),
                heard(5_000, 905_000, 600),
            ],
            "first +500 duplicate",
        ),
    ] {
        let messages = messages.as_slice();
        let turned: Vec<Heard> = messages
            .iter()
            .map(|heard| Heard {
                at: 1_790_000_000_000 + heard.at,
                ..*heard
            })
            .collect();
        assert_eq!(totals(&turned), expected, "{what}");
    }
}

#[test]
fn a_clock_of_this_computer_that_jumps_a_day_neither_stops_nor_doubles_the_count() {
    let noon = 1_790_000_000_000;
    for (what, jump, first) in [
        ("back", -DAY, "+500/clock_set_back"),
        // A day of silence with an uptime of fifteen minutes cannot be told from a reboot; the energy is the same.
        ("forward", DAY, "+500/rebooted"),
    ] {
        let messages = [
            heard(noon, 900_000, 100),
            heard(noon + 5_000 + jump, 905_000, 600),
            heard(noon + 10_000 + jump, 910_000, 1_100),
            heard(noon + 10_000 + jump, 910_000, 1_100),
            heard(noon + 15_000, 915_000, 1_600),
        ];
        let (registers, words) = told(CounterSource::Total, &messages);
        let last = if jump > 0 {
            "+500/clock_set_back"
        } else {
            "+500/rebooted"
        };
        assert_eq!(words, format!("first {first} +500 duplicate {last}"), "{what}");
        assert_eq!(registers.export, MicroWh(1_600_000), "{what}");
    }
}

#[test]
fn a_reboot_behind_a_clock_that_was_set_back_is_believed_when_it_lasts() {
    let noon = 1_790_000_000_000;
    let messages = [
        heard(noon, 900_000, 100),
        // No time has passed by the clock: it may be a message from before, until three of them rise.
        heard(noon + 60_000 - DAY, 40_000, 600),
        heard(noon + 65_000 - DAY, 45_000, 1_100),
        heard(noon + 70_000 - DAY, 50_000, 1_600),
        heard(noon + 75_000 - DAY, 55_000, 2_100),
    ];
    assert_eq!(totals(&messages), "first late late +1500/rebooted +500");
}

#[test]
fn a_device_without_a_clock_counts_on_when_the_clock_here_is_set_back() {
    let without = |at: i64, total: u64| Heard {
        time: None,
        ..heard(at, 0, total)
    };
    let noon = 1_790_000_000_000;
    let messages = [
        without(noon, 100),
        // Five seconds of energy, and no time by the clock: it counts as soon as time has passed.
        without(noon + 5_000 - DAY, 5_100),
        without(noon + 10_000 - DAY, 6_000),
        without(noon + 15_000 - DAY, 7_000),
    ];
    assert_eq!(totals(&messages), "first impossible +5900 +1000");
}

#[test]
fn a_device_clock_that_is_wrong_by_a_day_is_not_believed() {
    let noon = 1_790_000_000_000_i64;
    let unix = |at: i64, device: i64, total: u64| Heard {
        time: Some(DeviceTime::Unix(device)),
        ..heard(at, 0, total)
    };
    let messages = [
        unix(noon, noon, 100),
        unix(noon + 5_000, noon + 5_000 - DAY, 600),
        unix(noon + 10_000, noon + 10_000, 1_100),
        unix(noon + 11_000, noon + 4_000, 500),
        unix(noon + 15_000, noon + 15_000, 1_600),
    ];
    assert_eq!(totals(&messages), "first +500 +500 late +500");
}

#[test]
fn a_counter_that_falls_is_noise_a_reset_or_a_new_day() {
    let with = |at: u32, total: Option<u64>, settlement: Option<u64>, daily: Option<u64>| Heard {
        at: 1_790_000_000_000 + i64::from(at),
        time: Some(DeviceTime::Uptime(900_000 + at)),
        total,
        settlement,
        daily,
    };
    let total = |at, value| with(at, Some(value), None, None);
    let settlement = |at, value| with(at, None, Some(value), None);
    use CounterSource::{Settlement, Total};
    for (what, source, messages, expected) in [
        (
            "noise of 0.001 Wh is not counted on the way up again",
            Total,
            vec![
                total(0, 1_000),
                total(5_000, 999),
                total(10_000, 1_000),
                total(15_000, 1_500),
            ],
            "first +0/noise +0 +500",
        ),
        (
            "noise of 0.01 Wh is the most",
            Total,
            vec![total(0, 1_000), total(5_000, 990), total(10_000, 1_000)],
            "first +0/noise +0",
        ),
        (
            "a fall by more is a reset, and counts from zero",
            Total,
            vec![total(0, 1_000), total(5_000, 400), total(10_000, 900)],
            "first +400/counter_reset +500",
        ),
        (
            "midnight sets the daily counter back and nothing else",
            Total,
            vec![
                with(0, Some(1_000), None, Some(700)),
                with(5_000, Some(1_500), None, Some(1_200)),
                with(10_000, Some(2_000), None, Some(0)),
                with(15_000, Some(2_500), None, Some(500)),
            ],
            "first +500 +500 +500",
        ),
        (
            "a reset of the display does not touch totals",
            Total,
            vec![
                with(0, Some(1_000), Some(900), None),
                with(5_000, Some(1_500), Some(0), None),
                with(10_000, Some(2_000), Some(500), None),
            ],
            "first +500 +500",
        ),
        (
            "settlement counters alone follow their own resets",
            Settlement,
            vec![
                settlement(0, 15_000),
                settlement(5_000, 15_500),
                settlement(10_000, 0),
                settlement(15_000, 400),
            ],
            "first +500 +0/counter_reset +400",
        ),
        (
            "noise of settlement counters",
            Settlement,
            vec![
                settlement(0, 15_000),
                settlement(5_000, 14_999),
                settlement(10_000, 15_200),
            ],
            "first +0/noise +200",
        ),
        (
            "a replaced meter that shows much is a new baseline",
            Total,
            vec![total(0, 900_000), total(5_000, 800_000), total(10_000, 800_500)],
            "first +0/counter_reset +500",
        ),
    ] {
        let (_, words) = told(source, &messages);
        assert_eq!(words, expected, "{what}");
    }
}

#[test]
fn the_opening_balance_is_bounded_and_can_be_taken_and_skipped() {
    let first = |total, settlement| Heard {
        at: 1_790_000_000_000,
        time: None,
        total,
        settlement: Some(settlement),
        daily: None,
    };
    let export = |value: u64| Pair {
        export: MicroWh(value * 1000),
        import: MicroWh::ZERO,
    };
    let day = 24 * u64::from(RATED_W) * 1000;
    for (what, source, message, offered) in [
        (
            "what the display shows",
            CounterSource::Total,
            first(Some(5_000), 3_000),
            3_000,
        ),
        (
            "not more than was ever counted",
            CounterSource::Total,
            first(Some(2_000), 3_000),
            2_000,
        ),
        (
            "not more than a day",
            CounterSource::Total,
            first(Some(9 * day), 8 * day),
            day,
        ),
        (
            "a meter without totals",
            CounterSource::Settlement,
            first(None, 3_000),
            3_000,
        ),
        (
            "not more than a day, without totals",
            CounterSource::Settlement,
            first(None, 2 * day),
            day,
        ),
    ] {
        let (skipped, _) = told(source, &[message]);
        assert_eq!(skipped.opening, export(offered), "{what}");
        let owed = |registers: &Registers| registers.export.0 - registers.first.export.0;
        assert_eq!(owed(&skipped), 0, "{what}");
        let mut taken = skipped;
        taken.take_opening();
        assert_eq!(owed(&taken), offered * 1000, "{what}");
        taken.skip_opening();
        assert_eq!(taken, skipped, "{what}");
    }
}

#[test]
fn remarks_come_back_from_their_words() {
    for remark in Remark::ALL {
        assert_eq!(Remark::parse(remark.as_str()), Some(remark));
        assert_eq!(
            serde_json::to_string(&remark).expect("json"),
            format!("{:?}", remark.as_str())
        );
    }
}
