//! Rows on their way in ([`Fields`]) and out ([`Record`]), and the few statements that every table uses.

use sea_orm::{
    ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable,
    sea_query::{Asterisk, Expr, ExprTrait, InsertStatement, OnConflict, Query, SelectStatement, Value},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Read, StoreError, Tx, session::execute};

/// Values that one statement may carry; SQLite's limit is 32 766.
const MAX_VALUES: usize = 32_000;
/// Rows that one statement carries at most.
const MAX_ROWS: usize = 512;

/// A row to be written: columns and values, in the order of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(&'static str, Value)>);

impl Fields {
    fn with(mut self, column: &'static str, value: Value) -> Self {
        self.0.push((column, value));
        self
    }

    pub(crate) fn text(self, column: &'static str, value: impl Into<String>) -> Self {
        self.with(column, Value::String(Some(value.into())))
    }

    pub(crate) fn opt_text(self, column: &'static str, value: Option<impl Into<String>>) -> Self {
        self.with(column, Value::String(value.map(Into::into)))
    }

    pub(crate) fn int(self, column: &'static str, value: impl Into<i64>) -> Self {
        self.with(column, Value::BigInt(Some(value.into())))
    }

    pub(crate) fn opt_int(self, column: &'static str, value: Option<impl Into<i64>>) -> Self {
        self.with(column, Value::BigInt(value.map(Into::into)))
    }

    pub(crate) fn flag(self, column: &'static str, value: bool) -> Self {
        self.with(column, Value::Bool(Some(value)))
    }

    pub(crate) fn opt_flag(self, column: &'static str, value: Option<bool>) -> Self {
        self.with(column, Value::Bool(value))
    }

    pub(crate) fn blob(self, column: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.with(column, Value::Bytes(Some(value.into())))
    }

    /// A list or a record of its own, as JSON text.
    pub(crate) fn json(self, column: &'static str, value: &impl Serialize) -> Result<Self, StoreError> {
        let text = serde_json::to_string(value).map_err(|_| StoreError::Range { what: column })?;
        Ok(self.text(column, text))
    }

    pub(crate) fn opt_blob(self, column: &'static str, value: Option<impl Into<Vec<u8>>>) -> Self {
        self.with(column, Value::Bytes(value.map(Into::into)))
    }
}

/// An unsigned number as a column holds it.
pub(crate) fn signed(value: u64, what: &'static str) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Range { what })
}

/// [`signed`] for a value that may be absent.
pub(crate) fn opt_signed(value: Option<u64>, what: &'static str) -> Result<Option<i64>, StoreError> {
    value.map(|value| signed(value, what)).transpose()
}

/// A row that was read. A value that cannot be what was written is [`StoreError::Damaged`].
pub(crate) struct Record {
    row: QueryResult,
    table: &'static str,
    key: &'static str,
}

impl Record {
    /// The error that names this row.
    pub(crate) fn damaged(&self) -> StoreError {
        let number = self.row.try_get::<i64>("", self.key).map(|id| id.to_string());
        let row = number
            .or_else(|_| self.row.try_get::<String>("", self.key))
            .unwrap_or_else(|_| "?".to_owned());
        StoreError::Damaged {
            table: self.table,
            row,
        }
    }

    fn get<T: TryGetable>(&self, column: &str) -> Result<T, StoreError> {
        self.row.try_get("", column).map_err(|_| self.damaged())
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub(crate) fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        self.get(column)
    }

    pub(crate) fn opt_flag(&self, column: &str) -> Result<Option<bool>, StoreError> {
        self.get(column)
    }

    pub(crate) fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    pub(crate) fn blob(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.get(column)
    }

    pub(crate) fn opt_blob(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(column)
    }

    /// An integer of a narrower type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        T::try_from(self.int(column)?).map_err(|_| self.damaged())
    }

    /// [`Record::number`] for a column that may be empty.
    pub(crate) fn opt_number<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.opt_int(column)?
            .map(|value| T::try_from(value).map_err(|_| self.damaged()))
            .transpose()
    }

    /// A text with a meaning.
    pub(crate) fn parse<T>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        parse(&self.text(column)?).ok_or_else(|| self.damaged())
    }

    /// JSON text.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        self.parse(column, |text| serde_json::from_str(text).ok())
    }

    /// [`Record::parse`] for a column that may be empty.
    pub(crate) fn opt_parse<T>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?
            .map(|text| parse(&text).ok_or_else(|| self.damaged()))
            .transpose()
    }
}

/// `SELECT * FROM table`.
pub(crate) fn select(table: &'static str) -> SelectStatement {
    Query::select().column(Asterisk).from(table).take()
}

/// The first row of a query over `table`, whose rows are named by `key`.
pub(crate) async fn fetch_one(
    r: &impl Read,
    table: &'static str,
    key: &'static str,
    query: &SelectStatement,
) -> Result<Option<Record>, StoreError> {
    let row = r.connection().query_one(query).await?;
    Ok(row.map(|row| Record { row, table, key }))
}

