//! Gaps between nonces: a signed transaction waits for the one before it, which no node has any more. A reorganisation
//! leaves one when it takes away what had come to its end, or what another copy of the wallet had sent.

use std::collections::BTreeMap;

use enerlink_chain::{ChainError, Head};
use enerlink_domain::{Address, Error, SignedTx, TxKind, TxStage};
use enerlink_store::{NewOutbox, OutboxRow, outbox};

use super::{Outbox, advance::DROPPED_AFTER};
use crate::network::Network;

/// Nonces of one account that are looked at in one turn.
const MOST: u64 = 64;

/// What the chain says of an account's nonces.
struct Nonces {
    /// The next one, with what waits in the node's pool.
    pending: u64,
    head: Head,
}

impl Outbox {
    /// Closes what stands between the chain and the first transaction of each account that waits for a block.
    pub(super) async fn heal(&mut self, network: &Network) -> Result<(), Error> {
        let mut first: BTreeMap<Address, OutboxRow> = BTreeMap::new();
        for row in self.unfinished(network).await? {
            if !row.stage.is_signed() || row.stage == TxStage::Mined {
                continue;
            }
            let lowest = first.get(&row.account).map(|other| other.nonce);
            if lowest.is_none_or(|lowest| row.nonce < lowest) {
                first.insert(row.account, row);
            }
        }
        self.gaps.retain(|(account, _), _| first.contains_key(account));
        for row in first.into_values() {
            self.heal_before(network, &row).await?;
        }
        Ok(())
    }

    async fn heal_before(&mut self, network: &Network, row: &OutboxRow) -> Result<(), Error> {
        let asked = async {
            let pending = network.chain.pending_nonce(row.account).await?;
            let head = network.chain.head().await?;
            Ok::<_, ChainError>(Nonces { pending, head })
        };
        // Without an answer nothing is known; the next turn asks again.
        let (Ok(Nonces { pending, head }), Some(lowest)) = (asked.await, row.nonce) else {
            return Ok(());
        };
        self.gaps
            .retain(|(account, nonce), _| *account != row.account || (pending..lowest).contains(nonce));
        for nonce in (pending..lowest).take(usize::try_from(MOST).unwrap_or(usize::MAX)) {
            let reader = self.parts.store.reader();
            let twins = outbox::with_nonce(&reader, row.account, row.chain_id, nonce).await?;
            let kept = twins.iter().find_map(|twin| twin.hash.zip(twin.raw.clone()));
            if let Some((hash, raw)) = kept {
                // Whatever became of it before, the chain has not used its nonce: the same bytes are as good as they were.
                tracing::info!(account = %row.account, nonce, %hash, "a gap before a transaction is closed by the same bytes");
                let _ = network.chain.send_raw(&SignedTx { hash, raw }).await;
            } else if twins.is_empty() {
                // Somebody else may still bring it: a while is waited before its place is taken.
                let since = *self.gaps.entry((row.account, nonce)).or_insert(head.number);
                if head.number >= since.saturating_add(DROPPED_AFTER) {
                    self.fill(row, nonce).await?;
                }
            }
        }
        Ok(())
    }

    /// Queues a transaction that does nothing but take `nonce`, before `row`.
    async fn fill(&self, row: &OutboxRow, nonce: u64) -> Result<(), Error> {
        tracing::warn!(account = %row.account, nonce, "a gap before a transaction is filled with one that does nothing");
        let new = NewOutbox {
            account: row.account,
            signer: row.signer.clone(),
            kind: TxKind::FillNonce,
            meter_id: None,
            settlement_id: None,
            detail: None,
            chain_id: row.chain_id,
            to: row.account,
            input: Vec::new(),
            created_at: self.parts.clock.wall(),
        };
        let tx = self.parts.store.begin().await?;
        let id = outbox::insert(&tx, &new).await?;
        if let Some(mut filler) = outbox::get(&tx, id).await? {
            filler.nonce = Some(nonce);
            outbox::update(&tx, &filler).await?;
        }
        Ok(tx.commit().await?)
    }
}
