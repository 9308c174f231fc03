//! A server on loopback that answers JSON-RPC the way broken and lying nodes do, by HTTP or by WebSocket.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use enerlink_chain::Chain;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    accept_async,
    tungstenite::{
        Message,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

/// What the server does with a question.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A well-formed result.
    Result(Value),
    /// A JSON-RPC error object.
    Error(Value),
    /// A status line and a body.
    Http(&'static str, String),
    /// Half of what its length announces, then the connection ends.
    Cut,
    /// The connection ends without a word.
    HangUp,
    /// Nothing, and the connection stays open.
    Silence,
    /// One byte every 20 ms.
    Trickle,
    /// 100 MB, with or without saying so first.
    Flood { announced: bool },
    /// A result under another id.
    OtherId(Value),
}

/// How long its clients wait.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);
/// How much a flood brings, in bytes.
const FLOOD: usize = 100_000_000;

/// A node that cannot be trusted.
pub(crate) struct Liar {
    pub(crate) chain: Chain,
    /// Its address, with user and password.
    pub(crate) url: String,
    /// Bytes of bodies that were taken from it.
    pub(crate) taken: Arc<AtomicU64>,
    /// Questions that were put to it.
    pub(crate) asked: Arc<AtomicU64>,
}

impl Liar {
    /// Starts a server that replies by method and parameters.
    pub(crate) async fn start(reply: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("http", reply).await
    }

    /// The same by WebSocket; the method `handshake` is the question for a connection.
    pub(crate) async fn on_socket(reply: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("ws", reply).await
    }

    async fn listen(
        scheme: &'static str,
        reply: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address");
        let (taken, asked, reply) = (
            Arc::<AtomicU64>::default(),
            Arc::<AtomicU64>::default(),
            Arc::new(reply),
        );
        let counters = (Arc::clone(&taken), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (taken, asked, reply) = (Arc::clone(&taken), Arc::clone(&asked), Arc::clone(&reply));
                tokio::spawn(async move {
                    match scheme {
                        "ws" => serve_socket(stream, &taken, &asked, reply.as_ref()).await,
                        _ => serve(stream, &taken, &asked, reply.as_ref()).await,
                    }
                });
            }
        });
        let url = format!("{scheme}://household:hunter2@{address}");
        let chain = Chain::at(&[&url], PATIENCE).expect("url");
        Self {
            chain,
            url,
            taken: counters.0,
            asked: counters.1,
        }
    }

    /// Starts a server that always replies the same.
    pub(crate) async fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone()).await
    }
}

/// One question per connection. `None` when the other side leaves.
async fn serve(
    mut stream: TcpStream,
    taken: &AtomicU64,
    asked: &AtomicU64,
    reply: &(impl Fn(&str, &Value) -> Reply + ?Sized),
) -> Option<()> {
    let question = read_question(&mut stream).await?;
    asked.fetch_add(1, Ordering::SeqCst);
    let id = &question["id"];
    let answer = |result: Value| json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
    let (status, body) = match reply(question["method"].as_str()?, &question["params"]) {
        Reply::Result(result) => ("200 OK", answer(result)),
        Reply::Error(error) => (
            "200 OK",
            json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string(),
        ),
        Reply::Http(status, body) => (status, body),
        Reply::OtherId(result) => (
            "200 OK",
            json!({ "jsonrpc": "2.0", "id": 999_999, "result": result }).to_string(),
        ),
        Reply::HangUp => return None,
        Reply::Silence => return pause(Duration::from_secs(60)).await,
        Reply::Cut => {
            let body = answer(json!("0x1"));
            let head = head("200 OK", Some(body.len()));
            stream.write_all(head.as_bytes()).await.ok()?;
            return stream.write_all(&body.as_bytes()[..body.len() / 2]).await.ok();
        }
        Reply::Trickle => {
            stream
                .write_all(head("200 OK", Some(100_000)).as_bytes())
                .await
                .ok()?;
            loop {
                stream.write_all(b" ").await.ok()?;
                pause(Duration::from_millis(20)).await;
            }
        }
        Reply::Flood { announced } => return flood(stream, announced, taken).await,
    };
    stream
        .write_all(head(status, Some(body.len())).as_bytes())
        .await
        .ok()?;
    stream.write_all(body.as_bytes()).await.ok()
}

/// Questions one after the other. `None` when either side leaves.
async fn serve_socket(
    mut stream: TcpStream,
    taken: &AtomicU64,
    asked: &AtomicU64,
    reply: &(impl Fn(&str, &Value) -> Reply + ?Sized),
) -> Option<()> {
    let mut head = [0; 1024];
    let length = stream.peek(&mut head).await.ok()?;
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    assert!(head.contains("Basic aG91c2Vob2xkOmh1bnRlcjI="), "{head}");
    if let Reply::Http(status, body) = reply("handshake", &Value::Null) {
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        return stream.write_all(answer.as_bytes()).await.ok();
    }
    let mut socket = accept_async(stream).await.ok()?;
    while let Some(Ok(Message::Text(question))) = socket.next().await {
        asked.fetch_add(1, Ordering::SeqCst);
        let question: Value = serde_json::from_str(&question).ok()?;
        let id = &question["id"];
        let answer =
            |id: &Value, result: Value| json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
        let text = match reply(question["method"].as_str()?, &question["params"]) {
            Reply::Result(result) => answer(id, result),
            Reply::Error(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string(),
            Reply::OtherId(result) => answer(&json!(999_999), result),
            Reply::Cut => answer(id, json!("0x1"))[..12].to_owned(),
            Reply::HangUp | Reply::Http(..) => return None,
            Reply::Silence => return pause(Duration::from_secs(60)).await,
            Reply::Trickle => loop {
                socket.send(Message::Ping(Vec::new().into())).await.ok()?;
                pause(Duration::from_millis(20)).await;
            },
            Reply::Flood { announced: true } => " ".repeat(FLOOD),
            Reply::Flood { announced: false } => loop {
                // A message that does not end.
                let chunk = vec![b' '; 1 << 16];
                let kind = if taken.fetch_add(chunk.len() as u64, Ordering::SeqCst) == 0 {
                    Data::Text
                } else {
                    Data::Continue
                };
                let frame = Frame::message(chunk, OpCode::Data(kind), false);
                socket.send(Message::Frame(frame)).await.ok()?;
            },
        };
        socket.send(Message::text(text)).await.ok()?;
    }
    None
}

async fn read_question(stream: &mut TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if bytes.first() != Some(&b'P') {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        // The user and password of the address arrive as HTTP Basic authentication.
        assert!(head.contains("Basic aG91c2Vob2xkOmh1bnRlcjI="), "{head}");
        if let Ok(question) = serde_json::from_str(body) {
            return Some(question);
        }
    }
}

async fn flood(mut stream: TcpStream, announced: bool, taken: &AtomicU64) -> Option<()> {
    let head = head("200 OK", announced.then_some(FLOOD));
    stream.write_all(head.as_bytes()).await.ok()?;
    let chunk = vec![b' '; 1 << 16];
    for _ in 0..FLOOD / chunk.len() {
        stream.write_all(&chunk).await.ok()?;
        taken.fetch_add(chunk.len() as u64, Ordering::SeqCst);
    }
    Some(())
}

fn head(status: &str, length: Option<usize>) -> String {
    let length = length.map_or_else(String::new, |length| format!("content-length: {length}\r\n"));
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n{length}\r\n")
}

async fn pause(duration: Duration) -> Option<()> {
    tokio::time::sleep(duration).await;
    None
}
