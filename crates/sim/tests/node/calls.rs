//! `eth_call` and `eth_estimateGas` beyond the token: environment, failures, money.

use alloy::primitives::{Address, Bytes, U256, hex};
use serde_json::{Value, json};

use crate::support::{Client, ETHER, Key, START, start};

/// Answers TIMESTAMP, NUMBER, CHAINID and BASEFEE as four words.
const ENVIRONMENT: &[u8] = &hex!("4260005243602052466040524860605260806000f3");
/// Reverts with `Error("no")`.
const REFUSAL: &[u8] = &hex!(
    "7f08c379a00000000000000000000000000000000000000000000000000000000060005260206004"
    "526002602452616e6f60f01b60445260646000fd"
);
/// Uses up all gas in a loop.
const LOOP: &[u8] = &hex!("5b600056");
/// Reverts unless the block's time is above the first word of the input.
const AFTER: &[u8] = &hex!("6000354211600d5760006000fd5b00");

/// Creation code that deploys `runtime`.
fn deploying(runtime: &[u8]) -> Vec<u8> {
    let length = u8::try_from(runtime.len()).unwrap();
    [
        &[0x60, length, 0x60, 12, 0x60, 0, 0x39, 0x60, length, 0x60, 0, 0xf3],
        runtime,
    ]
    .concat()
}

async fn deploy(client: &Client, from: &Key, nonce: u64, runtime: &[u8]) -> Address {
    let receipt = client
        .receipt(client.send(&from.create(nonce, &deploying(runtime))).await)
        .await;
    assert_eq!(receipt["status"], "0x1");
    let address = from.address.create(nonce);
    assert_eq!(
        client.ask("eth_getCode", json!([address, "latest"])).await,
        json!(Bytes::copy_from_slice(runtime))
    );
    address
}

fn words(answer: &Value) -> Vec<u64> {
    let bytes: Bytes = serde_json::from_value(answer.clone()).unwrap();
    bytes
        .chunks(32)
        .map(|word| U256::from_be_slice(word).to())
        .collect()
}

#[tokio::test]
async fn calls_at_the_time_of_the_block_they_name() {
    let (_node, client, clock) = start(|config| config.base_fee = 0).await;
    let probe = deploy(&client, &Key::new(1), 0, ENVIRONMENT).await;
    clock.advance(500);
    let at = async |tag: &str| words(&client.ask("eth_call", json!([{ "to": probe }, tag])).await);
    assert_eq!(at("latest").await, [START + 1, 1, 31337, 0]);
    assert_eq!(at("pending").await, [START + 500, 2, 31337, 0]);
    assert_eq!(
        client.ask("eth_call", json!([{ "to": probe }, "0x0"])).await,
        "0x",
        "not yet deployed"
    );
}

#[tokio::test]
async fn estimates_for_the_next_block() {
    let (_node, client, clock) = start(|_| {}).await;
    let gate = deploy(&client, &Key::new(1), 0, AFTER).await;
    let request = json!([{ "to": gate, "input": alloy::primitives::B256::from(U256::from(START + 100)) }]);
    assert_eq!(client.refusal("eth_estimateGas", request.clone()).await.code, 3);
    clock.advance(101);
    assert!(client.number("eth_estimateGas", request.clone()).await > U256::from(21_000));
    assert_eq!(
        client.refusal("eth_call", request).await.code,
        3,
        "the newest block is older"
    );
}

