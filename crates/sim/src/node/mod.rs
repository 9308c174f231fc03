//! An Ethereum node in the process: revm under Cancun rules, real blocks, receipts and logs, JSON-RPC over loopback HTTP
//! or without a socket.
//!
//! [`Node::start`] gives a cloneable handle; a private task owns the chain. What a client sees is what geth answers, down to
//! error texts; what a test needs besides (mining, reorganisations, balances, faults on the wire) is on the handle and, where
//! anvil has a name for it, also in the JSON-RPC.
//!
//! Differences from a public node, all on purpose: the base fee is fixed, there is no consensus layer, the state root is a
//! chained commitment instead of a Merkle-Patricia root, and state older than 128 blocks is not kept.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use alloy::primitives::{Address, B256, U256};
use enerlink_chain::Endpoint;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

mod blocks;
mod calls;
mod desk;
mod error;
mod evm;
mod faults;
mod http;
mod ledger;
mod memory;
mod pool;
mod rpc;
mod socket;
mod state;
mod views;

use desk::Desk;
pub use error::RpcError;
pub use faults::{Fault, Faults, Span};
use ledger::Ledger;

/// Tells the time of the simulation in whole Unix seconds.
pub type Timestamp = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Requests that may wait for the node's task before senders have to wait.
const QUEUE: usize = 1024;

/// How often the node looks at the simulated clock, in wall time, when blocks come at intervals.
const TICK: Duration = Duration::from_millis(5);

/// When blocks are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockTime {
    /// A block for each transaction, before its sender gets the answer.
    Automine,
    /// A block whenever this much simulated time (whole seconds, at least one) has passed since the last.
    Every(Duration),
    /// Only when [`Node::mine`] is called.
    Manual,
}

/// What becomes of the transactions in blocks that a reorganisation replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReorgTxs {
    /// They return to the pool and stand in the next block that is mined.
    Requeue,
    /// They are gone, as after `anvil_reorg`.
    Drop,
}

/// How to start a node. [`NodeConfig::new`] gives the defaults.
#[derive(Clone)]
pub struct NodeConfig {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Accounts of the genesis block with their balances in wei.
    pub accounts: Vec<(Address, U256)>,
    /// When blocks are made.
    pub block_time: BlockTime,
    /// Base fee of every block in wei per gas; also the tip that the node suggests.
    pub base_fee: u64,
    /// A chain from before EIP-1559: blocks name no base fee, which is then the lowest gas price, and typed fees are refused.
    pub legacy: bool,
    /// Gas limit of every block.
    pub block_gas_limit: u64,
    /// The simulated clock. Block times follow it and rise strictly: `max(parent + 1, now)`.
    pub timestamp: Timestamp,
    /// TCP port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
}

impl NodeConfig {
    /// Chain 31337 with automine, no fees, 30 million gas a block, no accounts, any free port.
    pub fn new(timestamp: Timestamp) -> Self {
        Self {
            chain_id: 31337,
            accounts: Vec::new(),
            block_time: BlockTime::Automine,
            base_fee: 0,
            legacy: false,
            block_gas_limit: 30_000_000,
            timestamp,
            port: 0,
        }
    }
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("chain_id", &self.chain_id)
            .finish_non_exhaustive()
    }
}

/// The node cannot listen on its port.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on 127.0.0.1:{port}")]
pub struct StartError {
    port: u16,
    source: io::Error,
}

/// A handle to a running node. The node stops when the last handle is dropped or at [`Node::shutdown`].
#[derive(Debug, Clone)]
pub struct Node {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    url: String,
    desk: Desk,
    stop: watch::Sender<bool>,
}

type Job = Box<dyn FnOnce(&mut Ledger) + Send>;

/// The way into the node's task.
#[derive(Debug, Clone)]
struct Jobs(mpsc::Sender<Job>);

impl Jobs {
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ledger) -> T + Send + 'static,
    ) -> Result<T, RpcError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |ledger| {
            // A client that has gone away does not undo its request.
            let _ = reply.send(work(ledger));
        });
        self.0.send(job).await.map_err(|_| RpcError::stopped())?;
        answer.await.map_err(|_| RpcError::stopped())
    }

    async fn request(&self, method: String, params: Value) -> Result<Value, RpcError> {
        self.run(move |ledger| rpc::dispatch(ledger, &method, params))
            .await?
    }
}

