//! What the contract makes of an order: its matching as a plain function of the book.

mod outcome;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::outcome::{Change, Effect, Outcome};
use super::{Book, Lots, MarketEvent, OrderFlags, OrderId, Pair, Price, Side, TotalLots, Undo};
use crate::{Address, Idrs};

/// Resting orders that one call visits at most.
pub const MAX_FILLS: u8 = 16;
/// Orders that one call cancels at most.
pub const MAX_CANCELS: usize = 16;
/// So many cancelled lanes are passed over for the price of one fill.
const SKIPS: u32 = 8;

/// An order on its way in: what `placeOrder` is called with, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// Whose it is.
    pub trader: Address,
    /// To buy or to sell.
    pub side: Side,
    /// The worst price.
    pub price: Price,
    /// How much.
    pub lots: Lots,
    /// How it behaves.
    pub flags: OrderFlags,
    /// Resting orders to visit at most, 1 to 16.
    pub max_fills: u8,
}

/// Why the contract refuses a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// `ZeroLots`
    #[error("an order has at least one lot")]
    ZeroLots,
    /// `MaxFillsOutOfBounds`
    #[error("{max_fills} fills are not between 1 and 16")]
    MaxFillsOutOfBounds {
        /// What was asked for.
        max_fills: u8,
    },
    /// `WouldCross`
    #[error("the order must not trade, but would at {best}")]
    WouldCross {
        /// The best price of the other side.
        best: Price,
    },
    /// `OrderNotOpen`
    #[error("order {id} is not open")]
    OrderNotOpen {
        /// The order.
        id: OrderId,
    },
    /// `NotTrader`
    #[error("order {id} belongs to somebody else")]
    NotTrader {
        /// The order.
        id: OrderId,
    },
    /// `TooManyOrders`
    #[error("{count} orders are more than can be cancelled at once")]
    TooManyOrders {
        /// How many.
        count: usize,
    },
}

impl NewOrder {
    /// What the contract would make of it, or its refusal. Balances and allowances are the tokens' affair.
    pub fn outcome(&self, book: &Book) -> Result<Outcome, Refusal> {
        if self.lots == Lots::ZERO {
            return Err(Refusal::ZeroLots);
        }
        let max_fills = self.max_fills;
        if !(1..=MAX_FILLS).contains(&max_fills) {
            return Err(Refusal::MaxFillsOutOfBounds { max_fills });
        }
        let best = book.best(self.side.opposite());
        match best.filter(|best| self.side.crosses(self.price, *best)) {
            Some(best) if self.flags == OrderFlags::PostOnly => Err(Refusal::WouldCross { best }),
            _ => Ok(self.rest(book, self.take(book))),
        }
    }

    /// Trades with the other side from its best price on, until nothing is left, nothing crosses, or enough was visited.
    fn take(&self, book: &Book) -> Taking {
        let mut taking = Taking {
            effect: Effect::default(),
            left: self.lots.0,
            steps: u32::from(self.max_fills) * SKIPS,
            value: Idrs::ZERO,
            own_lots: 0,
            own_value: Idrs::ZERO,
            certain: true,
            blocked: false,
        };
        let side = self.side.opposite();
        let crossing = book
            .inner_levels(side)
            .take_while(|(price, _)| self.side.crosses(self.price, *price));
        for (price, level) in crossing {
            if taking.left == 0 || taking.steps == 0 {
                taking.blocked = true;
                break;
            }
            taking.certain &= level.is_certain();
            let (mut sequence, mut resting) = (level.head(), level.lots());
            for lane in level.lanes() {
                if lane.lots == 0 {
                    taking.steps -= 1;
                } else {
                    let id = OrderId::new(level.generation(), side, price, sequence)
                        .expect("the sequences of a level go up to that of an id");
                    let moved = taking.meet(self.trader, id, book.address(lane.trader), lane.lots);
                    resting -= u64::from(moved);
                    if moved != lane.lots {
                        break;
                    }
                }
                sequence += 1;
                if taking.left == 0 || taking.steps == 0 || resting == 0 {
                    break;
                }
            }
            if resting > 0 {
                taking.effect.head = Some((side, price, sequence));
                taking.blocked = true;
                break;
            }
        }
        taking
    }

