//! The profile's directory and the lock that lets one process at a time write to it.

use std::{
    fs::{self, File, TryLockError},
    io::Write as _,
    path::Path,
};

use enerlink_domain::{Code, Error};
use enerlink_platform::{create_private_directory, keeps_private};

use crate::config::Access;

/// Holds the profile; the operating system releases the lock with the process, however it ends.
pub(crate) struct ProfileLock(#[expect(dead_code, reason = "the open file is the lock")] Option<File>);

impl ProfileLock {
    /// Creates the directory (0700) and takes the lock when `access` asks for it.
    pub(crate) fn take(directory: &Path, access: Access) -> Result<Self, Error> {
        create_private_directory(directory).map_err(|error| storage(directory, &error))?;
        if !keeps_private(directory) {
            tracing::warn!(
                "others who use this computer may read {}: a profile is private below your own folder only",
                directory.display()
            );
        }
        if access == Access::ReadOnly {
            return Ok(Self(None));
        }
        let path = directory.join("profile.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| storage(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {
                note_holder(&file);
                Ok(Self(Some(file)))
            }
            Err(TryLockError::WouldBlock) => Err(Error::new(
                Code::ProfileInUse,
                format!("{} uses {}", holder(&path), directory.display()),
            )),
            Err(TryLockError::Error(error)) => Err(storage(&path, &error)),
        }
    }
}

/// Writes who has the profile: whoever finds it in use wants to know which process to look for. Without it the lock is
/// one all the same.
fn note_holder(mut file: &File) {
    let _ = file
        .set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()));
}

fn holder(path: &Path) -> String {
    let noted = fs::read_to_string(path).unwrap_or_default();
    let process: Option<u32> = noted.trim().parse().ok();
    process.map_or_else(
        || "another process".to_owned(),
        |process| format!("process {process}"),
    )
}

fn storage(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Code::Storage, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_that_the_profile_is_in_use() {
        let directory = tempfile::tempdir().expect("directory");
        let first = ProfileLock::take(directory.path(), Access::Exclusive).expect("free");
        let second = ProfileLock::take(directory.path(), Access::Exclusive)
            .map(|_| ())
            .expect_err("taken");
        assert_eq!(second.code, Code::ProfileInUse);
        let told = format!("process {} uses ", std::process::id());
        assert!(second.message.starts_with(&told), "{second}");
        ProfileLock::take(directory.path(), Access::ReadOnly).expect("readers are welcome");
        drop(first);
        ProfileLock::take(directory.path(), Access::Exclusive).expect("free again");
    }
}
