//! Settlements: sealed rows from PENDING to SUCCESS or FAILED. A meter has one PENDING, unless a reorganisation of the
//! chain has brought others back.

mod adopted;
mod changes;

use std::collections::BTreeMap;

use enerlink_domain::{
    Etk, MeterId, MicroWh, NetWattHours, Settlement, Status, Trigger, TxStage, UnixMillis, WattHours,
    settlement::{Basis, SettlementFilter, Watermark},
    view::{SettlementPage, Totals},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

pub use self::{adopted::adopted_from, changes::Changes};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, opt_signed, signed},
    seal, settled,
    totals::{self as sums, Change},
};

pub(crate) const TABLE: &str = "energy_settlements";
/// A page has at most so many rows.
const PAGE: u16 = 200;
const OUT_OF_RANGE: StoreError = StoreError::Range {
    what: "the sum of settlements",
};

/// Writes a new settlement; [`StoreError::Exists`] when its meter has a PENDING one, or its id is that of a
/// settlement that has not failed. Answers the row number.
pub async fn insert(tx: &Tx, settlement: &Settlement) -> Result<i64, StoreError> {
    if settlement.status == Status::Pending && open(tx, &settlement.meter_id).await?.is_some() {
        return Err(StoreError::Exists {
            table: TABLE,
            key: settlement.settlement_id.clone(),
        });
    }
    let id = record::next_id(tx, TABLE).await?;
    let row = seal::seal(TABLE, encode(id, settlement)?);
    record::insert(tx, TABLE, row, || settlement.settlement_id.clone()).await?;
    let change = [Change::new(settlement)];
    sums::replace(tx, &change).await?;
    settled::replace(tx, &change).await?;
    Ok(id)
}

/// Overwrites the newest settlement of this id; [`StoreError::Missing`] when there is none.
pub async fn update(tx: &Tx, settlement: &Settlement) -> Result<(), StoreError> {
    let mut changes = Changes::load(tx, &[&settlement.settlement_id]).await?;
    changes.set(settlement.clone())?;
    changes.write(tx).await
}

/// The newest settlement of this id.
pub async fn get(r: &impl Read, settlement_id: &str) -> Result<Option<Settlement>, StoreError> {
    one(r, &newest(settlement_id)).await
}

/// The settlement of this id, if it is PENDING.
pub async fn pending(r: &impl Read, settlement_id: &str) -> Result<Option<Settlement>, StoreError> {
    let newest = get(r, settlement_id).await?;
    Ok(newest.filter(|settlement| settlement.status == Status::Pending))
}

/// The newest settlement of this meter that is PENDING.
pub async fn open(r: &impl Read, meter: &MeterId) -> Result<Option<Settlement>, StoreError> {
    one(r, &with_status(meter, Status::Pending)).await
}

/// Every settlement of this meter that is PENDING, oldest first. More than one after a reorganisation of the chain.
pub async fn all_open(r: &impl Read, meter: &MeterId) -> Result<Vec<Settlement>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("status").eq(Status::Pending.as_str()))
        .order_by("id", Order::Asc)
        .take();
    Ok(fetch(r, &query).await?.into_iter().map(|(_, row)| row).collect())
}

/// The newest PENDING settlement of each meter that has one.
pub async fn open_by_meter(r: &impl Read) -> Result<BTreeMap<MeterId, Settlement>, StoreError> {
    by_meter(r, record::select(TABLE)).await
}

/// The same of those that burn.
pub async fn burning_by_meter(r: &impl Read) -> Result<BTreeMap<MeterId, Settlement>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("energy_wh").lt(0))
        .take();
    by_meter(r, query).await
}

async fn by_meter(
    r: &impl Read,
    mut query: SelectStatement,
) -> Result<BTreeMap<MeterId, Settlement>, StoreError> {
    query
        .and_where(Expr::col("status").eq(Status::Pending.as_str()))
        .order_by("id", Order::Asc);
    // The last of several is the newest.
    let rows = fetch(r, &query).await?.into_iter();
    Ok(rows.map(|(_, row)| (row.meter_id.clone(), row)).collect())
}

/// The newest settlement of this meter with SUCCESS.
pub async fn last_success(r: &impl Read, meter: &MeterId) -> Result<Option<Settlement>, StoreError> {
    one(r, &with_status(meter, Status::Success)).await
}

