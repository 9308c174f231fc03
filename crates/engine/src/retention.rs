//! Retention: raw readings and messages older than the household wants to keep are removed, in steps so small that
//! nobody waits for them.

use std::{sync::Arc, time::Duration};

use enerlink_domain::{Clock, Error, view::Preferences};
use enerlink_store::{Store, retention};
use tokio::sync::watch;

use crate::{diagnostics, task::Task};

/// How often it is looked at; by the clock that never goes back.
const TURN: Duration = Duration::from_secs(3600);
/// How often it is looked whether the log has grown so much that it cannot wait.
const LOOK: Duration = Duration::from_secs(60);
/// Rows of one transaction: some milliseconds.
const STEP: u32 = 2000;
/// Between two of them, for those who wait to write.
const BREATH: Duration = Duration::from_millis(50);

pub(crate) struct Retention {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) preferences: watch::Receiver<Preferences>,
    pub(crate) diagnostics: diagnostics::Handle,
}

impl Retention {
    /// Removes what is due.
    async fn prune(&self, preferences: &Preferences) -> Result<(), Error> {
        let mut removed = 0_u64;
        loop {
            let tx = self.store.begin().await?;
            let pruned = retention::prune(&tx, self.clock.wall(), preferences, STEP).await?;
            tx.commit().await?;
            removed += pruned.readings + pruned.heartbeats + pruned.statuses + pruned.messages;
            if !pruned.more {
                break;
            }
            self.clock.sleep(BREATH).await;
        }
        if removed > 0 {
            tracing::info!(rows = removed, "old readings and messages removed");
        }
        Ok(())
    }

    /// Waits for the next turn, or until somebody has chosen otherwise, or until the log has grown by a tenth.
    async fn rest(&mut self, log_messages: u32) {
        let end = self.clock.monotonic() + TURN;
        let full = self.diagnostics.messages() + u64::from(log_messages / 10).max(1000);
        while self.clock.monotonic() < end && (log_messages == 0 || self.diagnostics.messages() < full) {
            tokio::select! {
                biased;
                _ = self.preferences.changed() => return,
                () = self.clock.sleep(LOOK) => {}
            }
        }
    }
}

impl Task for Retention {
    const NAME: &'static str = "retention";

    async fn run(&mut self) -> Result<(), Error> {
        loop {
            let preferences = self.preferences.borrow_and_update().clone();
            self.prune(&preferences).await?;
            self.rest(preferences.log_messages).await;
        }
    }
}
