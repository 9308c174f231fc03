//! Questions to the nodes of a chain: the first that answers properly is believed, once it has shown which chain it serves.

mod address;
mod http;
mod node;
mod socket;
mod trust;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use enerlink_domain::clock::BoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use self::{node::Node, trust::Trust};
use crate::{ChainError, Identity};

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

/// The address of a node without user and password.
pub(crate) fn public_url(text: &str) -> Result<String, ChainError> {
    Ok(address::Address::parse(text)?.url.to_string())
}

/// The nodes of one chain, the preferred one first.
pub(crate) struct Wire {
    nodes: Vec<Arc<Node>>,
    answering: AtomicUsize,
    trust: Arc<Trust>,
}

impl Wire {
    /// Takes `http://`, `https://`, `ws://` and `wss://`, with or without `user:password@`.
    pub(crate) fn new(urls: &[&str], timeout: Duration) -> Result<Self, ChainError> {
        let nodes = urls.iter().map(|url| Node::at(url, timeout));
        Ok(Self::of(nodes.collect::<Result<_, _>>()?))
    }

    pub(crate) fn over(endpoints: Vec<Arc<dyn Endpoint>>, timeout: Duration) -> Self {
        let nodes = endpoints.into_iter();
        Self::of(nodes.map(|endpoint| Node::over(endpoint, timeout)).collect())
    }

    fn of(nodes: Vec<Node>) -> Self {
        Self {
            nodes: nodes.into_iter().map(Arc::new).collect(),
            answering: AtomicUsize::new(0),
            trust: Arc::default(),
        }
    }

    /// Which chain the nodes must serve.
    pub(crate) fn bind(&self, chain: Identity) {
        self.trust.bind(chain);
    }

