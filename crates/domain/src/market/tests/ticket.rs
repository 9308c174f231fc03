//! Tickets: what is shown before signing is what happens, and what is refused says what would not be.

use proptest::prelude::*;

use crate::{Address, Etk, Idrs, Wei, event::Balances, market::*};

const ALICE: Address = Address([1; 20]);
const BOB: Address = Address([2; 20]);

fn pair() -> Pair {
    Pair::new(Etk(1000), 100_000).expect("a pair")
}

fn price(value: u16) -> Price {
    Price::new(value).expect("not zero")
}

fn balances(etk: i128, idrs: i128) -> Balances {
    Balances {
        account: ALICE,
        etk: Etk(etk),
        idrs: Idrs(idrs),
        native: Wei(0),
        block: 1,
    }
}

fn ticket(side: Side, kind: TicketKind, value: u16, lots: u32) -> Ticket {
    Ticket {
        account: ALICE,
        side,
        kind,
        price: price(value),
        lots: Lots(lots),
    }
}

fn book(orders: &[(Side, u16, u32, Address)]) -> Book {
    let mut book = Book::new();
    for (side, value, lots, trader) in orders {
        let event = MarketEvent::Placed {
            id: book.next_id(*side, price(*value)).expect("known"),
            trader: *trader,
            lots: Lots(*lots),
        };
        book.apply_event(&event).expect("it follows the rules");
    }
    book
}

/// Asks at 100, 110 and 120, of which one at 110 is Alice's own, and a bid at 90.
fn street() -> Book {
    book(&[
        (Side::Ask, 100, 10, BOB),
        (Side::Ask, 110, 5, ALICE),
        (Side::Ask, 110, 20, BOB),
        (Side::Ask, 120, 30, BOB),
        (Side::Bid, 90, 7, BOB),
    ])
}

#[test]
fn a_limit_order_is_shown_as_it_will_be() {
    let ticket = ticket(Side::Bid, TicketKind::Limit, 115, 40);
    let preview = ticket
        .check(&street(), &balances(500, 10_000), 0, pair())
        .expect("nothing is in the way");
    assert_eq!(preview.fills, [(price(100), Lots(10)), (price(110), Lots(20))]);
    assert_eq!(
        (preview.filled, preview.value, preview.rests),
        (Lots(30), Idrs(3200), Lots(10))
    );
    assert_eq!(
        (preview.average, preview.worst),
        (Fraction::new(320, 3), Some(price(110)))
    );
    // 3200 instead of 3000 is 6.666… % more.
    assert_eq!(preview.impact_bps, 667);
    assert_eq!(
        (preview.escrow, preview.total),
        (Amount::Idrs(Idrs(1150)), Idrs(4350))
    );
    assert_eq!(
        (preview.pays, preview.pays_at_most),
        (Amount::Idrs(Idrs(4350)), Amount::Idrs(Idrs(4600)))
    );
    assert_eq!(preview.approve, Some(Amount::Idrs(Idrs(4600))));
    assert_eq!(
        (preview.cancels.len(), preview.dropped, preview.certain),
        (1, Lots(0), true)
    );
    // 30 lots bought, 5 of the own order back.
    assert_eq!((preview.etk_after, preview.idrs_after), (Etk(35_500), Idrs(5650)));
    let allowed = ticket
        .check(&street(), &balances(500, 10_000), 4600, pair())
        .expect("nothing is in the way");
    assert_eq!(allowed.approve, None);
}

#[test]
fn a_market_order_forgets_what_it_cannot_trade() {
    let ticket = ticket(Side::Ask, TicketKind::Market, 80, 10);
    let preview = ticket
        .check(&street(), &balances(10_000, 0), u128::MAX, pair())
        .expect("nothing is in the way");
    assert_eq!(
        (preview.filled, preview.dropped, preview.rests),
        (Lots(7), Lots(3), Lots(0))
    );
    assert_eq!(
        (preview.pays, preview.escrow),
        (Amount::Etk(Etk(7000)), Amount::Etk(Etk(0)))
    );
    assert_eq!(
        (preview.etk_after, preview.idrs_after, preview.impact_bps),
        (Etk(3000), Idrs(630), 0)
    );
}

