//! What a receipt says: which version it was, whether it is deep enough, and whether it did what the simulation had said.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_chain::{Addresses, ChainError, Placed, Receipt, SettledEvent};
use enerlink_domain::{BlockHash, Error, TxKind, TxStage};
use enerlink_store::{OutboxRow, TxVersion};
use futures_util::future::try_join_all;

use super::{News, Outbox, sign};
use crate::network::Network;

/// What a receipt makes of a row. Nothing of it is stored yet.
pub(super) enum Seen {
    Same(OutboxRow),
    Changed(OutboxRow, Box<News>),
    /// The node cannot be asked, or says what cannot be true.
    Unreachable(OutboxRow, ChainError),
}

/// What the chain says of the blocks that receipts name, asked after them.
pub(super) struct Blocks {
    /// The newest one.
    head: u64,
    /// The hashes by number; none of a block that is not there.
    at: BTreeMap<u64, Option<BlockHash>>,
}

/// Asks for each of these blocks once.
pub(super) async fn blocks(
    network: &Network,
    numbers: impl IntoIterator<Item = u64>,
) -> Result<Blocks, ChainError> {
    let numbers: BTreeSet<u64> = numbers.into_iter().collect();
    let hashes = numbers
        .into_iter()
        .map(async |number| Ok((number, network.chain.block_hash(number).await?)));
    let (head, at) = tokio::try_join!(network.chain.head(), try_join_all(hashes))?;
    Ok(Blocks {
        head: head.number,
        at: at.into_iter().collect(),
    })
}

impl Outbox {
    /// Takes a receipt of `version` in.
    pub(super) async fn mined(
        &self,
        network: &Network,
        row: OutboxRow,
        versions: &[TxVersion],
        version: &TxVersion,
        receipt: &Receipt,
    ) -> Result<OutboxRow, Error> {
        let blocks = match blocks(network, [receipt.block]).await {
            Ok(blocks) => blocks,
            Err(error) => return self.unreachable(row, error).await,
        };
        match self
            .judge(network, row, versions, version, receipt, &blocks)
            .await
        {
            Seen::Same(row) => Ok(row),
            Seen::Changed(row, news) => self.save(row, *news).await,
            Seen::Unreachable(row, error) => self.unreachable(row, error).await,
        }
    }

    /// What a receipt of `version` makes of the row.
    pub(super) async fn judge(
        &self,
        network: &Network,
        mut row: OutboxRow,
        versions: &[TxVersion],
        version: &TxVersion,
        receipt: &Receipt,
        blocks: &Blocks,
    ) -> Seen {
        if blocks.at.get(&receipt.block) != Some(&Some(receipt.block_hash)) {
            // The chain was reorganised between two questions, or two nodes answer in turn: the next turn asks again.
            return Seen::Same(row);
        }
        let found = settled(network, &row, version, receipt).and_then(|settled| {
            shown(network, &row, version, receipt)?;
            Ok((settled, placed(network, &row, version, receipt)?))
        });
        let (settled, placed) = match found {
            Ok(found) => found,
            Err(error) => return Seen::Unreachable(row, error),
        };
        let block = Some((receipt.block, receipt.block_hash));
        let confirmations = (blocks.head + 1).saturating_sub(receipt.block);
        let deep = confirmations >= u64::from(network.confirmations());
        let before = row.clone();
        row.block = block;
        row.confirmations = confirmations;
        row.unknown_since = None;
        sign::take(&mut row, version);
        row.as_simulated = as_simulated(&row, receipt, settled.as_ref(), placed);
        row.stage = match (deep, version.cancels, receipt.succeeded) {
            (false, ..) => TxStage::Mined,
            (true, true, _) => TxStage::Replaced,
            (true, false, true) => TxStage::Confirmed,
            (true, false, false) => TxStage::Failed,
        };
        row.reason = match row.stage {
            TxStage::Replaced => {
                Some("cancelled: a transaction that does nothing has taken its nonce".to_owned())
            }
            TxStage::Failed => Some(self.refusal(network, &row, receipt).await),
            _ => overtaken(versions, version),
        };
        if row == before {
            return Seen::Same(row);
        }
        let news = News {
            settled,
            placed,
            ..News::default()
        };
        Seen::Changed(row, Box::new(news))
    }

