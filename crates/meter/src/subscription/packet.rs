//! One message on its way from the broker to the reader, and its acknowledgement.

use std::fmt;

use enerlink_domain::UnixMillis;
use rumqttc::{Publish, QoS};
use tokio::sync::mpsc;

use crate::{Channel, MAX_PAYLOAD};

/// A message as it was heard.
#[derive(Debug)]
pub struct Packet {
    /// The meter's base topic, as configured.
    pub base_topic: String,
    /// Which of its topics.
    pub channel: Channel,
    /// The full topic.
    pub topic: String,
    /// The bytes, to be decoded; cut to one byte above [`MAX_PAYLOAD`] when they exceed the packet limit, which
    /// decodes as too large.
    pub payload: Vec<u8>,
    /// How many bytes the payload had on the wire.
    pub size: usize,
    /// The broker kept it from before: it is old, whatever its timestamp says.
    pub retained: bool,
    /// The broker has sent it before, or it may have.
    pub duplicate: bool,
    /// When it was taken from the network.
    pub received_at: UnixMillis,
    /// To be confirmed once the message is committed, or is refused for good.
    pub ack: Ack,
}

impl Packet {
    pub(super) fn new(
        base_topic: String,
        channel: Channel,
        publish: &Publish,
        limit: usize,
        ack: Ack,
    ) -> Self {
        let size = publish.payload.len();
        let kept = if size > limit.max(MAX_PAYLOAD) {
            MAX_PAYLOAD + 1
        } else {
            size
        };
        Self {
            base_topic,
            channel,
            payload: publish.payload[..kept].to_vec(),
            size,
            retained: publish.retain,
            duplicate: publish.dup,
            topic: publish.topic.clone(),
            received_at: UnixMillis::default(),
            ack,
        }
    }
}

/// Permission for the broker to forget a message. Dropped without [`Ack::confirm`], the broker keeps the message and
/// sends it again after the next connect; until then it counts against what the broker sends without acknowledgement
/// (20 messages on mosquitto), so a refused message is confirmed too.
#[must_use = "a message that is never confirmed is delivered again and again"]
pub struct Ack {
    sender: mpsc::UnboundedSender<Token>,
    token: Token,
}

impl Ack {
    pub(super) fn new(sender: mpsc::UnboundedSender<Token>, connection: u64, publish: &Publish) -> Self {
        Self {
            sender,
            token: Token {
                connection,
                id: publish.pkid,
                qos: publish.qos,
            },
        }
    }

    /// Sends the acknowledgement. On another connection than the message's it does nothing: ids are used again there,
    /// and the broker delivers the message once more, marked as a duplicate.
    pub fn confirm(self) {
        // A closed channel is a stopped subscription; then the broker delivers again, which is what it must do.
        let _ = self.sender.send(self.token);
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ack({})", self.token.id)
    }
}

/// What identifies a message to the broker, on one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) connection: u64,
    id: u16,
    qos: QoS,
}

impl Token {
    /// The message's number on its connection.
    pub(super) fn id(self) -> u16 {
        self.id
    }

    /// The message as far as its acknowledgement needs it.
    pub(super) fn publish(self) -> Publish {
        let mut publish = Publish::new("", self.qos, Vec::new());
        publish.pkid = self.id;
        publish
    }
}
