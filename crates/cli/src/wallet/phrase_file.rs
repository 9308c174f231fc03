//! The file that a recovery phrase is written to.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use enerlink_engine::Phrase;

use crate::failure::Failure;

/// A new file that only its owner can read. It goes away again unless a phrase is written to it.
pub(crate) struct PhraseFile {
    path: PathBuf,
    file: Option<File>,
}

impl PhraseFile {
    /// Makes the file; one that is there already is left alone.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let mut options = File::options();
        options.write(true).create_new(true);
        let file = enerlink_platform::private(&mut options)
            .open(path)
            .map_err(|error| refused(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(file),
        })
    }

    /// Writes the phrase, word by word: the whole of it lies in no buffer.
    pub(crate) fn write(mut self, phrase: &Phrase) -> Result<(), Failure> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        let written = (0..).zip(phrase.words()).try_for_each(|(at, word)| {
            let space = if at == 0 { "" } else { " " };
            write!(file, "{space}{word}")
        });
        written
            .and_then(|()| writeln!(file))
            .and_then(|()| file.sync_all())
            .map_err(|error| refused(&self.path, &error))
    }
}

impl Drop for PhraseFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("cannot write the phrase to {}: {error}", path.display()))
}
