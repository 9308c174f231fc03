//! The way to the node within the process: a client of it needs no socket, and no other clock.

use enerlink_chain::Endpoint;
use enerlink_domain::clock::BoxFuture;

use super::desk::{Cut, Desk, OK};

/// What a node without a socket is called.
pub(super) const URL: &str = "memory://node";

impl Endpoint for Desk {
    fn url(&self) -> &str {
        URL
    }

    fn post(&self, question: String) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        Box::pin(async move {
            if self.faults.refuses_connection() {
                return Err("connection refused".to_owned());
            }
            match self.answer(question.as_bytes()).await {
                Ok(reply) if reply.status == OK => Ok(reply.body.into_bytes()),
                Ok(reply) => Err(format!("HTTP status {}", reply.status)),
                Err(Cut) => Err("the connection was cut".to_owned()),
            }
        })
    }
}
