//! The project's own contracts on the node: deployment, calls, logs, reverts.

use std::path::Path;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::providers::Provider;
use alloy::rpc::types::Filter;
use alloy::sol;
use alloy::sol_types::{SolCall, SolError, SolEvent, SolValue};
use serde_json::{Value, json};

use crate::support::{Client, Key, START, start};

sol! {
    function mint(address to, uint256 amount);
    function transfer(address to, uint256 amount) returns (bool);
    function balanceOf(address owner) view returns (uint256);
    function decimals() view returns (uint8);
    function setConverter(address converter);
    event Transfer(address indexed from, address indexed to, uint256 value);
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
}

/// The creation code of the real ETK token, owned by `owner`.
pub(crate) fn etk_code(owner: Address) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/abi/ETKToken.json");
    let artifact: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let code: Bytes = serde_json::from_value(artifact["bytecode"].clone()).unwrap();
    [code.to_vec(), owner.abi_encode()].concat()
}

/// Deploys ETK with `owner` as its converter too, and mints 1000.00 ETK to it. Uses three nonces.
pub(crate) async fn token(client: &Client, owner: &Key) -> Address {
    let deployed = client
        .receipt(client.send(&owner.create(0, &etk_code(owner.address))).await)
        .await;
    assert_eq!(deployed["status"], "0x1");
    let etk: Address = serde_json::from_value(deployed["contractAddress"].clone()).unwrap();
    assert_eq!(etk, owner.address.create(0));
    let role = setConverterCall {
        converter: owner.address,
    };
    client.send(&owner.call(1, etk, &role.abi_encode())).await;
    let mint = mintCall {
        to: owner.address,
        amount: U256::from(100_000),
    };
    let minted = client
        .receipt(client.send(&owner.call(2, etk, &mint.abi_encode())).await)
        .await;
    assert_eq!(minted["status"], "0x1");
    etk
}

pub(crate) async fn balance(client: &Client, etk: Address, owner: Address, tag: &str) -> U256 {
    let input = Bytes::from(balanceOfCall { owner }.abi_encode());
    client
        .number("eth_call", json!([{ "to": etk, "input": input }, tag]))
        .await
}

#[tokio::test]
async fn runs_the_token() {
    let (_node, client, _) = start(|_| {}).await;
    let (owner, friend) = (Key::new(1), Key::new(2).address);
    let etk = token(&client, &owner).await;
    assert!(
        client
            .ask("eth_getCode", json!([etk, "latest"]))
            .await
            .as_str()
            .unwrap()
            .len()
            > 1000
    );
    assert_eq!(client.ask("eth_getCode", json!([etk, "earliest"])).await, "0x");
    let decimals = Bytes::from(decimalsCall {}.abi_encode());
    assert_eq!(
        client
            .number("eth_call", json!([{ "to": etk, "data": decimals }]))
            .await,
        U256::from(2)
    );
    let transfer = transferCall {
        to: friend,
        amount: U256::from(250),
    }
    .abi_encode();
    let receipt = client
        .receipt(client.send(&owner.call(3, etk, &transfer)).await)
        .await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["logs"][0]["topics"][0], json!(Transfer::SIGNATURE_HASH));
    assert_eq!(balance(&client, etk, friend, "latest").await, U256::from(250));
    assert_eq!(
        balance(&client, etk, owner.address, "latest").await,
        U256::from(99_750)
    );
    assert_eq!(
        balance(&client, etk, friend, "0x3").await,
        U256::ZERO,
        "the block before"
    );
    // A mapping at slot 0 keeps the balance at keccak(owner . 0).
    let slot = keccak256((friend, U256::ZERO).abi_encode());
    let stored = client.ask("eth_getStorageAt", json!([etk, slot, "latest"])).await;
    assert_eq!(stored, json!(B256::from(U256::from(250))));
}

#[tokio::test]
async fn undoes_tokens_with_their_block() {
    let (node, client, _) = start(|_| {}).await;
    let (owner, friend) = (Key::new(1), Key::new(2).address);
    let etk = token(&client, &owner).await;
    let transfer = transferCall {
        to: friend,
        amount: U256::from(100_000),
    }
    .abi_encode();
    client.send(&owner.call(3, etk, &transfer)).await;
    assert_eq!(balance(&client, etk, owner.address, "latest").await, U256::ZERO);
    node.reorg(1, enerlink_sim::node::ReorgTxs::Requeue)
        .await
        .unwrap();
    assert_eq!(
        balance(&client, etk, owner.address, "latest").await,
        U256::from(100_000)
    );
    assert_eq!(
        balance(&client, etk, friend, "pending").await,
        U256::from(100_000)
    );
    node.mine(1).await.unwrap();
    assert_eq!(balance(&client, etk, friend, "latest").await, U256::from(100_000));
    // With the deployment itself gone, so is the code.
    node.reorg(5, enerlink_sim::node::ReorgTxs::Drop).await.unwrap();
    assert_eq!(client.ask("eth_getCode", json!([etk, "latest"])).await, "0x");
}

