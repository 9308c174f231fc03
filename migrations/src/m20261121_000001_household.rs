//! Who lives here: prosumers, wallets, meters, settings.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{create_indexes, row_number};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(prosumers()).await?;
        manager.create_table(wallets()).await?;
        manager.create_table(smart_meters()).await?;
        create_indexes(manager, "smart_meters", &[&["owner"]]).await?;
        manager.create_table(settings()).await
    }
}

fn prosumers() -> TableCreateStatement {
    Table::create()
        .table("prosumers")
        .col(row_number())
        .col(text_uniq("name"))
        .col(text_null("contact"))
        .col(big_integer("created_at"))
        .take()
}

fn wallets() -> TableCreateStatement {
    Table::create()
        .table("wallets")
        .col(text("address").primary_key())
        .col(text("name"))
        .col(big_integer("created_at"))
        .take()
}

fn smart_meters() -> TableCreateStatement {
    Table::create()
        .table("smart_meters")
        .col(text("meter_id").primary_key())
        .col(text("name"))
        .col(text("owner"))
        .col(text("broker_url"))
        .col(text("base_topic"))
        .col(text("units"))
        .col(text_null("counter_source"))
        .col(big_integer("rated_power_w"))
        .col(boolean("settlement_key"))
        .col(big_integer("added_at"))
        .take()
}

fn settings() -> TableCreateStatement {
    Table::create()
        .table("settings")
        .col(text("key").primary_key())
        .col(text("value"))
        .take()
}
