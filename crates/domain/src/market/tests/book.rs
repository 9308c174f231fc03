//! What the book refuses to believe, and what it cannot know.

use crate::{Address, BlockHash, TxHash, UnixMillis, market::*};

const ALICE: Address = Address([1; 20]);
const BOB: Address = Address([2; 20]);

fn price(value: u16) -> Price {
    Price::new(value).expect("not zero")
}

fn id(generation: u64, side: Side, value: u16, sequence: u64) -> OrderId {
    OrderId::new(generation, side, price(value), sequence).expect("in range")
}

fn placed(id: OrderId, trader: Address, lots: u32) -> MarketEvent {
    MarketEvent::Placed {
        id,
        trader,
        lots: Lots(lots),
    }
}

fn traded(maker_order: OrderId, maker: Address, taker: Address, lots: u32) -> MarketEvent {
    MarketEvent::Trade {
        maker_order,
        maker,
        taker,
        lots: Lots(lots),
    }
}

fn cancelled(id: OrderId, lots: u32) -> MarketEvent {
    MarketEvent::Cancelled {
        id,
        lots_left: Lots(lots),
    }
}

fn book(events: &[MarketEvent]) -> Book {
    let mut book = Book::new();
    for event in events {
        book.apply_event(event).expect("it follows the rules");
    }
    book
}

fn bid(trader: Address, value: u16, lots: u32, max_fills: u8) -> NewOrder {
    NewOrder {
        trader,
        side: Side::Bid,
        price: price(value),
        lots: Lots(lots),
        flags: OrderFlags::GoodTillCancelled,
        max_fills,
    }
}

#[test]
fn what_breaks_the_rules_is_named_and_changes_nothing() {
    use Side::{Ask, Bid};
    let (first, second, dear) = (id(0, Ask, 100, 0), id(0, Ask, 100, 1), id(0, Ask, 101, 0));
    let mut book = book(&[
        placed(first, ALICE, 5),
        placed(second, BOB, 5),
        placed(dear, BOB, 5),
    ]);
    let before = book.snapshot();
    let best = price(100);
    for (event, divergence) in [
        (
            placed(id(0, Bid, 99, 0), BOB, 0),
            Divergence::NoLots {
                id: id(0, Bid, 99, 0),
            },
        ),
        (
            placed(id(0, Bid, 100, 0), BOB, 1),
            Divergence::Crossed {
                id: id(0, Bid, 100, 0),
                best,
            },
        ),
        (
            placed(id(1, Ask, 100, 2), BOB, 1),
            Divergence::Generation {
                id: id(1, Ask, 100, 2),
                expected: 0,
            },
        ),
        (
            placed(id(1, Ask, 102, 0), BOB, 1),
            Divergence::Generation {
                id: id(1, Ask, 102, 0),
                expected: 0,
            },
        ),
        (
            placed(id(0, Ask, 100, 3), BOB, 1),
            Divergence::Sequence {
                id: id(0, Ask, 100, 3),
                expected: 2,
            },
        ),
        (
            placed(second, BOB, 1),
            Divergence::Sequence {
                id: second,
                expected: 2,
            },
        ),
        (
            traded(id(0, Ask, 99, 0), ALICE, BOB, 1),
            Divergence::NotOpen {
                id: id(0, Ask, 99, 0),
            },
        ),
        (
            traded(id(1, Ask, 100, 0), ALICE, BOB, 1),
            Divergence::NotOpen {
                id: id(1, Ask, 100, 0),
            },
        ),
        (
            traded(dear, BOB, ALICE, 1),
            Divergence::NotBest { id: dear, best },
        ),
        (
            traded(second, BOB, ALICE, 1),
            Divergence::NotFirst {
                id: second,
                expected: first,
            },
        ),
        (
            traded(first, BOB, ALICE, 1),
            Divergence::Maker {
                id: first,
                expected: ALICE,
            },
        ),
        (traded(first, ALICE, ALICE, 1), Divergence::OwnTrade { id: first }),
        (
            traded(first, ALICE, BOB, 6),
            Divergence::LotsLeft {
                id: first,
                expected: Lots(5),
            },
        ),
        (
            cancelled(first, 4),
            Divergence::LotsLeft {
                id: first,
                expected: Lots(5),
            },
        ),
        (
            cancelled(id(0, Ask, 100, 2), 1),
            Divergence::NotOpen {
                id: id(0, Ask, 100, 2),
            },
        ),
    ] {
        assert_eq!(book.apply_event(&event).err(), Some(divergence), "{event:?}");
        assert_eq!(book.snapshot(), before, "{event:?}");
    }
    let log = MarketLog {
        block: 1,
        block_hash: BlockHash::default(),
        tx: TxHash::default(),
        log_index: 0,
        at: UnixMillis(0),
        event: traded(first, ALICE, BOB, 5),
    };
    let undo = book.apply(&log).expect("it follows the rules");
    assert_eq!(book.order(first), None);
    book.undo(undo);
    assert_eq!(book.snapshot(), before);
}

