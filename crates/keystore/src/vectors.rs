//! Tests against what others have published: Wycheproof, ethers' test cases, the examples of the standards.

mod key_files;
mod phrases;
mod primitives;
mod transactions;
mod typed_data;

use std::{fs::File, path::Path};

use enerlink_domain::id::unhex;
use flate2::read::GzDecoder;
use serde_json::Value;

/// A file of the npm package `@ethersproject/testcases`, which is a development dependency of `contracts/`.
fn ethers(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contracts/node_modules/@ethersproject/testcases/testcases")
        .join(format!("{name}.json.gz"));
    let file = File::open(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `npm ci --ignore-scripts` in contracts/ installs it",
            path.display()
        )
    });
    serde_json::from_reader(GzDecoder::new(file)).expect("JSON")
}

/// The text of a field.
fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {case}"))
}

/// The bytes of a field, empty when there is none.
fn bytes(case: &Value, field: &str) -> Vec<u8> {
    unhex(case[field].as_str().unwrap_or_default()).expect("hexadecimal")
}

fn key(case: &Value, field: &str) -> crate::Account {
    let bytes = bytes(case, field).try_into().expect("32 bytes");
    crate::Account::from_bytes(&bytes).expect("a key")
}
