//! One simulated world: a chain with its operator, a home with its meters, a computer with the wallet, and a person.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alloy::primitives::{Address as AlloyAddress, U256};
use anyhow::Context as _;
use enerlink_chain::{Addresses, Call, Chain};
use enerlink_domain::{
    Address, Error, UnixMillis, Wei,
    id::keccak256,
    view::{MeterDraft, NetworkDraft},
};
use enerlink_engine::{Account, Engine, KdfParams, operator::DirectAccount};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::{
    broker::{Acknowledged, Broker, Commands},
    clock::WorldTime,
    device::Device,
    dice::Dice,
    faults::{FaultKind, Tally},
    foretold::{Compared, Prophecies},
    house::{self, House, Surroundings},
    lines::{Lines, Reach},
    miner::Miner,
    plan::Plan,
    site::{self, Ground, Site},
    sockets::Sockets,
    trace::Trace,
    truth::Known,
    wire::Net,
};
use crate::node::{Node, NodeConfig};

/// 2025-11-02T09:00:00Z, when the sun shines.
const MORNING: UnixMillis = UnixMillis(1_762_074_000_000);
const OPERATOR: [u8; 32] = [7; 32];
/// The most that the meter carries, for the chain and the wallet; more than the home ever uses.
pub(super) const RATED_POWER_W: u32 = 9_000;
/// Coins for gas, more than anybody spends.
const RICH: u128 = 10_u128.pow(20);

/// One world.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) dice: Dice,
    pub(super) around: Surroundings,
    pub(super) node: Node,
    /// The chain without anything in between.
    pub(super) exact: Chain,
    pub(super) operator: Arc<DirectAccount>,
    pub(super) addresses: Addresses,
    pub(super) miner: Miner,
    pub(super) trace: Trace,
    pub(super) tally: Tally,
    /// The meters, by their numbers.
    pub(super) sites: Vec<Site>,
    /// The profile of the household.
    pub(super) directory: TempDir,
    pub(super) house: Option<House>,
    /// When the process is started again.
    pub(super) restart_at: Option<Duration>,
    pub(super) copy: Option<(House, TempDir)>,
    /// Of each meter.
    pub(super) known: Arc<Mutex<Vec<Known>>>,
    pub(super) backup: Option<(TempDir, Vec<Known>)>,
    /// What the person means to do as soon as it can be done.
    pub(super) todo: Todo,
    /// How many settlements were compared with their estimates.
    pub(super) compared: Compared,
}

/// What a person means to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Todo {
    pub(super) unlock: bool,
    pub(super) furnish: bool,
    /// Whether meters may have a settlement key.
    pub(super) keys: BTreeMap<usize, bool>,
}

