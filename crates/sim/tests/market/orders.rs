//! Orders through the whole stack: placed, traded, cancelled, undone by reorganisations, found again after a restart.

use enerlink_domain::{
    Code, Status, TxKind, Wei,
    market::{Lots, OrderFlags, OrderStatus, Side, TicketKind},
    transaction::TxDetail,
    view::{OrderFilter, TicketView, TradeFilter},
    wallet::LockReason,
};
use enerlink_sim::node::{Fault, ReorgTxs, Span};

use crate::street::{Street, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_partly_filled_and_cancelled() {
    let street = Street::build().await;
    let before = street.money().await;
    let limit = TicketKind::Limit;
    let ask = street
        .place(street.ticket(0, Side::Ask, limit, 1_500, 10))
        .await
        .expect("an ask");
    assert_eq!(ask.kind, TxKind::PlaceOrder);
    assert!(
        matches!(
            ask.detail,
            Some(TxDetail::Place {
                side: Side::Ask,
                lots: Lots(10),
                ..
            })
        ),
        "{ask:?}"
    );
    let placed = street.order(&ask).await;
    assert_eq!((placed.status, placed.left), (OrderStatus::Open, Lots(10)));
    assert_eq!(placed.flags, Some(OrderFlags::GoodTillCancelled));

    let bid = street
        .place(street.ticket(1, Side::Bid, limit, 1_600, 4))
        .await
        .expect("a bid");
    let taken = street.order(&bid).await;
    assert_eq!(
        (taken.id, taken.status, taken.filled),
        (None, OrderStatus::Filled, Lots(4))
    );
    let part = street.order(&ask).await;
    assert_eq!(
        (part.status, part.filled, part.left),
        (OrderStatus::PartiallyFilled, Lots(4), Lots(6))
    );
    // More is asked for than there is: what an order that does not wait has missed is not traded.
    let at_once = street.ticket(1, Side::Bid, TicketKind::ImmediateOrCancel, 1_500, 9);
    let at_once = street.place(at_once).await.expect("what there is");
    let missed = street.order(&at_once).await;
    assert_eq!(
        (missed.status, missed.lots, missed.filled),
        (OrderStatus::Cancelled, Lots(9), Lots(6))
    );
    assert_eq!(street.order(&ask).await.status, OrderStatus::Filled);

    let trades = street
        .engine
        .trades(&TradeFilter::default(), 10, None)
        .await
        .expect("trades")
        .rows;
    let lots: Vec<_> = trades
        .iter()
        .map(|trade| (trade.lots.0, trade.price.get(), trade.side))
        .collect();
    assert_eq!(lots, [(6, 1_500, Side::Bid), (4, 1_500, Side::Bid)]);
    let figures = street.engine.market_state().stats.expect("figures");
    assert_eq!((figures.lots.0, figures.trades, figures.value.0), (10, 2, 15_000));
    let sold = street
        .engine
        .performance(street.accounts[0], Some(150_000))
        .await
        .expect("figures");
    assert_eq!((sold.net.0, sold.performance.sold.lots.0), (15_000, 10));

    // A ticket that would trade and must not, one that finds nothing, one that cannot be paid.
    let bid = street
        .place(street.ticket(2, Side::Bid, limit, 1_000, 3))
        .await
        .expect("a bid");
    for ticket in [
        street.ticket(0, Side::Ask, TicketKind::PostOnly, 900, 1),
        street.ticket(0, Side::Ask, TicketKind::ImmediateOrCancel, 1_100, 1),
        street.ticket(0, Side::Bid, limit, 60_000, 4_000_000),
    ] {
        let seen = street.engine.preview_ticket(ticket).await.expect("a preview");
        assert!(matches!(seen, TicketView::Blocked { .. }), "{seen:?}");
        let refused = street.engine.place_order(ticket).await.expect_err("a refusal");
        assert_eq!(refused.code, Code::OrderInvalid);
    }
    // An own order that is met is cancelled, and the order goes on.
    let own = street
        .place(street.ticket(2, Side::Ask, limit, 1_000, 2))
        .await
        .expect("an ask");
    assert_eq!(street.order(&bid).await.status, OrderStatus::Cancelled);
    assert_eq!(street.order(&own).await.status, OrderStatus::Open);

    let id = street.order(&own).await.id.expect("it rests");
    let foreign = street.engine.cancel_orders(street.accounts[0], vec![id]).await;
    assert_eq!(foreign.expect_err("a refusal").code, Code::OrderForeign);
    let cancelled = street
        .engine
        .cancel_all_orders(street.accounts[2])
        .await
        .expect("queued");
    assert_eq!(cancelled.len(), 1);
    street.rest().await;
    assert_eq!(street.order(&own).await.status, OrderStatus::Cancelled);
    let closed = street.engine.cancel_orders(street.accounts[2], vec![id]).await;
    assert_eq!(closed.expect_err("a refusal").code, Code::OrderClosed);
    assert!(street.contract().await.is_empty());
    assert!(street.book(&street.engine).await.is_empty());
    assert_eq!(street.money().await, before, "no unit was lost or made");

    let filter = OrderFilter {
        trader: Some(street.accounts[2]),
        status: Some(OrderStatus::Cancelled),
        ..OrderFilter::default()
    };
    let page = street.engine.orders(&filter, 1, None).await.expect("orders");
    assert_eq!((page.rows.len(), page.rows[0].tx), (1, own.hash.expect("signed")));
    let page = street.engine.orders(&filter, 1, page.next).await.expect("orders");
    assert_eq!((page.rows[0].tx, page.next), (bid.hash.expect("signed"), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_network_takes_is_told_before() {
    let street = Street::build().await;
    let limit = TicketKind::Limit;
    let told = async |ticket| match street.engine.preview_ticket(ticket).await.expect("a preview") {
        TicketView::Ready { preview, fee } => (preview.gas, fee),
        TicketView::Blocked { problems } => panic!("{problems:?}"),
    };
    let free = told(street.ticket(0, Side::Ask, limit, 1_500, 10)).await;
    assert_eq!(free.1, Some(Wei(0)), "nothing is taken where gas is free");
    street.node().set_base_fee(1_000_000_000).await.expect("a fee");
    // What the next block takes is told by the last one.
    street.node().mine(1).await.expect("a block");
    street.rest().await;
    for (who, side, lots) in [(0, Side::Ask, 10), (1, Side::Bid, 4), (1, Side::Bid, 9)] {
        let ticket = street.ticket(who, side, limit, 1_500, lots);
        let (gas, fee) = told(ticket).await;
        let held = async || {
            let held = street.chain.native_balance(ticket.account).await;
            held.expect("a balance").0
        };
        let before = held().await;
        street.place(ticket).await.expect("placed");
        let taken = before - held().await;
        let fee = fee.expect("the node answers").0;
        assert!(0 < taken && taken <= fee, "{taken} of {fee}");
        assert!(u128::from(gas) * 1_000_000_000 <= fee, "{gas} for {fee}");
    }
    let ticket = street.ticket(0, Side::Ask, limit, 1_600, 1);
    let faults = street.node().faults();
    faults.set_for("eth_maxPriorityFeePerGas", Fault::Status(503), Span::UntilCleared);
    assert!(matches!(
        street.engine.preview_ticket(ticket).await,
        Ok(TicketView::Ready { fee: None, .. })
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_one_account_follow_each_other_with_their_permits() {
    let street = Street::build().await;
    for price in [100, 101, 102] {
        let ticket = street.ticket(0, Side::Bid, TicketKind::Limit, price, 5);
        street.engine.place_order(ticket).await.expect("queued");
    }
    street.rest().await;
    assert_eq!(
        street.contract().await.len(),
        3,
        "each had an allowance of its own"
    );
    street.engine.lock(LockReason::Person);
    let locked = street.ticket(0, Side::Bid, TicketKind::Limit, 103, 5);
    let refused = street.engine.place_order(locked).await.expect_err("a refusal");
    assert_eq!(refused.code, Code::Locked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_orders_than_a_transaction_takes_are_cancelled_with_two() {
    let street = Street::build().await;
    let before = street.money().await;
    for price in 100..117 {
        let ticket = street.ticket(0, Side::Bid, TicketKind::Limit, price, 1);
        street.engine.place_order(ticket).await.expect("queued");
    }
    street.rest().await;
    assert_eq!(street.contract().await.len(), 17);
    let account = street.accounts[0];
    let queued = street.engine.cancel_all_orders(account).await.expect("queued");
    let orders = queued.iter().map(|tx| match &tx.detail {
        Some(TxDetail::Cancel { orders }) => orders.len(),
        detail => panic!("{detail:?}"),
    });
    assert_eq!(orders.collect::<Vec<_>>(), [16, 1]);
    street.rest().await;
    for tx in queued {
        let done = street.engine.transaction(tx.id).await.expect("the transaction");
        assert_eq!(done.stage.status(), Status::Success, "{done:?}");
    }
    assert!(street.contract().await.is_empty());
    assert!(street.book(&street.engine).await.is_empty());
    assert_eq!(street.money().await, before, "all of it came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_wallet_sees_the_same_book() {
    let street = Street::build().await;
    let limit = TicketKind::Limit;
    street
        .place(street.ticket(0, Side::Ask, limit, 1_500, 10))
        .await
        .expect("an ask");
    street
        .place(street.ticket(1, Side::Bid, limit, 1_500, 3))
        .await
        .expect("a bid");
    let (_home, other) = street.neighbour().await;
    until("the neighbour to have read everything", async || {
        street.is_current(&other).await
    })
    .await;
    let (mine, theirs) = (street.engine.market_state(), other.market_state());
    assert_eq!(
        (mine.stats, mine.block, mine.pair),
        (theirs.stats, theirs.block, theirs.pair)
    );
    street
        .place(street.ticket(2, Side::Bid, limit, 1_400, 2))
        .await
        .expect("a bid");
    until("the neighbour to follow", async || {
        street.is_current(&other).await
    })
    .await;
    assert_eq!(street.engine.market_state().stats, other.market_state().stats);
    other.stop().await;
}

/// Undoes the last `depth` blocks, in which an order was placed, traded and cancelled, and holds the transactions back.
async fn undone(depth: u64, restart: bool) {
    let mut street = Street::build().await;
    let limit = TicketKind::Limit;
    let kept = street
        .place(street.ticket(0, Side::Ask, limit, 1_500, 10))
        .await
        .expect("an ask");
    let second = street
        .place(street.ticket(0, Side::Ask, limit, 1_600, 5))
        .await
        .expect("an ask");
    let before = (
        street.contract().await,
        street.engine.market_state().stats.expect("figures"),
    );
    let blocks = street.node().block_number().await.expect("a height");
    // What the blocks hold that go away: as many transactions as there are blocks.
    street
        .place(street.ticket(1, Side::Bid, limit, 1_500, 4))
        .await
        .expect("a trade");
    if depth > 1 {
        let id = street.order(&second).await.id.expect("it rests");
        street
            .engine
            .cancel_orders(street.accounts[0], vec![id])
            .await
            .expect("queued");
        street.rest().await;
    }
    for price in 2..depth {
        let bid = street.ticket(2, Side::Bid, limit, 1_000 + price as u16, 1);
        street.place(bid).await.expect("a bid");
    }
    let after = street.contract().await;
    assert_eq!(
        street.node().block_number().await.expect("a height"),
        blocks + depth
    );
    let faults = street.node().faults().clone();
    faults.set_for("eth_sendRawTransaction", Fault::Status(503), Span::UntilCleared);
    let reorganise = async |street: &Street| {
        let removed = street
            .node()
            .reorg(depth, ReorgTxs::Drop)
            .await
            .expect("a reorganisation");
        assert_eq!(removed.len() as u64, depth);
        street.node().mine(1).await.expect("a block");
    };
    match restart {
        true => street.restart(reorganise).await,
        false => reorganise(&street).await,
    }
    until("the book to be taken back", async || {
        street.is_current(&street.engine).await
    })
    .await;
    assert_eq!(street.contract().await, before.0);
    let book = street.book(&street.engine).await;
    assert_eq!(book.len(), 2);
    let row = street.order(&kept).await;
    assert_eq!(
        (row.status, row.left, row.ended_at),
        (OrderStatus::Open, Lots(10), None)
    );
    let row = street.order(&second).await;
    assert_eq!((row.status, row.left), (OrderStatus::Open, Lots(5)));
    assert_eq!(
        street.engine.market_state().stats,
        Some(before.1),
        "candles and figures too"
    );
    let trades = street
        .engine
        .trades(&TradeFilter::default(), 10, None)
        .await
        .expect("trades");
    assert!(trades.rows.is_empty(), "{trades:?}");
    street.pending().await;
    faults.clear();
    street.rest().await;
    // The same bytes in the same order: the same book.
    assert_eq!(street.contract().await, after);
    let lots = |orders: &[enerlink_domain::market::OpenOrder]| orders.len();
    assert_eq!(street.book(&street.engine).await.len(), lots(&after));
    assert_eq!(street.order(&kept).await.status, OrderStatus::PartiallyFilled);
    assert_eq!(street.engine.market_state().alarm, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reorganisation_takes_one_block_back() {
    undone(1, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reorganisation_takes_two_blocks_back() {
    undone(2, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reorganisation_takes_five_blocks_back() {
    undone(5, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reorganisation_while_the_engine_is_away_is_found() {
    undone(5, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_book_is_there_again_after_a_restart() {
    let mut street = Street::build().await;
    let limit = TicketKind::Limit;
    street
        .place(street.ticket(0, Side::Ask, limit, 1_500, 10))
        .await
        .expect("an ask");
    street
        .place(street.ticket(1, Side::Bid, limit, 1_500, 3))
        .await
        .expect("a bid");
    street
        .place(street.ticket(1, Side::Bid, limit, 1_200, 3))
        .await
        .expect("a bid");
    let (book, stats) = (
        street.book(&street.engine).await,
        street.engine.market_state().stats,
    );
    street.restart(async |_| {}).await;
    street.rest().await;
    assert_eq!(street.book(&street.engine).await, book);
    assert_eq!(street.engine.market_state().stats, stats);
    street
        .place(street.ticket(2, Side::Bid, limit, 1_500, 7))
        .await
        .expect("the rest");
    let left = street.book(&street.engine).await;
    assert_eq!(left.len(), 1);
    let contract = street.contract().await;
    assert!(
        contract
            .iter()
            .all(|order| left.get(&order.id) == Some(&(order.trader, order.lots)))
    );
}
