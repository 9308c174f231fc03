//! The message log as it is read.

use serde::{Deserialize, Serialize};

use crate::{MeterId, UnixMillis};

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MessageDirection {
    /// From the broker.
    In,
    /// To the broker.
    Out,
}

impl MessageDirection {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "IN",
            Self::Out => "OUT",
        }
    }

    /// The reverse of [`MessageDirection::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::In, Self::Out]
            .into_iter()
            .find(|direction| direction.as_str() == text)
    }
}

/// Which messages are wanted; everything absent is not asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageFilter {
    /// Of this meter.
    pub meter_id: Option<MeterId>,
    /// In or out.
    pub direction: Option<MessageDirection>,
    /// Taken, or refused.
    pub accepted: Option<bool>,
    /// Of this command.
    pub correlation_id: Option<String>,
    /// Contains this, in topic, payload or reason; letters of ASCII in any case.
    pub search: Option<String>,
    /// Not before.
    pub from: Option<UnixMillis>,
    /// Before.
    pub to: Option<UnixMillis>,
}

/// A message of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Its number.
    pub id: i64,
    /// When it was received or sent.
    pub at: UnixMillis,
    /// Which way it went.
    pub direction: MessageDirection,
    /// Its topic.
    pub topic: String,
    /// The meter it belongs to, when that is known.
    pub meter_id: Option<MeterId>,
    /// The command it belongs to.
    pub correlation_id: Option<String>,
    /// Its text, cut at 4096 bytes; bytes that are no UTF-8 are shown as `�`.
    pub payload: String,
    /// The true length in bytes.
    pub length: u64,
    /// Whether it was understood and taken, or handed to the broker.
    pub accepted: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Whether the broker had kept it from an unknown time.
    pub retained: bool,
    /// Whether the sender marked it as sent again.
    pub duplicate: bool,
}

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    /// Newest first.
    pub rows: Vec<MessageView>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRows {
    /// Where it lies.
    pub path: String,
    /// Rows without the heading.
    pub rows: u64,
}
