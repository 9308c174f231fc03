//! The log of MQTT messages: everything that came in or went out, with what became of it.

use enerlink_domain::{MeterId, UnixMillis};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
};

const TABLE: &str = "mqtt_message_logs";

/// So much of a payload is kept, in bytes; a longer one is cut and its true length noted.
pub const PAYLOAD_CAP: usize = 4096;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the broker.
    In,
    /// To the broker.
    Out,
}

impl Direction {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "IN",
            Self::Out => "OUT",
        }
    }

    /// The reverse of [`Direction::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::In, Self::Out]
            .into_iter()
            .find(|direction| direction.as_str() == text)
    }
}

/// A message to be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageLog {
    /// When it was received or sent.
    pub received_at: UnixMillis,
    /// Which way it went.
    pub direction: Direction,
    /// Its topic.
    pub topic: String,
    /// The meter it belongs to, when that is known.
    pub meter_id: Option<MeterId>,
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

/// A message that was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedMessage {
    /// Its number.
    pub id: i64,
    /// The true length of its payload in bytes.
    pub length: u64,
    /// The message, its payload cut at [`PAYLOAD_CAP`].
    pub message: MessageLog,
}

/// Logs messages, in few statements.
pub async fn insert(tx: &Tx, messages: &[MessageLog]) -> Result<(), StoreError> {
    let rows: Vec<Fields> = messages.iter().map(encode).collect();
    record::insert_many(tx, TABLE, &rows).await
}

/// The newest messages, newest first; only those before number `before`, when given.
pub async fn list(r: &impl Read, limit: u16, before: Option<i64>) -> Result<Vec<LoggedMessage>, StoreError> {
    let mut query = record::select(TABLE);
    query.order_by("id", Order::Desc).limit(u64::from(limit));
    if let Some(before) = before {
        query.and_where(Expr::col("id").lt(before));
    }
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter().map(decode).collect()
}

fn encode(message: &MessageLog) -> Fields {
    let kept = message.payload.get(..PAYLOAD_CAP).unwrap_or(&message.payload);
    Fields::default()
        .int("received_at", message.received_at.0)
        .text("direction", message.direction.as_str())
        .text("topic", message.topic.as_str())
        .opt_text("meter_id", message.meter_id.as_ref().map(MeterId::as_str))
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

fn decode(row: &Record) -> Result<LoggedMessage, StoreError> {
    let message = MessageLog {
        received_at: UnixMillis(row.int("received_at")?),
        direction: row.parse("direction", Direction::parse)?,
        topic: row.text("topic")?,
        meter_id: row.opt_parse("meter_id", |text| text.parse().ok())?,
        payload: row.blob("payload")?,
        accepted: row.flag("accepted")?,
        reason: row.opt_text("reason")?,
        retained: row.flag("retained")?,
        duplicate: row.flag("duplicate")?,
    };
    Ok(LoggedMessage {
        id: row.int("id")?,
        length: row.number("payload_length")?,
        message,
    })
}
