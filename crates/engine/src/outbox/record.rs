//! What a step has changed is stored in one transaction with everything that hangs on it, and told afterwards.

use std::collections::BTreeSet;

use enerlink_chain::{ChainError, Placed, SettledEvent};
use enerlink_domain::{
    Address, Code, Error, Event, Notice, NoticeKind, Settlement, Status, TxKind, TxStage, UnixMillis,
    audit::FactKind, market::Lots, settlement::Watermark,
};
use enerlink_store::{
    Mark, OrderKey, OrderRow, OutboxRow, Tx, TxVersion, conversions, facts, outbox, outbox_versions,
    settlements, trade_orders, transaction_logs, wallets,
};

use super::Outbox;
use crate::{
    notices::{self, Change},
    trading::Asked,
};

/// What is stored with a row besides the row.
#[derive(Default)]
pub(super) struct News {
    /// What its receipt says was settled.
    pub(super) settled: Option<SettledEvent>,
    /// What its receipt says of its order.
    pub(super) placed: Option<Placed>,
    /// Versions that were signed.
    pub(super) versions: Vec<TxVersion>,
    /// The registers from which its settlement moves, when that was found to be others.
    pub(super) from: Option<Watermark>,
    /// A person wanted it: nobody has to be told.
    pub(super) wanted: bool,
}

impl News {
    /// Nothing but that a person wanted it.
    pub(super) const WANTED: Self = Self {
        settled: None,
        placed: None,
        versions: Vec::new(),
        from: None,
        wanted: true,
    };
}

/// A row that has changed, and what hangs on it.
pub(super) type Changed = (OutboxRow, News);

/// What is told of a change once it is stored.
struct Stored {
    row: OutboxRow,
    /// It has ended, or its end was undone.
    turned: bool,
    /// It is confirmed for the first time.
    first: bool,
    orders: Vec<OrderRow>,
    settlement: Option<Settlement>,
    notices: Vec<Notice>,
}

impl Outbox {
    /// Stores a changed row together with what hangs on it, then tells.
    pub(super) async fn save(&self, row: OutboxRow, news: News) -> Result<OutboxRow, Error> {
        let mut saved = self.save_all(vec![(row, news)]).await?;
        saved
            .pop()
            .ok_or_else(|| Error::new(Code::Storage, "what was to be stored is not there"))
    }

