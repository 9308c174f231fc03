//! Settling: what is owed becomes a transaction, once a period or by hand. The chain's registers say what was settled;
//! this task only decides when to move them and how far.

mod prepare;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use enerlink_chain::{Chain, MeterOnChain, build};
use enerlink_domain::{
    Address, Clock, Code, Error, Etk, Event, Meter, MeterId, Registration, Settlement, SettlementStage,
    Status, Trigger, TxKind, UnixMillis, WattHours,
    settlement::{Due, Terms, Watermark, period_end, settlement_id},
    wallet::BackupContent,
};
use enerlink_keystore::{Keystore, Signer};
use enerlink_store::{NewOutbox, Store, outbox as outbox_rows, settlements};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    backup,
    bus::Bus,
    config::Config,
    ledger, metering,
    network::{self, Network},
    outbox,
    task::Task,
};

/// The clock may be set while a period runs, so the task looks at it at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How often it is looked whether enough is owed to settle early.
const EARLY_TURN: Duration = Duration::from_secs(1);
/// What a settlement costs at most, with room.
const SETTLEMENT_GAS: u64 = 200_000;

enum Request {
    SettleNow(MeterId, oneshot::Sender<Result<Settlement, Error>>),
    SettlementKey(MeterId, oneshot::Sender<Result<(), Error>>),
}

/// Asks the task to settle, or to bring a settlement key onto the chain.
#[derive(Clone)]
pub(crate) struct Handle(mpsc::Sender<Request>);

impl Handle {
    /// Settles what `meter` is owed now. Answers the row as stored: PENDING.
    pub(crate) async fn settle_now(&self, meter: MeterId) -> Result<Settlement, Error> {
        self.ask(|reply| Request::SettleNow(meter, reply)).await
    }

