//! The hash that a row of money carries of itself: SQLite's own checks miss most single changed bytes.

use std::fmt::Write as _;

use enerlink_domain::id::{hex, keccak256};
use sea_orm::sea_query::Value;

use crate::{
    StoreError,
    record::{Fields, Record},
};

/// The column of the hash.
const COLUMN: &str = "row_hash";

/// The tables whose rows carry it.
pub(crate) const SEALED: [&str; 6] = [
    "registers",
    "energy_settlements",
    "settlement_totals",
    "outbox",
    "outbox_versions",
    "idrs_conversions",
];

/// Keccak-256 over the canonical text of a row: the table, then one line per column that is not empty, with the
/// length of its value, so that no two rows share a text. An empty column adds nothing: a later column that may be
/// empty leaves the hashes of older rows valid.
fn hash(table: &str, row: &Fields) -> [u8; 32] {
    let mut text = String::with_capacity(512);
    text.push_str(table);
    for (column, value) in &row.0 {
        let value = match value {
            Value::Bool(Some(value)) => value.to_string(),
            Value::BigInt(Some(value)) => value.to_string(),
            Value::String(Some(value)) => value.clone(),
            Value::Bytes(Some(value)) => hex(value),
            _ => continue,
        };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n{column}:{}:{value}", value.len());
    }
    keccak256(text.as_bytes())
}

/// Adds the hash to a row.
pub(crate) fn seal(table: &str, row: Fields) -> Fields {
    let hash = hash(table, &row);
    row.blob(COLUMN, hash)
}

/// Checks that `row`, which `record` was read as, is what was sealed.
pub(crate) fn check(table: &str, record: &Record, row: &Fields) -> Result<(), StoreError> {
    if record.blob(COLUMN)? == hash(table, row) {
        Ok(())
    } else {
        Err(record.damaged())
    }
}
