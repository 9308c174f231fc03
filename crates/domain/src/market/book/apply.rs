//! Events into the book and out of it again: each is believed only if the contract's rules allow it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Book,
    level::{Lane, Level},
};
use crate::{
    Address,
    market::{Lots, MarketEvent, MarketLog, OrderId, Price, Side},
};

/// An event that cannot follow what the book says. Either the book or the node is wrong, and no order should be placed
/// before it is known which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "divergence", rename_all = "snake_case")]
pub enum Divergence {
    /// An order without lots, or a trade of none.
    #[error("order {id} of no lots")]
    NoLots {
        /// The order.
        id: OrderId,
    },
    /// An order came to rest that would have traded.
    #[error("order {id} rests although the other side's best price is {best}")]
    Crossed {
        /// The order.
        id: OrderId,
        /// The best price of the other side.
        best: Price,
    },
    /// An order came to rest in another generation of its price.
    #[error("order {id} is not of generation {expected}")]
    Generation {
        /// The order.
        id: OrderId,
        /// The generation that it should have.
        expected: u64,
    },
    /// An order came to rest at another place of its queue than the end.
    #[error("order {id} is not number {expected} of its price")]
    Sequence {
        /// The order.
        id: OrderId,
        /// The sequence that it should have.
        expected: u64,
    },
    /// What was traded or cancelled does not rest.
    #[error("order {id} is not open")]
    NotOpen {
        /// The order.
        id: OrderId,
    },
    /// An order was traded although there was a better price.
    #[error("order {id} was traded although the best price is {best}")]
    NotBest {
        /// The order.
        id: OrderId,
        /// The best price of its side.
        best: Price,
    },
    /// An order was traded although another had come before it.
    #[error("order {id} was traded before order {expected}")]
    NotFirst {
        /// The order.
        id: OrderId,
        /// The first open order of the price.
        expected: OrderId,
    },
    /// The order belongs to somebody else.
    #[error("order {id} is not whose the trade says, but of {expected}")]
    Maker {
        /// The order.
        id: OrderId,
        /// Whose it is.
        expected: Address,
    },
    /// A trader traded with an own order, which should have been cancelled.
    #[error("order {id} was traded by its own trader")]
    OwnTrade {
        /// The order.
        id: OrderId,
    },
    /// More, or at a cancellation something else, than what is left of the order.
    #[error("order {id} has {expected} lots left")]
    LotsLeft {
        /// The order.
        id: OrderId,
        /// What is left of it.
        expected: Lots,
    },
}

/// What takes one event out of the book again.
#[derive(Clone, Debug)]
pub struct Undo(Change);

#[derive(Clone, Debug)]
enum Change {
    /// An order came; the generation of its price was known before it, if it was the first there.
    Placed { id: OrderId, idle: Option<u64> },
    /// An order was reduced or went.
    Reduced { id: OrderId, was: Was, lane: Lane },
    /// Cancelled lanes were passed over.
    Passed { side: Side, price: Price, was: Was },
}

/// What a level was before something of it went.
#[derive(Clone, Copy, Debug)]
struct Was {
    head: u64,
    tail: u64,
}

impl Was {
    fn of(level: &Level) -> Self {
        Self {
            head: level.head(),
            tail: level.tail(),
        }
    }
}

impl Book {
    /// Takes an event into the book; in time logarithmic in the number of prices. Events come in the order of the
    /// chain, each once. An event that cannot be changes nothing.
    pub fn apply(&mut self, log: &MarketLog) -> Result<Undo, Divergence> {
        self.apply_event(&log.event)
    }

    /// The same for an event whose place on the chain does not matter.
    pub fn apply_event(&mut self, event: &MarketEvent) -> Result<Undo, Divergence> {
        if event.lots() == Lots::ZERO {
            return Err(Divergence::NoLots { id: event.order() });
        }
        match *event {
            MarketEvent::Placed { id, trader, lots } => self.placed(id, trader, lots),
            MarketEvent::Trade {
                maker_order,
                maker,
                taker,
                lots,
            } => self.traded(maker_order, maker, taker, lots),
            MarketEvent::Cancelled { id, lots_left } => self.cancelled(id, lots_left),
        }
    }

    /// Takes back what [`Book::apply`] or [`Book::perform`] has done. Undo the last first: out of order, the book is no
    /// book of this market any more.
    pub fn undo(&mut self, Undo(change): Undo) {
        match change {
            Change::Placed { id, idle } => self.unplace(id, idle),
            Change::Reduced { id, was, lane } => {
                self.side_mut(id.side()).idle.remove(&id.price());
                let levels = &mut self.side_mut(id.side()).levels;
                let level = levels
                    .entry(id.price())
                    .or_insert_with(|| Level::new(id.generation(), was.tail, was.tail));
                level.retreat(was.head);
                self.write(id, lane);
            }
            Change::Passed { side, price, was } => {
                if let Some(level) = self.side_mut(side).levels.get_mut(&price) {
                    level.retreat(was.head);
                }
            }
        }
    }

    /// Moves a head over cancelled lanes to where the contract has it.
    pub(in crate::market) fn pass(&mut self, side: Side, price: Price, head: u64) -> Option<Undo> {
        let level = self.side_mut(side).levels.get_mut(&price)?;
        let was = Was::of(level);
        let possible = (level.head()..=level.first()).contains(&head);
        possible.then(|| {
            level.advance(head);
            Undo(Change::Passed { side, price, was })
        })
    }

