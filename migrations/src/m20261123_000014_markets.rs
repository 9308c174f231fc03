//! Markets get numbers, and the keys of orders the order of their prices: what a row of the market costs is above all its
//! entries in indexes. Those that nothing asks are gone.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::columns::{clustered, create_indexes, index, replace, row_number};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        markets(manager).await?;
        orders(manager).await?;
        trades(manager).await?;
        levels(manager).await?;
        candles(manager).await
    }
}

async fn markets(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("markets")
        .col(row_number())
        .col(text_uniq("address"))
        .take();
    manager.create_table(table).await?;
    let known = "INSERT INTO markets (address) SELECT market FROM trade_orders_cache UNION SELECT market FROM market_trades \
                 UNION SELECT market FROM market_levels UNION SELECT market FROM market_candles ORDER BY 1";
    manager.get_connection().execute_unprepared(known).await?;
    Ok(())
}

/// Copies the rows of a table: the market by its number, `columns` as they are.
fn copy(name: &str, columns: &str) -> String {
    copy_with(name, "", "", columns)
}

/// [`copy`], with the column `more` made by `value`; both end with a comma.
fn copy_with(name: &str, more: &str, value: &str, columns: &str) -> String {
    format!(
        "INSERT INTO {name} (market, {more} {columns}) \
         SELECT (SELECT markets.id FROM markets WHERE address = old.market), {value} {columns} FROM {name}_old AS old"
    )
}

/// An order that rests or rested, under side (0 buys, 1 sells), price, generation and sequence in 1, 4, 12 and 10
/// hexadecimal digits; one that never did, under its transaction.
async fn orders(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "trade_orders_cache";
    let table = Table::create()
        .table(TABLE)
        .col(row_number())
        .col(big_integer("market"))
        .col(text("order_key"))
        .col(text("trader"))
        .col(text("side"))
        .col(big_integer("price"))
        .col(big_integer("lots"))
        .col(big_integer("taken"))
        .col(big_integer("given"))
        .col(big_integer("lots_left"))
        .col(big_integer_null("cancelled"))
        .col(text("status"))
        .col(big_integer_null("flags"))
        .col(text("tx_hash"))
        .col(big_integer("block"))
        .col(text("block_hash"))
        .col(big_integer("log_index"))
        .col(big_integer("placed_at"))
        .col(big_integer_null("ended_block"))
        .col(big_integer_null("ended_at"))
        .take();
    let same = "id, trader, side, price, lots, taken, given, lots_left, cancelled, status, flags, tx_hash, block, block_hash, \
                log_index, placed_at, ended_block, ended_at";
    let copied = copy_with(TABLE, "order_key,", &format!("{},", key(manager)), same);
    replace(manager, TABLE, table, &copied).await?;
    let by: &[&[&str]] = &[&["market", "block"], &["market", "trader", "status", "id"]];
    create_indexes(manager, TABLE, by).await?;
    let key = index(TABLE, &["market", "order_key"]).unique().take();
    manager.create_index(key).await?;
    let open = index(TABLE, &["market", "id"])
        .name("trade_orders_cache_open")
        .and_where(Expr::col("lots_left").gt(0))
        .take();
    manager.create_index(open).await?;
    let cancelled = index(TABLE, &["market", "ended_block"])
        .name("trade_orders_cache_cancelled")
        .and_where(Expr::col("cancelled").is_not_null())
        .take();
    manager.create_index(cancelled).await
}

/// The key of an old row, whose sides are words.
fn key(manager: &SchemaManager<'_>) -> String {
    let digits = |value: &str, digits: u8| match manager.get_database_backend() {
        DbBackend::Postgres => format!("lpad(to_hex({value}), {digits}, '0')"),
        _ => format!("printf('%0{digits}x', {value})"),
    };
    let side = "CASE side WHEN 'BID' THEN '0' ELSE '1' END";
    let parts = [
        digits("price", 4),
        digits("generation", 12),
        digits("sequence", 10),
    ]
    .join(" || ");
    format!("CASE WHEN generation IS NULL THEN order_key ELSE {side} || {parts} END")
}

async fn trades(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "market_trades";
    let table = Table::create()
        .table(TABLE)
        .col(row_number())
        .col(big_integer("market"))
        .col(big_integer("block"))
        .col(text("block_hash"))
        .col(big_integer("log_index"))
        .col(text("tx_hash"))
        .col(text("maker_order"))
        .col(text("maker"))
        .col(text("taker"))
        .col(text("side"))
        .col(big_integer("price"))
        .col(big_integer("lots"))
        .col(big_integer("traded_at"))
        .take();
    let same =
        "id, block, block_hash, log_index, tx_hash, maker_order, maker, taker, side, price, lots, traded_at";
    replace(manager, TABLE, table, &copy(TABLE, same)).await?;
    let by: &[&[&str]] = &[
        &["market", "id"],
        &["market", "traded_at"],
        &["market", "maker", "id"],
        &["market", "taker", "id"],
    ];
    create_indexes(manager, TABLE, by).await?;
    // No block hash: an event that comes twice is dropped by its hash and index before it is stored, and what a reorganisation
    // undoes is gone before the new blocks come, so that a place of the chain is taken once (docs/adr/0006).
    let place = index(TABLE, &["market", "block", "log_index"]).unique().take();
    manager.create_index(place).await
}

async fn levels(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "market_levels";
    let mut table = Table::create();
    table
        .table(TABLE)
        .col(big_integer("market"))
        .col(text("side"))
        .col(big_integer("price"))
        .col(big_integer("generation"))
        .col(big_integer("head"))
        .col(big_integer("tail"))
        .primary_key(Index::create().col("market").col("side").col("price"));
    clustered(manager, &mut table);
    let same = "side, price, generation, head, tail";
    replace(manager, TABLE, table, &copy(TABLE, same)).await
}

async fn candles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "market_candles";
    let mut table = Table::create();
    table
        .table(TABLE)
        .col(big_integer("market"))
        .col(big_integer("width_ms"))
        .col(big_integer("start"))
        .col(big_integer("open"))
        .col(big_integer("high"))
        .col(big_integer("low"))
        .col(big_integer("close"))
        .col(big_integer("lots"))
        .col(text("value"))
        .col(big_integer("trades"))
        .primary_key(Index::create().col("market").col("width_ms").col("start"));
    clustered(manager, &mut table);
    let same = "width_ms, start, open, high, low, close, lots, value, trades";
    replace(manager, TABLE, table, &copy(TABLE, same)).await
}
