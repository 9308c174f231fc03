//! Metering: messages become facts. A message, its registers and its rollups are one transaction, and the broker is
//! told only after it is committed, so that nothing is lost and nothing is counted twice.

mod intake;
mod live;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use enerlink_domain::{
    BrokerAddress, Clock, Code, Error, Event, Meter, MeterId, meter::Link, settlement::Watermark,
    wallet::Activity,
};
use enerlink_keystore::Keystore;
use enerlink_meter::{Incoming, Packet, Subscription, SubscriptionConfig};
use enerlink_store::{NewActivity, Store, meters, registers, settings, transaction_logs};
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use self::live::MeterLive;
use crate::{
    bus::Bus,
    commands,
    config::{Access, Config},
    diagnostics,
    task::Task,
};

/// Every meter of the profile as it is now.
pub(crate) type MeteringState = BTreeMap<MeterId, MeterLive>;

/// The setting that names this profile at its brokers.
pub(crate) const SESSION: &str = "mqtt.session";
/// Messages that are written in one transaction, at most.
const BATCH: usize = 256;
/// How often silence is looked for.
const TICK: Duration = Duration::from_secs(1);

enum Request {
    Add(Box<Meter>, oneshot::Sender<Result<(), Error>>),
    Reload(oneshot::Sender<Result<(), Error>>),
    SetKey(
        MeterId,
        bool,
        NewActivity,
        oneshot::Sender<Result<Activity, Error>>,
    ),
    Raise(MeterId, Watermark, oneshot::Sender<Result<(), Error>>),
    Publish(MeterId, String, oneshot::Sender<Result<(), Error>>),
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

    /// Notes whether `meter` may be settled while the wallet is locked, together with `act`.
    pub(crate) async fn set_settlement_key(
        &self,
        meter: &MeterId,
        enabled: bool,
        act: NewActivity,
    ) -> Result<Activity, Error> {
        self.ask(|reply| Request::SetKey(meter.clone(), enabled, act, reply))
            .await
    }

    /// Lifts the registers of `meter` to what the chain has settled, should they be below.
    pub(crate) async fn raise(&self, meter: &MeterId, watermark: Watermark) -> Result<(), Error> {
        let behind = self
            .state
            .borrow()
            .get(meter)
            .is_some_and(|live| live.is_behind(watermark));
        if behind {
            self.ask(|reply| Request::Raise(meter.clone(), watermark, reply))
                .await
        } else {
            Ok(())
        }
    }

