//! Files of a person's choice: read within bounds, written whole and durably, never over something else.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use enerlink_domain::{Code, Error, wallet::PickedFile};
use zeroize::Zeroizing;

/// The content of a file of at most `most` bytes, which may be secret.
pub(crate) fn read(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let unreadable = |error: io::Error| {
        let text = format!("{} cannot be read: {error}", path.display());
        Error::new(Code::InvalidInput, text)
    };
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() {
        let text = format!("{} is not a file", path.display());
        return Err(Error::new(Code::InvalidInput, text));
    }
    // The capacity fits from the start, so that growing leaves no copies of what was read.
    let length = usize::try_from(found.len().min(most)).unwrap_or(0);
    let mut content = Zeroizing::new(Vec::with_capacity(length + 1));
    let file = File::open(path).map_err(unreadable)?;
    file.take(most + 1)
        .read_to_end(&mut content)
        .map_err(unreadable)?;
    if content.len() as u64 > most {
        let text = format!("{} is larger than {most} bytes", path.display());
        return Err(Error::new(Code::InvalidInput, text));
    }
    Ok(content)
}

/// Puts `content` at `path`: written beside it, flushed, read back and given to `verify`, then renamed, then the
/// directory flushed. What is there is replaced only if it begins with `magic`.
pub(crate) fn replace(
    path: &Path,
    content: &[u8],
    magic: &[u8],
    verify: impl FnOnce(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    check_replaceable(path, magic)?;
    let draft = beside(path)?;
    let written = write_new(&draft, content)
        .and_then(|()| read(&draft, content.len() as u64))
        .and_then(|back| same(&draft, &back, content).and_then(|()| verify(&back)))
        .and_then(|()| fs::rename(&draft, path).map_err(|error| failed(path, &error)));
    if let Err(error) = written {
        // It may not exist, and nothing in it is in clear.
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    flush_directory(path)?;
    same(path, &read(path, content.len() as u64)?, content)
}

/// Opens a file for its owner only, emptied when it is there.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    enerlink_platform::private(&mut options).open(path)
}

/// Writes a file that must not be there yet, for its owner only, and reads it back.
pub(crate) fn create(path: &Path, content: &[u8]) -> Result<(), Error> {
    write_new(path, content)?;
    let written = flush_directory(path)
        .and_then(|()| read(path, content.len() as u64))
        .and_then(|back| same(path, &back, content));
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// A new file that is written piece by piece, and lies under its name only when it is whole. Dropped before, it leaves
/// nothing.
pub(crate) struct Growing {
    path: PathBuf,
    draft: PathBuf,
    file: BufWriter<File>,
}

impl Growing {
    /// Begins a file that must not be there yet.
    pub(crate) fn begin(path: &Path) -> Result<Self, Error> {
        check_free(path)?;
        let draft = beside(path)?;
        let file = open_new(&draft).map_err(|error| failed(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            draft,
            file: BufWriter::new(file),
        })
    }

    /// Where it will lie.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `content`.
    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all(content);
        written.map_err(|error| failed(&self.path, &error))
    }

    /// Makes it durable and gives it its name.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        let flushed = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        flushed.map_err(|error| failed(&self.path, &error))?;
        check_free(&self.path)?;
        fs::rename(&self.draft, &self.path).map_err(|error| failed(&self.path, &error))?;
        flush_directory(&self.path)
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        // After it was finished there is no draft any more.
        let _ = fs::remove_file(&self.draft);
    }
}

/// `path` for a person.
pub(crate) fn picked(path: &Path) -> PickedFile {
    PickedFile {
        path: path.display().to_string(),
        name: name(path),
    }
}

/// The name without the directory.
pub(crate) fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn check_replaceable(path: &Path, magic: &[u8]) -> Result<(), Error> {
    let other = || {
        let text = format!("{} is another file and is not overwritten", path.display());
        Err(Error::new(Code::InvalidInput, text))
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(path, &error)),
        Ok(found) if !found.is_file() => return other(),
        Ok(_) => {}
    }
    let mut start = vec![0; magic.len()];
    let begins = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    if begins.is_err() || start != magic {
        return other();
    }
    Ok(())
}

/// A name that nobody else uses, in the same directory, so that renaming is one step.
fn beside(path: &Path) -> Result<PathBuf, Error> {
    if path.file_name().is_none() {
        let text = format!("{} names no file", path.display());
        return Err(Error::new(Code::InvalidInput, text));
    }
    let draft = format!(".{}.{}.part", name(path), uuid::Uuid::new_v4().simple());
    Ok(path.with_file_name(draft))
}

