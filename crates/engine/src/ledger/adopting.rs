//! Settlements that another copy of the wallet has sent: rows that only the chain knows of.

use std::collections::BTreeMap;

use enerlink_chain::SettledEvent;
use enerlink_domain::{
    BlockHash, Error, Event, Meter, MeterId, NoticeKind, Registration, Settlement, SettlementStage, Status,
    Trigger, UnixMillis, audit::FactKind, settlement::Watermark,
};
use enerlink_store::{Tx, cursors, facts, settlements};

use super::Ledger;
use crate::{
    network::Network,
    notices::{self, Change},
};

/// Blocks that a reorganisation may have replaced: when one that was read is gone, so many before it are read again.
const REORGANISED: u64 = 128;
/// Rows that are read at once.
const PAGE: u32 = 1000;

impl Ledger {
    /// Takes settlements over that this outbox did not send: another copy of the wallet did. Waits while a settlement
    /// of the meter is open, because then the event may be its own. `moved` says that the head is another than last time.
    pub(super) async fn adopt(
        &self,
        network: &Network,
        known: &[Meter],
        head: u64,
        moved: bool,
    ) -> Result<(), Error> {
        let Some(to) = (head + 1).checked_sub(u64::from(network.confirmations())) else {
            return Ok(());
        };
        let reader = self.store.reader();
        let cursors = cursors::by_name(&reader, network.addresses.chain_id).await?;
        let open = settlements::open_by_meter(&reader).await?;
        // Most have come equally far, and are read together.
        let mut groups: BTreeMap<Option<(u64, BlockHash)>, Vec<&Meter>> = BTreeMap::new();
        for meter in known {
            let read = cursors.get(&cursor(&meter.id)).copied();
            let current = !moved && read.is_some_and(|(block, _)| block == to);
            if !current && !open.contains_key(&meter.id) {
                groups.entry(read).or_default().push(meter);
            }
        }
        for (read, meters) in groups {
            self.adopt_since(network, read, &meters, to).await?;
        }
        Ok(())
    }

    /// Takes over what came after block `read` up to block `to`.
    async fn adopt_since(
        &self,
        network: &Network,
        read: Option<(u64, BlockHash)>,
        meters: &[&Meter],
        to: u64,
    ) -> Result<(), Error> {
        let Network { chain, addresses } = network;
        let mut since = Vec::with_capacity(meters.len());
        match read {
            None => since.extend(meters.iter().map(|meter| (*meter, 0))),
            Some((block, hash)) => match chain.block_hash(block).await? {
                Some(found) if found == hash => since.extend(meters.iter().map(|meter| (*meter, block + 1))),
                // A reorganisation has taken the block away, and perhaps others before it.
                Some(_) => {
                    for meter in meters {
                        let from = self.reread_from(meter, block.saturating_sub(REORGANISED)).await?;
                        since.push((*meter, from));
                    }
                }
                // A node that lags behind is no reorganisation.
                None => return Ok(()),
            },
        }
        since.retain(|(_, from)| *from <= to);
        let Some(first) = since.iter().map(|(_, from)| *from).min() else {
            return Ok(());
        };
        let ids: Vec<MeterId> = since.iter().map(|(meter, _)| meter.id.clone()).collect();
        let before = chain.block_hash(to).await?;
        let events = chain.settled_events(addresses, &ids, first, to).await?;
        // The same hash before and after: the events are those of the chain that the cursors will name.
        let Some(hash) = chain.block_hash(to).await?.filter(|hash| before == Some(*hash)) else {
            return Ok(());
        };
        let mut by_meter: BTreeMap<MeterId, Vec<SettledEvent>> = BTreeMap::new();
        for event in events {
            by_meter.entry(event.meter_id.clone()).or_default().push(event);
        }
        let now = self.clock.wall();
        let tx = self.store.begin().await?;
        // One that was begun since may be in the events already.
        let open = settlements::open_by_meter(&tx).await?;
        since.retain(|(meter, _)| !open.contains_key(&meter.id));
        let ids: Vec<MeterId> = since.iter().map(|(meter, _)| meter.id.clone()).collect();
        for (meter, from) in &since {
            if let Some(events) = by_meter.get_mut(&meter.id) {
                events.retain(|event| event.block >= *from);
            }
        }
        let (mut changed, mut told) = (Vec::new(), Vec::new());
        let adopted = settlements::adopted_from(&tx, &ids, first).await?;
        for (meter, from) in since.iter().filter(|(meter, _)| adopted.contains(&meter.id)) {
            let events = by_meter.get(&meter.id).map_or(&[][..], Vec::as_slice);
            let undone = undo(&tx, &meter.id, *from, events, now).await?;
            let notices = undone.iter().map(|row| Change::Raise {
                meter: Some(meter.id.clone()),
                kind: NoticeKind::SettlementUndone,
                detail: row.settlement_id.clone(),
            });
            told.extend(notices::write(&tx, &notices.collect::<Vec<_>>(), now).await?);
            changed.extend(undone);
        }
        let named = by_meter.values().flatten();
        let named: Vec<_> = named.map(|event| event.settlement_id.as_str()).collect();
        let known = settlements::Changes::load(&tx, &named).await?;
        for (meter, from) in &since {
            let events = by_meter.get(&meter.id).map_or(&[][..], Vec::as_slice);
            changed.extend(self.take_over(&tx, meter, *from, events, &known, now).await?);
        }
        let cursors = since.iter().map(|(meter, _)| cursor(&meter.id));
        cursors::set_all(&tx, addresses.chain_id, cursors, to, hash).await?;
        tx.commit().await?;
        for settlement in changed {
            let (meter, id, status) = (&settlement.meter_id, &settlement.settlement_id, settlement.status);
            tracing::info!(%meter, id, ?status, "settlement of another copy of the wallet");
            self.bus.tell(Event::Settlement(settlement));
        }
        for notice in told {
            self.bus.tell(Event::Notice(notice));
        }
        Ok(())
    }