#[test]
fn a_price_that_empties_begins_a_new_generation() {
    let first = id(0, Side::Bid, 7, 0);
    let mut book = book(&[placed(first, ALICE, 1), cancelled(first, 1)]);
    assert_eq!(book.next_id(Side::Bid, price(7)), Some(id(1, Side::Bid, 7, 0)));
    let expected = Divergence::Generation {
        id: first,
        expected: 1,
    };
    assert_eq!(book.apply_event(&placed(first, ALICE, 1)).err(), Some(expected));
    book.apply_event(&placed(id(1, Side::Bid, 7, 0), BOB, 2))
        .expect("the new generation");
    let level = PriceLevel {
        price: price(7),
        orders: 1,
        lots: TotalLots(2),
    };
    assert!(book.levels(Side::Bid).eq([level]));
}

/// An ask of one lot, then `dead` that are cancelled, then one of one lot.
fn littered(dead: u64) -> Vec<MarketEvent> {
    let ask = |sequence| id(0, Side::Ask, 100, sequence);
    let mut events: Vec<MarketEvent> = (0..dead + 2)
        .map(|sequence| placed(ask(sequence), ALICE, 1))
        .collect();
    events.extend((1..=dead).map(|sequence| cancelled(ask(sequence), 1)));
    events
}

#[test]
fn eight_cancelled_orders_are_as_far_as_one_fill() {
    for (dead, max_fills, filled, steps) in [
        (8, 2, 1, 16),
        (7, 2, 2, 16),
        (8, 3, 2, 24),
        (16, 3, 1, 24),
        (0, 1, 1, 8),
    ] {
        let outcome = bid(BOB, 100, 5, max_fills)
            .outcome(&book(&littered(dead)))
            .expect("it is taken");
        assert_eq!(
            (outcome.filled, outcome.steps),
            (Lots(filled), steps),
            "{dead} {max_fills}"
        );
        assert!(outcome.certain);
        let rests = if filled == 2 { 3 } else { 0 };
        assert_eq!(
            (outcome.rests, outcome.dropped),
            (Lots(rests), Lots(5 - filled - rests)),
            "{dead} {max_fills}"
        );
    }
}

