//! How the core itself fares.

use serde::{Deserialize, Serialize};

use crate::{UnixMillis, meter::Link};

/// Median and 99th percentile, in microseconds: of what happens all the time over the last minutes, of what is seldom over
/// the last hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Values that were measured.
    pub count: u64,
    /// Half of them took at most this.
    pub p50_us: u64,
    /// 99 of 100 took at most this.
    pub p99_us: u64,
}

/// One broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerDiagnostics {
    /// Its address.
    pub url: String,
    /// Whether it is connected.
    pub connected: bool,
    /// Connections that were made again since the app was started.
    pub reconnects: u64,
}

/// Figures of a running core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// When they were taken.
    pub at: UnixMillis,
    /// Messages in the last minute, a thousandth per second.
    pub messages_per_1000s: u64,
    /// Messages that were taken since the start.
    pub messages: u64,
    /// Bytes to values, per message.
    pub decode: Latency,
    /// One transaction of messages.
    pub commit: Latency,
    /// Messages that wait for the writer.
    pub queue: u32,
    /// The most that have waited since the start.
    pub queue_peak: u32,
    /// Events that wait for the slowest reader.
    pub events: u32,
    /// Brokers, by address.
    pub brokers: Vec<BrokerDiagnostics>,
    /// From sending a command to its answer or observation.
    pub command: Latency,
    /// One call of the Ethereum node.
    pub rpc: Latency,
    /// Milliseconds since the last block was mined, by its time stamp.
    pub block_age_ms: Option<u64>,
    /// From queueing a settlement to its confirmation.
    pub settlement: Latency,
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// Whether the database can be written, and why not.
    pub storage: Link,
}