/// Every row of a query over `table`, whose rows are named by `key`.
pub(crate) async fn fetch_all(
    r: &impl Read,
    table: &'static str,
    key: &'static str,
    query: &SelectStatement,
) -> Result<Vec<Record>, StoreError> {
    let rows = r.connection().query_all(query).await?;
    Ok(records(rows, table, key).collect())
}

/// Rows of a query over `table`, whose rows are named by `key`.
pub(crate) fn records(
    rows: Vec<QueryResult>,
    table: &'static str,
    key: &'static str,
) -> impl Iterator<Item = Record> {
    rows.into_iter().map(move |row| Record { row, table, key })
}

/// The number of the next row. Safe because there is one transaction at a time and rows are never deleted.
pub(crate) async fn next_id(tx: &Tx, table: &'static str) -> Result<i64, StoreError> {
    let query = Query::select()
        .expr_as(Expr::col("id").max(), "id")
        .from(table)
        .take();
    let last = fetch_one(tx, table, "id", &query).await?;
    let last = match last {
        Some(row) => row.opt_int("id")?.unwrap_or(0),
        None => 0,
    };
    last.checked_add(1).ok_or(StoreError::Range {
        what: "the row number",
    })
}

fn insertion(table: &'static str, rows: &[Fields]) -> InsertStatement {
    let mut statement = Query::insert();
    statement.into_table(table);
    if let Some(first) = rows.first() {
        statement.columns(first.0.iter().map(|(column, _)| *column));
    }
    for row in rows {
        statement.values_panic(row.0.iter().map(|(_, value)| Expr::val(value.clone())));
    }
    statement.take()
}

/// Writes one new row; `key` names it when it is there already.
pub(crate) async fn insert(
    tx: &Tx,
    table: &'static str,
    row: Fields,
    key: impl FnOnce() -> String,
) -> Result<(), StoreError> {
    execute(tx, &insertion(table, &[row]))
        .await
        .map_err(|error| StoreError::on_insert(error, table, key))?;
    Ok(())
}

/// Writes many new rows with few statements. The numbers of rows are powers of two, so that the connection's cache
/// of prepared statements stays small whatever the batches are.
pub(crate) async fn insert_many(tx: &Tx, table: &'static str, rows: Vec<Fields>) -> Result<(), StoreError> {
    let backend = tx.0.get_database_backend();
    let mut rows = rows.into_iter();
    while let Some(first) = rows.as_slice().first() {
        let columns = first.0.len().max(1);
        let most = (MAX_VALUES / columns).clamp(1, MAX_ROWS).min(rows.len());
        let count = 1 << most.ilog2();
        let text = insertion_text(backend, table, first, count);
        let mut values = Vec::with_capacity(count * columns);
        for row in rows.by_ref().take(count) {
            values.extend(row.0.into_iter().map(|(_, value)| value));
        }
        let statement = Statement::from_sql_and_values(backend, text, values);
        tx.0.execute_raw(statement).await?;
    }
    Ok(())
}

/// `INSERT INTO table (…) VALUES (…), …` for rows like `row`. Written here because a statement builder takes longer over
/// thousands of values than the database does.
fn insertion_text(backend: DbBackend, table: &str, row: &Fields, rows: usize) -> String {
    let columns: Vec<String> = row.0.iter().map(|(column, _)| format!("\"{column}\"")).collect();
    let marks = match backend {
        DbBackend::Postgres => {
            let numbers: Vec<String> = (1..=columns.len() * rows)
                .map(|number| format!("${number}"))
                .collect();
            let marks = numbers
                .chunks(columns.len().max(1))
                .map(|marks| format!("({})", marks.join(",")));
            marks.collect::<Vec<_>>().join(",")
        }
        _ => vec![format!("({})", vec!["?"; columns.len()].join(",")); rows].join(","),
    };
    format!("INSERT INTO \"{table}\" ({}) VALUES {marks}", columns.join(","))
}

/// Writes rows, replacing those with the same `key`.
pub(crate) async fn upsert(
    tx: &Tx,
    table: &'static str,
    key: &[&'static str],
    rows: &[Fields],
) -> Result<(), StoreError> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let others = first.0.iter().map(|(column, _)| *column);
    let others = others.filter(|column| !key.contains(column));
    let mut conflict = OnConflict::columns(key.iter().copied());
    conflict.update_columns(others);
    for chunk in rows.chunks(MAX_ROWS) {
        execute(tx, insertion(table, chunk).on_conflict(conflict.clone())).await?;
    }
    Ok(())
}

/// Overwrites the row whose `key` has `value`.
pub(crate) async fn update(
    tx: &Tx,
    table: &'static str,
    key: &'static str,
    value: impl Into<Value>,
    row: Fields,
) -> Result<(), StoreError> {
    let value = value.into();
    let mut statement = Query::update();
    statement.table(table).and_where(Expr::col(key).eq(value.clone()));
    for (column, value) in row.0 {
        statement.value(column, value);
    }
    let name = || match value {
        Value::String(Some(text)) => text,
        Value::BigInt(Some(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    match execute(tx, &statement).await {
        Ok(done) if done.rows_affected() > 0 => Ok(()),
        Ok(_) => Err(StoreError::Missing { table, key: name() }),
        Err(error) => Err(StoreError::on_insert(error, table, name)),
    }
}
