//! The outbox: every transaction of this wallet, its signed bytes stored before they are sent.

use std::{collections::BTreeMap, ops::Range, slice};

use enerlink_domain::{
    Address, BlockHash, Etk, MeterId, NetWattHours, Status, Transaction, TxHash, TxKind, TxStage, UnixMillis,
    Wei,
    market::{Lots, OrderId},
    transaction::{TransactionPage, TxDetail},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, opt_signed, signed},
    seal,
};

const TABLE: &str = "outbox";
/// A page has at most so many rows.
const PAGE: u16 = 200;

/// A transaction to be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutbox {
    /// The account that signs.
    pub account: Address,
    /// Which key signs, in the words of the engine.
    pub signer: String,
    /// What it is for.
    pub kind: TxKind,
    /// The meter it is for.
    pub meter_id: Option<MeterId>,
    /// The settlement it is for.
    pub settlement_id: Option<String>,
    /// What it does in particular.
    pub detail: Option<TxDetail>,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The called contract.
    pub to: Address,
    /// Calldata.
    pub input: Vec<u8>,
    /// When it is queued.
    pub created_at: UnixMillis,
}

/// A transaction in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// The outbox's own number, in the order of queueing.
    pub id: i64,
    /// The account that signs.
    pub account: Address,
    /// Which key signs, in the words of the engine.
    pub signer: String,
    /// What it is for.
    pub kind: TxKind,
    /// The meter it is for.
    pub meter_id: Option<MeterId>,
    /// The settlement it is for.
    pub settlement_id: Option<String>,
    /// What it does in particular.
    pub detail: Option<TxDetail>,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The called contract.
    pub to: Address,
    /// Calldata.
    pub input: Vec<u8>,
    /// The account's transaction count that it uses.
    pub nonce: Option<u64>,
    /// Gas at most.
    pub gas_limit: Option<u64>,
    /// Wei per gas at most; the gas price of a legacy transaction.
    pub max_fee: Option<Wei>,
    /// Wei per gas for the producer of the block; none in a legacy transaction.
    pub priority_fee: Option<Wei>,
    /// The signed bytes: of the version in a block, else of the last one. See [`crate::outbox_versions`] for all.
    pub raw: Option<Vec<u8>>,
    /// Their Keccak-256.
    pub hash: Option<TxHash>,
    /// How many versions were signed.
    pub versions: u32,
    /// How many of them raised the fee without a person's asking.
    pub raises: u32,
    /// Whether `raw` does nothing but take the nonce.
    pub cancelling: bool,
    /// What a settlement would have moved, as the simulation before signing said.
    pub simulated: Option<(NetWattHours, Etk)>,
    /// Which order would rest, and how many lots would trade, as that simulation said.
    pub simulated_order: Option<(Option<OrderId>, Lots)>,
    /// Whether the receipt says the same; unknown until it is in a block.
    pub as_simulated: Option<bool>,
    /// The block at which the node was first found not to know any version, while that lasts.
    pub unknown_since: Option<u64>,
    /// When it was deep enough for the first time. A reorganisation does not take that back.
    pub confirmed_at: Option<UnixMillis>,
    /// How far it has come.
    pub stage: TxStage,
    /// The block that includes it.
    pub block: Option<(u64, BlockHash)>,
    /// Blocks on top of and including that one.
    pub confirmations: u64,
    /// Why it waits or failed, as a sentence.
    pub reason: Option<String>,
    /// When it was queued.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

