//! The real engine against a real node, broker and database; what goes wrong goes wrong on the wire or on the disk.

#[path = "../support/anvil.rs"]
mod anvil;
#[path = "../../../meter/tests/support/mosquitto.rs"]
#[allow(dead_code, reason = "these tests need half of it")]
mod mosquitto;
#[path = "../../../meter/tests/broker/shipped.rs"]
#[allow(dead_code, reason = "these tests need half of it")]
mod shipped;

mod adding;
mod audit;
mod brokers;
mod commands;
mod copies;
mod device;
mod fees;
mod guard;
mod interruptions;
mod nodes;
mod on_anvil;
mod outages;
mod reorganisations;
mod restores;
mod retention;
mod secrets;
mod settings;
mod settlement_keys;
mod support;
mod telemetry;
mod terms;
mod tokens;
mod transactions;
mod wallets;