#[test]
fn what_rests_stands_behind_what_was_there() {
    let ticket = ticket(Side::Ask, TicketKind::PostOnly, 110, 4);
    let preview = ticket
        .check(&street(), &balances(4000, 0), 0, pair())
        .expect("nothing is in the way");
    assert_eq!(
        (preview.ahead, preview.rests, preview.average),
        (TotalLots(25), Lots(4), None)
    );
    assert_eq!(
        (preview.escrow, preview.total, preview.etk_after),
        (Amount::Etk(Etk(4000)), Idrs(440), Etk(0))
    );
}

#[test]
fn a_problem_says_what_would_work() {
    use Side::{Ask, Bid};
    use TicketKind::{ImmediateOrCancel, Limit, Market, PostOnly};
    let own = book(&[(Ask, 100, 3, ALICE)]);
    let free = balances(1_000_000, 1_000_000);
    for (book, ticket, balances, problem) in [
        (
            street(),
            ticket(Bid, Limit, 100, 0),
            free,
            TicketProblem::NoLots { least: Lots(1) },
        ),
        (
            street(),
            ticket(Bid, PostOnly, 100, 1),
            free,
            TicketProblem::WouldTrade {
                best: price(100),
                works: Some(price(99)),
            },
        ),
        (
            street(),
            ticket(Ask, PostOnly, 90, 1),
            free,
            TicketProblem::WouldTrade {
                best: price(90),
                works: Some(price(91)),
            },
        ),
        (
            book(&[(Ask, 1, 1, BOB)]),
            ticket(Bid, PostOnly, 1, 1),
            free,
            TicketProblem::WouldTrade {
                best: price(1),
                works: None,
            },
        ),
        (
            street(),
            ticket(Bid, Market, 99, 1),
            free,
            TicketProblem::NothingToTrade {
                works: Some(price(100)),
            },
        ),
        (
            Book::new(),
            ticket(Ask, ImmediateOrCancel, 1, 1),
            free,
            TicketProblem::NothingToTrade { works: None },
        ),
        (
            own,
            ticket(Bid, Market, 100, 1),
            free,
            TicketProblem::OnlyOwnOrders { lots: TotalLots(3) },
        ),
        (
            street(),
            ticket(Bid, Limit, 110, 30),
            balances(0, 2_100),
            TicketProblem::NotEnoughIdrs {
                needed: Idrs(3200),
                available: Idrs(2100),
                lots: Lots(20),
            },
        ),
        (
            street(),
            ticket(Ask, Limit, 200, 5),
            balances(4_999, 0),
            TicketProblem::NotEnoughEtk {
                needed: Etk(5000),
                available: Etk(4999),
                lots: Lots(4),
            },
        ),
    ] {
        assert_eq!(
            ticket.check(&book, &balances, 0, pair()),
            Err(vec![problem]),
            "{ticket:?}"
        );
    }
    let both = ticket(Bid, Market, 99, 1).check(&street(), &balances(0, -1), 0, pair());
    assert_eq!(
        both.map_err(|problems| problems.len()),
        Err(2),
        "all of them at once"
    );
}

/// The contract's own measurement of a call.
fn measured(call: &str) -> u64 {
    let table: serde_json::Value =
        serde_json::from_str(include_str!("../../../../../contracts/snapshots/market.json")).expect("json");
    let gas = table[call].as_str().and_then(|gas| gas.parse().ok());
    gas.unwrap_or_else(|| panic!("{call} is measured"))
}

