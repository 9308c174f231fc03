//! The chain of facts, what a settlement was made from, and every way to look for one.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{add_columns, create_indexes, to_meter};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        const TABLE: &str = "energy_settlements";
        let basis = [
            "export_uwh",
            "import_uwh",
            "epoch",
            "epochs_crossed",
            "from",
            "to",
            "ratio",
            "carry",
        ];
        let basis = basis.map(|column| big_integer_null(format!("basis_{column}")));
        add_columns(manager, TABLE, basis.to_vec()).await?;
        // Pages are in the order of writing, or of time where a time is asked for.
        let by: &[&[&str]] = &[
            &["status", "id"],
            &["trigger_type", "id"],
            &["meter_id", "trigger_type", "id"],
            &["created_at"],
            &["meter_id", "status", "created_at"],
            &["meter_id", "trigger_type", "created_at"],
            &["meter_id", "block"],
        ];
        create_indexes(manager, TABLE, by).await?;
        manager.create_table(facts()).await?;
        let by: &[&[&str]] = &[&["meter_id", "number"], &["settlement_id", "number"]];
        create_indexes(manager, "settlement_facts", by).await
    }
}

/// Rows are only ever added. What `content` says, the hash covers letter by letter.
fn facts() -> TableCreateStatement {
    Table::create()
        .table("settlement_facts")
        .col(big_integer("number").primary_key())
        .col(text("kind"))
        .col(big_integer("written_at"))
        .col(text("meter_id"))
        .col(text("settlement_id"))
        .col(text("content"))
        .col(blob("previous"))
        .col(blob("hash"))
        .foreign_key(&mut to_meter("settlement_facts"))
        .take()
}
