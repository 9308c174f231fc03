//! Rows on their way in ([`Fields`]) and out ([`Record`]), and the few statements that every table uses.

use std::fmt::Write as _;

use sea_orm::{
    ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable,
    sea_query::{Asterisk, Expr, ExprTrait, Query, SelectStatement, Value},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Read, StoreError, Tx,
    session::{execute, execute_raw, sealed::Connected as _},
};

/// Values that one statement carries at most. With few of them the time goes into passing statements to the database's
/// thread; one that is much longer leaves the processor's cache.
const MAX_VALUES: usize = 6_000;

/// Columns of most rows, at most.
const COLUMNS: usize = 24;

/// A row to be written: columns and values, in the order of the table.
#[derive(Clone, Debug)]
pub(crate) struct Fields(pub(crate) Vec<(&'static str, Value)>);

impl Default for Fields {
    fn default() -> Self {
        Self(Vec::with_capacity(COLUMNS))
    }
}

impl Fields {
    fn with(mut self, column: &'static str, value: Value) -> Self {
        self.0.push((column, value));
        self
    }

    /// Whether the value at this place is absent.
    fn is_empty(&self, at: usize) -> bool {
        let value = self.0.get(at).map(|(_, value)| value);
        matches!(
            value,
            None | Some(Value::Bool(None) | Value::BigInt(None) | Value::String(None) | Value::Bytes(None))
        )
    }

    pub(crate) fn text(self, column: &'static str, value: impl Into<String>) -> Self {
        self.opt_text(column, Some(value))
    }

    pub(crate) fn opt_text(self, column: &'static str, value: Option<impl Into<String>>) -> Self {
        self.with(
            column,
            Value::String(value.map(|value| without_nul(value.into()))),
        )
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

/// PostgreSQL has no NUL in a text: nobody can read one, so that every database keeps the sign of a lost letter.
pub(crate) fn without_nul(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
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

/// The values of an `IN`, the last one repeated until they are a power of two: of each length the connection keeps a prepared
/// statement, and every other one would be forgotten for those.
pub(crate) fn any_of<T: Clone>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
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
    tracing::trace!(target: "enerlink::store::read", table, rows = rows.len() as u64);
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

/// Writes one new row; `key` names it when it is there already.
pub(crate) async fn insert(
    tx: &Tx,
    table: &'static str,
    row: Fields,
    key: impl FnOnce() -> String,
) -> Result<(), StoreError> {
    let (columns, values): (Vec<&str>, Vec<Value>) = row.0.into_iter().unzip();
    let backend = tx.connection().get_database_backend();
    let sql = insertion_of(backend, table, &columns, 1);
    execute_raw(tx, Statement::from_sql_and_values(backend, sql, values))
        .await
        .map_err(|error| StoreError::on_insert(error, table, key))?;
    Ok(())
}

/// Writes many new rows with few statements. A column that is empty in every row is left out: a wide row costs by what
/// it says.
pub(crate) async fn insert_many(
    tx: &Tx,
    table: &'static str,
    mut rows: Vec<Fields>,
) -> Result<(), StoreError> {
    let columns = rows.first().map_or(0, |row| row.0.len());
    let used: Vec<bool> = (0..columns)
        .map(|at| rows.iter().any(|row| !row.is_empty(at)))
        .collect();
    if used.contains(&false) {
        for row in &mut rows {
            let mut used = used.iter();
            row.0.retain(|_| used.next() == Some(&true));
        }
    }
    insert_each(tx, table, Encoding::NONE, rows).await
}

/// Writes rows with few statements, replacing those with the same `key`.
pub(crate) async fn upsert(
    tx: &Tx,
    table: &'static str,
    key: &[&'static str],
    rows: Vec<Fields>,
) -> Result<(), StoreError> {
    upsert_each(tx, table, key, Encoding::NONE, rows).await
}

/// What makes rows of `T`, while the database writes those before.
pub(crate) struct Encoding<T> {
    /// The number of what all rows belong to.
    pub(crate) of: i64,
    pub(crate) row: fn(i64, T) -> Result<Fields, StoreError>,
}

impl Encoding<Fields> {
    /// Rows that are made already.
    const NONE: Self = Self {
        of: 0,
        row: |_, row| Ok(row),
    };
}

/// Writes new rows of which no column is empty in each.
pub(crate) async fn insert_each<T>(
    tx: &Tx,
    table: &'static str,
    encoding: Encoding<T>,
    rows: Vec<T>,
) -> Result<(), StoreError> {
    write(tx, table, encoding, rows, |_| String::new()).await
}

/// [`upsert`] of rows that are made on the way.
pub(crate) async fn upsert_each<T>(
    tx: &Tx,
    table: &'static str,
    key: &[&'static str],
    encoding: Encoding<T>,
    rows: Vec<T>,
) -> Result<(), StoreError> {
    write(tx, table, encoding, rows, |columns| {
        let others = columns.iter().filter(|column| !key.contains(column));
        let others: Vec<String> = others
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        let (key, others) = (key.join(", "), others.join(", "));
        format!(" ON CONFLICT ({key}) DO UPDATE SET {others}")
    })
    .await
}

/// Writes rows of the same columns; `conflict` says what becomes of those that are there. The numbers of rows are powers of
/// two, so that the connection's cache of prepared statements stays small whatever the batches are.
async fn write<T>(
    tx: &Tx,
    table: &str,
    encoding: Encoding<T>,
    rows: Vec<T>,
    conflict: impl FnOnce(&[&'static str]) -> String,
) -> Result<(), StoreError> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    let mut row = || rows.next().map(|row| (encoding.row)(encoding.of, row));
    let Some(first) = row() else {
        return Ok(());
    };
    let first = first?;
    let columns: Vec<&str> = first.0.iter().map(|(column, _)| *column).collect();
    let mut rows = std::iter::once(Ok(first)).chain(std::iter::from_fn(row));
    let conflict = conflict(&columns);
    let backend = tx.connection().get_database_backend();
    let most = (MAX_VALUES / columns.len().max(1)).max(1);
    let mut next = || -> Result<Option<Statement>, StoreError> {
        let Some(power) = most.min(left).checked_ilog2() else {
            return Ok(None);
        };
        let count = 1 << power;
        left -= count;
        let mut values = Vec::with_capacity(count * columns.len());
        for row in rows.by_ref().take(count) {
            values.extend(row?.0.into_iter().map(|(_, value)| value));
        }
        let sql = insertion_of(backend, table, &columns, count) + &conflict;
        Ok(Some(Statement::from_sql_and_values(backend, sql, values)))
    };
    let mut statement = next()?;
    while let Some(one) = statement {
        // While the database carries one out, the next is put together.
        let (done, following) = tokio::join!(biased; execute_raw(tx, one), async { next() });
        done?;
        statement = following?;
    }
    Ok(())
}

/// `INSERT` of so many rows, written out: a builder would take longer than the database.
fn insertion_of(backend: DbBackend, table: &str, columns: &[&str], rows: usize) -> String {
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    sql.reserve(rows * columns.len() * 2);
    let mut number = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            sql.push_str(if column == 0 { "" } else { "," });
            if backend == DbBackend::Postgres {
                number += 1;
                // Writing to a `String` cannot fail.
                let _ = write!(sql, "${number}");
            } else {
                sql.push('?');
            }
        }
        sql.push(')');
    }
    sql
}

/// Overwrites rows that are there, each with the number that its column `id` has; several with few statements.
pub(crate) async fn update_all(
    tx: &Tx,
    table: &'static str,
    mut rows: Vec<(i64, Fields)>,
) -> Result<(), StoreError> {
    if rows.len() == 1
        && let Some((id, row)) = rows.pop()
    {
        return update(tx, table, "id", id, row).await;
    }
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    upsert(tx, table, &["id"], rows).await
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
