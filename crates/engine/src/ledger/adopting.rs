//! Settlements that another copy of the wallet has sent: rows that only the chain knows of.

use enerlink_chain::SettledEvent;
use enerlink_domain::{
    Error, Meter, MeterId, Settlement, SettlementStage, Status, Trigger, UnixMillis, audit::FactKind,
    settlement::Watermark,
};
use enerlink_store::{Tx, facts, settlements};

/// Blocks that a reorganisation may have replaced: when one that was read is gone, so many before it are read again.
pub(super) const REORGANISED: u64 = 128;
/// More settlements of one meter than so many blocks hold.
const MOST: u32 = 1000;

/// The name of the cursor up to which the settlements of `meter` are taken over.
pub(crate) fn cursor(meter: &MeterId) -> String {
    format!("settled/{meter}")
}

/// The row of a settlement that another copy has sent; the event names the registers after it, `from` those before.
pub(super) fn settlement(
    meter: &Meter,
    from: Watermark,
    event: &SettledEvent,
    now: UnixMillis,
) -> Settlement {
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
pub(super) async fn undo(
    tx: &Tx,
    meter: &MeterId,
    from: u64,
    events: &[SettledEvent],
    now: UnixMillis,
) -> Result<Vec<Settlement>, Error> {
    let place = from.checked_sub(1).map_or((0, -1), |block| (block, i64::MAX));
    let rows = settlements::in_blocks_after(tx, meter, place, MOST).await?;
    let adopted = rows.into_iter().filter_map(|(_, row)| row).filter(|row| {
        row.status == Status::Success && row.trigger == Trigger::Adopted && row.block >= Some(from)
    });
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
