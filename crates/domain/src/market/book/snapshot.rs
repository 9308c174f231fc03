//! The book as a list, to store and to load again, and the comparison with what the contract says itself.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Book,
    level::{Lane, Level},
};
use crate::market::{OpenOrder, OrderId, PlaceState, Price, Side, TotalLots};

/// All that a book knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Whether a price that is not listed has never had an order. The contract's views do not tell the generations of
    /// prices at which nothing rests.
    pub complete: bool,
    /// Prices at which orders rest, and those at which some have rested.
    pub places: Vec<PlaceState>,
    /// Open orders, in any order.
    pub orders: Vec<OpenOrder>,
}

/// A list that is no book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LoadError {
    /// A price is listed twice, or its queue cannot be: it ends before it begins, is longer than 2^24, or is empty
    /// without being new.
    #[error("the {} queue at {} cannot be", .0.side, .0.price)]
    Place(PlaceState),
    /// The lots of a price are not those of its orders.
    #[error("the orders of the {} queue at {} have {found} lots, not {}", .place.side, .place.price, .place.lots)]
    Sum {
        /// What was listed.
        place: PlaceState,
        /// The sum of its orders.
        found: TotalLots,
    },
    /// An order of a price, generation or sequence that is not listed, without lots, or twice.
    #[error("order {0} has no place")]
    Order(OrderId),
    /// The best bid would trade with the best ask.
    #[error("a bid of {bid} and an ask of {ask} cannot rest together")]
    Crossed {
        /// The best bid.
        bid: Price,
        /// The best ask.
        ask: Price,
    },
}

/// Where book and contract do not say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Difference {
    /// A price.
    Place {
        /// What the book says; none if nothing rests there.
        book: Option<PlaceState>,
        /// What the contract says.
        chain: Option<PlaceState>,
    },
    /// An order.
    Order {
        /// What the book says; none if it is not open.
        book: Option<OpenOrder>,
        /// What the contract says.
        chain: Option<OpenOrder>,
    },
}

/// Lanes of one price at most; a longer queue is not believed.
const MAX_LANES: u64 = 1 << 24;

impl Snapshot {
    /// What the contract's views `levels` and `orders` say, all of the same block.
    pub fn of_views(places: Vec<PlaceState>, orders: Vec<OpenOrder>) -> Self {
        Self {
            complete: false,
            places,
            orders,
        }
    }
}

impl Book {
    /// The book of a list; watched accounts have to be told again.
    pub fn load(snapshot: &Snapshot) -> Result<Self, LoadError> {
        let mut book = Self::new();
        book.complete = snapshot.complete;
        for place in &snapshot.places {
            book.load_place(place)?;
        }
        for order in &snapshot.orders {
            book.load_order(order)?;
        }
        for place in &snapshot.places {
            let found = book.level(place.side, place.price);
            let found = found.map_or(TotalLots::ZERO, |level| level.lots);
            if found != place.lots {
                return Err(LoadError::Sum { place: *place, found });
            }
        }
        match (book.best(Side::Bid), book.best(Side::Ask)) {
            (Some(bid), Some(ask)) if bid >= ask => Err(LoadError::Crossed { bid, ask }),
            (_, _) => Ok(book),
        }
    }

