//! The node without a socket, and by WebSocket: the wallet's client asks it as any other.

use enerlink_chain::{Chain, ChainError};
use enerlink_sim::node::{Fault, Node, Span};

use crate::support::{CHAIN, Clock, START};

fn home() -> (Node, Chain) {
    let node = Node::in_memory(&Clock::default().config());
    let chain = Chain::over(node.endpoint());
    (node, chain)
}

#[tokio::test]
async fn it_answers_as_over_a_socket() {
    let (node, chain) = home();
    assert_eq!(chain.rpc_url(), node.url());
    assert_eq!(chain.identity().await.unwrap().chain_id, CHAIN);
    node.mine(2).await.unwrap();
    let head = chain.head().await.unwrap();
    assert_eq!((head.number, head.timestamp), (2, START + 2));
    assert_eq!(chain.block_hash(2).await.unwrap(), Some(head.hash));
}

#[tokio::test]
async fn its_faults_happen_there_too() {
    let (node, chain) = home();
    for (fault, expected) in [
        (Fault::Refuse, "connection refused"),
        (Fault::Status(429), "HTTP status 429"),
        (Fault::LoseAnswer, "the connection was cut"),
        (Fault::Truncate, "not JSON-RPC"),
        (Fault::Html, "not JSON-RPC"),
        (Fault::WrongId, "another question"),
        (Fault::Result(serde_json::Value::Null), "no newest block"),
        (Fault::Pad(17 << 20), "more than 16777216 bytes"),
    ] {
        node.faults().set(fault.clone(), Span::Times(1));
        let error = chain.head().await.expect_err(expected);
        assert!(error.to_string().contains(expected), "{fault:?}: {error}");
        assert!(node.faults().is_clear(), "{fault:?}");
        assert!(chain.head().await.is_ok(), "{fault:?}");
    }
    node.shutdown().await;
    let error = chain.head().await.expect_err("stopped");
    assert!(matches!(error, ChainError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn it_answers_by_web_socket_at_the_same_port() {
    let node = Node::start(Clock::default().config()).await.unwrap();
    let socket = Chain::new(&node.socket_url()).unwrap();
    let http = Chain::new(node.url()).unwrap();
    node.mine(2).await.unwrap();
    assert_eq!(socket.head().await, http.head().await);
    assert_eq!(socket.identity().await, http.identity().await);
    // What is an HTTP status there is a lost connection here, and the next question opens another.
    for fault in [Fault::Status(500), Fault::LoseAnswer, Fault::Refuse] {
        node.faults().set_for("eth_chainId", fault, Span::Times(1));
        let lost = socket.identity().await.expect_err("lost");
        assert!(matches!(lost, ChainError::Unreachable { .. }), "{lost}");
        assert!(socket.identity().await.is_ok());
    }
    node.shutdown().await;
    assert!(socket.head().await.is_err());
}
