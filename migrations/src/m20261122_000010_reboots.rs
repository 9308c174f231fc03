//! When each device was last seen to have booted.

use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::add_columns;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "registers", vec![big_integer_null("rebooted_at")]).await
    }
}
