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

/// The wallets of households. Always the same, so that every run has the same addresses.
const KEYS: [[u8; 32]; 2] = [[0x11; 32], [0x12; 32]];

/// The account of the household's wallet of this number.
pub(super) fn account(number: usize) -> anyhow::Result<Address> {
    Ok(Account::from_bytes(&KEYS[number])?.address())
}

/// A profile with wallets and nothing else.
pub(super) struct Template {
    directory: TempDir,
}

impl Template {
    /// Makes the profile with so many wallets, with the key derivation `kdf`.
    pub(super) async fn make(
        kdf: KdfParams,
        driver: tokio::runtime::Handle,
        wallets: usize,
    ) -> anyhow::Result<Self> {
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
        for (number, key) in KEYS.iter().enumerate().take(wallets) {
            let source = ImportSource::PrivateKey {
                key: enerlink_domain::id::hex(key),
            };
            let expected = vec![account(number)?];
            engine
                .import_wallet(format!("Household {number}"), password(), source, expected)
                .await?;
        }
        engine.stop().await;
        Ok(Self { directory })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Templates that several threads copy: with one wallet, and with two.
pub(super) type Shared = Arc<[Template; 2]>;
