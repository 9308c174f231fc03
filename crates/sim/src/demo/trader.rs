//! How a neighbour trades: what energy is worth to it, how much it trades and how soon, and what it does about that when its
//! turn comes.

use std::collections::VecDeque;

use enerlink_domain::{
    event::Balances,
    market::{Lots, MAX_FILLS, NewOrder, OrderFlags, OrderId, Pair, Price, Side},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// What a kWh is worth to a neighbour, rupiah: more than a grid pays for it, less than the utility asks for it. The demo's
/// lot is 10 Wh, so that these are prices of the market, too.
const WORTH: std::ops::RangeInclusive<u16> = 1_080..=1_420;
/// How far a price lies from what energy is worth, at most, from the neighbour who is content with little to the one who is not.
const MARGINS: std::ops::RangeInclusive<u16> = 16..=80;
/// Open orders that a neighbour has at most.
const MOST_OPEN: usize = 4;
/// The least lots of an order, if it can be paid for.
const LEAST_LOTS: u32 = 8;
/// The most lots of an order, from the smallest appetite to the largest.
const APPETITES: std::ops::RangeInclusive<u32> = 30..=210;
/// In one of so many turns it takes what another has offered: the eager and the patient.
const PATIENCE: std::ops::RangeInclusive<u32> = 2..=5;
/// In so many of four turns it does what its home asks for: sells what is left of the sun, or buys what is missing.
const LEANING: u32 = 3;

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
    margin: u16,
    appetite: u32,
    patience: u32,
    open: VecDeque<OrderId>,
}

impl Trader {
    /// The seed decides what it thinks.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self {
            worth: rng.random_range(WORTH),
            margin: rng.random_range(MARGINS),
            appetite: rng.random_range(APPETITES),
            patience: rng.random_range(PATIENCE),
            rng,
            open: VecDeque::new(),
        }
    }

    /// What it does now, where its home needs to buy or has something to sell, and `best` are the highest BID and the
    /// lowest ASK. `None` when it has nothing to trade with.
    pub(super) fn turn(
        &mut self,
        needs: Side,
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
        let first = match self.rng.random_range(0..4) < LEANING {
            true => needs,
            false => needs.opposite(),
        };
        let eager = self.rng.random_range(0..self.patience) == 0;
        let margin = self.rng.random_range(2..=self.margin);
        let wanted = self.rng.random_range(LEAST_LOTS..=self.appetite);
        [first, first.opposite()].into_iter().find_map(|side| {
            let offered = match side {
                Side::Bid => best.1,
                Side::Ask => best.0,
            };
            let price = match (side, offered) {
                (_, Some(offered)) if eager && self.worth.abs_diff(offered.get()) <= self.margin => offered,
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
    use std::collections::BTreeSet;

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
                let needs = Side::ALL[usize::from(turn % 2)];
                match trader.turn(needs, best, &purse, pair()) {
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

    /// What a neighbour with money enough places in 400 turns, while others bid 1 200 and ask 1 210.
    fn orders(seed: u64, needs: Side) -> Vec<NewOrder> {
        let mut trader = Trader::new(seed);
        let best = (Price::new(1_200), Price::new(1_210));
        let turns = (0..400).filter_map(|_| {
            match trader.turn(needs, best, &purse(10_000_000, 10_000_000), pair())? {
                Move::Place(order) => Some(order),
                Move::Cancel(_) => None,
            }
        });
        turns.collect()
    }

    #[test]
    fn without_either_token_there_is_no_order_and_a_seed_is_a_mind() {
        let nothing = |seed| Trader::new(seed).turn(Side::Bid, (None, None), &purse(999, 1_000), pair());
        assert!((0..50).all(|seed| nothing(seed).is_none()));
        assert_eq!(orders(3, Side::Bid), orders(3, Side::Bid));
        assert_ne!(orders(3, Side::Bid), orders(4, Side::Bid));
    }

    #[test]
    fn neighbours_differ_in_appetite_patience_and_price() {
        let most = |seed| orders(seed, Side::Bid).iter().map(|order| order.lots).max();
        let at_once = |seed| {
            let orders = orders(seed, Side::Bid);
            let taken = orders
                .iter()
                .filter(|order| order.flags == OrderFlags::ImmediateOrCancel);
            taken.count()
        };
        let lowest = |seed| orders(seed, Side::Bid).iter().map(|order| order.price).min();
        let street = 1..=12;
        assert!(street.clone().map(most).collect::<BTreeSet<_>>().len() > 6);
        assert!(street.clone().map(lowest).collect::<BTreeSet<_>>().len() > 6);
        assert!(street.map(at_once).collect::<BTreeSet<_>>().len() > 6);
    }

    #[test]
    fn whoever_has_sun_to_spare_sells_more_than_it_buys() {
        for seed in 1..=12 {
            let asks = |needs| {
                let orders = orders(seed, needs);
                let asks = orders.iter().filter(|order| order.side == Side::Ask).count();
                (asks * 100) / orders.len()
            };
            let (spare, short) = (asks(Side::Ask), asks(Side::Bid));
            assert!(
                spare > 60 && short < 40,
                "seed {seed}: {spare} and {short} in a hundred"
            );
        }
    }
}
