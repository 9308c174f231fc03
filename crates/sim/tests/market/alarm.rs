//! What the market says unasked: that book and contract differ, and that a price is reached.

use std::{collections::BTreeMap, path::PathBuf};

use enerlink_domain::{
    Address, Event, NoticeKind,
    market::{Direction, Lots, OrderId, OrderStatus, Price, PriceAlert, Side, TicketKind, Watched},
    view::{MarketPhase, OrderFilter, TradeFilter},
};
use enerlink_store::{OrderKey, Store, trade_orders};

use crate::street::{Street, until};

/// Somebody changes what is left of a stored order while the wallet is away.
async fn tamper(street: &Street, id: OrderId, left: Lots) {
    let path = PathBuf::from(street.engine.status().data_dir).join("enerlink.db");
    let store = Store::open(&path).await.expect("a database");
    let market = street.addresses.market.expect("a market");
    let tx = store.begin().await.expect("a transaction");
    let row = trade_orders::get(&tx, market, OrderKey::Resting(id)).await;
    let mut row = row.expect("a read").expect("the order");
    row.left = left;
    trade_orders::put(&tx, market, &mut [row]).await.expect("changed");
    tx.commit().await.expect("a commit");
    store.close().await.expect("a close");
}

/// Waits until the alarm is raised and the book is there all the same.
async fn alarm(street: &Street) -> String {
    until("the alarm", async || {
        let state = street.engine.market_state();
        state.alarm.is_some() && state.phase == MarketPhase::Live
    })
    .await;
    street.engine.market_state().alarm.expect("an alarm")
}

/// The details of the notices of a kind, in order.
async fn notices(street: &Street, kind: NoticeKind) -> Vec<String> {
    let rows = street.engine.notices(99, None).await.expect("notices").rows;
    let of_kind = rows.into_iter().filter(|notice| notice.kind == kind);
    let mut details: Vec<String> = of_kind.map(|notice| notice.detail).collect();
    details.sort();
    details
}

/// What rests, as the contract says itself.
async fn contract(street: &Street) -> BTreeMap<OrderId, (Address, Lots)> {
    let orders = street.contract().await.into_iter();
    orders
        .map(|order| (order.id, (order.trader, order.lots)))
        .collect()
}

