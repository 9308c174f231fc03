//! Where energy becomes tokens: settlements, the outbox, the transaction log, cursors on the chain.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{create_indexes, index, row_number, to_meter};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(settlements()).await?;
        index_settlements(manager).await?;
        manager.create_table(totals()).await?;
        manager.create_table(outbox()).await?;
        let by: &[&[&str]] = &[
            &["status", "id"],
            &["status", "created_at"],
            &["kind", "created_at"],
            &["account", "chain_id", "nonce"],
            &["settlement_id"],
        ];
        create_indexes(manager, "outbox", by).await?;
        manager.create_table(transaction_logs()).await?;
        let by: &[&[&str]] = &[&["status", "logged_at"], &["kind", "logged_at"]];
        create_indexes(manager, "transaction_logs", by).await?;
        manager.create_table(cursors()).await
    }
}

fn settlements() -> TableCreateStatement {
    Table::create()
        .table("energy_settlements")
        .col(row_number())
        .col(text("settlement_id"))
        .col(text("meter_id"))
        .col(text("prosumer"))
        .col(text("status"))
        .col(text("stage"))
        .col(text("trigger_type"))
        .col(big_integer("from_export_wh"))
        .col(big_integer("from_import_wh"))
        .col(big_integer("to_export_wh"))
        .col(big_integer("to_import_wh"))
        .col(big_integer("energy_wh"))
        .col(text("etk"))
        .col(text_null("tx_hash"))
        .col(big_integer_null("block"))
        .col(big_integer("confirmations"))
        .col(text_null("reason"))
        .col(big_integer("created_at"))
        .col(big_integer_null("settled_at"))
        .col(blob("row_hash"))
        .foreign_key(&mut to_meter("energy_settlements"))
        .take()
}

async fn index_settlements(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    const TABLE: &str = "energy_settlements";
    let by: &[&[&str]] = &[
        &["settlement_id", "id"],
        &["meter_id", "id"],
        &["meter_id", "status", "id"],
        &["status", "created_at"],
        &["trigger_type", "created_at"],
    ];
    create_indexes(manager, TABLE, by).await?;
    // A settlement that failed may be written again under its id; until then there is one.
    let alive = index(TABLE, &["settlement_id"])
        .name("energy_settlements_alive")
        .unique()
        .and_where(Expr::col("status").ne("FAILED"))
        .take();
    manager.create_index(alive).await?;
    let open = index(TABLE, &["meter_id"])
        .name("energy_settlements_open")
        .unique()
        .and_where(Expr::col("status").eq("PENDING"))
        .take();
    manager.create_index(open).await
}

/// Sums over the settlements with SUCCESS, kept with each change, so that reading them does not grow with history.
fn totals() -> TableCreateStatement {
    Table::create()
        .table("settlement_totals")
        .col(text("meter_id").primary_key())
        .col(big_integer("settlements"))
        .col(big_integer("energy_wh"))
        .col(text("minted"))
        .col(text("burned"))
        .col(blob("row_hash"))
        .foreign_key(&mut to_meter("settlement_totals"))
        .take()
}

fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(row_number())
        .col(text("account"))
        .col(text("signer"))
        .col(text("kind"))
        .col(text_null("meter_id"))
        .col(text_null("settlement_id"))
        .col(big_integer("chain_id"))
        .col(text("to_address"))
        .col(blob("input"))
        .col(big_integer_null("nonce"))
        .col(big_integer_null("gas_limit"))
        .col(text_null("max_fee"))
        .col(text_null("priority_fee"))
        .col(blob_null("raw"))
        .col(text_null("tx_hash"))
        .col(text("status"))
        .col(text("stage"))
        .col(big_integer_null("block"))
        .col(text_null("block_hash"))
        .col(big_integer("confirmations"))
        .col(text_null("reason"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(blob("row_hash"))
        .take()
}

fn transaction_logs() -> TableCreateStatement {
    Table::create()
        .table("transaction_logs")
        .col(row_number())
        .col(big_integer("logged_at"))
        .col(text("kind"))
        .col(text("status"))
        .col(text("account"))
        .col(text_null("tx_hash"))
        .col(text("line"))
        .take()
}

fn cursors() -> TableCreateStatement {
    Table::create()
        .table("chain_cursors")
        .col(big_integer("chain_id"))
        .col(text("name"))
        .col(big_integer("block"))
        .col(text("block_hash"))
        .primary_key(Index::create().col("chain_id").col("name"))
        .take()
}
