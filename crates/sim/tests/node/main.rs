//! The in-process Ethereum node, as its clients see it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/anvil.rs"]
mod anvil;
mod calls;
mod conformance;
mod contracts;
mod conversion;
mod faults;
mod memory;
mod permits;
mod pool;
mod reorg;
mod support;
mod timing;
mod transfers;