/// The last settlement of this meter with SUCCESS in a block before `block`.
pub async fn last_before(
    r: &impl Read,
    meter: &MeterId,
    block: u64,
) -> Result<Option<Settlement>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("block").lt(signed(block, "the block number")?))
        .and_where(Expr::col("status").eq(Status::Success.as_str()))
        .order_by("block", Order::Desc)
        .order_by("id", Order::Desc)
        .limit(1)
        .take();
    one(r, &query).await
}

/// The settlements of a filter, newest first; only those before row number `before`, when given. At most
/// 200 at a time. In the order of writing, or of time where the filter names a time: the two differ where the clock was
/// set back.
pub async fn list(
    r: &impl Read,
    filter: &SettlementFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<SettlementPage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    // One more than was asked for says whether there is a next page.
    let query = page(r, filter, Order::Desc, before, u32::from(limit) + 1).await?;
    let mut rows = fetch(r, &query).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|(id, _)| *id);
    let rows = rows.into_iter().map(|(_, settlement)| settlement).collect();
    Ok(SettlementPage { rows, next })
}

/// The settlements of a filter with their row numbers, oldest first; only those after row number `after`, when given.
pub async fn export(
    r: &impl Read,
    filter: &SettlementFilter,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, Settlement)>, StoreError> {
    let query = page(r, filter, Order::Asc, after, limit).await?;
    fetch(r, &query).await
}

/// A page of a filter in either direction, beyond row number `place`.
async fn page(
    r: &impl Read,
    filter: &SettlementFilter,
    order: Order,
    place: Option<i64>,
    limit: u32,
) -> Result<SelectStatement, StoreError> {
    let SettlementFilter {
        meter_id,
        status,
        trigger,
        from,
        to,
    } = filter;
    let mut query = record::select(TABLE);
    query.limit(u64::from(limit));
    let words = [
        ("meter_id", meter_id.as_ref().map(MeterId::as_str)),
        ("status", status.map(Status::as_str)),
        ("trigger_type", trigger.map(Trigger::as_str)),
    ];
    for (column, word) in words {
        if let Some(word) = word {
            query.and_where(Expr::col(column).eq(word));
        }
    }
    if let Some(from) = from {
        query.and_where(Expr::col("created_at").gte(from.0));
    }
    if let Some(to) = to {
        query.and_where(Expr::col("created_at").lt(to.0));
    }
    let by_time = from.is_some() || to.is_some();
    if by_time {
        query.order_by("created_at", order.clone());
    }
    query.order_by("id", order.clone());
    let Some(place) = place else {
        return Ok(query);
    };
    let beyond = |column, value: i64| match order {
        Order::Asc => Expr::col(column).gt(value),
        _ => Expr::col(column).lt(value),
    };
    let at = match by_time {
        true => written_at(r, place).await?,
        false => None,
    };
    match at {
        // The bound on the time alone is what the index is searched by.
        Some(at) => {
            let bound = match order {
                Order::Asc => Expr::col("created_at").gte(at),
                _ => Expr::col("created_at").lte(at),
            };
            let same = Expr::col("created_at").eq(at).and(beyond("id", place));
            query.and_where(bound);
            query.and_where(beyond("created_at", at).or(same));
        }
        None => {
            query.and_where(beyond("id", place));
        }
    }
    Ok(query)
}

/// When row number `id` was written.
async fn written_at(r: &impl Read, id: i64) -> Result<Option<i64>, StoreError> {
    let query = Query::select()
        .columns(["id", "created_at"])
        .from(TABLE)
        .and_where(Expr::col("id").eq(id))
        .take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| row.int("created_at")).transpose()
}

/// Settlements with SUCCESS after row number `after`, in the order of writing; none where the row is damaged.
pub(crate) async fn succeeded_after(
    r: &impl Read,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Option<Settlement>)>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("status").eq(Status::Success.as_str()))
        .and_where(Expr::col("id").gt(after))
        .order_by("id", Order::Asc)
        .limit(u64::from(limit))
        .take();
    lenient(r, &query).await
}

/// Settlements of `meter` that are in a block, in the order of blocks, beyond the place of the row given last; none
/// where the row is damaged. With them their places, (block, row number).
pub async fn in_blocks_after(
    r: &impl Read,
    meter: &MeterId,
    after: (u64, i64),
    limit: u32,
) -> Result<Vec<((u64, i64), Option<Settlement>)>, StoreError> {
    let (block, id) = (signed(after.0, "the block number")?, after.1);
    let beyond = Expr::col("block")
        .gt(block)
        .or(Expr::col("block").eq(block).and(Expr::col("id").gt(id)));
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("block").gte(block))
        .and_where(beyond)
        .order_by("block", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(u64::from(limit))
        .take();
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    let rows = rows.iter().map(|row| {
        let place = (row.number("block")?, row.int("id")?);
        Ok((place, sound(row)?.map(|(_, settlement)| settlement)))
    });
    rows.collect()
}