    /// Tells the chain what was chosen for the settlement key of `meter`.
    pub(crate) async fn settlement_key(&self, meter: MeterId) -> Result<(), Error> {
        self.ask(|reply| Request::SettlementKey(meter, reply)).await
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Request,
    ) -> Result<T, Error> {
        let stopped = || Error::new(Code::Internal, "settling has stopped");
        let (reply, answer) = oneshot::channel();
        self.0.send(request(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// What the task needs from the engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) bus: Bus,
    pub(crate) config: Config,
    pub(crate) network: watch::Receiver<Option<Network>>,
    pub(crate) ledger: ledger::Handle,
    pub(crate) metering: metering::Handle,
    pub(crate) outbox: outbox::Handle,
    /// What was restored and nobody has looked at yet: nothing is queued.
    pub(crate) held: watch::Receiver<Option<BackupContent>>,
}

pub(crate) use self::prepare::unfinished_key_change;

pub(crate) struct Settling {
    parts: Parts,
    inbox: mpsc::Receiver<Request>,
    /// When a preparing transaction was last queued, so that a refusal is not repeated at every block.
    prepared: BTreeMap<(MeterId, &'static str), UnixMillis>,
    /// The last early settlement of each meter, and when it was queued.
    early: BTreeMap<MeterId, (String, UnixMillis)>,
}

impl Settling {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let (sender, inbox) = mpsc::channel(16);
        (
            Self {
                parts,
                inbox,
                prepared: BTreeMap::new(),
                early: BTreeMap::new(),
            },
            Handle(sender),
        )
    }

    /// Every meter that somebody listens to.
    fn meters(&self) -> Vec<Meter> {
        self.parts
            .metering
            .state
            .borrow()
            .values()
            .filter(|live| live.meter.retired_at.is_none())
            .map(|live| live.meter.clone())
            .collect()
    }

    fn meter(&self, id: &MeterId) -> Result<Meter, Error> {
        let found = self
            .parts
            .metering
            .state
            .borrow()
            .get(id)
            .map(|live| live.meter.clone());
        found.ok_or_else(|| Error::new(Code::MeterUnknown, format!("there is no meter {id}")))
    }

    /// Ends a period: every meter is settled, or logs why not.
    async fn end_period(&self) {
        if !self.parts.config.settling.automatic {
            tracing::info!("period ended; automatic settlement is off");
            return;
        }
        for meter in self.meters() {
            match self.settle(&meter, Trigger::Periodic).await {
                Ok(row) => {
                    tracing::info!(meter = %meter.id, id = row.settlement_id, wh = row.energy_wh.0, "settlement queued")
                }
                Err(error) => {
                    tracing::info!(meter = %meter.id, code = ?error.code, reason = %error, "period not settled")
                }
            }
        }
    }

    async fn answer(&mut self, request: Request) {
        match request {
            Request::SettleNow(id, reply) => {
                let outcome = match self.meter(&id) {
                    Ok(meter) => self.settle(&meter, Trigger::Manual).await,
                    Err(error) => Err(error),
                };
                let _ = reply.send(outcome);
            }
            Request::SettlementKey(id, reply) => {
                let outcome = match self.meter(&id) {
                    Ok(meter) => self.change_key(&meter).await,
                    Err(error) => Err(error),
                };
                let _ = reply.send(outcome);
            }
        }
    }

    /// Settles meters that owe more than the early amount, when there is one.
    async fn settle_early(&mut self) {
        let Some(early) = self
            .parts
            .config
            .settling
            .early
            .filter(|_| self.parts.config.settling.automatic)
        else {
            return;
        };
        for meter in self.meters() {
            let registers = self
                .parts
                .metering
                .state
                .borrow()
                .get(&meter.id)
                .and_then(|live| live.compared());
            let registration = self.parts.ledger.state.borrow().registration(&meter);
            let (Some(registers), Registration::Open { watermark, .. }) = (registers, registration) else {
                continue;
            };
            let owed = Watermark {
                export: registers.export.floor_wh(),
                import: registers.import.floor_wh(),
            };
            let owed = owed.net_since(watermark).unwrap_or_default().magnitude();
            if owed < early.max(self.parts.config.settling.minimum) {
                continue;
            }
            if self.failed_lately(&meter.id).await {
                continue;
            }
            match self.settle(&meter, Trigger::Threshold).await {
                Ok(row) => {
                    self.early
                        .insert(meter.id.clone(), (row.settlement_id, row.created_at));
                }
                Err(error) => {
                    tracing::debug!(meter = %meter.id, code = ?error.code, reason = %error, "not settled early");
                }
            }
        }
    }

    /// Whether the last early settlement of `meter` was refused in this period: then it waits for the next one.
    async fn failed_lately(&self, meter: &MeterId) -> bool {
        let Some((id, at)) = self.early.get(meter) else {
            return false;
        };
        let row = settlements::get(&self.parts.store.reader(), id)
            .await
            .ok()
            .flatten();
        let recent = self.parts.clock.wall().since(*at) < self.parts.config.settling.period;
        recent && row.is_some_and(|row| row.status == Status::Failed)
    }

    /// Writes a settlement of everything that is owed and may be settled now.
    async fn settle(&self, meter: &Meter, trigger: Trigger) -> Result<Settlement, Error> {
        if self.parts.held.borrow().is_some() {
            return Err(backup::unseen());
        }
        let network = self.parts.network.borrow().clone().ok_or_else(network::missing)?;
        if settlements::open(&self.parts.store.reader(), &meter.id)
            .await?
            .is_some()
        {
            return Err(Error::new(
                Code::SettlementPending,
                format!("a settlement of {} is on its way", meter.id),
            ));
        }
        network.check_identity().await?;
        let Network { chain, addresses } = network;
        let standing = chain.meter(&addresses, &meter.id).await?;
        let standing = standing.ok_or_else(|| unregistered(meter))?;
        check_standing(meter, &standing)?;
        self.parts.metering.raise(&meter.id, standing.watermark).await?;
        let terms = chain.terms(&addresses).await?;
        let balance = chain.balances(&addresses, meter.owner).await?.etk;
        let head = chain.head().await?;
        let terms = Terms {
            watermark: standing.watermark,
            minimum: self.parts.config.settling.minimum.max(terms.minimum),
            ratio: terms.ratio,
            carry: standing.carry,
            balance,
            rated_power_w: standing.rated_power_w,
            cleared_at: standing.cleared_at,
            now: head.timestamp,
        };
        let (to, energy) = match self.due(meter, &terms)? {
            Due::Settle { to, energy } => (to, energy),
            Due::BelowMinimum { energy, minimum } => return Err(below_minimum(energy.0, minimum)),
            Due::BucketFull => {
                let text = "the chain's plausibility limit for this meter is used up for the moment; the energy is carried";
                return Err(Error::new(Code::NothingToSettle, text));
            }
            Due::InsufficientEtk { missing } => {
                let text = format!(
                    "the imported energy costs {missing} ETK more than the account holds; it is owed and carried"
                );
                return Err(Error::new(Code::InsufficientBalance, text));
            }
        };
        let now = self.parts.clock.wall();
        let row = Settlement {
            settlement_id: settlement_id(&meter.id, to),
            meter_id: meter.id.clone(),
            prosumer: meter.owner,
            status: Status::Pending,
            stage: SettlementStage::Queued,
            trigger,
            from: standing.watermark,
            to,
            energy_wh: energy,
            etk: Etk::from_energy(energy, terms.ratio, terms.carry).0,
            tx: None,
            block: None,
            confirmations: 0,
            reason: None,
            created_at: now,
            settled_at: None,
            basis: None,
        };
        let call = build::settle_meter(&addresses, &meter.id, to, &row.settlement_id);
        let (account, signer) = self.signer(&chain, meter, &standing).await?;
        let entry = NewOutbox {
            account,
            signer: outbox::signer_text(&signer),
            kind: TxKind::SettleMeter,
            meter_id: Some(meter.id.clone()),
            settlement_id: Some(row.settlement_id.clone()),
            chain_id: addresses.chain_id,
            to: addresses.converter,
            input: call.input,
            created_at: now,
        };
        let tx = self.parts.store.begin().await?;
        settlements::insert(&tx, &row).await?;
        outbox_rows::insert(&tx, &entry).await?;
        tx.commit().await?;
        self.parts.bus.tell(Event::Settlement(row.clone()));
        self.parts.outbox.wake();
        Ok(row)
    }

    fn due(&self, meter: &Meter, terms: &Terms) -> Result<Due, Error> {
        let state = self.parts.metering.state.borrow();
        let registers = state
            .get(&meter.id)
            .and_then(|live| live.compared())
            .ok_or_else(|| {
                Error::new(
                    Code::NothingToSettle,
                    format!(
                        "nothing has been heard from {} since the chain was read",
                        meter.id
                    ),
                )
            })?;
        Ok(terms.due(registers.export, registers.import))
    }

    /// The settlement key when the chain knows it and it is not being given up, else the owner's own key. On a chain that charges for gas a key
    /// without coins leaves the work to an unlocked wallet.
    async fn signer(
        &self,
        chain: &Chain,
        meter: &Meter,
        standing: &MeterOnChain,
    ) -> Result<(Address, Signer), Error> {
        let wallet = (meter.owner, Signer::Wallet(meter.owner));
        let key = self.parts.keystore.settlement_key(&meter.id)?;
        let authorised = key.filter(|key| meter.settlement_key && standing.settler == Some(*key));
        let Some(key) = authorised else {
            return Ok(wallet);
        };
        let balance = chain.native_balance(key).await?;
        let poor = outbox::affordable(chain.fees().await?, SETTLEMENT_GAS, balance).is_none();
        if poor && self.parts.keystore.can_sign(&wallet.1) {
            return Ok(wallet);
        }
        Ok((key, Signer::Settlement(meter.id.clone())))
    }
}

fn unregistered(meter: &Meter) -> Error {
    Error::new(
        Code::MeterUnregistered,
        format!("the meter {} is not registered on chain", meter.id),
    )
}

fn check_standing(meter: &Meter, standing: &MeterOnChain) -> Result<(), Error> {
    if standing.retired {
        return Err(Error::new(
            Code::MeterForeign,
            format!("the meter {} is retired on chain", meter.id),
        ));
    }
    if standing.prosumer != meter.owner {
        let text = format!(
            "the meter {} is registered to {}, not to {}",
            meter.id, standing.prosumer, meter.owner
        );
        return Err(Error::new(Code::MeterForeign, text));
    }
    if !standing.opened {
        let text = format!("the baseline of {} is not on chain yet", meter.id);
        return Err(Error::new(Code::NothingToSettle, text));
    }
    Ok(())
}

fn below_minimum(energy: i64, minimum: WattHours) -> Error {
    Error::new(
        Code::NothingToSettle,
        format!(
            "Settlement threshold not met: {energy} Wh of at least {} Wh; the energy is carried",
            minimum.0
        ),
    )
}

impl Task for Settling {
    const NAME: &'static str = "settling";

    async fn run(&mut self) -> Result<(), Error> {
        let period = self.parts.config.settling.period;
        let mut end = period_end(self.parts.clock.wall(), period);
        let mut early = self.parts.clock.monotonic() + EARLY_TURN;
        loop {
            // A clock that was set back must not make the period longer.
            end = end.min(period_end(self.parts.clock.wall(), period));
            let left = end.since(self.parts.clock.wall()).min(LONGEST_SLEEP);
            tokio::select! {
                () = self.parts.clock.sleep(left) => {}
                () = self.parts.clock.sleep_until(early), if self.parts.config.settling.early.is_some() => {
                    self.settle_early().await;
                    early = self.parts.clock.monotonic() + EARLY_TURN;
                }
                Some(request) = self.inbox.recv() => self.answer(request).await,
                changed = self.parts.ledger.state.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.prepare().await?;
                }
            }
            if self.parts.clock.wall() >= end {
                self.end_period().await;
                end = period_end(self.parts.clock.wall(), period);
            }
        }
    }
}
