//! Files that hold sealed secrets: private to their owner, never a link, replaced as a whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use enerlink_platform::{create_private_directory, no_follow, private};
use zeroize::Zeroizing;

use crate::Error;

/// No file of this crate comes near it; a larger one is not read into memory.
const MAX_LENGTH: u64 = 1 << 20;

/// Makes sure that `dir` is a directory that only its owner can enter.
///
/// # Errors
/// [`Error::UnsafePath`] when something else is in its place, [`Error::File`] when it cannot be made.
pub(crate) fn private_dir(dir: &Path) -> Result<(), Error> {
    let found = match fs::metadata(dir) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_private_directory(dir).map_err(failed("create", dir))?;
            fs::metadata(dir).map_err(failed("read", dir))?
        }
        Err(error) => return Err(failed("read", dir)(error)),
    };
    if !found.is_dir() {
        return Err(Error::UnsafePath { path: dir.to_owned() });
    }
    restrict(dir, &found)
}

/// The content of a private file, nothing when there is none.
///
/// # Errors
/// [`Error::UnsafePath`] for a link or anything but a plain file of at most 1 MiB, [`Error::File`].
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let Some(found) = plain_file(path)? else {
        return Ok(None);
    };
    if let Err(error) = restrict(path, &found) {
        tracing::warn!(target: "enerlink::keystore", %error, "others can read a file of secrets");
    }
    // The capacity fits from the start, so that growing leaves no copies of what was read.
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0) + 1));
    let file = no_follow(OpenOptions::new().read(true))
        .open(path)
        .map_err(failed("open", path))?;
    file.take(MAX_LENGTH)
        .read_to_end(&mut content)
        .map_err(failed("read", path))?;
    Ok(Some(content))
}

/// Puts `content` in the place of `path`: a temporary file beside it, flushed to the disk, read back and given to
/// `verify`, then renamed, then the directory flushed. A crash or an error leaves the old file or the new one.
///
/// # Errors
/// [`Error::UnsafePath`] when a link is at `path`, [`Error::NotWritten`] when it does not read back, [`Error::File`],
/// those of `verify`; and [`Error::NotFlushed`], with which the new file is in place all the same.
pub(crate) fn replace(
    path: &Path,
    content: &[u8],
    verify: impl FnOnce(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    plain_file(path)?;
    let temporary = temporary_of(path);
    remove(&temporary)?;
    let written = write_new(&temporary, content)
        .and_then(|()| read_back(&temporary, content))
        .and_then(|back| verify(&back))
        .and_then(|()| fs::rename(&temporary, path).map_err(failed("rename", &temporary)));
    if let Err(error) = written {
        // Its content is sealed, and the next save removes it if this fails too.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    flush_dir(path).map_err(|error| {
        tracing::warn!(target: "enerlink::keystore", %error, "a directory is not flushed");
        Error::NotFlushed {
            path: path.to_owned(),
        }
    })
}

/// Keeps what is at `path`, if anything, as `path` with `.bak`.
///
/// # Errors
/// As [`replace`].
pub(crate) fn keep_copy(path: &Path) -> Result<(), Error> {
    match read(path)? {
        Some(content) => replace(&copy_of(path), &content, |_| Ok(())),
        None => Ok(()),
    }
}

/// Where [`keep_copy`] keeps it.
pub(crate) fn copy_of(path: &Path) -> PathBuf {
    with_suffix(path, ".bak")
}

/// Whether a plain file is there.
///
/// # Errors
/// [`Error::UnsafePath`] for a link, [`Error::File`].
pub(crate) fn exists(path: &Path) -> Result<bool, Error> {
    plain_file(path).map(|found| found.is_some())
}

/// The plain files in a directory, in the order of their names; none when it is missing. What a save has left behind in
/// the middle is not one of them.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn list(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read", dir)(error)),
    };
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed("read", dir)))
        .filter(|path| !matches!(path, Ok(path) if path.extension().is_some_and(|suffix| suffix == "tmp")))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

