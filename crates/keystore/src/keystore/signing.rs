//! What leaves the keystore: signatures.

use enerlink_domain::{Address, Permit, SignedTx, UnsignedTx};

use super::{Keystore, Signer, hold};
use crate::{
    Account, Error,
    permit::{self, PermitTerms},
    typed_data,
};

impl Keystore {
    /// Whether [`Keystore::sign`] would find the key of `signer` now.
    pub fn can_sign(&self, signer: &Signer) -> bool {
        match signer {
            Signer::Wallet(address) => self.with_account(*address, |_| Ok(())).is_ok(),
            Signer::Settlement(meter) => matches!(self.settlement_key(meter), Ok(Some(_))),
        }
    }

    /// Signs a transaction, EIP-1559 or legacy with EIP-155.
    ///
    /// # Errors
    /// [`Error::WrongChain`] when the transaction is not for `chain_id`, [`Error::InvalidTx`], [`Error::Locked`],
    /// [`Error::UnknownAccount`], [`Error::NoSettlementKey`], [`Error::SealedFileDamaged`], [`Error::File`].
    pub fn sign(&self, signer: &Signer, tx: &UnsignedTx, chain_id: u64) -> Result<SignedTx, Error> {
        match signer {
            Signer::Wallet(address) => self.with_account(*address, |account| account.sign(tx, chain_id)),
            Signer::Settlement(meter) => self
                .settlement_account(meter)?
                .ok_or_else(|| Error::NoSettlementKey(meter.clone()))?
                .sign(tx, chain_id),
        }
    }

    /// Signs a message as `personal_sign` does (EIP-191): r, s, and v of 27 or 28.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::UnknownAccount`].
    pub fn sign_message(&self, address: Address, message: &[u8]) -> Result<[u8; 65], Error> {
        self.with_account(address, |account| account.sign_message(message))
    }

    /// Signs typed data (EIP-712), given as the JSON of `eth_signTypedData_v4`: r, s, and v of 27 or 28.
    ///
    /// # Errors
    /// [`Error::WrongChain`] when its domain is not of `chain_id`, [`Error::TypedData`] when it names no chain or
    /// says more or less than what is signed, [`Error::Locked`], [`Error::UnknownAccount`].
    pub fn sign_typed_data(&self, address: Address, json: &str, chain_id: u64) -> Result<[u8; 65], Error> {
        let digest = typed_data::digest_for(json, chain_id)?;
        self.with_account(address, |account| account.sign_to_bytes(&digest))
    }

    /// Signs a permit (EIP-2612) as its owner: r, s, and v of 27 or 28.
    ///
    /// # Errors
    /// [`Error::WrongChain`] and [`Error::Permit`] when it is not what `expected` says, [`Error::Locked`],
    /// [`Error::UnknownAccount`].
    pub fn sign_permit(&self, permit: &Permit, expected: &PermitTerms) -> Result<[u8; 65], Error> {
        let digest = permit::digest(permit, expected)?;
        self.with_account(permit.owner, |account| account.sign_to_bytes(&digest))
    }

    fn with_account<T>(
        &self,
        address: Address,
        act: impl FnOnce(&Account) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let inner = hold(&self.inner);
        let keys = inner.keys.as_ref().ok_or(Error::Locked)?;
        act(keys.get(address).ok_or(Error::UnknownAccount(address))?)
    }
}
