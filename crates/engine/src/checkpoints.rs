//! Checkpoints: what was committed is taken from the write-ahead log into the database's file, so that no message waits for it.

use std::{sync::Arc, time::Duration};

use enerlink_domain::{Clock, Error};
use enerlink_store::Store;

use crate::task::Task;

/// A thousand messages a second fill some megabytes meanwhile.
const TURN: Duration = Duration::from_millis(500);

pub(crate) struct Checkpoints {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
}

impl Task for Checkpoints {
    const NAME: &'static str = "checkpoints";

    async fn run(&mut self) -> Result<(), Error> {
        loop {
            self.clock.sleep(TURN).await;
            self.store.checkpoint().await?;
        }
    }
}