    /// [`Outbox::save`] for several rows in one transaction, with few statements. Answers them in their order.
    pub(super) async fn save_all(&self, changes: Vec<Changed>) -> Result<Vec<OutboxRow>, Error> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.parts.store.begin().await?;
        let stored = self.write(&tx, changes).await?;
        tx.commit().await?;
        Ok(stored.into_iter().map(|stored| self.tell(stored)).collect())
    }

    async fn write(&self, tx: &Tx, changes: Vec<Changed>) -> Result<Vec<Stored>, Error> {
        let now = self.parts.clock.wall();
        let ids: Vec<_> = changes.iter().map(|(row, _)| row.id).collect();
        let before = outbox::get_all(tx, &ids).await?;
        let ids = changes.iter().filter_map(|(row, _)| row.settlement_id.as_deref());
        let ids: Vec<_> = ids.collect();
        let mut settling = Settling {
            changes: settlements::Changes::load(tx, &ids).await?,
            facts: Vec::new(),
        };
        let (mut all, mut versions, mut used) =
            (Vec::with_capacity(changes.len()), Vec::new(), BTreeSet::new());
        for (mut row, news) in changes {
            row.updated_at = now;
            let before = before.get(&row.id).map_or(row.stage, |before| before.stage);
            let moved = before != row.stage;
            // The display of a meter is reset once, however often the chain changes its mind.
            let first = row.stage == TxStage::Confirmed && row.confirmed_at.is_none();
            if row.stage == TxStage::Confirmed || before == TxStage::Confirmed {
                row.confirmed_at = row.confirmed_at.or(Some(now));
            }
            conversions::follow(tx, &row).await?;
            let undone = before.status() == Status::Success && row.stage.status() == Status::Pending;
            let settlement = settling.follow(tx, &row, &news).await?;
            let orders = note_order(tx, &row, &news).await?;
            let ended = row.stage.status() != Status::Pending && row.stage != TxStage::Final;
            let notice = notice(&row, undone, settlement.as_ref()).filter(|_| !news.wanted);
            let notices = notices::write(tx, notice.as_slice(), now).await?;
            if moved && row.stage == TxStage::Signed {
                used.insert(row.account);
            }
            versions.extend(news.versions.into_iter().map(|version| (row.id, version)));
            all.push(Stored {
                row,
                turned: moved && (ended || undone),
                first,
                orders,
                settlement,
                notices,
            });
        }
        let rows: Vec<_> = all.iter().map(|stored| stored.row.clone()).collect();
        outbox::update_all(tx, &rows).await?;
        outbox_versions::insert_all(tx, &versions).await?;
        settling.write(tx).await?;
        let turned = all.iter().filter(|stored| stored.turned);
        let turned: Vec<_> = turned.map(|stored| &stored.row).collect();
        transaction_logs::append(tx, &turned).await?;
        self.mark_used(tx, &used, now).await?;
        Ok(all)
    }

    /// Notes that the wallets of these accounts have signed.
    async fn mark_used(&self, tx: &Tx, accounts: &BTreeSet<Address>, now: UnixMillis) -> Result<(), Error> {
        if accounts.is_empty() {
            return Ok(());
        }
        let wallets = self.parts.keystore.wallets();
        let signers = wallets
            .iter()
            .filter(|wallet| accounts.iter().any(|account| wallet.has(*account)));
        let ids: Vec<_> = signers.map(|wallet| wallet.wallet).collect();
        Ok(wallets::mark(tx, &ids, Mark::Used, now).await?)
    }

    fn tell(&self, stored: Stored) -> OutboxRow {
        self.parts.bus.tell(Event::Transaction(stored.row.transaction()));
        for order in stored.orders {
            self.parts.bus.tell(Event::Order(order.view()));
        }
        if let Some(settlement) = stored.settlement {
            if stored.first
                && let Some(settled) = settlement.settled_at
            {
                self.parts
                    .diagnostics
                    .settled(settled.since(settlement.created_at));
            }
            self.parts.bus.tell(Event::Settlement(settlement));
        }
        for notice in stored.notices {
            self.parts.bus.tell(Event::Notice(notice));
        }
        if stored.turned {
            self.parts.ledger.look();
        }
        if stored.first
            && stored.row.kind == TxKind::SettleMeter
            && let Some(meter) = &stored.row.meter_id
        {
            self.parts.commands.reset_display_after_settlement(meter.clone());
        }
        stored.row
    }

    pub(super) async fn fail(&self, mut row: OutboxRow, reason: String) -> Result<OutboxRow, Error> {
        tracing::warn!(
            id = row.id,
            kind = row.kind.as_str(),
            reason,
            "transaction failed"
        );
        row.stage = TxStage::Failed;
        row.reason = Some(reason);
        self.save(row, News::default()).await
    }

    /// Leaves the row waiting with a reason; writes only what is new.
    pub(super) async fn wait(
        &self,
        mut row: OutboxRow,
        stage: TxStage,
        code: Code,
        reason: &str,
    ) -> Result<OutboxRow, Error> {
        if row.stage == stage && row.reason.as_deref() == Some(reason) {
            return Ok(row);
        }
        tracing::info!(
            id = row.id,
            kind = row.kind.as_str(),
            ?code,
            reason,
            "transaction waits"
        );
        row.stage = stage;
        row.reason = Some(reason.to_owned());
        self.save(row, News::default()).await
    }

    /// The node cannot be asked, or is another one: nothing is known, so nothing changes but the reason that is shown.
    pub(super) async fn unreachable(&self, row: OutboxRow, error: ChainError) -> Result<OutboxRow, Error> {
        let (stage, error) = (row.stage, Error::from(error));
        self.wait(row, stage, error.code, &error.message).await
    }

    /// [`Outbox::unreachable`] for a row whose turn did not begin: what it would wait for anyhow is said first.
    pub(super) async fn leave(&self, row: OutboxRow, error: &Error) -> Result<OutboxRow, Error> {
        let row = self.await_unlock(row).await?;
        if row.stage == TxStage::AwaitingUnlock {
            return Ok(row);
        }
        let stage = row.stage;
        self.wait(row, stage, error.code, &error.message).await
    }
}

/// The settlements of the rows that change, and what becomes of them.
struct Settling {
    changes: settlements::Changes,
    facts: Vec<(FactKind, Settlement, UnixMillis)>,
}