    /// Why the contract refused it in its block.
    async fn refusal(&self, network: &Network, row: &OutboxRow, receipt: &Receipt) -> String {
        let call = sign::call_of(row);
        let limit = row.gas_limit.unwrap_or(u64::MAX);
        match network.chain.explain(row.account, &call, limit, receipt).await {
            Ok(Some(revert)) => revert.message,
            // A node that keeps no old state cannot say more; that it was refused is certain.
            Ok(None) | Err(_) => "the contract refused it in the block".to_owned(),
        }
    }
}

/// The settlement in a receipt, which must be the row's own.
fn settled(
    network: &Network,
    row: &OutboxRow,
    version: &TxVersion,
    receipt: &Receipt,
) -> Result<Option<SettledEvent>, ChainError> {
    if row.kind != TxKind::SettleMeter || version.cancels || !receipt.succeeded {
        return Ok(None);
    }
    let own = |event: &SettledEvent| {
        Some(&event.settlement_id) == row.settlement_id.as_ref()
            && Some(&event.meter_id) == row.meter_id.as_ref()
    };
    let event = receipt.settled(&network.addresses)?.into_iter().find(own);
    // The contract cannot succeed without it: whoever says so is not to be believed.
    event.map(Some).ok_or_else(|| receipt.shows_no_settlement())
}

/// What an order did that arrived with this receipt.
fn placed(
    network: &Network,
    row: &OutboxRow,
    version: &TxVersion,
    receipt: &Receipt,
) -> Result<Option<Placed>, ChainError> {
    if row.kind != TxKind::PlaceOrder || version.cancels || !receipt.succeeded {
        return Ok(None);
    }
    // The order may be of a market that the network had before.
    let addresses = Addresses {
        market: Some(row.to),
        ..network.addresses.clone()
    };
    receipt.placed(&addresses, row.account).map(Some)
}

/// Refuses a receipt that claims success and does not show what the row does with tokens.
fn shown(
    network: &Network,
    row: &OutboxRow,
    version: &TxVersion,
    receipt: &Receipt,
) -> Result<(), ChainError> {
    match &row.detail {
        Some(detail) if receipt.succeeded && !version.cancels => {
            if receipt.shows(&network.addresses, row.account, detail) {
                Ok(())
            } else {
                Err(receipt.shows_nothing(detail))
            }
        }
        _ => Ok(()),
    }
}

/// Every simulation before a signature had succeeded; of a settlement and an order it has said the figures. Opening a meter
/// and changing its settlement key answer with what they were asked for. Of the rest success is compared; what moves tokens
/// has shown that already, see [`shown`]. Unknown of what was never simulated: a cancellation, or a settlement from before
/// the figures were kept.
fn as_simulated(
    row: &OutboxRow,
    receipt: &Receipt,
    settled: Option<&SettledEvent>,
    placed: Option<Placed>,
) -> Option<bool> {
    let figures = settled.map(|event| (event.energy, event.etk));
    let same = match row.kind {
        TxKind::SettleMeter => row.simulated.map(|simulated| figures == Some(simulated)),
        TxKind::PlaceOrder => row.simulated_order.map(|simulated| {
            let found = placed.map(|placed| (placed.order, placed.traded));
            found == Some(simulated)
        }),
        TxKind::OpenMeter | TxKind::SetSettler => {
            Some(receipt.succeeded && receipt.obeys(row.to, &row.input))
        }
        _ => Some(receipt.succeeded),
    };
    same.filter(|_| !row.cancelling)
}

/// What is said of a version that came first although another was signed after it.
fn overtaken(versions: &[TxVersion], mined: &TxVersion) -> Option<String> {
    let last = versions.last().filter(|last| last.number != mined.number)?;
    Some(match (last.cancels, mined.number) {
        (true, _) => "it was mined before its cancellation".to_owned(),
        (false, 1) => "the original was mined before the one with the higher fee".to_owned(),
        (false, _) => "an earlier version was mined before the one with the highest fee".to_owned(),
    })
}
