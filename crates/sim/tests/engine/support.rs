//! A household: an Ethereum node and an operator on it, a broker, an engine with its profile on disk, and a meter whose
//! counters the test turns by hand.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use alloy::primitives::{Address as AlloyAddress, U256};
use enerlink_chain::{Addresses, Chain, SettledEvent, build};
use enerlink_domain::{
    BrokerAddress, Clock, Code, Error, Event, Fees, MeterId, MicroWh, NetMicroWh, Registration, Settlement,
    Status, Transaction, TxKind, TxStage, UnixMillis, UnsignedTx, Wei,
    clock::BoxFuture,
    id::hex,
    reading::Units,
    settlement::Watermark,
    view::{MeterDraft, NetworkDraft},
};
use enerlink_engine::{
    Account, Config, Engine, Events, KdfParams, Keystore, Parts, Password, operator::DirectAccount,
};
use enerlink_keystore::Signer;
use enerlink_meter::Channel;
use enerlink_sim::{
    broker::Broker,
    clock::SimClock,
    home::{HomeConfig, Shape, SimMeter, SimMeterConfig},
    node::{Node, NodeConfig},
};
use enerlink_store::Store;
use rumqttc::{AsyncClient, MqttOptions, QoS};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// 2025-11-02T09:00:00Z.
const MORNING: UnixMillis = UnixMillis(1_762_074_000_000);
/// How long anything may take, in real time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(10);
const PASSWORD: &str = "correct horse battery staple 42";
/// Micro-watt-hours of a watt-hour.
pub(crate) const WH: u64 = 1_000_000;
/// What a meter shows when it is heard first: both counters stand between two watt-hours.
const FIRST: (u64, u64) = (10_000 * WH + 250_000, 2_000 * WH + 750_000);

/// How a household is set up.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    /// Blocks that a transaction must be deep.
    pub(crate) confirmations: u32,
    /// Whether the meter may be settled while the wallet is locked.
    pub(crate) settlement_key: bool,
    /// What its messages look like.
    pub(crate) shape: Shape,
    /// The most that the meter carries, for chain and engine.
    pub(crate) rated_power_w: u32,
    /// Simulated seconds per second.
    pub(crate) speed: u32,
    /// Settles by itself at the end of each period of so many simulated seconds.
    pub(crate) period: Option<u64>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            confirmations: 1,
            settlement_key: false,
            shape: Shape::Flat,
            rated_power_w: 5000,
            speed: 20,
            period: None,
        }
    }
}

/// A profile on disk and the engine that runs on it.
pub(crate) struct Profile {
    pub(crate) directory: TempDir,
    pub(crate) engine: Engine,
}

/// Everything that a household needs.
pub(crate) struct Household {
    pub(crate) setup: Setup,
    pub(crate) node: Node,
    pub(crate) chain: Chain,
    pub(crate) addresses: Addresses,
    pub(crate) operator: DirectAccount,
    pub(crate) clock: Arc<HouseClock>,
    pub(crate) profile: Profile,
    pub(crate) id: MeterId,
    base_topic: String,
    meter: HandMeter,
}

/// One broker for all tests: it cannot be ended, and the topics keep the households apart.
async fn broker() -> &'static Broker {
    static BROKER: OnceCell<Broker> = OnceCell::const_new();
    BROKER
        .get_or_init(|| async { Broker::start().await.expect("an embedded broker") })
        .await
}

