//! Orders and trades as rows of a file.

use enerlink_domain::{
    market::{Pair, PriceUnit},
    view::{Order, Trade},
};

/// Digits after the point of a price per token that no decimal can write.
pub(super) const DIGITS: usize = 8;

pub(super) fn order_titles() -> Vec<String> {
    [
        "number",
        "order_id",
        "trader",
        "side",
        "status",
        "price_per_kwh",
        "price_per_etk",
        "lots",
        "etk",
        "kwh",
        "lots_filled",
        "lots_left",
        "tx_hash",
        "block",
        "placed_at_ms",
        "ended_at_ms",
    ]
    .map(str::to_owned)
    .to_vec()
}

pub(super) fn order(order: &Order, pair: Pair) -> Vec<String> {
    let price = |unit| pair.price(order.price, unit).plain(DIGITS);
    vec![
        order.number.to_string(),
        order.id.map(|id| id.to_string()).unwrap_or_default(),
        order.trader.to_string(),
        order.side.to_string(),
        order.status.as_str().to_owned(),
        price(PriceUnit::Kwh),
        price(PriceUnit::Etk),
        order.lots.to_string(),
        pair.etk(order.lots).to_string(),
        pair.kwh(order.lots).plain(DIGITS),
        order.filled.to_string(),
        order.left.to_string(),
        order.tx.to_string(),
        order.block.to_string(),
        order.placed_at.0.to_string(),
        order.ended_at.map(|at| at.0.to_string()).unwrap_or_default(),
    ]
}

pub(super) fn trade_titles() -> Vec<String> {
    [
        "number",
        "at_ms",
        "taker_side",
        "price_per_kwh",
        "price_per_etk",
        "lots",
        "etk",
        "kwh",
        "idrs",
        "maker",
        "taker",
        "maker_order_id",
        "tx_hash",
        "block",
    ]
    .map(str::to_owned)
    .to_vec()
}

pub(super) fn trade(trade: &Trade, pair: Pair) -> Vec<String> {
    let price = |unit| pair.price(trade.price, unit).plain(DIGITS);
    vec![
        trade.number.to_string(),
        trade.at.0.to_string(),
        trade.side.to_string(),
        price(PriceUnit::Kwh),
        price(PriceUnit::Etk),
        trade.lots.to_string(),
        pair.etk(trade.lots).to_string(),
        pair.kwh(trade.lots).plain(DIGITS),
        trade.value.to_string(),
        trade.maker.to_string(),
        trade.taker.to_string(),
        trade.maker_order.to_string(),
        trade.tx.to_string(),
        trade.block.to_string(),
    ]
}
