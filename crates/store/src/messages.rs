//! The log of MQTT messages: everything that came in or went out, with what became of it.

use enerlink_domain::{
    MeterId, UnixMillis,
    view::{MessageDirection, MessageFilter, MessagePage, MessageView},
};
use sea_orm::{
    ConnectionTrait, DbBackend,
    sea_query::{Expr, ExprTrait, Order, SelectStatement},
};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
};

pub(crate) const TABLE: &str = "mqtt_message_logs";
/// A page has at most so many rows.
const PAGE: u16 = 1_000;

/// So much of a payload is kept, in bytes; a longer one is cut and its true length noted.
pub const PAYLOAD_CAP: usize = 4096;

/// A message to be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageLog {
    /// When it was received or sent.
    pub received_at: UnixMillis,
    /// Which way it went.
    pub direction: MessageDirection,
    /// Its topic.
    pub topic: String,
    /// The meter it belongs to, when that is known.
    pub meter_id: Option<MeterId>,
    /// The command it belongs to.
    pub correlation_id: Option<String>,
    /// Its bytes, of any length.
    pub payload: Vec<u8>,
    /// Whether it was understood and taken.
    pub accepted: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Whether the broker had kept it from an unknown time.
    pub retained: bool,
    /// Whether the sender marked it as sent again.
    pub duplicate: bool,
}

/// Logs messages, in few statements.
pub async fn insert(tx: &Tx, messages: &[MessageLog]) -> Result<(), StoreError> {
    let rows: Vec<Fields> = messages.iter().map(encode).collect();
    record::insert_many(tx, TABLE, rows).await
}

/// The newest messages that `filter` asks for, newest first; only those before number `before`, when given. At most
/// 1 000 at a time. Refused messages, those of a meter and those of a command are found by an index; a text or a time
/// is looked for among them one by one.
pub async fn list(
    r: &impl Read,
    filter: &MessageFilter,
    limit: u16,
    before: Option<i64>,
) -> Result<MessagePage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    let mut query = select(r, filter);
    query.order_by("id", Order::Desc).limit(u64::from(limit) + 1);
    if let Some(before) = before {
        query.and_where(Expr::col("id").lt(before));
    }
    let mut rows = fetch(r, &query).await?;
    // One more than was asked for says whether there is a next page.
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|message| message.id);
    Ok(MessagePage { rows, next })
}

/// Messages that `filter` asks for, oldest first; only those after number `after`, when given, at most `limit`.
pub async fn export(
    r: &impl Read,
    filter: &MessageFilter,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<MessageView>, StoreError> {
    let mut query = select(r, filter);
    query.order_by("id", Order::Asc).limit(u64::from(limit));
    if let Some(after) = after {
        query.and_where(Expr::col("id").gt(after));
    }
    fetch(r, &query).await
}

fn select(r: &impl Read, filter: &MessageFilter) -> SelectStatement {
    let mut query = record::select(TABLE);
    if let Some(meter) = &filter.meter_id {
        // Fewer messages are refused, or of one command, than of one meter: those indexes are the better ones.
        let few = filter.correlation_id.is_some() || filter.accepted == Some(false);
        let column = if few {
            Expr::cust("meter_id || ''")
        } else {
            Expr::col("meter_id")
        };
        query.and_where(column.eq(meter.as_str()));
    }
    if let Some(direction) = filter.direction {
        query.and_where(Expr::col("direction").eq(direction.as_str()));
    }
    match filter.accepted {
        Some(true) => query.and_where(Expr::cust("accepted")),
        // Written as the index of refused messages is.
        Some(false) => query.and_where(Expr::cust("NOT accepted")),
        None => &mut query,
    };
    if let Some(correlation_id) = &filter.correlation_id {
        query.and_where(Expr::col("correlation_id").eq(correlation_id.as_str()));
    }
    if let Some(text) = filter.search.as_deref().filter(|text| !text.is_empty()) {
        query.and_where(contains(r.connection().get_database_backend(), text));
    }
    if let Some(from) = filter.from {
        query.and_where(Expr::col("received_at").gte(from.0));
    }
    if let Some(to) = filter.to {
        query.and_where(Expr::col("received_at").lt(to.0));
    }
    query
}

/// Whether topic, payload or reason contains `text`, letters of ASCII in any case. A payload need not be text.
fn contains(backend: DbBackend, text: &str) -> Expr {
    let found = match backend {
        DbBackend::Postgres => {
            "(position($1 in lower(topic COLLATE \"C\")) > 0 \
             OR position($1 in lower(coalesce(reason, '') COLLATE \"C\")) > 0 \
             OR position(encode(convert_to($1, 'UTF8'), 'escape') in lower(encode(payload, 'escape') COLLATE \"C\")) > 0)"
        }
        _ => "(instr(lower(topic), ?) OR instr(lower(reason), ?) OR instr(lower(CAST(payload AS TEXT)), ?))",
    };
    let text = text.to_ascii_lowercase();
    Expr::cust_with_values(found, [text.as_str(), &text, &text])
}

async fn fetch(r: &impl Read, query: &SelectStatement) -> Result<Vec<MessageView>, StoreError> {
    let rows = record::fetch_all(r, TABLE, "id", query).await?;
    rows.iter().map(decode).collect()
}

fn encode(message: &MessageLog) -> Fields {
    let kept = message.payload.get(..PAYLOAD_CAP).unwrap_or(&message.payload);
    Fields::default()
        .int("received_at", message.received_at.0)
        .text("direction", message.direction.as_str())
        .text("topic", message.topic.as_str())
        .opt_text("meter_id", message.meter_id.as_ref().map(MeterId::as_str))
        .opt_text("correlation_id", message.correlation_id.as_deref())
        .blob("payload", kept)
        .int(
            "payload_length",
            i64::try_from(message.payload.len()).unwrap_or(i64::MAX),
        )
        .flag("accepted", message.accepted)
        .opt_text("reason", message.reason.as_deref())
        .flag("retained", message.retained)
        .flag("duplicate", message.duplicate)
}

fn decode(row: &Record) -> Result<MessageView, StoreError> {
    Ok(MessageView {
        id: row.int("id")?,
        at: UnixMillis(row.int("received_at")?),
        direction: row.parse("direction", MessageDirection::parse)?,
        topic: row.text("topic")?,
        meter_id: row.opt_parse("meter_id", |text| text.parse().ok())?,
        correlation_id: row.opt_text("correlation_id")?,
        payload: String::from_utf8_lossy(&row.blob("payload")?).into_owned(),
        length: row.number("payload_length")?,
        accepted: row.flag("accepted")?,
        reason: row.opt_text("reason")?,
        retained: row.flag("retained")?,
        duplicate: row.flag("duplicate")?,
    })
}