impl Household {
    /// A household whose meter is registered, added and not heard yet.
    pub(crate) async fn found(setup: Setup) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let clock = Arc::new(HouseClock::new(setup.speed));
        let operator = Account::random().expect("an account");
        let node = node(&clock, operator.address().0, 0).await;
        let chain = Chain::new(node.url()).expect("a usable address");
        let operator = DirectAccount::connect(operator, chain.clone())
            .await
            .expect("an operator");
        let addresses = Addresses {
            confirmations: Some(setup.confirmations),
            ..operator.deploy().await.expect("contracts")
        };
        let base_topic = format!("home-{number}/energy-monitor");
        let directory = tempfile::tempdir().expect("a directory");
        let engine = start(directory.path(), setup, &clock).await.expect("an engine");
        engine
            .create_wallet("Household".to_owned(), Password::from(PASSWORD.to_owned()), 12)
            .await
            .expect("a wallet");
        let household = Self {
            setup,
            node,
            chain,
            addresses,
            operator,
            clock,
            profile: Profile { directory, engine },
            id: format!("METER-{number:03}").parse().expect("an id"),
            meter: HandMeter::join(&base_topic, setup.shape).await,
            base_topic,
        };
        let owner = household.owner();
        let registered =
            household
                .operator
                .register(&household.addresses, &household.id, owner, setup.rated_power_w);
        registered.await.expect("registered");
        household.furnish(household.engine()).await;
        household
    }

    /// A household that has been heard once, and whose meter is open on chain.
    pub(crate) async fn open(setup: Setup) -> Self {
        let household = Self::found(setup).await;
        household.greet(household.engine()).await;
        household.opened().await;
        household
    }

    /// Lets the meter say the same until `engine`, which may still be about to subscribe, has heard it.
    pub(crate) async fn greet(&self, engine: &Engine) {
        until("the meter to be heard", async || {
            self.meter.say().await;
            tokio::time::sleep(LOOK).await;
            registers(engine, &self.id).is_some()
        })
        .await;
    }

    /// Unlocks `engine`, gives it the network and the meter.
    async fn furnish(&self, engine: &Engine) {
        unlock(engine).await;
        self.connect(engine).await;
        let draft = self.draft().await;
        engine.add_meter(draft).await.expect("a meter");
    }

    async fn connect(&self, engine: &Engine) {
        let draft = NetworkDraft {
            rpc_url: self.node.url().to_owned(),
            addresses: self.addresses.to_json(),
        };
        engine.set_network(draft).await.expect("a network");
    }

    async fn draft(&self) -> MeterDraft {
        let broker = broker().await;
        let mut address = BrokerAddress::parse(broker.url()).expect("a url");
        address.username = Some(broker.username().to_owned());
        MeterDraft {
            id: self.id.clone(),
            name: String::new(),
            broker_url: address.url(),
            broker_password: Some(broker.password().to_owned()),
            base_topic: self.base_topic.clone(),
            units: Units::Milli,
            rated_power_w: self.setup.rated_power_w,
            settlement_key: self.setup.settlement_key,
        }
    }

    /// Waits until the baseline, and the settlement key if there is to be one, are on chain.
    pub(crate) async fn opened(&self) {
        until("the meter to be open", async || {
            // Deep enough, whatever the depth is.
            if self.setup.confirmations > 1 {
                self.node.mine(1).await.expect("a block");
            }
            let idle = self
                .outbox(self.engine())
                .await
                .iter()
                .all(|tx| matches!(tx.stage, TxStage::Confirmed));
            match self.registration() {
                Registration::Open { settler, .. } => idle && settler.is_some() == self.setup.settlement_key,
                _ => false,
            }
        })
        .await;
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.profile.engine
    }

    pub(crate) fn owner(&self) -> enerlink_domain::Address {
        self.engine().wallet().expect("a wallet").address
    }

    pub(crate) fn registration(&self) -> Registration {
        self.engine().meter(&self.id).expect("the meter").registration
    }

    /// Lets so many micro-watt-hours flow within an hour of the device's time, and waits until `engine` knows.
    pub(crate) async fn flow(&mut self, export: u64, import: u64) {
        self.meter.flow(export, import);
        self.meter.say().await;
        self.heard(self.engine()).await;
    }

    /// Lets energy flow that nobody waits for.
    pub(crate) async fn murmur(&mut self, export: u64, import: u64) {
        self.meter.flow(export, import);
        self.meter.say().await;
    }

    /// Says again what was said last.
    pub(crate) async fn repeat(&self) {
        self.meter.say().await;
    }

    /// The commands that were sent to the meter.
    pub(crate) fn commands(&self) -> Vec<serde_json::Value> {
        self.meter.commands.lock().expect("unharmed").clone()
    }

    /// What the registers have to be: what the meter has counted.
    pub(crate) fn counted(&self) -> (MicroWh, MicroWh) {
        (MicroWh(self.meter.export), MicroWh(self.meter.import))
    }

    /// Waits until the registers of `engine` are the meter's counters.
    pub(crate) async fn heard(&self, engine: &Engine) {
        let counted = self.counted();
        until("the registers to follow", async || {
            registers(engine, &self.id) == Some(counted)
        })
        .await;
    }

    /// Queues a settlement of what is owed.
    pub(crate) async fn settle(&self) -> Settlement {
        self.engine()
            .settle_now(self.id.clone())
            .await
            .expect("something to settle")
    }

    /// Settles and waits for SUCCESS, where one block is enough.
    pub(crate) async fn settle_through(&self) -> Settlement {
        let queued = self.settle().await;
        self.concluded(self.engine(), &queued.settlement_id, Status::Success)
            .await
    }

    /// Waits until the settlement `id` has `status`.
    pub(crate) async fn concluded(&self, engine: &Engine, id: &str, status: Status) -> Settlement {
        let mut found = None;
        until(&format!("{id} to be {status:?}"), async || {
            found = self.newest(engine, id).await.filter(|row| row.status == status);
            found.is_some()
        })
        .await;
        found.expect("just found")
    }

    /// Waits until the newest settlement transaction is at `stage`.
    pub(crate) async fn staged(&self, stage: TxStage) -> Transaction {
        let mut found = None;
        until(&format!("the transaction to be {stage:?}"), async || {
            found = self.settlement_transaction().await.filter(|tx| tx.stage == stage);
            found.is_some()
        })
        .await;
        found.expect("just found")
    }

    pub(crate) async fn settlement_transaction(&self) -> Option<Transaction> {
        let rows = self.outbox(self.engine()).await;
        rows.into_iter().find(|tx| tx.kind == TxKind::SettleMeter)
    }

    /// Every transaction of the profile, newest first.
    pub(crate) async fn outbox(&self, engine: &Engine) -> Vec<Transaction> {
        let reader = self.store(engine).await.reader();
        enerlink_store::outbox::recent(&reader, 100)
            .await
            .expect("readable")
    }

    pub(crate) async fn settlement_transactions(&self, engine: &Engine) -> usize {
        let rows = self.outbox(engine).await;
        rows.iter().filter(|tx| tx.kind == TxKind::SettleMeter).count()
    }

    async fn newest(&self, engine: &Engine, id: &str) -> Option<Settlement> {
        self.rows(engine)
            .await
            .into_iter()
            .find(|row| row.settlement_id == id)
    }

    /// The settlements of the meter as stored, newest first.
    pub(crate) async fn rows(&self, engine: &Engine) -> Vec<Settlement> {
        engine
            .settlements(Some(&self.id), 200, None)
            .await
            .expect("readable")
            .rows
    }

    /// The database of `engine`, opened beside it.
    pub(crate) async fn store(&self, engine: &Engine) -> Store {
        let path = PathBuf::from(engine.status().data_dir).join("enerlink.db");
        Store::open(&path).await.expect("a database")
    }

    pub(crate) async fn unlock(&self) {
        unlock(self.engine()).await;
    }

    /// Ends the engine with or without saying so, and starts another on the same profile.
    pub(crate) async fn restart(&mut self, end: End) {
        self.end(end).await;
        let engine = start(self.profile.directory.path(), self.setup, &self.clock).await;
        self.profile.engine = engine.expect("the same profile again");
        unlock(self.engine()).await;
    }

    async fn end(&mut self, end: End) {
        // A reader of the same profile keeps the engine's place until the next one starts.
        let mut config = Config::new(self.profile.directory.path().to_owned());
        config.access = enerlink_engine::config::Access::ReadOnly;
        let reader = Engine::start(config, parts(self.profile.directory.path(), &self.clock))
            .await
            .expect("a reader");
        let old = std::mem::replace(&mut self.profile.engine, reader);
        if end == End::Stopped {
            old.stop().await;
        }
    }

    /// Removes the database and begins anew with the keys that are left.
    pub(crate) async fn lose_database(&mut self) {
        self.end(End::Stopped).await;
        let directory = self.profile.directory.path();
        for entry in fs::read_dir(directory).expect("readable").flatten() {
            if entry.file_name().to_string_lossy().starts_with("enerlink.db") {
                fs::remove_file(entry.path()).expect("removed");
            }
        }
        let engine = start(directory, self.setup, &self.clock).await;
        self.profile.engine = engine.expect("an engine");
        self.furnish(self.engine()).await;
    }

    /// Another computer with the same keys: everything is copied but the database.
    pub(crate) async fn copy(&self) -> Profile {
        let directory = tempfile::tempdir().expect("a directory");
        copy_keys(self.profile.directory.path(), directory.path());
        let engine = start(directory.path(), self.setup, &self.clock)
            .await
            .expect("an engine");
        self.furnish(&engine).await;
        self.greet(&engine).await;
        Profile { directory, engine }
    }

    /// The keys of the profile, unlocked, outside the engine.
    fn keys(&self) -> Keystore {
        let keystore =
            Keystore::open_with(self.profile.directory.path(), KdfParams::for_tests()).expect("keys");
        keystore
            .unlock(
                &Password::from(PASSWORD.to_owned()),
                self.clock.wall(),
                self.clock.monotonic(),
            )
            .expect("unlocked");
        keystore
    }

    /// A development node that is started again: another chain at the same address, under the same id.
    pub(crate) async fn replace_node(&mut self) {
        let port = self.node.url().rsplit_once(':').expect("a port").1;
        let port = port.parse().expect("a port");
        self.node.shutdown().await;
        self.node = node(&self.clock, self.operator.address().0, port).await;
    }

    /// Sends a transaction of the wallet's own account past the wire and past the outbox.
    pub(crate) async fn send_beside(&self, nonce: u64) {
        let call = build::transfer(self.operator.address(), Wei::ZERO);
        let transfer = UnsignedTx {
            chain_id: self.addresses.chain_id,
            nonce,
            to: call.to,
            value: call.value,
            gas_limit: 21_000,
            fees: Fees::Legacy { gas_price: Wei::ZERO },
            input: call.input,
        };
        let signer = Signer::Wallet(self.owner());
        let signed = self.keys().sign(&signer, &transfer, self.addresses.chain_id);
        let raw = format!("0x{}", hex(&signed.expect("signed").raw));
        let taken = self.node.request("eth_sendRawTransaction", json!([raw])).await;
        taken.expect("taken");
    }

    /// A simulated home behind the same topic, instead of the meter that is turned by hand.
    pub(crate) async fn move_in(&self, home: HomeConfig) -> SimMeter {
        let broker = broker().await;
        let config = SimMeterConfig {
            broker_url: broker.url().to_owned(),
            username: Some(broker.username().to_owned()),
            password: Some(broker.password().to_owned()),
            base_topic: self.base_topic.clone(),
            meter_id: self.id.clone(),
            home,
            seed: 42,
        };
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        SimMeter::start(config, clock)
    }

    /// Everything that has to be true when nothing is on its way: so many settlements on chain, each once in the
    /// profile, registers, tokens and sums in step.
    pub(crate) async fn check(&self, engine: &Engine, expected: usize) {
        until("the settlements to be known", async || {
            let rows = self.rows(engine).await;
            let known = rows.iter().filter(|row| row.status == Status::Success).count();
            known == expected && engine.is_settled().await.expect("readable")
        })
        .await;
        let events = self.events().await;
        assert_eq!(events.len(), expected, "settlements on chain");
        let standing = self.chain.meter(&self.addresses, &self.id).await.expect("read");
        let standing = standing.expect("registered");
        let last = events.last().map_or(standing.baseline, |event| event.registers);
        assert_eq!(
            standing.watermark, last,
            "the chain's registers are the last event's"
        );
        let rows = self.rows(engine).await;
        for event in &events {
            let twins: Vec<_> = rows
                .iter()
                .filter(|row| row.status == Status::Success && row.settlement_id == event.settlement_id)
                .collect();
            assert_eq!(twins.len(), 1, "{} is stored once", event.settlement_id);
            let stored = (twins[0].to, twins[0].energy_wh, twins[0].etk, twins[0].tx);
            assert_eq!(stored, (event.registers, event.energy, event.etk, Some(event.tx)));
        }
        let audit = engine.audit(&self.id).await.expect("added up");
        assert!(audit.adds_up && audit.unrecorded_uwh == 0, "{audit:?}");
        let sum = audit.settled_uwh + audit.pending_uwh + audit.carried_uwh;
        assert_eq!(audit.accumulated_uwh, sum, "{audit:?}");
        let (export, import) = registers(engine, &self.id).expect("heard");
        let net = |mark: Watermark| mark.net_micro().expect("in range").0;
        let accumulated = NetMicroWh::between(export, import).0 - net(standing.baseline);
        assert_eq!(audit.accumulated_uwh, accumulated, "{audit:?}");
        assert_eq!(
            audit.settled_uwh,
            net(standing.watermark) - net(standing.baseline)
        );
        let sums = engine.token_sums(self.owner()).await.expect("added up");
        assert_eq!(
            sums.etk_balance.0,
            sums.etk_minted.0 - sums.etk_burned.0,
            "{sums:?}"
        );
        assert_eq!(
            sums.etk_balance.0,
            events.iter().map(|event| event.etk.0).sum::<i128>()
        );
    }

    /// The settlements of the meter, as the chain tells them.
    pub(crate) async fn events(&self) -> Vec<SettledEvent> {
        let head = self.chain.head().await.expect("a head").number;
        let events = self.chain.settled_events(&self.addresses, &self.id, 0, head);
        events.await.expect("events")
    }

    /// The registers on chain.
    pub(crate) async fn watermark(&self) -> Watermark {
        let standing = self.chain.meter(&self.addresses, &self.id).await.expect("read");
        standing.expect("registered").watermark
    }

    /// Whole watt-hours of what the meter has counted.
    pub(crate) fn floor(&self) -> Watermark {
        let (export, import) = self.counted();
        Watermark {
            export: export.floor_wh(),
            import: import.floor_wh(),
        }
    }

    /// Waits until the connection to the node is down for this reason.
    pub(crate) async fn link_down(&self, code: Code) {
        until(&format!("the chain's link to say {code:?}"), async || {
            let link = self.engine().status().chain.link;
            !link.up && link.code == Some(code)
        })
        .await;
    }

    pub(crate) async fn link_up(&self) {
        until("the chain's link to be up", async || {
            self.engine().status().chain.link.up
        })
        .await;
    }
}