#[test]
fn lanes_that_were_passed_in_silence_are_not_certain_until_the_contract_tells() {
    let mut seen = book(&littered(8));
    let mut called = seen.clone();
    let outcome = bid(BOB, 100, 5, 2).outcome(&called).expect("it is taken");
    called.perform(&outcome.effect);
    for event in &outcome.effect.events {
        seen.apply_event(event).expect("it follows the rules");
    }
    let head = |book: &Book| book.place(Side::Ask, price(100)).expect("known").head;
    assert_eq!(
        (head(&called), head(&seen)),
        (9, 1),
        "eight lanes were passed without an event"
    );

    let next = bid(BOB, 100, 1, 1);
    let exact = next.outcome(&called).expect("it is taken");
    let least = next.outcome(&seen).expect("it is taken");
    assert_eq!((exact.filled, exact.certain), (Lots(1), true));
    assert_eq!((least.filled, least.certain), (Lots(0), false));
    assert!(
        bid(BOB, 100, 1, 2).outcome(&seen).expect("it is taken").certain,
        "there are steps left"
    );

    let truth = called.snapshot();
    assert_eq!(
        seen.differences(&truth.places, &truth.orders),
        [],
        "not a difference"
    );
    seen.adopt_heads(&truth.places);
    assert_eq!(next.outcome(&seen).expect("it is taken"), exact);
}

#[test]
fn differences_are_told_by_price_and_order() {
    let (first, second) = (id(0, Side::Ask, 100, 0), id(0, Side::Ask, 101, 0));
    let one = book(&[placed(first, ALICE, 5)]);
    let other = book(&[placed(first, BOB, 5), placed(second, BOB, 5)]);
    let (ours, theirs) = (one.snapshot(), other.snapshot());
    assert_eq!(
        one.differences(&theirs.places, &theirs.orders),
        [
            Difference::Place {
                book: None,
                chain: other.place(Side::Ask, price(101)),
            },
            Difference::Order {
                book: one.order(first),
                chain: other.order(first),
            },
            Difference::Order {
                book: None,
                chain: other.order(second),
            },
        ]
    );
    let missing = other.differences(&ours.places, &[]);
    assert_eq!(missing.len(), 3, "a price and both orders: {missing:?}");
    let moved = PlaceState {
        head: 1,
        tail: 2,
        ..ours.places[0]
    };
    assert_eq!(one.differences(&[moved], &ours.orders).len(), 1);
}

#[test]
fn a_list_that_is_no_book_is_refused() {
    let first = id(0, Side::Ask, 100, 0);
    let good = book(&[placed(first, ALICE, 5), placed(id(0, Side::Bid, 99, 0), BOB, 1)]).snapshot();
    assert!(Book::load(&good).is_ok());
    let with = |change: fn(&mut Snapshot)| {
        let mut bad = good.clone();
        change(&mut bad);
        Book::load(&bad).err()
    };
    assert!(matches!(
        with(|bad| bad.places.push(bad.places[0])),
        Some(LoadError::Place(_))
    ));
    assert!(matches!(
        with(|bad| bad.places[0].tail = 0),
        Some(LoadError::Place(_))
    ));
    assert!(matches!(
        with(|bad| bad.places[0].tail = 1 << 30),
        Some(LoadError::Place(_))
    ));
    assert!(matches!(
        with(|bad| bad.places[0].lots = TotalLots(6)),
        Some(LoadError::Sum { .. })
    ));
    assert!(matches!(
        with(|bad| bad.orders.push(bad.orders[0])),
        Some(LoadError::Order(_))
    ));
    assert!(matches!(
        with(|bad| bad.orders[0].lots = Lots(0)),
        Some(LoadError::Order(_))
    ));
    assert!(matches!(
        with(|bad| bad.places[0].generation = 1),
        Some(LoadError::Order(_))
    ));
    let crossed = book(&[placed(id(0, Side::Bid, 100, 0), BOB, 1)]).snapshot();
    let mut both = good.clone();
    both.places.extend(crossed.places);
    both.orders.extend(crossed.orders);
    assert_eq!(
        Book::load(&both).err(),
        Some(LoadError::Crossed {
            bid: price(100),
            ask: price(100),
        })
    );
}

