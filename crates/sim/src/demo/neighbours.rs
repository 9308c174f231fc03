//! The neighbours: other prosumers with homes of their own, who settle on the same chain once a period, and trade on its
//! market.

use std::{sync::Arc, time::Duration};

use enerlink_chain::{Addresses, Chain, build};
use enerlink_domain::{
    Clock as _, Code, Error, MeterId, UnixMillis,
    market::{Pair, Side},
    settlement::{Due, Watermark, period_end, settlement_id},
};
use enerlink_engine::{Account, operator::DirectAccount};

use super::{
    GAS_MONEY, seeded,
    trader::{Move, Trader},
};
use crate::{
    clock::SimClock,
    home::{Home, HomeConfig},
};

const PERIOD: Duration = Duration::from_secs(300);
/// One neighbour after the other trades this often.
const TURN: Duration = Duration::from_secs(20);
/// Real time between two turns, at least, however fast the demo runs.
const BREATH: Duration = Duration::from_millis(250);
/// Rupiah that each brings, base units: ten million.
const SAVINGS: u128 = 1_000_000_000;

/// One other prosumer.
struct Neighbour {
    meter: MeterId,
    home: Home,
    rated_power_w: u32,
    account: Option<DirectAccount>,
    key: [u8; 32],
    trader: Trader,
    /// What its home asks for: to buy what it takes from the grid, or to sell what it gives.
    needs: Side,
}

/// All of them.
pub(super) struct Neighbours {
    chain: Chain,
    addresses: Addresses,
    pair: Option<Pair>,
    homes: Vec<Neighbour>,
    /// Whose turn it is to trade.
    next: usize,
}

impl Neighbours {
    /// `count` prosumers, whose homes are built at `start`; the seed decides their roofs and habits.
    pub(super) fn new(count: u8, seed: u64, chain: Chain, addresses: Addresses, start: UnixMillis) -> Self {
        let homes = (1..=count)
            .filter_map(|number| {
                let config = HomeConfig::neighbour(seed, number);
                let own_seed = seed.wrapping_add(u64::from(number));
                Some(Neighbour {
                    meter: format!("NEIGHBOUR-{number:03}").parse().ok()?,
                    rated_power_w: config.rated_power_w(),
                    home: Home::new(config, own_seed, start),
                    account: None,
                    key: seeded(seed, &format!("neighbour {number}")),
                    trader: Trader::new(own_seed),
                    needs: Side::Bid,
                })
            })
            .collect();
        Self {
            chain,
            addresses,
            pair: None,
            homes,
            next: 0,
        }
    }

    /// Gives each an account with coins and rupiah, registers and opens its meter, and lets the market take what it trades.
    /// Those who have moved in stay as they are.
    pub(super) async fn move_in(&mut self, operator: &DirectAccount) -> Result<(), Error> {
        for neighbour in self.homes.iter_mut().filter(|home| home.account.is_none()) {
            let account =
                DirectAccount::connect(Account::from_bytes(&neighbour.key)?, self.chain.clone()).await?;
            operator.fund(account.address(), GAS_MONEY).await?;
            operator
                .register(
                    &self.addresses,
                    &neighbour.meter,
                    account.address(),
                    neighbour.rated_power_w,
                )
                .await?;
            let baseline = neighbour.registers();
            account
                .send(build::open_meter(&self.addresses, &neighbour.meter, baseline))
                .await?;
            let market = self.addresses.market()?;
            account.send(build::on_ramp(self.addresses.idrs, SAVINGS)).await?;
            for token in [self.addresses.etk, self.addresses.idrs] {
                account.send(build::approve(token, market, u128::MAX)).await?;
            }
            neighbour.account = Some(account);
        }
        self.pair = Some(self.chain.market_pair(&self.addresses).await?);
        Ok(())
    }

    /// What happens until `to`, told by `tell_time` to the chain: some time has passed when the household moves in, and the
    /// market has seen trades.
    pub(super) async fn have_lived(
        &mut self,
        from: UnixMillis,
        to: UnixMillis,
        tell_time: impl Fn(UnixMillis),
    ) {
        let turns = u32::try_from(self.homes.len()).unwrap_or(u32::MAX).max(1);
        let mut now = from.plus(PERIOD * 2);
        while now < to {
            tell_time(now);
            self.settle(now).await;
            for turn in 0..turns {
                tell_time(now.plus(PERIOD * 2 / turns * turn));
                self.trade().await;
            }
            now = now.plus(PERIOD * 2);
        }
        tell_time(to);
    }

    /// Lives on, settling at the end of each period and trading between.
    pub(super) async fn live(mut self, clock: Arc<SimClock>) {
        let turn = TURN.max(BREATH * clock.pace());
        let mut due = period_end(clock.wall(), PERIOD);
        loop {
            clock.sleep(turn).await;
            let now = clock.wall();
            if now >= due {
                self.settle(now).await;
                due = period_end(now, PERIOD);
            }
            self.trade().await;
        }
    }

