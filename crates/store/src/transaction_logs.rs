//! The log: one readable line for each transaction that came to its end, and one for each act on a wallet.

use enerlink_domain::{
    Address, Status, TxHash, TxKind, UnixMillis,
    transaction::{LoggedTransaction, TransactionLogPage, TxAbout},
    wallet::{Activity, ActivityPage, WalletAct},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};

use crate::{
    OutboxRow, Read, StoreError, Tx,
    record::{self, Fields, Record},
};

const TABLE: &str = "transaction_logs";
/// A page has at most so many rows.
const PAGE: u16 = 200;
/// The two categories of lines.
const TRANSACTION: &str = "transaction";
const WALLET: &str = "wallet";

/// What a line is about. The two lists of names have none in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// A transaction.
    Transaction(TxKind),
    /// An act on a wallet.
    Wallet(WalletAct),
}

impl LogKind {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transaction(kind) => kind.as_str(),
            Self::Wallet(act) => act.as_str(),
        }
    }

    /// The reverse of [`LogKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        let transaction = TxKind::parse(text).map(Self::Transaction);
        transaction.or_else(|| WalletAct::parse(text).map(Self::Wallet))
    }

    fn category(self) -> &'static str {
        match self {
            Self::Transaction(_) => TRANSACTION,
            Self::Wallet(_) => WALLET,
        }
    }
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionLog {
    /// When the transaction came to its end, or the act was done.
    pub logged_at: UnixMillis,
    /// What it is about.
    pub kind: LogKind,
    /// SUCCESS or FAILED.
    pub status: Status,
    /// The account that signed, or that an act concerns.
    pub account: Option<Address>,
    /// The transaction's hash; none when it was never signed.
    pub hash: Option<TxHash>,
    /// What happened, as a sentence.
    pub line: String,
}

/// An act to be logged. Nothing in it may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewActivity {
    /// When.
    pub at: UnixMillis,
    /// What.
    pub act: WalletAct,
    /// The wallet's name; none when it concerns all of them.
    pub wallet: Option<String>,
    /// The account, when it concerns one.
    pub account: Option<Address>,
    /// A few words more.
    pub detail: Option<String>,
}

