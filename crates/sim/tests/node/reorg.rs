//! Reorganisations: what disappears, what comes back, and that state follows.

use alloy::primitives::{Address, B256, U256};
use alloy::sol;
use alloy::sol_types::SolCall;
use enerlink_sim::node::ReorgTxs;
use serde_json::json;

use crate::contracts::{balance, token};
use crate::support::{Client, Key, start};

sol! {
    function transfer(address to, uint256 amount) returns (bool);
}

const TO: Address = Address::repeat_byte(0x77);

#[tokio::test]
async fn takes_blocks_off_and_brings_transactions_back() {
    let (node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    let mut hashes = Vec::new();
    for nonce in 0..5 {
        hashes.push(client.send(&from.transfer(nonce, TO, 10, 0)).await);
    }
    let before = client.ask("eth_getBlockByNumber", json!(["latest", false])).await;
    let kept = client.receipt(hashes[1]).await;

    let removed = node.reorg(3, ReorgTxs::Requeue).await.unwrap();
    assert_eq!(removed, hashes[2..]);
    let after = client.block("latest").await;
    assert_eq!(after["number"], before["number"]);
    assert_eq!(after["timestamp"], before["timestamp"]);
    assert_ne!(after["hash"], before["hash"]);
    assert!(
        client
            .ask("eth_getBlockByHash", json!([before["hash"], false]))
            .await
            .is_null()
    );
    assert_eq!(client.balance(TO).await, 20);
    assert_eq!(client.receipt(hashes[1]).await, kept);
    for hash in &hashes[2..] {
        assert!(client.receipt(*hash).await.is_null());
        assert!(client.ask("eth_getTransactionByHash", json!([hash])).await["blockHash"].is_null());
    }
    assert_eq!(
        client
            .ask("eth_getTransactionCount", json!([from.address, "latest"]))
            .await,
        "0x2"
    );
    assert_eq!(
        client
            .ask("eth_getTransactionCount", json!([from.address, "pending"]))
            .await,
        "0x5"
    );

    node.mine(1).await.unwrap();
    assert_eq!(client.balance(TO).await, 50);
    for (index, hash) in hashes[2..].iter().enumerate() {
        let receipt = client.receipt(*hash).await;
        assert_eq!(receipt["blockNumber"], "0x6");
        assert_eq!(receipt["transactionIndex"], format!("{index:#x}"));
    }
}

#[tokio::test]
async fn drops_transactions_when_told_and_takes_their_bytes_again() {
    let (node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    let raw = from.transfer(0, TO, 10, 0);
    let hash = client.send(&raw).await;
    client.ask("anvil_reorg", json!([1, []])).await;
    assert!(
        client
            .ask("eth_getTransactionByHash", json!([hash]))
            .await
            .is_null()
    );
    node.mine(2).await.unwrap();
    assert_eq!(client.balance(TO).await, 0);
    assert_eq!(client.send(&raw).await, hash);
    assert_eq!(client.receipt(hash).await["blockNumber"], "0x4");
    assert_eq!(client.balance(TO).await, 10);
}

#[tokio::test]
async fn gives_the_same_content_another_hash_after_each_reorg() {
    let (node, client, _) = start(|_| {}).await;
    node.mine(5).await.unwrap();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..4 {
        for number in 1..=5 {
            let hash = client.block(format!("{number:#x}")).await["hash"]
                .as_str()
                .unwrap()
                .to_owned();
            assert!(seen.insert(hash));
        }
        node.reorg(5, ReorgTxs::Drop).await.unwrap();
    }
}

#[tokio::test]
async fn refuses_to_remove_genesis_or_what_history_no_longer_holds() {
    let (node, _client, _) = start(|_| {}).await;
    node.mine(3).await.unwrap();
    assert!(node.reorg(4, ReorgTxs::Drop).await.is_err());
    node.reorg(3, ReorgTxs::Drop).await.unwrap();
    node.mine(200).await.unwrap();
    let refused = node.reorg(129, ReorgTxs::Drop).await.unwrap_err();
    assert_eq!(refused.code, -32602);
    node.reorg(128, ReorgTxs::Drop).await.unwrap();
    assert_eq!(node.block_number().await.unwrap(), 203);
}

#[tokio::test]
async fn undoes_a_balance_that_was_set_on_a_removed_block() {
    let (node, client, _) = start(|_| {}).await;
    node.mine(1).await.unwrap();
    node.set_balance(TO, U256::from(1)).await.unwrap();
    node.mine(1).await.unwrap();
    node.set_balance(TO, U256::from(2)).await.unwrap();
    node.reorg(1, ReorgTxs::Drop).await.unwrap();
    assert_eq!(client.balance(TO).await, 1);
    node.reorg(2, ReorgTxs::Drop).await.unwrap();
    assert_eq!(client.balance(TO).await, 0);
}

#[tokio::test]
async fn looks_at_the_pending_block_without_leaving_a_trace() {
    let (node, client, _) = start(|_| {}).await;
    node.set_automine(false).await.unwrap();
    let from = Key::new(1);
    node.mine(140).await.unwrap();
    let hash = client.send(&from.transfer(0, TO, 10, 0)).await;
    let head = client.block("latest").await;
    for _ in 0..200 {
        let pending = client.block("pending").await;
        assert_eq!(pending["transactions"], json!([hash]));
        assert_eq!(pending["parentHash"], head["hash"]);
    }
    assert_eq!(client.ask("eth_getBalance", json!([TO, "pending"])).await, "0xa");
    assert_eq!(client.balance(TO).await, 0);
    assert_eq!(client.block("latest").await, head);
    assert!(client.receipt(hash).await.is_null());
    // History is as deep as before.
    node.reorg(128, ReorgTxs::Requeue).await.unwrap();
    assert_ne!(client.block("latest").await["hash"], json!(B256::ZERO));
}

/// Coin and token balances of three accounts.
type Holdings = Vec<(u128, U256)>;

async fn holdings(client: &Client, etk: Address, keys: &[Key], tag: &str) -> Holdings {
    let mut all = Vec::new();
    for key in keys {
        let coins = client
            .number("eth_getBalance", json!([key.address, tag]))
            .await
            .to();
        all.push((coins, balance(client, etk, key.address, tag).await));
    }
    all
}

#[tokio::test]
async fn remembers_every_block_through_random_histories() {
    for seed in 1..=3_u64 {
        let (node, client, _) = start(|_| {}).await;
        let keys = [Key::new(1), Key::new(2), Key::new(3)];
        let etk = token(&client, &keys[0]).await;
        let base = client.height().await;
        let mut past = vec![holdings(&client, etk, &keys, "latest").await];
        let mut state = seed;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..40 {
            let (from, to) = (&keys[random(3) as usize], keys[random(3) as usize].address);
            let nonce = client
                .number("eth_getTransactionCount", json!([from.address, "latest"]))
                .await
                .to();
            match random(5) {
                0 => {
                    let depth = random(past.len() as u64);
                    node.reorg(depth, ReorgTxs::Drop).await.unwrap();
                    past.truncate(past.len() - depth as usize);
                    let fork = past.last().unwrap().clone();
                    past.extend(std::iter::repeat_n(fork, depth as usize));
                    continue;
                }
                1 => {
                    client
                        .send(&from.transfer(nonce, to, u128::from(random(1000)), 0))
                        .await
                }
                // More than an account may hold: some of these fail and must change nothing but the nonce.
                _ => {
                    let amount = U256::from(random(150_000));
                    client
                        .send(&from.call(nonce, etk, &transferCall { to, amount }.abi_encode()))
                        .await
                }
            };
            past.push(holdings(&client, etk, &keys, "latest").await);
        }
        for (index, expected) in past.iter().enumerate() {
            let tag = format!("{:#x}", base + index as u64);
            assert_eq!(
                &holdings(&client, etk, &keys, &tag).await,
                expected,
                "seed {seed}, block {tag}"
            );
        }
    }
}
