//! JSON-RPC 2.0 over HTTP with bounds: on time, on size, on whose answer is believed.
//!
//! One request, one POST. The whole exchange has one deadline, so that a server that trickles bytes gains nothing;
//! no proxy, no redirect, no decompression, so that the bytes counted are the bytes sent.

use std::{
    error::Error as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use alloy::transports::http::reqwest::{self, Client, Response, StatusCode, Url, header, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};

use crate::{ChainError, error::quoted};

/// How long a question may take, connection and answer included.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may be, in bytes.
pub(crate) const MAX_BODY: usize = 16 << 20;

/// A JSON-RPC error object.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) data: Value,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    id: Value,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<RpcError>,
}

/// One endpoint.
pub(crate) struct Wire {
    client: Client,
    url: Url,
    credentials: Option<(String, Option<String>)>,
    node: String,
    next_id: AtomicU64,
}

impl Wire {
    /// Takes `http://` or `https://`, with or without `user:password@`.
    pub(crate) fn new(text: &str, timeout: Duration) -> Result<Self, ChainError> {
        let bad = |reason: &str| ChainError::BadUrl {
            reason: reason.into(),
        };
        let mut url = Url::parse(text.trim()).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("it must start with http:// or https://"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("it names no host"));
        }
        let credentials = take_credentials(&mut url).ok_or_else(|| bad("user or password cannot be read"))?;
        let client = Client::builder()
            .timeout(timeout)
            .no_proxy()
            .redirect(Policy::none())
            .build()
            .map_err(|error| bad(&innermost(error)))?;
        Ok(Self {
            client,
            node: url.origin().ascii_serialization(),
            url,
            credentials,
            next_id: AtomicU64::new(1),
        })
    }

    /// The address without user and password.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Scheme, host and port.
    pub(crate) fn node(&self) -> &str {
        &self.node
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
        let answer = self.exchange(method, params).await;
        match &answer {
            Err(error) => tracing::debug!(node = self.node, method, %error, "no good answer"),
            Ok(Err(error)) => {
                tracing::debug!(
                    node = self.node,
                    method,
                    error.code,
                    message = quoted(&error.message),
                    "refused"
                );
            }
            Ok(Ok(_)) => {}
        }
        answer
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<Result<T, RpcError>, ChainError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let question = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let mut post = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(question.to_string());
        if let Some((user, password)) = &self.credentials {
            post = post.basic_auth(user, password.as_ref());
        }
        let response = post.send().await.map_err(|error| self.lost(error))?;
        let status = response.status();
        let body = self.body(method, response).await;
        if status.is_success() {
            return self.read(method, id, &body?);
        }
        // Some nodes put their JSON-RPC error under an HTTP error; too many requests is never about the question.
        match body.and_then(|body| self.read::<T>(method, id, &body)) {
            Ok(Err(error)) if status != StatusCode::TOO_MANY_REQUESTS => Ok(Err(error)),
            _ => Err(self.unreachable(format!("HTTP status {status}"))),
        }
    }

    async fn body(&self, method: &str, mut response: Response) -> Result<Vec<u8>, ChainError> {
        let too_large = || ChainError::TooLarge {
            node: self.node.clone(),
            method: quoted(method),
            limit: MAX_BODY,
        };
        let announced = response.content_length().unwrap_or_default();
        if announced > MAX_BODY as u64 {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(error))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn read<T: DeserializeOwned>(
        &self,
        method: &str,
        id: u64,
        body: &[u8],
    ) -> Result<Result<T, RpcError>, ChainError> {
        let answer: Answer<'_> = serde_json::from_slice(body)
            .map_err(|error| self.bad(method, format!("not JSON-RPC, {error}")))?;
        if let Some(error) = answer.error {
            // A node that could not read the question does not know its id.
            return if answer.id.is_null() || answer.id == id {
                Ok(Err(error))
            } else {
                Err(self.bad(method, "the error belongs to another question"))
            };
        }
        if answer.id != id {
            return Err(self.bad(method, "the answer belongs to another question"));
        }
        let result = answer.result.map_or("null", RawValue::get);
        serde_json::from_str(result)
            .map(Ok)
            .map_err(|error| self.bad(method, error.to_string()))
    }

    pub(crate) fn bad(&self, method: &str, reason: impl AsRef<str>) -> ChainError {
        ChainError::BadAnswer {
            node: self.node.clone(),
            method: quoted(method),
            reason: quoted(reason.as_ref()),
        }
    }

    pub(crate) fn refused(&self, method: &str, error: &RpcError) -> ChainError {
        ChainError::Refused {
            node: self.node.clone(),
            method: quoted(method),
            code: error.code,
            message: quoted(&error.message),
        }
    }

    pub(crate) fn unreachable(&self, reason: impl Into<String>) -> ChainError {
        ChainError::Unreachable {
            node: self.node.clone(),
            reason: reason.into(),
        }
    }

    fn lost(&self, error: reqwest::Error) -> ChainError {
        let reason = if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            innermost(error)
        };
        self.unreachable(reason)
    }
}

/// Moves user and password out of the address. They are percent-encoded there (RFC 3986, section 3.2.1).
fn take_credentials(url: &mut Url) -> Option<Option<(String, Option<String>)>> {
    let user = unescape(url.username())?;
    let password = match url.password() {
        Some(password) => Some(unescape(password)?),
        None => None,
    };
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let given = !user.is_empty() || password.is_some();
    Some(given.then_some((user, password)))
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The last cause, which says what happened; the outer ones repeat the address.
fn innermost(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    quoted(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_taken() {
        for text in ["", "ws://x", "file:///etc/passwd", "localhost:8545", "http://"] {
            assert!(
                matches!(Wire::new(text, TIMEOUT), Err(ChainError::BadUrl { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn a_password_is_kept_out_of_sight() {
        let wire = Wire::new("http://me:s%40cret@127.0.0.1:9/v1", TIMEOUT).expect("url");
        assert_eq!(wire.url(), "http://127.0.0.1:9/v1");
        assert_eq!(wire.credentials, Some(("me".into(), Some("s@cret".into()))));
        let error = wire.unreachable("x").to_string();
        assert_eq!(error, "the node at http://127.0.0.1:9 cannot be reached: x");
        let error = Wire::new("ftp://me:secret@host", TIMEOUT).err().expect("refused");
        assert!(!error.to_string().contains("secret"));
    }
}