impl Node {
    /// Starts a node; it listens when this returns.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(config: NodeConfig) -> Result<Self, StartError> {
        let refused = |source| StartError {
            port: config.port,
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))
            .await
            .map_err(refused)?;
        let address: SocketAddr = listener.local_addr().map_err(refused)?;
        let node = Self::run(&config, format!("http://{address}"));
        let (desk, stopped) = (node.shared.desk.clone(), node.shared.stop.subscribe());
        tokio::spawn(http::serve(listener, desk, stopped));
        Ok(node)
    }

    /// Starts a node that listens nowhere: [`Node::endpoint`] is the way to it. `port` is not used.
    pub fn in_memory(config: &NodeConfig) -> Self {
        Self::run(config, memory::URL.to_owned())
    }

    fn run(config: &NodeConfig, url: String) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(own(Ledger::new(config), receiver, stopped));
        let desk = Desk {
            jobs: Jobs(sender),
            faults: Faults::default(),
        };
        let shared = Arc::new(Shared { url, desk, stop });
        Self { shared }
    }

    /// The way to this node without a socket; its faults happen there too.
    pub fn endpoint(&self) -> Arc<dyn Endpoint> {
        Arc::new(self.shared.desk.clone())
    }

    /// Where the JSON-RPC is, e.g. `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Where the same is by WebSocket, e.g. `ws://127.0.0.1:40123`.
    pub fn socket_url(&self) -> String {
        self.shared.url.replacen("http", "ws", 1)
    }

    /// The faults on this node's wire. In-process calls through this handle do not meet them.
    pub fn faults(&self) -> &Faults {
        &self.shared.desk.faults
    }

    /// Stops the node and waits until its port is free. Calling it again does nothing.
    pub async fn shutdown(&self) {
        self.shared.stop.send_replace(true);
        self.shared.stop.closed().await;
    }

    /// Calls a JSON-RPC method in the process, past the wire.
    ///
    /// # Errors
    /// What the method answers, or that the node has stopped.
    pub async fn request(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.shared.desk.jobs.request(method.to_owned(), params).await
    }

    /// Mines `count` blocks now and answers their hashes; the first takes what is executable in the pool.
    ///
    /// # Errors
    /// When the node has stopped or `count` is above 100 000.
    pub async fn mine(&self, count: u64) -> Result<Vec<B256>, RpcError> {
        self.shared
            .desk
            .jobs
            .run(move |ledger| ledger.mine(count, None))
            .await?
    }

    /// Mines a block now that leaves the transactions in the pool waiting, and answers its hash.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn mine_empty(&self) -> Result<B256, RpcError> {
        self.shared.desk.jobs.run(Ledger::mine_empty).await
    }

    /// Switches automine; on also mines what is executable and ends interval mining.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn set_automine(&self, on: bool) -> Result<(), RpcError> {
        self.shared
            .desk
            .jobs
            .run(move |ledger| ledger.set_automine(on))
            .await
    }

    /// Fixes the next block's timestamp in Unix seconds.
    ///
    /// # Errors
    /// When it is not after the newest block's, or the node has stopped.
    pub async fn set_next_timestamp(&self, timestamp: u64) -> Result<(), RpcError> {
        self.shared
            .desk
            .jobs
            .run(move |ledger| ledger.set_next_timestamp(timestamp))
            .await?
    }

    /// Changes the base fee, in wei per gas, of the blocks to come.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn set_base_fee(&self, wei: u64) -> Result<(), RpcError> {
        self.shared
            .desk
            .jobs
            .run(move |ledger| ledger.set_base_fee(wei))
            .await
    }

    /// Replaces the newest `depth` blocks by as many empty ones, same heights and times, other hashes. Answers the hashes of
    /// the transactions that were in them, oldest first. Nothing is mined on top: call [`Node::mine`] for a longer chain.
    ///
    /// # Errors
    /// When `depth` reaches genesis or beyond the last 128 blocks, or the node has stopped.
    pub async fn reorg(&self, depth: u64, txs: ReorgTxs) -> Result<Vec<B256>, RpcError> {
        self.shared
            .desk
            .jobs
            .run(move |ledger| ledger.reorg(depth, txs))
            .await?
    }

    /// Sets an account's balance in wei, without a transaction; a reorganisation that removes the newest block undoes it.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn set_balance(&self, address: Address, balance: U256) -> Result<(), RpcError> {
        self.shared
            .desk
            .jobs
            .run(move |ledger| ledger.set_balance(address, balance))
            .await
    }

    /// Forgets a transaction in the pool; says whether it was there.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn drop_pending(&self, hash: B256) -> Result<bool, RpcError> {
        self.shared
            .desk
            .jobs
            .run(move |ledger| ledger.pool.remove(&hash))
            .await
    }

    /// The newest block's number.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn block_number(&self) -> Result<u64, RpcError> {
        self.shared.desk.jobs.run(|ledger| ledger.chain.height()).await
    }
}

/// The node's task: one loop that owns the ledger.
async fn own(mut ledger: Ledger, mut jobs: mpsc::Receiver<Job>, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            job = jobs.recv() => match job {
                Some(job) => job(&mut ledger),
                None => return,
            },
            _ = ticks.tick(), if ledger.is_timed() => ledger.tick(),
        }
    }
}
