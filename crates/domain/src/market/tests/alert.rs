//! Alerts speak once.

use crate::market::*;

fn price(value: u16) -> Option<Price> {
    Price::new(value)
}

#[test]
fn an_alert_speaks_once_until_it_is_armed_again() {
    let limit = price(1000).expect("not zero");
    let mut alert = PriceAlert::new(Watched::BestAsk, Direction::Below, limit);
    let quote = |ask| Quote {
        last: price(1),
        bid: price(1),
        ask: price(ask),
    };
    for (ask, said) in [
        (0, None),
        (1001, None),
        (1000, price(1000)),
        (999, None),
        (1500, None),
        (900, None),
    ] {
        assert_eq!(alert.look(&quote(ask)), said, "{ask}");
    }
    assert_eq!(alert.fired, price(1000));
    alert.rearm();
    assert_eq!(alert.look(&quote(900)), price(900), "it is true already");
}

#[test]
fn each_alert_watches_its_own_price() {
    let quote = Quote {
        last: price(10),
        bid: price(9),
        ask: price(11),
    };
    let limit = price(10).expect("not zero");
    for (watched, above, below) in [
        (Watched::Last, price(10), price(10)),
        (Watched::BestBid, None, price(9)),
        (Watched::BestAsk, price(11), None),
    ] {
        assert_eq!(
            PriceAlert::new(watched, Direction::Above, limit).look(&quote),
            above
        );
        assert_eq!(
            PriceAlert::new(watched, Direction::Below, limit).look(&quote),
            below
        );
        assert_eq!(
            PriceAlert::new(watched, Direction::Below, limit).look(&Quote::default()),
            None
        );
    }
}
