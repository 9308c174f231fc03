//! Whether a broker throws out everybody or only this client's id: another id is there at the same time.
//!
//! Of two clients with one id a broker lets in only the later, so that both would throw each other out for ever. From
//! this side it looks like a broker that is restarted again and again, until somebody else is seen to stay.

use std::time::Duration;

use rumqttc::{AsyncClient, ConnectionError, Event, MqttOptions, Packet};
use tokio::{sync::watch, task::AbortHandle};

use super::{SubscriptionConfig, backoff, options};

/// How long a look-out stays at most.
const SHIFT: Duration = Duration::from_secs(120);
/// A broker that ends closes all connections, but not in the same instant.
const SETTLE: Duration = Duration::from_secs(1);

/// What the look-out has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Not let in yet, or thrown out as well, or gone home.
    Nothing,
    /// It is in.
    Stays,
    /// The broker does not want this client id, so that nothing can be seen.
    Unwelcome,
}

/// A second connection under an id of its own that subscribes to nothing; it ends when dropped.
pub(super) struct Lookout {
    sight: watch::Receiver<Sight>,
    task: AbortHandle,
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Lookout {
    /// Goes to the broker of `config`; none when that is not possible.
    pub(super) fn post(config: &SubscriptionConfig) -> Option<Self> {
        let other = SubscriptionConfig {
            client_id: random_id("enerlink-look"),
            ..config.clone()
        };
        let mut options = options::build(&other).ok()?;
        options.set_clean_session(true);
        let (seen, sight) = watch::channel(Sight::Nothing);
        let task = tokio::spawn(async move {
            tokio::select! {
                () = watch_from_within(options, &seen) => {}
                () = backoff::pause(SHIFT) => {
                    seen.send_replace(Sight::Nothing);
                }
            }
        });
        Some(Self {
            sight,
            task: task.abort_handle(),
        })
    }

    /// What it sees a moment after this client was thrown out.
    pub(super) async fn look(&self) -> Sight {
        backoff::pause(SETTLE).await;
        *self.sight.borrow()
    }
}

async fn watch_from_within(options: MqttOptions, seen: &watch::Sender<Sight>) {
    // The other half of the client has to live as long.
    let (_client, mut events) = AsyncClient::new(options, 2);
    let last = loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                seen.send_replace(Sight::Stays);
            }
            Ok(_) => {}
            Err(ConnectionError::ConnectionRefused(_)) => break Sight::Unwelcome,
            Err(_) => break Sight::Nothing,
        }
    };
    seen.send_replace(last);
}

/// A client id that nobody else has.
pub(crate) fn random_id(prefix: &str) -> String {
    format!("{prefix}-{:016x}", rand::random::<u64>())
}
