//! The order book in memory: what rests at which price, in which order, and whose it is.

mod apply;
mod level;
mod snapshot;
mod traders;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::{
    apply::{Divergence, Undo},
    snapshot::{Difference, LoadError, Snapshot},
};
use self::{level::Level, traders::Traders};
use super::{Lots, OpenOrder, OrderId, PlaceState, Price, Side, TotalLots};
use crate::{Address, Idrs};

/// The book, as the contract's events or views tell it. An order takes eight bytes.
///
/// Lanes of cancelled orders are kept as long as the contract may pass over them, because passing over them takes
/// part of a call's steps. Which of them it has passed already, its events do not tell: a call may end while it passes
/// over some, or do nothing else. The head of a price is therefore the least that it can be, and whoever counts steps
/// counts too many rather than too few. Where the first lane is an open order's, as nearly always, the count is exact.
#[derive(Clone, Debug)]
pub struct Book {
    sides: [Orders; 2],
    traders: Traders,
    /// Open orders of the accounts that somebody wants to see.
    watched: BTreeMap<u32, BTreeSet<OrderId>>,
    /// Whether all that ever happened is known: a price that was never seen has had no generation.
    complete: bool,
}

/// All orders of one side.
#[derive(Clone, Debug, Default)]
struct Orders {
    /// Prices at which orders rest.
    levels: BTreeMap<Price, Level>,
    /// The next generation of prices at which none rest any more.
    idle: BTreeMap<Price, u64>,
    totals: Totals,
}

/// What rests on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Open orders.
    pub orders: u64,
    /// Their lots.
    pub lots: TotalLots,
    /// What these would cost, each at its own price.
    pub value: Idrs,
}

/// What rests at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceLevel {
    /// IDRS base units per lot.
    pub price: Price,
    /// Open orders.
    pub orders: u64,
    /// Their lots.
    pub lots: TotalLots,
}

/// Who is served before an order, at its own price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePosition {
    /// Open orders before it.
    pub orders: u64,
    /// Their lots.
    pub lots: TotalLots,
}

impl Default for Book {
    fn default() -> Self {
        Self::new()
    }
}

impl Book {
    /// The book of a market in which nothing has happened yet.
    pub fn new() -> Self {
        Self {
            sides: Default::default(),
            traders: Traders::default(),
            watched: BTreeMap::new(),
            complete: true,
        }
    }

    /// The best price of a side.
    pub fn best(&self, side: Side) -> Option<Price> {
        let levels = &self.side(side).levels;
        let best = match side {
            Side::Bid => levels.last_key_value(),
            Side::Ask => levels.first_key_value(),
        };
        best.map(|(price, _)| *price)
    }

    /// All that rests on a side.
    pub fn totals(&self, side: Side) -> Totals {
        self.side(side).totals
    }

