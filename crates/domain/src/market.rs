//! The neighbourhood market: what an order is, and what the contract makes of it, without asking the contract.
//!
//! Amounts are whole lots of ETK, prices are IDRS base units per lot; `lots x price` is exact. What the market holds
//! comes from its events alone, and each event is checked against the rules before it is believed.

mod alert;
mod book;
mod candles;
mod depth;
mod event;
mod fraction;
mod lot;
mod matching;
mod order;
mod order_id;
mod stats;
mod ticket;

pub use self::{
    alert::{Direction, PriceAlert, Quote, Watched},
    book::{Book, Difference, Divergence, LoadError, PriceLevel, QueuePosition, Snapshot, Totals, Undo},
    candles::{Candle, Candles, Late, Slot, Tick, Unaligned, Width},
    depth::{Depth, DepthRow},
    event::{MarketEvent, MarketLog},
    fraction::Fraction,
    lot::{AmountUnit, Mistyped, Pair, PairError, PriceUnit},
    matching::{Change, Effect, MAX_CANCELS, MAX_FILLS, NewOrder, Outcome, Refusal},
    order::{Lots, OpenOrder, OrderFlags, OrderStatus, PlaceState, Price, Side, TotalLots},
    order_id::{NoOrderId, OrderId},
    stats::{AgainstTariff, MarketStats, OwnTrade, Performance, Traded},
    ticket::{Amount, Preview, Ticket, TicketKind, TicketProblem},
};

#[cfg(test)]
mod tests {
    mod alert;
    mod book;
    mod candles;
    mod depth;
    mod lot;
    mod model;
    mod order;
    mod stats;
    mod street;
    mod ticket;
}
