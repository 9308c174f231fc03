//! A plain model of the market: a list of all orders, searched from end to end. It knows nothing of the book.

use std::collections::BTreeMap;

use crate::{Address, market::*};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    Open,
    /// Cancelled, and not yet passed over.
    Dead,
    Gone,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: OrderId,
    pub(super) trader: Address,
    lots: u32,
    state: State,
}

/// The rules of the market, written as simply as they can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) entries: Vec<Entry>,
    generations: BTreeMap<(Side, Price), u64>,
    sequences: BTreeMap<(Side, Price), u64>,
    /// ETK and IDRS that each account has received, negative when paid.
    pub(super) received: BTreeMap<Address, (i128, i128)>,
    pub(super) events: Vec<MarketEvent>,
}

impl Model {
    fn open(&self, side: Side) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.state == State::Open && entry.id.side() == side)
    }

    pub(super) fn best(&self, side: Side) -> Option<Price> {
        self.open(side)
            .map(|entry| entry.id.price())
            .reduce(|one, other| match side.better(one, other) {
                true => one,
                false => other,
            })
    }

    fn crossing(&self, order: &NewOrder) -> Option<Price> {
        let best = self.best(order.side.opposite())?;
        let crosses = match order.side {
            Side::Bid => best <= order.price,
            Side::Ask => best >= order.price,
        };
        crosses.then_some(best)
    }

    /// The first entry at a price that is not gone; it may be dead.
    fn head(&self, side: Side, price: Price) -> Option<usize> {
        self.entries.iter().position(|entry| {
            (entry.id.side(), entry.id.price()) == (side, price) && entry.state != State::Gone
        })
    }

    fn pay(&mut self, who: Address, etk: i128, idrs: i128) {
        let held = self.received.entry(who).or_default();
        *held = (held.0 + etk, held.1 + idrs);
    }

    fn refund(&mut self, at: usize) {
        let Entry { id, trader, lots, .. } = self.entries[at];
        let lots = i128::from(lots);
        match id.side() {
            Side::Bid => self.pay(trader, 0, lots * i128::from(id.price().get())),
            Side::Ask => self.pay(trader, lots * 1000, 0),
        }
        self.events.push(MarketEvent::Cancelled {
            id,
            lots_left: Lots(lots as u32),
        });
    }

    /// What is filled, and the id of what rests.
    pub(super) fn place(&mut self, order: &NewOrder) -> Result<(u32, Option<OrderId>), Refusal> {
        if order.flags == OrderFlags::PostOnly
            && let Some(best) = self.crossing(order)
        {
            return Err(Refusal::WouldCross { best });
        }
        let (mut left, mut steps) = (order.lots.0, u32::from(order.max_fills) * 8);
        while left > 0
            && steps > 0
            && let Some(best) = self.crossing(order)
        {
            let at = self
                .head(order.side.opposite(), best)
                .expect("there is an order at the best price");
            if self.entries[at].state == State::Dead {
                self.entries[at].state = State::Gone;
                steps -= 1;
                continue;
            }
            steps = steps.saturating_sub(8);
            if self.entries[at].trader == order.trader {
                self.refund(at);
                self.entries[at].state = State::Gone;
            } else {
                left -= self.trade(order, at, left);
            }
            self.renew_if_empty(order.side.opposite(), best);
        }
        let filled = order.lots.0 - left;
        let rests =
            left > 0 && order.flags != OrderFlags::ImmediateOrCancel && self.crossing(order).is_none();
        Ok((filled, rests.then(|| self.rest(order, left))))
    }

    fn trade(&mut self, order: &NewOrder, at: usize, left: u32) -> u32 {
        let Entry {
            id,
            trader: maker,
            lots,
            ..
        } = self.entries[at];
        let moved = left.min(lots);
        self.entries[at].lots -= moved;
        if moved == lots {
            self.entries[at].state = State::Gone;
        }
        let (etk, idrs) = (
            i128::from(moved) * 1000,
            i128::from(moved) * i128::from(id.price().get()),
        );
        // The maker has paid when the order was placed.
        match order.side {
            Side::Bid => {
                self.pay(order.trader, etk, -idrs);
                self.pay(maker, 0, idrs);
            }
            Side::Ask => {
                self.pay(order.trader, -etk, idrs);
                self.pay(maker, etk, 0);
            }
        }
        self.events.push(MarketEvent::Trade {
            maker_order: id,
            maker,
            taker: order.trader,
            lots: Lots(moved),
        });
        moved
    }

    fn rest(&mut self, order: &NewOrder, lots: u32) -> OrderId {
        let place = (order.side, order.price);
        let generation = self.generations.get(&place).copied().unwrap_or(0);
        let sequence = self.sequences.entry(place).or_default();
        let id = OrderId::new(generation, order.side, order.price, *sequence).expect("in range");
        *sequence += 1;
        self.entries.push(Entry {
            id,
            trader: order.trader,
            lots,
            state: State::Open,
        });
        match order.side {
            Side::Bid => self.pay(order.trader, 0, -i128::from(lots) * i128::from(order.price.get())),
            Side::Ask => self.pay(order.trader, -i128::from(lots) * 1000, 0),
        }
        self.events.push(MarketEvent::Placed {
            id,
            trader: order.trader,
            lots: Lots(lots),
        });
        id
    }

    pub(super) fn cancel(&mut self, caller: Address, id: OrderId) -> Result<(), Refusal> {
        let open = |entry: &Entry| entry.id == id && entry.state == State::Open;
        let at = self
            .entries
            .iter()
            .position(open)
            .ok_or(Refusal::OrderNotOpen { id })?;
        if self.entries[at].trader != caller {
            return Err(Refusal::NotTrader { id });
        }
        self.refund(at);
        let first = self.head(id.side(), id.price()) == Some(at);
        self.entries[at].state = if first { State::Gone } else { State::Dead };
        for _ in 0..8 {
            match self.head(id.side(), id.price()) {
                Some(head) if first && self.entries[head].state == State::Dead => {
                    self.entries[head].state = State::Gone;
                }
                _ => break,
            }
        }
        self.renew_if_empty(id.side(), id.price());
        Ok(())
    }

    fn renew_if_empty(&mut self, side: Side, price: Price) {
        if self.open(side).any(|entry| entry.id.price() == price) {
            return;
        }
        while let Some(head) = self.head(side, price) {
            self.entries[head].state = State::Gone;
        }
        *self.generations.entry((side, price)).or_default() += 1;
        self.sequences.insert((side, price), 0);
    }

    pub(super) fn places(&self) -> Vec<PlaceState> {
        let mut places = Vec::new();
        for side in Side::ALL {
            let mut prices: Vec<Price> = self.open(side).map(|entry| entry.id.price()).collect();
            prices.sort();
            prices.dedup();
            places.extend(prices.into_iter().map(|price| {
                let at = |entry: &&Entry| entry.id.price() == price;
                let head = self.head(side, price).expect("there is an order at the price");
                PlaceState {
                    side,
                    price,
                    generation: self.generations.get(&(side, price)).copied().unwrap_or(0),
                    head: self.entries[head].id.sequence(),
                    tail: self.sequences[&(side, price)],
                    lots: TotalLots(
                        self.open(side)
                            .filter(at)
                            .map(|entry| u64::from(entry.lots))
                            .sum(),
                    ),
                }
            }));
        }
        places
    }

    pub(super) fn orders(&self) -> Vec<OpenOrder> {
        let open = self.entries.iter().filter(|entry| entry.state == State::Open);
        open.map(|entry| OpenOrder {
            id: entry.id,
            trader: entry.trader,
            lots: Lots(entry.lots),
        })
        .collect()
    }

    pub(super) fn escrow(&self) -> (i128, i128) {
        let etk = self
            .open(Side::Ask)
            .map(|entry| i128::from(entry.lots) * 1000)
            .sum();
        let idrs = self
            .open(Side::Bid)
            .map(|entry| i128::from(entry.lots) * i128::from(entry.id.price().get()))
            .sum();
        (etk, idrs)
    }
}