    fn placed(&mut self, id: OrderId, trader: Address, lots: Lots) -> Result<Undo, Divergence> {
        let (side, price) = (id.side(), id.price());
        if let Some(best) = self.best(side.opposite())
            && side.crosses(price, best)
        {
            return Err(Divergence::Crossed { id, best });
        }
        let place = self.place(side, price);
        // Where the generation is not known, the first order there tells it.
        let (generation, tail) = place.map_or((id.generation(), 0), |place| (place.generation, place.tail));
        if id.generation() != generation {
            return Err(Divergence::Generation {
                id,
                expected: generation,
            });
        }
        if id.sequence() != tail {
            return Err(Divergence::Sequence { id, expected: tail });
        }
        let trader = self.traders.number(trader);
        let orders = self.side_mut(side);
        let idle = orders.idle.remove(&price);
        let level = orders
            .levels
            .entry(price)
            .or_insert_with(|| Level::new(generation, 0, 0));
        level.push(Lane::default());
        self.write(id, Lane { trader, lots: lots.0 });
        Ok(Undo(Change::Placed { id, idle }))
    }

    fn unplace(&mut self, id: OrderId, idle: Option<u64>) {
        self.write(id, Lane::default());
        let orders = self.side_mut(id.side());
        let Some(level) = orders.levels.get_mut(&id.price()) else {
            return;
        };
        level.pop();
        if level.is_empty() {
            orders.levels.remove(&id.price());
            orders.idle.extend(idle.map(|idle| (id.price(), idle)));
        }
    }

    fn traded(
        &mut self,
        id: OrderId,
        maker: Address,
        taker: Address,
        lots: Lots,
    ) -> Result<Undo, Divergence> {
        let (side, price) = (id.side(), id.price());
        let (level, lane) = self.find(id)?;
        let first = level.first();
        if let Some(best) = self.best(side).filter(|best| *best != price) {
            return Err(Divergence::NotBest { id, best });
        }
        if first != id.sequence() {
            let expected = OrderId::new(id.generation(), side, price, first).unwrap_or(id);
            return Err(Divergence::NotFirst { id, expected });
        }
        let expected = self.traders.address(lane.trader);
        if maker != expected {
            return Err(Divergence::Maker { id, expected });
        }
        if taker == maker {
            return Err(Divergence::OwnTrade { id });
        }
        let Some(left) = lane.lots.checked_sub(lots.0) else {
            let expected = Lots(lane.lots);
            return Err(Divergence::LotsLeft { id, expected });
        };
        // A trade leaves the head at what is left of its order, or after it; how far after it, it does not say.
        let passed = if left == 0 { first + 1 } else { first };
        Ok(self.reduce(id, lane, left, |_| passed))
    }

    fn cancelled(&mut self, id: OrderId, lots_left: Lots) -> Result<Undo, Divergence> {
        let (level, lane) = self.find(id)?;
        if lane.lots != lots_left.0 {
            let expected = Lots(lane.lots);
            return Err(Divergence::LotsLeft { id, expected });
        }
        let (head, first) = (level.head(), level.first());
        // Only the first order of the best price can have met another of its trader. A call that met it has passed the
        // lanes before it and perhaps some after it, a cancellation those after it if there are none before it.
        let may_be_met = first == id.sequence() && self.best(id.side()) == Some(id.price());
        Ok(
            self.reduce(id, lane, 0, |level| match (head == id.sequence(), may_be_met) {
                (true, true) => head + 1,
                (true, false) => level.past_cancelled(head + 1),
                (false, _) => head,
            }),
        )
    }

    /// Writes what is left of an open order, and moves the head to where `head` says, unless nothing is left of the level.
    fn reduce(&mut self, id: OrderId, lane: Lane, left: u32, head: impl FnOnce(&Level) -> u64) -> Undo {
        let lane_left = match left {
            0 => Lane::default(),
            lots => Lane { lots, ..lane },
        };
        let was = self.level_of(id).map(Was::of).expect("the order was found");
        self.write(id, lane_left);
        let orders = self.side_mut(id.side());
        let level = orders.levels.get_mut(&id.price()).expect("the order was found");
        if level.is_empty() {
            orders.levels.remove(&id.price());
            orders.idle.insert(id.price(), id.generation() + 1);
        } else {
            level.advance(head(level));
        }
        Undo(Change::Reduced { id, was, lane })
    }

    fn find(&self, id: OrderId) -> Result<(&Level, Lane), Divergence> {
        let found = self
            .level_of(id)
            .and_then(|level| Some((level, level.open(id.sequence())?)));
        found.ok_or(Divergence::NotOpen { id })
    }

    /// Writes a lane of a level that exists, and what follows from it.
    pub(super) fn write(&mut self, id: OrderId, lane: Lane) {
        let orders = self.side_mut(id.side());
        let Some(level) = orders.levels.get_mut(&id.price()) else {
            return;
        };
        let before = level.open(id.sequence()).unwrap_or_default();
        level.set(id.sequence(), lane);
        orders.totals.change(id.price(), before.lots, lane.lots);
        let trader = if lane.lots > 0 { lane.trader } else { before.trader };
        if let Some(own) = self.watched.get_mut(&trader) {
            if lane.lots > 0 {
                own.insert(id);
            } else {
                own.remove(&id);
            }
        }
    }
}
