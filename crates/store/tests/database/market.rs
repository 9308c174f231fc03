//! What a reorganisation undoes is as if it had never come: orders, trades, candles, places. Pages and filters.

use std::collections::BTreeSet;

use enerlink_domain::{
    Address, Hash32, UnixMillis,
    market::{
        Candle, Lots, MarketEvent, MarketLog, OpenOrder, OrderId, OrderStatus, PlaceState, Price, Side, Tick,
        TotalLots, Width,
    },
    view::{OrderFilter, Trade, TradeFilter},
};
use enerlink_store::{
    OrderKey, OrderRow, Store, Tx, market, market_candles, market_levels, market_trades, trade_orders,
};

use crate::backend;

const MARKET: Address = Address([9; 20]);
const SELLER: Address = Address([1; 20]);
const BUYER: Address = Address([2; 20]);
const ALWAYS: (UnixMillis, UnixMillis) = (UnixMillis(0), UnixMillis(i64::MAX));

fn price() -> Price {
    Price::new(1_200).expect("a price")
}

fn id(sequence: u64) -> OrderId {
    OrderId::new(0, Side::Ask, price(), sequence).expect("an id")
}

fn hash(block: u64) -> Hash32 {
    Hash32([u8::try_from(block).expect("small"); 32])
}

/// A minute between blocks.
fn time(block: u64) -> UnixMillis {
    UnixMillis(i64::try_from(block).expect("small") * 60_000)
}

/// An ask of ten lots that rests since `block`.
fn ask(sequence: u64, block: u64) -> OrderRow {
    OrderRow {
        number: 0,
        key: OrderKey::Resting(id(sequence)),
        trader: SELLER,
        side: Side::Ask,
        price: price(),
        lots: Lots(10),
        taken: Lots::ZERO,
        given: Lots::ZERO,
        left: Lots(10),
        flags: None,
        tx: hash(block),
        block,
        block_hash: hash(block),
        log_index: sequence,
        placed_at: time(block),
        cancelled: None,
        ended_at: None,
    }
}

/// `lots` of order `sequence` are bought in `block`.
async fn buy(tx: &Tx, sequence: u64, lots: u32, block: u64) {
    let log = MarketLog {
        block,
        block_hash: hash(block),
        tx: hash(block + 100),
        log_index: sequence,
        at: time(block),
        event: MarketEvent::Trade {
            maker_order: id(sequence),
            maker: SELLER,
            taker: BUYER,
            lots: Lots(lots),
        },
    };
    market_trades::insert(tx, MARKET, &[log]).await.expect("stored");
    let tick = Tick::of(&log).expect("a trade");
    market_candles::add(tx, MARKET, &[tick]).await.expect("summed");
    let mut row = trade_orders::get(tx, MARKET, OrderKey::Resting(id(sequence)))
        .await
        .expect("read")
        .expect("it");
    row.given = row.given.checked_add(Lots(lots)).expect("small");
    row.left = row.left.checked_sub(Lots(lots)).expect("enough");
    row.ended_at = (row.left == Lots::ZERO).then_some(time(block));
    trade_orders::put(tx, MARKET, &mut [row]).await.expect("stored");
}

/// Everything that is stored of the market.
#[derive(Debug, PartialEq, Eq)]
struct Image {
    orders: Vec<OrderRow>,
    trades: Vec<Trade>,
    candles: Vec<Vec<Candle>>,
    open: Vec<(i64, OpenOrder)>,
}

async fn image(tx: &Tx) -> Image {
    let keys: BTreeSet<OrderKey> = (0..4).map(|sequence| OrderKey::Resting(id(sequence))).collect();
    let mut orders = trade_orders::many(tx, MARKET, &keys).await.expect("read");
    orders.sort_by_key(|row| row.number);
    let all = TradeFilter::default();
    let trades = market_trades::list(tx, MARKET, &all, 200, None);
    let mut candles = Vec::new();
    for width in Width::ALL {
        let (from, to) = ALWAYS;
        candles.push(
            market_candles::between(tx, MARKET, width, from, to)
                .await
                .expect("read"),
        );
    }
    Image {
        orders,
        trades: trades.await.expect("read").rows,
        candles,
        open: trade_orders::open(tx, MARKET, 0, 200).await.expect("read"),
    }
}

