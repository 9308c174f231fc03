//! Keeps the time of a real anvil near the simulated time, so that the contracts see the demo's day pass.

use std::{sync::Arc, time::Duration};

use enerlink_chain::Chain;
use enerlink_domain::Clock as _;
use serde_json::json;

use crate::clock::SimClock;

/// How often, in real time. Between two of these, anvil's clock runs at the speed of the real one.
const TURN: Duration = Duration::from_millis(500);

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