#[tokio::test]
async fn spells_out_why_a_call_failed() {
    let (_node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    let refusal = deploy(&client, &from, 0, REFUSAL).await;
    let endless = deploy(&client, &from, 1, LOOP).await;
    let broken = deploy(&client, &from, 2, &[0xfe]).await;
    let why = async |method: &str, request: Value| {
        let payload = client.refusal(method, json!([request])).await;
        (payload.code, payload.message.into_owned())
    };
    let to = |address: Address| json!({ "to": address, "gas": "0x186a0" });
    assert_eq!(
        why("eth_call", to(refusal)).await,
        (3, "execution reverted: no".into())
    );
    assert_eq!(
        why("eth_estimateGas", to(refusal)).await,
        (3, "execution reverted: no".into())
    );
    assert_eq!(why("eth_call", to(endless)).await, (-32000, "out of gas".into()));
    let allowance = (-32000, "gas required exceeds allowance (100000)".into());
    assert_eq!(why("eth_estimateGas", to(endless)).await, allowance);
    assert_eq!(
        why("eth_call", to(broken)).await,
        (-32000, "invalid opcode: INVALID".into())
    );
    let poor = Key::new(99).address;
    let value = json!({ "from": poor, "to": from.address, "value": "0x1" });
    let funds = format!("insufficient funds for gas * price + value: address {poor} have 0 want 1");
    assert_eq!(why("eth_call", value.clone()).await, (-32000, funds.clone()));
    assert_eq!(why("eth_estimateGas", value).await, (-32000, funds));
}

#[tokio::test]
async fn estimates_a_transfer_within_the_senders_means() {
    let (_node, client, _) = start(|config| config.base_fee = 1_000_000_000).await;
    let (from, to) = (Key::new(1).address, Address::repeat_byte(7));
    let request = |value: u128, price: u128| json!([{ "from": from, "to": to, "value": format!("{value:#x}"), "maxFeePerGas": format!("{price:#x}") }]);
    assert_eq!(
        client.ask("eth_estimateGas", request(1, 2_000_000_000)).await,
        "0x5208"
    );
    let all = client
        .refusal("eth_estimateGas", request(100 * ETHER, 2_000_000_000))
        .await;
    assert_eq!(all.message, "gas required exceeds allowance (0)");
    let more = client
        .refusal("eth_estimateGas", request(101 * ETHER, 2_000_000_000))
        .await;
    assert_eq!(more.message, "insufficient funds for transfer");
    let cheap = client.refusal("eth_call", request(1, 1)).await;
    assert!(
        cheap
            .message
            .starts_with("max fee per gas less than block base fee"),
        "{}",
        cheap.message
    );
    let mut both = request(1, 1);
    both[0]["gasPrice"] = json!("0x1");
    assert!(
        client
            .refusal("eth_call", both)
            .await
            .message
            .starts_with("both gasPrice")
    );
    let overrides = json!([{ "to": to }, "latest", { to.to_string(): { "balance": "0x1" } }]);
    assert_eq!(client.refusal("eth_call", overrides).await.code, -32602);
}

#[tokio::test]
async fn creates_nothing_when_the_constructor_fails() {
    let (_node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    let receipt = client.receipt(client.send(&from.create(0, REFUSAL)).await).await;
    assert_eq!(receipt["status"], "0x0");
    assert_eq!(
        client
            .ask("eth_getCode", json!([from.address.create(0), "latest"]))
            .await,
        "0x"
    );
    let estimate = json!([{ "from": from.address, "input": Bytes::from_static(REFUSAL) }]);
    assert_eq!(
        client.refusal("eth_estimateGas", estimate).await.message,
        "execution reverted: no"
    );
}

#[tokio::test]
async fn removes_a_contract_that_destroys_itself_in_its_constructor() {
    let (node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    // SSTORE(1, 1), then SELFDESTRUCT to address 9: EIP-6780 still removes it within its creation.
    let code = hex!("60016001556009ff");
    let hash = client
        .send(&from.sign(from.dynamic(0, alloy::primitives::TxKind::Create, 5, 0, &code)))
        .await;
    assert_eq!(client.receipt(hash).await["status"], "0x1");
    let gone = from.address.create(0);
    assert_eq!(
        client
            .ask("eth_getTransactionCount", json!([gone, "latest"]))
            .await,
        "0x0"
    );
    assert_eq!(
        client
            .number("eth_getStorageAt", json!([gone, "0x1", "latest"]))
            .await,
        U256::ZERO
    );
    assert_eq!(client.balance(Address::with_last_byte(9)).await, 5);
    node.reorg(1, enerlink_sim::node::ReorgTxs::Drop).await.unwrap();
    assert_eq!(client.balance(Address::with_last_byte(9)).await, 0);
    assert_eq!(client.balance(from.address).await, 100 * ETHER);
}
