//! The demo: a simulated neighbourhood around a real engine. Broker, node and meter may each be real instead.

mod host;
mod neighbours;
mod node_time;
mod trader;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use enerlink_chain::{Addresses, Chain};
use enerlink_domain::{
    Address, Clock, Error, UnixMillis, Wei, id::keccak256, view::NetworkDraft, wallet::WalletView,
};
use enerlink_engine::{
    Account, Config, Engine, KdfParams, Keystore, Parts, Password, operator::DirectAccount,
};
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;

use self::node_time::NodeTime;
use crate::{
    broker::Broker,
    clock::SimClock,
    node::{Node, NodeConfig},
};

/// The name of the household's meter.
pub const METER_ID: &str = "HOME-001";
/// Where it publishes.
pub const BASE_TOPIC: &str = "home/energy-monitor";
/// What each account gets for gas, where gas costs something.
const GAS_MONEY: Wei = Wei(1_000_000_000_000_000_000);
/// How long the neighbours have lived there when the household moves in, milliseconds.
const PAST_MS: i64 = 2 * 3_600_000;
/// How long the end of the demo waits for a settlement that is on its way.
const SETTLE_DOWN: Duration = Duration::from_secs(20);

/// How the demo runs.
pub struct DemoOptions {
    /// The same seed is the same neighbourhood.
    pub seed: u64,
    /// Simulated seconds per second.
    pub speed: u32,
    /// A real broker, `mqtt://host:port`, instead of the embedded one.
    pub broker: Option<String>,
    /// A real node, `http://host:port`, instead of the one in process.
    pub rpc: Option<String>,
    /// With `rpc`: who deploys; an account that the node's own first account pays for when absent.
    pub operator: Option<Account>,
    /// The profile's directory.
    pub data_dir: PathBuf,
    /// How many other prosumers live on the chain.
    pub neighbours: u8,
}

impl DemoOptions {
    /// Everything simulated, in real time, with the profile in `data_dir`.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            seed: 1,
            speed: 1,
            broker: None,
            rpc: None,
            operator: None,
            data_dir,
            neighbours: 12,
        }
    }
}

/// A running demo. It ends when it is stopped or dropped.
pub struct Demo {
    engine: Engine,
    clock: Arc<SimClock>,
    host: host::Handle,
    tasks: JoinSet<()>,
    _node: Option<Node>,
    _broker: Option<Broker>,
    seed: u64,
}

/// The sums at the end: everything that was accumulated is settled, pending or carried.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Always `summary`.
    pub event: &'static str,
    /// Net energy since the baseline, µWh, from the registers.
    pub accumulated_uwh: i64,
    /// Net energy that the chain's registers have moved, µWh.
    pub settled_uwh: i64,
    /// Net energy of a settlement on its way, µWh.
    pub pending_uwh: i64,
    /// Net energy above both, µWh.
    pub carried_uwh: i64,
    /// All mints of the account, from the chain.
    pub etk_minted: String,
    /// All burns of the account, from the chain.
    pub etk_burned: String,
    /// The balance of the account, from the chain.
    pub etk_balance: String,
    /// Settlements that succeeded.
    pub settlements: u64,
    /// The simulated meter's own count since the baseline, µWh.
    pub metered_uwh: i64,
}

/// The node of the demo and who may deploy on it.
struct Ground {
    /// The node in the process, with what it takes for the time.
    node: Option<(Node, Arc<NodeTime>)>,
    chain: Chain,
    operator: Account,
    /// When the demo begins.
    morning: UnixMillis,
}

