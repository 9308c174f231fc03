//! The neighbourhood market: what an order is, and what the contract makes of it, without asking the contract.
//!
//! Amounts are whole lots of ETK, prices are IDRS base units per lot; `lots x price` is exact. What the market holds
//! comes from its events alone, and each event is checked against the rules before it is believed.

mod event;
mod fraction;
mod lot;
mod order;

pub use self::{
    event::{MarketEvent, MarketLog},
    fraction::Fraction,
    lot::{AmountUnit, Mistyped, Pair, PairError, PriceUnit},
    order::{
        Lots, NoOrderId, OpenOrder, OrderFlags, OrderId, OrderStatus, PlaceState, Price, Side, TotalLots,
    },
};

#[cfg(test)]
mod tests {
    mod lot;
    mod order;
}
