//! The backup file: the vault as on disk, and what else belongs to a profile, sealed under the vault's data key.
//!
//! `docs/vault-format.md` describes the file byte by byte. What is here is pure: bytes in, bytes out.

use enerlink_domain::UnixMillis;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    Error, KdfParams, Password,
    bytes::{Reader, put_long, put_short},
    random::Random,
    seal::Sealed,
    sealed_files::Kind,
    vault::{OpenVault, SealedVault},
};

const MAGIC: [u8; 8] = *b"ENLBACKP";
const VERSION: u16 = 1;
const CHECKSUM_LENGTH: usize = 32;
/// A longer file is refused before anything is taken from it.
const MAX_LENGTH: usize = 16 << 20;

const FOREIGN: Error = Error::Backup("it is no backup of EnerLink");
const DAMAGED: Error = Error::Backup("it is damaged");

/// A sealed file of the profile, opened.
pub(crate) struct SealedFile {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) label: Vec<u8>,
    pub(crate) secret: Zeroizing<Vec<u8>>,
}

/// A backup whose password was right. It can be neither printed nor serialized.
pub struct OpenBackup {
    pub(crate) vault: OpenVault,
    pub(crate) rest: Option<Rest>,
}

/// What only a backup file has; a bare vault has none of it.
pub(crate) struct Rest {
    pub(crate) created_at: UnixMillis,
    pub(crate) files: Vec<SealedFile>,
    pub(crate) document: Zeroizing<Vec<u8>>,
}

impl OpenBackup {
    /// When it was made; a bare vault does not say.
    pub fn created_at(&self) -> Option<UnixMillis> {
        self.rest.as_ref().map(|rest| rest.created_at)
    }

    /// What was given to [`Keystore::back_up`](crate::Keystore::back_up); a bare vault has none.
    pub fn document(&self) -> Option<&[u8]> {
        self.rest.as_ref().map(|rest| rest.document.as_slice())
    }

    /// Opens a backup file or a bare vault. Everything that can be refused without the password is refused before a
    /// key is derived.
    pub(crate) fn parse(bytes: &[u8], password: &Password, floor: KdfParams) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::Backup("it is too long"));
        }
        if !bytes.starts_with(&MAGIC) {
            if !SealedVault::is_one(bytes) {
                return Err(FOREIGN);
            }
            let vault = SealedVault::parse(bytes, floor).map_err(of_vault)?;
            return Ok(Self {
                vault: vault.open(password).map_err(of_vault)?,
                rest: None,
            });
        }
        let parts = Parts::parse(bytes)?;
        let vault = SealedVault::parse(parts.vault, floor)
            .and_then(|vault| vault.open(password))
            .map_err(of_vault)?;
        let plain = vault.open_beside(parts.aad, &parts.sealed).ok_or(DAMAGED)?;
        let (files, document) = decode(&plain).ok_or(DAMAGED)?;
        Ok(Self {
            vault,
            rest: Some(Rest {
                created_at: parts.created_at,
                files,
                document,
            }),
        })
    }
}

/// The file of a vault, as on disk, and what belongs to it.
pub(crate) fn encode(
    open: &OpenVault,
    vault: &[u8],
    files: &[SealedFile],
    document: &[u8],
    now: UnixMillis,
    random: Random,
) -> Result<Vec<u8>, Error> {
    let too_long = || Error::Backup("it would be too long");
    if vault.len() + document.len() > MAX_LENGTH {
        return Err(too_long());
    }
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_be_bytes());
    out.extend(now.0.to_be_bytes());
    put_long(&mut out, vault).ok_or_else(too_long)?;
    let plain = encode_plain(files, document).ok_or_else(too_long)?;
    let sealed = open.seal_beside(random, &out, &plain)?;
    out.extend(sealed.nonce);
    put_long(&mut out, &sealed.bytes).ok_or_else(too_long)?;
    let checksum = Sha256::digest(&out);
    out.extend(checksum);
    if out.len() > MAX_LENGTH {
        return Err(too_long());
    }
    Ok(out)
}

/// A backup file, cut into its parts.
struct Parts<'a> {
    created_at: UnixMillis,
    vault: &'a [u8],
    /// Everything before the nonce.
    aad: &'a [u8],
    sealed: Sealed,
}

impl<'a> Parts<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(&bytes[MAGIC.len()..]);
        let version = reader.u16().ok_or(DAMAGED)?;
        if version > VERSION {
            return Err(Error::BackupNewer { version });
        }
        let (content, checksum) = bytes
            .len()
            .checked_sub(CHECKSUM_LENGTH)
            .and_then(|end| bytes.split_at_checked(end))
            .ok_or(DAMAGED)?;
        if version != VERSION || Sha256::digest(content)[..] != *checksum {
            return Err(DAMAGED);
        }
        Self::decode(content).ok_or(DAMAGED)
    }

    fn decode(content: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(content);
        reader.take(MAGIC.len() + size_of_val(&VERSION))?;
        let created_at = UnixMillis(reader.i64()?);
        let vault = reader.long()?;
        let aad = &content[..content.len() - reader.rest().len()];
        let mut reader = Reader::new(&content[aad.len()..]);
        let sealed = Sealed {
            nonce: reader.array()?,
            bytes: reader.long()?.to_vec(),
        };
        reader.end()?;
        Some(Self {
            created_at,
            vault,
            aad,
            sealed,
        })
    }
}

/// The capacity fits from the start: growing would leave secrets behind in freed memory.
fn encode_plain(files: &[SealedFile], document: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let of_files: usize = files
        .iter()
        .map(|file| 1 + 2 + file.name.len() + 2 + file.label.len() + 4 + file.secret.len())
        .sum();
    let mut out = Zeroizing::new(Vec::with_capacity(2 + of_files + 4 + document.len()));
    out.extend(u16::try_from(files.len()).ok()?.to_be_bytes());
    for file in files {
        out.push(file.kind.tag());
        put_short(&mut out, file.name.as_bytes())?;
        put_short(&mut out, &file.label)?;
        put_long(&mut out, &file.secret)?;
    }
    put_long(&mut out, document)?;
    Some(out)
}

fn decode(plain: &[u8]) -> Option<(Vec<SealedFile>, Zeroizing<Vec<u8>>)> {
    let mut reader = Reader::new(plain);
    let files = (0..reader.u16()?)
        .map(|_| {
            Some(SealedFile {
                kind: Kind::from_tag(reader.u8()?)?,
                name: str::from_utf8(reader.short()?).ok()?.to_owned(),
                label: reader.short()?.to_vec(),
                secret: Zeroizing::new(reader.long()?.to_vec()),
            })
        })
        .collect::<Option<_>>()?;
    let document = Zeroizing::new(reader.long()?.to_vec());
    reader.end()?;
    Some((files, document))
}

/// The errors of a vault, said of a backup.
fn of_vault(error: Error) -> Error {
    match error {
        Error::VaultDamaged => DAMAGED,
        Error::VaultNewer { version } => Error::BackupNewer { version },
        Error::KdfRefused => Error::Backup("it asks for a key derivation outside the accepted bounds"),
        other => other,
    }
}