fn check_free(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(path, &error)),
        Ok(_) => Err(failed(path, &io::ErrorKind::AlreadyExists.into())),
    }
}

fn open_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    enerlink_platform::private(&mut options).open(path)
}

fn write_new(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut file = open_new(path).map_err(|error| failed(path, &error))?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        failed(path, &error)
    })
}

fn same(path: &Path, back: &[u8], content: &[u8]) -> Result<(), Error> {
    if back == content {
        return Ok(());
    }
    let text = format!("{} does not read back as it was written", path.display());
    Err(Error::new(Code::Storage, text))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::AlreadyExists => Code::InvalidInput,
        _ => Code::Storage,
    };
    Error::new(code, format!("{} cannot be written: {error}", path.display()))
}

/// A rename is durable once its directory is.
fn flush_directory(path: &Path) -> Result<(), Error> {
    enerlink_platform::flush_directory_of(path).map_err(|error| failed(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine(_: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    #[test]
    fn only_its_own_kind_is_replaced_and_nothing_half_written_stays() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("backup");
        replace(&path, b"MAGIC one", b"MAGIC", fine).expect("new");
        replace(&path, b"MAGIC two", b"MAGIC", fine).expect("of its kind");
        let refusal = |_: &[u8]| Err(Error::new(Code::Internal, "no"));
        replace(&path, b"MAGIC three", b"MAGIC", refusal).expect_err("not verified");
        assert_eq!(fs::read(&path).expect("there"), b"MAGIC two");
        let letter = home.path().join("letter");
        for content in ["Dear grandmother", "", "MAG"] {
            fs::write(&letter, content).expect("written");
            let error = replace(&letter, b"MAGIC", b"MAGIC", fine).expect_err("refused");
            assert_eq!(error.code, Code::InvalidInput);
            assert_eq!(fs::read_to_string(&letter).expect("there"), content);
        }
        replace(home.path(), b"MAGIC", b"MAGIC", fine).expect_err("a directory");
        assert_eq!(fs::read_dir(home.path()).expect("listed").count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private_and_links_are_not_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::tempdir().expect("a directory");
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        create(&file, b"secret").expect("new");
        let mode = fs::metadata(&file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let error = create(&file, b"other").expect_err("there already");
        assert_eq!(error.code, Code::InvalidInput);
        symlink(&file, &link).expect("linked");
        replace(&link, b"secret", b"secret", fine).expect_err("a link");
        create(&link, b"other").expect_err("a link");
        assert_eq!(fs::read(&file).expect("there"), b"secret");
    }

    #[test]
    fn a_growing_file_is_there_when_it_is_whole() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("table.csv");
        let names = || fs::read_dir(home.path()).expect("listed").count();
        let mut growing = Growing::begin(&path).expect("new");
        growing.write(b"one").expect("written");
        assert!(!path.exists());
        drop(growing);
        assert_eq!(names(), 0, "nothing half written stays");
        let mut growing = Growing::begin(&path).expect("new");
        growing.write(b"one").expect("written");
        growing.write(b", two").expect("written");
        growing.finish().expect("finished");
        assert_eq!(fs::read_to_string(&path).expect("there"), "one, two");
        assert_eq!(names(), 1);
        let error = Growing::begin(&path).map(|_| ()).expect_err("there already");
        assert_eq!(error.code, Code::InvalidInput);
        let late = home.path().join("late.csv");
        let growing = Growing::begin(&late).expect("new");
        fs::write(&late, "a letter").expect("written");
        growing.finish().expect_err("somebody was faster");
        assert_eq!(fs::read_to_string(&late).expect("there"), "a letter");
        assert_eq!(names(), 2);
    }

    #[test]
    fn what_is_too_large_or_no_file_is_not_read() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("image");
        File::create(&path)
            .and_then(|file| file.set_len(1 << 40))
            .expect("a sparse file");
        assert_eq!(read(&path, 1 << 20).expect_err("huge").code, Code::InvalidInput);
        assert_eq!(
            read(home.path(), 10).expect_err("a directory").code,
            Code::InvalidInput
        );
        fs::write(&path, "0123456789").expect("written");
        assert_eq!(read(&path, 10).expect("just fits").len(), 10);
        read(&path, 9).expect_err("one too many");
    }
}
