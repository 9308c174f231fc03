//! Reading secrets from files and from standard input, into buffers that are wiped and never grow: a buffer that grows
//! leaves a copy behind.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use enerlink_engine::Password;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// No secret and no file that holds one is larger.
const LARGEST: usize = 1 << 20;

/// A text that is wiped on drop.
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// The text in the file at `path` without its line end; `-` is standard input.
    ///
    /// # Errors
    /// What cannot be read, is larger than 1 MiB, or is not UTF-8; a second secret from standard input.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let failure =
            |why: &dyn std::fmt::Display| Failure::input(format!("cannot read {}: {why}", path.display()));
        let mut bytes = if path == Path::new("-") {
            static TAKEN: AtomicBool = AtomicBool::new(false);
            if TAKEN.swap(true, Ordering::Relaxed) {
                return Err(Failure::input(
                    "standard input can be read once only; put the other text into a file",
                ));
            }
            enerlink_platform::standard_input().and_then(|input| read_all(input, LARGEST))
        } else {
            File::open(path).and_then(|file| {
                let metadata = file.metadata()?;
                let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
                read_all(
                    file,
                    if metadata.is_file() {
                        length.min(LARGEST)
                    } else {
                        LARGEST
                    },
                )
            })
        }
        .map_err(|error| failure(&error))?;
        let end = |bytes: &mut Vec<u8>, last: u8| bytes.pop_if(|byte| *byte == last).is_some();
        if end(&mut bytes, b'\n') {
            end(&mut bytes, b'\r');
        }
        String::from_utf8(std::mem::take(&mut *bytes))
            .map(|text| Self(Zeroizing::new(text)))
            .map_err(|error| {
                drop(Zeroizing::new(error.into_bytes()));
                failure(&"it is not text in UTF-8")
            })
    }

    /// No text.
    pub(crate) fn empty() -> Self {
        Self(Zeroizing::default())
    }

    /// The text as a password.
    pub(crate) fn password(&self) -> Password {
        Password::from(self.0.as_str().to_owned())
    }

    /// The text, to be looked at.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The text itself, for a receiver that wipes it.
    pub(crate) fn into_text(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

/// Reads to the end, at most `length` bytes, straight from the descriptor.
fn read_all(mut file: File, length: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // One byte more shows that there is more.
    let mut bytes = Zeroizing::new(vec![0; length + 1]);
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if filled > length {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is larger than 1 MiB, or it grows",
        ));
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(content: &[u8]) -> Result<Secret, Failure> {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("secret");
        fs::write(&path, content).expect("writable");
        Secret::read(&path)
    }

    #[test]
    fn a_secret_is_the_file_without_its_line_end() {
        for (content, text) in [
            (b"".as_slice(), ""),
            (b"a b\n", "a b"),
            (b"a b\r\n", "a b"),
            (b"a b\n\n", "a b\n"),
            (b" a b\t\r", " a b\t\r"),
            ("caf\u{e9} \u{1f31e}\n".as_bytes(), "caf\u{e9} \u{1f31e}"),
        ] {
            let secret = read(content).ok().expect("a secret");
            assert_eq!(secret.text(), text);
        }
    }

    #[test]
    fn what_is_not_a_secret_is_refused() {
        assert!(read(&[0xff, 0xfe]).is_err());
        assert!(read(&vec![b'x'; LARGEST]).is_ok());
        assert!(read(&vec![b'x'; LARGEST + 1]).is_err());
        assert!(Secret::read(Path::new("/nowhere/at/all")).is_err());
        assert!(Secret::read(Path::new("/")).is_err());
    }

    #[test]
    fn a_secret_never_moves_while_it_is_read() {
        let secret = read(b"exactly as long as it is\n").ok().expect("a secret");
        assert_eq!(secret.0.capacity(), "exactly as long as it is\n".len() + 1);
    }
}
