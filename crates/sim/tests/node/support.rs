//! A signer, a JSON-RPC client and a clock that stands still, shared by the node's tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy::consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEnvelope, TxLegacy};
use alloy::eips::eip2718::Encodable2718;
use alloy::primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use alloy::providers::{Provider, ProviderBuilder, RootProvider};
use alloy::rpc::json_rpc::ErrorPayload;
use alloy::transports::RpcError;
use enerlink_sim::node::{Node, NodeConfig};
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};

pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;
/// 2026-01-01T00:00:00Z.
pub(crate) const START: u64 = 1_767_225_600;
pub(crate) const CHAIN: u64 = 31337;

/// A clock that moves when it is told to.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn config(&self) -> NodeConfig {
        self.0.store(START, Ordering::SeqCst);
        let clock = self.clone();
        let mut config = NodeConfig::new(Arc::new(move || clock.0.load(Ordering::SeqCst)));
        config.accounts = (1..=3)
            .map(|seed| (Key::new(seed).address, U256::from(100 * ETHER)))
            .collect();
        config
    }
}

/// An account that signs.
#[derive(Clone)]
pub(crate) struct Key {
    signer: SigningKey,
    pub(crate) address: Address,
}

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        let secret = keccak256([seed]);
        Self::from_secret(secret)
    }

    pub(crate) fn from_secret(secret: B256) -> Self {
        let signer = SigningKey::from_slice(secret.as_slice()).unwrap();
        Self {
            address: Address::from_private_key(&signer),
            signer,
        }
    }

    pub(crate) fn sign<T: SignableTransaction<Signature>>(&self, tx: T) -> Vec<u8>
    where
        TxEnvelope: From<alloy::consensus::Signed<T>>,
    {
        let (signature, parity) = self
            .signer
            .sign_prehash_recoverable(tx.signature_hash().as_slice())
            .unwrap();
        TxEnvelope::from(tx.into_signed(Signature::from((signature, parity)))).encoded_2718()
    }

    /// A transfer of `value` wei with both fees at `fee` wei per gas.
    pub(crate) fn transfer(&self, nonce: u64, to: Address, value: u128, fee: u128) -> Vec<u8> {
        self.sign(TxEip1559 {
            gas_limit: 21_000,
            ..self.dynamic(nonce, TxKind::Call(to), value, fee, &[])
        })
    }

    /// A call with 3 million gas at no fee.
    pub(crate) fn call(&self, nonce: u64, to: Address, input: &[u8]) -> Vec<u8> {
        self.sign(self.dynamic(nonce, TxKind::Call(to), 0, 0, input))
    }

    /// A contract creation with 3 million gas at no fee.
    pub(crate) fn create(&self, nonce: u64, code: &[u8]) -> Vec<u8> {
        self.sign(self.dynamic(nonce, TxKind::Create, 0, 0, code))
    }

    pub(crate) fn dynamic(&self, nonce: u64, to: TxKind, value: u128, fee: u128, input: &[u8]) -> TxEip1559 {
        TxEip1559 {
            chain_id: CHAIN,
            nonce,
            gas_limit: 3_000_000,
            max_fee_per_gas: fee,
            max_priority_fee_per_gas: fee,
            to,
            value: U256::from(value),
            access_list: Default::default(),
            input: Bytes::copy_from_slice(input),
        }
    }

    pub(crate) fn legacy(&self, nonce: u64, to: Address, value: u128, fee: u128) -> TxLegacy {
        TxLegacy {
            chain_id: Some(CHAIN),
            nonce,
            gas_price: fee,
            gas_limit: 21_000,
            to: TxKind::Call(to),
            value: U256::from(value),
            input: Bytes::new(),
        }
    }

    pub(crate) fn access_list(&self, nonce: u64, to: Address, value: u128, fee: u128) -> TxEip2930 {
        TxEip2930 {
            chain_id: CHAIN,
            nonce,
            gas_price: fee,
            gas_limit: 30_000,
            to: TxKind::Call(to),
            value: U256::from(value),
            access_list: Default::default(),
            input: Bytes::new(),
        }
    }
}

/// A JSON-RPC client over HTTP: alloy's own provider, unmodified.
#[derive(Clone)]
pub(crate) struct Client(pub(crate) RootProvider);

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        Self(ProviderBuilder::default().connect_http(url.parse().unwrap()))
    }

    /// The result of a call that must succeed.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        self.0
            .raw_request(method.to_owned().into(), params)
            .await
            .unwrap_or_else(|error| {
                panic!("{method}: {error}");
            })
    }

    /// The error object of a call that must be answered with one.
    pub(crate) async fn refusal(&self, method: &str, params: Value) -> ErrorPayload {
        match self
            .0
            .raw_request::<_, Value>(method.to_owned().into(), params)
            .await
        {
            Err(RpcError::ErrorResp(payload)) => payload,
            other => panic!("{method}: expected an error answer, got {other:?}"),
        }
    }

    pub(crate) async fn send(&self, raw: &[u8]) -> B256 {
        let hash = self
            .ask("eth_sendRawTransaction", json!([Bytes::copy_from_slice(raw)]))
            .await;
        serde_json::from_value(hash).unwrap()
    }

    /// The text with which a raw transaction is refused; its code must be -32000.
    pub(crate) async fn send_refused(&self, raw: &[u8]) -> String {
        let payload = self
            .refusal("eth_sendRawTransaction", json!([Bytes::copy_from_slice(raw)]))
            .await;
        assert_eq!(payload.code, -32000, "{payload:?}");
        payload.message.into_owned()
    }

    pub(crate) async fn receipt(&self, hash: B256) -> Value {
        self.ask("eth_getTransactionReceipt", json!([hash])).await
    }

    pub(crate) async fn number(&self, method: &str, params: Value) -> U256 {
        serde_json::from_value(self.ask(method, params).await).unwrap()
    }

    pub(crate) async fn balance(&self, address: Address) -> u128 {
        self.number("eth_getBalance", json!([address, "latest"]))
            .await
            .to()
    }

    pub(crate) async fn height(&self) -> u64 {
        self.number("eth_blockNumber", json!([])).await.to()
    }

    pub(crate) async fn block(&self, tag: impl serde::Serialize) -> Value {
        self.ask("eth_getBlockByNumber", json!([tag, false])).await
    }
}

/// A node with three funded accounts, a client for it, and its clock.
pub(crate) async fn start(adjust: impl FnOnce(&mut NodeConfig)) -> (Node, Client, Clock) {
    let clock = Clock::default();
    let mut config = clock.config();
    adjust(&mut config);
    let node = Node::start(config).await.unwrap();
    let client = Client::new(node.url());
    (node, client, clock)
}
