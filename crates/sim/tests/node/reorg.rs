//! Reorganisations: what disappears, what comes back, and that state follows.

use alloy::primitives::{Address, B256, U256};
use enerlink_sim::node::ReorgTxs;
use serde_json::json;

use crate::support::{Key, start};

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
