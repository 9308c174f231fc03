//! Retention: what is old enough is deleted, in small steps, so that nobody waits for it.
//!
//! Of the readings the first and the last of each meter stay, the first and the last of each settlement's window, and
//! those on both sides of an epoch's beginning. Rollups, settlements, commands and notices stay.

use enerlink_domain::{MeterId, UnixMillis, view::Preferences};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx, heartbeats, messages, meters, readings,
    record::{self, Fields, Record},
    session::execute,
    settlements, statuses,
};

/// How far the readings of each meter were thinned out.
const MARKS: &str = "retention_marks";
const DAY: i64 = 86_400_000;
/// Rows that one statement deletes by their numbers.
const NUMBERS: usize = 500;

/// What one step has deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Readings.
    pub readings: u64,
    /// Heartbeats.
    pub heartbeats: u64,
    /// Status snapshots.
    pub statuses: u64,
    /// Messages of the log.
    pub messages: u64,
    /// Whether the step ended before its work did: the next one goes on.
    pub more: bool,
}

/// One step: looks at about `most_rows` rows (at least 3) of each kind and meter and deletes those that are older than
/// `preferences` keep them.
pub async fn prune(
    tx: &Tx,
    now: UnixMillis,
    preferences: &Preferences,
    most_rows: u32,
) -> Result<Pruned, StoreError> {
    let most = Ord::max(most_rows, 3);
    let mut pruned = Pruned::default();
    if preferences.raw_days > 0 {
        let horizon = UnixMillis(now.0.saturating_sub(i64::from(preferences.raw_days) * DAY));
        for meter in meters::list(tx).await? {
            let (readings, more) = thin(tx, &meter.id, horizon, most).await?;
            pruned.readings += readings;
            pruned.more |= more;
            for (table, count) in [
                (heartbeats::TABLE, &mut pruned.heartbeats),
                (statuses::TABLE, &mut pruned.statuses),
            ] {
                let deleted = delete_older(tx, table, &meter.id, horizon, most).await?;
                *count += deleted;
                pruned.more |= deleted == u64::from(most);
            }
        }
    }
    if preferences.log_messages > 0 {
        pruned.messages = cut_log(tx, preferences.log_messages, most).await?;
        pruned.more |= pruned.messages == u64::from(most);
    }
    Ok(pruned)
}

/// Up to when the readings of a meter were thinned out; none when they are whole.
pub(crate) async fn thinned_to(r: &impl Read, meter: &MeterId) -> Result<Option<UnixMillis>, StoreError> {
    Ok(mark(r, meter).await?.map(|(at, _)| at))
}

/// The last reading that was looked at: when it was received, and its number.
async fn mark(r: &impl Read, meter: &MeterId) -> Result<Option<(UnixMillis, i64)>, StoreError> {
    let query = record::select(MARKS)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .take();
    let row = record::fetch_one(r, MARKS, "meter_id", &query).await?;
    row.map(|row| Ok((UnixMillis(row.int("received_at")?), row.int("reading")?)))
        .transpose()
}

/// A reading as far as it matters here.
pub(crate) struct Reading {
    id: i64,
    at: UnixMillis,
    /// It moved the registers, or began them.
    counted: bool,
    /// The first of its registers or of its epoch.
    begins: bool,
}

impl Reading {
    fn decode(row: &Record) -> Result<Self, StoreError> {
        let verdict = row.text("verdict")?;
        Ok(Self {
            id: row.int("id")?,
            at: UnixMillis(row.int("received_at")?),
            counted: verdict != readings::REFUSED,
            begins: verdict == "first" || row.opt_flag("new_epoch")? == Some(true),
        })
    }
}