/// The time of a household; its time of day can be set, while the chain keeps its own.
pub(crate) struct HouseClock {
    inner: SimClock,
    shift_ms: AtomicI64,
}

impl HouseClock {
    fn new(speed: u32) -> Self {
        Self {
            inner: SimClock::new(MORNING, speed),
            shift_ms: AtomicI64::new(0),
        }
    }

    /// Sets the time of day forward or, when negative, back.
    pub(crate) fn shift(&self, milliseconds: i64) {
        self.shift_ms.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for HouseClock {
    fn wall(&self) -> UnixMillis {
        UnixMillis(self.inner.wall().0 + self.shift_ms.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.inner.monotonic()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.inner.sleep_until(deadline)
    }
}

/// How an engine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It is told to stop.
    Stopped,
    /// Its last handle is dropped.
    Dropped,
}

/// A meter that says what the test wants: counters are in micro-watt-hours, time is its uptime.
struct HandMeter {
    client: AsyncClient,
    commands: Arc<Mutex<Vec<serde_json::Value>>>,
    topic: String,
    shape: Shape,
    uptime_ms: u32,
    export: u64,
    import: u64,
}

impl HandMeter {
    async fn join(base_topic: &str, shape: Shape) -> Self {
        let broker = broker().await;
        let address = BrokerAddress::parse(broker.url()).expect("a url");
        let mut options = MqttOptions::new(
            format!("hand-{}", base_topic.replace('/', "-")),
            address.host,
            address.port,
        );
        options.set_credentials(broker.username(), broker.password());
        let (client, mut events) = AsyncClient::new(options, 64);
        let commands = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&commands);
        client
            .subscribe(format!("{base_topic}/command"), QoS::AtLeastOnce)
            .await
            .expect("a connection");
        tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let rumqttc::Event::Incoming(rumqttc::Packet::Publish(command)) = event {
                    let command = serde_json::from_slice(&command.payload).expect("a command is JSON");
                    heard.lock().expect("unharmed").push(command);
                }
            }
        });
        let (export, import) = match shape {
            Shape::Flat => FIRST,
            // Registers that follow settlement counters begin at zero, so the counters do as well.
            Shape::Nested => (0, 0),
        };
        Self {
            client,
            commands,
            topic: Channel::Sensors.topic(base_topic),
            shape,
            uptime_ms: 60_000,
            export,
            import,
        }
    }

    /// An hour passes on the device.
    fn flow(&mut self, export: u64, import: u64) {
        self.uptime_ms += 3_600_000;
        self.export += export;
        self.import += import;
    }

    async fn say(&self) {
        let counter = |value: u64| format!("{}.{:06}", value / WH, value % WH);
        let (export, import) = (counter(self.export), counter(self.import));
        let payload = match self.shape {
            Shape::Flat => format!(
                r#"{{"timestamp":{},"export":{{"power":0,"total_energy_wh":{export}}},"import":{{"power":0,"total_energy_wh":{import}}}}}"#,
                self.uptime_ms
            ),
            Shape::Nested => format!(
                r#"{{"timestamp":{},"grid":{{"export":{{"settlement_energy_wh":{export}}},"import":{{"settlement_energy_wh":{import}}}}}}}"#,
                self.uptime_ms
            ),
        };
        let said = self.client.publish(&self.topic, QoS::AtLeastOnce, false, payload);
        said.await.expect("a connection");
    }
}

