//! JSON-RPC 2.0 bodies in, bodies out, with the faults of the wire; whatever carries them.

use std::convert::Infallible;

use serde_json::{Value, json};

use super::Jobs;
use super::error::RpcError;
use super::faults::{Fault, Faults, is_identity};

/// Largest question in bytes, as in geth.
pub(super) const MAX_BODY: usize = 5 * 1024 * 1024;
/// Most calls in one batch, as in geth.
const MAX_BATCH: usize = 1000;

/// The status of a proper answer.
pub(super) const OK: u16 = 200;
pub(super) const JSON: &str = "application/json";

/// The connection is to be cut without an answer. As a service's error it makes hyper drop the connection.
#[derive(Debug, thiserror::Error)]
#[error("cut by a fault")]
pub(super) struct Cut;

/// What goes back, as HTTP says it.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) body: String,
}

/// Where questions are answered.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) jobs: Jobs,
    pub(super) faults: Faults,
}

impl Desk {
    /// Answers a body, or misbehaves.
    pub(super) async fn answer(&self, body: &[u8]) -> Result<Reply, Cut> {
        let request: Value = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(error) => {
                let error = RpcError::parse(format!("parse error: {error}"));
                return Ok(reply(failure(&Value::Null, &error)));
            }
        };
        match self.faults.for_request(&methods(&request)) {
            None => Ok(reply(execute(&self.jobs, request).await)),
            Some(fault) => misbehave(&self.jobs, fault, request).await,
        }
    }
}

async fn misbehave(jobs: &Jobs, fault: Fault, request: Value) -> Result<Reply, Cut> {
    match fault {
        Fault::Refuse => return Err(Cut),
        Fault::Status(code) => {
            return Ok(text(code, "text/plain", format!("status {code}")));
        }
        Fault::Html => {
            let page = "<!doctype html><title>Sign in</title><p>Please sign in to this network.";
            return Ok(text(OK, "text/html", page));
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
            text(OK, JSON, whole)
        }
        Fault::WrongId => reply(rewrite(answer, |entry| entry["id"] = json!("unasked"))),
        Fault::Result(lie) => reply(rewrite(answer, |entry| {
            *entry = json!({ "jsonrpc": "2.0", "id": entry["id"], "result": lie });
        })),
        Fault::Pad(bytes) => text(OK, JSON, answer.to_string() + &" ".repeat(bytes)),
        Fault::ChainId(id) => reply(impersonate(&request, answer, id)),
        Fault::LoseAnswer | Fault::Refuse | Fault::Status(_) | Fault::Html => return Err(Cut),
    })
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
        Value::Null => text(OK, JSON, ""),
        answer => text(OK, JSON, answer.to_string()),
    }
}

fn text(status: u16, kind: &'static str, body: impl Into<String>) -> Reply {
    let body = body.into();
    Reply { status, kind, body }
}
