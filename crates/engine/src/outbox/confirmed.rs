//! Confirmed transactions are watched until they are final: a reorganisation may take their block away, and then the
//! same bytes go again.

use std::collections::BTreeMap;

use enerlink_chain::{ChainError, Head};
use enerlink_domain::{BlockHash, Error, TxStage};
use enerlink_store::{OutboxRow, outbox};

use super::{News, Outbox};
use crate::network::Network;

/// A transaction so many blocks deep, the including one counted, is final: two epochs of Ethereum, and more than any
/// private chain undoes of its own accord. It is looked at again only where the chain is found to be another.
const FINAL_DEPTH: u64 = 64;
/// Deep transactions that are brought to their end in one turn. A profile from before they were watched has many.
const DEEP_AT_ONCE: u64 = 256;

/// What a look at a block has shown.
enum Found {
    Stands,
    Gone,
    /// The node has not come to that height, or not again: nothing is known.
    Unknown,
}

impl Found {
    /// The block of a transaction is `hash`, and at its height the node has `found`.
    fn of(found: Option<BlockHash>, hash: BlockHash) -> Self {
        match found {
            Some(found) if found == hash => Self::Stands,
            Some(_) => Self::Gone,
            // A node that lags behind is no reorganisation.
            None => Self::Unknown,
        }
    }
}

impl Outbox {
    /// Whether the chain has moved since the transactions in blocks were looked at, and there are any.
    pub(super) async fn has_to_watch(&self, network: &Network) -> Result<bool, Error> {
        let head = self.parts.ledger.sight.borrow().head;
        if head.is_some() && head == self.seen {
            return Ok(false);
        }
        let confirmed = self.confirmed(network, 0..u64::MAX, 1).await?;
        Ok(!confirmed.is_empty() || self.last_final(network).await?.is_some())
    }

    /// Looks whether confirmed transactions are still in their blocks. Answers whether any is not: it waits again then.
    ///
    /// One question suffices while the chain only grows: a head that was seen and is still there has everything below
    /// it. Should the chain be reorganised between two questions here, the head of the next turn does not descend from
    /// `seen`, and every block is asked for.
    pub(super) async fn watch(&mut self, network: &Network) -> Result<bool, Error> {
        let looked = async {
            let head = network.chain.head().await?;
            Ok::<_, ChainError>((head, self.descends(network, head).await?))
        };
        // Without an answer nothing is known, and nothing changes.
        let Ok((head, descends)) = looked.await else {
            return Ok(false);
        };
        if self.seen == Some(head) {
            return Ok(false);
        }
        // Blocks below this one are final.
        let deep = (head.number + 2).saturating_sub(FINAL_DEPTH.max(u64::from(network.confirmations())));
        let known = self.seen.filter(|_| descends).map_or(0, |seen| seen.number + 1);
        let old = self.confirmed(network, 0..deep, DEEP_AT_ONCE).await?;
        let new = self
            .confirmed(network, deep.max(known)..u64::MAX, u64::MAX >> 1)
            .await?;
        let mut complete = u64::try_from(old.len()).is_ok_and(|rows| rows < DEEP_AT_ONCE);
        // Only a history that is another may be another that deep.
        let (mut undone, asked) = match self.seen.is_none() || !descends {
            true => self.watch_final(network).await?,
            false => (false, true),
        };
        complete &= asked;
        let mut hashes = BTreeMap::new();
        for row in old.into_iter().chain(new) {
            let Some((number, hash)) = row.block else { continue };
            let found = match (number < known, hashes.get(&number)) {
                (true, _) => Found::Stands,
                (false, Some(found)) => Found::of(*found, hash),
                (false, None) => match network.chain.block_hash(number).await {
                    Ok(found) => {
                        hashes.insert(number, found);
                        Found::of(found, hash)
                    }
                    Err(_) => return Ok(undone),
                },
            };
            match found {
                Found::Stands if number < deep => self.finish(row, head).await?,
                Found::Stands => {}
                Found::Gone => {
                    self.undo(row).await?;
                    undone = true;
                }
                Found::Unknown => complete = false,
            }
        }
        if complete {
            self.seen = Some(head);
        }
        Ok(undone)
    }

    /// Looks at the final transactions, the highest first: below one that stands everything stands. What a history that was
    /// exchanged while nobody watched has undone is treated like the rest. Answers whether there was any, and whether
    /// the node could say.
    async fn watch_final(&self, network: &Network) -> Result<(bool, bool), Error> {
        let mut undone = false;
        while let Some(row) = self.last_final(network).await? {
            match self.look_at_block(network, &row).await {
                Ok(Found::Gone) => self.undo(row).await?,
                Ok(Found::Stands) => break,
                Ok(Found::Unknown) | Err(_) => return Ok((undone, false)),
            }
            undone = true;
        }
        Ok((undone, true))
    }

    async fn last_final(&self, network: &Network) -> Result<Option<OutboxRow>, Error> {
        Ok(outbox::last_final(&self.parts.store.reader(), network.addresses.chain_id).await?)
    }

    /// Whether `head` has the head that was seen last below it.
    async fn descends(&self, network: &Network, head: Head) -> Result<bool, ChainError> {
        match self.seen {
            Some(seen) if seen.number <= head.number => {
                Ok(network.chain.block_hash(seen.number).await? == Some(seen.hash))
            }
            _ => Ok(false),
        }
    }

    async fn look_at_block(&self, network: &Network, row: &OutboxRow) -> Result<Found, ChainError> {
        let Some((number, hash)) = row.block else {
            return Ok(Found::Unknown);
        };
        Ok(Found::of(network.chain.block_hash(number).await?, hash))
    }

    /// No reorganisation reaches it any more.
    async fn finish(&self, mut row: OutboxRow, head: Head) -> Result<(), Error> {
        if let Some((block, _)) = row.block {
            row.confirmations = (head.number + 1).saturating_sub(block);
        }
        row.stage = TxStage::Final;
        self.save(row, News::default()).await.map(|_| ())
    }

    /// Its block is gone: it waits again, and the same bytes bring it forward. Should they be in another block already, the
    /// same turn finds them there.
    async fn undo(&self, mut row: OutboxRow) -> Result<(), Error> {
        tracing::warn!(
            id = row.id,
            kind = row.kind.as_str(),
            "a reorganisation has undone a confirmed transaction"
        );
        row.stage = TxStage::Sent;
        row.block = None;
        row.confirmations = 0;
        row.as_simulated = None;
        row.unknown_since = None;
        row.reason =
            Some("a reorganisation of the chain has undone it; it is brought forward again".to_owned());
        self.save(row, News::default()).await.map(|_| ())
    }

    async fn confirmed(
        &self,
        network: &Network,
        blocks: std::ops::Range<u64>,
        limit: u64,
    ) -> Result<Vec<OutboxRow>, Error> {
        let chain_id = network.addresses.chain_id;
        Ok(outbox::confirmed(&self.parts.store.reader(), chain_id, blocks, limit).await?)
    }
}
