//! The wire: what a client sees when it breaks, and the protocol's own limits.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, Bytes};
use alloy::transports::{RpcError, TransportErrorKind};
use enerlink_sim::node::{BlockTime, Fault, Node, Span};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, Key, start};

const TO: Address = Address::repeat_byte(0x77);

/// Writes bytes to the node and reads until it closes.
async fn exchange(node: &Node, request: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(node.url().trim_start_matches("http://")).await?;
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn http(head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// Posts JSON and answers status code and body.
async fn post(node: &Node, body: &str) -> (u16, String) {
    let head = "POST / HTTP/1.1\r\ncontent-type: application/json";
    let answer = exchange(node, &http(head, body)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    (head[9..12].parse().unwrap(), body.to_owned())
}

async fn post_json(node: &Node, body: Value) -> Value {
    let (status, body) = post(node, &body.to_string()).await;
    assert_eq!(status, 200);
    serde_json::from_str(&body).unwrap()
}

async fn attempt(client: &Client, method: &'static str) -> Result<Value, RpcError<TransportErrorKind>> {
    alloy::providers::Provider::raw_request(&client.0, method.into(), json!([])).await
}

#[tokio::test]
async fn breaks_so_many_times_and_then_works() {
    let (node, client, _) = start(|_| {}).await;
    for fault in [
        Fault::Status(500),
        Fault::Status(429),
        Fault::Html,
        Fault::Truncate,
        Fault::LoseAnswer,
    ] {
        node.faults().set(fault.clone(), Span::Times(2));
        for _ in 0..2 {
            let outcome = attempt(&client, "eth_blockNumber").await;
            assert!(outcome.is_err(), "{fault:?} gave {outcome:?}");
        }
        assert!(node.faults().is_clear());
        assert_eq!(
            attempt(&client, "eth_blockNumber").await.unwrap(),
            "0x0",
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn answers_http_errors_as_http_errors() {
    let (node, client, _) = start(|_| {}).await;
    node.faults().set(Fault::Status(429), Span::UntilCleared);
    for _ in 0..3 {
        match attempt(&client, "eth_blockNumber").await {
            Err(RpcError::Transport(TransportErrorKind::HttpError(error))) => assert_eq!(error.status, 429),
            other => panic!("expected HTTP 429, got {other:?}"),
        }
    }
    node.faults().clear();
    assert_eq!(client.height().await, 0);
}

#[tokio::test]
async fn refuses_new_and_open_connections() {
    let (node, client, _) = start(|_| {}).await;
    assert_eq!(client.height().await, 0);
    node.faults().set(Fault::Refuse, Span::UntilCleared);
    for _ in 0..3 {
        assert!(attempt(&client, "eth_blockNumber").await.is_err());
    }
    let fresh = Client::new(node.url());
    assert!(attempt(&fresh, "eth_blockNumber").await.is_err());
    node.faults().clear();
    assert_eq!(client.height().await, 0);
    assert_eq!(fresh.height().await, 0);
}

#[tokio::test]
async fn loses_the_answer_but_not_the_transaction() {
    let (node, client, _) = start(|_| {}).await;
    let raw = Bytes::from(Key::new(1).transfer(0, TO, 5, 0));
    node.faults()
        .set_for("eth_sendRawTransaction", Fault::LoseAnswer, Span::Times(1));
    assert_eq!(client.height().await, 0, "other methods work");
    let lost = alloy::providers::Provider::send_raw_transaction(&client.0, &raw).await;
    assert!(matches!(lost, Err(RpcError::Transport(_))), "{lost:?}");
    assert_eq!(client.balance(TO).await, 5);
    assert_eq!(client.send_refused(&raw).await, "already known");
}

#[tokio::test]
async fn executes_nothing_when_it_refuses_outright() {
    let (node, client, _) = start(|_| {}).await;
    let raw = Bytes::from(Key::new(1).transfer(0, TO, 5, 0));
    for fault in [Fault::Refuse, Fault::Status(503), Fault::Html] {
        node.faults()
            .set_for("eth_sendRawTransaction", fault, Span::Times(1));
        assert!(
            alloy::providers::Provider::send_raw_transaction(&client.0, &raw)
                .await
                .is_err()
        );
    }
    assert_eq!(client.balance(TO).await, 0);
}

#[tokio::test]
async fn delays_and_hangs() {
    let (node, client, _) = start(|_| {}).await;
    node.faults()
        .set(Fault::Delay(Duration::from_millis(150)), Span::Times(1));
    let began = Instant::now();
    client.height().await;
    assert!(began.elapsed() >= Duration::from_millis(150));

    node.faults().set(Fault::Hang, Span::UntilCleared);
    let hung = attempt(&client, "eth_blockNumber");
    assert!(
        tokio::time::timeout(Duration::from_millis(150), hung)
            .await
            .is_err()
    );
    let hung = tokio::spawn({
        let client = client.clone();
        async move { attempt(&client, "eth_blockNumber").await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::timeout(Duration::from_secs(10), node.shutdown())
        .await
        .expect("a hanging request holds nothing up");
    assert!(hung.await.unwrap().is_err());
}

#[tokio::test]
async fn lies_about_ids_results_and_the_chain() {
    let (node, client, _) = start(|_| {}).await;
    let ask = json!({"jsonrpc": "2.0", "id": 5, "method": "eth_chainId", "params": []});
    node.faults().set(Fault::WrongId, Span::Times(1));
    assert_eq!(post_json(&node, ask.clone()).await["id"], "unasked");
    node.faults().set(Fault::Result(Value::Null), Span::Times(1));
    assert_eq!(
        post_json(&node, ask.clone()).await,
        json!({"jsonrpc": "2.0", "id": 5, "result": null})
    );
    node.faults().set(Fault::Pad(1 << 20), Span::Times(1));
    let (status, body) = post(&node, &ask.to_string()).await;
    assert_eq!((status, body.len() > 1 << 20), (200, true));
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["result"], "0x7a69");

    node.faults().set(Fault::ChainId(1), Span::UntilCleared);
    assert_eq!(client.ask("eth_chainId", json!([])).await, "0x1");
    assert_eq!(client.ask("net_version", json!([])).await, "1");
    assert_eq!(client.height().await, 0);
    let batch = json!([{"jsonrpc": "2.0", "id": "a", "method": "eth_blockNumber"}, ask]);
    let answers = post_json(&node, batch).await;
    assert_eq!(
        (&answers[0]["result"], &answers[1]["result"]),
        (&json!("0x0"), &json!("0x1"))
    );
    node.faults().clear();
    assert_eq!(client.ask("eth_chainId", json!([])).await, "0x7a69");
}

#[tokio::test]
async fn counts_connections_that_it_refuses() {
    let (node, _client, _) = start(|_| {}).await;
    node.faults().set(Fault::Refuse, Span::Times(2));
    for _ in 0..2 {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
        let refused = exchange(
            &node,
            &http("POST / HTTP/1.1\r\ncontent-type: application/json", body),
        )
        .await;
        assert!(refused.as_ref().map_or(true, String::is_empty), "{refused:?}");
    }
    assert!(node.faults().is_clear());
    assert!(
        post(&node, r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#)
            .await
            .1
            .contains("0x7a69")
    );
}

#[tokio::test]
async fn answers_batches_in_order() {
    let (node, _client, _) = start(|_| {}).await;
    let call = |id: Value, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": []});
    let mut batch = vec![
        call(json!(1), "eth_chainId"),
        call(json!("two"), "eth_nothing"),
        call(json!(3), "eth_blockNumber"),
        json!({"jsonrpc": "2.0", "method": "eth_chainId"}),
        json!(7),
    ];
    let answers = post_json(&node, json!(batch)).await;
    let list = answers.as_array().unwrap();
    assert_eq!(list.len(), 4, "a notification has no answer");
    assert_eq!(
        (&list[0]["id"], &list[0]["result"]),
        (&json!(1), &json!("0x7a69"))
    );
    assert_eq!(
        (&list[1]["id"], &list[1]["error"]["code"]),
        (&json!("two"), &json!(-32601))
    );
    assert_eq!((&list[2]["id"], &list[2]["result"]), (&json!(3), &json!("0x0")));
    assert_eq!(list[3]["error"]["code"], -32600);
    assert_eq!(post_json(&node, json!([])).await["error"]["code"], -32600);
    batch.resize(1001, call(json!(1), "eth_chainId"));
    assert_eq!(
        post_json(&node, json!(batch)).await["error"]["message"],
        "batch too large"
    );
}

#[tokio::test]
async fn bounds_and_checks_requests() {
    let (node, client, _) = start(|config| config.block_time = BlockTime::Manual).await;
    let (status, body) = post(&node, "{").await;
    assert_eq!(status, 200);
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap()["error"]["code"],
        -32700
    );
    for odd in [
        json!({}),
        json!("text"),
        json!({"id": 1, "method": "eth_chainId"}),
    ] {
        assert_eq!(post_json(&node, odd).await["error"]["code"], -32600);
    }
    let form = exchange(&node, &http("POST / HTTP/1.1\r\ncontent-type: text/plain", "{}"))
        .await
        .unwrap();
    assert!(form.starts_with("HTTP/1.1 415"), "{form}");
    let get = exchange(&node, &http("GET / HTTP/1.1", "")).await.unwrap();
    assert!(get.starts_with("HTTP/1.1 405"), "{get}");
    let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let huge = format!("{head}content-length: 6000000\r\n\r\n").into_bytes();
    let answer = exchange(&node, &huge).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(
        client
            .refusal("anvil_mine", json!(["0xffffffffffffffff"]))
            .await
            .code,
        -32602
    );
    assert_eq!(client.height().await, 0);
}
