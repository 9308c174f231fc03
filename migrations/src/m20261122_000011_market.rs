//! The market: orders, trades, candles and prices as the chain tells them, alerts, and what a transaction does in words.
//! Rows name their market, because a network may get another one.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{add_columns, clustered, create_indexes, index, row_number};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            text_null("detail"),
            text_null("simulated_order"),
            big_integer_null("simulated_lots"),
        ];
        add_columns(manager, "outbox", columns).await?;
        create_indexes(manager, "outbox", &[&["tx_hash"]]).await?;
        orders(manager).await?;
        trades(manager).await?;
        levels(manager).await?;
        candles(manager).await?;
        alerts(manager).await
    }
}

/// An order that rests or rested, under its id; one that was taken whole when it arrived, or of which nothing could be
/// traded, under its transaction.
async fn orders(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "trade_orders_cache";
    let table = Table::create()
        .table(TABLE)
        .col(row_number())
        .col(text("market"))
        .col(text("order_key"))
        .col(text("trader"))
        .col(text("side"))
        .col(big_integer("price"))
        .col(big_integer_null("generation"))
        .col(big_integer_null("sequence"))
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
    manager.create_table(table).await?;
    let by: &[&[&str]] = &[
        &["market", "block"],
        &["market", "trader", "id"],
        &["market", "trader", "status", "id"],
        &["market", "side", "price", "generation", "sequence"],
        &["tx_hash"],
    ];
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

async fn trades(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "market_trades";
    let table = Table::create()
        .table(TABLE)
        .col(row_number())
        .col(text("market"))
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
    manager.create_table(table).await?;
    let by: &[&[&str]] = &[
        &["market", "id"],
        &["market", "block"],
        &["market", "traded_at"],
        &["market", "maker_order"],
        &["market", "maker", "id"],
        &["market", "taker", "id"],
    ];
    create_indexes(manager, TABLE, by).await?;
    let place = index(TABLE, &["block_hash", "log_index"]).unique().take();
    manager.create_index(place).await
}

/// Where each price stands in its generations: what the open orders alone do not say.
async fn levels(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create();
    table
        .table("market_levels")
        .col(text("market"))
        .col(text("side"))
        .col(big_integer("price"))
        .col(big_integer("generation"))
        .col(big_integer("head"))
        .col(big_integer("tail"))
        .primary_key(Index::create().col("market").col("side").col("price"));
    clustered(manager, &mut table);
    manager.create_table(table).await
}

async fn candles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create();
    table
        .table("market_candles")
        .col(text("market"))
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
    manager.create_table(table).await
}

async fn alerts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("price_alerts")
        .col(row_number())
        .col(text("alert"))
        .col(big_integer("created_at"))
        .col(big_integer_null("fired_at"))
        .take();
    manager.create_table(table).await
}