async fn node(clock: &Arc<HouseClock>, rich: [u8; 20], port: u16) -> Node {
    let time = Arc::clone(clock);
    let mut config = NodeConfig::new(Arc::new(move || {
        u64::try_from(time.inner.wall().0 / 1000).expect("after 1970")
    }));
    config.port = port;
    config.accounts = vec![(AlloyAddress::from(rich), U256::from(10_u128.pow(20)))];
    Node::start(config).await.expect("a node")
}

fn parts(directory: &Path, clock: &Arc<HouseClock>) -> Parts {
    Parts {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        keystore: Keystore::open_with(directory, KdfParams::for_tests()).expect("a keystore"),
    }
}

async fn start(directory: &Path, setup: Setup, clock: &Arc<HouseClock>) -> Result<Engine, Error> {
    let mut config = Config::new(directory.to_owned());
    config.settling.automatic = setup.period.is_some();
    config.settling.period = Duration::from_secs(setup.period.unwrap_or(3600));
    config.chain_poll = Duration::from_millis(60) * setup.speed;
    Engine::start(config, parts(directory, clock)).await
}

async fn unlock(engine: &Engine) {
    let password = Password::from(PASSWORD.to_owned());
    engine.unlock(password).await.expect("unlocked");
}

fn copy_keys(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("readable").flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with("enerlink.db") || text == "profile.lock" {
            continue;
        }
        if entry.path().is_dir() {
            fs::create_dir(to.join(&name)).expect("a directory");
            copy_keys(&entry.path(), &to.join(&name));
        } else {
            fs::copy(entry.path(), to.join(&name)).expect("copied");
        }
    }
}

/// The registers that `engine` has for `meter`.
pub(crate) fn registers(engine: &Engine, meter: &MeterId) -> Option<(MicroWh, MicroWh)> {
    let view = engine.meter(meter).expect("the meter");
    view.registers
        .map(|registers| (registers.export, registers.import))
}

/// Waits until `holds`.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited in vain for {what}"
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// The next event that `pick` takes.
pub(crate) async fn told<T>(events: &mut Events, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    let wanted = async {
        loop {
            let event = events.next().await.expect("a running engine");
            if let Some(picked) = pick(event) {
                return picked;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wanted)
        .await
        .expect("told in time")
}