/// Removes a file or link, if there is one, and flushes the directory.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Ok(()) => flush_dir(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("remove", path)(error)),
    }
}

fn plain_file(path: &Path) -> Result<Option<fs::Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() && found.len() < MAX_LENGTH => Ok(Some(found)),
        Ok(_) => Err(Error::UnsafePath {
            path: path.to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

fn write_new(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = private(&mut options).open(path).map_err(failed("create", path))?;
    file.write_all(content).map_err(failed("write", path))?;
    file.sync_all().map_err(failed("flush", path))
}

fn read_back(path: &Path, content: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    read(path)?
        .filter(|back| back.as_slice() == content)
        .ok_or_else(|| Error::NotWritten {
            path: path.to_owned(),
        })
}

/// Where [`replace`] writes before it renames.
pub(crate) fn temporary_of(path: &Path) -> PathBuf {
    with_suffix(path, ".tmp")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { action, path, source }
}

/// Takes access from everybody but the owner, as far as the system has such a thing.
fn restrict(path: &Path, found: &fs::Metadata) -> Result<(), Error> {
    enerlink_platform::restrict(path, found).map_err(failed("protect", path))
}

/// A rename is durable once its directory is.
fn flush_dir(path: &Path) -> Result<(), Error> {
    enerlink_platform::flush_directory_of(path).map_err(failed("flush", path.parent().unwrap_or(path)))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn files_and_directories_are_private_even_when_found_open() {
        let home = tempfile::tempdir().expect("a directory");
        let dir = home.path().join("a/b");
        private_dir(&dir).expect("made");
        assert_eq!(mode(&dir), 0o700);
        let file = dir.join("secret");
        replace(&file, b"one", |_| Ok(())).expect("written");
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("opened up");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("opened up");
        private_dir(&dir).expect("found");
        assert_eq!(read(&file).expect("reads").expect("there").as_slice(), b"one");
        assert_eq!((mode(&dir), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn links_are_neither_read_nor_written_through() {
        let home = tempfile::tempdir().expect("a directory");
        let (target, link) = (home.path().join("target"), home.path().join("link"));
        fs::write(&target, "mine").expect("written");
        symlink(&target, &link).expect("linked");
        assert!(matches!(read(&link), Err(Error::UnsafePath { .. })));
        assert!(matches!(
            replace(&link, b"theirs", |_| Ok(())),
            Err(Error::UnsafePath { .. })
        ));
        // A link where the temporary file goes is removed, not written through.
        symlink(&target, home.path().join("new.tmp")).expect("linked");
        replace(&home.path().join("new"), b"theirs", |_| Ok(())).expect("written");
        assert_eq!(fs::read(&target).expect("there"), b"mine");
        assert!(matches!(private_dir(&target), Err(Error::UnsafePath { .. })));
    }

    #[test]
    fn a_failed_verification_leaves_the_old_file_alone() {
        let home = tempfile::tempdir().expect("a directory");
        let file = home.path().join("secret");
        replace(&file, b"old", |_| Ok(())).expect("written");
        assert!(replace(&file, b"new", |_| Err(Error::VaultDamaged)).is_err());
        assert_eq!(fs::read(&file).expect("there"), b"old");
        assert_eq!(fs::read_dir(home.path()).expect("lists").count(), 1);
        keep_copy(&file).expect("copied");
        replace(&file, b"new", |back| {
            assert_eq!(back, b"new");
            Ok(())
        })
        .expect("written");
        assert_eq!(fs::read(copy_of(&file)).expect("there"), b"old");
    }

    #[test]
    fn huge_files_are_not_read() {
        let home = tempfile::tempdir().expect("a directory");
        let file = home.path().join("huge");
        fs::File::create(&file)
            .and_then(|file| file.set_len(1 << 40))
            .expect("a sparse file");
        assert!(matches!(read(&file), Err(Error::UnsafePath { .. })));
    }
}
