//! Rows of the book.

use proptest::prelude::*;

use crate::{Address, Idrs, market::*};

fn price(value: u16) -> Price {
    Price::new(value).expect("not zero")
}

/// A book of one order of so many lots at each price.
fn book(bids: &[(u16, u32)], asks: &[(u16, u32)]) -> Book {
    let mut book = Book::new();
    for (side, orders) in [(Side::Bid, bids), (Side::Ask, asks)] {
        for (value, lots) in orders {
            let event = MarketEvent::Placed {
                id: book.next_id(side, price(*value)).expect("known"),
                trader: Address([*value as u8; 20]),
                lots: Lots(*lots),
            };
            book.apply_event(&event).expect("it follows the rules");
        }
    }
    book
}

fn shown(rows: &[DepthRow]) -> Vec<(u16, u64, u64)> {
    rows.iter()
        .map(|row| (row.price.get(), row.lots.0, row.cumulative.0))
        .collect()
}

#[test]
fn rows_are_grouped_away_from_the_middle() {
    let mut book = book(
        &[(99, 1), (95, 2), (90, 3), (89, 4), (3, 5)],
        &[(101, 1), (110, 2), (111, 3), (65_535, 4)],
    );
    let single = book.depth(1, 2);
    assert_eq!(shown(&single.bids), [(99, 1, 1), (95, 2, 3)]);
    assert_eq!(shown(&single.asks), [(101, 1, 1), (110, 2, 3)]);
    assert_eq!(
        (single.spread, single.middle),
        (Some(price(2)), Fraction::new(100, 1))
    );
    book.watch(&[Address([95; 20]), Address([111; 20])]);
    let tens = book.depth(10, 9);
    assert_eq!(
        shown(&tens.bids),
        [(90, 6, 6), (80, 4, 10), (1, 5, 15)],
        "no price is below one"
    );
    assert_eq!(
        shown(&tens.asks),
        [(110, 3, 3), (120, 3, 6), (65_535, 4, 10)],
        "nor above the highest"
    );
    assert_eq!(tens.bids[0].own, TotalLots(2));
    assert_eq!(tens.asks[1].own, TotalLots(3));
    assert_eq!(tens.bids[0].orders, 3);
    assert_eq!(tens.bids[1].cumulative_value, Idrs(99 + 2 * 95 + 3 * 90 + 4 * 89));
}

#[test]
fn an_empty_side_has_no_middle() {
    let depth = book(&[(7, 1)], &[]).depth(1, 10);
    assert_eq!((depth.asks.len(), depth.spread, depth.middle), (0, None, None));
}

#[test]
fn a_curve_ends_where_it_should() {
    let book = book(&[], &[(100, 1), (119, 2), (120, 3), (121, 4)]);
    assert_eq!(
        shown(&book.depth_curve(Side::Ask, price(20), 5)),
        [(100, 1, 1), (120, 5, 6)]
    );
    assert_eq!(book.depth_curve(Side::Ask, price(20), 0).len(), 0);
}

proptest! {
    #[test]
    fn grouping_neither_loses_nor_adds(
        orders in prop::collection::btree_map(1..2000_u16, 1..100_u32, 1..60), group in 1..200_u16, ask: bool,
    ) {
        let orders: Vec<(u16, u32)> = orders.into_iter().collect();
        let side = if ask { Side::Ask } else { Side::Bid };
        let book = if ask { book(&[], &orders) } else { book(&orders, &[]) };
        let depth = book.depth(group, 5000);
        let rows = if ask { depth.asks } else { depth.bids };
        let last = rows.last().expect("a row");
        let totals = book.totals(side);
        prop_assert_eq!((last.cumulative, last.cumulative_value), (totals.lots, totals.value));
        prop_assert_eq!(rows.iter().map(|row| row.orders).sum::<u64>(), totals.orders);
        prop_assert!(rows.windows(2).all(|pair| side.better(pair[0].price, pair[1].price)));
    }
}
