//! Whether a broker throws out everybody or only this client's id: another id is tried.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, Packet};

use super::{SubscriptionConfig, backoff, options};

/// Whether the broker of `config` lets in a client with another id, and lets it stay for `stay`. It subscribes to
/// nothing.
pub(super) async fn others_may_stay(config: &SubscriptionConfig, stay: Duration) -> bool {
    let other = SubscriptionConfig {
        client_id: random_id("enerlink-look"),
        ..config.clone()
    };
    let Ok(mut options) = options::build(&other) else {
        return false;
    };
    options.set_clean_session(true);
    let (client, mut events) = AsyncClient::new(options, 2);
    let accepted = async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    };
    if !accepted.await {
        return false;
    }
    let thrown_out = async { while events.poll().await.is_ok() {} };
    let stays = tokio::select! {
        () = thrown_out => false,
        () = backoff::pause(stay) => true,
    };
    if stays && client.try_disconnect().is_ok() {
        let _ = events.poll().await;
    }
    stays
}

/// A client id that nobody else has.
pub(crate) fn random_id(prefix: &str) -> String {
    format!("{prefix}-{:016x}", rand::random::<u64>())
}
