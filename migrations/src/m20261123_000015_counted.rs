//! What of the registers no reading has added, so that the rest can be compared with the readings.

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
        let columns = ["taken_over_export_uwh", "taken_over_import_uwh"];
        add_columns(manager, "registers", columns.map(big_integer_null).to_vec()).await
    }
}
