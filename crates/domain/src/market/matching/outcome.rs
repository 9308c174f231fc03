//! What comes of a call: events, what is traded and rests, and what the balances change by.

use serde::{Deserialize, Serialize};

use super::NewOrder;
use crate::{
    Etk, Idrs,
    market::{Lots, MarketEvent, OrderId, Pair, Price, Side, TotalLots},
};

/// What a call does to the book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What it would emit, in this order.
    pub events: Vec<MarketEvent>,
    /// The head of the last price that it visits, if orders still rest there.
    pub head: Option<(Side, Price, u64)>,
}

/// What comes of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Trades, own orders that are cancelled, and what comes to rest.
    pub effect: Effect,
    /// Lots that are traded.
    pub filled: Lots,
    /// What these cost, at the resting orders' prices.
    pub value: Idrs,
    /// Lots of own orders that were met, whose escrow comes back.
    pub own_lots: TotalLots,
    /// What these would have cost, each at its own price.
    pub own_value: Idrs,
    /// What comes to rest.
    pub rests: Lots,
    /// The id under which it rests, unless the book does not know the generation of an empty price.
    pub order: Option<OrderId>,
    /// What is neither traded nor rests, and is not paid for.
    pub dropped: Lots,
    /// Steps that were used; a fill is eight, a cancelled lane that is passed over one.
    pub steps: u32,
    /// Whether the contract's count is certain to come to the same. Where cancelled lanes may have been passed over
    /// already, and the steps were used up, the contract may trade more than this says.
    pub certain: bool,
}

/// What an account's balances change by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// ETK received, negative when paid.
    pub etk: Etk,
    /// IDRS received, negative when paid.
    pub idrs: Idrs,
}

impl Outcome {
    /// Whether a call of the order could have emitted these events on the book that this is the outcome on. Where the
    /// outcome is not certain, the contract may have traded more.
    pub fn agrees(&self, order: &NewOrder, events: &[MarketEvent]) -> bool {
        let rested = |id: OrderId| MarketEvent::Placed {
            id,
            trader: order.trader,
            lots: self.rests,
        };
        let more = events.strip_prefix(self.effect.events.as_slice());
        match more {
            Some([]) => self.order.is_some() || self.rests == Lots::ZERO,
            // The book does not know the generation of the price.
            Some([placed]) if self.order.is_none() && self.rests > Lots::ZERO => {
                let id = placed.order();
                (id.side(), id.price(), id.sequence()) == (order.side, order.price, 0)
                    && *placed == rested(id)
            }
            Some(_) => !self.certain,
            None => false,
        }
    }

    /// What the balances of the order's trader change by, escrow counted as paid.
    pub fn change(&self, order: &NewOrder, pair: Pair) -> Change {
        let own_etk = pair.etk(self.own_lots).0;
        let filled = pair.etk(self.filled).0;
        match order.side {
            Side::Bid => Change {
                etk: Etk(filled + own_etk),
                idrs: Idrs(-self.value.0 - Pair::cost(self.rests, order.price).0),
            },
            Side::Ask => Change {
                etk: Etk(-filled - pair.etk(self.rests).0),
                idrs: Idrs(self.value.0 + self.own_value.0),
            },
        }
    }
}
