//! Why a message is refused.

use thiserror::Error;

/// Why a message is refused. Fields are named by their path, such as `grid.export.total_energy_wh`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// More bytes than any meter needs.
    #[error("the message has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Bytes received.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not text.
    #[error("the message is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// The text ends in the middle; also an empty message.
    #[error("the message is cut off")]
    Truncated,
    /// Not JSON as RFC 8259 defines it; `NaN` for example.
    #[error("the message is not JSON, at {field}: {detail}")]
    NotJson {
        /// The innermost field known to be affected; `$` is the whole message.
        field: String,
        /// What the parser says, with line and column.
        detail: String,
    },
    /// Objects or arrays nested deeper than any meter needs.
    #[error("the message is nested deeper than {limit} levels")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// JSON, but not an object.
    #[error("the message is {found}, not an object")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// A value of another kind than documented.
    #[error("{field} is {found}, not {expected}")]
    WrongType {
        /// Path of the field.
        field: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A number that cannot be this quantity, such as `1e400`.
    #[error("{field} is out of range")]
    OutOfRange {
        /// Path of the field.
        field: String,
    },
    /// A counter or a count below zero.
    #[error("{field} is negative")]
    Negative {
        /// Path of the field.
        field: String,
    },
    /// A text longer than any meter needs.
    #[error("{field} is longer than {limit} bytes")]
    TooLong {
        /// Path of the field.
        field: String,
        /// Bytes allowed.
        limit: usize,
    },
    /// A text that is none of the documented words.
    #[error("{field} is none of the documented words")]
    UnknownWord {
        /// Path of the field.
        field: String,
    },
    /// A text that is no moment as ISO 8601 writes it.
    #[error("{field} is not a time such as 2026-02-03T04:05:06Z")]
    NotATime {
        /// Path of the field.
        field: String,
    },
    /// The meter id in the message cannot be a meter id.
    #[error("the meter id in the message is not a valid meter id")]
    BadMeterId,
    /// A field occurs twice, or in both shapes.
    #[error("{field} occurs twice")]
    Duplicate {
        /// Path of the field.
        field: String,
    },
    /// A field without which the message says nothing.
    #[error("{field} is missing")]
    Missing {
        /// Path of the field.
        field: String,
    },
    /// None of the documented groups is there.
    #[error("the message has none of the documented groups")]
    NoGroups,
}

impl DecodeError {
    /// A stable word for the message log.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::Truncated => "truncated",
            Self::NotJson { .. } => "not_json",
            Self::TooDeep { .. } => "too_deep",
            Self::NotAnObject { .. } => "not_an_object",
            Self::WrongType { .. } => "wrong_type",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Negative { .. } => "negative",
            Self::TooLong { .. } => "too_long",
            Self::UnknownWord { .. } => "unknown_word",
            Self::NotATime { .. } => "not_a_time",
            Self::BadMeterId => "bad_meter_id",
            Self::Duplicate { .. } => "duplicate",
            Self::Missing { .. } => "missing",
            Self::NoGroups => "no_groups",
        }
    }
}
