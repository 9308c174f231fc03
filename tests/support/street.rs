//! Two who trade with each other on one chain: a household that has earned ETK, and a neighbour to whom it has sent some.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use enerlink_sim::node::{Node, NodeConfig};
use serde_json::Value;
use tokio::sync::oneshot;

use super::{Household, Listens, Profile, Server, TEST_ACCOUNTS, addresses, run};

/// What the household exports before it trades, Wh: as many ETK.
const EXPORTED_WH: u64 = 1_200;
/// What the neighbour gets of these.
const GIVEN_ETK: &str = "600";

/// The simulator's node, on a thread of its own.
pub struct Simulated {
    port: u16,
    _running: oneshot::Sender<()>,
}

impl Simulated {
    /// Starts one on which the first of the accounts that anvil knows has coins, as it has there.
    pub fn start() -> Self {
        let (tell, told) = mpsc::channel();
        let (running, ended) = oneshot::channel::<()>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let node = Node::start(config()).await.expect("a free port");
                tell.send(node.url().to_owned()).expect("somebody waits");
                // It ends with the test.
                let _ = ended.await;
            });
        });
        let url = told.recv().expect("a node");
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
        Self {
            port: port.expect("a port"),
            _running: running,
        }
    }
}

fn config() -> NodeConfig {
    let mut config = NodeConfig::new(Arc::new(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.expect("after 1970").as_secs()
    }));
    let operator = TEST_ACCOUNTS[0].parse().expect("an address");
    config.accounts = vec![(operator, 10_u128.pow(24).try_into().expect("in range"))];
    config
}

impl Listens for Simulated {
    fn port(&self) -> u16 {
        self.port
    }
}

/// Both of them.
pub struct Street<N = Server> {
    /// It has a meter, and sold nothing yet.
    pub household: Household<N>,
    neighbour: Profile,
}

impl<N: Listens> Street<N> {
    /// Builds it on `node`: the household has 600 ETK and no IDRS, the neighbour as many and 10 000 IDRS.
    pub fn on(node: N) -> Self {
        let mut household = Household::on(node, true);
        household.earn(EXPORTED_WH);
        let neighbour = Profile::new();
        let wallet = neighbour.unlocked(&["create", "--name", "Tetangga"]);
        let (url, book) = (household.rpc_url(), household.path("addresses.json"));
        run(&[
            "--json",
            "network",
            "set",
            "--data-dir",
            &neighbour.path("profile"),
            "--rpc",
            &url,
            "--addresses",
            &book,
        ]);
        let to = addresses(&wallet)[0].to_owned();
        household.told(&[
            "send", "--asset", "etk", "--amount", GIVEN_ETK, "--to", &to, "--yes",
        ]);
        let street = Self { household, neighbour };
        street.neighbour(&["ramp", "on", "--amount", "10000"]);
        street
    }

    /// What the neighbour does on the command line, which must succeed.
    pub fn neighbour(&self, words: &[&str]) -> Value {
        let (profile, password) = (self.neighbour.path("profile"), self.neighbour.path("password"));
        let rest = ["--data-dir", &profile, "--password-file", &password];
        run(&[&["--json"], words, &rest].concat()).remove(0)
    }
}
