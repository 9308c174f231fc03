//! The guard of each account: what it is about to do, and what it did.

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
        let guards = Table::create()
            .table("guards")
            .col(text("owner").primary_key())
            .col(text("state"))
            .take();
        manager.create_table(guards).await?;
        let acts = Table::create()
            .table("guard_acts")
            .col(row_number())
            .col(text("owner"))
            .col(big_integer("at"))
            .col(text("step"))
            .col(text_null("available"))
            .col(text_null("burn"))
            .take();
        manager.create_table(acts).await?;
        create_indexes(manager, "guard_acts", &[&["owner", "id"]]).await
    }
}
