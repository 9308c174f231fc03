//! Metering: messages become facts. A message, its registers and its rollups are one transaction, and the broker is
//! told only after it is committed, so that nothing is lost and nothing is counted twice.

mod brokers;
mod changes;
mod intake;
mod live;
mod review;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use enerlink_domain::{Clock, Code, Error, Meter, MeterId, settlement::Watermark, wallet::Activity};
use enerlink_keystore::Keystore;
use enerlink_store::{NewActivity, Store, meters, notices as notice_rows, settings};
use tokio::sync::{OnceCell, mpsc, oneshot, watch};

use self::brokers::{Broker, FromBroker};
pub(crate) use self::{changes::Change, live::MeterLive};
use crate::{
    bus::Bus,
    commands,
    config::{Access, Config},
    diagnostics, ledger,
    notices::Notices,
    rules::Rules,
    task::Task,
    wires::Wires,
};

/// Every meter of the profile as it is now.
pub(crate) type MeteringState = BTreeMap<MeterId, MeterLive>;

/// The setting that names this profile at its brokers.
pub(crate) const SESSION: &str = "mqtt.session";
/// Messages that are written in one transaction, at most: a burst pays for few transactions, a reading waits for little.
const BATCH: usize = 1024;
/// How often silence is looked for.
const TICK: Duration = Duration::from_secs(1);

type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// What the chain has settled of a meter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) registers: Watermark,
    /// It was read before the meter was first heard, and has not moved since.
    pub(crate) before_contact: bool,
}

enum Request {
    Add(Box<Meter>, Reply<()>),
    Reload(Reply<()>),
    Change(Box<Change>, Reply<Option<Activity>>),
    Raise(MeterId, Mark, Reply<()>),
    Publish(MeterId, String, Reply<()>),
}

/// Reads what meters say and asks the task for changes.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) state: watch::Receiver<MeteringState>,
    inbox: mpsc::Sender<Request>,
}

impl Handle {
    /// Adds `meter` and begins to listen to it.
    pub(crate) async fn add(&self, meter: Meter) -> Result<(), Error> {
        self.ask(|reply| Request::Add(Box::new(meter), reply)).await
    }

