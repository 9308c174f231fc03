//! Copies of a whole database: taken beside readers and the writer, and put back in its place.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sea_orm::DbBackend;

use crate::{StoreError, sqlite, store::Store};

/// The files that SQLite keeps beside a database while it is open.
const SIDE_FILES: [&str; 2] = ["-wal", "-shm"];

impl Store {
    /// Writes a copy of the database as of its last commit to `target`, which must not be there yet: a database of its
    /// own, without side files, readable by its owner only. Readers and the writer go on meanwhile. Keys are not in it.
    /// A database of a server is copied by the server's own means.
    pub async fn copy_to(&self, target: &Path) -> Result<(), StoreError> {
        if self.backend() == DbBackend::Postgres {
            let text = "a database of a server is copied by its own means, for example pg_dump";
            return Err(StoreError::Database(text.to_owned()));
        }
        if target.exists() {
            let text = format!("{} is there already", target.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text).into());
        }
        // A connection of its own: a large file takes minutes, and nobody shall wait for them.
        let db = sqlite::connect_keeper(self.path(), sqlite::Durability::Full).await?;
        let copied = sqlite::copy_to(&db, target).await;
        db.close().await?;
        copied
    }

    /// Puts `copy` in the place of the database at `path`, which nobody may have open. What was there is kept with its
    /// log, under the name that is answered, and nothing that was kept before is overwritten. A copy that is damaged,
    /// newer or not this program's is refused, and nothing is changed. When this is interrupted it can be done again.
    pub async fn restore(copy: &Path, path: &Path) -> Result<PathBuf, StoreError> {
        if sqlite::inspect(copy, Self::known()).await? == 0 {
            return Err(StoreError::Foreign { path: copy.into() });
        }
        let draft = sqlite::beside(path, ".part");
        if let Err(error) = take_in(copy, &draft).await {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let _ = fs::remove_file(sqlite::beside(&draft, suffix));
            }
            return Err(error);
        }
        let kept = unused(path);
        keep(path, &kept)?;
        keep(&sqlite::beside(path, "-wal"), &sqlite::beside(&kept, "-wal"))?;
        // From here on the old file is whole without its log, unless it is damaged.
        let _ = sqlite::fold(path).await;
        // A log that stayed behind would be written into the copy by whoever opens it next.
        for suffix in SIDE_FILES {
            remove(&sqlite::beside(path, suffix))?;
        }
        fs::rename(&draft, path)?;
        sqlite::sync_directory(path)?;
        Ok(kept)
    }

    /// Whether the file at `path` is a database of SQLite, by its first bytes.
    pub fn is_database(path: &Path) -> bool {
        sqlite::is_database(path)
    }

    /// The copies that lie beside the database at `path`, the newest first: those from before an update, and what a
    /// restore has replaced.
    pub fn copies_beside(path: &Path) -> Vec<PathBuf> {
        let Some((directory, name)) = path.parent().zip(path.file_name()) else {
            return Vec::new();
        };
        let name = name.to_string_lossy();
        let is_copy = |file: &str| file.starts_with(&*name) && file.ends_with(".bak");
        let found = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut copies: Vec<_> = found
            .filter(|entry| is_copy(&entry.file_name().to_string_lossy()))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        copies.sort();
        copies.into_iter().rev().map(|(_, path)| path).collect()
    }
}

/// Makes `draft` a sound database of one file with what `copy` holds.
async fn take_in(copy: &Path, draft: &Path) -> Result<(), StoreError> {
    for suffix in SIDE_FILES {
        remove(&sqlite::beside(draft, suffix))?;
    }
    sqlite::create_private(draft)?;
    fs::copy(copy, draft)?;
    // What a killed process has left beside the copy belongs to it.
    keep(&sqlite::beside(copy, "-wal"), &sqlite::beside(draft, "-wal"))?;
    sqlite::create_private(draft)?;
    sqlite::check_alone(draft).await?;
    sqlite::fold(draft).await?;
    fs::OpenOptions::new().write(true).open(draft)?.sync_all()?;
    Ok(())
}

/// A name beside `path` that nothing has.
fn unused(path: &Path) -> PathBuf {
    let name = |number: u32| sqlite::beside(path, &format!(".replaced-{number}.bak"));
    let free = (1..).map(name).find(|name| !name.exists());
    free.expect("a directory does not hold four thousand million files")
}

/// Copies a file, which need not be there, durably.
fn keep(from: &Path, to: &Path) -> io::Result<()> {
    match fs::copy(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(_) => fs::OpenOptions::new().write(true).open(to)?.sync_all(),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
