//! The command line on real servers: one program for all of it, so that the wallet is linked once. What is measured under
//! load, and what takes minutes, are programs of their own.

mod audit;
mod backups;
mod beginner;
mod crash;
mod database_faults;
mod failures;
mod headless;
mod imports;
mod marker_secrets;
mod market;
mod memory;
mod messages;
mod meter_cli;
#[path = "../metered/mod.rs"]
mod metered;
mod operator;
mod outages;
mod steering;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod transactions;
mod vault_faults;
mod wallet;