impl Demo {
    /// Starts the neighbourhood, deploys the contracts and starts the engine. The household moves in when it creates
    /// its wallet: then its meter is added, registered and begins to publish.
    pub async fn start(mut options: DemoOptions) -> anyhow::Result<Self> {
        ensure!(options.speed >= 1, "the speed is at least 1");
        let ground = lay_ground(&mut options).await?;
        let broker = match options.broker {
            Some(_) => None,
            None => Some(
                Broker::start()
                    .await
                    .context("the embedded broker does not start")?,
            ),
        };
        let operator = DirectAccount::connect(ground.operator, ground.chain.clone()).await?;
        let addresses = operator
            .deploy()
            .await
            .context("the contracts cannot be deployed")?;
        let addresses = Addresses {
            confirmations: Some(1),
            ..addresses
        };
        let built = match ground.node {
            Some(_) => UnixMillis(ground.morning.0 - PAST_MS),
            None => ground.morning,
        };
        let mut neighbours = neighbours::Neighbours::new(
            options.neighbours,
            options.seed,
            ground.chain.clone(),
            addresses.clone(),
            built,
        );
        if let Some((_, time)) = &ground.node {
            neighbours.move_in(&operator).await?;
            let tell = |now| time.tell(now);
            neighbours.have_lived(built, ground.morning, tell).await;
        }
        let clock = Arc::new(SimClock::new(ground.morning, options.speed));
        if let Some((_, time)) = &ground.node {
            time.follow(&clock);
        }
        let engine = start_engine(&options, &clock).await?;
        let draft = NetworkDraft {
            rpc_url: ground.chain.rpc_url().to_owned(),
            fallback_url: None,
            addresses: addresses.to_json(),
        };
        engine.set_network(draft).await?;

        let mut tasks = JoinSet::new();
        if ground.node.is_none() && options.speed > 1 {
            tasks.spawn(node_time::follow(ground.chain.clone(), Arc::clone(&clock)));
        }
        let (host, guests) = host::Host::new(host::Parts {
            engine: engine.clone(),
            clock: Arc::clone(&clock),
            operator,
            addresses,
            broker: broker_access(&options, broker.as_ref()),
            seed: options.seed,
        });
        tasks.spawn(host.run(neighbours));
        Ok(Self {
            engine,
            clock,
            host: guests,
            tasks,
            _node: ground.node.map(|(node, _)| node),
            _broker: broker,
            seed: options.seed,
        })
    }

    /// The household's engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The simulated time.
    pub fn clock(&self) -> &Arc<SimClock> {
        &self.clock
    }

    /// Creates and unlocks the household's wallet, for a demo without a window. Its password is thrown away.
    pub async fn create_wallet(&self) -> Result<WalletView, Error> {
        let secret = enerlink_domain::id::hex(&seeded(self.seed, "wallet password")[..16]);
        let (password, nothing) = (Password::from(secret.clone()), Password::from(String::new()));
        let wallet = self
            .engine
            .create_wallet("Demo household".to_owned(), password, 12, nothing)
            .await?;
        self.engine.unlock(Password::from(secret)).await?;
        Ok(wallet)
    }

