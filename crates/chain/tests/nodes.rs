//! One node or two, by HTTP or by WebSocket: who is asked, who is believed, and what becomes of a node that is exchanged,
//! falls behind or contradicts another.

#[path = "support/anvil.rs"]
mod anvil;
#[path = "support/liar.rs"]
mod liar;
#[path = "../../sim/src/proxy.rs"]
#[allow(dead_code, unreachable_pub, reason = "it serves the tests of meters too")]
mod proxy;

use std::{
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anvil::Anvil;
use enerlink_chain::{Chain, ChainError, Identity, SendOutcome};
use enerlink_domain::{Address, Code, Error, Hash32, SignedTx};
use liar::{Liar, PATIENCE, Reply};
use proxy::Proxy;
use serde_json::{Value, json};

const ACCOUNT: Address = Address([1; 20]);
const HOME: Identity = Identity {
    chain_id: 31337,
    genesis: Hash32([7; 32]),
};

/// A node whose chain, height and manners the test sets.
struct Story {
    liar: Liar,
    set: Arc<Mutex<Set>>,
    sent: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Set {
    chain: u64,
    height: u64,
    /// The first byte of its hashes above genesis.
    history: u8,
    /// Its number of transactions, by which a test sees who has answered.
    count: u64,
    fault: Option<Reply>,
}

impl Story {
    async fn of(count: u64) -> Self {
        let set = Arc::new(Mutex::new(Set {
            chain: HOME.chain_id,
            height: 200,
            history: 1,
            count,
            fault: None,
        }));
        let sent = Arc::<AtomicU64>::default();
        let (told, heard) = (Arc::clone(&set), Arc::clone(&sent));
        let liar = Liar::start(move |method, params| {
            let set = told.lock().expect("unharmed").clone();
            if method == "eth_sendRawTransaction" {
                heard.fetch_add(1, Ordering::SeqCst);
            }
            set.fault.clone().unwrap_or_else(|| set.answer(method, params))
        })
        .await;
        Self { liar, set, sent }
    }

    fn set(&self, change: impl FnOnce(&mut Set)) {
        change(&mut self.set.lock().expect("unharmed"));
    }

    fn place(&self) -> String {
        self.liar.url.replace("household:hunter2@", "") + "/"
    }
}

impl Set {
    fn answer(&self, method: &str, params: &Value) -> Reply {
        Reply::Result(match method {
            "eth_chainId" => json!(format!("{:#x}", self.chain)),
            "eth_getTransactionCount" => json!(format!("{:#x}", self.count)),
            "eth_sendRawTransaction" => json!(Hash32([5; 32]).to_string()),
            _ => {
                let asked = params[0].as_str().expect("a block");
                let number = match asked.strip_prefix("0x") {
                    Some(digits) => u64::from_str_radix(digits, 16).expect("a number"),
                    None => self.height,
                };
                if number > self.height {
                    return Reply::Result(Value::Null);
                }
                let mut hash = [self.history; 32];
                hash[24..].copy_from_slice(&number.to_be_bytes());
                let hash = if number == 0 { HOME.genesis } else { Hash32(hash) };
                json!({
                    "number": format!("{number:#x}"), "hash": hash.to_string(), "timestamp": "0x1",
                    "gasLimit": "0x1c9c380", "baseFeePerGas": "0x7",
                })
            }
        })
    }
}

async fn two() -> (Story, Story, Chain) {
    let (first, second) = (Story::of(1).await, Story::of(2).await);
    let chain = Chain::at(&[&first.liar.url, &second.liar.url], PATIENCE).expect("urls");
    let chain = chain.bound_to(HOME);
    assert_eq!(chain.rpc_url(), first.place());
    assert_eq!(chain.fallback_url(), Some(second.place().as_str()));
    (first, second, chain)
}

async fn eventually(chain: &Chain, count: u64) {
    let start = Instant::now();
    while chain.nonce(ACCOUNT).await != Ok(count) {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "nobody answers {count}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_socket_is_as_good_as_http_and_is_opened_again() {
    let anvil = Anvil::start(&[]);
    let address = anvil
        .chain
        .rpc_url()
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let port = address
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok())
        .expect("a port");
    let proxy = Proxy::to(port).expect("loopback");
    let url = format!("ws://127.0.0.1:{}", proxy.port());
    let identity = anvil.chain.identity().await.expect("identity");
    let chain = Chain::at(&[&url], PATIENCE).expect("url").bound_to(identity);
    assert_eq!(chain.identity().await, Ok(identity));
    let questions = (0..8).map(|_| chain.head());
    let heads = futures_util::future::join_all(questions).await;
    assert!(
        heads.iter().all(|head| *head == heads[0] && head.is_ok()),
        "{heads:?}"
    );

    proxy.cut();
    let lost = chain.head().await.expect_err("cut");
    assert!(matches!(lost, ChainError::Unreachable { .. }), "{lost}");
    proxy.mend();
    assert_eq!(chain.head().await, heads[0]);

    // Half open: nobody says that the connection is over.
    proxy.silence();
    let start = Instant::now();
    let lost = chain.head().await.expect_err("silent");
    assert!(lost.to_string().contains("no answer in time"), "{lost}");
    assert!(start.elapsed() < 2 * PATIENCE);
    assert_eq!(chain.head().await, heads[0]);
}

#[tokio::test]
async fn a_broken_socket_is_an_error_in_bounded_time() {
    for (reply, expected) in [
        (Reply::Http("429 Too Many Requests", String::new()), "429"),
        (Reply::Http("500 Internal Server Error", "<html>".into()), "500"),
        (Reply::Http("200 OK", "<html>".into()), "cannot be reached"),
        (Reply::Cut, "not JSON-RPC"),
        (Reply::OtherId(json!("0x1")), "another question"),
        (Reply::Result(Value::Null), "invalid type: null"),
        (Reply::HangUp, "cannot be reached"),
        (Reply::Silence, "no answer in time"),
        (Reply::Trickle, "no answer in time"),
        (Reply::Flood { announced: true }, "more than 16777216 bytes"),
        (Reply::Flood { announced: false }, "more than 16777216 bytes"),
        (
            Reply::Error(json!({"code": -1, "message": "\n\u{7}no".repeat(400_000)})),
            "refuses",
        ),
    ] {
        let liar = Liar::on_socket(move |_, _| reply.clone()).await;
        let start = Instant::now();
        let error = liar.chain.nonce(ACCOUNT).await.expect_err(expected);
        let text = error.to_string();
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(
            start.elapsed() < 2 * PATIENCE,
            "{expected}: {:?}",
            start.elapsed()
        );
        assert!(text.len() < 1000 && !text.contains(char::is_control) && !text.contains("hunter2"));
        assert!(liar.taken.load(Ordering::SeqCst) < 32 << 20, "{expected}");
        assert_eq!(Error::from(error).code, Code::NodeUnreachable);
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(directory.path())
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl").success());
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let mut server = Command::new("openssl")
        .args([
            "s_server",
            "-quiet",
            "-www",
            "-cert",
            "certificate.pem",
            "-key",
            "key.pem",
            "-accept",
        ])
        .arg(port.to_string())
        .current_dir(directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for scheme in ["https", "wss"] {
        let chain = Chain::at(&[&format!("{scheme}://localhost:{port}")], PATIENCE).expect("url");
        let error = chain.head().await.expect_err("nobody vouches");
        assert!(
            matches!(error, ChainError::Unreachable { .. }),
            "{scheme}: {error}"
        );
        assert!(error.to_string().contains("certificate"), "{scheme}: {error}");
    }
    let _ = server.kill();
    let _ = server.wait();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_node_answers_until_the_first_does_again() {
    let faults = [
        Reply::Http("429 Too Many Requests", String::new()),
        Reply::Http("500 Internal Server Error", String::new()),
        Reply::Http("200 OK", "<html>".into()),
        Reply::Cut,
        Reply::HangUp,
        Reply::Silence,
        Reply::Trickle,
        Reply::Flood { announced: true },
        Reply::OtherId(json!("0x1")),
        Reply::Result(Value::Null),
    ];
    let tried = faults.map(|fault| {
        Box::pin(async move {
            let (first, second, chain) = two().await;
            eventually(&chain, 1).await;
            assert_eq!(chain.answering(), first.place());
            first.set(|set| set.fault = Some(fault));
            eventually(&chain, 2).await;
            assert_eq!(chain.answering(), second.place());
            first.set(|set| set.fault = None);
            eventually(&chain, 1).await;
            assert_eq!(chain.answering(), first.place());
        })
    });
    futures_util::future::join_all(tried).await;
}

#[tokio::test]
async fn a_node_that_fails_is_left_alone_longer_each_time() {
    let (first, _second, chain) = two().await;
    first.set(|set| set.fault = Some(Reply::HangUp));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        assert_eq!(chain.nonce(ACCOUNT).await, Ok(2));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // At once, after one second and after two more; each time by three questions at most.
    let asked = first.liar.asked.load(Ordering::SeqCst);
    assert!((3..=9).contains(&asked), "{asked}");
}

#[tokio::test]
async fn two_nodes_that_fail_say_so_and_are_asked_again() {
    let (first, second, chain) = two().await;
    for story in [&first, &second] {
        story.set(|set| set.fault = Some(Reply::HangUp));
    }
    let error = chain.nonce(ACCOUNT).await.expect_err("nobody");
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    // What lies is told rather than what is silent.
    second.set(|set| {
        set.fault = None;
        set.chain = 99;
    });
    let error = chain.nonce(ACCOUNT).await.expect_err("another chain");
    assert_eq!(Error::from(error).code, Code::WrongChain);
    first.set(|set| set.fault = None);
    assert_eq!(
        chain.nonce(ACCOUNT).await,
        Ok(1),
        "one that rests is better than none"
    );
}

#[tokio::test]
async fn a_node_is_examined_again_after_each_loss() {
    let story = Story::of(1).await;
    let chain = Chain::at(&[&story.liar.url], PATIENCE)
        .expect("url")
        .bound_to(HOME);
    assert_eq!(chain.nonce(ACCOUNT).await, Ok(1));
    story.set(|set| set.fault = Some(Reply::HangUp));
    assert!(chain.nonce(ACCOUNT).await.is_err());
    story.set(|set| {
        set.fault = None;
        set.chain = 99;
    });
    let error = chain.nonce(ACCOUNT).await.expect_err("another chain");
    assert_eq!(Error::from(error).code, Code::WrongChain);
    let sent = chain.send_raw(&signed()).await;
    assert!(
        sent.is_err() && story.sent.load(Ordering::SeqCst) == 0,
        "{sent:?}"
    );
    story.set(|set| set.chain = HOME.chain_id);
    assert_eq!(chain.nonce(ACCOUNT).await, Ok(1));
    // Without a loss that anybody could notice, a question for trust finds it.
    story.set(|set| set.chain = 99);
    let error = chain.check_trust().await.expect_err("another chain");
    assert_eq!(Error::from(error).code, Code::WrongChain);
}

#[tokio::test]
async fn two_chains_behind_one_address_are_told_apart_on_each_connection() {
    let port = |anvil: &Anvil| {
        let (_, port) = anvil
            .chain
            .rpc_url()
            .trim_end_matches('/')
            .rsplit_once(':')
            .expect("a port");
        port.parse().expect("a port")
    };
    let (ours, theirs) = (Anvil::start(&[]), Anvil::start(&["--chain-id", "99"]));
    let identity = ours.chain.identity().await.expect("identity");
    for scheme in ["http", "ws"] {
        let proxy = Proxy::to(port(&ours)).expect("loopback");
        let url = format!("{scheme}://127.0.0.1:{}", proxy.port());
        let chain = Chain::at(&[&url], PATIENCE).expect("url").bound_to(identity);
        assert_eq!(chain.nonce(ACCOUNT).await, Ok(0));
        proxy.cut();
        proxy.lead_to(port(&theirs));
        proxy.mend();
        let ask = async || match scheme {
            // A socket knows when it was connected anew.
            "ws" => chain.nonce(ACCOUNT).await.map(|_| ()),
            _ => chain.check_trust().await,
        };
        let mut outcome = ask().await;
        if matches!(outcome, Err(ChainError::Unreachable { .. })) {
            // The connection of before was kept, and broke under the question.
            outcome = ask().await;
        }
        let expected = identity.chain_id;
        assert_eq!(
            outcome,
            Err(ChainError::WrongChain { expected, found: 99 }),
            "{scheme}"
        );
        proxy.cut();
        proxy.lead_to(port(&ours));
        proxy.mend();
        eventually(&chain, 0).await;
    }
}

#[tokio::test]
async fn a_height_that_goes_back_further_than_a_reorganisation_is_not_believed() {
    let story = Story::of(1).await;
    let chain = Chain::at(&[&story.liar.url], PATIENCE)
        .expect("url")
        .bound_to(HOME);
    assert_eq!(chain.head().await.map(|head| head.number), Ok(200));
    story.set(|set| set.height = 195);
    assert_eq!(chain.head().await.map(|head| head.number), Ok(195));
    assert_eq!(chain.check_trust().await, Ok(()));
    story.set(|set| set.height = 100);
    for outcome in [chain.head().await.map(|_| ()), chain.check_trust().await] {
        let error = outcome.expect_err("gone");
        assert!(
            matches!(
                error,
                ChainError::Disagree {
                    block: 136,
                    found: None,
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(Error::from(error).code, Code::NodesDisagree);
    }
    story.set(|set| set.height = 201);
    assert_eq!(chain.check_trust().await, Ok(()));
    assert_eq!(chain.head().await.map(|head| head.number), Ok(201));
}

#[tokio::test]
async fn two_nodes_that_name_different_deep_blocks_are_both_doubted() {
    let (first, second, chain) = two().await;
    second.set(|set| set.history = 2);
    assert!(chain.head().await.is_ok());
    for _ in 0..2 {
        let error = chain.check_trust().await.expect_err("two histories");
        assert!(
            matches!(
                error,
                ChainError::Disagree {
                    block: 136,
                    found: Some(_),
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(Error::from(error).code, Code::NodesDisagree);
    }
    // Nor is the other believed when the first is away.
    first.set(|set| set.fault = Some(Reply::HangUp));
    let error = chain.nonce(ACCOUNT).await.expect_err("another history");
    assert_eq!(Error::from(error).code, Code::NodesDisagree);
    second.set(|set| set.history = 1);
    assert_eq!(chain.nonce(ACCOUNT).await, Ok(2));
    // One that lags is no liar: it rests until it has caught up.
    first.set(|set| set.fault = None);
    eventually(&chain, 1).await;
    second.set(|set| set.height = 50);
    assert_eq!(chain.check_trust().await, Ok(()));
}

fn signed() -> SignedTx {
    SignedTx {
        hash: Hash32([5; 32]),
        raw: vec![1, 2, 3],
    }
}

#[tokio::test]
async fn signed_bytes_go_to_both_nodes() {
    let (first, second, chain) = two().await;
    assert_eq!(chain.send_raw(&signed()).await, Ok(SendOutcome::Accepted));
    while second.sent.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(first.sent.load(Ordering::SeqCst), 1);
    // One that takes them is enough, and one that does not may be asked first.
    let full = json!({"code": -32000, "message": "txpool is full"});
    first.set(|set| set.fault = Some(Reply::Error(full.clone())));
    assert_eq!(chain.send_raw(&signed()).await, Ok(SendOutcome::Accepted));
    second.set(|set| set.fault = Some(Reply::Error(full)));
    let refused = chain.send_raw(&signed()).await;
    assert!(matches!(refused, Err(ChainError::Refused { .. })), "{refused:?}");
    first.set(|set| set.fault = Some(Reply::HangUp));
    second.set(|set| set.fault = None);
    assert_eq!(chain.send_raw(&signed()).await, Ok(SendOutcome::Accepted));
}