/// Adds the lines of transactions that came to their end, in this order.
pub async fn append(tx: &Tx, rows: &[&OutboxRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let first = record::next_id(tx, TABLE).await?;
    let rows = (first..).zip(rows).map(|(id, row)| {
        let log = TransactionLog {
            logged_at: row.updated_at,
            kind: LogKind::Transaction(row.kind),
            status: row.stage.status(),
            account: Some(row.account),
            hash: row.hash,
            line: transaction_line(row),
        };
        let about = TxAbout {
            detail: row.detail.clone(),
            meter_id: row.meter_id.clone(),
            settlement_id: row.settlement_id.clone(),
            block: row.block.map(|(number, _)| number),
            reason: row.reason.clone(),
        };
        let about = serde_json::to_string(&about).map_err(|_| StoreError::Range { what: "the detail" })?;
        Ok(encode(id, &log, None, Some(&about)))
    });
    record::insert_many(tx, TABLE, rows.collect::<Result<_, StoreError>>()?).await
}

/// Adds the line of an act. Answers it as it is shown.
pub async fn note(tx: &Tx, new: NewActivity) -> Result<Activity, StoreError> {
    let log = TransactionLog {
        logged_at: new.at,
        kind: LogKind::Wallet(new.act),
        status: match new.act {
            WalletAct::UnlockFailed => Status::Failed,
            _ => Status::Success,
        },
        account: new.account,
        hash: None,
        line: act_line(&new),
    };
    let id = record::next_id(tx, TABLE).await?;
    let row = encode(id, &log, new.wallet.as_deref(), new.detail.as_deref());
    record::insert(tx, TABLE, row, || id.to_string()).await?;
    Ok(Activity {
        id,
        at: new.at,
        act: new.act,
        wallet: new.wallet,
        account: new.account,
        detail: new.detail,
    })
}

fn encode(id: i64, log: &TransactionLog, wallet: Option<&str>, detail: Option<&str>) -> Fields {
    Fields::default()
        .int("id", id)
        .int("logged_at", log.logged_at.0)
        .text("category", log.kind.category())
        .text("kind", log.kind.as_str())
        .text("status", log.status.as_str())
        .opt_text("wallet", wallet)
        .opt_text("account", log.account.map(Address::to_lower))
        .opt_text("tx_hash", log.hash.map(|hash| hash.to_string()))
        .opt_text("detail", detail)
        .text("line", log.line.as_str())
}

fn transaction_line(row: &OutboxRow) -> String {
    let kind = row.kind.as_str();
    let subject = match (&row.detail, &row.settlement_id, &row.meter_id) {
        (Some(detail), ..) => format!("{kind}: {},", detail.words()),
        (None, Some(settlement), _) => format!("{kind} {settlement}"),
        (None, None, Some(meter)) => format!("{kind} {meter}"),
        (None, None, None) => kind.to_owned(),
    };
    let end = match row.stage.status() {
        Status::Success => "succeeded",
        Status::Failed => "failed",
        Status::Pending => "waits",
    };
    let place = row
        .block
        .map(|(number, _)| format!(" in block {number}"))
        .unwrap_or_default();
    let reason = row
        .reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    format!("{subject} {end}{place}{reason}")
}

fn act_line(new: &NewActivity) -> String {
    let mut line = new.act.as_str().to_owned();
    let parts = [
        new.wallet.clone(),
        new.account.map(|account| account.to_string()),
        new.detail.clone(),
    ];
    for part in parts.into_iter().flatten() {
        line.push(' ');
        line.push_str(&part);
    }
    line
}

/// The newest lines with their numbers, newest first; only those before number `before`, when given.
pub async fn list(
    r: &impl Read,
    limit: u16,
    before: Option<i64>,
) -> Result<Vec<(i64, TransactionLog)>, StoreError> {
    let query = newest(u64::from(limit), before);
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter()
        .map(|row| Ok((row.int("id")?, decode(row)?)))
        .collect()
}

/// A page of at most `limit` acts on wallets (1 to 200), newest first; only those before number `before`, when given.
pub async fn activities(r: &impl Read, limit: u16, before: Option<i64>) -> Result<ActivityPage, StoreError> {
    let (rows, next) = page(r, WALLET, limit, before).await?;
    let rows = rows.iter().map(decode_activity).collect::<Result<_, _>>()?;
    Ok(ActivityPage { rows, next })
}

/// A page of at most `limit` lines of transactions (1 to 200), newest first; only those before number `before`, when given.
pub async fn transactions(
    r: &impl Read,
    limit: u16,
    before: Option<i64>,
) -> Result<TransactionLogPage, StoreError> {
    let (rows, next) = page(r, TRANSACTION, limit, before).await?;
    let rows = rows.iter().map(decode_transaction).collect::<Result<_, _>>()?;
    Ok(TransactionLogPage { rows, next })
}

/// Lines of a category, newest first, and where the next page begins.
async fn page(
    r: &impl Read,
    category: &str,
    limit: u16,
    before: Option<i64>,
) -> Result<(Vec<Record>, Option<i64>), StoreError> {
    let limit = limit.clamp(1, PAGE);
    // One more than was asked for says whether there is a next page.
    let mut query = newest(u64::from(limit) + 1, before);
    query.and_where(Expr::col("category").eq(category));
    let mut rows = record::fetch_all(r, TABLE, "id", &query).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| row.int("id"))
        .transpose()?;
    Ok((rows, next))
}

fn newest(limit: u64, before: Option<i64>) -> SelectStatement {
    let mut query = record::select(TABLE);
    query.order_by("id", Order::Desc).limit(limit);
    if let Some(before) = before {
        query.and_where(Expr::col("id").lt(before));
    }
    query
}

fn decode(row: &Record) -> Result<TransactionLog, StoreError> {
    Ok(TransactionLog {
        logged_at: UnixMillis(row.int("logged_at")?),
        kind: row.parse("kind", LogKind::parse)?,
        status: row.parse("status", Status::parse)?,
        account: row.opt_parse("account", |text| text.parse().ok())?,
        hash: row.opt_parse("tx_hash", |text| text.parse().ok())?,
        line: row.text("line")?,
    })
}

fn decode_transaction(row: &Record) -> Result<LoggedTransaction, StoreError> {
    let about = row.opt_parse("detail", |text| serde_json::from_str(text).ok())?;
    Ok(LoggedTransaction {
        id: row.int("id")?,
        at: UnixMillis(row.int("logged_at")?),
        kind: row.parse("kind", TxKind::parse)?,
        status: row.parse("status", Status::parse)?,
        account: row.parse("account", |text| text.parse().ok())?,
        hash: row.opt_parse("tx_hash", |text| text.parse().ok())?,
        about: about.unwrap_or_default(),
        line: row.text("line")?,
    })
}

fn decode_activity(row: &Record) -> Result<Activity, StoreError> {
    Ok(Activity {
        id: row.int("id")?,
        at: UnixMillis(row.int("logged_at")?),
        act: row.parse("kind", WalletAct::parse)?,
        wallet: row.opt_text("wallet")?,
        account: row.opt_parse("account", |text| text.parse().ok())?,
        detail: row.opt_text("detail")?,
    })
}
