//! Transfers: every transaction type, receipts, blocks, fees and what alloy's typed provider makes of them.

use alloy::consensus::{BlockHeader, Transaction};
use alloy::primitives::{Address, B256, U256, b256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionReceipt;
use serde_json::json;

use crate::support::{ETHER, Key, START, start};

const TO: Address = Address::repeat_byte(0x77);
const EMPTY_ROOT: B256 = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

#[tokio::test]
async fn moves_value_with_each_transaction_type() {
    let (_node, client, _) = start(|config| config.base_fee = 7).await;
    let from = Key::new(1);
    let raws = [
        from.sign(from.legacy(0, TO, 5, 10)),
        from.sign(from.access_list(1, TO, 6, 10)),
        from.transfer(2, TO, 7, 10),
    ];
    for (kind, raw) in raws.iter().enumerate() {
        let receipt = client.receipt(client.send(raw).await).await;
        assert_eq!(receipt["type"], format!("{kind:#x}"));
        assert_eq!(receipt["status"], "0x1");
        assert_eq!(receipt["gasUsed"], "0x5208");
        assert_eq!(receipt["blockNumber"], format!("{:#x}", kind + 1));
    }
    assert_eq!(client.balance(TO).await, 18);
    assert_eq!(
        client.balance(from.address).await,
        100 * ETHER - 18 - 3 * 21_000 * 10
    );
    // The base fee of 7 burns; the tip of 3 goes to the block's beneficiary.
    assert_eq!(client.balance(Address::ZERO).await, 3 * 21_000 * 3);
}

#[tokio::test]
async fn charges_base_fee_and_tip_not_the_cap() {
    let (_node, client, _) = start(|config| config.base_fee = 1_000_000_000).await;
    let from = Key::new(1);
    let mut tx = from.dynamic(0, TO.into(), 1, 5_000_000_000, &[]);
    tx.max_priority_fee_per_gas = 1_000_000_000;
    let receipt = client.receipt(client.send(&from.sign(tx)).await).await;
    assert_eq!(receipt["effectiveGasPrice"], "0x77359400");
    assert_eq!(
        client.balance(from.address).await,
        100 * ETHER - 1 - 21_000 * 2_000_000_000
    );
    assert_eq!(client.ask("eth_gasPrice", json!([])).await, "0x77359400");
    assert_eq!(
        client.ask("eth_maxPriorityFeePerGas", json!([])).await,
        "0x3b9aca00"
    );
}

#[tokio::test]
async fn needs_no_coin_on_a_zero_fee_chain() {
    let (_node, client, _) = start(|_| {}).await;
    let poor = Key::new(99);
    let receipt = client
        .receipt(client.send(&poor.transfer(0, TO, 0, 0)).await)
        .await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(client.ask("eth_gasPrice", json!([])).await, "0x0");
    assert_eq!(
        client
            .number("eth_getTransactionCount", json!([poor.address, "latest"]))
            .await,
        U256::ONE
    );
}

#[tokio::test]
async fn seals_blocks_with_the_hash_of_their_header() {
    let (_node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    for nonce in 0..3 {
        client.send(&from.transfer(nonce, TO, 1, 0)).await;
    }
    let mut parent = B256::ZERO;
    for number in 0..=3_u64 {
        let block = client.0.get_block(number.into()).full().await.unwrap().unwrap();
        assert_eq!(
            block.header.inner.hash_slow(),
            block.header.hash,
            "block {number}"
        );
        assert_eq!(block.header.parent_hash, parent);
        assert_eq!(block.transactions.len(), usize::from(number > 0));
        assert_eq!(block.header.transactions_root == EMPTY_ROOT, number == 0);
        let content = block.clone().map_transactions(|tx| tx.into_inner());
        assert_eq!(
            content.calculate_transactions_root(),
            Some(block.header.transactions_root())
        );
        let again = client
            .0
            .get_block(block.header.hash.into())
            .full()
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again, block);
        parent = block.header.hash;
    }
}

#[tokio::test]
async fn gives_alloy_what_it_decodes() {
    let (_node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    let pending = client
        .0
        .send_raw_transaction(&from.transfer(0, TO, 9, 0))
        .await
        .unwrap();
    let hash = *pending.tx_hash();
    let receipt: TransactionReceipt = pending.get_receipt().await.unwrap();
    assert!(receipt.status());
    assert_eq!(
        (receipt.from, receipt.to, receipt.block_number),
        (from.address, Some(TO), Some(1))
    );
    let tx = client.0.get_transaction_by_hash(hash).await.unwrap().unwrap();
    assert_eq!(
        (tx.value(), tx.nonce(), tx.inner.signer()),
        (U256::from(9), 0, from.address)
    );
    assert_eq!(tx.block_hash, receipt.block_hash);
    let fees = client.0.estimate_eip1559_fees().await.unwrap();
    assert!(fees.max_fee_per_gas >= fees.max_priority_fee_per_gas);
    assert_eq!(client.0.get_chain_id().await.unwrap(), 31337);
    let history = client
        .0
        .get_fee_history(2, Default::default(), &[10.0, 90.0])
        .await
        .unwrap();
    assert_eq!((history.oldest_block, history.gas_used_ratio.len()), (0, 2));
    assert_eq!(history.reward.unwrap(), vec![vec![0, 0], vec![0, 0]]);
}

#[tokio::test]
async fn answers_null_for_what_does_not_exist() {
    let (_node, client, _) = start(|_| {}).await;
    let nothing = json!([B256::repeat_byte(9), false]);
    for method in [
        "eth_getTransactionByHash",
        "eth_getTransactionReceipt",
        "eth_getBlockByHash",
    ] {
        assert!(client.ask(method, nothing.clone()).await.is_null(), "{method}");
    }
    assert!(client.block("0x10").await.is_null());
    assert_eq!(
        client
            .refusal("eth_getBalance", json!([TO, "0x10"]))
            .await
            .message,
        "header not found"
    );
    assert_eq!(client.refusal("eth_mystery", json!([])).await.code, -32601);
    assert_eq!(
        client
            .refusal("eth_getBalance", json!(["0x12", "latest"]))
            .await
            .code,
        -32602
    );
    assert_eq!(client.refusal("eth_getBalance", json!([])).await.code, -32602);
}

#[tokio::test]
async fn looks_back_at_balances_and_nonces() {
    let (node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    for nonce in 0..4 {
        client.send(&from.transfer(nonce, TO, 10, 0)).await;
    }
    for number in 0..=4_u64 {
        let tag = format!("{number:#x}");
        let balance = client.number("eth_getBalance", json!([TO, tag])).await;
        assert_eq!(balance, U256::from(10 * number), "block {number}");
        let nonce = client
            .number("eth_getTransactionCount", json!([from.address, tag]))
            .await;
        assert_eq!(nonce, U256::from(number));
    }
    node.mine(200).await.unwrap();
    assert_eq!(client.balance(TO).await, 40);
    let gone = client.refusal("eth_getBalance", json!([TO, "0x1"])).await;
    assert_eq!(gone.message, "historical state of block 1 is not available");
    assert_eq!(client.block("finalized").await["number"], "0x8c");
    assert_eq!(client.block("safe").await["number"], "0xac");
}

#[tokio::test]
async fn sets_a_balance_for_the_newest_block_only() {
    let (node, client, _) = start(|_| {}).await;
    node.mine(2).await.unwrap();
    node.set_balance(TO, U256::from(1234)).await.unwrap();
    assert_eq!(client.balance(TO).await, 1234);
    assert_eq!(
        client.number("eth_getBalance", json!([TO, "0x1"])).await,
        U256::ZERO
    );
    client.ask("anvil_setBalance", json!([TO, "0x5"])).await;
    assert_eq!(client.balance(TO).await, 5);
    assert_eq!(
        client.block("latest").await["timestamp"],
        format!("{:#x}", START + 2)
    );
}
