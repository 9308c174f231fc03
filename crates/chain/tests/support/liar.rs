//! A server on loopback that answers JSON-RPC the way broken and lying nodes do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use enerlink_chain::Chain;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
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

/// A node that cannot be trusted.
pub(crate) struct Liar {
    pub(crate) chain: Chain,
    /// Bytes of bodies that were taken from it.
    pub(crate) taken: Arc<AtomicU64>,
    /// Questions that were put to it.
    pub(crate) asked: Arc<AtomicU64>,
}

impl Liar {
    /// Starts a server that replies by method and parameters.
    pub(crate) async fn start(reply: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
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
                tokio::spawn(async move { serve(stream, &taken, &asked, reply.as_ref()).await });
            }
        });
        let url = format!("http://household:hunter2@{address}");
        let chain = Chain::with_timeout(&url, Duration::from_millis(1500)).expect("url");
        Self {
            chain,
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
    const LENGTH: usize = 100_000_000;
    let head = head("200 OK", announced.then_some(LENGTH));
    stream.write_all(head.as_bytes()).await.ok()?;
    let chunk = vec![b' '; 1 << 16];
    for _ in 0..LENGTH / chunk.len() {
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
