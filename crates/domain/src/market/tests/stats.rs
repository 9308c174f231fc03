//! Figures of a day and of an account.

use crate::{Address, Etk, Idrs, UnixMillis, market::*};

const ALICE: Address = Address([1; 20]);
const BOB: Address = Address([2; 20]);

fn pair() -> Pair {
    Pair::new(Etk(1000), 100_000).expect("a pair")
}

fn price(value: u16) -> Price {
    Price::new(value).expect("not zero")
}

fn trade(side: Side, value: u16, lots: u32, maker: Address, taker: Address) -> MarketEvent {
    MarketEvent::Trade {
        maker_order: OrderId::new(0, side, price(value), 0).expect("in range"),
        maker,
        taker,
        lots: Lots(lots),
    }
}

#[test]
fn the_day_is_summed_up() {
    let empty = MarketStats::of(&Book::new(), None, Some(price(5)));
    assert_eq!(
        (empty.last, empty.average, empty.best_bid, empty.lots),
        (Some(price(5)), None, None, TotalLots(0))
    );
    let tick = |value, lots| Tick {
        at: UnixMillis(0),
        price: price(value),
        lots: Lots(lots),
    };
    let mut book = Book::new();
    let id = book.next_id(Side::Ask, price(12)).expect("known");
    let placed = MarketEvent::Placed {
        id,
        trader: ALICE,
        lots: Lots(3),
    };
    book.apply_event(&placed).expect("it follows the rules");
    let day = Candle::of_ticks([tick(10, 1), tick(13, 2), tick(9, 1)]);
    let stats = MarketStats::of(&book, day.as_ref(), Some(price(5)));
    assert_eq!(
        (stats.last, stats.high, stats.low),
        (Some(price(9)), Some(price(13)), Some(price(9)))
    );
    assert_eq!(
        (stats.lots, stats.value, stats.change_bps),
        (TotalLots(4), Idrs(45), Some(-1000))
    );
    assert_eq!(
        (stats.average, stats.best_ask),
        (Fraction::new(45, 4), Some(price(12)))
    );
    assert_eq!((stats.asks.value, stats.asks.orders), (Idrs(36), 1));
}

#[test]
fn both_parties_see_their_side_of_a_trade() {
    let event = trade(Side::Ask, 1200, 100, ALICE, BOB);
    let side = |account| OwnTrade::of(&event, account).map(|trade| trade.side);
    assert_eq!(
        (side(ALICE), side(BOB), side(Address::ZERO)),
        (Some(Side::Ask), Some(Side::Bid), None)
    );
}

#[test]
fn performance_is_compared_with_the_tariff() {
    let mut performance = Performance::default();
    for event in [
        // A kilowatt-hour bought for 1200 and two for 1300, three lots sold for 1000 a kilowatt-hour.
        trade(Side::Ask, 1200, 100, BOB, ALICE),
        trade(Side::Bid, 1300, 200, ALICE, BOB),
        trade(Side::Bid, 1000, 3, BOB, ALICE),
    ] {
        performance.add(OwnTrade::of(&event, ALICE).expect("she has part in it"));
    }
    assert_eq!(
        (performance.bought.value, performance.sold.value),
        (Idrs(380_000), Idrs(3000))
    );
    assert_eq!(performance.net(), Idrs(-377_000));
    let average = performance.bought.average().expect("there are trades");
    assert_eq!(pair().rate(average, PriceUnit::Kwh).decimal(2), "1266.67");
    // Three kilowatt-hours at 1444.70 are 4334.10; 0.03 are 43.341.
    let against = performance.against_tariff(pair(), 144_470);
    assert_eq!(
        (against.saved, against.gained),
        (Idrs(433_410 - 380_000), Idrs(3000 - 4334))
    );
    assert_eq!(
        Performance::default().against_tariff(pair(), u64::MAX).saved,
        Idrs(0)
    );
}