impl Settling {
    /// Brings the settlement of a row to where the row is. Answers it when it has one that the row may still change.
    async fn follow(&mut self, tx: &Tx, row: &OutboxRow, news: &News) -> Result<Option<Settlement>, Error> {
        let Some(id) = &row.settlement_id else {
            return Ok(None);
        };
        // An id is used again after a failure: only the newest of this id can be this row's, and only if it is not another's.
        let Some(before) = self.changes.get(id).cloned() else {
            return Ok(None);
        };
        let own = match before.status {
            Status::Pending => true,
            Status::Success => before.tx.is_some() && before.tx == row.hash,
            Status::Failed => false,
        };
        if !own {
            return Ok(None);
        }
        let mut after = before.clone();
        after.stage = row.stage;
        after.status = row.stage.status();
        after.tx = row.hash;
        after.block = row.block.map(|(number, _)| number);
        after.confirmations = row.confirmations;
        after.reason.clone_from(&row.reason);
        if row.stage == TxStage::Signed
            && let Some((energy, etk)) = row.simulated
        {
            (after.energy_wh, after.etk) = (energy, etk);
            after.from = news.from.unwrap_or(after.from);
        }
        if let Some(event) = &news.settled {
            (after.energy_wh, after.etk, after.to) = (event.energy, event.etk, event.registers);
            if event.registers.net_since(after.from) != Some(event.energy) {
                // It may have been stored just before.
                self.changes.write(tx).await?;
                after.from = before_it(tx, &after).await?;
            }
        }
        match after.status {
            Status::Success => after.settled_at = before.settled_at.or(Some(row.updated_at)),
            Status::Pending | Status::Failed => after.settled_at = None,
        }
        if after.status == Status::Success
            && let Some(alarm) = after.surprise()
        {
            tracing::warn!(
                id = after.settlement_id,
                alarm,
                "settled otherwise than the wallet reckons"
            );
            after.reason = Some(alarm);
        }
        self.changes.set(after.clone())?;
        // The facts say what was: a reversal what is taken back, and not what waits now.
        match (before.status, after.status) {
            (Status::Success, Status::Pending) => {
                self.facts
                    .push((FactKind::Reversed, before.clone(), row.updated_at));
            }
            (Status::Pending, Status::Success) => {
                self.facts
                    .push((FactKind::Settled, after.clone(), row.updated_at));
            }
            // Another block has it now, between two looks.
            (Status::Success, Status::Success) if (before.tx, before.block) != (after.tx, after.block) => {
                self.facts
                    .push((FactKind::Reversed, before.clone(), row.updated_at));
                self.facts
                    .push((FactKind::Settled, after.clone(), row.updated_at));
            }
            _ => {}
        }
        Ok(Some(after))
    }

    async fn write(mut self, tx: &Tx) -> Result<(), Error> {
        self.changes.write(tx).await?;
        facts::append_all(tx, self.facts).await?;
        Ok(())
    }
}

/// Adds to an order what its events do not say: what was asked for, and that an order came of which nothing could be
/// traded. Whoever reads the events first, both end the same.
async fn note_order(tx: &Tx, row: &OutboxRow, news: &News) -> Result<Vec<OrderRow>, Error> {
    let (Some(hash), Some(asked)) = (row.hash, Asked::of(row.detail.as_ref())) else {
        return Ok(Vec::new());
    };
    let Some(placed) = news.placed else {
        if row.block.is_none() {
            trade_orders::forget_void(tx, row.to, hash).await?;
        }
        return Ok(Vec::new());
    };
    let Some((block, block_hash)) = row.block else {
        return Ok(Vec::new());
    };
    let mut orders = trade_orders::of_transaction(tx, row.to, block, hash).await?;
    let before = orders.clone();
    let void = placed.order.is_none() && placed.traded == Lots::ZERO;
    if void && orders.is_empty() {
        orders.push(OrderRow {
            number: 0,
            key: OrderKey::Passing(hash),
            trader: row.account,
            side: asked.side,
            price: asked.price,
            lots: asked.lots,
            taken: Lots::ZERO,
            given: Lots::ZERO,
            left: Lots::ZERO,
            flags: None,
            tx: hash,
            block,
            block_hash,
            log_index: 0,
            placed_at: row.updated_at,
            cancelled: None,
            ended_at: Some(row.updated_at),
        });
    }
    for order in &mut orders {
        asked.note(order);
    }
    if orders == before {
        return Ok(Vec::new());
    }
    trade_orders::put(tx, row.to, &mut orders).await?;
    Ok(orders)
}

/// Where a settlement began that has moved more or less than it was written for: where the last one ended, if that
/// explains it.
async fn before_it(tx: &Tx, settlement: &Settlement) -> Result<Watermark, Error> {
    let last = settlements::last_success(tx, &settlement.meter_id).await?;
    let explains = |from: &Watermark| settlement.to.net_since(*from) == Some(settlement.energy_wh);
    Ok(last
        .map(|last| last.to)
        .filter(explains)
        .unwrap_or(settlement.from))
}

/// What the household is told: that a settlement failed without its wish, was undone, or brought other tokens than it should.
fn notice(row: &OutboxRow, undone: bool, settlement: Option<&Settlement>) -> Option<Change> {
    let settlement = settlement?;
    let (kind, detail) = if undone {
        (NoticeKind::SettlementUndone, settlement.settlement_id.clone())
    } else if let Some(alarm) = settlement.surprise().filter(|_| row.stage == TxStage::Confirmed) {
        let detail = format!("{}: {alarm}", settlement.settlement_id);
        (NoticeKind::SettlementDiffers, detail)
    } else if row.stage == TxStage::Failed && settlement.status == Status::Failed {
        let reason = settlement.reason.as_deref().unwrap_or_default();
        (
            NoticeKind::SettlementFailed,
            format!("{}: {reason}", settlement.settlement_id),
        )
    } else {
        return None;
    };
    Some(Change::Raise {
        meter: Some(settlement.meter_id.clone()),
        kind,
        detail,
    })
}
