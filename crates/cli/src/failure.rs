//! How a command fails: with a sentence and a next step.

use std::io::Write as _;

use enerlink_domain::{Code, Error};
use serde_json::json;

/// The outcome of every command.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a command failed.
pub(crate) struct Failure(Error);

impl Failure {
    /// A failure of the input.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self(Error::new(Code::InvalidInput, message))
    }

    /// Says it on standard error; in JSON also on standard output, where a script reads.
    pub(crate) fn report(&self, json: bool) {
        let Error { code, message } = &self.0;
        if json {
            crate::output::line(
                &json!({ "error": { "code": code, "message": message, "next_step": code.next_step() } }),
            );
        }
        let _ = writeln!(std::io::stderr(), "error: {message}\n       {}", code.next_step());
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(error) => Self(error),
            Err(error) => Self(Error::new(Code::InvalidInput, format!("{error:#}"))),
        }
    }
}