#[tokio::test]
async fn answers_reverts_with_their_data() {
    let (_node, client, _) = start(|_| {}).await;
    let (owner, poor) = (Key::new(1), Key::new(2));
    let etk = token(&client, &owner).await;
    let transfer = transferCall {
        to: owner.address,
        amount: U256::from(5),
    }
    .abi_encode();
    let request = json!([{ "from": poor.address, "to": etk, "input": Bytes::from(transfer.clone()) }]);
    let expected = ERC20InsufficientBalance {
        sender: poor.address,
        balance: U256::ZERO,
        needed: U256::from(5),
    };
    for method in ["eth_call", "eth_estimateGas"] {
        let payload = client.refusal(method, request.clone()).await;
        assert_eq!(
            (payload.code, payload.message.as_ref()),
            (3, "execution reverted"),
            "{method}"
        );
        assert_eq!(
            payload.as_revert_data(),
            Some(expected.abi_encode().into()),
            "{method}"
        );
    }
    // Sent all the same it is mined, fails, costs gas and leaves no logs.
    let receipt = client
        .receipt(client.send(&poor.call(0, etk, &transfer)).await)
        .await;
    assert_eq!(
        (&receipt["status"], &receipt["logs"]),
        (&json!("0x0"), &json!([]))
    );
    assert_eq!(
        client
            .ask("eth_getTransactionCount", json!([poor.address, "latest"]))
            .await,
        "0x1"
    );
}

#[tokio::test]
async fn estimates_the_least_gas_that_suffices() {
    let (_node, client, _) = start(|_| {}).await;
    let (owner, friend) = (Key::new(1), Key::new(2).address);
    let etk = token(&client, &owner).await;
    let input = transferCall {
        to: friend,
        amount: U256::from(5),
    }
    .abi_encode();
    let request = json!([{ "from": owner.address, "to": etk, "input": Bytes::from(input.clone()) }]);
    let gas: u64 = client.number("eth_estimateGas", request).await.to();
    let mut tx = owner.dynamic(3, etk.into(), 0, 0, &input);
    tx.gas_limit = gas - 1;
    let short = client.receipt(client.send(&owner.sign(tx.clone())).await).await;
    assert_eq!(
        (&short["status"], &short["gasUsed"]),
        (&json!("0x0"), &json!(format!("{:#x}", gas - 1)))
    );
    (tx.nonce, tx.gas_limit) = (4, gas);
    let enough = client.receipt(client.send(&owner.sign(tx)).await).await;
    assert_eq!(enough["status"], "0x1");
}

#[tokio::test]
async fn finds_logs_by_block_address_and_topic() {
    let (_node, client, _) = start(|_| {}).await;
    let (owner, friend) = (Key::new(1), Key::new(2).address);
    let etk = token(&client, &owner).await;
    for nonce in 3..8 {
        let amount = U256::from(nonce);
        let to = if nonce % 2 == 0 {
            friend
        } else {
            Address::repeat_byte(0x33)
        };
        client
            .send(&owner.call(nonce, etk, &transferCall { to, amount }.abi_encode()))
            .await;
    }
    let transfers = Filter::new()
        .address(etk)
        .event_signature(Transfer::SIGNATURE_HASH);
    let count = async |filter: Filter| client.0.get_logs(&filter).await.unwrap().len();
    assert_eq!(
        count(transfers.clone().from_block(0)).await,
        6,
        "the mint and five transfers"
    );
    assert_eq!(
        count(transfers.clone()).await,
        1,
        "only the newest block by default"
    );
    assert_eq!(count(transfers.clone().from_block(5).to_block(6)).await, 2);
    assert_eq!(
        count(transfers.clone().from_block(0).topic2(friend.into_word())).await,
        2
    );
    let either = vec![friend.into_word(), owner.address.into_word()];
    assert_eq!(count(transfers.clone().from_block(0).topic2(either)).await, 3);
    assert_eq!(
        count(transfers.clone().from_block(0).topic1(B256::ZERO)).await,
        1,
        "the mint comes from zero"
    );
    assert_eq!(
        count(Filter::new().from_block(0).address(vec![friend, etk])).await,
        8,
        "all events of the token"
    );
    assert_eq!(count(Filter::new().from_block(0).address(friend)).await, 0);
    let block = client.0.get_block(5.into()).await.unwrap().unwrap();
    let logs = client
        .0
        .get_logs(&transfers.at_block_hash(block.header.hash))
        .await
        .unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].block_timestamp, Some(block.header.timestamp));
    assert_eq!(
        logs[0].log_decode::<Transfer>().unwrap().inner.value,
        U256::from(4)
    );
    assert!(
        block
            .header
            .logs_bloom
            .contains_raw_log(etk, &[Transfer::SIGNATURE_HASH])
    );
    assert_eq!(block.header.timestamp, START + 5);
    let wrong = client
        .refusal("eth_getLogs", json!([{ "fromBlock": "0x5", "toBlock": "0x1" }]))
        .await;
    assert_eq!(
        (wrong.code, wrong.message.as_ref()),
        (-32602, "invalid block range params")
    );
    let unknown = client
        .refusal("eth_getLogs", json!([{ "blockHash": B256::ZERO }]))
        .await;
    assert_eq!(unknown.message, "unknown block");
}

#[tokio::test]
async fn numbers_logs_through_a_block() {
    let (node, client, _) = start(|_| {}).await;
    let owner = Key::new(1);
    let etk = token(&client, &owner).await;
    node.set_automine(false).await.unwrap();
    let mut hashes = Vec::new();
    for nonce in 3..6 {
        let input = transferCall {
            to: Address::repeat_byte(nonce as u8),
            amount: U256::ONE,
        }
        .abi_encode();
        hashes.push(client.send(&owner.call(nonce, etk, &input)).await);
    }
    node.mine(1).await.unwrap();
    for (index, hash) in hashes.iter().enumerate() {
        let receipt = client.receipt(*hash).await;
        assert_eq!(receipt["logs"][0]["logIndex"], format!("{index:#x}"));
        assert_eq!(receipt["logs"][0]["transactionIndex"], format!("{index:#x}"));
    }
    let receipts = client.ask("eth_getBlockReceipts", json!(["latest"])).await;
    assert_eq!(receipts.as_array().unwrap().len(), 3);
    assert_eq!(receipts[2], client.receipt(hashes[2]).await);
}
