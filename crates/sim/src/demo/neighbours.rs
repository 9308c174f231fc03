//! The neighbours: other prosumers with homes of their own, who settle on the same chain once a period.

use std::{sync::Arc, time::Duration};

use enerlink_chain::{Addresses, Chain, build};
use enerlink_domain::{
    Clock as _, Code, Error, MeterId,
    settlement::{Due, Terms, Watermark, period_end, settlement_id},
};
use enerlink_engine::{Account, operator::DirectAccount};

use super::{GAS_MONEY, seeded};
use crate::{
    clock::SimClock,
    home::{Home, HomeConfig},
};

const PERIOD: Duration = Duration::from_secs(300);

/// One other prosumer.
struct Neighbour {
    meter: MeterId,
    home: Home,
    rated_power_w: u32,
    account: Option<DirectAccount>,
    key: [u8; 32],
}

/// All of them.
pub(super) struct Neighbours {
    chain: Chain,
    addresses: Addresses,
    clock: Arc<SimClock>,
    homes: Vec<Neighbour>,
}

impl Neighbours {
    /// `count` prosumers; the seed decides their roofs and habits.
    pub(super) fn new(
        count: u8,
        seed: u64,
        chain: Chain,
        addresses: Addresses,
        clock: Arc<SimClock>,
    ) -> Self {
        let start = clock.wall();
        let homes = (1..=count)
            .filter_map(|number| {
                let config = HomeConfig::neighbour(seed, number);
                Some(Neighbour {
                    meter: format!("NEIGHBOUR-{number:03}").parse().ok()?,
                    rated_power_w: config.rated_power_w(),
                    home: Home::new(config, seed.wrapping_add(u64::from(number)), start),
                    account: None,
                    key: seeded(seed, &format!("neighbour {number}")),
                })
            })
            .collect();
        Self {
            chain,
            addresses,
            clock,
            homes,
        }
    }

    /// Gives each an account with coins, and registers and opens its meter.
    pub(super) async fn move_in(&mut self, operator: &DirectAccount) -> Result<(), Error> {
        for neighbour in &mut self.homes {
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
            neighbour.account = Some(account);
        }
        Ok(())
    }

    /// Lives on, settling at the end of each period.
    pub(super) async fn live(mut self) {
        loop {
            let now = self.clock.wall();
            self.clock.sleep(period_end(now, PERIOD).since(now)).await;
            let now = self.clock.wall();
            for neighbour in &mut self.homes {
                neighbour.home.step(now);
                match neighbour.settle(&self.chain, &self.addresses).await {
                    Ok(()) => {}
                    Err(error) => {
                        tracing::debug!(meter = %neighbour.meter, %error, "a neighbour did not settle")
                    }
                }
            }
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
        let terms = Terms {
            watermark: standing.watermark,
            minimum: converter.minimum,
            ratio: converter.ratio,
            carry: standing.carry,
            balance: chain.balances(addresses, account.address()).await?.etk,
            rated_power_w: standing.rated_power_w,
            cleared_at: standing.cleared_at,
            now: chain.head().await?.timestamp,
        };
        let totals = self.home.totals();
        if let Due::Settle { to, .. } = terms.due(totals.export, totals.import) {
            let id = settlement_id(&self.meter, to);
            account
                .send(build::settle_meter(addresses, &self.meter, to, &id))
                .await?;
        }
        Ok(())
    }
}
