//! Windows: what lies below a user's folder is for that user, the system and its administrators, by the list that a new
//! file inherits from its folder. There is no mode to set beside it.

use std::{
    env,
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::windows::{fs::OpenOptionsExt as _, io::AsHandle as _},
    path::Path,
};

/// `FILE_FLAG_OPEN_REPARSE_POINT`: opens a link itself and not what it leads to.
const OPEN_LINK: u32 = 0x0020_0000;

/// The list of its folder is inherited; [`keeps_private`] says where that is not enough.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(crate) fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OPEN_LINK)
}

pub(crate) fn create_private_directory(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// A list that somebody has opened on purpose stays theirs.
pub(crate) fn restrict(_path: &Path, _found: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Below the user's own folder it is; elsewhere, as on a second disk, everybody may read what is made.
pub(crate) fn keeps_private(directory: &Path) -> bool {
    let full = |path: &Path| fs::canonicalize(path).ok();
    let home = env::var_os("USERPROFILE").and_then(|home| full(Path::new(&home)));
    match (full(directory), home) {
        (Some(directory), Some(home)) => directory.starts_with(home),
        _ => false,
    }
}

/// The file system keeps names in its own journal, in order; it offers no flush of a directory to a program without
/// special rights. The content is flushed by whoever wrote it, before it gets its name.
pub(crate) fn flush_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn standard_input() -> io::Result<File> {
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// Whether the system writes dumps is the administrator's choice.
pub(crate) fn refuse_core_files() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A process of the same user may always attach.
pub(crate) fn refuse_debuggers() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
