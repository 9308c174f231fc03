//! Commands to meters, each under the id by which it is acknowledged.

use enerlink_domain::{
    CommandStage, CommandView, MeterId, UnixMillis,
    command::{CommandPage, MeterCommand},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
};

const TABLE: &str = "device_commands";
const KEY: &str = "correlation_id";
/// A page has at most so many rows.
const PAGE: u16 = 200;
/// Fields of a command that do not say what it does.
const ENVELOPE: [&str; 2] = ["correlation_id", "timestamp"];

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRow {
    /// What was asked for and how it fares.
    pub view: CommandView,
    /// Its JSON, as it is sent.
    pub json: String,
}

/// Stores a command; [`StoreError::Exists`] when its id was used before.
pub async fn insert(tx: &Tx, command: &CommandRow) -> Result<(), StoreError> {
    let name = || command.view.correlation_id.clone();
    record::insert(tx, TABLE, encode(command)?, name).await
}

/// Overwrites a command; [`StoreError::Missing`] when there is none of this id.
pub async fn update(tx: &Tx, command: &CommandRow) -> Result<(), StoreError> {
    let id = command.view.correlation_id.as_str();
    record::update(tx, TABLE, KEY, id, encode(command)?).await
}

/// The command of this id.
pub async fn get(r: &impl Read, correlation_id: &str) -> Result<Option<CommandRow>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).eq(correlation_id))
        .take();
    let row = record::fetch_one(r, TABLE, KEY, &query).await?;
    row.as_ref().map(decode).transpose()
}

/// Commands that are queued or sent, oldest first.
pub async fn unfinished(r: &impl Read) -> Result<Vec<CommandRow>, StoreError> {
    let open = [CommandStage::Queued, CommandStage::Sent].map(CommandStage::status);
    let query = record::select(TABLE)
        .and_where(Expr::col("status").is_in(open))
        .order_by("id", Order::Asc)
        .take();
    fetch(r, &query).await
}

/// Commands to this meter, newest first; only those before number `before`, when given. At most 200 at a time.
pub async fn list(
    r: &impl Read,
    meter: &MeterId,
    limit: u16,
    before: Option<i64>,
) -> Result<CommandPage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    let mut query = record::select(TABLE);
    query
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .order_by("id", Order::Desc)
        .limit(u64::from(limit) + 1);
    if let Some(before) = before {
        query.and_where(Expr::col("id").lt(before));
    }
    let mut rows = record::fetch_all(r, TABLE, KEY, &query).await?;
    // One more than was asked for says whether there is a next page.
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| row.int("id"))
        .transpose()?;
    let rows = rows.iter().map(|row| Ok(decode(row)?.view));
    Ok(CommandPage {
        rows: rows.collect::<Result<_, StoreError>>()?,
        next,
    })
}

/// Commands to this meter that have timed out at `since` or later and were not heard of again, oldest first.
pub async fn timed_out_since(
    r: &impl Read,
    meter: &MeterId,
    since: UnixMillis,
) -> Result<Vec<CommandRow>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("stage").eq(CommandStage::TimedOut.as_str()))
        .and_where(Expr::col("finished_at").gte(since.0))
        .order_by("finished_at", Order::Asc)
        .order_by("id", Order::Asc)
        .take();
    fetch(r, &query).await
}

async fn fetch(r: &impl Read, query: &SelectStatement) -> Result<Vec<CommandRow>, StoreError> {
    let rows = record::fetch_all(r, TABLE, KEY, query).await?;
    rows.iter().map(decode).collect()
}

/// What a command is about: the first field that is not its envelope, such as `grid` or `energy`.
fn command_type(json: &str) -> String {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    let mut names = fields.keys().filter(|name| !ENVELOPE.contains(&name.as_str()));
    names.next().cloned().unwrap_or_else(|| "unknown".to_owned())
}

fn encode(command: &CommandRow) -> Result<Fields, StoreError> {
    let view = &command.view;
    let row = Fields::default()
        .text(KEY, view.correlation_id.as_str())
        .text("meter_id", view.meter_id.as_str())
        .text("command_type", command_type(&command.json));
    // A wish that this version cannot read stays as it is.
    let row = match &view.command {
        Some(wish) => row.json("wish", wish)?,
        None => row,
    };
    Ok(row
        .text("command", command.json.as_str())
        .text("status", view.stage.status())
        .text("stage", view.stage.as_str())
        .int("attempts", view.attempts)
        .int("created_at", view.created_at.0)
        .opt_int("sent_at", view.sent_at.map(|at| at.0))
        .opt_int("finished_at", view.finished_at.map(|at| at.0))
        .opt_text("error", view.error.as_deref()))
}

fn decode(row: &Record) -> Result<CommandRow, StoreError> {
    let wish = row.opt_text("wish")?;
    Ok(CommandRow {
        view: CommandView {
            correlation_id: row.text(KEY)?,
            meter_id: row.parse("meter_id", |text| text.parse().ok())?,
            command: wish.and_then(|text| serde_json::from_str::<MeterCommand>(&text).ok()),
            stage: row.parse("stage", CommandStage::parse)?,
            attempts: row.number("attempts")?,
            created_at: UnixMillis(row.int("created_at")?),
            sent_at: row.opt_int("sent_at")?.map(UnixMillis),
            finished_at: row.opt_int("finished_at")?.map(UnixMillis),
            error: row.opt_text("error")?,
        },
        json: row.text("command")?,
    })
}
