//! JSON-RPC 2.0 over HTTP POST on loopback, with the faults of the wire.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Jobs;
use super::error::RpcError;
use super::faults::{Fault, Faults, is_identity};

/// Largest request body in bytes, as in geth.
const MAX_BODY: usize = 5 * 1024 * 1024;
/// Most calls in one batch, as in geth.
const MAX_BATCH: usize = 1000;

/// Pause after a failed accept, which is usually a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const JSON: &str = "application/json";

type Reply = Response<Full<Bytes>>;

/// The connection is to be cut without an answer. As a service's error it makes hyper drop the connection.
#[derive(Debug, thiserror::Error)]
#[error("cut by a fault")]
struct Cut;

struct Door {
    jobs: Jobs,
    faults: Faults,
}

/// Serves until `stop` changes or its sender is gone.
pub(super) async fn serve(listener: TcpListener, jobs: Jobs, faults: Faults, stop: watch::Receiver<bool>) {
    let door = Arc::new(Door { jobs, faults });
    let mut stopped = stop.clone();
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if door.faults.refuses_connection() => reset(&stream),
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, door.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(target: "sim::node", %error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection until the client leaves, a fault cuts it or the node stops.
async fn converse(stream: TcpStream, door: Arc<Door>, mut stop: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(target: "sim::node", %error, "cannot switch off delay");
    }
    let service = service_fn(|request| handle(&door, request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let outcome = tokio::select! {
        _ = stop.changed() => return,
        outcome = connection => outcome,
    };
    if let Err(error) = outcome {
        tracing::debug!(target: "sim::node", %error, "a connection ended early");
    }
}

/// Makes the coming close a reset instead of an orderly end.
fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(target: "sim::node", %error, "the refused connection ends orderly");
    }
}

async fn handle(door: &Door, request: Request<Incoming>) -> Result<Reply, Cut> {
    let body = match accept(request).await {
        Ok(body) => body,
        Err(refusal) => return Ok(refusal),
    };
    let request: Value = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            return Ok(reply(failure(
                &Value::Null,
                &RpcError::parse(format!("parse error: {error}")),
            )));
        }
    };
    match door.faults.for_request(&methods(&request)) {
        None => Ok(reply(execute(&door.jobs, request).await)),
        Some(fault) => misbehave(&door.jobs, fault, request).await,
    }
}

/// Reads the body of a proper request, or says what is wrong with it.
async fn accept(request: Request<Incoming>) -> Result<Bytes, Reply> {
    if request.method() != Method::POST {
        return Err(text(
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain",
            "method not allowed",
        ));
    }
    let content = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !content
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON))
    {
        // A page in a browser cannot send this type across origins without asking, and is never told yes.
        let complaint = "invalid content type, only application/json is supported";
        return Err(text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "text/plain", complaint));
    }
    let too_large = || {
        text(
            StatusCode::PAYLOAD_TOO_LARGE,
            "text/plain",
            "content length too large",
        )
    };
    if request.body().size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    match Limited::new(request.into_body(), MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(text(
            StatusCode::BAD_REQUEST,
            "text/plain",
            "the request ended early",
        )),
    }
}

async fn misbehave(jobs: &Jobs, fault: Fault, request: Value) -> Result<Reply, Cut> {
    match fault {
        Fault::Refuse => return Err(Cut),
        Fault::Status(code) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok(text(
                status,
                "text/plain",
                status.canonical_reason().unwrap_or_default(),
            ));
        }
        Fault::Html => {
            let page = "<!doctype html><title>Sign in</title><p>Please sign in to this network.";
            return Ok(text(StatusCode::OK, "text/html", page));
        }
        _ => {}
    }
    let answer = execute(jobs, request.clone()).await;
    Ok(match fault {
        Fault::Delay(time) => {
            tokio::time::sleep(time).await;
            reply(answer)
        }
        // Ends when the client goes away or the node stops, which drops this future.
        Fault::Hang => match std::future::pending::<Infallible>().await {},
        Fault::Truncate => {
            let mut whole = answer.to_string();
            whole.truncate(whole.floor_char_boundary(whole.len() / 2));
            text(StatusCode::OK, JSON, whole)
        }
        Fault::WrongId => reply(rewrite(answer, |entry| entry["id"] = json!("unasked"))),
        Fault::NullResult => reply(rewrite(answer, nullify)),
        Fault::Pad(bytes) => text(StatusCode::OK, JSON, answer.to_string() + &" ".repeat(bytes)),
        Fault::ChainId(id) => reply(impersonate(&request, answer, id)),
        Fault::LoseAnswer | Fault::Refuse | Fault::Status(_) | Fault::Html => return Err(Cut),
    })
}

fn nullify(entry: &mut Value) {
    if let Some(result) = entry.get_mut("result") {
        *result = Value::Null;
    }
}

fn rewrite(mut answer: Value, change: impl Fn(&mut Value)) -> Value {
    match &mut answer {
        Value::Array(entries) => entries.iter_mut().for_each(change),
        Value::Null => {}
        single => change(single),
    }
    answer
}

fn impersonate(request: &Value, answer: Value, chain_id: u64) -> Value {
    let asked = |entry: &Value| {
        let call = calls(request).find(|call| call.get("id") == entry.get("id"));
        call.and_then(|call| call["method"].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    rewrite(answer, |entry| match asked(entry).as_str() {
        "eth_chainId" => entry["result"] = json!(format!("{chain_id:#x}")),
        method if is_identity(method) => entry["result"] = json!(chain_id.to_string()),
        _ => {}
    })
}

fn calls(request: &Value) -> impl Iterator<Item = &Value> {
    match request {
        Value::Array(list) => list.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

fn methods(request: &Value) -> Vec<&str> {
    calls(request)
        .filter_map(|call| call.get("method")?.as_str())
        .collect()
}

/// Executes a single request or a batch; null means that there is nothing to answer (notifications).
async fn execute(jobs: &Jobs, request: Value) -> Value {
    let Value::Array(batch) = request else {
        return call(jobs, request).await;
    };
    if batch.is_empty() {
        return failure(&Value::Null, &RpcError::request("empty batch"));
    }
    if batch.len() > MAX_BATCH {
        return failure(&Value::Null, &RpcError::request("batch too large"));
    }
    let mut answers = Vec::new();
    for request in batch {
        let answer = call(jobs, request).await;
        if !answer.is_null() {
            answers.push(answer);
        }
    }
    if answers.is_empty() {
        Value::Null
    } else {
        Value::Array(answers)
    }
}

async fn call(jobs: &Jobs, mut request: Value) -> Value {
    let id = request.get("id").cloned();
    let method = request.get("method").and_then(Value::as_str).map(str::to_owned);
    let version = request.get("jsonrpc").and_then(Value::as_str);
    let (Some(method), Some("2.0")) = (method, version) else {
        return failure(&id.unwrap_or_default(), &RpcError::request("invalid request"));
    };
    let params = request.get_mut("params").map(Value::take).unwrap_or_default();
    let outcome = jobs.request(method, params).await;
    let Some(id) = id else { return Value::Null };
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => failure(&id, &error),
    }
}

fn failure(id: &Value, error: &RpcError) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": error.to_json() })
}

fn reply(answer: Value) -> Reply {
    match answer {
        Value::Null => text(StatusCode::OK, JSON, ""),
        answer => text(StatusCode::OK, JSON, answer.to_string()),
    }
}

fn text(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