impl World {
    /// Makes the world of `plan`, with a household whose vault is a copy of `template`'s.
    pub(super) async fn make(
        seed: u64,
        plan: Plan,
        template: &std::path::Path,
        kdf: KdfParams,
        driver: Handle,
        trace: Trace,
        reach: Reach,
    ) -> anyhow::Result<Self> {
        let (time, tally) = (WorldTime::new(MORNING, reach.speed()), Tally::default());
        let operator = Account::from_bytes(&OPERATOR)?;
        let node = node(&time, operator.address(), plan.base_fee, &reach).await?;
        let exact = Chain::over(node.endpoint());
        let operator = DirectAccount::connect(operator, exact.clone()).await?;
        let addresses = Addresses {
            confirmations: Some(plan.confirmations),
            ..operator.deploy().await?
        };
        for number in 0..plan.accounts.len() {
            let (id, owner) = site::named(&plan, number)?;
            operator.register(&addresses, &id, owner, RATED_POWER_W).await?;
        }
        operator.send(set_ratio(&addresses, plan.ratio)).await?;
        for _ in 0..6 {
            node.mine(1).await?;
        }
        node.set_automine(false).await?;
        let base_topics = reach.base_topics(seed, plan.accounts.len());
        let (commands, orders) = Commands::of(&base_topics);
        let lines = match reach {
            Reach::Memory => {
                let dice = Dice::new(seed, "wire");
                let net = Net::new(node.endpoint(), plan.wire, dice, trace.clone(), tally.clone());
                let broker = Broker::new(commands);
                Lines::Memory { net, broker }
            }
            Reach::Sockets { broker, speed } => {
                let dice = Dice::new(seed, "sockets");
                let node = node.url();
                let sockets = Sockets::open(node, &broker, speed, commands, plan.wire, dice, &tally)?;
                Lines::Sockets(Arc::new(sockets))
            }
        };
        let ground = Ground {
            seed,
            plan: &plan,
            time: &time,
            lines: &lines,
            trace: &trace,
            tally: &tally,
        };
        let sites = base_topics.into_iter().zip(orders).enumerate();
        let sites = sites.map(|(number, (base, orders))| Site::start(&ground, number, base, orders));
        let sites = sites.collect::<anyhow::Result<Vec<_>>>()?;
        let miner = Miner::start(
            node.clone(),
            time.clone(),
            &plan,
            Dice::new(seed, "miner"),
            trace.clone(),
            tally.clone(),
        );
        let directory = tempfile::Builder::new().prefix("enerlink-whole-").tempdir()?;
        house::copy(template, directory.path(), &|name| name != "profile.lock")?;
        let around = Surroundings {
            time,
            lines,
            trace: trace.clone(),
            driver,
            kdf,
            period: plan.period,
            prophecies: Prophecies::default(),
        };
        let world = Self {
            dice: Dice::new(seed, "world"),
            plan,
            around,
            node,
            exact,
            operator: Arc::new(operator),
            addresses,
            miner,
            trace,
            tally,
            known: Arc::new(Mutex::new(vec![Known::default(); sites.len()])),
            sites,
            directory,
            house: None,
            restart_at: None,
            copy: None,
            backup: None,
            compared: Compared::default(),
            todo: Todo {
                unlock: true,
                furnish: true,
                keys: BTreeMap::new(),
            },
        };
        world.give_gas(true).await?;
        Ok(world)
    }

    /// Starts the household's process.
    pub(super) async fn start(&mut self) {
        let known = Arc::clone(&self.known);
        let devices: Vec<Device> = self.sites.iter().map(|site| site.device.clone()).collect();
        let time = self.around.time.clone();
        let acknowledged: Acknowledged = Arc::new(move |meter, number, again| {
            if let Some(reading) = devices[meter].reading(number) {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                known[meter].take(reading, time.wall(), again);
            }
        });
        match House::start(&self.around, "home", self.directory.path(), acknowledged).await {
            Ok(house) => self.house = Some(house),
            Err(error) => {
                self.trace.say(format_args!("home does not start: {error}"));
                self.restart_at = Some(self.moment() + Duration::from_secs(30));
            }
        }
    }

    /// Does what the person means to do, as far as it can be done.
    pub(super) async fn tend(&mut self) {
        if self.restart_at.is_some_and(|at| at <= self.moment()) {
            self.restart_at = None;
            self.start().await;
        }
        let Some(house) = &self.house else { return };
        if self.todo.unlock {
            let done = house
                .with(async |engine| engine.unlock(house::password()).await)
                .await;
            self.todo.unlock = done.is_err();
        }
        if self.todo.furnish {
            let (network, drafts) = (self.network(), self.drafts());
            let done = house
                .with(async |engine| furnish(engine, network, drafts).await)
                .await;
            if let Err(error) = &done {
                self.trace.say(format_args!("home cannot be furnished: {error}"));
            }
            self.todo.furnish = done.is_err();
        }
        if self.todo.furnish {
            return;
        }
        for (meter, wanted) in self.todo.keys.clone() {
            let id = self.sites[meter].id.clone();
            let done = house
                .with(async |engine| engine.set_settlement_key(id, wanted).await.map(|_| ()))
                .await;
            if done.is_ok() {
                self.todo.keys.remove(&meter);
            }
        }
    }

