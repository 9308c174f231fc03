//! What was done with wallets: their history, acts in the log beside transactions, the address book; and how far the
//! chain is ahead of a register.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{create_indexes, replace, row_number};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The vault knows which wallet an address belongs to; its id is filled in when the profile is opened.
        replace(
            manager,
            "wallets",
            wallets(),
            "INSERT INTO wallets (name, address, origin, created_at, failed_attempts) \
             SELECT name, address, 'created', created_at, 0 FROM wallets_old ORDER BY created_at, address",
        )
        .await?;
        replace(
            manager,
            "transaction_logs",
            transaction_logs(),
            "INSERT INTO transaction_logs (id, logged_at, category, kind, status, account, tx_hash, line) \
             SELECT id, logged_at, 'transaction', kind, status, account, tx_hash, line FROM transaction_logs_old",
        )
        .await?;
        let by: &[&[&str]] = &[
            &["status", "logged_at"],
            &["kind", "logged_at"],
            &["category", "id"],
        ];
        create_indexes(manager, "transaction_logs", by).await?;
        manager.create_table(address_book()).await?;
        for column in ["lead_export_uwh", "lead_import_uwh"] {
            let added = Table::alter()
                .table("registers")
                .add_column(big_integer_null(column))
                .take();
            manager.alter_table(added).await?;
        }
        Ok(())
    }
}

fn wallets() -> TableCreateStatement {
    Table::create()
        .table("wallets")
        .col(row_number())
        .col(ColumnDef::new("wallet_id").text().unique_key())
        .col(text("name"))
        .col(text("address"))
        .col(text("origin"))
        .col(big_integer("created_at"))
        .col(big_integer_null("backed_up_at"))
        .col(big_integer_null("sheet_at"))
        .col(big_integer_null("exported_at"))
        .col(big_integer_null("unlocked_at"))
        .col(big_integer_null("last_used_at"))
        .col(big_integer("failed_attempts"))
        .take()
}

/// An act of a wallet may concern no account, and its name then says whose it was.
fn transaction_logs() -> TableCreateStatement {
    Table::create()
        .table("transaction_logs")
        .col(row_number())
        .col(big_integer("logged_at"))
        .col(text("category"))
        .col(text("kind"))
        .col(text("status"))
        .col(text_null("wallet"))
        .col(text_null("account"))
        .col(text_null("tx_hash"))
        .col(text_null("detail"))
        .col(text("line"))
        .take()
}

fn address_book() -> TableCreateStatement {
    Table::create()
        .table("address_book")
        .col(text("address").primary_key())
        .col(text("name"))
        .col(big_integer("created_at"))
        .take()
}
