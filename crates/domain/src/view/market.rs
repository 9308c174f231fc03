//! The market as it is shown: its state, its book, orders and trades.

use serde::{Deserialize, Serialize};

use crate::{
    Address, Error, Idrs, TxHash, UnixMillis, Wei,
    market::{
        AgainstTariff, Depth, DepthRow, Lots, MarketStats, OrderFlags, OrderId, OrderStatus, Pair,
        Performance, Preview, Price, PriceAlert, QueuePosition, Side, TicketProblem,
    },
};

/// Whether the book can be believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum MarketPhase {
    /// The network names no market, or there is no network.
    Missing,
    /// Events are being read.
    Reading {
        /// Up to this block, so far.
        block: u64,
        /// The chain's last block.
        head: u64,
    },
    /// The book is that of [`MarketState::block`].
    Live,
    /// The node cannot be asked: what is shown is of [`MarketState::block`].
    Away {
        /// Why.
        error: Error,
    },
}

/// The market after its last block that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketState {
    /// Where its contract is.
    pub market: Option<Address>,
    /// Whether the book can be believed.
    pub phase: MarketPhase,
    /// Up to which block events were taken in.
    pub block: Option<u64>,
    /// What is traded.
    pub pair: Option<Pair>,
    /// Figures of the last 24 hours.
    pub stats: Option<MarketStats>,
    /// What events and contract told differently, since the app was started: the last of it.
    pub alarm: Option<String>,
}

/// What is drawn of the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketQuery {
    /// Prices in a row of the book: 1, 10 or 100.
    pub group: u16,
    /// Rows of each side, 200 at most.
    pub rows: u16,
    /// Trades of the tape, 200 at most.
    pub tape: u16,
}

/// The market page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketView {
    /// The clock of the core.
    pub now: UnixMillis,
    /// State and figures.
    pub state: MarketState,
    /// The book, grouped.
    pub depth: Option<Depth>,
    /// Open orders of the wallet's accounts, each with its place in the queue; newest first.
    pub own: Vec<Order>,
    /// The last trades, newest first.
    pub tape: Vec<Trade>,
}

/// Steps of a depth chart, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthChart {
    /// Who buys.
    pub bids: Vec<DepthRow>,
    /// Who sells.
    pub asks: Vec<DepthRow>,
}

/// What a ticket would do, or what stands in its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ticket", rename_all = "snake_case")]
pub enum TicketView {
    /// It can be placed.
    Ready {
        /// What would come of it.
        preview: Box<Preview>,
        /// What the network takes for it at most; none while the node cannot be asked.
        fee: Option<Wei>,
    },
    /// It cannot.
    Blocked {
        /// Why, each with what would work.
        problems: Vec<TicketProblem>,
    },
}

/// An order as the chain tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number in this profile.
    pub number: i64,
    /// Under which id it rests or has rested; none of one that never did.
    pub id: Option<OrderId>,
    /// Whose it is.
    pub trader: Address,
    /// What it wants.
    pub side: Side,
    /// The worst price.
    pub price: Price,
    /// How much, in all. Of an order that never rested and was not placed here only what was traded is known.
    pub lots: Lots,
    /// What was traded.
    pub filled: Lots,
    /// What rests.
    pub left: Lots,
    /// What the chain says of it.
    pub status: OrderStatus,
    /// How it behaved when it arrived; known of those that were placed here.
    pub flags: Option<OrderFlags>,
    /// The transaction that it came with.
    pub tx: TxHash,
    /// The block of that.
    pub block: u64,
    /// When that was.
    pub placed_at: UnixMillis,
    /// When nothing rested any more.
    pub ended_at: Option<UnixMillis>,
    /// Who is served before it; only in the list of open orders.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<QueuePosition>,
}

/// Which orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderFilter {
    /// Only those of this account.
    pub trader: Option<Address>,
    /// Only those of this status.
    pub status: Option<OrderStatus>,
    /// Only those of this side.
    pub side: Option<Side>,
    /// Only those placed at or after this moment.
    pub from: Option<UnixMillis>,
    /// Only those placed before this moment.
    pub to: Option<UnixMillis>,
}

/// A page of orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPage {
    /// Newest first.
    pub rows: Vec<Order>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

/// A trade between a resting order and one that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Its number in this profile.
    pub number: i64,
    /// When: the block's time.
    pub at: UnixMillis,
    /// IDRS base units per lot.
    pub price: Price,
    /// What was traded.
    pub lots: Lots,
    /// What it cost.
    pub value: Idrs,
    /// What the taker did: bought (BID) or sold (ASK).
    pub side: Side,
    /// The resting order.
    pub maker_order: OrderId,
    /// Whose that is.
    pub maker: Address,
    /// Who came.
    pub taker: Address,
    /// The transaction.
    pub tx: TxHash,
    /// Its block.
    pub block: u64,
}

/// Which trades.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TradeFilter {
    /// Only those in which this account has part.
    pub account: Option<Address>,
    /// Only those at or after this moment.
    pub from: Option<UnixMillis>,
    /// Only those before this moment.
    pub to: Option<UnixMillis>,
}

/// A page of trades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradePage {
    /// Newest first.
    pub rows: Vec<Trade>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

/// How an account has traded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerformanceView {
    /// What it bought and sold.
    pub performance: Performance,
    /// Earned less spent.
    pub net: Idrs,
    /// Against the utility's tariff, when one was given.
    pub against_tariff: Option<AgainstTariff>,
}

/// A price that a person waits for, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its number in this profile.
    pub id: i64,
    /// Which price, and whether it was reached.
    pub alert: PriceAlert,
    /// When it was set.
    pub created_at: UnixMillis,
    /// When it was reached.
    pub fired_at: Option<UnixMillis>,
}
