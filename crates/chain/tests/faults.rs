//! Nodes that break, stall, flood and lie: every question ends in bounded time and memory with an error that says so.

#[path = "support/liar.rs"]
mod liar;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use enerlink_chain::{Addresses, Call, Chain, ChainError, SendOutcome, build};
use enerlink_domain::{Address, Code, Error, Hash32, SignedTx, Wei};
use liar::{Liar, Reply};
use serde_json::{Value, json};

const CONVERTER: Address = Address([1; 20]);
const ETK: Address = Address([2; 20]);

fn addresses() -> Addresses {
    Addresses {
        chain_id: 31337,
        genesis: Hash32([7; 32]),
        converter: CONVERTER,
        etk: ETK,
        idrs: Address([3; 20]),
        market: None,
        confirmations: None,
    }
}

fn hash(byte: u8) -> String {
    Hash32([byte; 32]).to_string()
}

fn block(number: u64) -> Value {
    json!({
        "number": format!("{number:#x}"), "hash": hash(7), "timestamp": "0x1", "gasLimit": "0x1c9c380",
        "baseFeePerGas": "0x7",
    })
}

fn signed() -> SignedTx {
    SignedTx {
        hash: Hash32([5; 32]),
        raw: vec![1, 2, 3],
    }
}

#[tokio::test]
async fn a_broken_wire_is_an_error_in_bounded_time() {
    let html = || "<html><body>502 Bad Gateway</body></html>".to_owned();
    for (reply, expected) in [
        (
            Reply::Http("429 Too Many Requests", String::new()),
            "HTTP status 429",
        ),
        (
            Reply::Http(
                "429 Too Many Requests",
                json!({"id": 1, "error": {"code": 1, "message": "x"}}).to_string(),
            ),
            "HTTP status 429",
        ),
        (
            Reply::Http("500 Internal Server Error", html()),
            "HTTP status 500",
        ),
        (Reply::Http("401 Unauthorized", String::new()), "HTTP status 401"),
        (
            Reply::Http("302 Found\r\nlocation: http://127.0.0.1:1/", String::new()),
            "HTTP status 302",
        ),
        (Reply::Http("200 OK", html()), "not JSON-RPC"),
        (Reply::Http("200 OK", String::new()), "not JSON-RPC"),
        (
            Reply::Http("200 OK", "{\"jsonrpc\":\"2.0\",\"id\":1,\"resu".into()),
            "not JSON-RPC",
        ),
        (Reply::Http("200 OK", "[".repeat(100_000)), "not JSON-RPC"),
        (Reply::Http("200 OK", "{}".into()), "another question"),
        (Reply::OtherId(json!("0x1")), "another question"),
        (Reply::Result(Value::Null), "invalid type: null"),
        (
            Reply::Result(json!("0x1000000000000000000000")),
            "eth_getTransactionCount wrongly",
        ),
        (Reply::Cut, "cannot be reached"),
        (Reply::HangUp, "cannot be reached"),
        (Reply::Silence, "no answer in time"),
        (Reply::Trickle, "no answer in time"),
        (
            Reply::Error(json!({"code": -1, "message": "\n\u{7}no".repeat(400_000)})),
            "refuses",
        ),
    ] {
        let liar = Liar::always(reply).await;
        let start = Instant::now();
        let error = liar.chain.nonce(CONVERTER).await.expect_err(expected);
        let text = error.to_string();
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{expected}: {:?}",
            start.elapsed()
        );
        assert!(text.len() < 1000 && !text.contains(char::is_control), "{text}");
        assert!(!text.contains("hunter2") && !format!("{:?}", liar.chain).contains("hunter2"));
        assert_eq!(Error::from(error).code, Code::NodeUnreachable);
    }
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    for announced in [true, false] {
        let liar = Liar::always(Reply::Flood { announced }).await;
        let error = liar.chain.head().await.expect_err("flood");
        assert!(matches!(error, ChainError::TooLarge { .. }), "{error}");
        // 16 MiB are read; some more may wait in the buffers of both sockets.
        let taken = liar.taken.load(Ordering::SeqCst);
        assert!(taken < 32 << 20, "{announced}: {taken}");
    }
}

