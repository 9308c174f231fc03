//! Candles: where they begin, what they sum up, what lies between them.

use proptest::prelude::*;

use crate::{Idrs, UnixMillis, market::*};

const MINUTE: i64 = 60_000;
/// Jakarta.
const WIB: i32 = 7 * 60;

fn tick(at: i64, price: u16, lots: u32) -> Tick {
    Tick {
        at: UnixMillis(at),
        price: Price::new(price).expect("not zero"),
        lots: Lots(lots),
    }
}

fn candles(width: Width, ticks: &[Tick]) -> Candles {
    let mut candles = Candles::new(width, WIB);
    for tick in ticks {
        candles.push(*tick).expect("in order");
    }
    candles
}

#[test]
fn a_candle_is_the_sum_of_its_trades() {
    let made = candles(
        Width::Minute,
        &[
            tick(0, 10, 1),
            tick(1, 14, 2),
            tick(59_999, 9, 3),
            tick(MINUTE, 11, 1),
        ],
    );
    let [first, second] = made.all() else {
        panic!("two candles: {made:?}");
    };
    let prices = [first.open, first.high, first.low, first.close].map(Price::get);
    assert_eq!(prices, [10, 14, 9, 9]);
    assert_eq!(
        (first.lots, first.value, first.trades),
        (TotalLots(6), Idrs(65), 3)
    );
    assert_eq!(first.average(), Fraction::new(65, 6));
    assert_eq!((second.start, second.open.get()), (UnixMillis(MINUTE), 11));
}

#[test]
fn days_begin_at_midnight_of_the_zone_and_hours_at_those_of_utc() {
    let midnight = 17 * 60 * MINUTE;
    let day = |at| Width::Day.start_of(UnixMillis(at), WIB).0;
    assert_eq!(
        (day(midnight - 1), day(midnight)),
        (midnight - 24 * 60 * MINUTE, midnight)
    );
    assert_eq!(Width::Hour.start_of(UnixMillis(90 * MINUTE), 330).0, 60 * MINUTE);
    assert_eq!(Width::Quarter.start_of(UnixMillis(-1), 0).0, -15 * MINUTE);
}

#[test]
fn gaps_are_told_apart() {
    let made = candles(Width::Minute, &[tick(0, 10, 1), tick(3 * MINUTE, 12, 1)]);
    let slots = made.slots(UnixMillis(-MINUTE), UnixMillis(5 * MINUTE - 1), 100);
    let shown: Vec<(i64, Option<u16>, bool)> = slots
        .iter()
        .map(|slot| match slot {
            Slot::Candle(candle) => (candle.start.0 / MINUTE, Some(candle.close.get()), true),
            Slot::Gap { start, last } => (start.0 / MINUTE, last.map(Price::get), false),
        })
        .collect();
    let expected = [
        (-1, None, false),
        (0, Some(10), true),
        (1, Some(10), false),
        (2, Some(10), false),
        (3, Some(12), true),
        (4, Some(12), false),
    ];
    assert_eq!(shown, expected);
    let latest = made.slots(UnixMillis(-MINUTE), UnixMillis(5 * MINUTE - 1), 2);
    assert_eq!(latest, slots[4..]);
    let gap = made.slots(UnixMillis(MINUTE), UnixMillis(2 * MINUTE), 9);
    assert_eq!(gap, slots[2..3]);
    assert_eq!(made.slots(UnixMillis(MINUTE), UnixMillis(0), 9), []);
}

#[test]
fn a_late_trade_is_refused_and_a_reorganisation_starts_over() {
    let ticks = [tick(0, 10, 1), tick(MINUTE, 11, 1), tick(MINUTE + 5, 12, 1)];
    let mut made = candles(Width::Minute, &ticks);
    let late = Late {
        at: UnixMillis(MINUTE),
        last: UnixMillis(MINUTE + 5),
    };
    assert_eq!(made.push(ticks[1]), Err(late));
    assert_eq!(made.drop_from(UnixMillis(MINUTE + 5)), UnixMillis(MINUTE));
    made.push(ticks[1]).expect("again");
    assert_eq!(made, candles(Width::Minute, &ticks[..2]));
}

#[test]
fn candles_that_do_not_fit_are_not_widened() {
    let hours = candles(Width::Hour, &[tick(0, 10, 1)]);
    assert!(hours.widen(Width::Day, WIB).is_ok());
    let early = candles(Width::Hour, &[tick(18 * 60 * MINUTE, 10, 1)]);
    assert_eq!(
        early.widen(Width::Day, 5 * 60 + 30),
        Err(Unaligned),
        "midnight is within it"
    );
    assert_eq!(hours.widen(Width::Minute, WIB), Err(Unaligned));
}

proptest! {
    #[test]
    fn wider_candles_are_those_of_the_trades(
        steps in prop::collection::vec((0..40 * MINUTE, 1..100_u16, 1..50_u32), 1..80),
    ) {
        let mut at = 0;
        let ticks: Vec<Tick> = steps
            .into_iter()
            .map(|(step, price, lots)| {
                at += step;
                tick(at, price, lots)
            })
            .collect();
        for narrow in Width::ALL {
            let made = candles(narrow, &ticks);
            for wide in Width::ALL.into_iter().filter(|wide| *wide >= narrow) {
                prop_assert_eq!(made.widen(wide, WIB), Ok(candles(wide, &ticks)));
            }
            let sum = Candle::sum(made.all()).expect("there are trades");
            let all = Candle::of_ticks(ticks.iter().copied()).expect("there are trades");
            prop_assert_eq!(Candle { start: all.start, ..sum }, all);
            let lots: u64 = ticks.iter().map(|tick| u64::from(tick.lots.0)).sum();
            prop_assert_eq!(all.lots, TotalLots(lots));
        }
    }
}
