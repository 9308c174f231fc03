//! The chain of facts: what the chain has settled and what a reorganisation has undone, never changed, each with a hash
//! over itself and the one before.
//!
//! A row holds the settlement as JSON, as it was then. The hash covers that text letter by letter, so that a later
//! version, which knows more of a settlement, still finds the hashes of older rows. See `docs/audit.md`.

use std::collections::BTreeMap;

use enerlink_domain::{
    Hash32, MeterId, Settlement, UnixMillis,
    audit::{Fact, FactKind},
    id::keccak256,
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, signed},
    settlements,
};

pub(crate) const TABLE: &str = "settlement_facts";
const KEY: &str = "number";
/// A page has at most so many rows.
const PAGE: u16 = 200;
/// Old settlements that are in memory at once while they become facts.
const CHUNK: u32 = 500;

/// A row of the chain as it is found: what it says, unless that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its place.
    pub number: u64,
    /// None when its hash is not that of its content, or its content cannot be read.
    pub fact: Option<Fact>,
}

/// Adds a fact to the end of the chain. Call it in the transaction that makes `settlement` SUCCESS, or that takes a
/// SUCCESS back; of a settlement that comes into another block, both.
pub async fn append(
    tx: &Tx,
    kind: FactKind,
    settlement: &Settlement,
    at: UnixMillis,
) -> Result<Fact, StoreError> {
    let mut facts = append_all(tx, [(kind, settlement.clone(), at)]).await?;
    facts.pop().ok_or(StoreError::Range { what: "the facts" })
}

/// [`append`] for several, in their order.
pub async fn append_all(
    tx: &Tx,
    facts: impl IntoIterator<Item = (FactKind, Settlement, UnixMillis)>,
) -> Result<Vec<Fact>, StoreError> {
    let mut facts = facts.into_iter().peekable();
    if facts.peek().is_none() {
        return Ok(Vec::new());
    }
    let (mut last, mut previous) = end(tx).await?.unwrap_or_default();
    let (mut added, mut rows) = (Vec::new(), Vec::new());
    for (kind, mut settlement, at) in facts {
        last = last.checked_add(1).ok_or(StoreError::Range {
            what: "the number of a fact",
        })?;
        // As its row says it.
        settlement.settlement_id = record::without_nul(settlement.settlement_id);
        let content =
            serde_json::to_string(&settlement).map_err(|_| StoreError::Range { what: "a settlement" })?;
        let hash = hash(last, kind, at, previous, &content);
        rows.push(
            Fields::default()
                .int(KEY, signed(last, "the number of a fact")?)
                .text("kind", kind.as_str())
                .int("written_at", at.0)
                .text("meter_id", settlement.meter_id.as_str())
                .text("settlement_id", settlement.settlement_id.as_str())
                .text("content", content)
                .blob("previous", previous.0)
                .blob("hash", hash.0),
        );
        added.push(Fact {
            number: last,
            kind,
            at,
            hash,
            previous,
            settlement,
        });
        previous = hash;
    }
    record::insert_many(tx, TABLE, rows).await?;
    Ok(added)
}

/// Facts of one meter or of all, newest first; only those before `before`, when given. At most 200 at a time. With them
/// what to give as `before` for the next page.
pub async fn list(
    r: &impl Read,
    meter: Option<&MeterId>,
    limit: u16,
    before: Option<u64>,
) -> Result<(Vec<Fact>, Option<u64>), StoreError> {
    let limit = limit.clamp(1, PAGE);
    // One more than was asked for says whether there is a next page.
    let mut query = record::select(TABLE);
    query.order_by(KEY, Order::Desc).limit(u64::from(limit) + 1);
    if let Some(meter) = meter {
        query.and_where(Expr::col("meter_id").eq(meter.as_str()));
    }
    if let Some(before) = before {
        query.and_where(Expr::col(KEY).lt(i64::try_from(before).unwrap_or(i64::MAX)));
    }
    let rows = record::fetch_all(r, TABLE, KEY, &query).await?;
    let more = rows.len() > usize::from(limit);
    let facts = rows.iter().take(usize::from(limit)).map(decode);
    let facts = facts.collect::<Result<Vec<_>, _>>()?;
    let next = facts.last().filter(|_| more).map(|fact| fact.number);
    Ok((facts, next))
}

