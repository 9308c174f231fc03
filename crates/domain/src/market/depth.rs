//! The book as it is drawn: some rows of each side, with what has summed up so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Book, Fraction, Pair, Price, Side, TotalLots};
use crate::Idrs;

/// One or more prices next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthRow {
    /// The worst price that belongs to the row.
    pub price: Price,
    /// Open orders.
    pub orders: u64,
    /// Their lots.
    pub lots: TotalLots,
    /// Lots of this row and all better ones.
    pub cumulative: TotalLots,
    /// What these would cost, each at its own price; for rows of more than one price too.
    pub cumulative_value: Idrs,
    /// Lots of watched accounts, see [`Book::watch`].
    pub own: TotalLots,
}

/// Rows of both sides, the best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depth {
    /// Who buys.
    pub bids: Vec<DepthRow>,
    /// Who sells.
    pub asks: Vec<DepthRow>,
    /// The best ask less the best bid, when there are both.
    pub spread: Option<Price>,
    /// The middle between them, IDRS base units per lot.
    pub middle: Option<Fraction>,
}

impl Book {
    /// `rows` rows of each side, each of `group` prices; in time proportional to rows and group.
    pub fn depth(&self, group: u16, rows: usize) -> Depth {
        let best = self.best(Side::Bid).zip(self.best(Side::Ask));
        let sum = |(bid, ask): (Price, Price)| u128::from(bid.get()) + u128::from(ask.get());
        Depth {
            bids: self.depth_rows(Side::Bid, group, rows, Price::MAX),
            asks: self.depth_rows(Side::Ask, group, rows, Price::MAX),
            spread: best.and_then(|(bid, ask)| Price::new(ask.get().saturating_sub(bid.get()))),
            middle: best.and_then(|best| Fraction::new(sum(best), 2)),
        }
    }

    /// At most `points` steps of a side's depth for a chart that reaches so many prices beyond the best; in time
    /// proportional to its reach.
    pub fn depth_curve(&self, side: Side, reach: Price, points: u16) -> Vec<DepthRow> {
        let group = reach.get().div_ceil(points.max(1));
        self.depth_rows(side, group, points.into(), reach)
    }

    fn depth_rows(&self, side: Side, group: u16, most: usize, reach: Price) -> Vec<DepthRow> {
        let own = self.own_by_row(side, group);
        let mut rows: Vec<DepthRow> = Vec::with_capacity(most.min(256));
        let best = self.best(side).map_or(0, Price::get);
        let (mut cumulative, mut value) = (TotalLots::ZERO, Idrs::ZERO);
        for level in self.levels(side) {
            let price = row_of(side, level.price, group);
            let next = rows.last().is_none_or(|row| row.price != price);
            if (next && rows.len() == most) || level.price.get().abs_diff(best) > reach.get() {
                break;
            }
            cumulative.0 += level.lots.0;
            value.0 += Pair::cost(level.lots, level.price).0;
            if next {
                rows.push(DepthRow {
                    price,
                    orders: 0,
                    lots: TotalLots::ZERO,
                    cumulative,
                    cumulative_value: value,
                    own: own.get(&price).copied().unwrap_or_default(),
                });
            }
            if let Some(row) = rows.last_mut() {
                row.orders += level.orders;
                row.lots.0 += level.lots.0;
                (row.cumulative, row.cumulative_value) = (cumulative, value);
            }
        }
        rows
    }

    fn own_by_row(&self, side: Side, group: u16) -> BTreeMap<Price, TotalLots> {
        let mut rows: BTreeMap<Price, TotalLots> = BTreeMap::new();
        for order in self.own().filter(|order| order.id.side() == side) {
            rows.entry(row_of(side, order.id.price(), group)).or_default().0 += u64::from(order.lots.0);
        }
        rows
    }
}

/// The worst price of the row in which a price lies: bids are rounded down to a multiple of `group`, asks up, as far as
/// there are prices.
fn row_of(side: Side, price: Price, group: u16) -> Price {
    let group = group.max(1);
    let value = match side {
        Side::Bid => price.get() / group * group,
        Side::Ask => price.get().div_ceil(group).saturating_mul(group),
    };
    Price::new(value).unwrap_or(Price::MIN)
}
