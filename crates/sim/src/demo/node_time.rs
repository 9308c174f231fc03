//! The time of the chain: that of the node in the process is told to it, that of a real anvil is kept near the simulated
//! time, so that the contracts see the demo's day pass.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use enerlink_chain::Chain;
use enerlink_domain::{Clock as _, UnixMillis};
use serde_json::json;

use crate::clock::SimClock;

/// How often, in real time. Between two of these, anvil's clock runs at the speed of the real one.
const TURN: Duration = Duration::from_millis(500);

/// What the node in the process takes for the time: what it was told before the demo begins, then the demo's clock.
pub(super) struct NodeTime {
    told: AtomicI64,
    clock: OnceLock<Arc<SimClock>>,
}

impl NodeTime {
    /// Time that stands at `start`.
    pub(super) fn new(start: UnixMillis) -> Self {
        Self {
            told: AtomicI64::new(start.0),
            clock: OnceLock::new(),
        }
    }

    /// Moves the time to `now`.
    pub(super) fn tell(&self, now: UnixMillis) {
        self.told.store(now.0, Ordering::Relaxed);
    }

    /// From now on it is the time of `clock`.
    pub(super) fn follow(&self, clock: &Arc<SimClock>) {
        // Only the first counts, and there is one.
        let _ = self.clock.set(Arc::clone(clock));
    }

    /// Unix seconds.
    pub(super) fn seconds(&self) -> u64 {
        let told = || UnixMillis(self.told.load(Ordering::Relaxed));
        let now = self.clock.get().map_or_else(told, |clock| clock.wall());
        u64::try_from(now.0 / 1000).unwrap_or(0)
    }
}

/// Sets the node's time again and again.
pub(super) async fn follow(chain: Chain, clock: Arc<SimClock>) {
    loop {
        let seconds = clock.wall().0 / 1000;
        let set = chain.rpc("anvil_setNextBlockTimestamp", json!([seconds])).await;
        let mined = chain.rpc("evm_mine", json!([])).await;
        if let Err(error) = set.and(mined) {
            tracing::warn!(%error, "the node does not follow the simulated time");
        }
        tokio::time::sleep(TURN).await;
    }
}
