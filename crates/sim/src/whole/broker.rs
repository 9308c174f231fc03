//! A broker without a network: persistent sessions, retained messages, redelivery of what was not acknowledged.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use enerlink_domain::{Code, Error};
use enerlink_meter::{Published, Source, SourceHeard, SourceLine};
use tokio::sync::mpsc;

use super::fuse::{Fuse, Point};

/// The broker. Clones are the same one.
#[derive(Clone)]
pub(super) struct Broker(Arc<Mutex<State>>);

struct State {
    up: bool,
    sessions: BTreeMap<String, Session>,
    retained: BTreeMap<String, Vec<u8>>,
    /// Where commands go.
    commands: mpsc::UnboundedSender<Vec<u8>>,
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
    heard: mpsc::UnboundedSender<SourceHeard>,
}

/// A message of the device.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    /// Which reading it is.
    pub(super) reading: Option<u64>,
}

/// Told which reading a client has acknowledged, and whether it was sent to it more than once.
pub(super) type Acknowledged = Arc<dyn Fn(u64, bool) + Send + Sync>;

impl Broker {
    /// A broker that hands commands to the receiver.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Vec<u8>>) {
        let (commands, receiver) = mpsc::unbounded_channel();
        let state = State {
            up: true,
            sessions: BTreeMap::new(),
            retained: BTreeMap::new(),
            commands,
            connections: 0,
        };
        (Self(Arc::new(Mutex::new(state))), receiver)
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

    /// Delivers a message to every session, with quality of service 1.
    pub(super) fn publish(&self, said: &Said) {
        let mut state = self.state();
        let up = state.up;
        for session in state.sessions.values_mut() {
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
        for (topic, payload) in retained {
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
    fn connect(&self, client_id: &str) -> SourceLine {
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
        session.line = Some(Line { number, heard });
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
                && let Some(reading) = kept.message.reading
            {
                acknowledged(reading, kept.again);
            }
        };
        let (broker, fuse) = (self.broker.clone(), self.fuse.clone());
        let publish = move |_: String, payload: Vec<u8>| {
            let state = broker.state();
            if state.up && !fuse.is_blown() {
                let _ = state.commands.send(payload);
            }
        };
        SourceLine {
            heard: receiver,
            acknowledge: Box::new(acknowledge),
            publish: Box::new(publish),
        }
    }
}
