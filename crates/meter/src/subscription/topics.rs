//! The topics of one subscription: which are asked for, and what each is heard for.

use std::collections::{HashMap, hash_map::Entry};

use rumqttc::{QoS, SubAck, SubscribeFilter, SubscribeReasonCode};

use crate::{Channel, channel};

/// What a topic is heard for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// What the meter says.
    Hear(Channel),
    /// Commands that the broker keeps.
    WatchCommands,
}

/// The topics of all meters of one broker.
pub(super) struct Topics {
    /// Full topic, or the topic above it, to base topic and purpose.
    routes: HashMap<String, (String, Purpose)>,
    filters: Vec<(String, QoS)>,
    /// Of the first so many filters a refusal matters.
    heard: usize,
}

impl Topics {
    pub(super) fn of(bases: &[String]) -> Self {
        let mut routes = HashMap::new();
        let mut filters = Vec::new();
        for base in bases {
            for channel in Channel::ALL {
                let topic = channel.topic(base);
                let purpose = (base.clone(), Purpose::Hear(channel));
                if routes.insert(topic.clone(), purpose).is_none() {
                    filters.push((topic, QoS::AtLeastOnce));
                }
            }
        }
        let heard = filters.len();
        for base in bases {
            if let Entry::Vacant(route) = routes.entry(channel::command_topic(base)) {
                // Without quality of service: commands of others must not pile up in the session.
                filters.push((route.key().clone(), QoS::AtMostOnce));
                filters.push((format!("{}/+", route.key()), QoS::AtMostOnce));
                route.insert((base.clone(), Purpose::WatchCommands));
            }
        }
        Self {
            routes,
            filters,
            heard,
        }
    }

    /// How many topics are heard.
    pub(super) fn heard(&self) -> usize {
        self.heard
    }

    /// What to ask the broker for.
    pub(super) fn filters(&self) -> impl Iterator<Item = SubscribeFilter> {
        let filters = self.filters.iter();
        filters.map(|(topic, quality)| SubscribeFilter::new(topic.clone(), *quality))
    }

    /// The topics that the broker refuses. An access list that hides the commands is no trouble.
    pub(super) fn refused(&self, answer: &SubAck) -> Vec<&str> {
        let pairs = self.filters[..self.heard].iter().zip(&answer.return_codes);
        pairs
            .filter(|(_, code)| **code == SubscribeReasonCode::Failure)
            .map(|((topic, _), _)| topic.as_str())
            .collect()
    }

    /// The base topic to which `topic` belongs, and what it is heard for.
    pub(super) fn route(&self, topic: &str) -> Option<(&str, Purpose)> {
        let found = self.routes.get(topic).or_else(|| {
            let (above, _) = topic.rsplit_once('/')?;
            let route = self.routes.get(above)?;
            matches!(route.1, Purpose::WatchCommands).then_some(route)
        });
        found.map(|(base, purpose)| (base.as_str(), *purpose))
    }
}
