//! Whether the database can be written. When the disk is full or fails, that is told once, what is stored is still
//! shown, nothing is changed or acknowledged, and writing is tried again until it works.

use std::{sync::Arc, time::Duration};

use enerlink_domain::{Clock, Error, Event, meter::Link};
use enerlink_store::{Store, settings};
use tokio::sync::watch;

use crate::{bus::Bus, task::Task};

/// The first wait before it is tried again; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest wait. A disk that works as long as this is sound again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The setting that is written to see whether it can be.
const TRIAL: &str = "storage.trial";

/// How the database stands. Clones are handles to the same one.
#[derive(Clone)]
pub(crate) struct Handle {
    clock: Arc<dyn Clock>,
    bus: Bus,
    link: Arc<watch::Sender<Link>>,
}

impl Handle {
    pub(crate) fn new(clock: Arc<dyn Clock>, bus: Bus) -> Self {
        let link = watch::channel(Link::up(clock.wall())).0;
        Self {
            clock,
            bus,
            link: Arc::new(link),
        }
    }

    /// How it stands, and why.
    pub(crate) fn link(&self) -> Link {
        self.link.borrow().clone()
    }

    /// Refuses a change that could not be stored.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let link = self.link.borrow();
        match link.code {
            Some(code) if !link.up => Err(Error::new(code, link.message.clone().unwrap_or_default())),
            _ => Ok(()),
        }
    }

    /// Somebody could not write.
    pub(crate) fn refused(&self, error: Error) {
        self.change(Link::down(self.clock.wall(), error));
    }

    /// Returns when it can be written.
    pub(crate) async fn writable(&self) {
        // The sender lives as long as this handle.
        let _ = self.link.subscribe().wait_for(|link| link.up).await;
    }

    /// Tells what is new. It cannot be stored before it is told, unlike everything else.
    fn change(&self, new: Link) {
        let news = self.link.send_if_modified(|link| {
            let news = link.up != new.up;
            if news {
                *link = new.clone();
            }
            news
        });
        if news {
            match &new.message {
                Some(reason) => tracing::error!(reason, "the database cannot be written"),
                None => tracing::info!("the database can be written again"),
            }
            self.bus.tell(Event::Storage(new));
        }
    }
}

/// Checks a large database once, then tries to write while that does not work.
pub(crate) struct Storage {
    pub(crate) handle: Handle,
    pub(crate) store: Store,
    pub(crate) checked: bool,
}

impl Storage {
    async fn try_to_write(&self) -> Result<(), Error> {
        let tx = self.store.begin().await?;
        let now = self.handle.clock.wall().0;
        settings::set(&tx, TRIAL, &now.to_string()).await?;
        Ok(tx.commit().await?)
    }
}

impl Task for Storage {
    const NAME: &'static str = "storage";

    async fn run(&mut self) -> Result<(), Error> {
        if !std::mem::replace(&mut self.checked, true) {
            self.store.check_if_large().await?;
        }
        let clock = Arc::clone(&self.handle.clock);
        let mut link = self.handle.link.subscribe();
        let (mut pause, mut up_since) = (FIRST_PAUSE, None);
        loop {
            let _ = link.wait_for(|link| !link.up).await;
            if up_since.is_some_and(|since| clock.monotonic() - since > LONGEST_PAUSE) {
                pause = FIRST_PAUSE;
            }
            clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            if self.try_to_write().await.is_ok() {
                up_since = Some(clock.monotonic());
                self.handle.change(Link::up(clock.wall()));
            }
        }
    }
}
