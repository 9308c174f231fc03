//! What becomes of signed transactions: what to do next depends only on the stage and on what the chain says.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_chain::{ChainError, Head, Receipt, SendOutcome};
use enerlink_domain::{Address, Code, Error, SignedTx, TxStage};
use enerlink_store::{OutboxRow, TxVersion, outbox_versions};
use futures_util::future::{join_all, try_join_all};

use super::{
    News, Outbox,
    outcome::{self, Seen},
};
use crate::network::Network;

/// A transaction that no node knows for so many blocks, though it is sent again and again, is called dropped.
pub(super) const DROPPED_AFTER: u64 = 10;

/// What the chain says of accounts.
struct Counted {
    head: Head,
    accounts: BTreeMap<Address, Used>,
}

/// How many transactions of an account are in blocks: the nonce of the next one.
#[derive(Clone, Copy)]
struct Used {
    newest: u64,
    /// In blocks deep enough.
    deep: u64,
}

/// A row of which no version is in a block, and its versions.
pub(super) type InNoBlock = (OutboxRow, Vec<TxVersion>);

/// A row, its versions, and the one of them that is in a block with its receipt.
type InBlock = (OutboxRow, Vec<TxVersion>, (TxVersion, Receipt));

/// What became of a row that was sent.
enum Handed {
    /// A node has it, and that is not stored yet.
    Sent(OutboxRow),
    /// All there is to store is stored.
    Kept(OutboxRow),
}

