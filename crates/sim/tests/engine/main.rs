//! The real engine against a real node, broker and database; what goes wrong goes wrong on the wire or on the disk.

mod adding;
mod commands;
mod copies;
mod device;
mod interruptions;
mod outages;
mod reorganisations;
mod restores;
mod secrets;
mod settlement_keys;
mod support;
mod telemetry;
mod terms;
mod wallets;
