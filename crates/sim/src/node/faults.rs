//! What can go wrong on the wire between a client and this node, on demand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// One way in which the node misbehaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Connections are reset as soon as they are made, and open ones on their next request; nothing is executed.
    Refuse,
    /// This HTTP status (e.g. 429, 500, 503) with a short text; nothing is executed.
    Status(u16),
    /// The request is executed and the connection is then cut without an answer.
    LoseAnswer,
    /// The answer comes this much (wall time) later than it could.
    Delay(Duration),
    /// The request is executed and never answered; the connection stays open.
    Hang,
    /// The request is executed and half of the JSON comes back, under HTTP 200.
    Truncate,
    /// An HTML page under HTTP 200, as a captive portal sends it; nothing is executed.
    Html,
    /// The answer carries an id that the request did not.
    WrongId,
    /// Every result is this, whatever is true; an error is none any more.
    Result(Value),
    /// The answer is followed by this many bytes of white space, which is valid JSON.
    Pad(usize),
    /// `eth_chainId` and `net_version` answer this id; everything else works.
    ChainId(u64),
}

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// For so many requests (or connections, see [`Fault::Refuse`]).
    Times(u32),
    /// Until [`Faults::clear`].
    UntilCleared,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    span: Span,
    method: Option<String>,
}

/// The faults of one node; cloning gives another handle to the same ones.
///
/// Of several faults the oldest that applies is taken. A fault in a batch applies to the whole batch.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Rule>>>);

impl Faults {
    /// Lets `fault` happen to every request.
    pub fn set(&self, fault: Fault, span: Span) {
        self.rules().push(Rule {
            fault,
            span,
            method: None,
        });
    }

    /// Lets `fault` happen to requests for `method`, e.g. `eth_sendRawTransaction`.
    pub fn set_for(&self, method: &str, fault: Fault, span: Span) {
        self.rules().push(Rule {
            fault,
            span,
            method: Some(method.to_owned()),
        });
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// Whether no fault is waiting to happen.
    pub fn is_clear(&self) -> bool {
        self.rules().is_empty()
    }

    /// Whether a connection that was just made is to be reset.
    pub(super) fn refuses_connection(&self) -> bool {
        self.take(|rule| rule.fault == Fault::Refuse && rule.method.is_none())
            .is_some()
    }

    /// The fault for a request that calls `methods`.
    pub(super) fn for_request(&self, methods: &[&str]) -> Option<Fault> {
        self.take(|rule| match (&rule.method, &rule.fault) {
            (Some(only), _) => methods.contains(&only.as_str()),
            (None, Fault::ChainId(_)) => methods.iter().any(|method| is_identity(method)),
            (None, _) => true,
        })
    }

    fn take(&self, applies: impl Fn(&Rule) -> bool) -> Option<Fault> {
        let mut rules = self.rules();
        let index = rules.iter().position(applies)?;
        let fault = rules[index].fault.clone();
        if let Span::Times(left) = &mut rules[index].span {
            *left = left.saturating_sub(1);
            if *left == 0 {
                rules.remove(index);
            }
        }
        Some(fault)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        // A panic elsewhere cannot leave the list half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The methods by which a client learns which chain it talks to.
pub(super) fn is_identity(method: &str) -> bool {
    matches!(method, "eth_chainId" | "net_version")
}
