//! Events become rows: what each does to its order, and which orders never rested.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_domain::{
    Address, Error, TxHash, TxKind,
    market::{Lots, MarketEvent, MarketLog, OrderFlags, Price, Side},
    transaction::TxDetail,
};
use enerlink_store::{OrderKey, OrderRow, Tx, outbox, trade_orders};

/// What an account has traded in a transaction whose order has not come to rest yet.
struct Taking {
    lots: Lots,
    side: Side,
    worst: Price,
    last: MarketLog,
}

/// Brings the orders of `logs` to where these leave them, and stores them. Answers those that changed.
pub(super) async fn orders(
    tx: &Tx,
    market: Address,
    own: &BTreeSet<Address>,
    logs: &[MarketLog],
) -> Result<Vec<OrderRow>, Error> {
    let key = |log: &MarketLog| OrderKey::Resting(log.event.order());
    let is_new = |log: &&MarketLog| matches!(log.event, MarketEvent::Placed { .. });
    let (placed, others): (Vec<&MarketLog>, Vec<&MarketLog>) = logs.iter().partition(is_new);
    // What comes here is not stored yet.
    let mut named: BTreeSet<OrderKey> = others.into_iter().map(key).collect();
    for log in placed {
        named.remove(&key(log));
    }
    let known = trade_orders::many(tx, market, &named).await?;
    let mut rows: BTreeMap<OrderKey, OrderRow> = known.into_iter().map(|row| (row.key, row)).collect();
    let mut came = BTreeSet::new();
    let mut taking: BTreeMap<Address, Taking> = BTreeMap::new();
    let mut current = None;
    for log in logs {
        if current != Some(log.tx) {
            pass(&mut rows, &mut came, &mut taking);
            current = Some(log.tx);
        }
        match log.event {
            MarketEvent::Placed { id, trader, lots } => {
                let taken = taking.remove(&trader).map_or(Lots::ZERO, |taking| taking.lots);
                let key = OrderKey::Resting(id);
                let row = OrderRow {
                    left: lots,
                    lots: Lots(lots.0.saturating_add(taken.0)),
                    ..row(key, trader, (id.side(), id.price()), taken, log)
                };
                rows.insert(key, row);
                came.insert(key);
            }
            MarketEvent::Trade {
                maker_order,
                taker,
                lots,
                ..
            } => {
                if let Some(row) = rows.get_mut(&OrderKey::Resting(maker_order)) {
                    row.given = Lots(row.given.0.saturating_add(lots.0));
                    row.left = row.left.checked_sub(lots).unwrap_or_default();
                    row.ended_at = (row.left == Lots::ZERO).then_some(log.at);
                }
                let taking = taking.entry(taker).or_insert(Taking {
                    lots: Lots::ZERO,
                    side: maker_order.side().opposite(),
                    worst: maker_order.price(),
                    last: *log,
                });
                taking.lots = Lots(taking.lots.0.saturating_add(lots.0));
                (taking.worst, taking.last) = (maker_order.price(), *log);
            }
            MarketEvent::Cancelled { id, lots_left } => {
                if let Some(row) = rows.get_mut(&OrderKey::Resting(id)) {
                    row.left = Lots::ZERO;
                    row.cancelled = Some((lots_left, log.block));
                    row.ended_at = Some(log.at);
                }
            }
        }
    }
    pass(&mut rows, &mut came, &mut taking);
    for key in &came {
        if let Some(row) = rows.get_mut(key).filter(|row| own.contains(&row.trader)) {
            ask(tx, row).await?;
        }
    }
    let mut rows: Vec<OrderRow> = rows.into_values().collect();
    // Numbers are given in the order of the chain.
    rows.sort_by_key(|row| (row.block, row.log_index));
    trade_orders::put(tx, market, &mut rows).await?;
    Ok(rows)
}

/// The transaction is over: what was taken and did not come to rest never will.
fn pass(
    rows: &mut BTreeMap<OrderKey, OrderRow>,
    came: &mut BTreeSet<OrderKey>,
    taking: &mut BTreeMap<Address, Taking>,
) {
    for (trader, taking) in std::mem::take(taking) {
        let key = OrderKey::Passing(taking.last.tx);
        let place = (taking.side, taking.worst);
        let row = OrderRow {
            ended_at: Some(taking.last.at),
            ..row(key, trader, place, taking.lots, &taking.last)
        };
        came.insert(key);
        rows.insert(key, row);
    }
}

fn row(
    key: OrderKey,
    trader: Address,
    (side, price): (Side, Price),
    taken: Lots,
    log: &MarketLog,
) -> OrderRow {
    OrderRow {
        number: 0,
        key,
        trader,
        side,
        price,
        lots: taken,
        taken,
        given: Lots::ZERO,
        left: Lots::ZERO,
        flags: None,
        tx: log.tx,
        block: log.block,
        block_hash: log.block_hash,
        log_index: log.log_index,
        placed_at: log.at,
        cancelled: None,
        ended_at: None,
    }
}

/// What the household had asked for with this order, if it was placed here.
async fn ask(tx: &Tx, row: &mut OrderRow) -> Result<(), Error> {
    if let Some(asked) = asked(tx, row.tx).await? {
        asked.note(row);
    }
    Ok(())
}

/// What an order of this wallet was placed with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) side: Side,
    pub(crate) price: Price,
    pub(crate) lots: Lots,
    pub(crate) flags: OrderFlags,
}

impl Asked {
    /// What the detail of an outbox row says.
    pub(crate) fn of(detail: Option<&TxDetail>) -> Option<Self> {
        match detail {
            Some(TxDetail::Place {
                side,
                price,
                lots,
                flags,
                ..
            }) => Some(Self {
                side: *side,
                price: *price,
                lots: *lots,
                flags: *flags,
            }),
            _ => None,
        }
    }

    /// Adds to an order what its events do not say.
    pub(crate) fn note(&self, row: &mut OrderRow) {
        row.flags = Some(self.flags);
        if row.key.id().is_none() {
            (row.lots, row.price) = (self.lots, self.price);
        }
    }
}

async fn asked(tx: &Tx, hash: TxHash) -> Result<Option<Asked>, Error> {
    let row = outbox::of_transaction(tx, hash).await?;
    let row = row.filter(|row| row.kind == TxKind::PlaceOrder);
    Ok(row.and_then(|row| Asked::of(row.detail.as_ref())))
}
