//! The ticket: what a person wants to trade, what would come of it, and what stands in its way.

mod preview;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::preview::{Amount, Preview};
use super::{Book, Lots, MAX_FILLS, NewOrder, OrderFlags, Outcome, Pair, Price, Refusal, Side, TotalLots};
use crate::{Address, Etk, Idrs, event::Balances};

/// How an order trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketKind {
    /// At the price or better; the rest rests.
    #[default]
    Limit,
    /// At once, at whatever rests, but not worse than the price.
    Market,
    /// Rests at the price, and is refused rather than trade.
    PostOnly,
    /// At once at the price or better; the rest is forgotten.
    ImmediateOrCancel,
}

/// What a person wants to trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Who trades.
    pub account: Address,
    /// To buy or to sell.
    pub side: Side,
    /// How.
    pub kind: TicketKind,
    /// The worst price.
    pub price: Price,
    /// How much.
    pub lots: Lots,
}

/// What stands in a ticket's way, and what would not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum TicketProblem {
    /// Nothing is to be traded.
    #[error("an order has at least {least} lot")]
    NoLots {
        /// The least amount.
        least: Lots,
    },
    /// The account cannot pay what it sells.
    #[error("{needed} ETK are needed, there are {available}")]
    NotEnoughEtk {
        /// What would be taken.
        needed: Etk,
        /// What there is.
        available: Etk,
        /// The largest amount that can be paid.
        lots: Lots,
    },
    /// The account cannot pay what it buys.
    #[error("{needed} IDRS are needed, there are {available}")]
    NotEnoughIdrs {
        /// What would be taken.
        needed: Idrs,
        /// What there is.
        available: Idrs,
        /// The largest amount that can be paid.
        lots: Lots,
    },
    /// A post-only order would trade.
    #[error("the order would trade at {best}")]
    WouldTrade {
        /// The best price of the other side.
        best: Price,
        /// The best price that would rest, if there is one.
        works: Option<Price>,
    },
    /// An order that never rests finds nothing at its price.
    #[error("nothing can be traded at this price")]
    NothingToTrade {
        /// The price at which something can be; none when nothing rests on the other side.
        works: Option<Price>,
    },
    /// An order that never rests would meet own orders only, and cancel them.
    #[error("only own orders can be met at this price")]
    OnlyOwnOrders {
        /// Their lots.
        lots: TotalLots,
    },
}

impl TicketKind {
    /// How the contract is told.
    pub fn flags(self) -> OrderFlags {
        match self {
            Self::Limit => OrderFlags::GoodTillCancelled,
            Self::Market | Self::ImmediateOrCancel => OrderFlags::ImmediateOrCancel,
            Self::PostOnly => OrderFlags::PostOnly,
        }
    }
}

impl Ticket {
    /// What the contract is called with.
    pub fn order(&self) -> NewOrder {
        NewOrder {
            trader: self.account,
            side: self.side,
            price: self.price,
            lots: self.lots,
            flags: self.kind.flags(),
            max_fills: MAX_FILLS,
        }
    }

    /// What would come of it, or everything that stands in its way. `allowance` is what the market may take of the
    /// token that is paid with, in base units; a small one is no problem, for a permit goes with the order.
    pub fn check(
        &self,
        book: &Book,
        balances: &Balances,
        allowance: u128,
        pair: Pair,
    ) -> Result<Preview, Vec<TicketProblem>> {
        let order = self.order();
        let outcome = match order.outcome(book) {
            Ok(outcome) => outcome,
            Err(refusal) => return Err(self.refused(refusal)),
        };
        let mut problems = Vec::new();
        let crosses = book
            .best(self.side.opposite())
            .is_some_and(|best| self.side.crosses(self.price, best));
        if order.flags == OrderFlags::ImmediateOrCancel && outcome.filled == Lots::ZERO {
            match outcome.own_lots {
                TotalLots::ZERO if crosses => {}
                TotalLots::ZERO => problems.push(TicketProblem::NothingToTrade {
                    works: book.best(self.side.opposite()),
                }),
                lots => problems.push(TicketProblem::OnlyOwnOrders { lots }),
            }
        }
        problems.extend(self.unpaid(book, &outcome, balances, pair));
        if problems.is_empty() {
            Ok(Preview::of(self, book, &outcome, balances, allowance, pair))
        } else {
            Err(problems)
        }
    }

    /// The most lots, up to those of the ticket, that the balances can pay; for a slider, ask with [`Lots`] of
    /// `u32::MAX`. What can be traded or rest is not asked.
    pub fn most(&self, book: &Book, balances: &Balances, pair: Pair) -> Lots {
        let payable = |lots: u32| {
            let order = NewOrder {
                lots: Lots(lots),
                ..self.order()
            };
            let outcome = order.outcome(book);
            outcome.is_ok_and(|outcome| cost(&outcome, &order, pair) <= self.available(balances))
        };
        // What is paid grows with the lots: the most is between one that can be paid and one that cannot.
        let (mut can, mut cannot) = (0, u64::from(self.lots.0) + 1);
        while can + 1 < cannot {
            let middle = can.midpoint(cannot);
            if u32::try_from(middle).is_ok_and(payable) {
                can = middle;
            } else {
                cannot = middle;
            }
        }
        Lots(u32::try_from(can).unwrap_or(u32::MAX))
    }

    fn refused(&self, refusal: Refusal) -> Vec<TicketProblem> {
        vec![match refusal {
            Refusal::WouldCross { best } => TicketProblem::WouldTrade {
                best,
                works: match self.side {
                    Side::Bid => best.down(),
                    Side::Ask => best.up(),
                },
            },
            // Nothing else is refused: the number of fills is ours, and no order is cancelled.
            Refusal::ZeroLots
            | Refusal::MaxFillsOutOfBounds { .. }
            | Refusal::OrderNotOpen { .. }
            | Refusal::NotTrader { .. }
            | Refusal::TooManyOrders { .. } => TicketProblem::NoLots { least: Lots(1) },
        }]
    }

    fn available(&self, balances: &Balances) -> i128 {
        match self.side {
            Side::Bid => balances.idrs.0,
            Side::Ask => balances.etk.0,
        }
    }

    fn unpaid(
        &self,
        book: &Book,
        outcome: &Outcome,
        balances: &Balances,
        pair: Pair,
    ) -> Option<TicketProblem> {
        let needed = cost(outcome, &self.order(), pair);
        let available = self.available(balances);
        (needed > available).then(|| {
            let lots = self.most(book, balances, pair);
            match self.side {
                Side::Bid => TicketProblem::NotEnoughIdrs {
                    needed: Idrs(needed),
                    available: Idrs(available),
                    lots,
                },
                Side::Ask => TicketProblem::NotEnoughEtk {
                    needed: Etk(needed),
                    available: Etk(available),
                    lots,
                },
            }
        })
    }
}

/// What is taken from the account, in base units of the token that it pays with.
fn cost(outcome: &Outcome, order: &NewOrder, pair: Pair) -> i128 {
    match order.side {
        Side::Bid => outcome.value.0 + Pair::cost(outcome.rests, order.price).0,
        Side::Ask => pair.etk(outcome.filled).0 + pair.etk(outcome.rests).0,
    }
}
