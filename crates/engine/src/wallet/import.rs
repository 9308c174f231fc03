//! Imports: from a phrase, a private key, a key file; looked at first, with balances.

use std::{path::Path, time::Duration};

use enerlink_domain::{
    Address, Code, Error,
    event::Balances,
    wallet::{ImportPreview, ImportSource, WalletAct, WalletView},
};
use enerlink_keystore::{Error as KeyError, Import, Password};
use enerlink_store::Origin;
use futures_util::future::join_all;
use zeroize::{Zeroize, Zeroizing};

use crate::{Engine, files};

/// A key file is never longer, in bytes.
const LONGEST_KEY_FILE: u64 = 64 << 10;
/// How long a preview waits for the chain.
const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// What an import would bring, with what the accounts hold if the chain answers in time. Nothing is kept.
    pub async fn preview_import(&self, source: ImportSource) -> Result<ImportPreview, Error> {
        let mut preview = self
            .with_keys(move |keystore| Ok(keystore.preview(&read(source)?)?))
            .await?;
        let addresses = preview.accounts.iter().map(|shown| shown.account.address);
        let balances = join_all(addresses.map(|address| self.balances_soon(address))).await;
        for (shown, found) in preview.accounts.iter_mut().zip(balances) {
            shown.balances = found;
        }
        Ok(preview)
    }

    async fn balances_soon(&self, address: Address) -> Option<Balances> {
        let network = self.network()?;
        tokio::select! {
            biased;
            found = network.chain.balances(&network.addresses, address) => found.ok(),
            () = self.clock().sleep(PATIENCE) => None,
        }
    }

    /// Imports a wallet, and makes the vault when it is the first. `expected` are the addresses that the person has
    /// seen; others are refused.
    pub async fn import_wallet(
        &self,
        name: String,
        password: Password,
        source: ImportSource,
        expected: Vec<Address>,
    ) -> Result<WalletView, Error> {
        self.may_write()?;
        let import = self.with_keys(move |_| read(source)).await?;
        let outcome = self
            .try_password(move |keystore, at| {
                let done = keystore.import(&name, &password, &import, &expected, at);
                // The password of a key file says nothing about the vault's.
                let of_file = matches!(done, Err(KeyError::WrongPassword))
                    && matches!(keystore.preview(&import), Err(KeyError::WrongPassword));
                Ok((done, of_file))
            })
            .await?;
        let wallet = match outcome? {
            (Ok(wallet), _) => wallet,
            (Err(_), true) => {
                let text = "the password is not the one of the key file";
                return Err(Error::new(Code::WrongPassword, text));
            }
            (Err(error), false) => return Err(self.refused(error).await),
        };
        self.admit(&wallet, Origin::Imported, WalletAct::Imported).await?;
        Ok(wallet)
    }
}

/// Takes `source` over into what is wiped.
fn read(source: ImportSource) -> Result<Import, Error> {
    match source {
        ImportSource::Phrase {
            words,
            passphrase,
            accounts,
        } => Ok(Import::Phrase {
            words: Zeroizing::new(words),
            passphrase: Password::from(passphrase),
            accounts,
        }),
        ImportSource::PrivateKey { key } => Ok(Import::PrivateKey(Zeroizing::new(key))),
        ImportSource::Keystore { path, password } => {
            let password = Password::from(password);
            let mut content = files::read(Path::new(&path), LONGEST_KEY_FILE)?;
            let json = String::from_utf8(std::mem::take(&mut *content)).map_err(|error| {
                error.into_bytes().zeroize();
                Error::new(Code::KeyInvalid, format!("{path} is not a text"))
            })?;
            Ok(Import::V3 {
                json: Zeroizing::new(json),
                password,
            })
        }
    }
}