#[test]
fn calls_that_the_contract_refuses_are_refused() {
    let mut book = book(&[placed(id(0, Side::Ask, 100, 0), ALICE, 5)]);
    let refused = |order: NewOrder| order.outcome(&book).err();
    assert_eq!(refused(bid(BOB, 100, 0, 1)), Some(Refusal::ZeroLots));
    assert_eq!(
        refused(bid(BOB, 100, 1, 0)),
        Some(Refusal::MaxFillsOutOfBounds { max_fills: 0 })
    );
    assert_eq!(
        refused(bid(BOB, 100, 1, 17)),
        Some(Refusal::MaxFillsOutOfBounds { max_fills: 17 })
    );
    let post_only = NewOrder {
        flags: OrderFlags::PostOnly,
        ..bid(ALICE, 100, 1, 1)
    };
    assert_eq!(
        refused(post_only),
        Some(Refusal::WouldCross { best: price(100) }),
        "own orders included"
    );
    let ids = [id(0, Side::Ask, 100, 0); 17];
    assert_eq!(
        book.cancel_many(ALICE, &ids).err(),
        Some(Refusal::TooManyOrders { count: 17 })
    );
    assert_eq!(
        book.cancel_many(BOB, &ids[..1]).err(),
        Some(Refusal::NotTrader { id: ids[0] })
    );
    assert_eq!(book.cancel_many(ALICE, &ids[..16]).expect("its own").len(), 1);
}

#[test]
fn a_market_order_is_bounded_by_its_slippage() {
    for (best, side, bps, expected) in [
        (1000, Side::Bid, 0, 1000),
        (1000, Side::Bid, 59, 1005),
        (1000, Side::Bid, 60, 1006),
        (1000, Side::Bid, u16::MAX, 7553),
        (65_000, Side::Bid, 500, 65_535),
        (1, Side::Bid, 500, 1),
        (90, Side::Ask, 1000, 81),
        (90, Side::Ask, 10_000, 1),
        (1, Side::Ask, 500, 1),
    ] {
        let best = Price::new(best).expect("not zero");
        assert_eq!(best.worse(side, bps).get(), expected, "{best} {side} {bps}");
    }
}

#[test]
fn what_is_told_survives_json() {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) {
        let text = serde_json::to_string(&value).expect("json");
        assert_eq!(serde_json::from_str::<T>(&text).expect("json"), value, "{text}");
    }
    let first = id(0, Side::Ask, 100, 0);
    let book = book(&[placed(first, ALICE, 5)]);
    same(Divergence::Maker {
        id: first,
        expected: BOB,
    });
    same(book.differences(&[], &[]));
    same(book.depth(1, 5));
    same(MarketStats::of(&book, None, None));
    same(bid(BOB, 100, 6, 2).outcome(&book).expect("it is taken"));
    same(Slot::Candle(Candle::of(
        UnixMillis(0),
        Tick {
            at: UnixMillis(0),
            price: price(1),
            lots: Lots(1),
        },
    )));
    same(Slot::Gap {
        start: UnixMillis(0),
        last: None,
    });
    same(Mistyped::Between {
        below: Lots(1),
        above: Lots(2),
    });
    same(PriceAlert::new(Watched::Last, Direction::Above, price(5)));
    same(Performance::default());
}

#[test]
fn a_million_orders_load_from_a_list() {
    let mut snapshot = Snapshot::default();
    for value in 1..=1000_u16 {
        snapshot.places.push(PlaceState {
            side: Side::Bid,
            price: price(value),
            generation: 3,
            head: 5,
            tail: 1005,
            lots: TotalLots(2000),
        });
        snapshot.orders.extend((5..1005).map(|sequence| OpenOrder {
            id: id(3, Side::Bid, value, sequence),
            trader: Address([(sequence % 251) as u8; 20]),
            lots: Lots(2),
        }));
    }
    let book = Book::load(&snapshot).expect("a book");
    assert_eq!(book.totals(Side::Bid).orders, 1_000_000);
    assert_eq!(
        book.position(id(3, Side::Bid, 1000, 1004)),
        Some(QueuePosition {
            orders: 999,
            lots: TotalLots(1998),
        })
    );
}
