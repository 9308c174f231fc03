//! Gaps between nonces: a signed transaction waits for the one before it, which no node has any more, or which no block
//! takes for what it offers. A reorganisation leaves one when it takes away what had come to its end, or what another copy
//! of the wallet had sent.

use std::collections::BTreeMap;

use enerlink_chain::{ChainError, Head, SendOutcome};
use enerlink_domain::{Address, Code, Error, Fees, SignedTx, Status, TxKind, TxStage};
use enerlink_store::{NewOutbox, OutboxRow, outbox, outbox_versions};

use super::{Outbox, advance::DROPPED_AFTER, sign};
use crate::network::Network;

/// Nonces of one account that are looked at in one turn.
const MOST: u64 = 64;
/// Why a transaction waits whose gap is to be filled.
const BEHIND: &str = "waits until a transaction that does nothing has taken the nonce before it, which no block takes otherwise";

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
            self.heal_before(network, row).await?;
        }
        Ok(())
    }

    async fn heal_before(&mut self, network: &Network, mut row: OutboxRow) -> Result<(), Error> {
        let account = row.account;
        // Without an answer nothing is known; the next turn asks again.
        let (Ok(used), Some(lowest)) = (network.chain.nonce(account).await, row.nonce) else {
            return Ok(());
        };
        let between = used..lowest;
        self.gaps
            .retain(|(other, nonce), _| *other != account || between.contains(nonce));
        if between.is_empty() {
            return Ok(());
        }
        let asked = async {
            let pending = network.chain.pending_nonce(account).await?;
            let head = network.chain.head().await?;
            Ok::<_, ChainError>(Nonces { pending, head })
        };
        let Ok(nonces) = asked.await else {
            return Ok(());
        };
        for nonce in between.take(usize::try_from(MOST).unwrap_or(usize::MAX)) {
            let reader = self.parts.store.reader();
            let twins = outbox::with_nonce(&reader, account, row.chain_id, nonce).await?;
            let waiting = twins.iter().find(|twin| twin.stage.status() == Status::Pending);
            match waiting.map(|twin| twin.kind) {
                Some(TxKind::FillNonce) => {}
                // Any other looks after itself.
                Some(_) => continue,
                None => {
                    if !self.is_gap(network, account, nonce, twins, &nonces).await {
                        continue;
                    }
                    self.fill(&row, nonce).await?;
                }
            }
            self.gaps.entry((account, nonce)).or_insert(nonces.head.number);
            if row.reason.is_none() {
                let stage = row.stage;
                row = self.wait(row, stage, Code::NoGas, BEHIND).await?;
            }
        }
        Ok(())
    }

    /// Whether nothing will take `nonce` unless it is filled. `twins` had it, and have come to their end.
    async fn is_gap(
        &mut self,
        network: &Network,
        account: Address,
        nonce: u64,
        twins: Vec<OutboxRow>,
        nonces: &Nonces,
    ) -> bool {
        let known = nonce < nonces.pending;
        if let Some(twin) = twins.into_iter().find(|twin| twin.raw.is_some()) {
            return self.is_overtaken(network, twin, known, nonces.head).await;
        }
        if known {
            self.gaps.remove(&(account, nonce));
            return false;
        }
        // Somebody else may still bring it: a while is waited before its place is taken.
        let head = nonces.head.number;
        let since = *self.gaps.entry((account, nonce)).or_insert(head);
        head >= since.saturating_add(DROPPED_AFTER)
    }

    /// Brings what has come to its end forward once more, unless a node has it (`known`): the chain has not used its
    /// nonce, so that the same bytes are as good as they were. Answers whether they are not, because they offer too
    /// little by now.
    async fn is_overtaken(&self, network: &Network, twin: OutboxRow, known: bool, head: Head) -> bool {
        // What has succeeded is about to wait again, and then raises its own offer.
        let ended = twin.stage.status() == Status::Failed;
        if ended && head.base_fee > twin.max_fee {
            return true;
        }
        let (Some(hash), Some(raw), false) = (twin.hash, twin.raw, known) else {
            return false;
        };
        tracing::info!(account = %twin.account, nonce = twin.nonce, %hash, "a gap before a transaction is closed by the same bytes");
        match network.chain.send_raw(&SignedTx { hash, raw }).await {
            Ok(SendOutcome::Underpriced | SendOutcome::InsufficientFunds)
            | Err(ChainError::Refused { .. }) => ended,
            // Without an answer nothing is known.
            Ok(SendOutcome::Accepted | SendOutcome::AlreadyKnown | SendOutcome::NonceTooLow) | Err(_) => {
                false
            }
        }
    }

    /// Whether the row waits behind one whose place is to be taken.
    pub(super) fn is_behind(&self, row: &OutboxRow) -> bool {
        let mut gaps = self.gaps.keys();
        row.reason.as_deref() == Some(BEHIND)
            && gaps.any(|(account, nonce)| *account == row.account && Some(*nonce) < row.nonce)
    }

    /// What was offered under the nonce that `row` was given, by transactions of this wallet that came to their end.
    pub(super) async fn offered_before(&self, row: &OutboxRow) -> Result<Option<Fees>, Error> {
        let Some(nonce) = row.nonce else { return Ok(None) };
        let reader = self.parts.store.reader();
        let twins = outbox::with_nonce(&reader, row.account, row.chain_id, nonce).await?;
        let ended = twins.into_iter().filter(|twin| twin.raw.is_some());
        let versions = outbox_versions::list_all(&reader, &ended.collect::<Vec<_>>()).await?;
        Ok(sign::highest(&versions.concat()))
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