impl OutboxRow {
    /// The transaction as it is shown to a person.
    pub fn transaction(&self) -> Transaction {
        Transaction {
            id: self.id,
            kind: self.kind,
            meter_id: self.meter_id.clone(),
            settlement_id: self.settlement_id.clone(),
            detail: self.detail.clone(),
            stage: self.stage,
            from: self.account,
            hash: self.hash,
            nonce: self.nonce,
            max_fee: self.max_fee,
            gas_limit: self.gas_limit,
            versions: Ord::max(self.versions, u32::from(self.raw.is_some())),
            cancelling: self.cancelling,
            can_speed_up: self.can_speed_up(),
            can_cancel: self.can_cancel(),
            as_simulated: self.as_simulated,
            block: self.block.map(|(number, _)| number),
            confirmations: self.confirmations,
            reason: self.reason.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// Whether a higher fee can be offered: it is signed and in no block.
    pub fn can_speed_up(&self) -> bool {
        matches!(self.stage, TxStage::Signed | TxStage::Sent | TxStage::Dropped)
    }

    /// Whether it can be forgotten, or its nonce be taken by something that does nothing.
    pub fn can_cancel(&self) -> bool {
        let unsigned = matches!(
            self.stage,
            TxStage::Queued | TxStage::AwaitingUnlock | TxStage::NoGas
        );
        unsigned || (self.can_speed_up() && !self.cancelling)
    }

    fn queued(id: i64, new: &NewOutbox) -> Self {
        Self {
            id,
            account: new.account,
            signer: new.signer.clone(),
            kind: new.kind,
            meter_id: new.meter_id.clone(),
            settlement_id: new.settlement_id.clone(),
            detail: new.detail.clone(),
            chain_id: new.chain_id,
            to: new.to,
            input: new.input.clone(),
            nonce: None,
            gas_limit: None,
            max_fee: None,
            priority_fee: None,
            raw: None,
            hash: None,
            versions: 0,
            raises: 0,
            cancelling: false,
            simulated: None,
            simulated_order: None,
            as_simulated: None,
            unknown_since: None,
            confirmed_at: None,
            stage: TxStage::Queued,
            block: None,
            confirmations: 0,
            reason: None,
            created_at: new.created_at,
            updated_at: new.created_at,
        }
    }
}

/// Queues a transaction. Answers its number.
pub async fn insert(tx: &Tx, new: &NewOutbox) -> Result<i64, StoreError> {
    let id = record::next_id(tx, TABLE).await?;
    let row = encode(&OutboxRow::queued(id, new))?;
    record::insert(tx, TABLE, seal::seal(TABLE, row), || id.to_string()).await?;
    Ok(id)
}

/// Overwrites a row; [`StoreError::Missing`] when there is none of this number.
pub async fn update(tx: &Tx, row: &OutboxRow) -> Result<(), StoreError> {
    update_all(tx, slice::from_ref(row)).await
}

/// [`update`] for several rows, of which each was read in this transaction.
pub async fn update_all(tx: &Tx, rows: &[OutboxRow]) -> Result<(), StoreError> {
    let rows = rows
        .iter()
        .map(|row| Ok((row.id, seal::seal(TABLE, encode(row)?))));
    record::update_all(tx, TABLE, rows.collect::<Result<_, StoreError>>()?).await
}

/// The row of this number.
pub async fn get(r: &impl Read, id: i64) -> Result<Option<OutboxRow>, StoreError> {
    Ok(get_all(r, &[id]).await?.remove(&id))
}

/// The rows of these numbers.
pub async fn get_all(r: &impl Read, ids: &[i64]) -> Result<BTreeMap<i64, OutboxRow>, StoreError> {
    let ids = ids.iter().copied();
    let query = record::select(TABLE)
        .and_where(Expr::col("id").is_in(record::any_of(ids)))
        .take();
    let rows = fetch(r, &query).await?.into_iter();
    Ok(rows.map(|row| (row.id, row)).collect())
}

/// The row whose version in a block, or else last version, has this hash.
pub async fn of_transaction(r: &impl Read, hash: TxHash) -> Result<Option<OutboxRow>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("tx_hash").eq(hash.to_string()))
        .limit(1)
        .take();
    Ok(fetch(r, &query).await?.pop())
}

/// Every row that is PENDING, in the order of queueing.
pub async fn unfinished(r: &impl Read) -> Result<Vec<OutboxRow>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("status").eq(Status::Pending.as_str()))
        .order_by("id", Order::Asc)
        .take();
    fetch(r, &query).await
}

/// Every row that is signed and in no block yet, in no order.
pub async fn in_flight(r: &impl Read) -> Result<Vec<OutboxRow>, StoreError> {
    let stages = TxStage::ALL.into_iter().filter(|stage| stage.is_in_flight());
    let query = record::select(TABLE)
        .and_where(Expr::col("stage").is_in(stages.map(TxStage::as_str)))
        .take();
    fetch(r, &query).await
}

/// The confirmed rows in these blocks that are not final yet, at most `limit`, in the order of the chain.
pub async fn confirmed(
    r: &impl Read,
    chain_id: u64,
    blocks: Range<u64>,
    limit: u64,
) -> Result<Vec<OutboxRow>, StoreError> {
    let bound = |block: u64| i64::try_from(block).unwrap_or(i64::MAX);
    let query = record::select(TABLE)
        .and_where(Expr::col("stage").eq(TxStage::Confirmed.as_str()))
        .and_where(Expr::col("block").gte(bound(blocks.start)))
        .and_where(Expr::col("block").lt(bound(blocks.end)))
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .order_by("block", Order::Asc)
        .limit(limit)
        .take();
    fetch(r, &query).await
}

