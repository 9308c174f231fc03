//! The printed sheet: the encrypted vault as QR codes, and back from images of them.

use std::path::Path;

use enerlink_domain::{Code, Error, wallet::SheetReport};

use crate::Engine;

impl Engine {
    /// Writes the printable sheet in `language` (`id` or `en`) to `path`.
    pub async fn save_sheet(&self, path: &Path, language: &str) -> Result<SheetReport, Error> {
        self.may_write()?;
        let _ = (path, language);
        Err(missing())
    }
}

/// The vault in images of a sheet's codes.
pub(super) fn read(_paths: &[String]) -> Result<Vec<u8>, Error> {
    Err(missing())
}

fn missing() -> Error {
    Error::new(Code::Internal, "sheets are not part of this build")
}
