//! The one place that writes to standard output.

use std::io::Write as _;

use serde::Serialize;

/// Writes `value` as one line of JSON. A reader that has gone away is not an error of ours.
pub(crate) fn line<T: Serialize>(value: &T) {
    if let Ok(text) = serde_json::to_string(value) {
        text_line(&text);
    }
}

/// Writes `text` as one line.
pub(crate) fn text_line(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{text}").and_then(|()| output.flush());
}

/// Writes `value` as JSON when asked for, else as `text` says.
pub(crate) fn answer<T: Serialize>(json: bool, value: &T, text: impl FnOnce(&T) -> String) {
    if json {
        line(value)
    } else {
        text_line(&text(value))
    }
}
