//! Price alerts: one word when a price is reached, and silence until it is asked for again.

use serde::{Deserialize, Serialize};

use super::Price;

/// The prices of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Price of the last trade.
    pub last: Option<Price>,
    /// The highest price that somebody pays.
    pub bid: Option<Price>,
    /// The lowest price that somebody asks.
    pub ask: Option<Price>,
}

/// Which price is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// That of the last trade.
    Last,
    /// The highest that somebody pays.
    BestBid,
    /// The lowest that somebody asks.
    BestAsk,
}

/// On which side of the limit something is said; the limit itself belongs to both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// At the limit or above.
    Above,
    /// At the limit or below.
    Below,
}

/// A price that a person waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceAlert {
    /// Which price.
    pub watched: Watched,
    /// Above or below the limit.
    pub direction: Direction,
    /// The limit.
    pub limit: Price,
    /// The price at which it has spoken; it says nothing more until it is armed again.
    pub fired: Option<Price>,
}

impl PriceAlert {
    /// An alert that waits.
    pub fn new(watched: Watched, direction: Direction, limit: Price) -> Self {
        Self {
            watched,
            direction,
            limit,
            fired: None,
        }
    }

    /// Looks at the prices of a moment; the price that is waited for, once. A price that nobody asks or pays is none.
    pub fn look(&mut self, quote: &Quote) -> Option<Price> {
        let price = match self.watched {
            Watched::Last => quote.last,
            Watched::BestBid => quote.bid,
            Watched::BestAsk => quote.ask,
        }?;
        let reached = match self.direction {
            Direction::Above => price >= self.limit,
            Direction::Below => price <= self.limit,
        };
        if !reached || self.fired.is_some() {
            return None;
        }
        self.fired = Some(price);
        self.fired
    }

    /// Waits again.
    pub fn rearm(&mut self) {
        self.fired = None;
    }
}
