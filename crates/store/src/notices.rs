//! Notices: what the household was told of its meters, and the all-clears.

use enerlink_domain::{
    MeterId, Notice, UnixMillis,
    device::{NoticeKind, NoticePage},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
    session::execute,
};

const TABLE: &str = "device_notices";
/// A page has at most so many rows.
const PAGE: u16 = 200;

/// Writes a notice and answers it. A condition that lasts already is that one, with the new `detail`, and is news to
/// nobody; an occurrence is over at once.
pub async fn raise(
    tx: &Tx,
    meter: Option<&MeterId>,
    kind: NoticeKind,
    detail: &str,
    at: UnixMillis,
) -> Result<Notice, StoreError> {
    let lasting = if kind.is_condition() {
        open(tx).await?
    } else {
        Vec::new()
    };
    let same = |notice: &Notice| notice.kind == kind && notice.meter_id.as_ref() == meter;
    if let Some(mut notice) = lasting.into_iter().find(same) {
        notice.detail = detail.to_owned();
        save(tx, &notice).await?;
        return Ok(notice);
    }
    let notice = Notice {
        id: record::next_id(tx, TABLE).await?,
        meter_id: meter.cloned(),
        kind,
        detail: detail.to_owned(),
        raised_at: at,
        cleared_at: (!kind.is_condition()).then_some(at),
        seen: false,
    };
    record::insert(tx, TABLE, encode(&notice), || notice.id.to_string()).await?;
    Ok(notice)
}

/// Notes the all-clear of a condition and answers it; one that was cleared keeps its time. [`StoreError::Missing`] when
/// there is no notice of this number.
pub async fn clear(tx: &Tx, id: i64, at: UnixMillis) -> Result<Notice, StoreError> {
    let query = record::select(TABLE).and_where(Expr::col("id").eq(id)).take();
    let Some(mut notice) = fetch(tx, &query).await?.pop() else {
        return Err(StoreError::Missing {
            table: TABLE,
            key: id.to_string(),
        });
    };
    if notice.cleared_at.is_none() {
        notice.cleared_at = Some(at);
        save(tx, &notice).await?;
    }
    Ok(notice)
}

/// Conditions that last, oldest first.
pub async fn open(r: &impl Read) -> Result<Vec<Notice>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::cust("cleared_at IS NULL"))
        .order_by("id", Order::Asc)
        .take();
    fetch(r, &query).await
}

/// Notices, newest first; only those before number `before`, when given. At most 200 at a time.
pub async fn list(r: &impl Read, limit: u16, before: Option<i64>) -> Result<NoticePage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    let mut query = record::select(TABLE);
    query.order_by("id", Order::Desc).limit(u64::from(limit) + 1);
    if let Some(before) = before {
        query.and_where(Expr::col("id").lt(before));
    }
    let mut rows = fetch(r, &query).await?;
    // One more than was asked for says whether there is a next page.
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|notice| notice.id);
    let unseen = unseen(r).await?;
    Ok(NoticePage { rows, unseen, next })
}

/// Notes that somebody has looked at every notice there is.
pub async fn see_all(tx: &Tx) -> Result<(), StoreError> {
    let statement = Query::update()
        .table(TABLE)
        .value("seen", true)
        .and_where(Expr::cust("NOT seen"))
        .take();
    execute(tx, &statement).await?;
    Ok(())
}

async fn unseen(r: &impl Read) -> Result<u32, StoreError> {
    let query = Query::select()
        .expr_as(Expr::col("id").count(), "count")
        .from(TABLE)
        .and_where(Expr::cust("NOT seen"))
        .take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map_or(Ok(0), |row| row.number("count"))
}

async fn save(tx: &Tx, notice: &Notice) -> Result<(), StoreError> {
    record::update(tx, TABLE, "id", notice.id, encode(notice)).await
}

async fn fetch(r: &impl Read, query: &SelectStatement) -> Result<Vec<Notice>, StoreError> {
    let rows = record::fetch_all(r, TABLE, "id", query).await?;
    rows.iter().map(decode).collect()
}

fn encode(notice: &Notice) -> Fields {
    Fields::default()
        .int("id", notice.id)
        .opt_text("meter_id", notice.meter_id.as_ref().map(MeterId::as_str))
        .text("kind", notice.kind.as_str())
        .text("detail", notice.detail.as_str())
        .int("raised_at", notice.raised_at.0)
        .opt_int("cleared_at", notice.cleared_at.map(|at| at.0))
        .flag("seen", notice.seen)
}

fn decode(row: &Record) -> Result<Notice, StoreError> {
    Ok(Notice {
        id: row.int("id")?,
        meter_id: row.opt_parse("meter_id", |text| text.parse().ok())?,
        kind: row.parse("kind", NoticeKind::parse)?,
        detail: row.text("detail")?,
        raised_at: UnixMillis(row.int("raised_at")?),
        cleared_at: row.opt_int("cleared_at")?.map(UnixMillis),
        seen: row.flag("seen")?,
    })
}