    /// Silences the meter, waits for what is on its way, and adds up.
    pub async fn settle_down(&self) -> anyhow::Result<Summary> {
        self.host.silence().await;
        let deadline = tokio::time::Instant::now() + SETTLE_DOWN;
        // Messages that the meter has published before may still be on their way.
        tokio::time::sleep(Duration::from_millis(500)).await;
        loop {
            let summary = self.summary().await?;
            let quiet = summary.pending_uwh == 0 && self.engine.is_settled().await?;
            if quiet || tokio::time::Instant::now() >= deadline {
                return Ok(summary);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn summary(&self) -> anyhow::Result<Summary> {
        let view = self
            .engine
            .meters()
            .into_iter()
            .next()
            .context("the household has no meter yet")?;
        let audit = self.engine.audit(&view.meter.id).await?;
        let sums = self.engine.token_sums(view.meter.owner).await?;
        let home = self.engine.home(None, UnixMillis(0)).await?;
        Ok(Summary {
            event: "summary",
            accumulated_uwh: audit.accumulated.0,
            settled_uwh: audit.settled.0,
            pending_uwh: audit.pending.0,
            carried_uwh: audit.carried.0,
            etk_minted: sums.etk_minted.to_string(),
            etk_burned: sums.etk_burned.to_string(),
            etk_balance: sums.etk_balance.to_string(),
            settlements: home.totals.settlements,
            metered_uwh: self.host.metered(audit.baseline.0).await,
        })
    }

    /// Ends everything.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        self.engine.stop().await;
    }
}

/// Starts or finds the node, the morning on which the demo begins, and an operator with coins on it.
async fn lay_ground(options: &mut DemoOptions) -> anyhow::Result<Ground> {
    let operator = options.operator.take();
    let Some(rpc) = &options.rpc else {
        return own_ground(options.seed, morning(0)).await;
    };
    let chain = Chain::new(rpc).map_err(Error::from)?;
    let version = chain
        .rpc("web3_clientVersion", json!([]))
        .await
        .map_err(Error::from)?;
    let anvil = version
        .as_str()
        .is_some_and(|version| version.to_lowercase().starts_with("anvil"));
    if options.speed > 1 && !anvil {
        bail!(
            "the node at {} keeps its own time ({version}), so that a speed above 1 is refused",
            chain.rpc_url()
        );
    }
    // Block times only rise, so that the demo's day lies after everything on the chain.
    let last = chain.head().await.map_err(Error::from)?.timestamp;
    let morning = morning(last);
    let operator = match operator {
        Some(operator) => operator,
        None => {
            let operator = Account::from_bytes(&seeded(options.seed, "operator")).map_err(Error::from)?;
            fund_from_node(&chain, operator.address()).await?;
            operator
        }
    };
    Ok(Ground {
        node: None,
        chain,
        operator,
        morning,
    })
}

/// Starts a node in the process, whose time stands where the neighbours move in.
async fn own_ground(seed: u64, morning: UnixMillis) -> anyhow::Result<Ground> {
    let operator = Account::from_bytes(&seeded(seed, "operator")).map_err(Error::from)?;
    let time = Arc::new(NodeTime::new(UnixMillis(morning.0 - PAST_MS)));
    let blocks = Arc::clone(&time);
    let mut config = NodeConfig::new(Arc::new(move || blocks.seconds()));
    config.accounts = vec![(
        operator.address().0.into(),
        revm::primitives::U256::from(GAS_MONEY.0) * revm::primitives::U256::from(1_000_000),
    )];
    let node = Node::start(config).await?;
    let chain = Chain::new(node.url()).map_err(Error::from)?;
    Ok(Ground {
        node: Some((node, time)),
        chain,
        operator,
        morning,
    })
}

/// Lets the node's own first account pay for the operator, as development nodes allow.
async fn fund_from_node(chain: &Chain, operator: Address) -> anyhow::Result<()> {
    let accounts = chain.rpc("eth_accounts", json!([])).await.map_err(Error::from)?;
    let Some(rich) = accounts.get(0).and_then(|account| account.as_str()) else {
        bail!(
            "the node at {} has no account of its own: give --keystore",
            chain.rpc_url()
        );
    };
    let value = format!("{:#x}", GAS_MONEY.0 * 100);
    let transfer = json!([{ "from": rich, "to": operator.to_lower(), "value": value }]);
    chain
        .rpc("eth_sendTransaction", transfer)
        .await
        .map_err(Error::from)?;
    for _ in 0..100 {
        if chain.native_balance(operator).await.map_err(Error::from)? >= GAS_MONEY {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the node at {} does not mine", chain.rpc_url())
}

async fn start_engine(options: &DemoOptions, clock: &Arc<SimClock>) -> anyhow::Result<Engine> {
    let mut config = Config::new(options.data_dir.clone());
    config.demo = true;
    // The chain works in real time: asking it more often than five times a second tells nothing new.
    config.chain_poll = config.chain_poll.max(Duration::from_millis(200) * options.speed);
    let keystore = Keystore::open_with(&options.data_dir, KdfParams::FLOOR).map_err(Error::from)?;
    let shared: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
    Ok(Engine::start(
        config,
        Parts {
            clock: shared,
            keystore,
        },
    )
    .await?)
}

/// Where the household's meter publishes.
struct BrokerAccess {
    url: String,
    username: Option<String>,
    password: Option<String>,
}

fn broker_access(options: &DemoOptions, embedded: Option<&Broker>) -> BrokerAccess {
    match (embedded, &options.broker) {
        (Some(broker), _) => BrokerAccess {
            url: broker.url().to_owned(),
            username: Some(broker.username().to_owned()),
            password: Some(broker.password().to_owned()),
        },
        (None, url) => BrokerAccess {
            url: url.clone().unwrap_or_default(),
            username: None,
            password: None,
        },
    }
}

/// 32 bytes that depend on the seed and on what they are for.
fn seeded(seed: u64, purpose: &str) -> [u8; 32] {
    keccak256(format!("enerlink demo {seed} {purpose}").as_bytes())
}

/// Nine o'clock local time today, or on the first day that lies after `after` (Unix seconds): the sun shines.
fn morning(after: u64) -> UnixMillis {
    let today = chrono::Local::now().date_naive();
    let nine = chrono::NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default();
    let local = today.and_time(nine).and_local_timezone(chrono::Local);
    let mut seconds = local.earliest().map_or(0, |time| time.timestamp());
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    while seconds <= after {
        seconds += 24 * 3600;
    }
    UnixMillis(seconds * 1000)
}
