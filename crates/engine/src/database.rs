//! The database as a whole: copied beside everything that runs, checked, and put back while nothing runs.

use std::path::{Path, PathBuf};

use enerlink_domain::{Code, Error, wallet::PickedFile};
use enerlink_store::Store;

use crate::{
    Engine,
    config::{Access, Config},
    files,
    profile::ProfileLock,
};

impl Engine {
    /// Writes a copy of the database as of its last commit to `target`, which must not be there yet. It holds no keys:
    /// a backup of the wallet is another thing.
    pub async fn copy_database(&self, target: &Path) -> Result<PickedFile, Error> {
        if target.exists() {
            let text = format!("{} is there already and is not overwritten", target.display());
            return Err(Error::new(Code::InvalidInput, text));
        }
        self.store().copy_to(target).await?;
        Ok(PickedFile {
            path: target.display().to_string(),
            name: files::name(target),
        })
    }

    /// Checks every page of the database: [`Code::DatabaseDamaged`] when something is wrong.
    pub async fn check_database(&self) -> Result<(), Error> {
        Ok(self.store().check().await?)
    }
}

/// Puts a copy of the database in its place in the profile at `data_dir`, which no process may have. What has settled
/// since the copy is read from the chain again. Answers where the replaced database is kept.
pub async fn restore_database(data_dir: &Path, copy: &Path) -> Result<PathBuf, Error> {
    let _lock = ProfileLock::take(data_dir, Access::Exclusive)?;
    let path = Config::new(data_dir.to_owned()).database_file();
    Ok(Store::restore(copy, &path).await?)
}

/// Opens the database of a profile; of a damaged one it says which copies there are.
pub(crate) async fn open(config: &Config) -> Result<Store, Error> {
    let path = config.database_file();
    let opened = match (&config.database_url, &config.wires.store) {
        (Some(url), _) => Store::open_url(url, config.access).await,
        (None, Some(lockstep)) => Store::open_in_lockstep(&path, lockstep.clone()),
        (None, None) => Store::open(&path).await,
    };
    opened.map_err(|error| {
        let error = Error::from(error);
        match Store::copies_beside(&path).first() {
            Some(copy) if error.code == Code::DatabaseDamaged => {
                let text = format!("{}; the last copy is {}", error.message, copy.display());
                Error::new(error.code, text)
            }
            _ => error,
        }
    })
}