    /// Rests what is left, unless it must not rest, or could still trade: then the book would be crossed.
    fn rest(&self, book: &Book, taking: Taking) -> Outcome {
        let rests = if taking.blocked || self.flags == OrderFlags::ImmediateOrCancel {
            0
        } else {
            taking.left
        };
        let mut effect = taking.effect;
        let mut order = None;
        if rests > 0 {
            order = book.next_id(self.side, self.price);
            effect.events.extend(order.map(|id| MarketEvent::Placed {
                id,
                trader: self.trader,
                lots: Lots(rests),
            }));
        }
        Outcome {
            effect,
            filled: Lots(self.lots.0 - taking.left),
            value: taking.value,
            own_lots: TotalLots(taking.own_lots),
            own_value: taking.own_value,
            rests: Lots(rests),
            order,
            dropped: Lots(taking.left - rests),
            steps: u32::from(self.max_fills) * SKIPS - taking.steps,
            certain: taking.certain || taking.steps > 0 || taking.left == 0,
        }
    }
}

/// An order while it trades.
struct Taking {
    effect: Effect,
    left: u32,
    /// Counted in skips, of which a fill takes eight.
    steps: u32,
    value: Idrs,
    own_lots: u64,
    own_value: Idrs,
    certain: bool,
    /// Whether what is left could still trade.
    blocked: bool,
}

impl Taking {
    /// Trades with a resting order, or cancels it when it is an own one; returns the lots that leave the book.
    fn meet(&mut self, taker: Address, id: OrderId, maker: Address, open: u32) -> u32 {
        self.steps = self.steps.saturating_sub(SKIPS);
        if maker == taker {
            self.own_lots += u64::from(open);
            self.own_value.0 += Pair::cost(Lots(open), id.price()).0;
            self.effect.events.push(MarketEvent::Cancelled {
                id,
                lots_left: Lots(open),
            });
            return open;
        }
        let moved = self.left.min(open);
        self.left -= moved;
        self.value.0 += Pair::cost(Lots(moved), id.price()).0;
        self.effect.events.push(MarketEvent::Trade {
            maker_order: id,
            maker,
            taker,
            lots: Lots(moved),
        });
        moved
    }
}

impl Book {
    /// What `cancelOrder` does, or its refusal.
    pub fn cancellation(&self, trader: Address, id: OrderId) -> Result<Effect, Refusal> {
        let order = self.order(id).ok_or(Refusal::OrderNotOpen { id })?;
        if order.trader != trader {
            return Err(Refusal::NotTrader { id });
        }
        let level = self
            .inner_level(id.side(), id.price())
            .ok_or(Refusal::OrderNotOpen { id })?;
        let head = if level.head() == id.sequence() {
            level.past_cancelled(id.sequence() + 1)
        } else {
            level.head()
        };
        let stays = level.lots() > u64::from(order.lots.0);
        Ok(Effect {
            events: vec![MarketEvent::Cancelled {
                id,
                lots_left: order.lots,
            }],
            head: stays.then_some((id.side(), id.price(), head)),
        })
    }

    /// Does what a call does, heads included, of which events say too little. Undo the last first.
    pub fn perform(&mut self, effect: &Effect) -> Vec<Undo> {
        let mut undo = Vec::with_capacity(effect.events.len() + 1);
        for event in &effect.events {
            undo.push(
                self.apply_event(event)
                    .expect("an effect follows from the book as it is"),
            );
        }
        undo.extend(
            effect
                .head
                .and_then(|(side, price, head)| self.pass(side, price, head)),
        );
        undo
    }

    /// `cancelOrders`: passes over orders that are not open; nothing is done when one belongs to somebody else.
    pub fn cancel_many(&mut self, trader: Address, ids: &[OrderId]) -> Result<Vec<Undo>, Refusal> {
        let count = ids.len();
        if count > MAX_CANCELS {
            return Err(Refusal::TooManyOrders { count });
        }
        let foreign = |id: &&OrderId| self.order(**id).is_some_and(|order| order.trader != trader);
        if let Some(id) = ids.iter().find(foreign) {
            return Err(Refusal::NotTrader { id: *id });
        }
        let mut undo = Vec::new();
        for id in ids {
            if let Ok(effect) = self.cancellation(trader, *id) {
                undo.extend(self.perform(&effect));
            }
        }
        Ok(undo)
    }
}
