//! What the market says unasked: that book and contract differ, and that a price is reached.

use std::path::PathBuf;

use enerlink_domain::{
    Event, NoticeKind,
    market::{Direction, Lots, OrderStatus, Price, PriceAlert, Side, TicketKind, Watched},
    view::{MarketPhase, OrderFilter},
};
use enerlink_store::{OrderKey, Store, trade_orders};

use crate::street::{Street, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_that_is_not_the_contracts_raises_the_alarm_and_is_read_from_the_contract() {
    let mut street = Street::build().await;
    for (side, price) in [(Side::Ask, 1_500), (Side::Ask, 1_600), (Side::Bid, 1_300)] {
        let ticket = street.ticket(0, side, TicketKind::Limit, price, 10);
        street.place(ticket).await.expect("an order");
    }
    let told = street.book(&street.engine).await;
    let wrong = *told.keys().next().expect("an order");
    let market = street.addresses.market.expect("a market");
    // Somebody changes the database while the wallet is away.
    street
        .restart(async |street: &Street| {
            let path = PathBuf::from(street.engine.status().data_dir).join("enerlink.db");
            let store = Store::open(&path).await.expect("a database");
            let tx = store.begin().await.expect("a transaction");
            let row = trade_orders::get(&tx, market, OrderKey::Resting(wrong)).await;
            let mut row = row.expect("a read").expect("the order");
            row.left = Lots(7);
            trade_orders::put(&tx, market, &mut [row]).await.expect("changed");
            tx.commit().await.expect("a commit");
            store.close().await.expect("a close");
        })
        .await;
    until("the alarm", async || {
        let state = street.engine.market_state();
        state.alarm.is_some() && state.phase == MarketPhase::Live
    })
    .await;
    let alarm = street.engine.market_state().alarm.expect("an alarm");
    assert!(alarm.contains("differences, the first"), "{alarm}");
    assert_eq!(street.book(&street.engine).await, told, "as the contract says");
    let notices = street.engine.notices(9, None).await.expect("notices").rows;
    let raised: Vec<_> = notices
        .iter()
        .filter(|notice| notice.kind == NoticeKind::MarketDiverged)
        .collect();
    assert_eq!(raised.len(), 1, "{notices:?}");
    assert_eq!(raised[0].detail, alarm);
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
