//! The connection to one broker: a handle, and a private task that connects, subscribes, hands on and acknowledges.

mod backoff;
mod connection;
mod failure;
mod options;
mod packet;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use enerlink_domain::{BrokerAddress, Clock, Error};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

pub use packet::{Ack, Packet};

use crate::channel;
use connection::{Connection, Outbound};

/// Commands that may wait for the connection to take them.
const COMMAND_QUEUE: usize = 64;
/// Commands above this many bytes are refused; the longest one written here has about 200.
const COMMAND_LIMIT: usize = 4096;

/// How to reach a broker and what to hear there. [`SubscriptionConfig::new`] fills in everything that has a default.
#[derive(Clone)]
pub struct SubscriptionConfig {
    /// Where it listens, and as whom.
    pub broker: BrokerAddress,
    /// The password of that user; without a user name it is not sent.
    pub password: Option<String>,
    /// Names the session on the broker: stable over restarts, and different for every copy of the app, because a
    /// broker lets only one of two equal clients in.
    pub client_id: String,
    /// The meters: what stands before `/sensors`.
    pub base_topics: Vec<String>,
    /// Payloads above this many bytes are cut (see [`Packet::size`]); at least [`crate::MAX_PAYLOAD`].
    pub packet_limit: usize,
    /// Messages that may wait for the reader. When they do, nothing more is read from the network.
    pub queue: usize,
    /// How often the connection is probed when nothing else is said; at least one second.
    pub keep_alive: std::time::Duration,
    /// For `mqtts`: PEM certificates to trust instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
}

impl SubscriptionConfig {
    /// A configuration with the defaults: no password, 256 KiB, a queue of 256 messages, keep-alive 30 s, the
    /// system's certificates.
    pub fn new(broker: BrokerAddress, client_id: impl Into<String>, base_topics: Vec<String>) -> Self {
        Self {
            broker,
            password: None,
            client_id: client_id.into(),
            base_topics,
            packet_limit: 256 * 1024,
            queue: 256,
            keep_alive: std::time::Duration::from_secs(30),
            ca_pem: None,
        }
    }
}

/// What a subscription tells its reader.
#[derive(Debug)]
pub enum Incoming {
    /// Connected and subscribed to every topic. Messages that the broker kept may arrive before it.
    Connected,
    /// Not connected, or not subscribed to everything; told once per attempt. It goes on trying, except when the
    /// configuration itself is invalid (`INVALID_INPUT`): then the channel closes.
    Disconnected(Error),
    /// A message.
    Packet(Packet),
}

/// Why a command was not handed to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublishError {
    /// There is no connection now. The command is not kept: switching a grid minutes later would surprise.
    #[error("the broker is not connected")]
    NotConnected,
    /// The subscription was stopped.
    #[error("the subscription is stopped")]
    Stopped,
    /// Too many commands wait already.
    #[error("too many commands are waiting")]
    Busy,
    /// The base topic cannot name a meter.
    #[error("the base topic is not valid")]
    Topic,
    /// The command is longer than any command is.
    #[error("the command is too long")]
    TooLong,
}

/// A subscription on one broker. Clones share the connection; it ends with [`Subscription::stop`], with the last
/// clone, or when the receiver is dropped.
#[derive(Clone)]
pub struct Subscription {
    outbound: mpsc::Sender<Outbound>,
    connected: Arc<AtomicBool>,
    stop: Arc<watch::Sender<bool>>,
}

impl Subscription {
    /// Starts the task, on the current tokio runtime. The clock stamps [`Packet::received_at`]; the network itself
    /// lives in real time.
    ///
    /// The receiver ends with `None` when the task has ended and, after a stop, has disconnected.
    pub fn start(config: SubscriptionConfig, clock: Arc<dyn Clock>) -> (Self, mpsc::Receiver<Incoming>) {
        let (incoming, receiver) = mpsc::channel(config.queue.max(1));
        let (outbound, commands) = mpsc::channel(COMMAND_QUEUE);
        let (stop, stopped) = watch::channel(false);
        let connected = Arc::new(AtomicBool::new(false));
        let subscription = Self {
            outbound,
            connected: Arc::clone(&connected),
            stop: Arc::new(stop),
        };
        tokio::spawn(Connection::new(config, clock, incoming, connected).run(commands, stopped));
        (subscription, receiver)
    }

    /// Hands `command` to the broker for `{base_topic}/command`, with quality of service 1, never retained.
    ///
    /// `Ok` means that the connection has taken it, neither that the meter has it nor that the broker lets it through
    /// (a broker answers a forbidden publish like any other): only a response or a later status proves that. It may
    /// arrive twice.
    pub async fn publish(&self, base_topic: &str, command: &str) -> Result<(), PublishError> {
        if !channel::valid_base(base_topic) {
            return Err(PublishError::Topic);
        }
        if command.len() > COMMAND_LIMIT {
            return Err(PublishError::TooLong);
        }
        if self.outbound.is_closed() {
            return Err(PublishError::Stopped);
        }
        if !self.connected.load(Ordering::Acquire) {
            return Err(PublishError::NotConnected);
        }
        let outbound = Outbound {
            topic: channel::command_topic(base_topic),
            payload: command.to_owned(),
        };
        self.outbound.try_send(outbound).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PublishError::Busy,
            mpsc::error::TrySendError::Closed(_) => PublishError::Stopped,
        })
    }

    /// Disconnects and ends the task; acknowledgements given before are still sent. Safe to call twice.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}
