//! The committed ABI and bytecode of the contracts are those of their sources.

use super::Finding;
use crate::{
    contracts, process,
    setup::{self, Need},
};

/// Compiles the contracts and compares; installs their node packages first when these are missing.
pub(super) fn check() -> Vec<Finding> {
    if process::find("npm").is_none() {
        let mend = "install Node 20 or newer (https://nodejs.org) and run `cargo xtask tidy` again";
        return vec![Finding::new(
            "contracts/abi",
            1,
            "cannot be compared with the sources: npm is missing",
            mend,
        )];
    }
    if let Err(error) = setup::ensure(&[Need::Contracts]) {
        let what = format!("cannot be compared with the sources: {error:#}");
        return vec![Finding::new(
            "contracts/abi",
            1,
            what,
            "mend that and run `cargo xtask tidy` again",
        )];
    }
    match process::run(&mut contracts::npm("check-abi")) {
        Ok(()) => Vec::new(),
        Err(error) => {
            let mend = "run `cargo xtask contracts build` and commit contracts/abi";
            vec![Finding::new(
                "contracts/abi",
                1,
                format!("not in step with the sources: {error:#}"),
                mend,
            )]
        }
    }
}
