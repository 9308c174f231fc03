//! One node: JSON-RPC 2.0 with bounds on time, on size, and on whose answer is believed.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use tokio::time::Instant;

use super::{Endpoint, Lost, MAX_BODY, RpcError, Said, address::Address, http::Http, socket::Socket};
use crate::{ChainError, error::quoted};

/// How long a node rests after its first failure; twice as long after each further one.
const FIRST_REST: Duration = Duration::from_secs(1);
/// How long a node rests at most.
const LONGEST_REST: Duration = Duration::from_secs(60);

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
    Socket(Socket),
    Given(Arc<dyn Endpoint>),
}

pub(super) struct Node {
    way: Way,
    url: String,
    place: String,
    timeout: Duration,
    next_id: AtomicU64,
    /// How often it could not be reached.
    losses: AtomicU64,
    standing: Mutex<Standing>,
}

#[derive(Default)]
struct Standing {
    /// The turn in which it was examined.
    examined: Option<u64>,
    /// Failures since the last answer.
    failures: u32,
    rests_until: Option<Instant>,
}

impl Node {
    pub(super) fn at(text: &str, timeout: Duration) -> Result<Self, ChainError> {
        let address = Address::parse(text)?;
        let (url, place) = (address.url.to_string(), address.place());
        let way = if matches!(address.url.scheme(), "ws" | "wss") {
            Way::Socket(Socket::new(&address)?)
        } else {
            Way::Http(Http::new(address)?)
        };
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
            losses: AtomicU64::new(0),
            standing: Mutex::default(),
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

    /// Changes whenever another node may stand behind the address: after a loss, and with a new connection.
    pub(super) fn turn(&self) -> u64 {
        let opened = match &self.way {
            Way::Socket(socket) => socket.opened(),
            Way::Http(_) | Way::Given(_) => 0,
        };
        self.losses.load(Ordering::SeqCst) + opened
    }

    pub(super) fn is_examined(&self) -> bool {
        self.standing().examined == Some(self.turn())
    }

    /// It was found in order in `turn`.
    pub(super) fn note_examined(&self, turn: u64) {
        self.standing().examined = Some(turn);
    }

    pub(super) fn is_resting(&self) -> bool {
        let until = self.standing().rests_until;
        until.is_some_and(|until| Instant::now() < until)
    }

    /// It failed: for a while others are asked first.
    pub(super) fn rest(&self) {
        let mut standing = self.standing();
        let rest = FIRST_REST * 2_u32.saturating_pow(standing.failures);
        standing.failures = (standing.failures + 1).min(6);
        standing.examined = None;
        standing.rests_until = Some(Instant::now() + rest.min(LONGEST_REST));
    }

    /// It answered.
    pub(super) fn stand(&self) {
        let mut standing = self.standing();
        standing.failures = 0;
        standing.rests_until = None;
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result of `method`; a JSON-RPC error becomes [`ChainError::Refused`].
    pub(super) async fn request<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, ChainError> {
        self.ask(method, &params)
            .await?
            .map_err(|error| self.refused(method, &error))
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
            Err(error) => {
                if matches!(error, ChainError::Unreachable { .. }) {
                    self.lose();
                }
                tracing::debug!(node, method, %error, "no good answer");
            }
            Ok(Err(error)) => {
                let message = quoted(&error.message);
                tracing::debug!(node, method, error.code, message, "refused");
            }
            Ok(Ok(_)) => {}
        }
        answer
    }

    /// What stands behind the address is unknown again, and other connections to it are no better.
    fn lose(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
        if let Way::Socket(socket) = &self.way {
            socket.forget();
        }
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Value,
    ) -> Result<Result<T, RpcError>, ChainError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let question = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        // Boxed, since all futures above hold this one, some of them several times.
        let post = Box::pin(self.post(question.to_string()));
        let said = tokio::time::timeout(self.timeout, post)
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
            Way::Socket(socket) => socket.post(question).await,
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