/// The final row in the highest block.
pub async fn last_final(r: &impl Read, chain_id: u64) -> Result<Option<OutboxRow>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("stage").eq(TxStage::Final.as_str()))
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .order_by("block", Order::Desc)
        .limit(1)
        .take();
    Ok(fetch(r, &query).await?.pop())
}

/// The rows that were given this nonce, newest first: whatever became of them, their bytes are valid as long as the
/// chain has not used the nonce.
pub async fn with_nonce(
    r: &impl Read,
    account: Address,
    chain_id: u64,
    nonce: u64,
) -> Result<Vec<OutboxRow>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("account").eq(account.to_lower()))
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .and_where(Expr::col("nonce").eq(signed(nonce, "the nonce")?))
        .take();
    let mut rows = fetch(r, &query).await?;
    rows.sort_by_key(|row| -row.id);
    Ok(rows)
}

/// The rows of these kinds that were confirmed, in no order.
pub async fn succeeded(r: &impl Read, chain_id: u64, kinds: &[TxKind]) -> Result<Vec<OutboxRow>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("kind").is_in(kinds.iter().map(|kind| kind.as_str())))
        .and_where(Expr::col("status").eq(Status::Success.as_str()))
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .take();
    fetch(r, &query).await
}

/// Whether a transaction of `kind` for this meter is on its way, or was confirmed.
pub async fn has(r: &impl Read, meter: &MeterId, kind: TxKind) -> Result<bool, StoreError> {
    let query = Query::select()
        .column("id")
        .from(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("kind").eq(kind.as_str()))
        .and_where(Expr::col("status").ne(Status::Failed.as_str()))
        .limit(1)
        .take();
    Ok(record::fetch_one(r, TABLE, "id", &query).await?.is_some())
}

/// The highest nonce of a transaction of this account on this chain that is signed and neither failed, replaced nor
/// final: the next one stands above it. What the chain has done with the others, the chain itself knows.
pub async fn highest_nonce(
    r: &impl Read,
    account: Address,
    chain_id: u64,
) -> Result<Option<u64>, StoreError> {
    let over = [TxStage::Failed, TxStage::Replaced, TxStage::Final].map(TxStage::as_str);
    let query = Query::select()
        .columns(["id", "nonce"])
        .from(TABLE)
        .and_where(Expr::col("account").eq(account.to_lower()))
        .and_where(Expr::col("chain_id").eq(signed(chain_id, "the chain id")?))
        .and_where(Expr::col("nonce").is_not_null())
        .and_where(Expr::col("stage").is_not_in(over))
        .order_by("nonce", Order::Desc)
        .limit(1)
        .take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| row.number("nonce")).transpose()
}

/// Transactions, newest first; only those before number `before`, when given. At most 200 at a time.
pub async fn list(r: &impl Read, limit: u16, before: Option<i64>) -> Result<TransactionPage, StoreError> {
    let limit = limit.clamp(1, PAGE);
    // One more than was asked for says whether there is a next page.
    let mut query = record::select(TABLE);
    query.order_by("id", Order::Desc).limit(u64::from(limit) + 1);
    if let Some(before) = before {
        query.and_where(Expr::col("id").lt(before));
    }
    let rows = fetch(r, &query).await?;
    let more = rows.len() > usize::from(limit);
    let rows = rows.iter().take(usize::from(limit));
    let rows: Vec<Transaction> = rows.map(OutboxRow::transaction).collect();
    let next = rows.last().filter(|_| more).map(|row| row.id);
    Ok(TransactionPage { rows, next })
}

async fn fetch(r: &impl Read, query: &SelectStatement) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = record::fetch_all(r, TABLE, "id", query).await?;
    rows.iter().map(decode).collect()
}

