//! Linux and macOS: modes, descriptors and limits.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io,
    os::{
        fd::AsFd as _,
        unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::Path,
};

use rustix::{
    fs::OFlags,
    process::{Resource, Rlimit, setrlimit},
};

/// What group and others may do.
const OTHERS: u32 = 0o077;

pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

pub(crate) fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
}

pub(crate) fn create_private_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

pub(crate) fn restrict(path: &Path, found: &Metadata) -> io::Result<()> {
    if found.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    let mode = if found.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Modes go with the file, wherever it lies.
pub(crate) fn keeps_private(_directory: &Path) -> bool {
    true
}

pub(crate) fn flush_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

pub(crate) fn standard_input() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

pub(crate) fn refuse_core_files() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(setrlimit(Resource::Core, none)?)
}

#[cfg(target_os = "linux")]
pub(crate) fn refuse_debuggers() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// On macOS the signature decides: the hardened runtime of a signed app lets nobody attach.
#[cfg(not(target_os = "linux"))]
pub(crate) fn refuse_debuggers() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn nobody_else_gets_in_and_links_are_not_followed() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = home.path().join("a/b");
        create_private_directory(&directory).expect("made");
        assert_eq!(mode(&directory), 0o700);
        let path = directory.join("secret");
        private(File::options().write(true).create_new(true))
            .open(&path)
            .expect("made");
        assert_eq!(mode(&path), 0o600);
        for (path, open, closed) in [(&path, 0o644, 0o600), (&directory, 0o755, 0o700)] {
            fs::set_permissions(path, Permissions::from_mode(open)).expect("opened up");
            restrict(path, &fs::metadata(path).expect("there")).expect("closed");
            assert_eq!(mode(path), closed);
        }
        let link = directory.join("link");
        symlink(&path, &link).expect("linked");
        let opened = no_follow(File::options().read(true)).open(&link);
        opened.expect_err("a link");
    }
}
