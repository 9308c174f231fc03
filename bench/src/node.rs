//! A real node: anvil with the contracts and registered meters, a block every second, and one connection to it on which
//! questions need not wait for answers.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use enerlink_chain::{Addresses, Call, Chain, build};
use enerlink_domain::{
    Address, Fees, Hash32, MeterId, SignedTx, WattHours, Wei,
    id::{hex, keccak256},
    settlement::{Watermark, settlement_id},
};
use enerlink_engine::{Account, operator::DirectAccount};
use serde_json::{Value, json};

pub(crate) const CHAIN_ID: u64 = 31337;
/// Where every meter stands when it is opened, in Wh.
pub(crate) const OPENED: Watermark = Watermark {
    export: WattHours(1_000),
    import: WattHours(0),
};
/// What is settled: a kilowatt-hour more.
pub(crate) const SETTLED: Watermark = Watermark {
    export: WattHours(2_000),
    import: WattHours(0),
};
/// The most that a meter carries, in W.
pub(crate) const RATED_POWER_W: u32 = 10_000;
/// Private keys that anvil gives coins to, and everybody knows: the operator's, then those of households.
pub(crate) const KEYS: [&str; 4] = [
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
];
/// Gas of a registration or an opening, with room.
const GAS: u64 = 250_000;
/// Registrations that certainly fit into one block.
const PER_BLOCK: usize = 100;
const PATIENCE: Duration = Duration::from_secs(60);
/// A chain on which gas is free, as a private one is.
const FREE: Fees = Fees::Eip1559 {
    max_fee: Wei::ZERO,
    max_priority_fee: Wei::ZERO,
};

/// The account of one of [`KEYS`].
pub(crate) fn account(number: usize) -> Result<Account> {
    let bytes = enerlink_domain::id::unhex(KEYS[number]).context("hexadecimal")?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| anyhow::anyhow!("32 bytes"))?;
    Ok(Account::from_bytes(&bytes)?)
}

/// Meters of one household.
pub(crate) fn meters(prefix: &str, count: usize) -> Result<Vec<MeterId>> {
    let id = |number| format!("{prefix}-{number:04}");
    (0..count)
        .map(|number| {
            id(number)
                .parse()
                .map_err(|_| anyhow::anyhow!("{} is no id", id(number)))
        })
        .collect()
}

/// An anvil that ends with this value.
pub(crate) struct Node {
    child: Child,
    pub(crate) port: u16,
    pub(crate) addresses: Addresses,
}

impl Node {
    /// A fresh chain with the contracts, where the meters of each account of [`KEYS`] stand open at [`OPENED`]. From then
    /// on a block comes every second, with anvil's usual limit of gas: a standing chain works so. A node that mines each
    /// transaction by itself would measure how fast it makes blocks.
    pub(crate) async fn start(households: &[(usize, &[MeterId])]) -> Result<Self> {
        let node = Self::deployed(&[]).await?;
        let addresses = &node.addresses;
        let mut line = Line::to(node.port)?;
        line.ask("evm_setAutomine", json!([false]))?;
        for (number, meters) in households {
            let owner = account(*number)?;
            let register =
                |meter: &MeterId| build::register_meter(addresses, meter, owner.address(), RATED_POWER_W);
            let open = |meter: &MeterId| build::open_meter(addresses, meter, OPENED);
            line.mine(&account(0)?, meters.iter().map(register).collect())?;
            line.mine(&owner, meters.iter().map(open).collect())?;
        }
        line.ask("evm_setIntervalMining", json!([1]))?;
        Ok(node)
    }

