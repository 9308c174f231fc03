//! The tables of the market together: which blocks they speak of, and taking back what a reorganisation has undone.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_domain::{
    Address, BlockHash, Hash32, UnixMillis,
    market::{Lots, OpenOrder, OrderId, PlaceState, Price, Side},
    view::Trade,
};

use crate::{
    OrderKey, OrderRow, Read, StoreError, Tx, market_candles, market_levels, market_trades, trade_orders,
};

/// The last block before `block` of which something is stored, and its hash; cancellations are not looked at.
pub async fn last_block(
    r: &impl Read,
    market: Address,
    block: u64,
) -> Result<Option<(u64, BlockHash)>, StoreError> {
    let order = trade_orders::last_block(r, market, block).await?;
    let trade = market_trades::last_block(r, market, block).await?;
    Ok(order.into_iter().chain(trade).max_by_key(|(block, _)| *block))
}

/// Takes back everything after `block`: orders that came are forgotten, those that were traded or cancelled rest again.
/// Answers the orders that were changed or forgotten, as they are now, and whether they are still there.
pub async fn undo_after(tx: &Tx, market: Address, block: u64) -> Result<Vec<(OrderRow, bool)>, StoreError> {
    let trades = market_trades::after(tx, market, block).await?;
    let mut rows: BTreeMap<OrderKey, OrderRow> = trade_orders::after(tx, market, block)
        .await?
        .into_iter()
        .map(|row| (row.key, row))
        .collect();
    let makers: BTreeSet<OrderKey> = trades
        .iter()
        .map(|trade| OrderKey::Resting(trade.maker_order))
        .collect();
    for row in trade_orders::many(tx, market, &makers).await? {
        rows.entry(row.key).or_insert(row);
    }
    for row in rows.values_mut() {
        if let Some((lots, _)) = row.cancelled.filter(|(_, at)| *at > block) {
            row.left = sum(row.left, lots)?;
            row.cancelled = None;
        }
    }
    for trade in &trades {
        give_back(&mut rows, trade)?;
    }
    for row in rows.values_mut().filter(|row| row.left > Lots::ZERO) {
        row.ended_at = None;
    }
    trade_orders::forget_after(tx, market, block).await?;
    market_trades::forget_after(tx, market, block).await?;
    if let Some(first) = trades.iter().map(|trade| trade.at).min() {
        market_candles::rebuild(tx, market, first).await?;
    }
    let (gone, mut kept): (Vec<OrderRow>, Vec<OrderRow>) =
        rows.into_values().partition(|row| row.block > block);
    trade_orders::put(tx, market, &mut kept).await?;
    let ids = gone.iter().chain(&kept).filter_map(|row| row.key.id());
    let places: BTreeSet<(Side, Price)> = ids.map(|id| (id.side(), id.price())).collect();
    for (side, price) in places {
        match trade_orders::place(tx, market, side, price).await? {
            Some(place) => market_levels::put(tx, market, &[place]).await?,
            None => market_levels::forget(tx, market, side, price).await?,
        }
    }
    let gone = gone.into_iter().map(|row| (row, false));
    Ok(kept.into_iter().map(|row| (row, true)).chain(gone).collect())
}

fn give_back(rows: &mut BTreeMap<OrderKey, OrderRow>, trade: &Trade) -> Result<(), StoreError> {
    if let Some(row) = rows.get_mut(&OrderKey::Resting(trade.maker_order)) {
        row.left = sum(row.left, trade.lots)?;
        row.given = row.given.checked_sub(trade.lots).ok_or(OUT_OF_RANGE)?;
    }
    Ok(())
}

const OUT_OF_RANGE: StoreError = StoreError::Range {
    what: "the lots of an order",
};

fn sum(one: Lots, other: Lots) -> Result<Lots, StoreError> {
    one.checked_add(other).ok_or(OUT_OF_RANGE)
}

/// Makes what is stored say what the contract's own views say at a block, where the two differ. Answers the orders that
/// were changed.
pub async fn adopt(
    tx: &Tx,
    market: Address,
    places: &[PlaceState],
    orders: &[OpenOrder],
    at: (u64, BlockHash),
    now: UnixMillis,
) -> Result<Vec<OrderRow>, StoreError> {
    let told: BTreeMap<OrderId, OpenOrder> = orders.iter().map(|order| (order.id, *order)).collect();
    let mut known = BTreeSet::new();
    let mut changed = Vec::new();
    let mut after = 0;
    loop {
        let page = trade_orders::open(tx, market, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        let keys = page
            .iter()
            .map(|(_, order)| OrderKey::Resting(order.id))
            .collect();
        for mut row in trade_orders::many(tx, market, &keys).await? {
            let left = row
                .key
                .id()
                .and_then(|id| told.get(&id))
                .map_or(Lots::ZERO, |order| order.lots);
            known.extend(row.key.id());
            if left == row.left {
                continue;
            }
            let missing = Lots(row.left.0.saturating_sub(left.0));
            row.left = left;
            if left == Lots::ZERO {
                // Why it went no event says: what was not traded was cancelled, as far as anybody can say.
                row.cancelled = (row.filled() < row.lots).then_some((missing, at.0));
                row.ended_at = Some(now);
            }
            changed.push(row);
        }
    }
    let ended = told.keys().filter(|id| !known.contains(id));
    let ended = ended.map(|id| OrderKey::Resting(*id)).collect();
    for mut row in trade_orders::many(tx, market, &ended).await? {
        let order = row.key.id().and_then(|id| told.get(&id));
        row.left = order.map_or(Lots::ZERO, |order| order.lots);
        (row.cancelled, row.ended_at) = (None, None);
        known.extend(row.key.id());
        changed.push(row);
    }
    for order in told.values().filter(|order| !known.contains(&order.id)) {
        changed.push(OrderRow {
            number: 0,
            key: OrderKey::Resting(order.id),
            trader: order.trader,
            side: order.id.side(),
            price: order.id.price(),
            lots: order.lots,
            taken: Lots::ZERO,
            given: Lots::ZERO,
            left: order.lots,
            flags: None,
            tx: Hash32([0; 32]),
            block: at.0,
            block_hash: at.1,
            log_index: 0,
            placed_at: now,
            cancelled: None,
            ended_at: None,
        });
    }
    trade_orders::put(tx, market, &mut changed).await?;
    market_levels::clear(tx, market).await?;
    market_levels::put(tx, market, places).await?;
    Ok(changed)
}

/// Rows that are in memory at once.
const PAGE: u32 = 1000;
