//! A broker without a network: persistent sessions, retained messages, redelivery of what was not acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use enerlink_domain::{Code, Error};
use enerlink_meter::{Published, Route, Source, SourceHeard, SourceLine};
use tokio::sync::mpsc;

use super::fuse::{Fuse, Point};

/// The broker. Clones are the same one.
#[derive(Clone)]
pub(super) struct Broker(Arc<Mutex<State>>);

struct State {
    up: bool,
    sessions: BTreeMap<String, Session>,
    retained: BTreeMap<String, Vec<u8>>,
    commands: Commands,
    connections: u64,
}

#[derive(Default)]
struct Session {
    /// Not acknowledged, oldest first.
    kept: VecDeque<Kept>,
    last_id: u16,
    line: Option<Line>,
}

struct Kept {
    id: u16,
    message: Said,
    sent: bool,
    /// It was sent more than once.
    again: bool,
}

struct Line {
    number: u64,
    /// Of the meters that it is subscribed to.
    base_topics: BTreeSet<String>,
    heard: mpsc::UnboundedSender<SourceHeard>,
}

/// A message of the device.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    /// Which reading it is, and of which meter.
    pub(super) reading: Option<(usize, u64)>,
}

/// Told of which meter which reading a client has acknowledged, and whether it was sent to it more than once.
pub(super) type Acknowledged = Arc<dyn Fn(usize, u64, bool) + Send + Sync>;

/// What a device hears.
pub(super) type Orders = mpsc::UnboundedReceiver<Vec<u8>>;

/// Where commands go, by topic.
pub(super) struct Commands(BTreeMap<String, mpsc::UnboundedSender<Vec<u8>>>);

