//! Lots, energy and money into each other and back, to the unit.

use proptest::prelude::*;

use crate::{Etk, Idrs, market::*};

/// As deployed: 1 Wh is 1.00 ETK, a lot is 0.01 kWh.
fn pair() -> Pair {
    Pair::new(Etk(1000), 100_000).expect("a pair")
}

fn price(value: u16) -> Price {
    Price::new(value).expect("not zero")
}

fn fraction(numerator: u128, denominator: u128) -> Fraction {
    Fraction::new(numerator, denominator).expect("a denominator")
}

#[test]
fn a_tick_is_a_rupiah_for_a_kilowatt_hour() {
    let pair = pair();
    assert_eq!(pair.etk(Lots(1230)), Etk(1_230_000));
    assert_eq!(pair.kwh(Lots(1230)).exact().as_deref(), Some("12.3"));
    assert_eq!(pair.wh(Lots(1)), fraction(10, 1));
    assert_eq!(Pair::cost(Lots(1230), price(1445)), Idrs(1_777_350));
    assert_eq!(pair.price(price(1445), PriceUnit::Kwh), fraction(1445, 1));
    assert_eq!(
        pair.price(price(1445), PriceUnit::Etk).exact().as_deref(),
        Some("1.445")
    );
    assert_eq!(
        Pair::cost(TotalLots(u64::MAX), Price::MAX).0,
        i128::from(u64::MAX) * 65_535
    );
}

#[test]
fn what_is_below_a_lot_is_told_apart() {
    assert_eq!(pair().lots(Etk(2999)), (TotalLots(2), Etk(999)));
    assert_eq!(pair().lots(Etk(999)), (TotalLots(0), Etk(999)));
    assert_eq!(pair().lots(Etk(-1)), (TotalLots(0), Etk(-1)));
    let (lots, rest) = pair().lots(Etk(i128::MAX));
    assert_eq!(
        (lots, pair().etk(lots).0 + rest.0),
        (TotalLots(u64::MAX), i128::MAX)
    );
}

#[test]
fn a_price_that_no_decimal_can_write_stays_a_fraction() {
    let pair = Pair::new(Etk(30), 70).expect("a pair");
    let per_kwh = pair.price(price(10), PriceUnit::Kwh);
    assert_eq!(per_kwh, fraction(7, 30));
    assert_eq!((per_kwh.exact(), per_kwh.decimal(4).as_str()), (None, "0.2333"));
    assert_eq!(pair.price(price(10), PriceUnit::Etk), fraction(1, 3));
    assert_eq!(pair.wh(Lots(1)), fraction(3000, 7));
}

#[test]
fn amounts_are_exact_or_the_nearest_are_named() {
    use AmountUnit::{Etk as InEtk, Kwh, Lots as InLots};
    let between = |below, above| {
        Err(Mistyped::Between {
            below: Lots(below),
            above: Lots(above),
        })
    };
    let low = Err(Mistyped::TooLow { least: Lots(1) });
    let high = Err(Mistyped::TooHigh { most: Lots(u32::MAX) });
    for (text, unit, expected) in [
        ("12.3", Kwh, Ok(Lots(1230))),
        ("0.01", Kwh, Ok(Lots(1))),
        ("0.0100", Kwh, Ok(Lots(1))),
        ("007", InLots, Ok(Lots(7))),
        ("0.015", Kwh, between(1, 2)),
        ("0.009", Kwh, low),
        ("0", Kwh, low),
        ("0.00", InEtk, low),
        ("10", InEtk, Ok(Lots(1))),
        ("15", InEtk, between(1, 2)),
        ("10.001", InEtk, between(1, 2)),
        ("4294967295", InLots, Ok(Lots(u32::MAX))),
        ("4294967295.5", InLots, high),
        ("4294967296", InLots, high),
        ("99999999999999999999999999999999999999999", Kwh, high),
        ("0.0000000000000000000000001", Kwh, low),
        ("12.3000000000000000000000001", Kwh, between(1230, 1231)),
        ("999999999999999999.9999", Kwh, high),
        ("", Kwh, Err(Mistyped::NotANumber)),
        ("1,5", Kwh, Err(Mistyped::NotANumber)),
        ("1e3", Kwh, Err(Mistyped::NotANumber)),
        (" 1", Kwh, Err(Mistyped::NotANumber)),
        ("-1", Kwh, Err(Mistyped::NotANumber)),
        ("+1", Kwh, Err(Mistyped::NotANumber)),
        ("1.", Kwh, Err(Mistyped::NotANumber)),
        (".5", Kwh, Err(Mistyped::NotANumber)),
        ("1.2.3", Kwh, Err(Mistyped::NotANumber)),
        ("\u{661}", Kwh, Err(Mistyped::NotANumber)),
    ] {
        assert_eq!(pair().parse_amount(text, unit), expected, "{text:?}");
    }
}

