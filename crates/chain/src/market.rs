//! The market as its own views tell it: lot, best prices, levels, orders.

use alloy::{primitives::U256, sol_types::SolCall};
use enerlink_domain::{
    Address, Etk,
    market::{Lots, OpenOrder, OrderId, Pair, PlaceState, Price, Side, TotalLots},
};

use crate::{
    Addresses, Chain, ChainError,
    block::tag,
    contracts::{amount, from_alloy, market::Market},
    view::missing,
};

/// The contract's name, where it is missing.
const CONTRACT: &str = "Market";
/// Levels that one question asks for.
const LEVELS: u16 = 500;
/// Sequences that one question asks for: a node gives a call some 50 million gas.
const SEQUENCES: u64 = 2_000;
/// Ids that one question asks for.
const IDS: usize = 500;

/// What an order did, or would do, when it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The order that rests; none when nothing of it does.
    pub order: Option<OrderId>,
    /// What was traded at once.
    pub traded: Lots,
}

impl Addresses {
    /// Where the market is; [`ChainError::ContractsMissing`] on a network without one.
    pub fn market(&self) -> Result<Address, ChainError> {
        self.market
            .ok_or_else(|| missing(CONTRACT, Address::ZERO, "the addresses file names none"))
    }
}

impl Chain {
    /// The lot of the market, and how much energy a token stands for: both now, of which the lot never changes.
    pub async fn market_pair(&self, addresses: &Addresses) -> Result<Pair, ChainError> {
        let market = addresses.market()?;
        let (lot, terms) = tokio::try_join!(
            self.view(CONTRACT, market, &Market::lotSizeCall {}, "latest"),
            self.terms(addresses)
        )?;
        let lot = amount(lot).ok_or_else(|| self.absurd(format!("a lot of {lot} base units")))?;
        Pair::new(Etk(lot), terms.ratio).map_err(|error| self.absurd(error.to_string()))
    }

    /// The highest price that somebody pays and the lowest that somebody asks, at `block`.
    pub async fn best_prices(
        &self,
        addresses: &Addresses,
        block: u64,
    ) -> Result<(Option<Price>, Option<Price>), ChainError> {
        let best = self
            .market_view(addresses, &Market::bestPricesCall {}, block)
            .await?;
        Ok((Price::new(best.bid), Price::new(best.ask)))
    }

    /// Up to `count` prices of a side at which orders rest, better prices first, from `from` on, at `block`.
    pub async fn levels(
        &self,
        addresses: &Addresses,
        side: Side,
        from: Option<Price>,
        count: u16,
        block: u64,
    ) -> Result<Vec<PlaceState>, ChainError> {
        let call = Market::levelsCall {
            side: side.number(),
            fromPrice: from.map_or(0, Price::get),
            count: U256::from(count),
        };
        let levels = self.market_view(addresses, &call, block).await?;
        let mut found: Vec<PlaceState> = Vec::with_capacity(levels.len());
        for level in levels {
            let (price, before) = (Price::new(level.price), found.last());
            let price = price.ok_or_else(|| self.absurd("a level without a price"))?;
            let follows = before.map_or_else(
                || from.is_none_or(|from| !side.better(price, from)),
                |before| side.better(before.price, price),
            );
            if !follows || found.len() == usize::from(count) {
                return Err(self.absurd("levels that were not asked for, or not in their order"));
            }
            found.push(PlaceState {
                side,
                price,
                generation: level.generation,
                head: level.head,
                tail: level.tail,
                lots: TotalLots(level.lots),
            });
        }
        Ok(found)
    }

    /// Every level of a side, better prices first, at `block`.
    pub async fn all_levels(
        &self,
        addresses: &Addresses,
        side: Side,
        block: u64,
    ) -> Result<Vec<PlaceState>, ChainError> {
        let mut found: Vec<PlaceState> = Vec::new();
        let mut from = None;
        loop {
            let levels = self.levels(addresses, side, from, LEVELS, block).await?;
            let more = levels.len() == usize::from(LEVELS);
            let worse = |last: &PlaceState| match side {
                Side::Bid => last.price.down(),
                Side::Ask => last.price.up(),
            };
            from = levels.last().and_then(worse);
            found.extend(levels);
            if !more || from.is_none() {
                return Ok(found);
            }
        }
    }

    /// The open orders of a level, first in line first, at `block`.
    pub async fn orders(
        &self,
        addresses: &Addresses,
        level: &PlaceState,
        block: u64,
    ) -> Result<Vec<OpenOrder>, ChainError> {
        let (mut found, mut from) = (Vec::new(), level.head);
        while from < level.tail {
            let call = Market::ordersCall {
                side: level.side.number(),
                price: level.price.get(),
                fromSequence: from,
                count: SEQUENCES,
            };
            for order in self.market_view(addresses, &call, block).await? {
                let id = self.order_id(order.id)?;
                if (id.side(), id.price()) != (level.side, level.price) || id.sequence() < from {
                    return Err(self.absurd("orders of another price than asked for"));
                }
                found.push(OpenOrder {
                    id,
                    trader: from_alloy(order.trader),
                    lots: Lots(order.lots),
                });
            }
            from += SEQUENCES;
        }
        Ok(found)
    }

    /// What is left of each order, at `block`; nothing of one that is not open.
    pub async fn lots_left(
        &self,
        addresses: &Addresses,
        orders: &[OrderId],
        block: u64,
    ) -> Result<Vec<Lots>, ChainError> {
        let mut found = Vec::with_capacity(orders.len());
        for ids in orders.chunks(IDS) {
            let call = Market::lotsLeftCall {
                ids: ids.iter().map(|id| U256::from(id.number())).collect(),
            };
            let left = self.market_view(addresses, &call, block).await?;
            if left.len() != ids.len() {
                return Err(self.absurd("what is left of more or fewer orders than asked for"));
            }
            found.extend(left.into_iter().map(Lots));
        }
        Ok(found)
    }

    async fn market_view<C: SolCall>(
        &self,
        addresses: &Addresses,
        call: &C,
        block: u64,
    ) -> Result<C::Return, ChainError> {
        self.view(CONTRACT, addresses.market()?, call, &tag(block)).await
    }

    /// What `placeOrder` answers.
    pub(crate) fn placed(&self, order: U256, traded: u32) -> Result<Placed, ChainError> {
        let order = match order.is_zero() {
            true => None,
            false => Some(self.order_id(order)?),
        };
        let traded = Lots(traded);
        Ok(Placed { order, traded })
    }

    fn order_id(&self, id: U256) -> Result<OrderId, ChainError> {
        order_id(id).ok_or_else(|| self.absurd(format!("{id} is the id of no order")))
    }

    fn absurd(&self, reason: impl AsRef<str>) -> ChainError {
        self.wire.bad("eth_call", reason)
    }
}

pub(crate) fn order_id(id: U256) -> Option<OrderId> {
    OrderId::try_from(u128::try_from(id).ok()?).ok()
}