impl Commands {
    /// One receiver for each device, in their order.
    pub(super) fn of(base_topics: &[String]) -> (Self, Vec<Orders>) {
        let mut devices = BTreeMap::new();
        let orders = base_topics.iter().map(|base| {
            let (sender, receiver) = mpsc::unbounded_channel();
            let route = Route {
                base_topic: base.clone(),
                meter_id: None,
            };
            devices.insert(route.topic(), sender);
            receiver
        });
        let orders = orders.collect();
        (Self(devices), orders)
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    pub(super) fn hand_over(&self, topic: &str, payload: Vec<u8>) {
        if let Some(device) = self.0.get(topic) {
            let _ = device.send(payload);
        }
    }

    /// No device is there any more.
    pub(super) fn are_over(&self) -> bool {
        self.0.values().all(mpsc::UnboundedSender::is_closed)
    }
}

impl Broker {
    /// A broker before these devices.
    pub(super) fn new(commands: Commands) -> Self {
        let state = State {
            up: true,
            sessions: BTreeMap::new(),
            retained: BTreeMap::new(),
            commands,
            connections: 0,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn is_up(&self) -> bool {
        self.state().up
    }

    /// Ends every connection, or lets every client in again. Sessions are kept.
    pub(super) fn set_up(&self, up: bool) {
        let mut state = self.state();
        if state.up == up {
            return;
        }
        state.up = up;
        let State {
            sessions, retained, ..
        } = &mut *state;
        for session in sessions.values_mut() {
            if up {
                session.welcome(retained);
            } else if let Some(line) = &session.line {
                let error = Error::new(Code::BrokerUnreachable, "the broker is down");
                let _ = line.heard.send(SourceHeard::Lost(error));
            }
        }
    }

    /// Delivers a message to every session that is subscribed to it, with quality of service 1.
    pub(super) fn publish(&self, said: &Said) {
        let mut state = self.state();
        let up = state.up;
        let hears =
            |session: &&mut Session| session.line.as_ref().is_some_and(|line| line.hears(&said.topic));
        for session in state.sessions.values_mut().filter(hears) {
            session.last_id = session.last_id.checked_add(1).unwrap_or(1);
            session.kept.push_back(Kept {
                id: session.last_id,
                message: said.clone(),
                sent: false,
                again: false,
            });
            if up {
                session.deliver();
            }
        }
    }

    /// Keeps a message for who subscribes later, and tells it to nobody now.
    pub(super) fn retain(&self, topic: String, payload: Vec<u8>) {
        self.state().retained.insert(topic, payload);
    }

    /// Lets a client in, whose process has `fuse`.
    pub(super) fn source(&self, fuse: Fuse, acknowledged: Acknowledged) -> Arc<dyn Source> {
        Arc::new(Client {
            broker: self.clone(),
            fuse,
            acknowledged,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// A connection is there again: what is retained, then everything that was not acknowledged.
    fn welcome(&mut self, retained: &BTreeMap<String, Vec<u8>>) {
        let Some(line) = &self.line else { return };
        let _ = line.heard.send(SourceHeard::Connected);
        for (topic, payload) in retained.iter().filter(|(topic, _)| line.hears(topic)) {
            let message = Published {
                topic: topic.clone(),
                payload: payload.clone(),
                retain: true,
                duplicate: false,
                id: 0,
            };
            let _ = line.heard.send(SourceHeard::Message(message));
        }
        for kept in &mut self.kept {
            if kept.sent {
                kept.again = true;
                let _ = line.heard.send(SourceHeard::Message(kept.published(true)));
            }
        }
        self.deliver();
    }

    /// Sends what was not sent yet.
    fn deliver(&mut self) {
        let Some(line) = &self.line else { return };
        for kept in self.kept.iter_mut().filter(|kept| !kept.sent) {
            kept.sent = true;
            let _ = line.heard.send(SourceHeard::Message(kept.published(false)));
        }
    }
}

impl Line {
    fn hears(&self, topic: &str) -> bool {
        let base = topic.rsplit_once('/').map_or(topic, |(base, _)| base);
        self.base_topics.contains(base)
    }
}

impl Kept {
    fn published(&self, duplicate: bool) -> Published {
        Published {
            topic: self.message.topic.clone(),
            payload: self.message.payload.clone(),
            retain: false,
            duplicate,
            id: self.id,
        }
    }
}

struct Client {
    broker: Broker,
    fuse: Fuse,
    acknowledged: Acknowledged,
}

impl Source for Client {
    fn connect(&self, client_id: &str, base_topics: &[String]) -> SourceLine {
        let (heard, receiver) = mpsc::unbounded_channel();
        let mut state = self.broker.state();
        state.connections += 1;
        let number = state.connections;
        let State {
            up,
            sessions,
            retained,
            ..
        } = &mut *state;
        let session = sessions.entry(client_id.to_owned()).or_default();
        let base_topics = base_topics.iter().cloned().collect();
        let line = Line {
            number,
            base_topics,
            heard,
        };
        // What it is not subscribed to any more does not wait for it.
        session.kept.retain(|kept| line.hears(&kept.message.topic));
        session.line = Some(line);
        if *up {
            session.welcome(retained);
        }
        drop(state);
        let (broker, fuse, name) = (self.broker.clone(), self.fuse.clone(), client_id.to_owned());
        let acknowledged = Arc::clone(&self.acknowledged);
        let acknowledge = move |id: u16| {
            if fuse.strike(Point::Acknowledgement) {
                return;
            }
            let mut state = broker.state();
            let session = state.sessions.get_mut(&name);
            let Some(session) =
                session.filter(|session| session.line.as_ref().is_some_and(|line| line.number == number))
            else {
                return;
            };
            let at = session.kept.iter().position(|kept| kept.id == id && kept.sent);
            let kept = at.and_then(|at| session.kept.remove(at));
            drop(state);
            if let Some(kept) = kept
                && let Some((meter, reading)) = kept.message.reading
            {
                acknowledged(meter, reading, kept.again);
            }
        };
        let (broker, fuse) = (self.broker.clone(), self.fuse.clone());
        let publish = move |topic: String, payload: Vec<u8>| {
            let state = broker.state();
            if state.up && !fuse.is_blown() {
                state.commands.hand_over(&topic, payload);
            }
        };
        SourceLine {
            heard: receiver,
            acknowledge: Box::new(acknowledge),
            publish: Box::new(publish),
        }
    }
}
