//! The connection to one broker: a handle, and a private task that connects, subscribes, hands on and acknowledges.

pub(crate) mod backoff;
mod connection;
pub(crate) mod failure;
pub(crate) mod options;
mod packet;
pub(crate) mod rival;
mod source;
mod topics;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use enerlink_domain::{BrokerAddress, Clock, Error};
use thiserror::Error;
use tokio::sync::{mpsc, watch};

pub use packet::{Ack, Packet};
pub use source::{Heard as SourceHeard, Published, Source, SourceLine};

use crate::{Route, channel};
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
    /// For `mqtts` with a broker that asks for it: this client's PEM certificate, with the chain to its authority.
    pub client_cert_pem: Option<Vec<u8>>,
    /// The PEM private key of that certificate.
    pub client_key_pem: Option<Vec<u8>>,
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
            client_cert_pem: None,
            client_key_pem: None,
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
    /// Another program uses the same client id: each connection of the one ends the other's. This side has stopped and
    /// tries again only after ten minutes, or when it is started anew; [`Incoming::Connected`] is the all-clear.
    TakenOver(Error),
    /// A message.
    Packet(Packet),
    /// A command that the broker keeps: the meter would carry it out again at each start. Told after each connect, perhaps
    /// before [`Incoming::Connected`], for as long as it lies there; with an empty payload when it is taken away.
    RetainedCommand {
        /// The meter's base topic, as configured.
        base_topic: String,
        /// The full topic.
        topic: String,
        /// The command, cut to 4096 bytes.
        payload: Vec<u8>,
    },
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
    line: Arc<Line>,
    stop: Arc<watch::Sender<bool>>,
}

/// What handles know of the connection.
#[derive(Default)]
struct Line {
    /// Subscribed to something.
    connected: AtomicBool,
    /// Connections after the first.
    reconnects: AtomicU64,
}

impl Subscription {
    /// Starts the task, on the current tokio runtime. The clock stamps [`Packet::received_at`]; the network itself
    /// lives in real time.
    ///
    /// The receiver ends with `None` when the task has ended and, after a stop, has disconnected.
    pub fn start(config: SubscriptionConfig, clock: Arc<dyn Clock>) -> (Self, mpsc::Receiver<Incoming>) {
        let (incoming, receiver) = mpsc::channel(config.queue.max(1));
        let (subscription, commands, stopped) = Self::new();
        let line = Arc::clone(&subscription.line);
        tokio::spawn(Connection::new(config, clock, incoming, line).run(commands, stopped));
        (subscription, receiver)
    }

    /// Starts the task on a broker in this process instead of the one that `config` names.
    pub fn start_on(
        source: &dyn Source,
        config: SubscriptionConfig,
        clock: Arc<dyn Clock>,
    ) -> (Self, mpsc::Receiver<Incoming>) {
        let (incoming, receiver) = mpsc::channel(config.queue.max(1));
        let (subscription, commands, stopped) = Self::new();
        let source = source.connect(&config.client_id, &config.base_topics);
        let task = source::SourceTask {
            config,
            clock,
            incoming,
            line: Arc::clone(&subscription.line),
        };
        tokio::spawn(task.run(source, commands, stopped));
        (subscription, receiver)
    }

    fn new() -> (Self, mpsc::Receiver<Outbound>, watch::Receiver<bool>) {
        let (outbound, commands) = mpsc::channel(COMMAND_QUEUE);
        let (stop, stopped) = watch::channel(false);
        let subscription = Self {
            outbound,
            line: Arc::default(),
            stop: Arc::new(stop),
        };
        (subscription, commands, stopped)
    }

    /// Hands `command` to the broker along `route`, with its quality of service, never retained.
    ///
    /// `Ok` means that the connection has taken it, neither that the meter has it nor that the broker lets it through
    /// (a broker answers a forbidden publish like any other): only a response or a later status proves that. It may
    /// arrive twice.
    pub async fn publish(&self, route: &Route, command: &str) -> Result<(), PublishError> {
        if !channel::valid_base(&route.base_topic) {
            return Err(PublishError::Topic);
        }
        if command.len() > COMMAND_LIMIT {
            return Err(PublishError::TooLong);
        }
        if self.outbound.is_closed() {
            return Err(PublishError::Stopped);
        }
        if !self.line.connected.load(Ordering::Acquire) {
            return Err(PublishError::NotConnected);
        }
        let outbound = Outbound {
            topic: route.topic(),
            exactly_once: route.meter_id.is_some(),
            payload: command.to_owned(),
        };
        self.outbound.try_send(outbound).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PublishError::Busy,
            mpsc::error::TrySendError::Closed(_) => PublishError::Stopped,
        })
    }

    /// How often the broker was connected to again after the first time.
    pub fn reconnects(&self) -> u64 {
        self.line.reconnects.load(Ordering::Relaxed)
    }

    /// Disconnects and ends the task; acknowledgements given before are still sent. Safe to call twice.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}
