//! The plans of the market's and the tokens' queries.

use std::collections::BTreeSet;

use enerlink_domain::{
    Address, Hash32, Status, UnixMillis,
    market::{OrderStatus, Price, Side, Width},
    token::{ConversionFilter, MovementFilter, MovementKind, Token},
    view::{OrderFilter, TradeFilter},
};

use super::Explaining;
use crate::{
    OrderKey, approvals, conversions, market_candles, market_levels, market_trades, movements, price_alerts,
    trade_orders,
};

const MARKET: Address = Address([1; 20]);
const CHAIN: u64 = 1;

pub(super) async fn market(r: &Explaining) {
    orders(r).await;
    trades(r).await;
    let candles = "SEARCH market_candles USING PRIMARY KEY (market=? AND width_ms=?";
    let (from, to) = (UnixMillis(1), UnixMillis(9));
    let between = format!("{candles} AND start>? AND start<?)");
    check!(
        r,
        market_candles::between(r, MARKET, Width::Hour, from, to),
        [between.as_str()]
    );
    let before = format!("{candles} AND start<?)");
    check!(
        r,
        market_candles::before(r, MARKET, Width::Hour, to),
        [before.as_str()]
    );
    // The book is read whole, once.
    check!(
        r,
        market_levels::list(r, MARKET),
        ["SEARCH market_levels USING PRIMARY KEY (market=?)"]
    );
    check!(r, price_alerts::list(r), ["SCAN price_alerts"]);
}

async fn orders(r: &Explaining) {
    let search = |index: &str, by: &str| format!("SEARCH trade_orders_cache USING INDEX {index} ({by})");
    let key = search(
        "trade_orders_cache_by_market_order_key",
        "market=? AND order_key=?",
    );
    let one = OrderKey::Passing(Hash32([7; 32]));
    check!(r, trade_orders::get(r, MARKET, one), [key.as_str()]);
    let none = BTreeSet::from([one, OrderKey::Passing(Hash32([8; 32]))]);
    check!(r, trade_orders::many(r, MARKET, &none), [key.as_str()]);
    let block = search("trade_orders_cache_by_market_block", "market=? AND block=?");
    let (hash, number) = (Hash32([7; 32]), 3);
    check!(
        r,
        trade_orders::of_transaction(r, MARKET, number, hash),
        [block.as_str()]
    );
    let open = search("trade_orders_cache_open", "market=? AND id>?");
    check!(r, trade_orders::open(r, MARKET, 3, 10), [open.as_str()]);
    let own = OrderFilter {
        trader: Some(Address::ZERO),
        ..OrderFilter::default()
    };
    // One search for each status.
    let statuses = |by: &str| {
        let by = format!("market=? AND trader=? AND status=?{by}");
        [(); OrderStatus::ALL.len()].map(|()| search("trade_orders_cache_by_market_trader_status_id", &by))
    };
    for (before, by) in [(None, ""), (Some(5), " AND id<?")] {
        let pages = statuses(by);
        check!(
            r,
            trade_orders::list(r, MARKET, &own, 10, before),
            pages.each_ref().map(String::as_str)
        );
    }
    let after = statuses(" AND id>?");
    check!(
        r,
        trade_orders::export(r, MARKET, &own, Some(5), 10),
        after.each_ref().map(String::as_str)
    );
    let partly = OrderFilter {
        status: Some(OrderStatus::PartiallyFilled),
        ..own
    };
    let [by_status, ..] = statuses(" AND id<?");
    check!(
        r,
        trade_orders::list(r, MARKET, &partly, 10, Some(5)),
        [by_status.as_str()]
    );
    let block = block.replace("block=?", "block<?");
    check!(r, trade_orders::last_block(r, MARKET, 3), [block.as_str()]);
    let came = block.replace("block<?", "block>?");
    let gone = search("trade_orders_cache_cancelled", "market=? AND ended_block>?");
    check!(
        r,
        trade_orders::after(r, MARKET, 3),
        [came.as_str(), gone.as_str()]
    );
    let place = key.replace("order_key=?", "order_key>? AND order_key<?");
    let price = Price::new(100).expect("a price");
    check!(
        r,
        trade_orders::place(r, MARKET, Side::Bid, price),
        [place.as_str()]
    );
}