#[test]
fn the_gas_that_is_told_is_enough_and_not_much_more() {
    let gas = |makers: u16, lots: u32| {
        let asks: Vec<_> = (0..makers)
            .map(|at| {
                (
                    Side::Ask,
                    100 + at,
                    1,
                    Address([3 + u8::try_from(at).expect("few"); 20]),
                )
            })
            .collect();
        let ticket = ticket(Side::Bid, TicketKind::Limit, 200, lots);
        let preview = ticket.check(&book(&asks), &balances(0, 1_000_000), 0, pair());
        preview.expect("nothing is in the way").gas
    };
    // A permit, and a trader's first order, cost something besides.
    let besides = 30_000 + 45_000;
    for (told, call, besides) in [
        (gas(0, 5), "place, new level, new bitmap word", besides),
        (gas(1, 1), "take 1 maker, bid", besides),
        (gas(10, 10), "take 10 makers, bid", besides),
        (gas(16, 17), "worst call: 16 fills, all new", 0),
    ] {
        let needed = measured(call);
        assert!(told >= needed, "{call}: {told}");
        assert!(told <= (needed + besides) * 5 / 2, "{call}: {told}");
    }
    assert!(gas(0, 5) >= measured("place, new level, new bitmap word") + besides);
}

proptest! {
    #[test]
    fn what_is_said_to_work_works_and_one_lot_more_does_not(
        orders in prop::collection::vec((any::<bool>(), 90..110_u16, 1..30_u32, any::<bool>()), 0..40),
        ask: bool, kind in 0..4_usize, value in 90..110_u16, lots in 1..2000_u32,
        etk in 0..300_000_i128, idrs in 0..30_000_i128,
    ) {
        let mut book = Book::new();
        for (ask, value, lots, own) in orders {
            let order = NewOrder {
                trader: if own { ALICE } else { BOB },
                side: if ask { Side::Ask } else { Side::Bid },
                price: price(value),
                lots: Lots(lots),
                flags: OrderFlags::GoodTillCancelled,
                max_fills: 16,
            };
            let outcome = order.outcome(&book).expect("it is taken");
            book.perform(&outcome.effect);
        }
        let kinds = [TicketKind::Limit, TicketKind::Market, TicketKind::PostOnly, TicketKind::ImmediateOrCancel];
        let side = if ask { Side::Ask } else { Side::Bid };
        let ticket = ticket(side, kinds[kind], value, lots);
        let balances = balances(etk, idrs);
        match ticket.check(&book, &balances, 0, pair()) {
            Ok(preview) => {
                prop_assert!(preview.etk_after.0 >= 0 && preview.idrs_after.0 >= 0);
                prop_assert_eq!(preview.filled.0 + preview.rests.0 + preview.dropped.0, lots);
                let most = |amount| match amount {
                    Amount::Etk(Etk(units)) | Amount::Idrs(Idrs(units)) => units,
                };
                prop_assert!(most(preview.pays) <= most(preview.pays_at_most));
                prop_assert_eq!(ticket.most(&book, &balances, pair()), Lots(lots));
                let json = serde_json::to_string(&preview).expect("json");
                prop_assert_eq!(serde_json::from_str::<Preview>(&json).expect("json"), preview);
            }
            Err(problems) => for problem in problems {
                let (smaller, larger) = match problem {
                    TicketProblem::NotEnoughIdrs { lots, .. } | TicketProblem::NotEnoughEtk { lots, .. } => {
                        (Ticket { lots, ..ticket }, Ticket { lots: Lots(lots.0 + 1), ..ticket })
                    }
                    TicketProblem::WouldTrade { works: Some(price), .. } => (Ticket { price, ..ticket }, ticket),
                    TicketProblem::NothingToTrade { works: Some(price) } => (Ticket { price, ..ticket }, ticket),
                    _ => continue,
                };
                let same = |found: Vec<TicketProblem>| {
                    found.iter().any(|found| std::mem::discriminant(found) == std::mem::discriminant(&problem))
                };
                let check = |ticket: Ticket| ticket.check(&book, &balances, 0, pair()).is_err_and(same);
                prop_assert!(smaller.lots == Lots::ZERO || !check(smaller), "{:?} {:?}", problem, smaller);
                prop_assert!(check(larger), "{:?} {:?}", problem, larger);
            }
        }
    }
}
