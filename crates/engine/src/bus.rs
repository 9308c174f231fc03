//! The event bus: the engine tells, any number of readers listen, nobody blocks it.

use enerlink_domain::Event;
use tokio::sync::broadcast;

/// Events that a slow reader may be behind before it has to fetch snapshots again.
const CAPACITY: usize = 1024;

/// Tells events to whoever listens.
#[derive(Clone)]
pub(crate) struct Bus(broadcast::Sender<Event>);

impl Bus {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(CAPACITY).0)
    }

    /// Tells `event`. That nobody listens is no error.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.0.send(event);
    }

    /// Events that the slowest reader has not taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn subscribe(&self) -> Events {
        Events(self.0.subscribe())
    }
}

/// A reader of the bus.
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// The next event; `None` when the engine has stopped. A reader that was too slow gets [`Event::Lagged`].
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Event::Lagged { missed }),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
