//! The subscription against a real mosquitto, and against brokers that misbehave.

#[path = "../support/mosquitto.rs"]
mod mosquitto;

mod access;
mod commands;
mod links;
mod rivals;
mod scans;
mod sessions;
mod shipped;
mod support;
mod tls;