    /// All that the book knows, as a list.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot {
            complete: self.complete,
            ..Snapshot::default()
        };
        for side in Side::ALL {
            let idle = self.side(side).idle.keys();
            snapshot.places.extend(self.places(side));
            snapshot
                .places
                .extend(idle.filter_map(|price| self.place(side, *price)));
            snapshot.orders.extend(self.orders(side));
        }
        snapshot
    }

    /// Where the contract's own view of the same block differs from the book; empty when they agree. `places` and
    /// `orders` are all that rests. A head that may be further on than is known is no difference.
    pub fn differences(&self, places: &[PlaceState], orders: &[OpenOrder]) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut rest: HashMap<_, _> = places
            .iter()
            .map(|place| ((place.side, place.price), *place))
            .collect();
        for side in Side::ALL {
            for book in self.places(side) {
                let chain = rest.remove(&(side, book.price));
                if !chain.is_some_and(|chain| self.agrees(&book, &chain)) {
                    let book = Some(book);
                    differences.push(Difference::Place { book, chain });
                }
            }
        }
        let mut rest: Vec<PlaceState> = rest.into_values().collect();
        rest.sort_by_key(|place| (place.side, place.price));
        differences.extend(rest.into_iter().map(|place| Difference::Place {
            book: None,
            chain: Some(place),
        }));
        differences.extend(self.different_orders(orders));
        differences
    }

    /// Takes the heads that the contract has told, for an exact count of steps. They must be of a block that no
    /// reorganisation takes back, and of which the book has all events.
    pub fn adopt_heads(&mut self, places: &[PlaceState]) {
        for chain in places {
            let book = self.place(chain.side, chain.price);
            if book.is_some_and(|book| self.agrees(&book, chain)) {
                // What was told by the contract is not taken back.
                let _ = self.pass(chain.side, chain.price, chain.head);
            }
        }
    }

    fn places(&self, side: Side) -> impl Iterator<Item = PlaceState> {
        let levels = self.inner_levels(side);
        levels.map(move |(price, level)| level.state(side, price))
    }

    fn agrees(&self, book: &PlaceState, chain: &PlaceState) -> bool {
        let Some(level) = self.side(book.side).levels.get(&book.price) else {
            return false;
        };
        let head = match level.is_certain() {
            true => level.head()..=level.head(),
            false => level.head()..=level.first(),
        };
        let same_but_head = PlaceState {
            head: book.head,
            ..*chain
        };
        head.contains(&chain.head) && *book == same_but_head
    }

    fn different_orders(&self, orders: &[OpenOrder]) -> Vec<Difference> {
        let told: HashSet<OrderId> = orders.iter().map(|order| order.id).collect();
        let missing = Side::ALL.into_iter().flat_map(|side| self.orders(side));
        let missing = missing
            .filter(|order| !told.contains(&order.id))
            .map(|order| (Some(order), None));
        let other = orders.iter().map(|chain| (self.order(chain.id), Some(*chain)));
        let other = other.filter(|(book, chain)| book != chain);
        let differences = missing.chain(other);
        differences
            .map(|(book, chain)| Difference::Order { book, chain })
            .collect()
    }

    fn load_place(&mut self, place: &PlaceState) -> Result<(), LoadError> {
        let PlaceState {
            generation,
            head,
            tail,
            ..
        } = *place;
        let rests = place.lots > TotalLots::ZERO;
        let possible = if rests {
            head < tail && tail - head <= MAX_LANES
        } else {
            head == 0 && tail == 0
        };
        let in_range = generation < OrderId::GENERATIONS && tail < OrderId::SEQUENCES;
        let orders = self.side_mut(place.side);
        let known = orders.levels.contains_key(&place.price) || orders.idle.contains_key(&place.price);
        if known || !possible || !in_range {
            return Err(LoadError::Place(*place));
        }
        if rests {
            orders
                .levels
                .insert(place.price, Level::new(generation, head, tail));
        } else {
            orders.idle.insert(place.price, generation);
        }
        Ok(())
    }

    fn load_order(&mut self, order: &OpenOrder) -> Result<(), LoadError> {
        let id = order.id;
        let fits = |level: &Level| {
            (level.head()..level.tail()).contains(&id.sequence()) && level.open(id.sequence()).is_none()
        };
        if order.lots.0 == 0 || !self.level_of(id).is_some_and(fits) {
            return Err(LoadError::Order(id));
        }
        let trader = self.traders.number(order.trader);
        self.write(
            id,
            Lane {
                trader,
                lots: order.lots.0,
            },
        );
        Ok(())
    }
}
