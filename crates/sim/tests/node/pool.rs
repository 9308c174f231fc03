//! Admission to the pool: geth's rules, texts and ordering.

use alloy::consensus::{TxEip1559, TxEip7702};
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use enerlink_sim::node::BlockTime;
use serde_json::json;

use crate::support::{CHAIN, Client, ETHER, Key, start};

const TO: Address = Address::repeat_byte(0x77);

async fn manual() -> (enerlink_sim::node::Node, Client) {
    let (node, client, _) = start(|config| config.block_time = BlockTime::Manual).await;
    (node, client)
}

#[tokio::test]
async fn refuses_with_the_words_of_geth() {
    let (node, client) = manual().await;
    let from = Key::new(1);
    client.send(&from.transfer(0, TO, 1, 0)).await;
    node.mine(1).await.unwrap();
    client.send(&from.transfer(1, TO, 1, 100)).await;

    let plain = |change: &dyn Fn(&mut TxEip1559)| {
        let mut tx = from.dynamic(2, TO.into(), 1, 0, &[]);
        change(&mut tx);
        from.sign(tx)
    };
    let poor = Key::new(99);
    let table: [(&str, Vec<u8>, String); 12] = [
        ("mined before", from.transfer(0, TO, 1, 0), "already known".into()),
        (
            "old nonce",
            from.transfer(0, TO, 2, 0),
            "nonce too low: next nonce 1, tx nonce 0".into(),
        ),
        ("twice", from.transfer(1, TO, 1, 100), "already known".into()),
        (
            "same price",
            from.transfer(1, TO, 2, 100),
            "replacement transaction underpriced".into(),
        ),
        (
            "bump of 9 %",
            from.transfer(1, TO, 2, 109),
            "replacement transaction underpriced".into(),
        ),
        (
            "other chain",
            plain(&|tx| tx.chain_id = 1),
            format!("invalid sender: invalid chain id for signer: have 1 want {CHAIN}"),
        ),
        (
            "unprotected",
            from.sign(alloy::consensus::TxLegacy {
                chain_id: None,
                ..from.legacy(2, TO, 1, 0)
            }),
            "only replay-protected (EIP-155) transactions allowed over RPC".into(),
        ),
        (
            "no money",
            poor.transfer(0, TO, 5, 0),
            "insufficient funds for gas * price + value: balance 0, tx cost 5, overshot 5".into(),
        ),
        (
            "little gas",
            plain(&|tx| tx.gas_limit = 20_999),
            "intrinsic gas too low: gas 20999, minimum needed 21000".into(),
        ),
        (
            "much gas",
            plain(&|tx| tx.gas_limit = 30_000_001),
            "exceeds block gas limit".into(),
        ),
        (
            "tip above cap",
            plain(&|tx| tx.max_priority_fee_per_gas = 2),
            "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: 2, maxFeePerGas: 0"
                .into(),
        ),
        (
            "large init code",
            plain(&|tx| {
                tx.to = TxKind::Create;
                tx.input = vec![0; 49_153].into();
            }),
            "max initcode size exceeded: code size 49153, limit 49152".into(),
        ),
    ];
    for (name, raw, expected) in table {
        assert_eq!(client.send_refused(&raw).await, expected, "{name}");
    }
    let large = plain(&|tx| tx.input = vec![0; 140_000].into());
    assert!(client.send_refused(&large).await.starts_with("oversized data"));
}

#[tokio::test]
async fn refuses_types_after_cancun_and_bytes_that_are_none() {
    let (_node, client) = manual().await;
    let from = Key::new(1);
    let raw = from.sign(TxEip7702 {
        chain_id: CHAIN,
        gas_limit: 100_000,
        to: TO,
        ..TxEip7702::default()
    });
    assert_eq!(client.send_refused(&raw).await, "transaction type not supported");
    let mut long = from.transfer(0, TO, 1, 0);
    long.push(0);
    for junk in [vec![], vec![0x12, 0x34], long] {
        let payload = client
            .refusal("eth_sendRawTransaction", json!([Bytes::from(junk)]))
            .await;
        assert_eq!(payload.code, -32602, "{payload:?}");
    }
}