    /// The addresses without user and password, the preferred one first.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| node.url())
    }

    /// The address of the node that answered last.
    pub(crate) fn answering(&self) -> &str {
        self.current().url()
    }

    /// Scheme, host and port of the node that answered last.
    pub(crate) fn node(&self) -> &str {
        self.current().place()
    }

    fn current(&self) -> &Node {
        &self.nodes[self.answering.load(Ordering::SeqCst)]
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
        let mut failure = None;
        for index in self.order() {
            let outcome = ask_checked(&self.trust, &self.nodes[index], method, &params).await;
            match self.judge(index, method, outcome) {
                Ok(answer) => return Ok(answer),
                Err(error) if is_nodes_fault(method, &error) => failure = worse(failure, error),
                Err(error) => return Err(error),
            }
        }
        Err(failure.unwrap_or_else(|| self.unreachable("there is no node to ask")))
    }

    /// Puts `method` to every node at once: what must not get lost. The first that takes it answers for all; the
    /// others go on by themselves.
    pub(crate) async fn tell<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<Result<T, RpcError>, ChainError> {
        let mut order = self.order().into_iter();
        let first = order.next().unwrap_or_default();
        let others: Vec<_> = order
            .filter(|index| !self.nodes[*index].is_resting())
            .map(|index| {
                let (trust, node, params) = (
                    Arc::clone(&self.trust),
                    Arc::clone(&self.nodes[index]),
                    params.clone(),
                );
                let ask = async move { ask_checked::<T>(&trust, &node, method, &params).await };
                (index, tokio::spawn(ask))
            })
            .collect();
        let outcome = ask_checked(&self.trust, &self.nodes[first], method, &params).await;
        let mut answer = self.judge(first, method, outcome);
        for (index, other) in others {
            if matches!(answer, Ok(Ok(_))) {
                break;
            }
            let outcome = other.await.unwrap_or_else(|error| {
                Err(self.nodes[index].unreachable(format!("the question was lost, {error}")))
            });
            let outcome = self.judge(index, method, outcome);
            if answer.is_err() || matches!(outcome, Ok(Ok(_))) {
                answer = outcome;
            }
        }
        answer
    }

    /// Asks the node that answers which chain it serves, whatever it said before; now and then the other one too,
    /// so that two that tell different things are found out before one of them is needed.
    pub(crate) async fn trust(&self) -> Result<(), ChainError> {
        const METHOD: &str = "eth_chainId";
        let mut failure = None;
        for index in self.order() {
            let outcome = self.trust.examine(&self.nodes[index]).await;
            match self.judge(index, METHOD, outcome) {
                Ok(()) => return self.compare(index).await,
                Err(error) => failure = worse(failure, error),
            }
        }
        Err(failure.unwrap_or_else(|| self.unreachable("there is no node to ask")))
    }

    async fn compare(&self, answering: usize) -> Result<(), ChainError> {
        if self.nodes.len() == 1 || !self.trust.is_comparison_due() {
            return Ok(());
        }
        for (index, other) in self.nodes.iter().enumerate() {
            if index == answering || other.is_resting() {
                continue;
            }
            let outcome = self.trust.compare(other).await;
            self.trust.note_compared(outcome.is_ok());
            outcome?;
        }
        Ok(())
    }

    /// Takes the height of the chain, as the node said it that answered last.
    pub(crate) async fn note_height(&self, height: u64) -> Result<(), ChainError> {
        self.trust.note_height(self.current(), height).await
    }

    /// Whom to ask first. A node that failed rests; one that rests is better than none.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|index| self.nodes[*index].is_resting());
        order
    }

    /// Notes what the node's outcome says about the node.
    fn judge<T>(&self, index: usize, method: &str, outcome: Result<T, ChainError>) -> Result<T, ChainError> {
        match &outcome {
            Err(error) if is_nodes_fault(method, error) => self.nodes[index].rest(),
            _ => {
                self.nodes[index].stand();
                if self.answering.swap(index, Ordering::SeqCst) != index {
                    tracing::warn!(node = self.nodes[index].place(), "another node answers now");
                }
            }
        }
        outcome
    }

    /// An answer that cannot be true. The next question goes to another node, where there is one.
    pub(crate) fn bad(&self, method: &str, reason: impl AsRef<str>) -> ChainError {
        let node = self.current();
        node.rest();
        node.bad(method, reason)
    }

    pub(crate) fn refused(&self, method: &str, error: &RpcError) -> ChainError {
        self.current().refused(method, error)
    }

    pub(crate) fn unreachable(&self, reason: impl Into<String>) -> ChainError {
        self.current().unreachable(reason)
    }
}

/// Puts a question to one node. What a new connection has answered is believed after its node was examined.
async fn ask_checked<T: DeserializeOwned>(
    trust: &Trust,
    node: &Node,
    method: &str,
    params: &Value,
) -> Result<Result<T, RpcError>, ChainError> {
    trust.check(node).await?;
    let answer = node.ask(method, params).await?;
    trust.check(node).await?;
    Ok(answer)
}

/// Whether another node may do better.
fn is_nodes_fault(method: &str, error: &ChainError) -> bool {
    match error {
        // Too many logs are asked for again in smaller pages.
        ChainError::TooLarge { .. } => method != "eth_getLogs",
        ChainError::Unreachable { .. }
        | ChainError::BadAnswer { .. }
        | ChainError::WrongChain { .. }
        | ChainError::OtherChain { .. }
        | ChainError::Disagree { .. } => true,
        _ => false,
    }
}

/// Of two nodes that failed the one that lies is told, rather than the one that is silent.
fn worse(before: Option<ChainError>, error: ChainError) -> Option<ChainError> {
    let is_lie = |error: &ChainError| {
        matches!(
            error,
            ChainError::WrongChain { .. } | ChainError::OtherChain { .. } | ChainError::Disagree { .. }
        )
    };
    match before {
        Some(before) if is_lie(&before) || !is_lie(&error) => Some(before),
        _ => Some(error),
    }
}
