//! A real anvil on a free port, accounts that sign, and the contracts deployed on it.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use alloy_consensus::{SignableTransaction, TxEip1559, TxLegacy, transaction::RlpEcdsaEncodableTx};
use alloy_primitives::{Signature, TxKind, U256};
use enerlink_chain::{Addresses, Call, Chain, Receipt, SendOutcome, build};
use enerlink_domain::{Address, Fees, Hash32, MeterId, SignedTx, UnsignedTx, id::keccak256};
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};

/// A node of our own; it ends with the value.
pub(crate) struct Anvil {
    process: Child,
    pub(crate) chain: Chain,
}

impl Anvil {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(program())
            .args(["--port", "0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("anvil is missing: run `npm ci` in contracts/, or put anvil on the PATH");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned))
            .expect("anvil says where it listens");
        // An unread pipe would stop it.
        thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let chain = Chain::new(&format!("http://{address}")).expect("url");
        Self { process, chain }
    }

    pub(crate) async fn control(&self, method: &str, params: Value) -> Value {
        self.chain.rpc(method, params).await.expect("anvil obeys")
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The binary itself, since the script in `.bin` would leave it running.
fn program() -> PathBuf {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/node_modules/@foundry-rs");
    let binary = format!("bin/anvil{}", env::consts::EXE_SUFFIX);
    let packages = modules.read_dir().into_iter().flatten().flatten();
    let mut installed = packages.map(|package| package.path().join(&binary));
    installed
        .find(|path| path.is_file())
        .unwrap_or_else(|| "anvil".into())
}

/// An account that signs, as a keystore would.
pub(crate) struct Account {
    key: SigningKey,
    pub(crate) address: Address,
}

impl Account {
    /// One of the accounts that anvil funds.
    pub(crate) fn funded(index: usize) -> Self {
        const KEYS: [&str; 4] = [
            "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
            "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
            "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
            "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
        ];
        Self::from_bytes(&enerlink_domain::id::unhex(KEYS[index]).expect("hexadecimal"))
    }

    pub(crate) fn from_bytes(secret: &[u8]) -> Self {
        let key = SigningKey::from_slice(secret).expect("key");
        let point = key.verifying_key().to_encoded_point(false);
        let digest = keccak256(&point.as_bytes()[1..]);
        let address = Address(digest[12..].try_into().expect("20 bytes"));
        Self { key, address }
    }

    pub(crate) fn sign(&self, tx: &UnsignedTx) -> SignedTx {
        let to = tx.to.map_or(TxKind::Create, |to| TxKind::Call(to.0.into()));
        let (value, input) = (U256::from(tx.value.0), tx.input.clone().into());
        let raw = match tx.fees {
            Fees::Legacy { gas_price } => self.encode(TxLegacy {
                chain_id: Some(tx.chain_id),
                nonce: tx.nonce,
                gas_price: gas_price.0,
                gas_limit: tx.gas_limit,
                to,
                value,
                input,
            }),
            Fees::Eip1559 {
                max_fee,
                max_priority_fee,
            } => self.encode(TxEip1559 {
                chain_id: tx.chain_id,
                nonce: tx.nonce,
                gas_limit: tx.gas_limit,
                max_fee_per_gas: max_fee.0,
                max_priority_fee_per_gas: max_priority_fee.0,
                to,
                value,
                input,
                access_list: Default::default(),
            }),
        };
        let hash = Hash32(keccak256(&raw));
        SignedTx { hash, raw }
    }

    fn encode<T: SignableTransaction<Signature> + RlpEcdsaEncodableTx>(&self, tx: T) -> Vec<u8> {
        let digest = tx.signature_hash();
        let (signature, recovery) = self
            .key
            .sign_prehash_recoverable(digest.as_slice())
            .expect("signature");
        let (r, s) = signature.split_bytes();
        let (r, s) = (U256::from_be_slice(&r), U256::from_be_slice(&s));
        let mut raw = Vec::new();
        tx.into_signed(Signature::new(r, s, recovery.is_y_odd()))
            .eip2718_encode(&mut raw);
        raw
    }

    /// What the wallet does: simulate, price, sign, send, and here see it mined at once.
    pub(crate) async fn run(&self, chain: &Chain, call: Call) -> Receipt {
        let gas = chain.simulate(self.address, &call).await.expect("simulation").gas;
        let signed = self.sign(&self.unsigned(chain, call, gas).await);
        assert_eq!(chain.send_raw(&signed).await, Ok(SendOutcome::Accepted));
        let receipt = mined(chain, &signed).await;
        assert!(receipt.succeeded && receipt.gas_used <= gas, "{receipt:?}");
        receipt
    }

    pub(crate) async fn unsigned(&self, chain: &Chain, call: Call, gas: u64) -> UnsignedTx {
        let chain_id = chain.identity().await.expect("identity").chain_id;
        let nonce = chain.nonce(self.address).await.expect("nonce");
        build::unsigned(call, chain_id, nonce, gas, chain.fees().await.expect("fees"))
    }
}

/// The receipt of `tx`. Anvil mines at once, but after it has answered.
pub(crate) async fn mined(chain: &Chain, tx: &SignedTx) -> Receipt {
    for _ in 0..500 {
        if let Some(receipt) = chain.receipt(tx.hash).await.expect("answer") {
            return receipt;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} is not mined", tx.hash);
}

/// The contracts on a fresh anvil, with an operator and a prosumer.
pub(crate) struct Home {
    pub(crate) anvil: Anvil,
    pub(crate) chain: Chain,
    pub(crate) addresses: Addresses,
    pub(crate) operator: Account,
    pub(crate) prosumer: Account,
    pub(crate) meter: MeterId,
}

impl Home {
    pub(crate) async fn build() -> Self {
        Self::on(Anvil::start(&[])).await
    }

    pub(crate) async fn on(anvil: Anvil) -> Self {
        let chain = anvil.chain.clone();
        let (operator, prosumer) = (Account::funded(0), Account::funded(1));
        let owner = operator.address;
        let created = |receipt: Receipt| receipt.contract.expect("created");
        let etk = created(operator.run(&chain, build::deploy_etk(owner)).await);
        let idrs = created(operator.run(&chain, build::deploy_idrs(owner, true)).await);
        let converter = created(operator.run(&chain, build::deploy_converter(owner, etk)).await);
        operator.run(&chain, build::set_converter(etk, converter)).await;
        let market = created(operator.run(&chain, build::deploy_market(etk, idrs, 1000)).await);
        let identity = chain.identity().await.expect("identity");
        let addresses = Addresses {
            chain_id: identity.chain_id,
            genesis: identity.genesis,
            converter,
            etk,
            idrs,
            market: Some(market),
            confirmations: Some(1),
        };
        Self {
            anvil,
            chain,
            addresses,
            operator,
            prosumer,
            meter: "METER-001".parse().expect("meter id"),
        }
    }

    /// Registers the meter with 5 kW for the prosumer.
    pub(crate) async fn register(&self) {
        let call = build::register_meter(&self.addresses, &self.meter, self.prosumer.address, 5000);
        self.operator.run(&self.chain, call).await;
    }

    /// Lets the chain's clock run, so that the plausibility bucket drains.
    pub(crate) async fn wait(&self, seconds: u64) {
        self.anvil.control("evm_increaseTime", json!([seconds])).await;
        self.anvil.control("evm_mine", json!([])).await;
    }
}