/// Thins out the next readings of a meter; answers how many were deleted, and whether more wait.
async fn thin(tx: &Tx, meter: &MeterId, horizon: UnixMillis, most: u32) -> Result<(u64, bool), StoreError> {
    let mark = mark(tx, meter).await?;
    let rows = next(tx, meter, horizon, most, mark).await?;
    let (Some(oldest), Some(newest)) = (rows.first(), rows.last()) else {
        return Ok((0, false));
    };
    let last = newest_of(tx, readings::TABLE, meter).await?;
    let first = mark.is_none().then_some(oldest.id);
    let stays = |id: i64| Some(id) == last || Some(id) == first;
    let start = mark.map_or(oldest.at, |(at, _)| at);
    let cuts = settlements::made_in(tx, meter, start, newest.at).await?;
    // Whether a settlement was made when `from` was the last reading and `to` was still to come.
    let cut = |from: UnixMillis, to: UnixMillis| {
        let next = cuts.partition_point(|at| *at < from);
        cuts.get(next).is_some_and(|at| *at < to)
    };
    let mut old: Vec<i64> = rows.iter().filter(|row| !row.counted).map(|row| row.id).collect();
    let counted: Vec<&Reading> = rows.iter().filter(|row| row.counted).collect();
    let mut before = mark.map(|(at, _)| at);
    for pair in counted.windows(2) {
        let (this, next) = (pair[0], pair[1]);
        let ends = next.begins || cut(this.at, next.at);
        let begins = this.begins || before.is_none_or(|before| cut(before, this.at));
        if !ends && !begins {
            old.push(this.id);
        }
        before = Some(this.at);
    }
    old.retain(|id| !stays(*id));
    let deleted = delete_numbers(tx, readings::TABLE, &old).await?;
    // The last that was counted is looked at again, together with its successor.
    let looked_at = counted.len().checked_sub(2).and_then(|at| counted.get(at));
    if let Some(row) = looked_at {
        let row = Fields::default()
            .text("meter_id", meter.as_str())
            .int("received_at", row.at.0)
            .int("reading", row.id);
        record::upsert(tx, MARKS, &["meter_id"], vec![row]).await?;
    }
    let more = rows.len() == most as usize && (deleted > 0 || looked_at.is_some());
    Ok((deleted, more))
}

/// The next readings to look at.
pub(crate) async fn next(
    r: &impl Read,
    meter: &MeterId,
    horizon: UnixMillis,
    most: u32,
    mark: Option<(UnixMillis, i64)>,
) -> Result<Vec<Reading>, StoreError> {
    let mut query = of_meter(readings::TABLE, meter, horizon, most);
    query.columns(["verdict", "new_epoch"]);
    if let Some((at, id)) = mark {
        query.and_where(readings::after_place(at.0, id));
    }
    let rows = record::fetch_all(r, readings::TABLE, "id", &query).await?;
    rows.iter().map(Reading::decode).collect()
}

/// The oldest rows of a meter from before `horizon`, in the order of receipt.
fn of_meter(table: &'static str, meter: &MeterId, horizon: UnixMillis, most: u32) -> SelectStatement {
    Query::select()
        .columns(["id", "received_at"])
        .from(table)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("received_at").lt(horizon.0))
        .order_by("received_at", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(u64::from(most))
        .take()
}

/// The number of the newest row of a meter.
pub(crate) async fn newest_of(
    r: &impl Read,
    table: &'static str,
    meter: &MeterId,
) -> Result<Option<i64>, StoreError> {
    let query = Query::select()
        .column("id")
        .from(table)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .order_by("received_at", Order::Desc)
        .order_by("id", Order::Desc)
        .limit(1)
        .take();
    let row = record::fetch_one(r, table, "id", &query).await?;
    row.map(|row| row.int("id")).transpose()
}

/// Deletes the oldest rows of a meter, but never its newest.
async fn delete_older(
    tx: &Tx,
    table: &'static str,
    meter: &MeterId,
    horizon: UnixMillis,
    most: u32,
) -> Result<u64, StoreError> {
    let rows = record::fetch_all(tx, table, "id", &of_meter(table, meter, horizon, most)).await?;
    let mut old = rows
        .iter()
        .map(|row| row.int("id"))
        .collect::<Result<Vec<_>, _>>()?;
    if old.is_empty() {
        return Ok(0);
    }
    let newest = newest_of(tx, table, meter).await?;
    old.retain(|id| Some(*id) != newest);
    delete_numbers(tx, table, &old).await
}

async fn delete_numbers(tx: &Tx, table: &'static str, numbers: &[i64]) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for numbers in numbers.chunks(NUMBERS) {
        let statement = Query::delete()
            .from_table(table)
            .and_where(Expr::col("id").is_in(numbers.iter().copied()))
            .take();
        deleted += execute(tx, &statement).await?.rows_affected();
    }
    Ok(deleted)
}

/// Deletes the oldest messages beyond the newest `kept`, counted by their numbers.
async fn cut_log(tx: &Tx, kept: u32, most: u32) -> Result<u64, StoreError> {
    let newest = record::next_id(tx, messages::TABLE).await? - 1;
    let oldest = Query::select()
        .column("id")
        .from(messages::TABLE)
        .and_where(Expr::col("id").lte(newest - i64::from(kept)))
        .order_by("id", Order::Asc)
        .limit(u64::from(most))
        .take();
    let statement = Query::delete()
        .from_table(messages::TABLE)
        .and_where(Expr::col("id").in_subquery(oldest))
        .take();
    Ok(execute(tx, &statement).await?.rows_affected())
}
