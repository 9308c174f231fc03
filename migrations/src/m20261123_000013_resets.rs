//! When the counters of each device last began anew, and when they were last suspected to have.

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
        let columns = [
            "reset_at",
            "suspicion_at",
            "suspicion_export_uwh",
            "suspicion_import_uwh",
        ];
        add_columns(manager, "registers", columns.map(big_integer_null).to_vec()).await
    }
}
