//! The host: lets a household move in. It adds the meter, funds accounts, and registers the meter as an operator would.

use std::{collections::BTreeSet, sync::Arc};

use enerlink_chain::Addresses;
use enerlink_domain::{
    Address, BrokerAddress, Clock, Error, Event, MeterId, Registration,
    reading::Units,
    view::{BrokerDraft, MeterDraft},
};
use enerlink_engine::{Engine, operator::DirectAccount};
use tokio::sync::watch;

use super::{BASE_TOPIC, BrokerAccess, GAS_MONEY, METER_ID, neighbours::Neighbours};
use crate::{
    clock::SimClock,
    home::{HomeConfig, SimMeter, SimMeterConfig},
};

pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) clock: Arc<SimClock>,
    pub(super) operator: DirectAccount,
    pub(super) addresses: Addresses,
    pub(super) broker: BrokerAccess,
    pub(super) seed: u64,
}

/// Reaches the household's simulated meter once it exists.
pub(super) struct Handle(watch::Receiver<Option<Arc<SimMeter>>>);

impl Handle {
    /// Stops the meter from publishing.
    pub(super) async fn silence(&self) {
        let meter = self.0.borrow().clone();
        if let Some(meter) = meter {
            meter.pause();
            // The answer comes after everything that the meter has begun to publish.
            meter.snapshot().await;
        }
    }

    /// What the meter itself has counted above `baseline_uwh`, net, µWh.
    pub(super) async fn metered(&self, baseline_uwh: i64) -> i64 {
        let meter = self.0.borrow().clone();
        meter.map_or(0, |meter| {
            let totals = meter.published_totals();
            enerlink_domain::NetMicroWh::between(totals.export, totals.import).0 - baseline_uwh
        })
    }
}

pub(super) struct Host {
    parts: Parts,
    meter: watch::Sender<Option<Arc<SimMeter>>>,
    funded: BTreeSet<Address>,
}

impl Host {
    pub(super) fn new(parts: Parts) -> (Self, Handle) {
        let (meter, reader) = watch::channel(None);
        (
            Self {
                parts,
                meter,
                funded: BTreeSet::new(),
            },
            Handle(reader),
        )
    }

    /// Runs until the demo ends. A step that fails is logged and tried again with the next event.
    pub(super) async fn run(mut self, mut neighbours: Neighbours) {
        let mut events = self.parts.engine.events();
        if let Err(error) = neighbours.move_in(&self.parts.operator).await {
            tracing::error!(%error, "the neighbours cannot move in");
        }
        let living = tokio::spawn(neighbours.live(Arc::clone(&self.parts.clock)));
        loop {
            if let Err(error) = self.settle_in().await {
                tracing::warn!(%error, "the household cannot move in yet");
            }
            match events.next().await {
                Some(Event::Registration {
                    meter_id,
                    registration,
                }) => self.fund_key(&meter_id, registration).await,
                Some(_) => {}
                None => break,
            }
        }
        living.abort();
    }

    /// Does what is missing before the household's meter can settle.
    async fn settle_in(&mut self) -> Result<(), Error> {
        for wallet in self.parts.engine.wallets() {
            for account in wallet.accounts {
                self.fund(account.address).await?;
            }
        }
        if let Some(primary) = self.parts.engine.primary()
            && self.meter.borrow().is_none()
        {
            self.add_meter(primary).await?;
        }
        Ok(())
    }

    async fn add_meter(&mut self, owner: Address) -> Result<(), Error> {
        let home = HomeConfig::household();
        let id: MeterId = METER_ID
            .parse()
            .map_err(|_| Error::new(enerlink_domain::Code::Internal, "the demo's meter id is valid"))?;
        let rated_power_w = home.rated_power_w();
        if self.parts.engine.meters().is_empty() {
            self.parts
                .operator
                .register(&self.parts.addresses, &id, owner, rated_power_w)
                .await?;
            let mut broker = BrokerAddress::parse(&self.parts.broker.url).ok_or_else(|| {
                Error::new(
                    enerlink_domain::Code::InvalidInput,
                    "the broker is written mqtt://host:port",
                )
            })?;
            broker.username.clone_from(&self.parts.broker.username);
            let draft = MeterDraft {
                id: id.clone(),
                name: "Demo meter".to_owned(),
                owner: Some(owner),
                broker: BrokerDraft {
                    url: broker.url(),
                    password: self.parts.broker.password.clone(),
                    ..BrokerDraft::default()
                },
                base_topic: BASE_TOPIC.to_owned(),
                units: Units::Milli,
                profile: None,
                rated_power_w,
                settlement_key: true,
                take_opening: false,
            };
            self.parts.engine.add_meter(draft).await?;
        }
        let clock: Arc<dyn Clock> = Arc::clone(&self.parts.clock) as Arc<dyn Clock>;
        let config = SimMeterConfig {
            broker_url: self.parts.broker.url.clone(),
            username: self.parts.broker.username.clone(),
            password: self.parts.broker.password.clone(),
            base_topic: BASE_TOPIC.to_owned(),
            meter_id: id,
            home,
            seed: self.parts.seed,
        };
        let _ = self.meter.send(Some(Arc::new(SimMeter::start(config, clock))));
        Ok(())
    }

    /// The settlement key signs for itself, so that on a chain with fees it needs coins of its own.
    async fn fund_key(&mut self, meter: &MeterId, registration: Registration) {
        if let Registration::Open {
            settler: Some(key), ..
        } = registration
            && let Err(error) = self.fund(key).await
        {
            tracing::warn!(%meter, %error, "the settlement key cannot be funded");
        }
    }

    async fn fund(&mut self, account: Address) -> Result<(), Error> {
        if !self.funded.contains(&account) {
            self.parts.operator.fund(account, GAS_MONEY).await?;
            self.funded.insert(account);
        }
        Ok(())
    }
}