/// The last fact.
pub async fn last(r: &impl Read) -> Result<Option<Fact>, StoreError> {
    let row = record::fetch_one(r, TABLE, KEY, &newest()).await?;
    row.as_ref().map(decode).transpose()
}

/// The chain from the fact after `number` on, in its order; at most `limit` links. One that is damaged is named, not refused.
pub async fn after(r: &impl Read, number: u64, limit: u32) -> Result<Vec<Link>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).gt(signed(number, KEY)?))
        .order_by(KEY, Order::Asc)
        .limit(u64::from(limit))
        .take();
    let rows = record::fetch_all(r, TABLE, KEY, &query).await?;
    let links = rows.iter().map(|row| {
        let number = row.number(KEY)?;
        match decode(row) {
            Ok(fact) => Ok(Link {
                number,
                fact: Some(fact),
            }),
            Err(StoreError::Damaged { .. }) => Ok(Link { number, fact: None }),
            Err(error) => Err(error),
        }
    });
    links.collect()
}

/// The last fact of each of these settlements; one that is damaged is left out.
pub async fn latest(r: &impl Read, ids: &[&str]) -> Result<BTreeMap<String, Fact>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("settlement_id").is_in(ids.iter().copied()))
        .take();
    let rows = record::fetch_all(r, TABLE, KEY, &query).await?;
    let mut latest: BTreeMap<String, Fact> = BTreeMap::new();
    for fact in rows.iter().filter_map(|row| decode(row).ok()) {
        let id = &fact.settlement.settlement_id;
        if latest.get(id).is_none_or(|known| known.number < fact.number) {
            latest.insert(id.clone(), fact);
        }
    }
    Ok(latest)
}

/// Begins the chain of a database that is older than it: with the settlements that have succeeded, in their order. One
/// whose row is damaged cannot become a fact; a verification names it.
pub(crate) async fn begin(tx: &Tx) -> Result<(), StoreError> {
    let mut place = 0;
    loop {
        let rows = settlements::succeeded_after(tx, place, CHUNK).await?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        place = *last;
        for settlement in rows.into_iter().filter_map(|(_, settlement)| settlement) {
            let at = settlement.settled_at.unwrap_or(settlement.created_at);
            append(tx, FactKind::Settled, &settlement, at).await?;
        }
    }
}

fn newest() -> SelectStatement {
    record::select(TABLE).order_by(KEY, Order::Desc).limit(1).take()
}

/// Number and hash of the last row, whatever it says: a damaged end must not keep anybody from settling.
async fn end(tx: &Tx) -> Result<Option<(u64, Hash32)>, StoreError> {
    let row = record::fetch_one(tx, TABLE, KEY, &newest()).await?;
    row.map(|row| Ok((row.number(KEY)?, hash_of(&row, "hash").unwrap_or_default())))
        .transpose()
}

fn hash(number: u64, kind: FactKind, at: UnixMillis, previous: Hash32, content: &str) -> Hash32 {
    let text = format!(
        "enerlink-fact-1\n{number}\n{}\n{}\n{previous}\n{content}",
        kind.as_str(),
        at.0
    );
    Hash32(keccak256(text.as_bytes()))
}

fn hash_of(row: &Record, column: &str) -> Result<Hash32, StoreError> {
    let bytes = row.blob(column)?.try_into().map_err(|_| row.damaged())?;
    Ok(Hash32(bytes))
}

fn decode(row: &Record) -> Result<Fact, StoreError> {
    let content = row.text("content")?;
    let settlement: Settlement = serde_json::from_str(&content).map_err(|_| row.damaged())?;
    let fact = Fact {
        number: row.number(KEY)?,
        kind: row.parse("kind", FactKind::parse)?,
        at: UnixMillis(row.int("written_at")?),
        hash: hash_of(row, "hash")?,
        previous: hash_of(row, "previous")?,
        settlement,
    };
    let sound = fact.hash == hash(fact.number, fact.kind, fact.at, fact.previous, &content)
        && row.text("meter_id")? == fact.settlement.meter_id.as_str()
        && row.text("settlement_id")? == fact.settlement.settlement_id;
    if sound { Ok(fact) } else { Err(row.damaged()) }
}
