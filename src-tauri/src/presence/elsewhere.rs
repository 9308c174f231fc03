//! Windows and macOS: no messages of the system are read here. The engine itself notices sleep, by the clocks, and locks
//! when the computer wakes up; a locked screen is left to the idle lock.

use enerlink_domain::wallet::LockReason;

use super::Buses;

/// Watches nothing.
pub async fn watch(_buses: Buses, _leave: impl Fn(LockReason) + Send + Sync + 'static) {}