    /// Writes those of the `events` of `meter` from block `from` on that are not among the `known` settlements. Answers
    /// the new rows.
    async fn take_over(
        &self,
        tx: &Tx,
        meter: &Meter,
        from: u64,
        events: &[SettledEvent],
        known: &settlements::Changes,
        now: UnixMillis,
    ) -> Result<Vec<Settlement>, Error> {
        let (mut new, mut before) = (Vec::new(), None);
        for event in events {
            let previous = before.replace(event.registers);
            let known = known.get(&event.settlement_id);
            if known.is_some_and(|row| row.status == Status::Success) {
                continue;
            }
            let start = match previous {
                Some(registers) => registers,
                None => settlements::last_before(tx, &meter.id, from)
                    .await?
                    .map_or_else(|| self.baseline(meter), |last| last.to),
            };
            let settlement = settlement(meter, start, event, now);
            settlements::insert(tx, &settlement).await?;
            facts::append(tx, FactKind::Settled, &settlement, now).await?;
            new.push(settlement);
        }
        Ok(new)
    }

    /// From which block the settlements of `meter` are read again, when those from `block` on are: from the first one, when
    /// the chain's registers have not come as far as they had before it.
    async fn reread_from(&self, meter: &Meter, block: u64) -> Result<u64, Error> {
        let before = settlements::last_before(&self.store.reader(), &meter.id, block).await?;
        let lost = match self.state.borrow().registration(meter) {
            Registration::Open { watermark, .. } => before.is_some_and(|row| !watermark.covers(row.to)),
            _ => before.is_some(),
        };
        Ok(if lost { 0 } else { block })
    }

    /// The registers that `meter` was opened with.
    fn baseline(&self, meter: &Meter) -> Watermark {
        match self.state.borrow().registration(meter) {
            Registration::Open { baseline, .. } => baseline,
            _ => Watermark::default(),
        }
    }
}

/// The name of the cursor up to which the settlements of `meter` are taken over.
pub(crate) fn cursor(meter: &MeterId) -> String {
    format!("settled/{meter}")
}

/// The row of a settlement that another copy has sent; the event names the registers after it, `from` those before.
fn settlement(meter: &Meter, from: Watermark, event: &SettledEvent, now: UnixMillis) -> Settlement {
    Settlement {
        settlement_id: event.settlement_id.clone(),
        meter_id: meter.id.clone(),
        prosumer: event.prosumer,
        status: Status::Success,
        stage: SettlementStage::Confirmed,
        trigger: Trigger::Adopted,
        from,
        to: event.registers,
        energy_wh: event.energy,
        etk: event.etk,
        tx: Some(event.tx),
        block: Some(event.block),
        confirmations: 0,
        reason: None,
        created_at: now,
        settled_at: Some(now),
        basis: None,
    }
}

/// Takes back what was adopted from block `from` on and is not among the `events` there any more; what is in another block
/// now is told so. Nobody else looks after these rows: there is no transaction of ours to watch.
async fn undo(
    tx: &Tx,
    meter: &MeterId,
    from: u64,
    events: &[SettledEvent],
    now: UnixMillis,
) -> Result<Vec<Settlement>, Error> {
    let mut place = from.checked_sub(1).map_or((0, -1), |block| (block, i64::MAX));
    let mut adopted = Vec::new();
    loop {
        let rows = settlements::in_blocks_after(tx, meter, place, PAGE).await?;
        let Some((last, _)) = rows.last() else { break };
        place = *last;
        let rows = rows.into_iter().filter_map(|(_, row)| row);
        adopted.extend(rows.filter(|row| row.status == Status::Success && row.trigger == Trigger::Adopted));
    }
    let mut changed = Vec::new();
    for row in adopted {
        let event = events
            .iter()
            .find(|event| Some(event.tx) == row.tx && event.registers == row.to);
        if event.is_some_and(|event| Some(event.block) == row.block) {
            continue;
        }
        facts::append(tx, FactKind::Reversed, &row, now).await?;
        let row = match event {
            Some(event) => Settlement {
                block: Some(event.block),
                ..row
            },
            None => Settlement {
                status: Status::Failed,
                stage: SettlementStage::Failed,
                block: None,
                settled_at: None,
                reason: Some("a reorganisation of the chain has undone it".to_owned()),
                ..row
            },
        };
        settlements::update(tx, &row).await?;
        if row.status == Status::Success {
            facts::append(tx, FactKind::Settled, &row, now).await?;
        }
        changed.push(row);
    }
    Ok(changed)
}