#[tokio::test]
async fn nobody_at_home_is_unreachable() {
    let chain = Chain::new("http://me:hunter2@127.0.0.1:1").expect("url");
    assert_eq!(chain.rpc_url(), "http://127.0.0.1:1/");
    let error = chain.identity().await.expect_err("nobody");
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains("hunter2"));

    // A server that does not speak TLS is not spoken to without.
    let plain = Liar::always(Reply::Result(json!("0x1"))).await;
    let secure = Chain::new(&plain.chain.rpc_url().replace("http:", "https:")).expect("url");
    let error = secure.nonce(CONVERTER).await.expect_err("no TLS");
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    assert_eq!(plain.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_lost_answer_to_a_send_is_an_unknown_outcome() {
    for reply in [
        Reply::HangUp,
        Reply::Cut,
        Reply::Http("502 Bad Gateway", String::new()),
        Reply::Http("200 OK", "oops".into()),
        Reply::Result(json!(hash(6))),
        Reply::Result(Value::Null),
        Reply::OtherId(json!(hash(5))),
        Reply::Silence,
    ] {
        let liar = Liar::always(reply).await;
        let error = liar.chain.send_raw(&signed()).await.expect_err("unknown");
        assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
        assert_eq!(
            liar.asked.load(Ordering::SeqCst),
            1,
            "bytes are sent again by the outbox only"
        );
    }
    let honest = Liar::always(Reply::Result(json!(hash(5)))).await;
    assert_eq!(honest.chain.send_raw(&signed()).await, Ok(SendOutcome::Accepted));
    let busy = Liar::always(Reply::Error(json!({"code": -32000, "message": "txpool is full"}))).await;
    let refused = busy.chain.send_raw(&signed()).await;
    assert!(matches!(refused, Err(ChainError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn absurd_gas_and_fees_are_refused() {
    let call = build::transfer(ETK, Wei(1));
    for (gas, accepted) in [
        ("0x0", None),
        ("0x5207", None),
        ("0x5208", Some(25_200)),
        ("0x1000000", Some(16_777_216)),
        ("0x1000001", None),
        ("0x7fffffffffffffff", None),
    ] {
        let liar = Liar::start(move |method, _| match method {
            "eth_call" => Reply::Result(json!("0x")),
            "eth_estimateGas" => Reply::Result(json!(gas)),
            _ => Reply::Result(block(9)),
        })
        .await;
        match liar.chain.simulate(CONVERTER, &call).await {
            Ok(simulated) => assert_eq!(Some(simulated.gas), accepted, "{gas}"),
            Err(error) => {
                assert!(
                    accepted.is_none() && matches!(error, ChainError::AbsurdGas { .. }),
                    "{gas}: {error}"
                );
            }
        }
    }
    for price in [
        "0x9184e72a001",
        "0xffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        let liar = Liar::start(move |method, _| match method {
            "eth_maxPriorityFeePerGas" => Reply::Result(json!(price)),
            _ => Reply::Result(block(9)),
        })
        .await;
        let error = liar.chain.fees().await.expect_err("absurd").to_string();
        assert!(error.contains("wei for one gas is absurd"), "{error}");
    }
}

#[tokio::test]
async fn an_estimate_that_hides_a_revert_does_not_help() {
    let liar = Liar::start(|method, _| match method {
        "eth_call" => Reply::Error(json!({"code": 3, "message": "execution reverted", "data": "0x"})),
        "eth_estimateGas" => Reply::Result(json!("0x5208")),
        _ => Reply::Result(block(9)),
    })
    .await;
    let call = Call {
        to: Some(ETK),
        value: Wei(0),
        input: vec![1, 2, 3, 4],
    };
    let error = liar.chain.simulate(CONVERTER, &call).await.expect_err("revert");
    assert!(
        matches!(&error, ChainError::Reverted(revert) if revert.name == "Empty"),
        "{error}"
    );
}

#[tokio::test]
async fn answers_to_another_question_are_not_believed() {
    let receipt = |tx: u8, log_tx: u8| {
        json!({
            "transactionHash": hash(tx), "blockHash": hash(7), "blockNumber": "0x1", "status": "0x1",
            "gasUsed": "0x5208", "contractAddress": null,
            "logs": [{
                "address": CONVERTER.to_lower(), "topics": [], "data": "0x", "blockNumber": "0x1",
                "blockHash": hash(7), "transactionHash": hash(log_tx), "logIndex": "0x0", "removed": false,
            }],
        })
    };
    for (tx, log_tx, believed) in [(5, 5, true), (6, 6, false), (5, 6, false)] {
        let liar = Liar::always(Reply::Result(receipt(tx, log_tx))).await;
        let answer = liar.chain.receipt(Hash32([5; 32])).await;
        assert_eq!(answer.is_ok(), believed, "{tx} {log_tx}: {answer:?}");
    }
    let liar = Liar::always(Reply::Result(json!({ "hash": hash(6) }))).await;
    assert!(liar.chain.transaction_known(Hash32([5; 32])).await.is_err());
    let liar = Liar::always(Reply::Result(block(3))).await;
    assert!(liar.chain.block_hash(4).await.is_err());
    assert_eq!(liar.chain.block_hash(3).await, Ok(Some(Hash32([7; 32]))));
}

#[tokio::test]
async fn logs_of_other_contracts_and_blocks_are_not_counted() {
    let transfer = alloy_primitives::keccak256("Transfer(address,address,uint256)").to_string();
    let account = Address([8; 20]);
    let word = |address: Address| format!("0x{}{}", "0".repeat(24), enerlink_domain::id::hex(&address.0));
    let log = move |address: Address, number: u64, data: &str| {
        json!({
            "address": address.to_lower(), "topics": [transfer, word(Address::ZERO), word(account)], "data": data,
            "blockNumber": format!("{number:#x}"), "blockHash": hash(7), "transactionHash": hash(5),
            "logIndex": "0x0",
        })
    };
    let million = format!("0x{:064x}", 1_000_000);
    for (log, expected) in [
        (log(ETK, 2, &million), Some(1_000_000)),
        (log(CONVERTER, 2, &million), None),
        (log(ETK, 10, &million), None),
        (log(ETK, 2, "0x"), None),
        (log(ETK, 2, &format!("0x{}", "f".repeat(64))), None),
    ] {
        let liar = Liar::start(move |method, _| match method {
            "eth_getLogs" => Reply::Result(json!([log])),
            _ => Reply::Result(block(9)),
        })
        .await;
        let totals = liar.chain.token_totals(&addresses(), account).await;
        assert_eq!(totals.ok().map(|totals| totals.minted.0), expected);
    }
}

#[tokio::test]
async fn a_search_that_is_too_much_is_halved_until_it_passes() {
    const HEAD: u64 = 200_000;
    let number = |value: &Value| u64::from_str_radix(&value.as_str()?[2..], 16).ok();
    let pages = Arc::<Mutex<Vec<(u64, u64)>>>::default();
    let seen = Arc::clone(&pages);
    let liar = Liar::start(move |method, params| match method {
        "eth_getLogs" => {
            let range = number(&params[0]["fromBlock"]).zip(number(&params[0]["toBlock"]));
            let (from, to) = range.expect("a range");
            // Early blocks are crowded, later ones are not.
            if to - from >= 1000 && from < 20_000 {
                return Reply::Error(json!({"code": -32005, "message": "query returned too many results"}));
            }
            seen.lock().expect("pages").push((from, to));
            Reply::Result(json!([]))
        }
        _ => Reply::Result(block(HEAD)),
    })
    .await;
    let totals = liar.chain.token_totals(&addresses(), CONVERTER).await;
    assert_eq!(totals.map(|totals| totals.minted.0), Ok(0));
    let pages = pages.lock().expect("pages").clone();
    let mut next = 0;
    for (from, to) in pages {
        assert_eq!(from, next, "no block is skipped or read twice");
        next = to + 1;
    }
    assert_eq!(next, HEAD + 1);
    let asked = liar.asked.load(Ordering::SeqCst);
    assert!(asked < 100, "{asked}");

    let never = Liar::start(|method, _| match method {
        "eth_getLogs" => Reply::Error(json!({"code": -32000, "message": "no logs here"})),
        _ => Reply::Result(block(5000)),
    })
    .await;
    let error = never
        .chain
        .token_totals(&addresses(), CONVERTER)
        .await
        .expect_err("never");
    assert!(error.to_string().contains("no logs here"), "{error}");
    assert!(never.asked.load(Ordering::SeqCst) < 20);
}

#[tokio::test]
async fn strange_tokens_are_not_ours() {
    let liar = Liar::start(|method, params| {
        let data = params[0]["data"].as_str().unwrap_or_default().to_owned();
        match method {
            "eth_chainId" => Reply::Result(json!("0x7a69")),
            "eth_getCode" => Reply::Result(json!("0x6000")),
            // decimals()
            "eth_call" if data.starts_with("0x313ce567") => Reply::Result(json!(format!("0x{:064x}", 255))),
            "eth_call" => Reply::Result(json!(format!("0x{}{}", "0".repeat(24), "02".repeat(20)))),
            _ => Reply::Result(block(0)),
        }
    })
    .await;
    let error = liar.chain.verify(&addresses()).await.expect_err("255 decimals");
    assert!(error.to_string().contains("255 decimals"), "{error}");
    assert_eq!(Error::from(error).code, Code::ContractsMissing);
}

#[tokio::test]
async fn decimals_that_change_later_are_found_with_the_terms() {
    let decimals = Arc::new(AtomicU64::new(2));
    let told = Arc::clone(&decimals);
    let liar = Liar::start(move |method, params| {
        let data = params[0]["data"].as_str().unwrap_or_default();
        let word = |number: u64| Reply::Result(json!(format!("0x{number:064x}")));
        match (method, data) {
            // decimals(), and whatever is asked of the converter.
            ("eth_call", data) if data.starts_with("0x313ce567") => word(told.load(Ordering::SeqCst)),
            ("eth_call", _) => word(100),
            _ => Reply::Result(block(0)),
        }
    })
    .await;
    let terms = liar.chain.terms(&addresses()).await.expect("two decimals");
    assert_eq!((terms.ratio, terms.minimum.0), (100, 100));
    decimals.store(18, Ordering::SeqCst);
    let error = liar.chain.terms(&addresses()).await.expect_err("18 decimals");
    assert!(error.to_string().contains("18 decimals, not 2"), "{error}");
    assert_eq!(Error::from(error).code, Code::ContractsMissing);
}