    /// Another computer with the same keys and without a database.
    pub(super) async fn start_copy(&mut self) -> anyhow::Result<()> {
        let directory = tempfile::Builder::new().prefix("enerlink-copy-").tempdir()?;
        let wanted = |name: &str| !house::is_database(name) && name != "profile.lock";
        house::copy(self.directory.path(), directory.path(), &wanted)?;
        let nobody: Acknowledged = Arc::new(|_, _, _| {});
        let house = House::start(&self.around, "copy", directory.path(), nobody)
            .await
            .context("the copy starts")?;
        let (network, drafts) = (self.network(), self.drafts());
        let furnished = house
            .with(async |engine| {
                engine.unlock(house::password()).await?;
                furnish(engine, network, drafts).await
            })
            .await;
        if let Err(error) = furnished {
            self.trace.say(format_args!("copy cannot be furnished: {error}"));
        }
        self.copy = Some((house, directory));
        Ok(())
    }

    /// Fills the accounts of the household, or empties them.
    pub(super) async fn give_gas(&self, give: bool) -> anyhow::Result<()> {
        let coins = U256::from(if give { RICH } else { 0 });
        for account in self.accounts().await? {
            self.node
                .set_balance(AlloyAddress::from(account.0), coins)
                .await?;
        }
        Ok(())
    }

    /// Who owns meters.
    pub(super) fn owners(&self) -> BTreeSet<Address> {
        self.sites.iter().map(|site| site.owner).collect()
    }

    /// Who signs: the owners, and the settlement keys that the chain knows.
    pub(super) async fn accounts(&self) -> anyhow::Result<BTreeSet<Address>> {
        let mut accounts = self.owners();
        for site in &self.sites {
            let standing = self.exact.meter(&self.addresses, &site.id).await?;
            accounts.extend(standing.and_then(|standing| standing.settler));
        }
        Ok(accounts)
    }

    /// What the operator does, while blocks go on; counted as `kind` once the contract has taken it.
    pub(super) fn operate(&self, call: Call, kind: FaultKind) {
        let (operator, trace) = (Arc::clone(&self.operator), self.trace.clone());
        let tally = self.tally.clone();
        tokio::spawn(async move {
            let done = operator.send(call).await;
            trace.say(format_args!("the operator's transaction: {}", done.is_ok()));
            if done.is_ok() {
                tally.count(kind);
            }
        });
    }

    fn network(&self) -> NetworkDraft {
        NetworkDraft {
            rpc_url: self.around.lines.node_url(),
            fallback_url: None,
            addresses: self.addresses.to_json(),
        }
    }

    fn drafts(&self) -> Vec<MeterDraft> {
        let (lines, key) = (&self.around.lines, self.plan.settlement_key);
        self.sites.iter().map(|site| site.draft(lines, key)).collect()
    }
}

/// Gives an engine the network and the meters, whichever it lacks.
async fn furnish(engine: &Engine, network: NetworkDraft, drafts: Vec<MeterDraft>) -> Result<(), Error> {
    engine.set_idle_lock(0).await?;
    if engine.status().chain.chain_id == 0 {
        engine.set_network(network).await?;
    }
    for draft in drafts {
        if engine.meter(&draft.id).is_err() {
            engine.add_meter(draft).await?;
        }
    }
    Ok(())
}

async fn node(time: &WorldTime, rich: Address, base_fee: u64, reach: &Reach) -> anyhow::Result<Node> {
    let time = time.clone();
    let mut config = NodeConfig::new(Arc::new(move || {
        u64::try_from(time.now().0 / 1000).unwrap_or_default()
    }));
    config.base_fee = base_fee;
    config.accounts = vec![(AlloyAddress::from(rich.0), U256::from(RICH))];
    Ok(match reach {
        Reach::Memory => Node::in_memory(&config),
        Reach::Sockets { .. } => Node::start(config).await?,
    })
}

/// `setConversionRatio`; the operator signs.
pub(super) fn set_ratio(addresses: &Addresses, ratio: u64) -> Call {
    setter(addresses.converter, "setConversionRatio(uint256)", ratio)
}

/// `setMinSettlementThreshold`; the operator signs.
pub(super) fn set_threshold(addresses: &Addresses, wh: u64) -> Call {
    setter(addresses.converter, "setMinSettlementThreshold(uint256)", wh)
}

fn setter(to: Address, signature: &str, value: u64) -> Call {
    let mut input = keccak256(signature.as_bytes())[..4].to_vec();
    input.extend([0; 24]);
    input.extend(value.to_be_bytes());
    Call {
        to: Some(to),
        value: Wei::ZERO,
        input,
    }
}
