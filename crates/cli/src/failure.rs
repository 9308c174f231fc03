//! How a command fails: with a sentence and a next step.

use std::io::Write as _;

use enerlink_domain::{Code, Error};
use serde_json::json;

/// The outcome of every command.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a command failed; nothing when its answer has said so.
pub(crate) struct Failure(Option<Error>);

impl Failure {
    /// A failure of the input.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Error::new(Code::InvalidInput, message).into()
    }

    /// Whether this is why.
    pub(crate) fn is(&self, code: Code) -> bool {
        self.0.as_ref().is_some_and(|error| error.code == code)
    }

    /// The answer has said already that it is none to be glad of.
    pub(crate) fn said() -> Self {
        Self(None)
    }

    /// Says it on standard error; in JSON also on standard output, where a script reads.
    pub(crate) fn report(&self, json: bool) {
        let Some(Error { code, message }) = &self.0 else {
            return;
        };
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
        Self(Some(error))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(error) => error.into(),
            Err(error) => Self::input(format!("{error:#}")),
        }
    }
}