    async fn settle(&mut self, now: UnixMillis) {
        for neighbour in &mut self.homes {
            let flow = neighbour.home.step(now);
            neighbour.needs = match flow.export > flow.import {
                true => Side::Ask,
                false => Side::Bid,
            };
            if let Err(error) = neighbour.settle(&self.chain, &self.addresses).await {
                tracing::debug!(meter = %neighbour.meter, %error, "a neighbour did not settle");
            }
        }
    }

    async fn trade(&mut self) {
        self.next = (self.next + 1) % self.homes.len().max(1);
        if let (Some(pair), Some(neighbour)) = (self.pair, self.homes.get_mut(self.next))
            && let Err(error) = neighbour.trade(&self.chain, &self.addresses, pair).await
        {
            // An order that was met meanwhile cannot be withdrawn, and whoever was quicker has taken the offer.
            tracing::debug!(meter = %neighbour.meter, %error, "a neighbour did not trade");
        }
    }
}

impl Neighbour {
    fn registers(&self) -> Watermark {
        let totals = self.home.totals();
        Watermark {
            export: totals.export.floor_wh(),
            import: totals.import.floor_wh(),
        }
    }

    async fn settle(&self, chain: &Chain, addresses: &Addresses) -> Result<(), Error> {
        let Some(account) = &self.account else {
            return Ok(());
        };
        let standing = chain.meter(addresses, &self.meter).await?;
        let standing = standing.ok_or_else(|| Error::new(Code::MeterUnregistered, "not registered"))?;
        let converter = chain.terms(addresses).await?;
        let balance = chain.balances(addresses, account.address()).await?.etk;
        let now = chain.head().await?.timestamp;
        let terms = standing.terms(converter.ratio, converter.minimum, Some(balance), now);
        let totals = self.home.totals();
        if let Due::Settle { to, .. } = terms.due(totals.export, totals.import) {
            let id = settlement_id(&self.meter, to);
            account
                .send(build::settle_meter(addresses, &self.meter, to, &id))
                .await?;
        }
        Ok(())
    }

    async fn trade(&mut self, chain: &Chain, addresses: &Addresses, pair: Pair) -> Result<(), Error> {
        let Some(account) = &self.account else {
            return Ok(());
        };
        let market = addresses.market()?;
        let head = chain.head().await?.number;
        let best = chain.best_prices(addresses, head).await?;
        let balances = chain.balances(addresses, account.address()).await?;
        match self.trader.turn(self.needs, best, &balances, pair) {
            Some(Move::Place(order)) => {
                let receipt = account.send(build::place_order(market, &order, None)).await?;
                if let Some(id) = receipt.placed(addresses, account.address())?.order {
                    self.trader.rests(id);
                }
            }
            Some(Move::Cancel(id)) => {
                account.send(build::cancel_orders(market, &[id])).await?;
            }
            None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use enerlink_chain::NextPage;
    use enerlink_domain::market::MarketEvent;

    use super::{super::own_ground, *};

    /// 2025-11-02T09:00:00Z.
    const NINE: i64 = 1_762_074_000_000;
    const HOUR: i64 = 3_600_000;

    /// What happens on the market in the hour before the household moves in.
    async fn past(seed: u64) -> Vec<(UnixMillis, MarketEvent)> {
        // The sun shines by the clock of this machine.
        let zone = i64::from(HomeConfig::household().utc_offset_minutes) * 60_000;
        let morning = UnixMillis(NINE - zone);
        let ground = own_ground(seed, morning).await.expect("a node");
        let (_node, time) = ground.node.expect("a node in the process");
        let operator = DirectAccount::connect(ground.operator, ground.chain.clone()).await;
        let operator = operator.expect("an operator");
        let addresses = operator.deploy().await.expect("contracts");
        let built = UnixMillis(morning.0 - HOUR);
        time.tell(built);
        let mut neighbours = Neighbours::new(12, seed, ground.chain.clone(), addresses.clone(), built);
        neighbours.move_in(&operator).await.expect("neighbours");
        neighbours.have_lived(built, morning, |now| time.tell(now)).await;
        let head = ground.chain.head().await.expect("a head").number;
        let mut pages = ground.chain.market_pages(&addresses, None, head);
        let mut found = Vec::new();
        while let NextPage::Page(page) = pages.next().await.expect("a page") {
            found.extend(page.logs.iter().map(|log| (log.at, log.event)));
        }
        found
    }

    #[tokio::test]
    async fn a_seed_is_a_book_and_a_tape() {
        let one = past(3).await;
        assert_eq!(past(3).await, one, "the same seed");
        assert_ne!(past(4).await, one, "another one");
        let trades = one
            .iter()
            .filter(|(_, event)| matches!(event, MarketEvent::Trade { .. }));
        let placed = |side| {
            let of =
                |event: &MarketEvent| matches!(event, MarketEvent::Placed { id, .. } if id.side() == side);
            one.iter().any(|(_, event)| of(event))
        };
        assert!(
            trades.count() > 0 && placed(Side::Bid) && placed(Side::Ask),
            "{one:?}"
        );
    }
}