    /// What rests on a side by price, the best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = PriceLevel> {
        self.inner_levels(side).map(|(price, level)| level.summary(price))
    }

    /// What rests at one price.
    pub fn level(&self, side: Side, price: Price) -> Option<PriceLevel> {
        let level = self.side(side).levels.get(&price)?;
        Some(level.summary(price))
    }

    /// What is left of an open order, and whose it is.
    pub fn order(&self, id: OrderId) -> Option<OpenOrder> {
        let lane = self.level_of(id)?.open(id.sequence())?;
        Some(OpenOrder {
            id,
            trader: self.traders.address(lane.trader),
            lots: Lots(lane.lots),
        })
    }

    /// The open orders of a price, first come first.
    pub fn orders_at(&self, side: Side, price: Price) -> impl Iterator<Item = OpenOrder> {
        let level = self.side(side).levels.get(&price);
        level.into_iter().flat_map(move |level| {
            level.open_lanes().map(move |(sequence, lane)| OpenOrder {
                id: OrderId::new(level.generation(), side, price, sequence)
                    .expect("a level is made of ids, and its sequences go up to one of them"),
                trader: self.traders.address(lane.trader),
                lots: Lots(lane.lots),
            })
        })
    }

    /// All open orders of a side, the best price first, and first come first.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = OpenOrder> {
        self.inner_levels(side)
            .flat_map(move |(price, _)| self.orders_at(side, price))
    }

    /// Who is before an order at its price; in time proportional to their number.
    pub fn position(&self, id: OrderId) -> Option<QueuePosition> {
        let level = self.level_of(id)?;
        level.open(id.sequence())?;
        let ahead = level.open_lanes().take_while(|(at, _)| *at < id.sequence());
        let (orders, lots) = ahead.fold((0, 0), |(orders, lots), (_, lane)| {
            (orders + 1, lots + u64::from(lane.lots))
        });
        Some(QueuePosition {
            orders,
            lots: TotalLots(lots),
        })
    }

    /// Keeps the open orders of these accounts, and of no others, at hand for [`Book::own`]; looks at the whole book once.
    pub fn watch(&mut self, accounts: &[Address]) {
        self.watched.clear();
        for account in accounts {
            let trader = self.traders.number(*account);
            self.watched.insert(trader, BTreeSet::new());
        }
        for side in Side::ALL {
            let orders: Vec<OpenOrder> = self
                .orders(side)
                .filter(|order| accounts.contains(&order.trader))
                .collect();
            for order in orders {
                let trader = self.traders.number(order.trader);
                self.watched.entry(trader).or_default().insert(order.id);
            }
        }
    }

    /// Open orders of the watched accounts, by account and id.
    pub fn own(&self) -> impl Iterator<Item = OpenOrder> {
        let ids = self.watched.values().flatten();
        ids.filter_map(|id| self.order(*id))
    }

    /// What the contract's `levels` says of a price; also of one at which nothing rests, if its generation is known.
    pub fn place(&self, side: Side, price: Price) -> Option<PlaceState> {
        let orders = self.side(side);
        let empty = |generation| PlaceState {
            side,
            price,
            generation,
            head: 0,
            tail: 0,
            lots: TotalLots::ZERO,
        };
        match orders.levels.get(&price) {
            Some(level) => Some(level.state(side, price)),
            None => self.next_generation(side, price).map(empty),
        }
    }

    /// The id that the next order to rest at a price will have. A book that was read from the contract's views does
    /// not know the generation of a price at which nothing rests.
    pub fn next_id(&self, side: Side, price: Price) -> Option<OrderId> {
        let place = self.place(side, price)?;
        OrderId::new(place.generation, side, price, place.tail)
    }

    /// The generation of the next order to rest where none does.
    fn next_generation(&self, side: Side, price: Price) -> Option<u64> {
        let known = self.side(side).idle.get(&price).copied();
        known.or(self.complete.then_some(0))
    }

    /// Prices of a side and what rests there, the best first.
    pub(super) fn inner_levels(&self, side: Side) -> impl Iterator<Item = (Price, &Level)> {
        let mut levels = self.side(side).levels.iter();
        std::iter::from_fn(move || match side {
            Side::Bid => levels.next_back(),
            Side::Ask => levels.next(),
        })
        .map(|(price, level)| (*price, level))
    }

    pub(super) fn inner_level(&self, side: Side, price: Price) -> Option<&Level> {
        self.side(side).levels.get(&price)
    }

    /// Whose orders have this number.
    pub(super) fn address(&self, trader: u32) -> Address {
        self.traders.address(trader)
    }

    fn side(&self, side: Side) -> &Orders {
        &self.sides[usize::from(side.number())]
    }

    fn side_mut(&mut self, side: Side) -> &mut Orders {
        &mut self.sides[usize::from(side.number())]
    }

    /// The level of an order, if its generation still rests there.
    fn level_of(&self, id: OrderId) -> Option<&Level> {
        let level = self.side(id.side()).levels.get(&id.price())?;
        (level.generation() == id.generation()).then_some(level)
    }
}

impl Totals {
    /// With the lots of one order changed; an order without lots is none.
    fn change(&mut self, price: Price, before: u32, after: u32) {
        self.orders = self.orders + u64::from(after > 0) - u64::from(before > 0);
        self.lots.0 = self.lots.0 + u64::from(after) - u64::from(before);
        self.value.0 += (i128::from(after) - i128::from(before)) * i128::from(price.get());
    }
}
