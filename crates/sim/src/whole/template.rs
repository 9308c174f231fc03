//! The vault that every simulated household begins with: made once, because passwords are slow on purpose.

use std::{path::Path, sync::Arc};

use enerlink_domain::{Address, wallet::ImportSource};
use enerlink_engine::{Account, Config, Engine, KdfParams, Keystore, Parts, wires::Wires};
use tempfile::TempDir;

use super::{
    clock::WorldTime,
    fuse::Fuse,
    house::{lockstep, password},
};

/// Always the same, so that every run has the same addresses.
const KEY: [u8; 32] = [0x11; 32];

/// The account of the household.
pub(super) fn owner() -> anyhow::Result<Address> {
    Ok(Account::from_bytes(&KEY)?.address())
}

/// A profile with a wallet and nothing else.
pub(super) struct Template {
    directory: TempDir,
}

impl Template {
    /// Makes the profile, with the key derivation `kdf`.
    pub(super) async fn make(kdf: KdfParams, driver: tokio::runtime::Handle) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("enerlink-template-").tempdir()?;
        let mut config = Config::new(directory.path().to_owned());
        config.wires = Wires {
            store: Some(lockstep(driver, &Fuse::default())),
            ..Wires::default()
        };
        let time = WorldTime::new(enerlink_domain::UnixMillis(0), 1);
        let parts = Parts {
            clock: time.computer(),
            keystore: Keystore::open_with(directory.path(), kdf)?,
        };
        let engine = Engine::start(config, parts).await?;
        let source = ImportSource::PrivateKey {
            key: enerlink_domain::id::hex(&KEY),
        };
        engine
            .import_wallet("Household".to_owned(), password(), source, vec![owner()?])
            .await?;
        engine.stop().await;
        Ok(Self { directory })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// A template that several threads copy.
pub(super) type Shared = Arc<Template>;
