//! Bytes of one message to the types of the domain; pure, exact, and total: no input panics.
//!
//! Numbers are read from their JSON text, never through a float. A field that is missing or `null` is missing, never
//! zero; fields that are not known are ignored. Anything else that is not as documented refuses the whole message with
//! a [`DecodeError`], because half a message would be half a truth. Keys that occur twice in an object that is read
//! are refused too: RFC 8259 (section 4) leaves their meaning open, and a counter must have one.
//!
//! There are three families of messages, told apart by their content: flat, nested, and the envelope of newer firmware
//! (see [`enerlink_domain::device::PayloadFamily`]).

mod envelope;
mod error;
mod object;
mod sensors;
mod status;
mod time;

use enerlink_domain::{
    Heartbeat, MeterId, Sensors, StatusSnapshot,
    reading::{DeviceTime, HeartbeatStatus, Response, Units},
};

pub use error::DecodeError;
use object::Object;

use crate::Channel;

/// Payloads above this many bytes are refused unread: 64 KiB, eighty times the documented sample.
pub const MAX_PAYLOAD: usize = 64 * 1024;
/// Objects and arrays within each other above this many are refused; the documented messages need three.
pub const MAX_DEPTH: usize = 16;

/// A message, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a message is looked at once and taken apart"
)]
pub enum Message {
    /// From `{base}/sensors` or `{base}/data`.
    Sensors(Sensors),
    /// From `{base}/heartbeat`.
    Heartbeat(Heartbeat),
    /// From `{base}/status`.
    Status(StatusSnapshot),
    /// From `{base}/response`.
    Response(Response),
}

/// Decodes `payload` as it was heard on `channel`; `units` are those of power and current, unless the message declares
/// its own.
pub fn decode(channel: Channel, payload: &[u8], units: Units) -> Result<Message, DecodeError> {
    if payload.len() > MAX_PAYLOAD {
        return Err(DecodeError::TooLarge {
            size: payload.len(),
            limit: MAX_PAYLOAD,
        });
    }
    let text = std::str::from_utf8(payload).map_err(|error| DecodeError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    object::check_depth(text)?;
    let root = Object::parse(text)?;
    match channel {
        Channel::Sensors | Channel::Data => match root.object("data")? {
            Some(data) => envelope::read(&root, &data, units),
            None => sensors::read(&root, units),
        }
        .map(Message::Sensors),
        Channel::Heartbeat => read_heartbeat(&root).map(Message::Heartbeat),
        Channel::Status => {
            let data = root.object("data")?;
            status::read(&root, data.as_ref().unwrap_or(&root)).map(Message::Status)
        }
        Channel::Response => read_response(&root).map(Message::Response),
    }
}

fn read_heartbeat(root: &Object<'_>) -> Result<Heartbeat, DecodeError> {
    let statuses = [
        HeartbeatStatus::Alive,
        HeartbeatStatus::Warning,
        HeartbeatStatus::Error,
    ];
    let status = root
        .word("status", &statuses.map(|status| (status.as_str(), status)))?
        .ok_or_else(|| root.missing("status"))?;
    Ok(Heartbeat {
        meter_id: meter_id(root)?,
        device_time: device_time(root)?,
        qos: root.integer("qos")?,
        status,
        uptime_ms: root.integer("uptime")?,
        free_heap: root.integer("free_heap")?,
    })
}

fn read_response(root: &Object<'_>) -> Result<Response, DecodeError> {
    let counters = root.object("counters")?;
    let counter = |name| {
        counters
            .as_ref()
            .map_or(Ok(None), |counters| counters.energy(name))
    };
    Ok(Response {
        correlation_id: root
            .text("correlation_id", 64)?
            .ok_or_else(|| root.missing("correlation_id"))?,
        ok: root.boolean("ok")?.ok_or_else(|| root.missing("ok"))?,
        error: root.text("error", 512)?,
        export_before_reset: counter("export_wh")?,
        import_before_reset: counter("import_wh")?,
    })
}

/// `meterId` or `meter_id`; both only when they agree.
fn meter_id(root: &Object<'_>) -> Result<Option<MeterId>, DecodeError> {
    let (camel, snake) = (root.text("meterId", 64)?, root.text("meter_id", 64)?);
    if camel.is_some() && snake.is_some() && camel != snake {
        return Err(DecodeError::Duplicate {
            field: "meter_id".to_owned(),
        });
    }
    let parsed = camel.or(snake).map(|text| text.parse());
    parsed.transpose().map_err(|_| DecodeError::BadMeterId)
}

/// `datetime`, a moment as ISO 8601 writes it, or else `timestamp`, which its size tells apart.
fn device_time(root: &Object<'_>) -> Result<Option<DeviceTime>, DecodeError> {
    if let Some(text) = root.text("datetime", 40)? {
        let moment = time::parse(&text).ok_or_else(|| DecodeError::NotATime {
            field: root.at("datetime"),
        })?;
        return Ok(Some(DeviceTime::Unix(moment)));
    }
    Ok(root.integer("timestamp")?.map(DeviceTime::from_timestamp))
}
