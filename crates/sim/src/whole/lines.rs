//! The lines between a household and the world: in memory, where every run is the same, or over sockets, where the
//! network is the computer's own.

use std::sync::Arc;

use enerlink_domain::view::BrokerDraft;

use super::{
    broker::{Broker, Said},
    sockets::Sockets,
    wire::Net,
};

/// Readings that may still be between a device and a database when everything is in order, over sockets.
pub(super) const READINGS_ON_THE_WAY: u64 = 6;

/// How far a world reaches.
#[derive(Clone)]
pub(super) enum Reach {
    /// Nowhere.
    Memory,
    /// To a broker and a node behind sockets, in real time that runs so many times as fast.
    Sockets {
        broker: crate::broker::Broker,
        speed: u32,
    },
}

impl Reach {
    pub(super) fn speed(&self) -> u32 {
        match self {
            Self::Memory => 1,
            Self::Sockets { speed, .. } => *speed,
        }
    }

    /// What stands before the channels of each of so many devices.
    pub(super) fn base_topics(&self, seed: u64, count: usize) -> Vec<String> {
        let place = match self {
            Self::Memory => "home".to_owned(),
            // Worlds share one broker.
            Self::Sockets { .. } => format!("world-{seed}"),
        };
        let first = format!("{place}/energy-monitor");
        let others = (1..count).map(|number| format!("{first}-{number}"));
        std::iter::once(first.clone()).chain(others).collect()
    }
}

/// The lines of one world. Clones are the same lines.
#[derive(Clone)]
pub(super) enum Lines {
    Memory { net: Net, broker: Broker },
    Sockets(Arc<Sockets>),
}

impl Lines {
    /// Whether nothing goes wrong by itself.
    pub(super) fn set_calm(&self, calm: bool) {
        match self {
            Self::Memory { net, .. } => net.set_calm(calm),
            Self::Sockets(sockets) => sockets.set_calm(calm),
        }
    }

    pub(super) fn set_node_up(&self, up: bool) {
        match self {
            Self::Memory { net, .. } => net.set_down(!up),
            Self::Sockets(sockets) => sockets.set_node_up(up),
        }
    }

    pub(super) fn set_broker_up(&self, up: bool) {
        match self {
            Self::Memory { broker, .. } => broker.set_up(up),
            Self::Sockets(sockets) => sockets.set_broker_up(up),
        }
    }

    pub(super) fn broker_is_up(&self) -> bool {
        match self {
            Self::Memory { broker, .. } => broker.is_up(),
            Self::Sockets(sockets) => sockets.broker_is_up(),
        }
    }

    /// The device says something.
    pub(super) fn publish(&self, said: &Said) {
        match self {
            Self::Memory { broker, .. } => broker.publish(said),
            Self::Sockets(sockets) => sockets.publish(said, false),
        }
    }

    /// The broker keeps something that the device has said.
    pub(super) fn retain(&self, topic: String, payload: Vec<u8>) {
        match self {
            Self::Memory { broker, .. } => broker.retain(topic, payload),
            Self::Sockets(sockets) => {
                let reading = None;
                let said = Said {
                    topic,
                    payload,
                    reading,
                };
                sockets.publish(&said, true);
            }
        }
    }

    /// The hash of the last bytes that were sent; over sockets nobody listens to them.
    pub(super) fn last_sent(&self) -> Option<String> {
        match self {
            Self::Memory { net, .. } => net.last_sent(),
            Self::Sockets(_) => None,
        }
    }

    pub(super) fn node_url(&self) -> String {
        match self {
            Self::Memory { .. } => "http://127.0.0.1:8545".to_owned(),
            Self::Sockets(sockets) => sockets.node_url(),
        }
    }

    pub(super) fn broker_draft(&self) -> BrokerDraft {
        match self {
            Self::Memory { .. } => BrokerDraft {
                url: "mqtt://127.0.0.1:1883".to_owned(),
                ..BrokerDraft::default()
            },
            Self::Sockets(sockets) => sockets.broker_draft(),
        }
    }
}
