//! Start at login: whether the desktop starts this program, hidden in the tray, when a person logs in. What is told is
//! how the desktop's own list stands, which others may change too.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

use std::path::{Path, PathBuf};

use enerlink_ipc::{Code, Error};

#[cfg(not(target_os = "linux"))]
use self::elsewhere::List;
#[cfg(target_os = "linux")]
use self::linux::List;

/// Starts without a window.
pub(crate) const HIDDEN: &str = "--hidden";

/// This program in the desktop's list of what starts at login.
pub struct Login(Option<List>);

impl Login {
    /// A list that starts `program` with `arguments`, hidden; `config` is where the person's settings lie.
    pub fn new(config: &Path, program: &Path, arguments: &[PathBuf]) -> Self {
        let mut words = vec![program.to_owned(), HIDDEN.into()];
        words.extend_from_slice(arguments);
        // A path that no list could hold is not offered.
        let words: Option<Vec<String>> = words
            .into_iter()
            .map(|word| word.into_os_string().into_string().ok())
            .collect();
        Self(words.and_then(|words| List::new(config, words)))
    }

    /// A desktop without such a list.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Whether it starts; none where that cannot be told.
    pub fn is_on(&self) -> Option<bool> {
        self.0.as_ref()?.is_on()
    }

    /// Enters the program into the list, or takes it out.
    pub fn set(&self, on: bool) -> Result<(), Error> {
        let list = self
            .0
            .as_ref()
            .ok_or_else(|| Error::new(Code::Internal, "this desktop has no list of what starts at login"))?;
        list.set(on).map_err(|why| {
            let text = format!("the list of what starts at login cannot be changed: {why}");
            Error::new(Code::InvalidInput, text)
        })
    }
}