    /// Takes in meters that were stored by others, and begins to listen.
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        self.ask(Request::Reload).await
    }

    /// Changes a meter and, with an act, writes both in one transaction.
    pub(crate) async fn change(&self, change: Change) -> Result<Option<Activity>, Error> {
        self.ask(|reply| Request::Change(Box::new(change), reply)).await
    }

    /// Notes whether `meter` may be settled while the wallet is locked, together with `act`.
    pub(crate) async fn set_settlement_key(
        &self,
        meter: &MeterId,
        enabled: bool,
        act: NewActivity,
    ) -> Result<Activity, Error> {
        let change = Change {
            meter: meter.clone(),
            apply: Box::new(move |live| {
                live.meter.settlement_key = enabled;
                Ok(())
            }),
            act: Some(act),
            reconnect: false,
        };
        let noted = self.change(change).await?;
        noted.ok_or_else(|| Error::new(Code::Internal, "the act was not noted"))
    }

    /// Lifts the registers of `meter` to what the chain has settled, should they be below.
    pub(crate) async fn raise(&self, meter: &MeterId, mark: Mark) -> Result<(), Error> {
        let behind = self
            .state
            .borrow()
            .get(meter)
            .is_some_and(|live| live.is_behind(mark.registers));
        if behind {
            self.ask(|reply| Request::Raise(meter.clone(), mark, reply)).await
        } else {
            Ok(())
        }
    }

    /// Whether registers of `meter` have begun.
    pub(crate) fn has_heard(&self, meter: &MeterId) -> bool {
        let state = self.state.borrow();
        state.get(meter).is_some_and(|live| live.registers.is_some())
    }

    /// Publishes a command to `meter`.
    pub(crate) async fn publish(&self, meter: &MeterId, command: String) -> Result<(), Error> {
        self.ask(|reply| Request::Publish(meter.clone(), command, reply))
            .await
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Error> {
        let stopped = || Error::new(Code::Internal, "metering has stopped");
        let (reply, answer) = oneshot::channel();
        self.inbox.send(request(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

pub(crate) struct Metering {
    clock: Arc<dyn Clock>,
    store: Store,
    keystore: Arc<Keystore>,
    bus: Bus,
    notices: Notices,
    diagnostics: diagnostics::Handle,
    rules: watch::Receiver<Rules>,
    wires: Wires,
    commands: commands::Handle,
    /// The ledger reads meters here, so it comes to be later.
    ledger: Arc<OnceCell<ledger::Handle>>,
    state: watch::Sender<MeteringState>,
    inbox: mpsc::Receiver<Request>,
    /// Names this profile at its brokers.
    session: String,
    brokers: BTreeMap<String, Broker>,
    incoming: (mpsc::Sender<FromBroker>, mpsc::Receiver<FromBroker>),
}

/// What the task needs from the engine.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) bus: Bus,
    pub(crate) diagnostics: diagnostics::Handle,
    pub(crate) config: Config,
    pub(crate) rules: watch::Receiver<Rules>,
    pub(crate) commands: commands::Handle,
}

impl Metering {
    /// Loads the meters of the profile as they were left. The cell is for the ledger, once it is there.
    pub(crate) async fn new(parts: Parts) -> Result<(Self, Handle, Arc<OnceCell<ledger::Handle>>), Error> {
        let Parts {
            clock,
            store,
            keystore,
            bus,
            diagnostics,
            config,
            rules,
            commands,
        } = parts;
        let state = load(&store, &*clock, &rules).await?;
        let session = session(&store, config.access).await?;
        let (state, reader) = watch::channel(state);
        let (sender, inbox) = mpsc::channel(64);
        let ledger = Arc::new(OnceCell::new());
        let metering = Self {
            clock,
            notices: Notices::new(store.clone(), bus.clone()),
            store,
            keystore,
            bus,
            diagnostics,
            rules,
            wires: config.wires,
            commands,
            ledger: Arc::clone(&ledger),
            state,
            inbox,
            session,
            brokers: BTreeMap::new(),
            incoming: mpsc::channel(2 * BATCH),
        };
        let handle = Handle {
            state: reader,
            inbox: sender,
        };
        Ok((metering, handle, ledger))
    }

    /// Periods have got another length: what flowed in those that run is told anew.
    async fn restart_periods(&mut self) -> Result<(), Error> {
        let (reader, now) = (self.store.reader(), self.clock.wall());
        let mut state = self.state.borrow().clone();
        for live in state.values_mut() {
            let period = self.rules.borrow().period(&live.meter);
            live.begin_period(&reader, now, period).await?;
        }
        self.state.send_replace(state);
        Ok(())
    }

    async fn answer(&mut self, request: Request) {
        match request {
            Request::Add(meter, reply) => {
                let _ = reply.send(self.add(*meter).await);
            }
            Request::Reload(reply) => {
                let _ = reply.send(self.reload().await);
            }
            Request::Change(change, reply) => {
                let _ = reply.send(self.change(*change).await);
            }
            Request::Raise(meter, mark, reply) => {
                let _ = reply.send(self.raise(&meter, mark).await);
            }
            Request::Publish(meter, command, reply) => {
                let _ = reply.send(self.publish(&meter, &command).await);
            }
        }
    }
}

impl Task for Metering {
    const NAME: &'static str = "metering";

    async fn run(&mut self) -> Result<(), Error> {
        // A failed transaction leaves messages that the broker was not told about: a new connection brings them again.
        let fresh = load(&self.store, &*self.clock, &self.rules).await?;
        self.state.send_replace(fresh);
        self.connect();
        let mut arrived = Vec::with_capacity(BATCH);
        let mut tick = self.clock.monotonic() + TICK;
        loop {
            tokio::select! {
                biased;
                Some(request) = self.inbox.recv() => self.answer(request).await,
                Ok(()) = self.rules.changed() => self.restart_periods().await?,
                // Before messages, of which there may always be more.
                () = self.clock.sleep_until(tick) => {
                    self.review(None).await?;
                    tick = self.clock.monotonic() + TICK;
                }
                () = gather(&mut self.incoming.1, &mut arrived) => {
                    self.diagnostics.queued(arrived.len() + self.incoming.1.len());
                    self.take(&mut arrived).await?;
                }
            }
        }
    }
}

/// Waits until something has `arrived`, and adds what can be had without waiting.
async fn gather(incoming: &mut mpsc::Receiver<FromBroker>, arrived: &mut Vec<FromBroker>) {
    if arrived.is_empty() {
        // The sender lives as long as the task.
        incoming.recv_many(arrived, BATCH).await;
    }
    while arrived.len() < BATCH
        && let Ok(next) = incoming.try_recv()
    {
        arrived.push(next);
    }
}

async fn load(
    store: &Store,
    clock: &dyn Clock,
    rules: &watch::Receiver<Rules>,
) -> Result<MeteringState, Error> {
    let reader = store.reader();
    let conditions = notice_rows::open(&reader).await?;
    let mut state = MeteringState::new();
    for meter in meters::list(&reader).await? {
        let id = meter.id.clone();
        let period = rules.borrow().period(&meter);
        let live = MeterLive::load(&reader, meter, &conditions, clock.wall(), period);
        state.insert(id, live.await?);
    }
    Ok(state)
}

/// The name of this profile's sessions, drawn when the profile is first opened.
async fn session(store: &Store, access: Access) -> Result<String, Error> {
    if let Some(known) = settings::get(&store.reader(), SESSION).await? {
        return Ok(known);
    }
    let drawn = uuid::Uuid::new_v4().to_string();
    if access == Access::Exclusive {
        let tx = store.begin().await?;
        settings::set(&tx, SESSION, &drawn).await?;
        tx.commit().await?;
    }
    Ok(drawn)
}
