//! The database: one file per table with its row, its reads and its writes; one writer, a pool of readers.
//!
//! Values of `domain` go in and come out; SQL and sea-orm stay inside. Reads take anything that is [`Read`]: a
//! [`Reader`], which sees the last commit, or a [`Tx`], which also sees its own writes. Writes take a [`Tx`].
//! There is one `Tx` at a time: [`Store::begin`] waits for the one before it.
//!
//! Rows that mean money (registers, settlements, outbox, conversions) carry a hash of themselves, checked whenever they are read.

pub mod address_book;
pub mod approvals;
pub mod commands;
pub mod conversions;
pub mod cursors;
pub mod facts;
pub mod guards;
pub mod heartbeats;
pub mod market;
pub mod market_candles;
pub mod market_levels;
pub mod market_trades;
mod markets;
pub mod messages;
pub mod meters;
pub mod movements;
pub mod notices;
pub mod outbox;
pub mod outbox_versions;
pub mod preferences;
pub mod price_alerts;
pub mod profile;
pub mod prosumers;
pub mod readings;
pub mod registers;
pub mod retention;
pub mod rollups;
pub mod settings;
pub mod settlements;
pub mod statuses;
pub mod tallies;
pub mod trade_orders;
pub mod transaction_logs;
pub mod wallets;

mod copies;
mod error;
mod lockstep;
#[cfg(test)]
mod plans;
mod postgres;
mod record;
mod seal;
mod session;
mod settled;
mod sqlite;
mod store;
mod totals;

pub use approvals::Approval;
pub use commands::CommandRow;
pub use error::StoreError;
pub use lockstep::{AfterCommit, Lockstep};
pub use messages::MessageLog;
pub use movements::NewMovement;
pub use outbox::{NewOutbox, OutboxRow};
pub use outbox_versions::TxVersion;
pub use profile::{Added, Profile, ProfileError, ProfileMeter, Prosumer};
pub use readings::StoredReading;
pub use retention::Pruned;
pub use rollups::Sample;
pub use session::{Read, Reader, Tx};
pub use store::{Access, Store};
pub use trade_orders::{OrderKey, OrderRow};
pub use transaction_logs::{LogKind, NewActivity, TransactionLog};
pub use wallets::{Mark, Origin, Wallet};
