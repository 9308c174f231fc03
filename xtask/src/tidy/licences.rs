//! The list of licences that the window shows is that of the parts.

use std::collections::BTreeMap;

use super::Finding;
use crate::licences::{self, FILE};

/// Compares the committed list with what cargo says.
pub(super) fn check(files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mend = "run `cargo xtask licences` and commit it";
    match licences::list() {
        Ok(list) if files.get(FILE) == Some(&list) => Vec::new(),
        Ok(_) => vec![Finding::new(FILE, 1, "not in step with the parts", mend)],
        Err(error) => {
            let what = format!("cannot be compared with the parts: {error:#}");
            vec![Finding::new(
                FILE,
                1,
                what,
                "mend that and run `cargo xtask tidy` again",
            )]
        }
    }
}