#[test]
fn prices_are_exact_or_the_nearest_are_named() {
    let per_kwh = |text| pair().parse_price(text, PriceUnit::Kwh);
    assert_eq!(per_kwh("1445"), Ok(price(1445)));
    let between = Mistyped::Between {
        below: price(1444),
        above: price(1445),
    };
    assert_eq!(per_kwh("1444.70"), Err(between));
    assert_eq!(between.to_string(), "between 1444 and 1445");
    assert_eq!(per_kwh("0.5"), Err(Mistyped::TooLow { least: Price::MIN }));
    assert_eq!(per_kwh("65535"), Ok(Price::MAX));
    assert_eq!(per_kwh("65536"), Err(Mistyped::TooHigh { most: Price::MAX }));
    assert_eq!(pair().parse_price("1.445", PriceUnit::Etk), Ok(price(1445)));
}

#[test]
fn a_pair_that_cannot_be_is_refused() {
    for (lot, ratio) in [(0, 1), (-1, 1), (i128::MAX, 1), (1, 0), (1, u64::MAX)] {
        assert!(Pair::new(Etk(lot), ratio).is_err(), "{lot} {ratio}");
        let json = format!("{{\"lot\":\"{lot}\",\"ratio\":{ratio}}}");
        assert!(serde_json::from_str::<Pair>(&json).is_err(), "{json}");
    }
}

proptest! {
    #[test]
    fn what_is_shown_exactly_is_read_as_the_same(
        lot in 1..=1_000_000_i128, ratio in 1..=1_000_000_u64, lots in 1..=u32::MAX, value in 1..=u16::MAX,
    ) {
        let pair = Pair::new(Etk(lot), ratio).expect("a pair");
        for unit in [AmountUnit::Kwh, AmountUnit::Etk, AmountUnit::Lots] {
            let shown = pair.amount(Lots(lots), unit).exact();
            if let Some(shown) = shown.filter(|shown| shown.len() <= 18) {
                prop_assert_eq!(pair.parse_amount(&shown, unit), Ok(Lots(lots)), "{} {:?}", shown, unit);
            }
        }
        for unit in [PriceUnit::Kwh, PriceUnit::Etk] {
            let shown = pair.price(price(value), unit).exact();
            if let Some(shown) = shown.filter(|shown| shown.len() <= 18) {
                prop_assert_eq!(pair.parse_price(&shown, unit), Ok(price(value)), "{} {:?}", shown, unit);
            }
        }
    }

    #[test]
    fn etk_is_lots_and_what_is_below(lot in 1..=1_000_000_000_000_i128, etk in 0..=i128::from(i64::MAX)) {
        let pair = Pair::new(Etk(lot), 100).expect("a pair");
        let (lots, rest) = pair.lots(Etk(etk));
        prop_assert_eq!(pair.etk(lots).0 + rest.0, etk);
        prop_assert!((0..lot).contains(&rest.0));
    }
}