    /// A fresh chain with the contracts, on which each transaction makes a block.
    pub(crate) async fn deployed(options: &[&str]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(program());
        command.args(["--port", &port.to_string(), "--chain-id", &CHAIN_ID.to_string()]);
        command.args(["--silent", "--base-fee", "0", "--gas-price", "0"]);
        command.args(options);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command
            .spawn()
            .context("anvil is installed by `cargo xtask contracts test`")?;
        // Ends with the function that fails.
        let mut started = Started(Some(child));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(Instant::now() < deadline, "anvil does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        let chain = Chain::new(&url(port))?;
        let operator = DirectAccount::connect(account(0)?, chain).await?;
        let addresses = operator.deploy().await?;
        let child = started.0.take().context("it runs")?;
        Ok(Self {
            child,
            port,
            addresses,
        })
    }

    /// The operator, or a household, that sends one transaction after the other.
    pub(crate) async fn direct(&self, account: Account) -> Result<DirectAccount> {
        Ok(DirectAccount::connect(account, Chain::new(&self.url())?).await?)
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// The transactions that settle `meters`, signed before: those that the wallet would send.
    pub(crate) async fn signed(&self, owner: &Account, meters: &[MeterId]) -> Result<Vec<SignedTx>> {
        let chain = Chain::new(&self.url())?;
        let call = |meter: &MeterId| {
            build::settle_meter(&self.addresses, meter, SETTLED, &settlement_id(meter, SETTLED))
        };
        let first = call(meters.first().context("a meter")?);
        let gas = chain.simulate(owner.address(), &first).await?.gas;
        let nonce = chain.nonce(owner.address()).await?;
        sign(owner, nonce, gas, meters.iter().map(call).collect())
    }

    /// Settlements on the chain.
    pub(crate) fn settled(&self) -> Result<usize> {
        let topic = Hash32(keccak256(b"MeterSettled(bytes32,uint64,uint64,int64)"));
        let filter = json!([{ "fromBlock": "0x0", "toBlock": "latest", "topics": [topic.to_string()] }]);
        let logs = Line::to(self.port)?.ask("eth_getLogs", filter)?;
        Ok(logs.as_array().context("logs")?.len())
    }

    /// Waits until a block has just come, so that no side has a better start than another.
    pub(crate) fn await_block(&self) -> Result<()> {
        let mut line = Line::to(self.port)?;
        let before = line.ask("eth_blockNumber", json!([]))?;
        let deadline = Instant::now() + PATIENCE;
        while line.ask("eth_blockNumber", json!([]))? == before {
            ensure!(Instant::now() < deadline, "no block comes");
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Started(Option<Child>);

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The one among the packages of `contracts`, else the one on the path.
fn program() -> PathBuf {
    let machine = match env::consts::ARCH {
        "x86_64" => "amd64",
        _ => "arm64",
    };
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
        "../contracts/node_modules/@foundry-rs/anvil-{}-{machine}/bin/anvil",
        env::consts::OS
    ));
    match bundled.exists() {
        true => bundled,
        false => PathBuf::from("anvil"),
    }
}

pub(crate) fn sign(account: &Account, nonce: u64, gas: u64, calls: Vec<Call>) -> Result<Vec<SignedTx>> {
    (nonce..)
        .zip(calls)
        .map(|(nonce, call)| {
            let unsigned = build::unsigned(call, CHAIN_ID, nonce, gas, FREE);
            Ok(account.sign(&unsigned, CHAIN_ID)?)
        })
        .collect()
}

/// One connection (HTTP/1.1).
pub(crate) struct Line {
    questions: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Line {
    pub(crate) fn to(port: u16) -> Result<Self> {
        let questions = TcpStream::connect(("127.0.0.1", port))?;
        questions.set_nodelay(true)?;
        questions.set_read_timeout(Some(PATIENCE))?;
        let answers = BufReader::new(questions.try_clone()?);
        Ok(Self { questions, answers })
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value> {
        self.questions.write_all(&question(method, &params))?;
        answer(&mut self.answers)
    }

    /// Downloads an answer and looks at none of it; how many bytes it has.
    pub(crate) fn download(&mut self, method: &str, params: Value) -> Result<usize> {
        self.questions.write_all(&question(method, &params))?;
        Ok(body(&mut self.answers)?.len())
    }

    /// Transactions of `account` that are in blocks.
    pub(crate) fn nonce(&mut self, account: Address) -> Result<u64> {
        let count = self.ask("eth_getTransactionCount", json!([account.to_lower(), "latest"]))?;
        let digits = count.as_str().and_then(|text| text.strip_prefix("0x"));
        Ok(u64::from_str_radix(digits.context("a number")?, 16)?)
    }

    /// Hands all to the node, none waiting for the answer to another.
    pub(crate) fn send_all(&mut self, signed: &[SignedTx]) -> Result<()> {
        let questions: Vec<Vec<u8>> = signed.iter().map(sending).collect();
        self.ask_all(&questions)
    }

    /// Hands all to the node, each in a block of its own with those that come with it.
    pub(crate) fn mine_all(&mut self, blocks: &[Vec<SignedTx>]) -> Result<()> {
        let mine = || question("evm_mine", &json!([]));
        let of_block = |block: &Vec<SignedTx>| block.iter().map(sending).chain([mine()]).collect::<Vec<_>>();
        let questions: Vec<Vec<u8>> = blocks.iter().flat_map(of_block).collect();
        self.ask_all(&questions)
    }

    fn ask_all(&mut self, all: &[Vec<u8>]) -> Result<()> {
        let Self { questions, answers } = self;
        thread::scope(|scope| {
            let writing = scope.spawn(|| {
                for question in all {
                    questions.write_all(question)?;
                }
                Ok::<_, std::io::Error>(())
            });
            for _ in all {
                answer(answers)?;
            }
            Ok(writing
                .join()
                .map_err(|_| anyhow::anyhow!("the writer panicked"))??)
        })
    }

    /// Waits until as many transactions of `account` are in blocks.
    pub(crate) fn await_nonce(&mut self, account: Address, nonce: u64) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.nonce(account)? < nonce {
            ensure!(Instant::now() < deadline, "transactions are not mined");
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Sends `calls` of `account` and puts them into blocks.
    fn mine(&mut self, account: &Account, calls: Vec<Call>) -> Result<()> {
        let mut nonce = self.nonce(account.address())?;
        for signed in sign(account, nonce, GAS, calls)?.chunks(PER_BLOCK) {
            self.send_all(signed)?;
            self.ask("evm_mine", json!([]))?;
            nonce += u64::try_from(signed.len())?;
            ensure!(self.nonce(account.address())? == nonce, "a block takes all");
        }
        Ok(())
    }
}

fn sending(tx: &SignedTx) -> Vec<u8> {
    question("eth_sendRawTransaction", &json!([format!("0x{}", hex(&tx.raw))]))
}

fn question(method: &str, params: &Value) -> Vec<u8> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

fn answer(from: &mut BufReader<TcpStream>) -> Result<Value> {
    let mut said: Value = serde_json::from_slice(&body(from)?)?;
    match said.get("error") {
        None => Ok(said["result"].take()),
        Some(error) => bail!("the node says {error}"),
    }
}

fn body(from: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        ensure!(from.read_line(&mut line)? > 0, "the node has hung up");
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse()?);
        }
    }
    let mut body = vec![0; length.context("an answer has a length")?];
    from.read_exact(&mut body)?;
    Ok(body)
}
