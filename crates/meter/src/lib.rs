//! The meter over MQTT: what it says is decoded by a pure function, heard through a subscription, and answered by
//! commands. This is the only crate that knows MQTT.
//!
//! [`decode()`] turns the bytes of one message into the types of [`enerlink_domain::reading`], exactly: numbers go from
//! their JSON text to integers. [`Subscription`] is the connection to one broker (MQTT 3.1.1, OASIS standard): a
//! persistent session, quality of service 1, an acknowledgement only after the reader has committed the message.

mod channel;
mod command;
mod decode;
mod scan;
mod subscription;

pub use channel::{Channel, Route};
pub use command::encode;
pub use decode::{DecodeError, MAX_DEPTH, MAX_PAYLOAD, Message, decode};
pub use scan::{Heard, HeardPacket, Scan, ScanConfig, scan};
pub use subscription::{
    Ack, Incoming, Packet, PublishError, Published, Source, SourceHeard, SourceLine, Subscription,
    SubscriptionConfig,
};