impl Outbox {
    /// Moves signed transactions as far as they go now. One whose sending got no answer may be in a block, so that
    /// receipts are asked for before sending again: of all whose nonce is used, no others can have one. An error of the
    /// node leaves a row where it is. Answers the rows in any order.
    pub(super) async fn follow_up(
        &self,
        network: &Network,
        rows: Vec<OutboxRow>,
    ) -> Result<Vec<OutboxRow>, Error> {
        let counted = match self.count(network, &rows).await {
            Ok(counted) => counted,
            Err(error) => return self.all_unreachable(rows, &error).await,
        };
        let (used, free): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| {
            let used = counted.accounts.get(&row.account);
            row.nonce
                .zip(used)
                .is_none_or(|(nonce, used)| nonce < used.newest)
        });
        let (mut rows, mut missing) = self.look(network, used).await?;
        let versions = outbox_versions::list_all(&self.parts.store.reader(), &free).await?;
        missing.extend(free.into_iter().zip(versions));
        // Asked for after the nonces: what is in the pool now had not lost its nonce then.
        let known = missing
            .iter()
            .map(|(_, versions)| newest_known(network, versions));
        let known = join_all(known).await;
        for ((row, versions), known) in missing.into_iter().zip(known) {
            rows.push(match known {
                Ok(known) => self.missing(network, row, &versions, &counted, known).await?,
                Err(error) => self.unreachable(row, error).await?,
            });
        }
        Ok(rows)
    }

    async fn all_unreachable(
        &self,
        rows: Vec<OutboxRow>,
        error: &ChainError,
    ) -> Result<Vec<OutboxRow>, Error> {
        let mut left = Vec::with_capacity(rows.len());
        for row in rows {
            left.push(self.unreachable(row, error.clone()).await?);
        }
        Ok(left)
    }

    async fn count(&self, network: &Network, rows: &[OutboxRow]) -> Result<Counted, ChainError> {
        let accounts: BTreeSet<Address> = rows.iter().map(|row| row.account).collect();
        let head = network.chain.head().await?;
        let deep = (head.number + 1).saturating_sub(u64::from(network.confirmations()));
        let counts = accounts.into_iter().map(async |account| {
            let newest = network.chain.nonce(account);
            let (newest, deep) = tokio::try_join!(newest, network.chain.nonce_at(account, deep))?;
            Ok::<_, ChainError>((account, Used { newest, deep }))
        });
        let accounts = try_join_all(counts).await?.into_iter().collect();
        Ok(Counted { head, accounts })
    }

    /// Asks for the receipts of all rows at the same time, and stores what they say. Answers the rows of which that is
    /// known, and those of which no version is in a block, with their versions.
    pub(super) async fn look(
        &self,
        network: &Network,
        rows: Vec<OutboxRow>,
    ) -> Result<(Vec<OutboxRow>, Vec<InNoBlock>), Error> {
        let versions = outbox_versions::list_all(&self.parts.store.reader(), &rows).await?;
        let found = join_all(rows.into_iter().zip(versions).map(async |(row, versions)| {
            let found = self.find(network, &versions).await;
            let found = found.map(|found| found.map(|(version, receipt)| (version.clone(), receipt)));
            (row, versions, found)
        }));
        let (mut rows, mut in_block, mut in_none) = (Vec::new(), Vec::new(), Vec::new());
        for (row, versions, found) in found.await {
            match found {
                Ok(Some(found)) => in_block.push((row, versions, found)),
                Ok(None) => in_none.push((row, versions)),
                Err(error) => rows.push(self.unreachable(row, error).await?),
            }
        }
        rows.extend(self.note(network, in_block).await?);
        Ok((rows, in_none))
    }

    /// Stores what the receipts say.
    async fn note(&self, network: &Network, in_block: Vec<InBlock>) -> Result<Vec<OutboxRow>, Error> {
        if in_block.is_empty() {
            return Ok(Vec::new());
        }
        let numbers = in_block.iter().map(|(_, _, (_, receipt))| receipt.block);
        let blocks = outcome::blocks(network, numbers).await;
        let (mut rows, mut changes) = (Vec::new(), Vec::new());
        for (row, versions, (version, receipt)) in in_block {
            let seen = match &blocks {
                Ok(blocks) => {
                    self.judge(network, row, &versions, &version, &receipt, blocks)
                        .await
                }
                Err(error) => Seen::Unreachable(row, error.clone()),
            };
            match seen {
                Seen::Same(row) => rows.push(row),
                Seen::Changed(row, news) => changes.push((row, *news)),
                Seen::Unreachable(row, error) => rows.push(self.unreachable(row, error).await?),
            }
        }
        rows.extend(self.save_all(changes).await?);
        Ok(rows)
    }

    /// The version that is in a block, the newest first: they share a nonce, so that it is one at most.
    pub(super) async fn find<'a>(
        &self,
        network: &Network,
        versions: &'a [TxVersion],
    ) -> Result<Option<(&'a TxVersion, Receipt)>, ChainError> {
        for version in versions.iter().rev() {
            if let Some(receipt) = network.chain.receipt(version.hash).await? {
                return Ok(Some((version, receipt)));
            }
        }
        Ok(None)
    }

    /// No version is in a block: still in the pool, dropped, or the nonce was used by something else. `known` is the
    /// newest version that a node has in its pool.
    async fn missing(
        &self,
        network: &Network,
        mut row: OutboxRow,
        versions: &[TxVersion],
        counted: &Counted,
        known: Option<u32>,
    ) -> Result<OutboxRow, Error> {
        let Counted { head, accounts } = counted;
        let used = accounts.get(&row.account).map_or(0, |used| used.deep);
        if known.is_none() && row.nonce.is_some_and(|nonce| used > nonce) {
            // Between the question for the receipt and the one for the nonce it may have come into a block itself: what
            // ends a transaction is asked for again.
            return match self.find(network, versions).await {
                Ok(Some((version, receipt))) => self.mined(network, row, versions, version, &receipt).await,
                Ok(None) => {
                    let text = "its nonce was used by another transaction";
                    self.fail(row, text.to_owned()).await
                }
                Err(error) => self.unreachable(row, error).await,
            };
        }
        let before = row.clone();
        if row.stage == TxStage::Mined {
            tracing::warn!(id = row.id, "the block with this transaction is gone");
            row.stage = TxStage::Sent;
            row.block = None;
            row.confirmations = 0;
            row.as_simulated = None;
            row.reason = None;
        }
        let last = versions.last();
        let waits = known == last.map(|version| version.number);
        // No block takes it for what it offers, and nobody says so: a pool may keep it for ever.
        let offer = last.map(|version| version.max_fee);
        let outbid = waits && head.base_fee > offer;
        if waits || known.is_some() {
            row.unknown_since = None;
        }
        if waits {
            row.stage = TxStage::Sent;
            let behind = self.is_behind(&row);
            row.reason = row.reason.filter(|_| outbid || behind);
        } else if known.is_none() {
            let since = *row.unknown_since.get_or_insert(head.number);
            if row.stage != TxStage::Dropped && head.number >= since.saturating_add(DROPPED_AFTER) {
                row.stage = TxStage::Dropped;
                row.reason = Some(format!(
                    "no node has known it since block {since}; it is sent again and again"
                ));
            }
        }
        if row != before {
            row = self.save(row, News::default()).await?;
        }
        if waits {
            return match outbid {
                true => self.outbid(network, row).await,
                false => Ok(row),
            };
        }
        tracing::debug!(
            id = row.id,
            "the node does not know the transaction: the same bytes are sent again"
        );
        self.send(network, row).await
    }

    /// Offers more for a transaction that waits below the chain's base fee, if it may.
    async fn outbid(&self, network: &Network, row: OutboxRow) -> Result<OutboxRow, Error> {
        let row = self.underpriced(network, row).await?;
        match row.stage {
            TxStage::Signed => self.send(network, row).await,
            _ => Ok(row),
        }
    }

    /// Sends the bytes of the last version. Without an answer nobody knows: the row stays, and the same bytes go again
    /// unless a receipt is found.
    pub(super) async fn send(&self, network: &Network, row: OutboxRow) -> Result<OutboxRow, Error> {
        match self.hand_over(network, row).await? {
            Handed::Sent(row) => self.save(row, News::default()).await,
            Handed::Kept(row) => Ok(row),
        }
    }

    /// Sends all of these like [`Outbox::send`], one after the other, and stores at once which of them a node has taken:
    /// should that get lost, it is found out from the chain. Answers those that were sent just now.
    pub(super) async fn send_all(
        &self,
        network: &Network,
        rows: Vec<OutboxRow>,
    ) -> Result<Vec<OutboxRow>, Error> {
        let mut sent = Vec::with_capacity(rows.len());
        for row in rows {
            if let Handed::Sent(row) = self.hand_over(network, row).await? {
                sent.push((row, News::default()));
            }
        }
        self.save_all(sent).await
    }

    async fn hand_over(&self, network: &Network, mut row: OutboxRow) -> Result<Handed, Error> {
        let signed = bytes(&row)?;
        let stage = row.stage;
        match network.chain.send_raw(&signed).await {
            // A nonce that is too low was used by these bytes, by another version or by a stranger: the receipt tells.
            Ok(SendOutcome::Accepted | SendOutcome::AlreadyKnown | SendOutcome::NonceTooLow) => {
                // Taken and forgotten is what dropped means: it counts once the node knows it.
                if stage == TxStage::Dropped || (stage == TxStage::Sent && row.reason.is_none()) {
                    return Ok(Handed::Kept(row));
                }
                row.stage = TxStage::Sent;
                row.reason = None;
                return Ok(Handed::Sent(row));
            }
            Ok(SendOutcome::Underpriced) => self.underpriced(network, row).await,
            Ok(SendOutcome::InsufficientFunds) => {
                let text = format!("{} cannot pay for the gas of the signed transaction", row.account);
                self.wait(row, stage, Code::NoGas, &text).await
            }
            Err(error) => self.unreachable(row, error).await,
        }
        .map(Handed::Kept)
    }
}

/// The newest version that the node has.
async fn newest_known(network: &Network, versions: &[TxVersion]) -> Result<Option<u32>, ChainError> {
    for version in versions.iter().rev() {
        if network.chain.transaction_known(version.hash).await? {
            return Ok(Some(version.number));
        }
    }
    Ok(None)
}

fn bytes(row: &OutboxRow) -> Result<SignedTx, Error> {
    match (row.hash, &row.raw) {
        (Some(hash), Some(raw)) => Ok(SignedTx {
            hash,
            raw: raw.clone(),
        }),
        _ => Err(Error::new(
            Code::DatabaseDamaged,
            format!("the signed bytes of transaction {} are missing", row.id),
        )),
    }
}