/// Two orders; one is bought in part, the other whole; what is left of the first is cancelled. One block each.
async fn story(tx: &Tx) -> Vec<Image> {
    let mut images = vec![image(tx).await];
    trade_orders::put(tx, MARKET, &mut [ask(0, 1), ask(1, 1)])
        .await
        .expect("stored");
    images.push(image(tx).await);
    buy(tx, 0, 4, 2).await;
    images.push(image(tx).await);
    buy(tx, 1, 10, 3).await;
    images.push(image(tx).await);
    let mut first = trade_orders::get(tx, MARKET, OrderKey::Resting(id(0)))
        .await
        .expect("read")
        .expect("it");
    (first.left, first.cancelled, first.ended_at) = (Lots::ZERO, Some((Lots(6), 4)), Some(time(4)));
    trade_orders::put(tx, MARKET, &mut [first]).await.expect("stored");
    images.push(image(tx).await);
    images
}

async fn told() -> (Store, Vec<Image>) {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let images = story(&tx).await;
    tx.commit().await.expect("kept");
    (store, images)
}

#[tokio::test]
async fn what_is_undone_is_as_if_it_had_never_come() {
    let (store, images) = told().await;
    for (block, before) in images.iter().enumerate() {
        let tx = store.begin().await.expect("a transaction");
        market::undo_after(&tx, MARKET, block as u64)
            .await
            .expect("undone");
        assert_eq!(&image(&tx).await, before, "after block {block}");
        // Not committed: each time from the end.
    }
    let tx = store.begin().await.expect("a transaction");
    for block in (0..images.len()).rev() {
        market::undo_after(&tx, MARKET, block as u64)
            .await
            .expect("undone");
        assert_eq!(
            image(&tx).await,
            images[block],
            "step by step, after block {block}"
        );
    }
    assert_eq!(market_levels::list(&tx, MARKET).await.expect("read"), []);
}

#[tokio::test]
async fn what_changed_is_told_and_what_is_forgotten_too() {
    let (store, _) = told().await;
    let tx = store.begin().await.expect("a transaction");
    let changed = market::undo_after(&tx, MARKET, 2).await.expect("undone");
    let mut told: Vec<_> = changed
        .iter()
        .map(|(row, kept)| (row.key, row.status(), *kept))
        .collect();
    told.sort_by_key(|(key, ..)| *key);
    assert_eq!(
        told,
        [
            (OrderKey::Resting(id(0)), OrderStatus::PartiallyFilled, true),
            (OrderKey::Resting(id(1)), OrderStatus::Open, true),
        ]
    );
    let changed = market::undo_after(&tx, MARKET, 0).await.expect("undone");
    assert!(changed.iter().all(|(_, kept)| !kept), "{changed:?}");
    assert_eq!(changed.len(), 2);
    assert_eq!(market::last_block(&tx, MARKET, 99).await.expect("read"), None);
}

