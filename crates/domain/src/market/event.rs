//! Events: what the market's contract says has happened, and where on the chain.

use serde::{Deserialize, Serialize};

use super::{Lots, OrderId};
use crate::{Address, BlockHash, TxHash, UnixMillis};

/// What happened to one order of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum MarketEvent {
    /// `OrderPlaced`: an order, or what was left of it after trading, rests.
    Placed {
        /// Where it rests.
        id: OrderId,
        /// Whose it is.
        trader: Address,
        /// What rests.
        lots: Lots,
    },
    /// `Trade`: a resting order was traded at its price, in whole or in part.
    Trade {
        /// The resting order.
        maker_order: OrderId,
        /// Whose it is.
        maker: Address,
        /// Who came to trade with it.
        taker: Address,
        /// What was traded.
        lots: Lots,
    },
    /// `OrderCancelled`: a resting order was cancelled by its trader, or met another order of its trader.
    Cancelled {
        /// The resting order.
        id: OrderId,
        /// What was left of it.
        lots_left: Lots,
    },
}

impl MarketEvent {
    /// The resting order that it tells of.
    pub fn order(&self) -> OrderId {
        match *self {
            Self::Placed { id, .. } | Self::Cancelled { id, .. } => id,
            Self::Trade { maker_order, .. } => maker_order,
        }
    }

    /// Lots placed, traded or given back.
    pub fn lots(&self) -> Lots {
        match *self {
            Self::Placed { lots, .. } | Self::Trade { lots, .. } => lots,
            Self::Cancelled { lots_left, .. } => lots_left,
        }
    }
}

/// An event and its place on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketLog {
    /// Number of the including block.
    pub block: u64,
    /// Hash of the including block.
    pub block_hash: BlockHash,
    /// The transaction.
    pub tx: TxHash,
    /// Position among the block's logs.
    pub log_index: u64,
    /// The block's time.
    pub at: UnixMillis,
    /// What happened.
    #[serde(flatten)]
    pub event: MarketEvent,
}

impl MarketLog {
    /// The order of events: by block, and by position within it.
    pub fn position(&self) -> (u64, u64) {
        (self.block, self.log_index)
    }
}
