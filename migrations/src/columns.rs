//! Words that every migration uses: row numbers, indexes, references, clustered tables, changed tables.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// A row number that the database gives out and never reuses.
pub(crate) fn row_number() -> ColumnDef {
    ColumnDef::new("id")
        .big_integer()
        .not_null()
        .auto_increment()
        .primary_key()
        .take()
}

/// An index named after its table and columns.
pub(crate) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index
        .name(format!("{table}_by_{}", columns.join("_")))
        .table(table);
    for column in columns {
        index.col(*column);
    }
    index.take()
}

/// Creates one index per list of columns.
pub(crate) async fn create_indexes(
    manager: &SchemaManager<'_>,
    table: &'static str,
    indexes: &[&[&'static str]],
) -> Result<(), DbErr> {
    for columns in indexes {
        manager.create_index(index(table, columns)).await?;
    }
    Ok(())
}

/// The reference of a row to its meter.
pub(crate) fn to_meter(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_meter"))
        .from(table, "meter_id")
        .to("smart_meters", "meter_id")
        .take()
}

/// Keeps the rows of `table` in the order of its primary key where the database offers that, so that a range of
/// time is one stretch of pages.
pub(crate) fn clustered(manager: &SchemaManager<'_>, table: &mut TableCreateStatement) {
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
}

/// Adds columns to a table, one statement each: SQLite takes no more.
pub(crate) async fn add_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: Vec<ColumnDef>,
) -> Result<(), DbErr> {
    for column in columns {
        let added = Table::alter().table(table).add_column(column).take();
        manager.alter_table(added).await?;
    }
    Ok(())
}

/// Creates `table` anew and copies the old rows: a primary key and an absent value cannot be changed in place.
pub(crate) async fn replace(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: TableCreateStatement,
    copy: &str,
) -> Result<(), DbErr> {
    let old = format!("{name}_old");
    manager
        .rename_table(Table::rename().table(name, old.clone()).take())
        .await?;
    manager.create_table(table).await?;
    manager.get_connection().execute_unprepared(copy).await?;
    manager.drop_table(Table::drop().table(old).take()).await
}
