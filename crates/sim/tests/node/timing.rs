//! Block times follow the simulated clock and rise strictly; automine, intervals and shutdown.

use std::time::Duration;

use alloy::primitives::Address;
use enerlink_sim::node::{BlockTime, Node};
use serde_json::json;

use crate::support::{Client, Clock, Key, START, start};

const TO: Address = Address::repeat_byte(0x77);

async fn time(client: &Client) -> u64 {
    let block = client.block("latest").await;
    u64::from_str_radix(block["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

#[tokio::test]
async fn takes_its_time_from_the_clock_and_never_stands_still() {
    let (node, client, clock) = start(|_| {}).await;
    assert_eq!(time(&client).await, START);
    clock.advance(60);
    node.mine(1).await.unwrap();
    assert_eq!(time(&client).await, START + 60);
    node.mine(3).await.unwrap();
    assert_eq!(time(&client).await, START + 63);
    clock.advance(2);
    node.mine(1).await.unwrap();
    assert_eq!(time(&client).await, START + 64);
    clock.advance(100);
    node.mine(1).await.unwrap();
    assert_eq!(time(&client).await, START + 162);
    node.set_next_timestamp(START + 1000).await.unwrap();
    node.mine(1).await.unwrap();
    assert_eq!(time(&client).await, START + 1000);
    assert!(node.set_next_timestamp(START + 1000).await.is_err());
    client.ask("anvil_mine", json!(["0x3", "0xa"])).await;
    assert_eq!(time(&client).await, START + 1021);
}

#[tokio::test]
async fn mines_at_intervals_of_simulated_time() {
    let interval = Duration::from_secs(5);
    let (_node, client, clock) = start(|config| config.block_time = BlockTime::Every(interval)).await;
    let hash = client.send(&Key::new(1).transfer(0, TO, 1, 0)).await;
    clock.advance(4);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(client.height().await, 0);
    clock.advance(1);
    let mined = async {
        while client.height().await == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), mined)
        .await
        .expect("a block after five simulated seconds");
    assert_eq!(client.receipt(hash).await["blockNumber"], "0x1");
    assert_eq!(time(&client).await, START + 5);
}

#[tokio::test]
async fn switches_automine() {
    let (node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    client.ask("evm_setAutomine", json!([false])).await;
    client.send(&from.transfer(0, TO, 1, 0)).await;
    assert_eq!(client.height().await, 0);
    client.ask("evm_mine", json!([])).await;
    assert_eq!(client.height().await, 1);
    client.send(&from.transfer(1, TO, 1, 0)).await;
    node.set_automine(true).await.unwrap();
    assert_eq!(client.height().await, 2);
    assert_eq!(client.balance(TO).await, 2);
}

#[tokio::test]
async fn stops_with_its_last_handle_and_frees_the_port() {
    let clock = Clock::default();
    let mut config = clock.config();
    let node = Node::start(config.clone()).await.unwrap();
    let port = node.url().rsplit(':').next().unwrap().parse().unwrap();
    let client = Client::new(node.url());
    let other = node.clone();
    drop(node);
    assert_eq!(client.height().await, 0);
    other.shutdown().await;
    other.shutdown().await;
    assert!(other.mine(1).await.is_err());
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());

    config.port = port;
    let again = Node::start(config.clone()).await.unwrap();
    assert!(Node::start(config).await.is_err(), "the port is taken");
    assert_eq!(client.height().await, 0);
    drop(again);
    let gone = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .expect("dropping the last handle stops the node");
}

#[tokio::test]
async fn keeps_pace_however_long_the_chain_is() {
    let (node, client, _) = start(|_| {}).await;
    let from = Key::new(1);
    let mut nonce = 0;
    let mut lap = async || {
        let began = std::time::Instant::now();
        for _ in 0..100 {
            client.send(&from.transfer(nonce, TO, 1, 0)).await;
            nonce += 1;
        }
        began.elapsed()
    };
    let warm = lap().await.min(lap().await);
    node.mine(5_000).await.unwrap();
    let late = lap().await.min(lap().await);
    assert!(
        late < warm * 5,
        "100 transfers took {warm:?} on a short chain, {late:?} on a long one"
    );
}