    /// Publishes a command to `meter`.
    pub(crate) async fn publish(&self, meter: &MeterId, command: String) -> Result<(), Error> {
        self.ask(|reply| Request::Publish(meter.clone(), command, reply))
            .await
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Request,
    ) -> Result<T, Error> {
        let stopped = || Error::new(Code::Internal, "metering has stopped");
        let (reply, answer) = oneshot::channel();
        self.inbox.send(request(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// A connection to one broker.
struct Broker {
    subscription: Subscription,
    base_topics: Vec<String>,
}

type FromBroker = (BrokerAddress, Incoming);

pub(crate) struct Metering {
    clock: Arc<dyn Clock>,
    store: Store,
    keystore: Arc<Keystore>,
    bus: Bus,
    config: Config,
    commands: commands::Handle,
    diagnostics: diagnostics::Handle,
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
    pub(crate) config: Config,
    pub(crate) commands: commands::Handle,
    pub(crate) diagnostics: diagnostics::Handle,
}

impl Metering {
    /// Loads the meters of the profile as they were left.
    pub(crate) async fn new(parts: Parts) -> Result<(Self, Handle), Error> {
        let Parts {
            clock,
            store,
            keystore,
            bus,
            config,
            commands,
            diagnostics,
        } = parts;
        let state = load(&store, &*clock, &config).await?;
        let session = session(&store, config.access).await?;
        let (state, reader) = watch::channel(state);
        let (sender, inbox) = mpsc::channel(64);
        let metering = Self {
            clock,
            store,
            keystore,
            bus,
            config,
            commands,
            diagnostics,
            state,
            inbox,
            session,
            brokers: BTreeMap::new(),
            incoming: mpsc::channel(4 * BATCH),
        };
        Ok((
            metering,
            Handle {
                state: reader,
                inbox: sender,
            },
        ))
    }

    /// (Re)connects to the broker of each meter.
    fn connect(&mut self) {
        let known: Vec<Meter> = self
            .state
            .borrow()
            .values()
            .map(|live| live.meter.clone())
            .collect();
        self.brokers.clear();
        for meter in known {
            self.listen(&meter.broker);
        }
    }

    /// Subscribes to every meter at `address` over one connection.
    fn listen(&mut self, address: &BrokerAddress) {
        let url = address.url();
        let mut base_topics: Vec<String> = self
            .state
            .borrow()
            .values()
            .filter(|live| live.meter.broker == *address)
            .map(|live| live.meter.base_topic.clone())
            .collect();
        base_topics.sort_unstable();
        base_topics.dedup();
        if self
            .brokers
            .get(&url)
            .is_some_and(|broker| broker.base_topics == base_topics)
        {
            return;
        }
        let password = match self.keystore.open_secret(&broker_secret(address)) {
            Ok(secret) => secret.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()),
            Err(error) => {
                tracing::error!(broker = url, %error, "the broker's password cannot be opened");
                None
            }
        };
        let mut config =
            SubscriptionConfig::new(address.clone(), self.client_id(address), base_topics.clone());
        config.password = password;
        if let Some(old) = self.brokers.remove(&url) {
            old.subscription.stop();
        }
        let (subscription, mut receiver) = Subscription::start(config, Arc::clone(&self.clock));
        self.brokers.insert(
            url,
            Broker {
                subscription,
                base_topics,
            },
        );
        let (address, forward) = (address.clone(), self.incoming.0.clone());
        tokio::spawn(async move {
            while let Some(incoming) = receiver.recv().await {
                if forward.send((address.clone(), incoming)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Stable, so that the broker keeps this profile's session; random, so that no two profiles evict each other.
    fn client_id(&self, address: &BrokerAddress) -> String {
        let name = format!("{}|{}", self.session, address.url());
        let digest = enerlink_domain::id::keccak256(name.as_bytes());
        format!("enerlink-{}", enerlink_domain::id::hex(&digest[..6]))
    }

    async fn answer(&mut self, request: Request) {
        match request {
            Request::Add(meter, reply) => {
                let _ = reply.send(self.add(*meter).await);
            }
            Request::Reload(reply) => {
                let _ = reply.send(self.reload().await);
            }
            Request::SetKey(meter, enabled, act, reply) => {
                let _ = reply.send(self.set_key(&meter, enabled, act).await);
            }
            Request::Raise(meter, watermark, reply) => {
                let _ = reply.send(self.raise(&meter, watermark).await);
            }
            Request::Publish(meter, command, reply) => {
                let _ = reply.send(self.publish(&meter, &command).await);
            }
        }
    }

    async fn add(&mut self, meter: Meter) -> Result<(), Error> {
        let tx = self.store.begin().await?;
        meters::insert(&tx, &meter).await?;
        tx.commit().await?;
        let live = MeterLive::new(meter.clone(), self.clock.wall());
        self.bus.tell(Event::Device(live.device.clone()));
        self.state.send_modify(|state| {
            state.insert(meter.id.clone(), live);
        });
        self.listen(&meter.broker);
        Ok(())
    }

    /// Meters that are running already stay as they are.
    async fn reload(&mut self) -> Result<(), Error> {
        let stored = load(&self.store, &*self.clock, &self.config).await?;
        for (id, live) in stored {
            if self.state.borrow().contains_key(&id) {
                continue;
            }
            let broker = live.meter.broker.clone();
            self.bus.tell(Event::Device(live.device.clone()));
            self.state.send_modify(|state| {
                state.insert(id, live);
            });
            self.listen(&broker);
        }
        Ok(())
    }

    async fn set_key(&mut self, id: &MeterId, enabled: bool, act: NewActivity) -> Result<Activity, Error> {
        let found = self.state.borrow().get(id).map(|live| live.meter.clone());
        let mut meter =
            found.ok_or_else(|| Error::new(Code::MeterUnknown, format!("there is no meter {id}")))?;
        meter.settlement_key = enabled;
        let tx = self.store.begin().await?;
        meters::update(&tx, &meter).await?;
        let noted = transaction_logs::note(&tx, act).await?;
        tx.commit().await?;
        self.state.send_modify(|state| {
            if let Some(live) = state.get_mut(id) {
                live.meter = meter;
            }
        });
        Ok(noted)
    }

    async fn raise(&mut self, id: &MeterId, watermark: Watermark) -> Result<(), Error> {
        let found = self.state.borrow().get(id).and_then(|live| live.registers);
        let Some(mut lifted) = found else { return Ok(()) };
        let before = (lifted.export, lifted.import);
        if !lifted.raise_to(watermark) {
            return Ok(());
        }
        if (lifted.export, lifted.import) != before {
            tracing::warn!(meter = %id, ?watermark, "registers lifted to what the chain has settled");
        }
        let tx = self.store.begin().await?;
        registers::save(&tx, id, &lifted, self.clock.wall()).await?;
        tx.commit().await?;
        self.state.send_modify(|state| {
            if let Some(live) = state.get_mut(id) {
                live.set_registers(lifted);
            }
        });
        Ok(())
    }

    async fn publish(&self, id: &MeterId, command: &str) -> Result<(), Error> {
        let meter = self.state.borrow().get(id).map(|live| live.meter.clone());
        let Some(meter) = meter else {
            return Err(Error::new(Code::MeterUnknown, format!("there is no meter {id}")));
        };
        let Some(broker) = self.brokers.get(&meter.broker.url()) else {
            return Err(Error::new(
                Code::BrokerUnreachable,
                format!("not connected to {}", meter.broker.url()),
            ));
        };
        let sent = broker.subscription.publish(&meter.base_topic, command).await;
        sent.map_err(|error| {
            Error::new(
                Code::BrokerUnreachable,
                format!("{}: {error}", meter.broker.url()),
            )
        })
    }

    /// Handles everything that has arrived: runs of messages in one transaction, changes of a link by themselves.
    async fn take(&mut self, arrived: &mut Vec<FromBroker>) -> Result<(), Error> {
        let mut packets: Vec<(BrokerAddress, Packet)> = Vec::with_capacity(arrived.len());
        for (address, incoming) in arrived.drain(..) {
            match incoming {
                Incoming::Packet(packet) => packets.push((address, packet)),
                Incoming::Connected => self.set_links(&address, None),
                Incoming::Disconnected(error) => self.set_links(&address, Some(error)),
            }
        }
        self.record(packets).await
    }

    fn set_links(&self, address: &BrokerAddress, error: Option<Error>) {
        let now = self.clock.wall();
        self.state.send_modify(|state| {
            for live in state.values_mut().filter(|live| live.meter.broker == *address) {
                let link = match &error {
                    None => live::silent(
                        now,
                        &live.meter,
                        live.device.sensors.as_ref().map(|(last, _)| *last),
                    ),
                    Some(error) => Link::down(now, error.clone()),
                };
                if live.set_link(link, error.is_some()) {
                    self.bus.tell(Event::Device(live.device.clone()));
                }
            }
        });
    }

    fn look_for_silence(&self) {
        let now = self.clock.wall();
        self.state.send_if_modified(|state| {
            let mut changed = false;
            for live in state.values_mut() {
                if live.fall_silent(now) {
                    changed = true;
                    self.bus.tell(Event::Device(live.device.clone()));
                }
            }
            changed
        });
    }
}

impl Task for Metering {
    const NAME: &'static str = "metering";

    async fn run(&mut self) -> Result<(), Error> {
        // A failed transaction leaves messages that the broker was not told about: a new connection brings them again.
        let fresh = load(&self.store, &*self.clock, &self.config).await?;
        self.state.send_replace(fresh);
        self.connect();
        let mut arrived = Vec::with_capacity(BATCH);
        let mut tick = self.clock.monotonic() + TICK;
        loop {
            tokio::select! {
                Some(request) = self.inbox.recv() => self.answer(request).await,
                count = self.incoming.1.recv_many(&mut arrived, BATCH) => {
                    debug_assert!(count > 0, "the sender lives as long as the task");
                    self.take(&mut arrived).await?;
                }
                () = self.clock.sleep_until(tick) => {
                    self.look_for_silence();
                    tick = self.clock.monotonic() + TICK;
                }
            }
        }
    }
}

async fn load(store: &Store, clock: &dyn Clock, config: &Config) -> Result<MeteringState, Error> {
    let reader = store.reader();
    let mut state = MeteringState::new();
    for meter in meters::list(&reader).await? {
        let id = meter.id.clone();
        state.insert(
            id,
            MeterLive::load(&reader, meter, clock.wall(), config.settling.period).await?,
        );
    }
    Ok(state)
}

/// The name under which a broker's password is sealed.
pub(crate) fn broker_secret(address: &BrokerAddress) -> String {
    format!(
        "broker/{}",
        enerlink_domain::id::hex(&enerlink_domain::id::keccak256(address.url().as_bytes())[..8])
    )
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
