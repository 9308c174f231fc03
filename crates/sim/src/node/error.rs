//! The errors a JSON-RPC client sees, with geth's codes and texts.

use alloy::primitives::Bytes;
use alloy::sol_types::{Panic, Revert, SolError};
use serde_json::{Value, json};

/// A JSON-RPC 2.0 error object. `code` is -32700..-32600 for the protocol, -32000 for the node, 3 for a revert with its
/// return data in `data`, as geth answers.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct RpcError {
    /// The closed part that a client may act on.
    pub code: i64,
    /// The text, in geth's words where geth has some.
    pub message: String,
    /// Return data of a revert as 0x-prefixed hex.
    pub data: Option<Value>,
}

impl RpcError {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// The node understood and refuses (-32000).
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(-32000, message)
    }

    /// A parameter is missing or has the wrong shape (-32602).
    pub fn params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// The body is no JSON-RPC request (-32600).
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    /// The body is no JSON (-32700).
    pub fn parse(message: impl Into<String>) -> Self {
        Self::new(-32700, message)
    }

    /// No such method (-32601).
    pub fn method(name: &str) -> Self {
        Self::new(
            -32601,
            format!("the method {name} does not exist/is not available"),
        )
    }

    /// The node has been shut down, or its task died (-32603).
    pub fn stopped() -> Self {
        Self::new(-32603, "the node has stopped")
    }

    /// The EVM reverted with `output` (code 3); `Error(string)` and `Panic(uint256)` are spelled out.
    pub fn revert(output: &Bytes) -> Self {
        let reason = Revert::abi_decode(output)
            .map(|revert| revert.reason)
            .or_else(|_| Panic::abi_decode(output).map(|panic| panic.to_string()));
        let message = match reason {
            Ok(reason) => format!("execution reverted: {reason}"),
            Err(_) => "execution reverted".to_owned(),
        };
        Self {
            code: 3,
            message,
            data: Some(json!(output)),
        }
    }

    /// The error object as it goes over the wire.
    pub fn to_json(&self) -> Value {
        let mut object = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            object["data"] = data.clone();
        }
        object
    }
}
