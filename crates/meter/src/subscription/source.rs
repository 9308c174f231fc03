//! A subscription without a network: what the broker's client would hand over comes from a [`Source`] in this process.
//! Everything behind it, from the topic to the acknowledgement, is the same as with a broker.

use std::sync::{Arc, atomic::Ordering};

use enerlink_domain::{Clock, Error};
use rumqttc::{Publish, QoS};
use tokio::sync::{mpsc, watch};

use super::{
    Ack, COMMAND_LIMIT, Incoming, Line, Packet, SubscriptionConfig,
    connection::{Outbound, stop_of},
    packet::Token,
    topics::{Purpose, Topics},
};

/// A broker in this process: the client is the one of a persistent session, which survives a disconnect.
pub trait Source: Send + Sync {
    /// Lets the client in, who hears the meters of `base_topics`; a former connection under the same id ends. Everything
    /// that was not acknowledged comes again.
    fn connect(&self, client_id: &str, base_topics: &[String]) -> SourceLine;
}

/// One client's connection to a [`Source`]. Dropped, the client is gone without a goodbye.
pub struct SourceLine {
    /// What the client hears.
    pub heard: mpsc::UnboundedReceiver<Heard>,
    /// Tells the broker the id of a message that it may forget.
    pub acknowledge: Box<dyn Fn(u16) + Send>,
    /// Publishes a payload on a topic.
    pub publish: Box<dyn Fn(String, Vec<u8>) + Send>,
}

/// What a client hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// The session is there and every topic is subscribed to.
    Connected,
    /// The connection is lost, and acknowledgements of what came over it are void.
    Lost(Error),
    /// A message.
    Message(Published),
}

/// A message as a broker delivers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The full topic.
    pub topic: String,
    /// The bytes.
    pub payload: Vec<u8>,
    /// Kept from before.
    pub retain: bool,
    /// Perhaps not for the first time.
    pub duplicate: bool,
    /// Names it in acknowledgements, with quality of service 1; 0 for quality of service 0.
    pub id: u16,
}

/// The private task of a subscription to a source.
pub(super) struct SourceTask {
    pub(super) config: SubscriptionConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) incoming: mpsc::Sender<Incoming>,
    pub(super) line: Arc<Line>,
}

impl SourceTask {
    pub(super) async fn run(
        self,
        mut source: SourceLine,
        mut commands: mpsc::Receiver<Outbound>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let topics = Topics::of(&self.config.base_topics);
        let (acks_sender, mut acks) = mpsc::unbounded_channel();
        let mut connection = 0;
        let mut known = false;
        loop {
            let heard = tokio::select! {
                biased;
                () = stop_of(&mut stopped) => return,
                () = self.incoming.closed() => return,
                Some(token) = acks.recv() => {
                    let token: Token = token;
                    if token.connection == connection {
                        (source.acknowledge)(token.id());
                    }
                    continue;
                }
                Some(command) = commands.recv() => {
                    (source.publish)(command.topic, command.payload.into_bytes());
                    continue;
                }
                heard = source.heard.recv() => heard,
            };
            let news = match heard {
                None => return,
                Some(Heard::Connected) => {
                    if std::mem::replace(&mut known, true) {
                        self.line.reconnects.fetch_add(1, Ordering::Relaxed);
                    }
                    self.line.connected.store(true, Ordering::Release);
                    Some(Incoming::Connected)
                }
                Some(Heard::Lost(error)) => {
                    self.line.connected.store(false, Ordering::Release);
                    connection += 1;
                    while commands.try_recv().is_ok() {}
                    Some(Incoming::Disconnected(error))
                }
                Some(Heard::Message(message)) => self.news(&topics, message, connection, &acks_sender),
            };
            if let Some(news) = news
                && self.incoming.send(news).await.is_err()
            {
                return;
            }
        }
    }

    fn news(
        &self,
        topics: &Topics,
        message: Published,
        connection: u64,
        acks: &mpsc::UnboundedSender<Token>,
    ) -> Option<Incoming> {
        let quality = match message.id {
            0 => QoS::AtMostOnce,
            _ => QoS::AtLeastOnce,
        };
        let mut publish = Publish::new(&message.topic, quality, message.payload);
        publish.pkid = message.id;
        publish.retain = message.retain;
        publish.dup = message.duplicate;
        let ack = Ack::new(acks.clone(), connection, &publish);
        let Some((base, purpose)) = topics.route(&message.topic) else {
            ack.confirm();
            return None;
        };
        let base = base.to_owned();
        match purpose {
            Purpose::Hear(channel) => {
                let mut packet = Packet::new(base, channel, &publish, self.config.packet_limit, ack);
                packet.received_at = self.clock.wall();
                Some(Incoming::Packet(packet))
            }
            Purpose::WatchCommands => {
                ack.confirm();
                let kept = publish.payload.len().min(COMMAND_LIMIT);
                (publish.retain || publish.payload.is_empty()).then(|| Incoming::RetainedCommand {
                    base_topic: base,
                    topic: message.topic,
                    payload: publish.payload[..kept].to_vec(),
                })
            }
        }
    }
}
