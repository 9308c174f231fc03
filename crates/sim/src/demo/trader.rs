//! How a neighbour trades: what energy is worth to it, and what it does about that when its turn comes.

use std::collections::VecDeque;

use enerlink_domain::{
    event::Balances,
    market::{Lots, MAX_FILLS, NewOrder, OrderFlags, OrderId, Pair, Price, Side},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// What a kWh is worth to a neighbour, rupiah: more than a grid pays for it, less than the utility asks for it. The demo's
/// lot is 10 Wh, so that these are prices of the market, too.
const WORTH: std::ops::RangeInclusive<u16> = 1_080..=1_420;
/// How far a price lies from what energy is worth, at most.
const MARGIN: u16 = 48;
/// Open orders that a neighbour has at most.
const MOST_OPEN: usize = 4;
/// Lots of an order, if it can pay for them.
const LOTS: std::ops::RangeInclusive<u32> = 8..=120;
/// In one of so many turns it takes what another has offered.
const EAGER: u32 = 3;

/// What a neighbour does when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// It places an order.
    Place(NewOrder),
    /// It withdraws its oldest order.
    Cancel(OrderId),
}

/// One neighbour's mind.
pub(super) struct Trader {
    rng: StdRng,
    worth: u16,
    open: VecDeque<OrderId>,
}

impl Trader {
    /// The seed decides what it thinks.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self {
            worth: rng.random_range(WORTH),
            rng,
            open: VecDeque::new(),
        }
    }

    /// What it does now, where `best` are the highest BID and the lowest ASK. `None` when it has nothing to trade with.
    pub(super) fn turn(
        &mut self,
        best: (Option<Price>, Option<Price>),
        balances: &Balances,
        pair: Pair,
    ) -> Option<Move> {
        let drift = self.rng.random_range(0..=24);
        self.worth = (self.worth + drift)
            .saturating_sub(12)
            .clamp(*WORTH.start(), *WORTH.end());
        if self.open.len() >= MOST_OPEN {
            return self.open.pop_front().map(Move::Cancel);
        }
        let first = Side::ALL[self.rng.random_range(0..2)];
        let eager = self.rng.random_range(0..EAGER) == 0;
        let margin = self.rng.random_range(2..=MARGIN);
        let wanted = self.rng.random_range(LOTS);
        [first, first.opposite()].into_iter().find_map(|side| {
            let offered = match side {
                Side::Bid => best.1,
                Side::Ask => best.0,
            };
            let price = match (side, offered) {
                (_, Some(offered)) if eager && self.worth.abs_diff(offered.get()) <= MARGIN => offered,
                (Side::Bid, _) => Price::new(self.worth - margin)?,
                (Side::Ask, _) => Price::new(self.worth + margin)?,
            };
            let lots = Lots(wanted.min(payable(side, price, balances, pair)));
            (lots > Lots::ZERO).then_some(Move::Place(NewOrder {
                trader: balances.account,
                side,
                price,
                lots,
                flags: if offered == Some(price) {
                    OrderFlags::ImmediateOrCancel
                } else {
                    OrderFlags::GoodTillCancelled
                },
                max_fills: MAX_FILLS,
            }))
        })
    }

    /// Its order rests under this id.
    pub(super) fn rests(&mut self, id: OrderId) {
        self.open.push_back(id);
    }
}

/// Lots that the account can pay for.
fn payable(side: Side, price: Price, balances: &Balances, pair: Pair) -> u32 {
    let most = match side {
        Side::Bid => u64::try_from(balances.idrs.0).unwrap_or(0) / u64::from(price.get()),
        Side::Ask => pair.lots(balances.etk).0.0,
    };
    u32::try_from(most).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Address, Etk, Idrs, Wei};

    use super::*;

    fn pair() -> Pair {
        Pair::new(Etk(1000), 100_000).expect("a pair")
    }

    fn purse(etk: i128, idrs: i128) -> Balances {
        Balances {
            account: Address([7; 20]),
            etk: Etk(etk),
            idrs: Idrs(idrs),
            native: Wei(0),
            block: 1,
        }
    }

    #[test]
    fn a_neighbour_pays_what_it_places_and_has_few_open_orders() {
        for seed in 0..200 {
            let mut trader = Trader::new(seed);
            let (mut sides, mut waiting) = ([0, 0], 0);
            for turn in 0..60_u16 {
                let purse = purse(i128::from(turn) * 700, i128::from(turn) * 9_000);
                let best = (Price::new(1_200 + turn), Price::new(1_290 - turn / 2));
                match trader.turn(best, &purse, pair()) {
                    Some(Move::Place(order)) => {
                        sides[usize::from(order.side.number())] += 1;
                        assert!(order.lots > Lots::ZERO);
                        match order.side {
                            Side::Bid => assert!(Pair::cost(order.lots, order.price) <= purse.idrs),
                            Side::Ask => assert!(pair().etk(order.lots) <= purse.etk),
                        }
                        if order.flags == OrderFlags::GoodTillCancelled {
                            let id = OrderId::new(1, order.side, order.price, turn.into());
                            trader.rests(id.expect("an id"));
                            waiting += 1;
                        }
                    }
                    Some(Move::Cancel(_)) => waiting -= 1,
                    None => {}
                }
                assert!(waiting <= MOST_OPEN);
            }
            assert!(sides[0] > 0 && sides[1] > 0, "seed {seed}: {sides:?}");
        }
    }

    #[test]
    fn without_either_token_there_is_no_order_and_a_seed_is_a_mind() {
        let nothing = |seed| Trader::new(seed).turn((None, None), &purse(999, 1_000), pair());
        assert!((0..50).all(|seed| nothing(seed).is_none()));
        let first = |seed| Trader::new(seed).turn((None, None), &purse(10_000_000, 10_000_000), pair());
        assert_eq!(first(3), first(3));
        assert!((0..50).any(|seed| first(seed) != first(3)));
    }
}
