//! Questions to a node, by whatever way it is reached.

mod address;
mod http;
mod node;

use std::{sync::Arc, time::Duration};

use enerlink_domain::clock::BoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use self::node::Node;
use crate::ChainError;

/// How long a question may take, connection and answer included.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may be, in bytes.
pub(crate) const MAX_BODY: usize = 16 << 20;

/// A way to a node that is not a socket: JSON-RPC 2.0 questions go in as text, answers come out as bytes.
pub trait Endpoint: Send + Sync {
    /// What the node is called; shown, and without a password.
    fn url(&self) -> &str;

    /// Puts one question. The error says in words why there is no answer; whether the question has arrived is then
    /// unknown.
    fn post(&self, question: String) -> BoxFuture<'_, Result<Vec<u8>, String>>;
}

/// A JSON-RPC error object.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) data: Value,
}

/// What came back.
struct Said {
    body: Vec<u8>,
    /// Why it is no proper answer, where the way itself says so.
    complaint: Option<String>,
}

/// Why nothing came back.
enum Lost {
    Unreachable(String),
    TooLarge,
}

/// The node that is asked.
pub(crate) struct Wire {
    node: Node,
}

impl Wire {
    /// Takes `http://` or `https://`, with or without `user:password@`.
    pub(crate) fn new(text: &str, timeout: Duration) -> Result<Self, ChainError> {
        let node = Node::at(text, timeout)?;
        Ok(Self { node })
    }

    pub(crate) fn over(endpoint: Arc<dyn Endpoint>, timeout: Duration) -> Self {
        let node = Node::over(endpoint, timeout);
        Self { node }
    }

    /// The address without user and password.
    pub(crate) fn url(&self) -> &str {
        self.node.url()
    }

    /// Scheme, host and port.
    pub(crate) fn node(&self) -> &str {
        self.node.place()
    }

    /// The result of `method`; a JSON-RPC error becomes [`ChainError::Refused`].
    pub(crate) async fn request<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, ChainError> {
        self.ask(method, params)
            .await?
            .map_err(|error| self.refused(method, &error))
    }

    /// The result of `method`, or the node's JSON-RPC error for the caller to read.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<Result<T, RpcError>, ChainError> {
        self.node.ask(method, &params).await
    }

    pub(crate) fn bad(&self, method: &str, reason: impl AsRef<str>) -> ChainError {
        self.node.bad(method, reason)
    }

    pub(crate) fn refused(&self, method: &str, error: &RpcError) -> ChainError {
        self.node.refused(method, error)
    }

    pub(crate) fn unreachable(&self, reason: impl Into<String>) -> ChainError {
        self.node.unreachable(reason)
    }
}
