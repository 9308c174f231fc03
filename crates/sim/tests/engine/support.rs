//! A household: an Ethereum node and an operator on it, a broker, an engine with its profile on disk, and a meter whose
//! counters the test turns by hand.

mod check;
mod clock;
mod meter;
mod profile;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use alloy::primitives::{Address as AlloyAddress, U256};
use enerlink_chain::{Addresses, Call, Chain, SettledEvent, build};
use enerlink_domain::{
    BrokerAddress, Clock, Code, Error, Event, Fees, MeterId, MicroWh, NetMicroWh, Notice, NoticeKind,
    Registration, Settlement, Status, Transaction, TxKind, TxStage, UnixMillis, UnsignedTx, Wei,
    clock::BoxFuture,
    id::hex,
    reading::Units,
    settlement::Watermark,
    view::{BrokerDraft, MeterDraft, NetworkDraft},
};
use enerlink_engine::{
    Access, Account, Config, Engine, Events, KdfParams, Keystore, Parts, Password, operator::DirectAccount,
};
use enerlink_keystore::{Moment, Signer};
use enerlink_meter::Channel;
use enerlink_sim::{
    broker::Broker,
    clock::SimClock,
    home::{HomeConfig, SimMeter, SimMeterConfig},
    node::{Node, NodeConfig},
};
use enerlink_store::Store;
use rumqttc::{AsyncClient, MqttOptions, QoS};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use self::{clock::HouseClock, meter::HandMeter};

/// 2025-11-02T09:00:00Z.
const MORNING: UnixMillis = UnixMillis(1_762_074_000_000);
/// How long anything may take, in real time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);
const PASSWORD: &str = "correct horse battery staple 42";
/// Micro-watt-hours of a watt-hour.
pub(crate) const WH: u64 = 1_000_000;
/// What a meter shows when it is heard first: both counters stand between two watt-hours.
const FIRST: (u64, u64) = (10_000 * WH + 250_000, 2_000 * WH + 750_000);

/// What the messages of a meter look like that is turned by hand.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Totals at the top.
    Flat,
    /// Settlement counters under `grid`, and nothing else.
    Nested,
}

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
    /// Wei per gas that the chain asks for.
    pub(crate) base_fee: u64,
    /// Whether the chain is from before EIP-1559.
    pub(crate) legacy: bool,
    /// Whether the opening balance is settled too.
    pub(crate) take_opening: bool,
    /// Variables of the environment.
    pub(crate) variables: &'static [(&'static str, &'static str)],
}

impl Setup {
    /// One block is enough, the wallet signs, the meter has totals.
    pub(crate) const DEFAULT: Self = Self {
        confirmations: 1,
        settlement_key: false,
        shape: Shape::Flat,
        rated_power_w: 5000,
        speed: 20,
        period: None,
        base_fee: 0,
        legacy: false,
        take_opening: false,
        variables: &[],
    };
}

impl Default for Setup {
    fn default() -> Self {
        Self::DEFAULT
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
    /// Where backups and exports lie.
    shelf: TempDir,
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
        let clock = Arc::new(HouseClock::new(setup.speed));
        let operator = Account::random().expect("an account");
        let node = node(&clock, operator.address().0, 0, setup).await;
        let url = node.url().to_owned();
        Self::found_on(setup, clock, node, url, operator).await
    }

    /// [`Household::found`] on the node at `url`, where `operator` has coins; its own node stands idle.
    pub(crate) async fn found_elsewhere(setup: Setup, url: &str, operator: Account) -> Self {
        let clock = Arc::new(HouseClock::new(setup.speed));
        let node = node(&clock, operator.address().0, 0, setup).await;
        Self::found_on(setup, clock, node, url.to_owned(), operator).await
    }

    async fn found_on(
        setup: Setup,
        clock: Arc<HouseClock>,
        node: Node,
        url: String,
        operator: Account,
    ) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let chain = Chain::new(&url).expect("a usable address");
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
            .create_wallet("Household".to_owned(), password(), 12, none())
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
            shelf: tempfile::tempdir().expect("a directory"),
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
    pub(crate) async fn furnish(&self, engine: &Engine) {
        unlock(engine).await;
        self.connect(engine).await;
        let draft = self.draft().await;
        engine.add_meter(draft).await.expect("a meter");
    }

    async fn connect(&self, engine: &Engine) {
        let draft = NetworkDraft {
            rpc_url: self.chain.rpc_url().to_owned(),
            fallback_url: None,
            addresses: self.addresses.to_json(),
        };
        engine.set_network(draft).await.expect("a network");
    }

    pub(crate) async fn draft(&self) -> MeterDraft {
        let broker = broker().await;
        let mut address = BrokerAddress::parse(broker.url()).expect("a url");
        address.username = Some(broker.username().to_owned());
        MeterDraft {
            id: self.id.clone(),
            name: String::new(),
            owner: None,
            broker: BrokerDraft {
                url: address.url(),
                password: Some(broker.password().to_owned()),
                ..BrokerDraft::default()
            },
            base_topic: self.base_topic.clone(),
            units: Units::Milli,
            profile: None,
            rated_power_w: self.setup.rated_power_w,
            settlement_key: self.setup.settlement_key,
            take_opening: self.setup.take_opening,
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
                .all(|tx| tx.stage.status() == Status::Success);
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
        self.engine().primary().expect("a wallet")
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

    /// Lets energy flow that no message tells of before the meter carries out the reset `id`; answers its answer.
    pub(crate) fn reset(&mut self, id: &str, export: u64, import: u64) -> serde_json::Value {
        self.meter.flow(export, import);
        let counters = self.meter.reset();
        serde_json::json!({ "correlation_id": id, "ok": true, "counters": counters })
    }

    /// Says again what was said last.
    pub(crate) async fn repeat(&self) {
        self.meter.say().await;
    }

    /// Lets the meter say whatever the test wants.
    pub(crate) async fn say(&self, channel: Channel, payload: &str) {
        self.meter.say_on(channel, payload.to_owned()).await;
    }

    /// Lets the meter say how its outputs are.
    pub(crate) async fn status(&self, status: serde_json::Value) {
        self.meter.say_on(Channel::Status, status.to_string()).await;
    }

    /// Lets the meter answer a command.
    pub(crate) async fn answer(&self, answer: serde_json::Value) {
        self.meter.say_on(Channel::Response, answer.to_string()).await;
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

    pub(crate) async fn unlock(&self) {
        unlock(self.engine()).await;
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

async fn node(clock: &Arc<HouseClock>, rich: [u8; 20], port: u16, setup: Setup) -> Node {
    let time = Arc::clone(clock);
    let mut config = NodeConfig::new(Arc::new(move || {
        u64::try_from(time.inner.wall().0 / 1000).expect("after 1970")
    }));
    config.port = port;
    config.base_fee = setup.base_fee;
    config.legacy = setup.legacy;
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
    config.apply_environment(|name| setup.variable(name))?;
    Engine::start(config, parts(directory, clock)).await
}

pub(crate) async fn unlock(engine: &Engine) {
    engine.unlock(password()).await.expect("unlocked");
}

/// The password of every vault here.
pub(crate) fn password() -> Password {
    Password::from(PASSWORD.to_owned())
}

/// No passphrase.
pub(crate) fn none() -> Password {
    Password::from(String::new())
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
