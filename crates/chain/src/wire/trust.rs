//! Whether a node is believed: it must serve the chain of this network, and name the same deep blocks as before.

use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use alloy::primitives::U64;
use enerlink_domain::BlockHash;
use serde_json::json;
use tokio::time::Instant;

use super::node::Node;
use crate::{
    ChainError, Identity,
    block::{Block, tag},
    contracts::hash,
};

/// No reorganisation reaches a block that lies this deep; whoever names another one there serves another history.
const DEEP: u64 = 64;
/// The block that is compared is exchanged for a newer one when the chain has grown by so many more.
const STRIDE: u64 = 32;
/// How often nodes that agreed are compared.
const COMPARED_EVERY: Duration = Duration::from_secs(60);
/// How long a node has that is only compared.
const COMPARED_WITHIN: Duration = Duration::from_secs(3);

/// A deep block, as a node named it that was believed.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    number: u64,
    hash: BlockHash,
}

/// What all nodes of one chain must agree on.
#[derive(Default)]
pub(super) struct Trust {
    chain: OnceLock<Identity>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    anchor: Option<Anchor>,
    compared: Option<Instant>,
}

impl Trust {
    /// Which chain it must be. Until somebody says so every node is believed.
    pub(super) fn bind(&self, chain: Identity) {
        // The first word counts: a profile stays with its chain.
        let _ = self.chain.set(chain);
    }

    /// Examines `node` if it may be another one than when it was examined last.
    pub(super) async fn check(&self, node: &Node) -> Result<(), ChainError> {
        if node.is_examined() {
            return Ok(());
        }
        // It is seldom needed, and would make every question's future several times as large.
        Box::pin(self.examine(node)).await
    }

    /// Asks `node` which chain it serves, and for the deep block that is known.
    pub(super) async fn examine(&self, node: &Node) -> Result<(), ChainError> {
        let Some(expected) = self.chain.get() else {
            return Ok(());
        };
        let turn = node.turn();
        let anchor = self.known().anchor;
        let (chain_id, genesis, deep) = tokio::try_join!(
            node.request::<U64>("eth_chainId", json!([])),
            block(node, 0),
            async {
                match anchor {
                    Some(anchor) => block(node, anchor.number).await,
                    None => Ok(None),
                }
            }
        )?;
        let genesis = genesis.ok_or_else(|| node.bad("eth_getBlockByNumber", "it has no block 0"))?;
        expected.require(&Identity {
            chain_id: chain_id.to(),
            genesis,
        })?;
        match anchor {
            Some(anchor) if deep != Some(anchor.hash) => Err(disagree(node, anchor, deep)),
            _ => {
                node.note_examined(turn);
                Ok(())
            }
        }
    }

    /// Takes the height that `node` says it has: it cannot have fallen below a deep block. Keeps a newer deep block
    /// once the chain has grown enough.
    pub(super) async fn note_height(&self, node: &Node, height: u64) -> Result<(), ChainError> {
        let anchor = self.known().anchor;
        if let Some(anchor) = anchor.filter(|anchor| height < anchor.number) {
            return Err(disagree(node, anchor, None));
        }
        let due = anchor.map_or(DEEP, |anchor| anchor.number + DEEP + STRIDE);
        if self.chain.get().is_none() || height < due {
            return Ok(());
        }
        let number = height - DEEP;
        if let Some(hash) = block(node, number).await? {
            self.known().anchor = Some(Anchor { number, hash });
        }
        Ok(())
    }

    /// Compares `other` with what is known of the chain. Only another history is an error; a node that cannot be
    /// reached, lags behind or serves another chain rests, and is examined before it is believed.
    pub(super) async fn compare(&self, other: &Node) -> Result<(), ChainError> {
        let outcome = tokio::time::timeout(COMPARED_WITHIN, self.examine(other)).await;
        match outcome.unwrap_or_else(|_| Err(other.unreachable("no answer in time"))) {
            Ok(()) => Ok(()),
            Err(error @ ChainError::Disagree { found: Some(_), .. }) => Err(error),
            Err(error) => {
                tracing::warn!(node = other.place(), %error, "the other node cannot be relied upon");
                other.rest();
                Ok(())
            }
        }
    }

    /// Whether nodes are to be compared now.
    pub(super) fn is_comparison_due(&self) -> bool {
        let known = self.known();
        known.anchor.is_some() && known.compared.is_none_or(|last| last.elapsed() >= COMPARED_EVERY)
    }

    /// Nodes were compared, and whether they agreed: where they did not, the next question compares them again.
    pub(super) fn note_compared(&self, agreed: bool) {
        self.known().compared = agreed.then(Instant::now);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn block(node: &Node, number: u64) -> Result<Option<BlockHash>, ChainError> {
    const METHOD: &str = "eth_getBlockByNumber";
    let block: Option<Block> = node.request(METHOD, json!([tag(number), false])).await?;
    match block {
        Some(block) if block.number.to::<u64>() != number => {
            let text = format!("asked for block {number}, got block {}", block.number);
            Err(node.bad(METHOD, text))
        }
        block => Ok(block.map(|block| hash(block.hash))),
    }
}

fn disagree(node: &Node, anchor: Anchor, found: Option<BlockHash>) -> ChainError {
    ChainError::Disagree {
        node: node.place().to_owned(),
        block: anchor.number,
        expected: anchor.hash,
        found,
    }
}