/// The settlements of these ids that have not failed; one whose row is damaged is left out.
pub async fn alive(r: &impl Read, ids: &[&str]) -> Result<Vec<Settlement>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("settlement_id").is_in(record::any_of(ids.iter().copied())))
        .and_where(Expr::col("status").ne(Status::Failed.as_str()))
        .take();
    let rows = lenient(r, &query).await?;
    Ok(rows
        .into_iter()
        .filter_map(|(_, settlement)| settlement)
        .collect())
}

async fn lenient(
    r: &impl Read,
    query: &SelectStatement,
) -> Result<Vec<(i64, Option<Settlement>)>, StoreError> {
    let rows = record::fetch_all(r, TABLE, "id", query).await?;
    let rows = rows.iter().map(|row| {
        let settlement = sound(row)?.map(|(_, settlement)| settlement);
        Ok((row.int("id")?, settlement))
    });
    rows.collect()
}

/// What a row says, unless it is damaged.
fn sound(row: &Record) -> Result<Option<(i64, Settlement)>, StoreError> {
    match decode(row) {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sums over the settlements of this meter with SUCCESS. The time does not grow with their number.
pub async fn totals(r: &impl Read, meter: &MeterId) -> Result<Totals, StoreError> {
    Ok(sums::load(r, meter).await?.totals)
}

/// Net energy of the settlements of this meter with SUCCESS; positive is export. The time does not grow with their
/// number.
pub async fn settled_wh(r: &impl Read, meter: &MeterId) -> Result<NetWattHours, StoreError> {
    Ok(sums::load(r, meter).await?.energy)
}

/// Sums over the settlements of this meter that succeeded in `from..to`. The time grows with the days between.
pub async fn between(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Totals, StoreError> {
    let mut all = Totals::default();
    for (from, to, width) in settled::parts(from, to) {
        let part = match width {
            Some(width) => settled::load(r, meter, width, from, to).await?,
            None => succeeded(r, meter, from, to).await?,
        };
        all = sums::add(all, part).ok_or(OUT_OF_RANGE)?;
    }
    Ok(all)
}

/// Sums over the settlements themselves.
async fn succeeded(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Totals, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("settled_at").gte(from.0))
        .and_where(Expr::col("settled_at").lt(to.0))
        .take();
    let rows = fetch(r, &query).await?.into_iter();
    let mut all = Totals::default();
    for (_, settlement) in rows.filter(|(_, row)| row.status == Status::Success) {
        let share = sums::share(&settlement).ok_or(OUT_OF_RANGE)?;
        all = sums::add(all, share.totals).ok_or(OUT_OF_RANGE)?;
    }
    Ok(all)
}

/// When settlements of this meter were made, in `from..to`, in the order of time. Their windows begin and end there.
pub(crate) async fn made_in(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
) -> Result<Vec<UnixMillis>, StoreError> {
    let query = Query::select()
        .columns(["id", "created_at"])
        .from(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("created_at").gte(from.0))
        .and_where(Expr::col("created_at").lt(to.0))
        .order_by("created_at", Order::Asc)
        .take();
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter()
        .map(|row| row.int("created_at").map(UnixMillis))
        .collect()
}

fn newest(settlement_id: &str) -> SelectStatement {
    record::select(TABLE)
        .and_where(Expr::col("settlement_id").eq(settlement_id))
        .order_by("id", Order::Desc)
        .limit(1)
        .take()
}

fn with_status(meter: &MeterId, status: Status) -> SelectStatement {
    record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("status").eq(status.as_str()))
        .order_by("id", Order::Desc)
        .limit(1)
        .take()
}

async fn one(r: &impl Read, query: &SelectStatement) -> Result<Option<Settlement>, StoreError> {
    Ok(fetch(r, query).await?.pop().map(|(_, settlement)| settlement))
}

async fn fetch(r: &impl Read, query: &SelectStatement) -> Result<Vec<(i64, Settlement)>, StoreError> {
    let rows = record::fetch_all(r, TABLE, "id", query).await?;
    rows.iter().map(decode).collect()
}

fn encode(id: i64, settlement: &Settlement) -> Result<Fields, StoreError> {
    let energy = |value: WattHours| signed(value.0, "a register");
    let basis = settlement.basis.as_ref();
    let of_basis = |pick: fn(&Basis) -> u64| opt_signed(basis.map(pick), "what a settlement was made from");
    Ok(Fields::default()
        .int("id", id)
        .text("settlement_id", settlement.settlement_id.as_str())
        .text("meter_id", settlement.meter_id.as_str())
        .text("prosumer", settlement.prosumer.to_lower())
        .text("status", settlement.status.as_str())
        .text("stage", settlement.stage.as_str())
        .text("trigger_type", settlement.trigger.as_str())
        .int("from_export_wh", energy(settlement.from.export)?)
        .int("from_import_wh", energy(settlement.from.import)?)
        .int("to_export_wh", energy(settlement.to.export)?)
        .int("to_import_wh", energy(settlement.to.import)?)
        .int("energy_wh", settlement.energy_wh.0)
        .text("etk", settlement.etk.0.to_string())
        .opt_text("tx_hash", settlement.tx.map(|hash| hash.to_string()))
        .opt_int("block", opt_signed(settlement.block, "the block number")?)
        .int(
            "confirmations",
            signed(settlement.confirmations, "the number of confirmations")?,
        )
        .opt_text("reason", settlement.reason.as_deref())
        .int("created_at", settlement.created_at.0)
        .opt_int("settled_at", settlement.settled_at.map(|at| at.0))
        // Empty in rows that were sealed before it was kept.
        .opt_int("basis_export_uwh", of_basis(|basis| basis.export.0)?)
        .opt_int("basis_import_uwh", of_basis(|basis| basis.import.0)?)
        .opt_int("basis_epoch", of_basis(|basis| basis.epoch.into())?)
        .opt_int(
            "basis_epochs_crossed",
            of_basis(|basis| basis.epochs_crossed.into())?,
        )
        .opt_int("basis_from", basis.and_then(|basis| basis.from).map(|at| at.0))
        .opt_int("basis_to", basis.and_then(|basis| basis.to).map(|at| at.0))
        .opt_int("basis_ratio", of_basis(|basis| basis.ratio)?)
        .opt_int("basis_carry", basis.map(|basis| basis.carry)))
}

fn decode_basis(row: &Record) -> Result<Option<Basis>, StoreError> {
    let Some(export) = row.opt_number("basis_export_uwh")? else {
        return Ok(None);
    };
    Ok(Some(Basis {
        export: MicroWh(export),
        import: MicroWh(row.number("basis_import_uwh")?),
        epoch: row.number("basis_epoch")?,
        epochs_crossed: row.number("basis_epochs_crossed")?,
        from: row.opt_int("basis_from")?.map(UnixMillis),
        to: row.opt_int("basis_to")?.map(UnixMillis),
        ratio: row.number("basis_ratio")?,
        carry: row.int("basis_carry")?,
        before: None,
    }))
}

fn decode(row: &Record) -> Result<(i64, Settlement), StoreError> {
    let watermark = |export: &str, import: &str| {
        Ok::<_, StoreError>(Watermark {
            export: WattHours(row.number(export)?),
            import: WattHours(row.number(import)?),
        })
    };
    let id = row.int("id")?;
    let settlement = Settlement {
        settlement_id: row.text("settlement_id")?,
        meter_id: row.parse("meter_id", |text| text.parse().ok())?,
        prosumer: row.parse("prosumer", |text| text.parse().ok())?,
        status: row.parse("status", Status::parse)?,
        stage: row.parse("stage", TxStage::parse)?,
        trigger: row.parse("trigger_type", Trigger::parse)?,
        from: watermark("from_export_wh", "from_import_wh")?,
        to: watermark("to_export_wh", "to_import_wh")?,
        energy_wh: NetWattHours(row.int("energy_wh")?),
        etk: row.parse("etk", |text| text.parse().ok().map(Etk))?,
        tx: row.opt_parse("tx_hash", |text| text.parse().ok())?,
        block: row.opt_number("block")?,
        confirmations: row.number("confirmations")?,
        reason: row.opt_text("reason")?,
        created_at: UnixMillis(row.int("created_at")?),
        settled_at: row.opt_int("settled_at")?.map(UnixMillis),
        basis: decode_basis(row)?,
    };
    seal::check(TABLE, row, &encode(id, &settlement)?)?;
    Ok((id, settlement))
}