#[tokio::test]
async fn the_contracts_own_view_wins_over_what_is_stored() {
    let store = backend::empty().await;
    let tx = store.begin().await.expect("a transaction");
    let ended = OrderRow {
        given: Lots(6),
        left: Lots::ZERO,
        ended_at: Some(time(2)),
        ..ask(3, 1)
    };
    let traded = OrderRow {
        given: Lots(10),
        ..ask(4, 1)
    };
    trade_orders::put(&tx, MARKET, &mut [ask(0, 1), ask(1, 1), ask(2, 1), ended, traded])
        .await
        .expect("stored");
    // The first is as stored, the second is smaller, the third is gone, the fourth rests again, the fifth, of which all was
    // traded, does not; a sixth was never heard of.
    let orders = [(0, 10), (1, 3), (3, 4), (5, 8)].map(|(sequence, lots)| OpenOrder {
        id: id(sequence),
        trader: SELLER,
        lots: Lots(lots),
    });
    let place = PlaceState {
        side: Side::Ask,
        price: price(),
        generation: 0,
        head: 0,
        tail: 6,
        lots: TotalLots(25),
    };
    let changed = market::adopt(&tx, MARKET, &[place], &orders, (7, hash(7)), time(7))
        .await
        .expect("adopted");
    assert_eq!(changed.len(), 5, "{changed:?}");
    let open = trade_orders::open(&tx, MARKET, 0, 200).await.expect("read");
    let open: Vec<_> = open.into_iter().map(|(_, order)| order).collect();
    assert_eq!(open, orders);
    let row = async |sequence| {
        let row = trade_orders::get(&tx, MARKET, OrderKey::Resting(id(sequence))).await;
        row.expect("read").expect("it")
    };
    let third = row(2).await;
    assert_eq!(
        (third.cancelled, third.status()),
        (Some((Lots(10), 7)), OrderStatus::Cancelled)
    );
    let fourth = row(3).await;
    assert_eq!(
        (fourth.status(), fourth.ended_at, fourth.tx),
        (OrderStatus::PartiallyFilled, None, hash(1))
    );
    let fifth = row(4).await;
    assert_eq!((fifth.cancelled, fifth.status()), (None, OrderStatus::Filled));
    let again = market::adopt(&tx, MARKET, &[place], &orders, (8, hash(8)), time(8))
        .await
        .expect("adopted");
    assert_eq!(again, [], "nothing is left to change");
    let levels = market_levels::list(&tx, MARKET).await.expect("read");
    assert_eq!(levels.len(), 1);
    assert_eq!((levels[0].generation, levels[0].head, levels[0].tail), (0, 0, 6));
}

#[tokio::test]
async fn pages_follow_each_other_and_filters_hold() {
    let (store, _) = told().await;
    let reader = store.begin().await.expect("a transaction");
    let mine = |account| TradeFilter {
        account: Some(account),
        ..TradeFilter::default()
    };
    for account in [SELLER, BUYER] {
        let first = market_trades::list(&reader, MARKET, &mine(account), 1, None)
            .await
            .expect("a page");
        let rest = market_trades::list(&reader, MARKET, &mine(account), 1, first.next)
            .await
            .expect("a page");
        let blocks = [first.rows[0].block, rest.rows[0].block];
        assert_eq!((blocks, rest.next), ([3, 2], None), "newest first, to the end");
    }
    let nobody = market_trades::list(&reader, MARKET, &mine(MARKET), 9, None)
        .await
        .expect("a page");
    assert_eq!(nobody.rows, []);
    let from = TradeFilter {
        from: Some(time(3)),
        ..TradeFilter::default()
    };
    let late = market_trades::export(&reader, MARKET, &from, None, 9)
        .await
        .expect("rows");
    assert_eq!(late.iter().map(|trade| trade.block).collect::<Vec<_>>(), [3]);
    let filled = OrderFilter {
        trader: Some(SELLER),
        status: Some(OrderStatus::Filled),
        ..OrderFilter::default()
    };
    let found = trade_orders::list(&reader, MARKET, &filled, 9, None)
        .await
        .expect("a page");
    assert_eq!(
        found.rows.iter().map(|order| order.id).collect::<Vec<_>>(),
        [Some(id(1))]
    );
    let page = trade_orders::list(&reader, MARKET, &OrderFilter::default(), 1, None)
        .await
        .expect("a page");
    let next = trade_orders::list(&reader, MARKET, &OrderFilter::default(), 1, page.next)
        .await
        .expect("a page");
    assert_eq!(
        (page.rows[0].id, next.rows[0].id, next.next),
        (Some(id(1)), Some(id(0)), None)
    );
}

#[tokio::test]
async fn another_market_is_another_book() {
    let (store, images) = told().await;
    let tx = store.begin().await.expect("a transaction");
    market::undo_after(&tx, Address([8; 20]), 0)
        .await
        .expect("undone");
    assert_eq!(Some(&image(&tx).await), images.last());
}