async fn trades(r: &Explaining) {
    let search = |by: &str, condition: &str| {
        format!("SEARCH market_trades USING INDEX market_trades_by_market_{by} (market=?{condition})")
    };
    let all = TradeFilter::default();
    let page = search("id", "");
    check!(r, market_trades::list(r, MARKET, &all, 10, None), [page.as_str()]);
    let next = search("id", " AND id<?");
    check!(
        r,
        market_trades::list(r, MARKET, &all, 10, Some(5)),
        [next.as_str()]
    );
    check!(r, market_trades::last(r, MARKET), [page.as_str()]);
    let own = TradeFilter {
        account: Some(Address::ZERO),
        ..all
    };
    let (made, took) = (
        search("maker_id", " AND maker=? AND id<?"),
        search("taker_id", " AND taker=? AND id<?"),
    );
    check!(
        r,
        market_trades::list(r, MARKET, &own, 10, Some(5)),
        [made.as_str(), took.as_str()]
    );
    let (made, took) = (made.replace("id<?", "id>?"), took.replace("id<?", "id>?"));
    check!(
        r,
        market_trades::export(r, MARKET, &own, Some(5), 10),
        [made.as_str(), took.as_str()]
    );
    let between = search("traded_at", " AND traded_at>? AND traded_at<?");
    let (from, to) = (UnixMillis(1), UnixMillis(9));
    check!(r, market_trades::ticks(r, MARKET, from, to), [between.as_str()]);
    let block = search("block_log_index", " AND block<?");
    check!(r, market_trades::last_block(r, MARKET, 3), [block.as_str()]);
    let after = search("block_log_index", " AND block>?");
    check!(r, market_trades::after(r, MARKET, 3), [after.as_str()]);
}

pub(super) async fn tokens(r: &Explaining) {
    let of_transaction = "SEARCH idrs_conversions USING INDEX idrs_conversions_by_outbox_id (outbox_id=?)";
    check!(r, conversions::of_transaction(r, 7), [of_transaction]);
    // Row numbers are the order of the table, and the limit stops the scan.
    let all = ConversionFilter::default();
    check!(r, conversions::list(r, &all, 10, None), ["SCAN idrs_conversions"]);
    let older = "SEARCH idrs_conversions USING INTEGER PRIMARY KEY (rowid<?)";
    check!(r, conversions::list(r, &all, 10, Some(5)), [older]);
    let later = older.replace("rowid<?", "rowid>?");
    check!(r, conversions::export(r, &all, Some(5), 10), [later.as_str()]);
    let own = ConversionFilter {
        account: Some(Address::ZERO),
        status: Some(Status::Success),
        ..all
    };
    let older = "SEARCH idrs_conversions USING INDEX idrs_conversions_by_account_id (account=? AND id<?)";
    check!(r, conversions::list(r, &own, 10, Some(5)), [older]);
    let search = |by: &str, condition: &str| {
        format!("SEARCH token_movements USING INDEX token_movements_by_chain_id_{by} (chain_id=?{condition})")
    };
    let newest = search("block_id", "");
    let all = MovementFilter::default();
    check!(r, movements::list(r, CHAIN, &all, 10, None), [newest.as_str()]);
    let next = search("block_id", " AND block>?");
    check!(
        r,
        movements::export(r, CHAIN, &all, Some((5, 3)), 10),
        [next.as_str()]
    );
    let own = MovementFilter {
        kinds: vec![MovementKind::Minted, MovementKind::Burned],
        token: Some(Token::Etk),
        account: Some(Address::ZERO),
        from: Some(UnixMillis(1)),
        ..all
    };
    let newest = search("account_block", " AND account=?");
    check!(r, movements::list(r, CHAIN, &own, 10, None), [newest.as_str()]);
    let next = search("account_block", " AND account=? AND block>?");
    check!(
        r,
        movements::export(r, CHAIN, &own, Some((5, 3)), 10),
        [next.as_str()]
    );
    let last = search("account_block", " AND account=? AND block<?");
    check!(
        r,
        movements::last_before(r, CHAIN, Address::ZERO, 3),
        [last.as_str()]
    );
    let paid = search("kind_other", " AND kind=? AND other>?").replace("INDEX", "COVERING INDEX");
    check!(r, movements::paid(r, CHAIN), [paid.as_str()]);
    let of_blocks = "SEARCH token_movements USING COVERING INDEX \
                     token_movements_by_block_hash_log_index_account (block_hash=?)";
    let blocks = BTreeSet::from([Hash32([7; 32]), Hash32([8; 32])]);
    check!(r, movements::places(r, &blocks), [of_blocks]);
    check!(
        r,
        approvals::list(r, CHAIN),
        ["SEARCH blockchain_approvals USING INDEX sqlite_autoindex_blockchain_approvals_1 (chain_id=?)"]
    );
}