/// Lots and prices of all trades, newest first.
async fn trades(street: &Street) -> Vec<(u32, u16)> {
    let page = street.engine.trades(&TradeFilter::default(), 99, None).await;
    let rows = page.expect("trades").rows;
    rows.iter().map(|row| (row.lots.0, row.price.get())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trade_that_the_book_cannot_have_raises_the_alarm_and_stays_in_the_history() {
    let mut street = Street::build().await;
    let mut asks = Vec::new();
    for price in [1_500, 1_600] {
        let ticket = street.ticket(0, Side::Ask, TicketKind::Limit, price, 10);
        let placed = street.place(ticket).await.expect("an ask");
        let id = street.order(&placed).await.id.expect("it rests");
        asks.push((placed, id));
    }
    // Less rests, as it is stored, than is traded next.
    street
        .restart(async |street: &Street| {
            tamper(street, asks[0].1, Lots(4)).await;
            tamper(street, asks[1].1, Lots(2)).await;
            street.buy(1_500, 6).await;
            street.buy(1_500, 4).await;
            street.buy(1_600, 3).await;
        })
        .await;
    let alarm = alarm(&street).await;
    assert!(alarm.contains("has 4 lots left"), "{alarm}");
    assert_eq!(notices(&street, NoticeKind::MarketDiverged).await, [alarm]);
    assert_eq!(street.book(&street.engine).await, contract(&street).await);
    assert_eq!(trades(&street).await, [(3, 1_600), (4, 1_500), (6, 1_500)]);
    let figures = street.engine.market_state().stats.expect("figures");
    assert_eq!((figures.trades, figures.lots.0, figures.value.0), (3, 13, 19_800));
    let (gone, left) = (street.order(&asks[0].0).await, street.order(&asks[1].0).await);
    assert_eq!((gone.status, gone.filled), (OrderStatus::Filled, Lots(10)));
    assert_eq!(
        (left.status, left.filled, left.left, left.ended_at),
        (OrderStatus::PartiallyFilled, Lots(3), Lots(7), None)
    );
    // What comes afterwards follows from the book again.
    street.buy(1_600, 7).await;
    until("the next trade", async || trades(&street).await.len() == 4).await;
    assert_eq!(street.order(&asks[1].0).await.status, OrderStatus::Filled);
    assert!(street.book(&street.engine).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_and_is_no_book_is_read_from_the_contract() {
    let mut street = Street::build().await;
    let limit = TicketKind::Limit;
    let sold = street
        .place(street.ticket(0, Side::Ask, limit, 1_500, 10))
        .await
        .expect("an ask");
    let id = street.order(&sold).await.id.expect("it rests");
    for ticket in [
        street.ticket(1, Side::Bid, limit, 1_500, 10),
        street.ticket(0, Side::Ask, limit, 1_600, 5),
    ] {
        street.place(ticket).await.expect("an order");
    }
    // An order rests again where none can.
    street
        .restart(async |street: &Street| tamper(street, id, Lots(3)).await)
        .await;
    let alarm = alarm(&street).await;
    assert!(alarm.contains("no book"), "{alarm}");
    let book = street.book(&street.engine).await;
    assert_eq!((book.len(), book), (1, contract(&street).await));
    assert_eq!(street.order(&sold).await.status, OrderStatus::Filled);
    assert_eq!(trades(&street).await, [(10, 1_500)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_that_is_not_the_contracts_raises_the_alarm_and_is_read_from_the_contract() {
    let mut street = Street::build().await;
    for (side, price) in [(Side::Ask, 1_500), (Side::Ask, 1_600), (Side::Bid, 1_300)] {
        let ticket = street.ticket(0, side, TicketKind::Limit, price, 10);
        street.place(ticket).await.expect("an order");
    }
    let told = street.book(&street.engine).await;
    let wrong = *told.keys().next().expect("an order");
    street
        .restart(async |street: &Street| tamper(street, wrong, Lots(7)).await)
        .await;
    let alarm = alarm(&street).await;
    assert!(alarm.contains("differences, the first"), "{alarm}");
    assert_eq!(street.book(&street.engine).await, told, "as the contract says");
    assert_eq!(notices(&street, NoticeKind::MarketDiverged).await, [alarm]);
    // What comes afterwards is read as ever.
    let ticket = street.ticket(1, Side::Bid, TicketKind::Limit, 1_500, 10);
    street.engine.place_order(ticket).await.expect("a bid");
    until("the ask to be traded", async || {
        let page = street.engine.orders(&OrderFilter::default(), 9, None).await;
        let rows = page.expect("orders").rows;
        rows.iter()
            .any(|row| (row.side, row.status) == (Side::Ask, OrderStatus::Filled))
    })
    .await;
    assert_eq!(street.book(&street.engine).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_somebody_waits_for_is_told_once() {
    let street = Street::build().await;
    let limit = Price::new(1_400).expect("not zero");
    let wanted = PriceAlert::new(Watched::BestAsk, Direction::Below, limit);
    let alert = street.engine.add_price_alert(wanted).await.expect("an alert");
    let mut events = street.engine.events();
    let fired = async || {
        let alerts = street.engine.price_alerts().await.expect("alerts");
        alerts[0].alert.fired.map(Price::get)
    };
    let ask = |price| street.ticket(0, Side::Ask, TicketKind::Limit, price, 10);
    street.place(ask(1_401)).await.expect("an ask");
    assert_eq!(fired().await, None, "it is not reached");
    street.place(ask(1_400)).await.expect("an ask");
    until("the alert", async || fired().await == Some(1_400)).await;
    street.place(ask(1_390)).await.expect("an ask");
    assert_eq!(fired().await, Some(1_400), "once is enough");
    street
        .engine
        .rearm_price_alert(alert.id)
        .await
        .expect("armed again");
    street.place(ask(1_380)).await.expect("an ask");
    until("the alert again", async || fired().await == Some(1_380)).await;
    let mut told = Vec::new();
    while told.len() < 2 {
        if let Event::PriceAlert(alert) = events.next().await.expect("an event") {
            told.push(alert.alert.fired.map(Price::get));
        }
    }
    assert_eq!(told, [Some(1_400), Some(1_380)]);
    street
        .engine
        .remove_price_alert(alert.id)
        .await
        .expect("forgotten");
    assert!(street.engine.price_alerts().await.expect("alerts").is_empty());
}

/// Waits for the last price to be 1 400 or below.
async fn wait_for_a_fall(street: &Street) {
    let limit = Price::new(1_400).expect("not zero");
    let wanted = PriceAlert::new(Watched::Last, Direction::Below, limit);
    street.engine.add_price_alert(wanted).await.expect("an alert");
}

/// The price at which the only alert has spoken.
async fn fired(street: &Street) -> Option<u16> {
    let alerts = street.engine.price_alerts().await.expect("alerts");
    alerts[0].alert.fired.map(Price::get)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_is_passed_within_a_block_is_told_and_each_order_that_is_filled_once() {
    let street = Street::build().await;
    let limit = TicketKind::Limit;
    for price in [1_400, 1_500] {
        let ticket = street.ticket(0, Side::Ask, limit, price, 1);
        street.place(ticket).await.expect("an ask");
    }
    wait_for_a_fall(&street).await;
    let ticket = street.ticket(1, Side::Bid, limit, 1_500, 2);
    street.place(ticket).await.expect("a bid");
    until("the alert", async || fired(&street).await.is_some()).await;
    assert_eq!(fired(&street).await, Some(1_400));
    let last = street.engine.market_state().stats.and_then(|stats| stats.last);
    assert_eq!(last.map(Price::get), Some(1_500), "it has risen since");
    assert_eq!(
        notices(&street, NoticeKind::PriceReached).await,
        ["1400 IDRS/kWh"]
    );
    assert_eq!(
        notices(&street, NoticeKind::OrderFilled).await,
        [
            "ASK 0.01 kWh, 14.00 IDRS",
            "ASK 0.01 kWh, 15.00 IDRS",
            "BID 0.02 kWh, 29.00 IDRS"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_was_passed_while_the_engine_was_away_is_told_afterwards() {
    let mut street = Street::build().await;
    for price in [1_390, 1_500] {
        let ticket = street.ticket(0, Side::Ask, TicketKind::Limit, price, 2);
        street.place(ticket).await.expect("an ask");
    }
    wait_for_a_fall(&street).await;
    street
        .restart(async |street: &Street| {
            for (price, lots) in [(1_390, 1), (1_390, 1), (1_500, 2)] {
                street.buy(price, lots).await;
            }
        })
        .await;
    until("the alert", async || fired(&street).await.is_some()).await;
    assert_eq!(fired(&street).await, Some(1_390));
    assert_eq!(
        notices(&street, NoticeKind::OrderFilled).await,
        ["ASK 0.02 kWh, 27.80 IDRS", "ASK 0.02 kWh, 30.00 IDRS"]
    );
}
