//! Tokens: exchanges at the ramp, movements and allowances as the chain tells them.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{create_indexes, index, row_number};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(conversions()).await?;
        manager
            .create_index(index("idrs_conversions", &["outbox_id"]).unique().take())
            .await?;
        create_indexes(manager, "idrs_conversions", &[&["account", "id"]]).await?;
        manager.create_table(movements()).await?;
        let once = index("token_movements", &["block_hash", "log_index", "account"])
            .unique()
            .take();
        manager.create_index(once).await?;
        let by: &[&[&str]] = &[
            &["chain_id", "block", "id"],
            &["chain_id", "account", "block"],
            &["chain_id", "kind", "other"],
        ];
        create_indexes(manager, "token_movements", by).await?;
        manager.create_table(approvals()).await
    }
}

fn conversions() -> TableCreateStatement {
    Table::create()
        .table("idrs_conversions")
        .col(row_number())
        .col(big_integer("outbox_id"))
        .col(text("account"))
        .col(text("way"))
        .col(text("amount"))
        .col(text("status"))
        .col(text("stage"))
        .col(text_null("tx_hash"))
        .col(big_integer_null("block"))
        .col(text_null("reason"))
        .col(big_integer("created_at"))
        .col(big_integer_null("settled_at"))
        .col(blob("row_hash"))
        .take()
}

/// One row for each account of the wallet that an event concerns: a transfer between two of them has two.
fn movements() -> TableCreateStatement {
    Table::create()
        .table("token_movements")
        .col(row_number())
        .col(big_integer("chain_id"))
        .col(text("account"))
        .col(text("kind"))
        .col(text("token"))
        .col(text("amount"))
        .col(text_null("other"))
        .col(text("tx_hash"))
        .col(big_integer("block"))
        .col(text("block_hash"))
        .col(big_integer("log_index"))
        .col(big_integer("at"))
        .take()
}

/// Without an amount there is no end to the allowance.
fn approvals() -> TableCreateStatement {
    Table::create()
        .table("blockchain_approvals")
        .col(big_integer("chain_id"))
        .col(text("token"))
        .col(text("owner"))
        .col(text("spender"))
        .col(text_null("amount"))
        .col(big_integer("block"))
        .col(big_integer("updated_at"))
        .primary_key(
            Index::create()
                .col("chain_id")
                .col("token")
                .col("owner")
                .col("spender"),
        )
        .take()
}
