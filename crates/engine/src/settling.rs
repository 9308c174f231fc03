//! Settling: what is owed becomes a transaction, once a period of each meter or by hand. The chain's registers say what was settled;
//! this task only decides when to move them and how far.

mod early;
mod prepare;
mod row;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use enerlink_domain::{
    Clock, Code, Error, Meter, MeterId, Settlement, Trigger, settlement::Period, wallet::BackupContent,
};
use enerlink_keystore::Keystore;
use enerlink_store::Store;
use tokio::sync::{mpsc, oneshot, watch};

use self::early::Early;
use crate::{bus::Bus, guarding, ledger, metering, network::Network, outbox, rules::Rules, task::Task};

/// The clock may be set while a period runs, so the task looks at it at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How often it is looked whether enough is owed to settle early.
const EARLY_TURN: Duration = Duration::from_secs(1);
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
    pub(crate) rules: watch::Receiver<Rules>,
    pub(crate) network: watch::Receiver<Option<Network>>,
    pub(crate) ledger: ledger::Handle,
    pub(crate) metering: metering::Handle,
    pub(crate) outbox: outbox::Handle,
    pub(crate) missing: guarding::Missing,
    /// What was restored and nobody has looked at yet: nothing is queued.
    pub(crate) held: watch::Receiver<Option<BackupContent>>,
}

pub(crate) use self::prepare::unfinished_key_change;

pub(crate) struct Settling {
    parts: Parts,
    inbox: mpsc::Receiver<Request>,
    /// The period of each meter that runs.
    periods: BTreeMap<MeterId, Period>,
    /// When a preparing transaction was last queued, so that a refusal is not repeated at every block. Like every pause
    /// by the monotonic clock, which nobody sets.
    prepared: BTreeMap<(MeterId, &'static str), Duration>,
    /// The last early settlement of each meter.
    early: BTreeMap<MeterId, Early>,
}

impl Settling {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let (sender, inbox) = mpsc::channel(row::AT_ONCE);
        (
            Self {
                parts,
                inbox,
                periods: BTreeMap::new(),
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

    /// Ends periods: each of these meters is settled, or logs why not.
    async fn end_periods(&self, meters: &[Meter]) {
        let mut due = Vec::with_capacity(meters.len());
        for meter in meters {
            let minimum = self.parts.ledger.state.borrow().minimum();
            let automatic = self.parts.rules.borrow().of(meter, minimum).automatic;
            match automatic.value {
                true => due.push(meter.clone()),
                false => {
                    tracing::info!(meter = %meter.id, said_by = ?automatic.source, "period not settled: automatic settlement is off")
                }
            }
        }
        let settled = self.settle(&due, Trigger::Periodic).await;
        for (meter, settled) in due.iter().zip(settled) {
            match settled {
                Ok(row) => {
                    tracing::info!(meter = %meter.id, id = row.settlement_id, wh = row.energy_wh.0, "settlement queued")
                }
                Err(error) => {
                    tracing::info!(meter = %meter.id, code = ?error.code, reason = %error, "period not settled")
                }
            }
        }
    }

    /// The meters whose period has ended; their next one has begun.
    fn turn_periods(&mut self) -> Vec<Meter> {
        let (wall, monotonic) = (self.parts.clock.wall(), self.parts.clock.monotonic());
        let mut meters = self.meters();
        let rules = self.parts.rules.borrow();
        self.periods
            .retain(|id, _| meters.iter().any(|meter| meter.id == *id));
        meters.retain(|meter| {
            let length = rules.period(meter);
            let period = self
                .periods
                .entry(meter.id.clone())
                .or_insert_with(|| Period::begin(length, wall, monotonic));
            period.resize(length, wall);
            period.turn(wall, monotonic)
        });
        meters
    }

    /// How long nothing has to be looked at.
    fn rest(&self) -> Duration {
        let (wall, monotonic) = (self.parts.clock.wall(), self.parts.clock.monotonic());
        let left = self.periods.values().map(|period| period.left(wall, monotonic));
        left.min().unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
    }

    /// Answers a request, and those that came with it: meters are settled together.
    async fn answer(&mut self, request: Request) {
        let (mut meters, mut replies) = (Vec::new(), Vec::new());
        let mut next = Some(request);
        while let Some(request) = next {
            match request {
                Request::SettleNow(id, reply) => match self.meter(&id) {
                    Ok(meter) => {
                        meters.push(meter);
                        replies.push(reply);
                    }
                    Err(error) => {
                        let _ = reply.send(Err(error));
                    }
                },
                Request::SettlementKey(id, reply) => {
                    let outcome = match self.meter(&id) {
                        Ok(meter) => self.change_key(&meter).await,
                        Err(error) => Err(error),
                    };
                    let _ = reply.send(outcome);
                }
            }
            next = match meters.len() < row::AT_ONCE {
                true => self.inbox.try_recv().ok(),
                false => None,
            };
        }
        let settled = self.settle(&meters, Trigger::Manual).await;
        for (reply, outcome) in replies.into_iter().zip(settled) {
            let _ = reply.send(outcome);
        }
    }
}

impl Task for Settling {
    const NAME: &'static str = "settling";

    async fn run(&mut self) -> Result<(), Error> {
        let mut early = self.parts.clock.monotonic() + EARLY_TURN;
        loop {
            let ended = self.turn_periods();
            self.end_periods(&ended).await;
            let rest = self.rest();
            tokio::select! {
                biased;
                Some(request) = self.inbox.recv() => self.answer(request).await,
                () = self.parts.clock.sleep(rest) => {}
                () = self.parts.clock.sleep_until(early) => {
                    self.settle_early().await;
                    early = self.parts.clock.monotonic() + EARLY_TURN;
                }
                changed = self.parts.rules.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                }
                changed = self.parts.ledger.state.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.prepare().await?;
                }
            }
        }
    }
}
