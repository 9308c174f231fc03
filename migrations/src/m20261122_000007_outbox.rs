//! The whole life of a transaction: every version that was signed, what the simulation said, and since when no node
//! knows it. A reorganisation may bring several settlements of a meter back to PENDING.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{add_columns, create_indexes};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            big_integer_null("versions"),
            big_integer_null("raises"),
            boolean_null("cancelling"),
            big_integer_null("simulated_wh"),
            text_null("simulated_etk"),
            boolean_null("as_simulated"),
            big_integer_null("unknown_since"),
            big_integer_null("confirmed_at"),
        ];
        add_columns(manager, "outbox", columns).await?;
        create_indexes(manager, "outbox", &[&["stage", "block"]]).await?;
        manager.create_table(versions()).await?;
        let open = Index::drop()
            .name("energy_settlements_open")
            .table("energy_settlements")
            .to_owned();
        manager.drop_index(open).await
    }
}

/// A transaction that was signed before this table was there is its own only version.
fn versions() -> TableCreateStatement {
    Table::create()
        .table("outbox_versions")
        .col(big_integer("outbox_id"))
        .col(big_integer("version"))
        .col(text("tx_hash"))
        .col(blob("raw"))
        .col(text("max_fee"))
        .col(text_null("priority_fee"))
        .col(boolean("cancels"))
        .col(big_integer("created_at"))
        .col(blob("row_hash"))
        .primary_key(Index::create().col("outbox_id").col("version"))
        .foreign_key(
            ForeignKey::create()
                .name("outbox_versions_outbox")
                .from("outbox_versions", "outbox_id")
                .to("outbox", "id"),
        )
        .take()
}
