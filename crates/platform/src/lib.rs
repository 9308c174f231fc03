//! What each operating system does its own way, behind the same functions for all: private files and directories, what
//! makes a rename durable, links, core files. Nobody else asks which system this is for such a thing.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    path::Path,
};

/// A file that is made with these options is for its owner only.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    system::private(options)
}

/// A link is not followed when it is opened with these options.
pub fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    system::no_follow(options)
}

/// Makes a directory that only its owner can enter, and those above it that are missing; one that is there stays as it is.
///
/// # Errors
/// Those of the system.
pub fn create_private_directory(directory: &Path) -> io::Result<()> {
    system::create_private_directory(directory)
}

/// Takes access from everybody but the owner of the file or directory at `path`, which was found as `found`.
///
/// # Errors
/// Those of the system.
pub fn restrict(path: &Path, found: &Metadata) -> io::Result<()> {
    system::restrict(path, found)
}

/// Whether what is made in `directory` is for its owner only. Where it is not, a person should be told.
#[must_use]
pub fn keeps_private(directory: &Path) -> bool {
    system::keeps_private(directory)
}

/// Makes durable what was renamed to, made at or removed from `path`.
///
/// # Errors
/// Those of the system.
pub fn flush_directory_of(path: &Path) -> io::Result<()> {
    system::flush_directory_of(path)
}

/// Standard input itself: the handle of the standard library reads into a buffer that nobody wipes.
///
/// # Errors
/// Those of the system.
pub fn standard_input() -> io::Result<File> {
    system::standard_input()
}

/// Keeps the memory of this process out of core files.
///
/// # Errors
/// Those of the system; [`io::ErrorKind::Unsupported`] where a program has no say in it.
pub fn refuse_core_files() -> io::Result<()> {
    system::refuse_core_files()
}

/// Keeps other processes of the same user from attaching to this one and from reading its memory.
///
/// # Errors
/// Those of the system; [`io::ErrorKind::Unsupported`] where a program has no say in it.
pub fn refuse_debuggers() -> io::Result<()> {
    system::refuse_debuggers()
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;

    #[test]
    fn files_and_directories_are_made_and_flushed() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join("a/b");
        create_private_directory(&directory).expect("made");
        create_private_directory(&directory).expect("there already");
        let path = directory.join("secret");
        let mut file = private(File::options().write(true).create_new(true))
            .open(&path)
            .expect("made");
        file.write_all(b"secret").expect("written");
        flush_directory_of(&path).expect("flushed");
        restrict(&path, &file.metadata().expect("there")).expect("for its owner only");
        no_follow(File::options().read(true))
            .open(&path)
            .expect("no link");
        assert_eq!(fs::read(&path).expect("there"), b"secret");
    }
}
