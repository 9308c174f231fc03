//! Settling: what is owed becomes a transaction, once a period or by hand. The chain's registers say what was settled;
//! this task only decides when to move them and how far.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use enerlink_chain::{Chain, MeterOnChain, build};
use enerlink_domain::{
    Address, Clock, Code, Error, Etk, Event, Meter, MeterId, Registration, Settlement, SettlementStage,
    Status, Trigger, TxKind, UnixMillis, WattHours,
    settlement::{Due, Terms, Watermark, period_end, settlement_id},
};
use enerlink_keystore::{Keystore, Signer};
use enerlink_store::{NewOutbox, Store, outbox as outbox_rows, settlements};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
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

struct SettleNow {
    meter: MeterId,
    reply: oneshot::Sender<Result<Settlement, Error>>,
}

/// Asks the task to settle.
#[derive(Clone)]
pub(crate) struct Handle(mpsc::Sender<SettleNow>);

impl Handle {
    /// Settles what `meter` is owed now. Answers the row as stored: PENDING.
    pub(crate) async fn settle_now(&self, meter: MeterId) -> Result<Settlement, Error> {
        let stopped = || Error::new(Code::Internal, "settling has stopped");
        let (reply, answer) = oneshot::channel();
        self.0
            .send(SettleNow { meter, reply })
            .await
            .map_err(|_| stopped())?;
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
}

pub(crate) struct Settling {
    parts: Parts,
    inbox: mpsc::Receiver<SettleNow>,
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

    fn meters(&self) -> Vec<Meter> {
        self.parts
            .metering
            .state
            .borrow()
            .values()
            .map(|live| live.meter.clone())
            .collect()
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
                .and_then(|live| live.registers);
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
            .and_then(|live| live.registers)
            .ok_or_else(|| {
                Error::new(
                    Code::NothingToSettle,
                    format!("nothing has been heard from {} yet", meter.id),
                )
            })?;
        Ok(terms.due(registers.export, registers.import))
    }

    /// The settlement key when the chain knows it, else the owner's own key. On a chain that charges for gas a key
    /// without coins leaves the work to an unlocked wallet.
    async fn signer(
        &self,
        chain: &Chain,
        meter: &Meter,
        standing: &MeterOnChain,
    ) -> Result<(Address, Signer), Error> {
        let wallet = (meter.owner, Signer::Wallet(meter.owner));
        let Some(key) = self
            .parts
            .keystore
            .settlement_key(&meter.id)?
            .filter(|key| standing.settler == Some(*key))
        else {
            return Ok(wallet);
        };
        let balance = chain.native_balance(key).await?;
        let poor = outbox::affordable(chain.fees().await?, SETTLEMENT_GAS, balance).is_none();
        if poor && self.parts.keystore.can_sign(&wallet.1) {
            return Ok(wallet);
        }
        Ok((key, Signer::Settlement(meter.id.clone())))
    }

    /// Queues what a registered meter needs before it can settle: its baseline, and its settlement key.
    async fn prepare(&mut self) -> Result<(), Error> {
        for meter in self.meters() {
            let registration = self.parts.ledger.state.borrow().registration(&meter);
            match registration {
                Registration::Registered => self.open(&meter).await?,
                Registration::Open { settler, .. } if meter.settlement_key => {
                    self.authorise(&meter, settler).await?
                }
                Registration::Open { .. }
                | Registration::Unknown
                | Registration::Missing
                | Registration::Foreign { .. }
                | Registration::Retired => {}
            }
        }
        Ok(())
    }

    async fn open(&mut self, meter: &Meter) -> Result<(), Error> {
        let registers = self
            .parts
            .metering
            .state
            .borrow()
            .get(&meter.id)
            .and_then(|live| live.registers);
        let Some(registers) = registers else { return Ok(()) };
        let baseline = Watermark {
            export: registers.first.export.floor_wh(),
            import: registers.first.import.floor_wh(),
        };
        let Some(Network { addresses, .. }) = self.parts.network.borrow().clone() else {
            return Ok(());
        };
        let call = build::open_meter(&addresses, &meter.id, baseline);
        self.queue_once(
            meter,
            TxKind::OpenMeter,
            addresses.chain_id,
            addresses.converter,
            call.input,
        )
        .await
    }

    /// Authorises this profile's settlement key, when the chain names none. A key of another machine is left alone:
    /// two machines would replace each other's for ever, and the wallet's own signature works beside it.
    async fn authorise(&mut self, meter: &Meter, settler: Option<Address>) -> Result<(), Error> {
        if settler.is_some() {
            return Ok(());
        }
        let keystore = Arc::clone(&self.parts.keystore);
        let id = meter.id.clone();
        let created = tokio::task::spawn_blocking(move || keystore.create_settlement_key(&id)).await;
        let key = created.map_err(|error| Error::new(Code::Internal, error.to_string()))??;
        let Some(Network { addresses, .. }) = self.parts.network.borrow().clone() else {
            return Ok(());
        };
        let call = build::set_settler(&addresses, &meter.id, key);
        self.queue_once(
            meter,
            TxKind::SetSettler,
            addresses.chain_id,
            addresses.converter,
            call.input,
        )
        .await
    }

    /// Queues a transaction of `kind` for `meter`, unless one is on its way or was tried in this period.
    async fn queue_once(
        &mut self,
        meter: &Meter,
        kind: TxKind,
        chain_id: u64,
        to: Address,
        input: Vec<u8>,
    ) -> Result<(), Error> {
        let now = self.parts.clock.wall();
        let key = (meter.id.clone(), kind.as_str());
        let recent = self
            .prepared
            .get(&key)
            .is_some_and(|last| now.since(*last) < self.parts.config.settling.period);
        let unfinished = outbox_rows::unfinished(&self.parts.store.reader()).await?;
        let queued = unfinished
            .iter()
            .any(|row| row.kind == kind && row.meter_id.as_ref() == Some(&meter.id));
        if recent || queued {
            return Ok(());
        }
        self.prepared.insert(key, now);
        let entry = NewOutbox {
            account: meter.owner,
            signer: outbox::signer_text(&Signer::Wallet(meter.owner)),
            kind,
            meter_id: Some(meter.id.clone()),
            settlement_id: None,
            chain_id,
            to,
            input,
            created_at: now,
        };
        let tx = self.parts.store.begin().await?;
        outbox_rows::insert(&tx, &entry).await?;
        tx.commit().await?;
        tracing::info!(meter = %meter.id, kind = kind.as_str(), "transaction queued");
        self.parts.outbox.wake();
        Ok(())
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
                Some(SettleNow { meter, reply }) = self.inbox.recv() => {
                    let found = self.meters().into_iter().find(|known| known.id == meter);
                    let outcome = match found {
                        Some(meter) => self.settle(&meter, Trigger::Manual).await,
                        None => Err(Error::new(Code::MeterUnknown, format!("there is no meter {meter}"))),
                    };
                    let _ = reply.send(outcome);
                }
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
