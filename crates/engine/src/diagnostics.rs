//! How the core itself fares: counters and latencies of the last minutes, cheap enough to be fed for every message.

mod recent;
mod report;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use enerlink_domain::{
    Clock, UnixMillis,
    meter::Link,
    view::{BrokerDiagnostics, Diagnostics},
};

use self::recent::{Latencies, Rate};
pub use self::report::Told;
pub(crate) use self::report::{Report, Sources};

/// What happens all the time is shown for the last five minutes.
const OFTEN: Duration = Duration::from_secs(60);
/// What a person starts, for the last hour.
const SELDOM: Duration = Duration::from_secs(12 * 60);
/// What a period's end starts, for the last day.
const RARE: Duration = Duration::from_secs(5 * 3600);

/// Takes figures in. Clones are handles to the same ones; nothing waits.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Figures>);

struct Figures {
    clock: Arc<dyn Clock>,
    started: Duration,
    rate: Rate,
    messages: AtomicU64,
    decode: Latencies,
    commit: Latencies,
    queue: AtomicU32,
    queue_peak: AtomicU32,
    /// Changed when a connection changes, never for a message.
    brokers: Mutex<BTreeMap<String, (bool, u64)>>,
    command: Latencies,
    rpc: Latencies,
    settlement: Latencies,
}

impl Handle {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Figures {
            started: clock.monotonic(),
            clock,
            rate: Rate::default(),
            messages: AtomicU64::new(0),
            decode: Latencies::new(OFTEN),
            commit: Latencies::new(OFTEN),
            queue: AtomicU32::new(0),
            queue_peak: AtomicU32::new(0),
            brokers: Mutex::default(),
            command: Latencies::new(SELDOM),
            rpc: Latencies::new(OFTEN),
            settlement: Latencies::new(RARE),
        }))
    }

    /// One message became values, or a reason why not, within `took`.
    pub(crate) fn decoded(&self, took: Duration) {
        self.0.decode.record(self.now(), took);
    }

    /// One transaction with so many messages was committed within `took`.
    pub(crate) fn committed(&self, messages: usize, took: Duration) {
        let (now, messages) = (self.now(), u32::try_from(messages).unwrap_or(u32::MAX));
        self.0.commit.record(now, took);
        self.0.rate.add(now, messages);
        self.0.messages.fetch_add(u64::from(messages), Ordering::Relaxed);
    }

    /// So many messages wait for the writer now.
    pub(crate) fn queued(&self, waiting: usize) {
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        self.0.queue.store(waiting, Ordering::Relaxed);
        self.0.queue_peak.fetch_max(waiting, Ordering::Relaxed);
    }

    /// How the broker at `url` is reached, with the connections that were made again since the start.
    pub(crate) fn broker(&self, url: &str, connected: bool, reconnects: u64) {
        let mut brokers = self.0.brokers.lock().unwrap_or_else(PoisonError::into_inner);
        brokers.insert(url.to_owned(), (connected, reconnects));
    }

    /// Nobody listens at `url` any more.
    pub(crate) fn forget_broker(&self, url: &str) {
        let mut brokers = self.0.brokers.lock().unwrap_or_else(PoisonError::into_inner);
        brokers.remove(url);
    }

    /// A command was answered or observed `took` after it was first sent.
    pub(crate) fn commanded(&self, took: Duration) {
        self.0.command.record(self.now(), took);
    }

    /// The node answered a call within `took`.
    pub(crate) fn called(&self, took: Duration) {
        self.0.rpc.record(self.now(), took);
    }

    /// A settlement was confirmed `took` after it was queued.
    pub(crate) fn settled(&self, took: Duration) {
        self.0.settlement.record(self.now(), took);
    }

    /// Messages that were taken since the start.
    pub(crate) fn messages(&self) -> u64 {
        self.0.messages.load(Ordering::Relaxed)
    }

    /// The figures as they are now. What is not counted here (events that wait, the age of the block, the database) is
    /// left at nothing.
    pub(crate) fn read(&self) -> Diagnostics {
        let (figures, now) = (&self.0, self.now());
        let brokers = figures.brokers.lock().unwrap_or_else(PoisonError::into_inner);
        Diagnostics {
            at: figures.clock.wall(),
            messages_per_1000s: figures.rate.per_1000s(now, now - figures.started),
            messages: self.messages(),
            decode: figures.decode.read(now),
            commit: figures.commit.read(now),
            queue: figures.queue.load(Ordering::Relaxed),
            queue_peak: figures.queue_peak.load(Ordering::Relaxed),
            events: 0,
            brokers: brokers
                .iter()
                .map(|(url, (connected, reconnects))| BrokerDiagnostics {
                    url: url.clone(),
                    connected: *connected,
                    reconnects: *reconnects,
                })
                .collect(),
            command: figures.command.read(now),
            rpc: figures.rpc.read(now),
            block_age_ms: None,
            settlement: figures.settlement.read(now),
            database_bytes: 0,
            storage: Link::up(UnixMillis(0)),
        }
    }

    fn now(&self) -> Duration {
        self.0.clock.monotonic()
    }
}
