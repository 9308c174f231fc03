//! The vault file as bytes: every length is checked, nothing is secret yet.

use enerlink_domain::wallet::WalletView;
use sha2::{Digest, Sha256};

use super::Clear;
use crate::{
    Error, KdfParams,
    bytes::{Reader, put_short},
    seal::{NONCE_LENGTH, Sealed, TAG_LENGTH},
};

pub(super) const MAGIC: [u8; 8] = *b"ENLVAULT";
pub(super) const VERSION: u16 = 1;
const ARGON2ID: u8 = 1;
const CHECKSUM_LENGTH: usize = 32;
const WRAPPED_LENGTH: usize = 32 + TAG_LENGTH;

/// How the password becomes a key.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) kdf: KdfParams,
    pub(super) salt: [u8; 32],
}

impl Header {
    /// The first bytes of the file, which are what the wrapped data key authenticates.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_be_bytes());
        out.push(ARGON2ID);
        out.extend(self.kdf.to_array().into_iter().flat_map(u32::to_be_bytes));
        out.extend(self.salt);
        out
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let known = reader.array()? == MAGIC && reader.u16()? == VERSION && reader.u8()? == ARGON2ID;
        known.then_some(())?;
        Some(Self {
            kdf: KdfParams::from_array([reader.u32()?, reader.u32()?, reader.u32()?]),
            salt: reader.array()?,
        })
    }
}

/// A wallet that is locked.
pub(super) struct SealedRecord {
    pub(super) id: [u8; 16],
    pub(super) clear: Clear,
    pub(super) sealed: Sealed,
}

impl SealedRecord {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend(self.id);
        put_short(out, &self.clear.encode()?).ok_or(Error::VaultDamaged)?;
        out.extend(self.sealed.nonce);
        put_short(out, &self.sealed.bytes).ok_or(Error::VaultDamaged)
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            id: reader.array()?,
            clear: Clear::decode(reader.short()?)?,
            sealed: Sealed {
                nonce: reader.array()?,
                bytes: reader.short()?.to_vec(),
            },
        })
    }
}

/// What a record authenticates besides its secret: another file, another record or another clear part do not fit.
pub(super) fn record_aad(id: &[u8; 16], clear: &[u8]) -> Vec<u8> {
    let mut aad = MAGIC.to_vec();
    aad.extend(VERSION.to_be_bytes());
    aad.extend(id);
    aad.extend(clear);
    aad
}

/// A vault file that was read, not opened.
pub(crate) struct SealedVault {
    pub(super) header: Header,
    pub(super) wrapped: Sealed,
    pub(super) records: Vec<SealedRecord>,
    /// Authenticates everything before it under the data key, so that no record can be left out or exchanged.
    pub(super) stamp: Sealed,
}

impl SealedVault {
    /// Puts the parts together; `stamp` seals nothing over the bytes it is given.
    pub(super) fn new(
        header: Header,
        wrapped: Sealed,
        records: Vec<SealedRecord>,
        stamp: impl FnOnce(&[u8]) -> Result<Sealed, Error>,
    ) -> Result<Self, Error> {
        let mut vault = Self {
            header,
            wrapped,
            records,
            stamp: Sealed {
                nonce: [0; NONCE_LENGTH],
                bytes: Vec::new(),
            },
        };
        vault.stamp = stamp(&vault.body()?)?;
        Ok(vault)
    }

    /// What can be shown of its wallets.
    pub(crate) fn views(&self) -> Vec<WalletView> {
        self.records
            .iter()
            .map(|record| record.clear.view(record.id))
            .collect()
    }

    /// Reads a file, without a password and without deriving any key.
    ///
    /// # Errors
    /// [`Error::VaultNewer`] for a higher format number, [`Error::KdfRefused`] for costs below `floor` or above the
    /// upper bounds, [`Error::VaultDamaged`] for everything else.
    pub(crate) fn parse(bytes: &[u8], floor: KdfParams) -> Result<Self, Error> {
        let version = version(bytes).ok_or(Error::VaultDamaged)?;
        if version > VERSION {
            return Err(Error::VaultNewer { version });
        }
        let (content, checksum) = bytes
            .len()
            .checked_sub(CHECKSUM_LENGTH)
            .and_then(|end| bytes.split_at_checked(end))
            .ok_or(Error::VaultDamaged)?;
        if Sha256::digest(content)[..] != *checksum {
            return Err(Error::VaultDamaged);
        }
        let vault = Self::decode(content).ok_or(Error::VaultDamaged)?;
        vault.header.kdf.check(floor)?;
        Ok(vault)
    }

    /// Whether it begins like a vault of any format.
    pub(crate) fn is_one(bytes: &[u8]) -> bool {
        version(bytes).is_some()
    }

    /// The file.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut out = self.body()?;
        out.extend(self.stamp.nonce);
        out.extend(&self.stamp.bytes);
        let checksum = Sha256::digest(&out);
        out.extend(checksum);
        Ok(out)
    }

    /// Everything before the stamp.
    pub(super) fn body(&self) -> Result<Vec<u8>, Error> {
        let mut out = self.header.encode();
        out.extend(self.wrapped.nonce);
        out.extend(&self.wrapped.bytes);
        out.extend(
            u16::try_from(self.records.len())
                .map_err(|_| Error::VaultDamaged)?
                .to_be_bytes(),
        );
        for record in &self.records {
            record.encode(&mut out)?;
        }
        Ok(out)
    }

    fn decode(content: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(content);
        let header = Header::decode(&mut reader)?;
        let wrapped = Sealed {
            nonce: reader.array()?,
            bytes: reader.take(WRAPPED_LENGTH)?.to_vec(),
        };
        let records = (0..reader.u16()?)
            .map(|_| SealedRecord::decode(&mut reader))
            .collect::<Option<_>>()?;
        let stamp = Sealed {
            nonce: reader.array()?,
            bytes: reader.take(TAG_LENGTH)?.to_vec(),
        };
        reader.end()?;
        Some(Self {
            header,
            wrapped,
            records,
            stamp,
        })
    }
}

/// The format number of anything that begins like a vault.
fn version(bytes: &[u8]) -> Option<u16> {
    let mut reader = Reader::new(bytes);
    (reader.array()? == MAGIC).then_some(())?;
    reader.u16()
}
