//! What works while the wallet is locked: settlement keys and sealed secrets.

use enerlink_domain::{Address, MeterId};
use zeroize::Zeroizing;

use super::Keystore;
use crate::{Account, Error, sealed_files::Kind};

impl Keystore {
    /// Makes the settlement key of a meter and answers its address; a key that is there stays.
    ///
    /// # Errors
    /// [`Error::SealedFileDamaged`], [`Error::File`], [`Error::NotWritten`], [`Error::NoRandomness`].
    pub fn create_settlement_key(&self, meter: &MeterId) -> Result<Address, Error> {
        let exclusive = self.sealed.exclusive();
        if let Some(account) = self.settlement_account(meter)? {
            return Ok(account.address());
        }
        let account = Account::random_from(self.random)?;
        let address = account.address();
        exclusive.seal(
            Kind::SettlementKey,
            meter.as_str(),
            &address.0,
            &*account.secret_bytes(),
        )?;
        Ok(address)
    }

    /// The address of the settlement key of a meter, when there is one.
    ///
    /// # Errors
    /// [`Error::SealedFileDamaged`], [`Error::File`].
    pub fn settlement_key(&self, meter: &MeterId) -> Result<Option<Address>, Error> {
        Ok(self.settlement_account(meter)?.map(|account| account.address()))
    }

    /// Removes the settlement key of a meter; none is fine. Revoking it on chain is another matter.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn remove_settlement_key(&self, meter: &MeterId) -> Result<(), Error> {
        self.sealed
            .exclusive()
            .remove(Kind::SettlementKey, meter.as_str())
    }

    /// Seals a secret that is needed while the wallet is locked, such as the password of a broker.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::NotWritten`], [`Error::NoRandomness`], [`Error::SealedFileDamaged`].
    pub fn seal_secret(&self, name: &str, secret: &[u8]) -> Result<(), Error> {
        self.sealed.exclusive().seal(Kind::Secret, name, &[], secret)
    }

    /// What [`Keystore::seal_secret`] has sealed under this name.
    ///
    /// # Errors
    /// [`Error::SealedFileDamaged`], [`Error::File`].
    pub fn open_secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let found = self.sealed.open(Kind::Secret, name)?;
        Ok(found.map(|unsealed| unsealed.secret))
    }

    /// Removes a sealed secret; none is fine.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn remove_secret(&self, name: &str) -> Result<(), Error> {
        self.sealed.exclusive().remove(Kind::Secret, name)
    }

    /// The settlement key itself, whose address has to be the one on its label.
    pub(super) fn settlement_account(&self, meter: &MeterId) -> Result<Option<Account>, Error> {
        let Some(unsealed) = self.sealed.open(Kind::SettlementKey, meter.as_str())? else {
            return Ok(None);
        };
        let bytes =
            Zeroizing::new(<[u8; 32]>::try_from(unsealed.secret.as_slice()).map_err(|_| Error::InvalidKey)?);
        let account = Account::from_bytes(&bytes)?;
        if account.address().0 == *unsealed.label {
            Ok(Some(account))
        } else {
            Err(Error::InvalidKey)
        }
    }
}
