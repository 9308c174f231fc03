//! Commands to meters, each under the id by which it is acknowledged.

use enerlink_domain::{MeterId, UnixMillis};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
};

const TABLE: &str = "device_commands";
const KEY: &str = "correlation_id";
/// Fields of a command that do not say what it does.
const ENVELOPE: [&str; 2] = ["correlation_id", "timestamp"];

/// How far a command has come, as the source documents say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandStatus {
    /// Stored, not sent.
    Pending,
    /// The broker has it.
    Sent,
    /// The meter answered, or was seen to obey.
    Acknowledged,
    /// The meter refused.
    Failed,
    /// Nothing was heard, after every attempt.
    Timeout,
}

impl CommandStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Sent,
        Self::Acknowledged,
        Self::Failed,
        Self::Timeout,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Sent => "SENT",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Failed => "FAILED",
            Self::Timeout => "TIMEOUT",
        }
    }

    /// The reverse of [`CommandStatus::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRow {
    /// The UUID under which the meter answers.
    pub correlation_id: String,
    /// Whom it is for.
    pub meter_id: MeterId,
    /// Its JSON, as it is sent.
    pub command: String,
    /// How far it has come.
    pub status: CommandStatus,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was stored.
    pub created_at: UnixMillis,
    /// When it was last sent.
    pub sent_at: Option<UnixMillis>,
    /// When it came to its end.
    pub finished_at: Option<UnixMillis>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Stores a command; [`StoreError::Exists`] when its id was used before.
pub async fn insert(tx: &Tx, command: &CommandRow) -> Result<(), StoreError> {
    record::insert(tx, TABLE, encode(command), || command.correlation_id.clone()).await
}

/// Overwrites a command; [`StoreError::Missing`] when there is none of this id.
pub async fn update(tx: &Tx, command: &CommandRow) -> Result<(), StoreError> {
    record::update(tx, TABLE, KEY, command.correlation_id.as_str(), encode(command)).await
}

/// The command of this id.
pub async fn get(r: &impl Read, correlation_id: &str) -> Result<Option<CommandRow>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).eq(correlation_id))
        .take();
    let row = record::fetch_one(r, TABLE, KEY, &query).await?;
    row.as_ref().map(decode).transpose()
}

/// Commands that are PENDING or SENT, oldest first.
pub async fn unfinished(r: &impl Read) -> Result<Vec<CommandRow>, StoreError> {
    let open = [CommandStatus::Pending, CommandStatus::Sent].map(CommandStatus::as_str);
    let query = record::select(TABLE)
        .and_where(Expr::col("status").is_in(open))
        .order_by("created_at", Order::Asc)
        .order_by(KEY, Order::Asc)
        .take();
    let rows = record::fetch_all(r, TABLE, KEY, &query).await?;
    rows.iter().map(decode).collect()
}

/// What a command is about: the first field that is not its envelope, such as `grid` or `energy`.
fn command_type(command: &str) -> String {
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(command).unwrap_or_default();
    let mut names = fields.keys().filter(|name| !ENVELOPE.contains(&name.as_str()));
    names.next().cloned().unwrap_or_else(|| "unknown".to_owned())
}

fn encode(command: &CommandRow) -> Fields {
    Fields::default()
        .text(KEY, command.correlation_id.as_str())
        .text("meter_id", command.meter_id.as_str())
        .text("command_type", command_type(&command.command))
        .text("command", command.command.as_str())
        .text("status", command.status.as_str())
        .int("attempts", command.attempts)
        .int("created_at", command.created_at.0)
        .opt_int("sent_at", command.sent_at.map(|at| at.0))
        .opt_int("finished_at", command.finished_at.map(|at| at.0))
        .opt_text("error", command.error.as_deref())
}

fn decode(row: &Record) -> Result<CommandRow, StoreError> {
    Ok(CommandRow {
        correlation_id: row.text(KEY)?,
        meter_id: row.parse("meter_id", |text| text.parse().ok())?,
        command: row.text("command")?,
        status: row.parse("status", CommandStatus::parse)?,
        attempts: row.number("attempts")?,
        created_at: UnixMillis(row.int("created_at")?),
        sent_at: row.opt_int("sent_at")?.map(UnixMillis),
        finished_at: row.opt_int("finished_at")?.map(UnixMillis),
        error: row.opt_text("error")?,
    })
}
