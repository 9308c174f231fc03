//! One node: JSON-RPC 2.0 with bounds on time, on size, and on whose answer is believed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};

use super::{Endpoint, Lost, MAX_BODY, RpcError, Said, address::Address, http::Http};
use crate::{ChainError, error::quoted};

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    id: Value,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<RpcError>,
}

/// How questions get there.
enum Way {
    Http(Http),
    Given(Arc<dyn Endpoint>),
}

pub(super) struct Node {
    way: Way,
    url: String,
    place: String,
    timeout: Duration,
    next_id: AtomicU64,
}

impl Node {
    pub(super) fn at(text: &str, timeout: Duration) -> Result<Self, ChainError> {
        let address = Address::parse(text)?;
        let (url, place) = (address.url.to_string(), address.place());
        let way = Way::Http(Http::new(address)?);
        Ok(Self::by(way, url, place, timeout))
    }

    pub(super) fn over(endpoint: Arc<dyn Endpoint>, timeout: Duration) -> Self {
        let url = quoted(endpoint.url());
        Self::by(Way::Given(endpoint), url.clone(), url, timeout)
    }

    fn by(way: Way, url: String, place: String, timeout: Duration) -> Self {
        Self {
            way,
            url,
            place,
            timeout,
            next_id: AtomicU64::new(1),
        }
    }

    /// The address without user and password.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The result of `method`, or the node's JSON-RPC error for the caller to read. The whole exchange has one
    /// deadline, so that a server that trickles bytes gains nothing.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Value,
    ) -> Result<Result<T, RpcError>, ChainError> {
        let answer = self.exchange(method, params).await;
        let node = &self.place;
        match &answer {
            Err(error) => tracing::debug!(node, method, %error, "no good answer"),
            Ok(Err(error)) => {
                let message = quoted(&error.message);
                tracing::debug!(node, method, error.code, message, "refused");
            }
            Ok(Ok(_)) => {}
        }
        answer
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Value,
    ) -> Result<Result<T, RpcError>, ChainError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let question = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let said = tokio::time::timeout(self.timeout, self.post(question.to_string()))
            .await
            .map_err(|_| self.unreachable("no answer in time"))?;
        let Said { body, complaint } = said.map_err(|lost| match lost {
            Lost::Unreachable(reason) => self.unreachable(reason),
            Lost::TooLarge => self.too_large(method),
        })?;
        let answer = self.read(method, id, &body);
        match complaint {
            // Under a complaint only an error is believed.
            Some(complaint) if !matches!(answer, Ok(Err(_))) => Err(self.unreachable(complaint)),
            _ => answer,
        }
    }

    async fn post(&self, question: String) -> Result<Said, Lost> {
        match &self.way {
            Way::Http(http) => http.post(question).await,
            Way::Given(endpoint) => match endpoint.post(question).await {
                Ok(body) if body.len() > MAX_BODY => Err(Lost::TooLarge),
                Ok(body) => Ok(Said {
                    body,
                    complaint: None,
                }),
                Err(reason) => Err(Lost::Unreachable(quoted(&reason))),
            },
        }
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

    pub(super) fn bad(&self, method: &str, reason: impl AsRef<str>) -> ChainError {
        ChainError::BadAnswer {
            node: self.place.clone(),
            method: quoted(method),
            reason: quoted(reason.as_ref()),
        }
    }

    pub(super) fn refused(&self, method: &str, error: &RpcError) -> ChainError {
        ChainError::Refused {
            node: self.place.clone(),
            method: quoted(method),
            code: error.code,
            message: quoted(&error.message),
        }
    }

    pub(super) fn unreachable(&self, reason: impl Into<String>) -> ChainError {
        ChainError::Unreachable {
            node: self.place.clone(),
            reason: reason.into(),
        }
    }

    fn too_large(&self, method: &str) -> ChainError {
        ChainError::TooLarge {
            node: self.place.clone(),
            method: quoted(method),
            limit: MAX_BODY,
        }
    }
}