#[tokio::test]
async fn keeps_future_nonces_until_the_gap_closes() {
    let (_node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    let later = client.send(&from.transfer(2, TO, 1, 0)).await;
    let next = client.send(&from.transfer(1, TO, 1, 0)).await;
    assert_eq!(client.height().await, 0);
    assert!(client.receipt(later).await.is_null());
    let waiting = client.ask("eth_getTransactionByHash", json!([later])).await;
    assert!(waiting["blockNumber"].is_null());
    assert_eq!(
        client.ask("txpool_status", json!([])).await,
        json!({"pending": "0x0", "queued": "0x2"})
    );
    let count = json!([from.address, "pending"]);
    assert_eq!(client.ask("eth_getTransactionCount", count.clone()).await, "0x0");

    let first = client.send(&from.transfer(0, TO, 1, 0)).await;
    for (index, hash) in [first, next, later].into_iter().enumerate() {
        let receipt = client.receipt(hash).await;
        assert_eq!(receipt["blockNumber"], "0x1");
        assert_eq!(receipt["transactionIndex"], format!("{index:#x}"));
        assert_eq!(
            receipt["cumulativeGasUsed"],
            format!("{:#x}", 21_000 * (index + 1))
        );
    }
    assert_eq!(client.ask("eth_getTransactionCount", count).await, "0x3");
}

#[tokio::test]
async fn replaces_at_ten_percent_more() {
    let (node, client) = manual().await;
    let from = Key::new(1);
    let old = client.send(&from.transfer(0, TO, 1, 100)).await;
    let new = client.send(&from.transfer(0, TO, 2, 110)).await;
    assert!(
        client
            .ask("eth_getTransactionByHash", json!([old]))
            .await
            .is_null()
    );
    node.mine(1).await.unwrap();
    assert!(client.receipt(old).await.is_null());
    assert_eq!(client.receipt(new).await["status"], "0x1");
    assert_eq!(client.balance(TO).await, 2);

    // At a price of nothing even ten percent is nothing: one wei more is needed.
    client.send(&from.transfer(1, TO, 1, 0)).await;
    assert_eq!(
        client.send_refused(&from.transfer(1, TO, 2, 0)).await,
        "replacement transaction underpriced"
    );
    client.send(&from.transfer(1, TO, 2, 1)).await;
}

#[tokio::test]
async fn mines_by_tip_then_arrival_and_keeps_nonces_in_order() {
    let (node, client) = manual().await;
    let (a, b, c) = (Key::new(1), Key::new(2), Key::new(3));
    let sent = [
        client.send(&a.transfer(0, TO, 1, 5)).await,
        client.send(&a.transfer(1, TO, 1, 900)).await,
        client.send(&b.transfer(0, TO, 1, 50)).await,
        client.send(&c.transfer(0, TO, 1, 5)).await,
    ];
    node.mine(1).await.unwrap();
    let block = client.block("latest").await;
    let order = [sent[2], sent[0], sent[1], sent[3]];
    assert_eq!(block["transactions"], json!(order));
}

#[tokio::test]
async fn counts_what_the_pool_already_owes() {
    let (_node, client) = manual().await;
    let from = Key::new(1);
    client.send(&from.transfer(0, TO, 60 * ETHER, 0)).await;
    let refusal = client.send_refused(&from.transfer(1, TO, 60 * ETHER, 0)).await;
    assert!(refusal.contains("queued cost 60000000000000000000"), "{refusal}");
    // A replacement of the first frees what it took.
    client.send(&from.transfer(0, TO, 1, 1)).await;
    client.send(&from.transfer(1, TO, 60 * ETHER, 0)).await;
}

#[tokio::test]
async fn leaves_a_cap_below_the_base_fee_waiting() {
    let (node, client, _) = start(|config| config.base_fee = 100).await;
    let from = Key::new(1);
    let stuck = client.send(&from.transfer(0, TO, 1, 99)).await;
    node.mine(2).await.unwrap();
    assert!(client.receipt(stuck).await.is_null());
    let freed = client.send(&from.transfer(0, TO, 1, 109)).await;
    assert_eq!(client.receipt(freed).await["status"], "0x1");
    assert!(
        client
            .ask("eth_getTransactionByHash", json!([stuck]))
            .await
            .is_null()
    );
}

#[tokio::test]
async fn drops_a_pending_transaction_on_demand() {
    let (node, client) = manual().await;
    let from = Key::new(1);
    let hash = client.send(&from.transfer(0, TO, 1, 0)).await;
    assert!(node.drop_pending(hash).await.unwrap());
    assert!(!node.drop_pending(hash).await.unwrap());
    assert!(!node.drop_pending(B256::ZERO).await.unwrap());
    node.mine(1).await.unwrap();
    assert!(client.receipt(hash).await.is_null());
    // The same bytes are welcome again.
    assert_eq!(client.send(&from.transfer(0, TO, 1, 0)).await, hash);
    assert_eq!(
        client.ask("anvil_dropTransaction", json!([hash])).await,
        json!(hash)
    );
}

#[tokio::test]
async fn fills_blocks_up_to_their_gas_limit() {
    let (node, client, _) = start(|config| {
        config.block_time = BlockTime::Manual;
        config.block_gas_limit = 50_000;
    })
    .await;
    let from = Key::new(1);
    for nonce in 0..5 {
        client.send(&from.transfer(nonce, TO, 1, 0)).await;
    }
    node.mine(3).await.unwrap();
    for (number, count) in [("0x1", 2), ("0x2", 2), ("0x3", 1)] {
        assert_eq!(
            client.block(number).await["transactions"]
                .as_array()
                .unwrap()
                .len(),
            count
        );
    }
    assert_eq!(client.balance(TO).await, 5);
}

#[tokio::test]
async fn forgets_what_its_sender_can_no_longer_pay() {
    let (node, client) = manual().await;
    let from = Key::new(1);
    let hash = client.send(&from.transfer(0, TO, ETHER, 0)).await;
    node.set_balance(from.address, U256::from(1)).await.unwrap();
    node.mine(1).await.unwrap();
    assert!(client.receipt(hash).await.is_null());
    assert!(
        client
            .ask("eth_getTransactionByHash", json!([hash]))
            .await
            .is_null()
    );
}