fn encode(row: &OutboxRow) -> Result<Fields, StoreError> {
    let detail = row.detail.as_ref().map(serde_json::to_string).transpose();
    let detail = detail.map_err(|_| StoreError::Range { what: "the detail" })?;
    let order = row.simulated_order;
    Ok(Fields::default()
        .int("id", row.id)
        .text("account", row.account.to_lower())
        .text("signer", row.signer.as_str())
        .text("kind", row.kind.as_str())
        .opt_text("meter_id", row.meter_id.as_ref().map(MeterId::as_str))
        .opt_text("settlement_id", row.settlement_id.as_deref())
        .int("chain_id", signed(row.chain_id, "the chain id")?)
        .text("to_address", row.to.to_lower())
        .blob("input", row.input.as_slice())
        .opt_int("nonce", opt_signed(row.nonce, "the nonce")?)
        .opt_int("gas_limit", opt_signed(row.gas_limit, "the gas limit")?)
        .opt_text("max_fee", row.max_fee.map(|fee| fee.0.to_string()))
        .opt_text("priority_fee", row.priority_fee.map(|fee| fee.0.to_string()))
        .opt_blob("raw", row.raw.as_deref())
        .opt_text("tx_hash", row.hash.map(|hash| hash.to_string()))
        .text("status", row.stage.status().as_str())
        .text("stage", row.stage.as_str())
        .opt_int(
            "block",
            opt_signed(row.block.map(|(number, _)| number), "the block number")?,
        )
        .opt_text("block_hash", row.block.map(|(_, hash)| hash.to_string()))
        .int(
            "confirmations",
            signed(row.confirmations, "the number of confirmations")?,
        )
        .opt_text("reason", row.reason.as_deref())
        .int("created_at", row.created_at.0)
        .int("updated_at", row.updated_at.0)
        // What is not there is empty, so that rows from before these columns keep their hash.
        .opt_int("versions", some(row.versions))
        .opt_int("raises", some(row.raises))
        .opt_flag("cancelling", row.cancelling.then_some(true))
        .opt_int("simulated_wh", row.simulated.map(|(energy, _)| energy.0))
        .opt_text("simulated_etk", row.simulated.map(|(_, etk)| etk.0.to_string()))
        .opt_flag("as_simulated", row.as_simulated)
        .opt_int(
            "unknown_since",
            opt_signed(row.unknown_since, "the block number")?,
        )
        .opt_int("confirmed_at", row.confirmed_at.map(|at| at.0))
        .opt_text("detail", detail)
        .opt_text(
            "simulated_order",
            order.and_then(|(id, _)| id).map(|id| id.to_string()),
        )
        .opt_int("simulated_lots", order.map(|(_, lots)| lots.0)))
}

/// A count; nothing for none.
fn some(count: u32) -> Option<u32> {
    (count > 0).then_some(count)
}

fn decode(record: &Record) -> Result<OutboxRow, StoreError> {
    let wei = |text: &str| text.parse().ok().map(Wei);
    let hash = |text: &str| text.parse().ok();
    let number = record.opt_number("block")?;
    let energy = record.opt_int("simulated_wh")?.map(NetWattHours);
    let etk = record.opt_parse("simulated_etk", |text| text.parse().ok().map(Etk))?;
    let resting = record.opt_parse("simulated_order", |text| text.parse().ok())?;
    let traded = record.opt_number("simulated_lots")?.map(Lots);
    let row = OutboxRow {
        id: record.int("id")?,
        account: record.parse("account", |text| text.parse().ok())?,
        signer: record.text("signer")?,
        kind: record.parse("kind", TxKind::parse)?,
        meter_id: record.opt_parse("meter_id", |text| text.parse().ok())?,
        settlement_id: record.opt_text("settlement_id")?,
        detail: record.opt_parse("detail", |text| serde_json::from_str(text).ok())?,
        chain_id: record.number("chain_id")?,
        to: record.parse("to_address", |text| text.parse().ok())?,
        input: record.blob("input")?,
        nonce: record.opt_number("nonce")?,
        gas_limit: record.opt_number("gas_limit")?,
        max_fee: record.opt_parse("max_fee", wei)?,
        priority_fee: record.opt_parse("priority_fee", wei)?,
        raw: record.opt_blob("raw")?,
        hash: record.opt_parse("tx_hash", hash)?,
        stage: record.parse("stage", TxStage::parse)?,
        block: number.zip(record.opt_parse("block_hash", hash)?),
        confirmations: record.number("confirmations")?,
        reason: record.opt_text("reason")?,
        created_at: UnixMillis(record.int("created_at")?),
        updated_at: UnixMillis(record.int("updated_at")?),
        versions: record.opt_number("versions")?.unwrap_or(0),
        raises: record.opt_number("raises")?.unwrap_or(0),
        cancelling: record.opt_flag("cancelling")?.unwrap_or(false),
        simulated: energy.zip(etk),
        simulated_order: traded.map(|lots| (resting, lots)),
        as_simulated: record.opt_flag("as_simulated")?,
        unknown_since: record.opt_number("unknown_since")?,
        confirmed_at: record.opt_int("confirmed_at")?.map(UnixMillis),
    };
    seal::check(TABLE, record, &encode(&row)?)?;
    Ok(row)
}
