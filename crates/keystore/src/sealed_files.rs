//! Secrets that must work while the wallet is locked: one sealed file each, under a key of this profile.
//!
//! The profile's key lies beside them in a file of its own, so this protects against whoever gets single files (a
//! careless copy, a backup of one directory), not against whoever can read all files of this user.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use enerlink_domain::id::{hex, keccak256};
use zeroize::Zeroizing;

use crate::{
    Error,
    bytes::{Reader, put_short},
    files,
    random::Random,
    seal::{Key, Sealed},
};

const PROFILE_KEY_FILE: &str = "profile.key";
const PROFILE_KEY_MAGIC: [u8; 10] = *b"ENLPROFK\x00\x01";
const MAGIC: [u8; 10] = *b"ENLSEALD\x00\x01";

/// What a sealed file is for; each kind has a directory of its own.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    SettlementKey,
    Secret,
}

impl Kind {
    fn dir(self) -> &'static str {
        match self {
            Self::SettlementKey => "settlement-keys",
            Self::Secret => "secrets",
        }
    }

    /// Both kinds.
    pub(crate) const ALL: [Self; 2] = [Self::SettlementKey, Self::Secret];

    /// The reverse of [`Kind::tag`].
    pub(crate) fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.tag() == tag)
    }

    /// The number in a file.
    pub(crate) fn tag(self) -> u8 {
        match self {
            Self::SettlementKey => 1,
            Self::Secret => 2,
        }
    }
}

/// The sealed content of a file, with the label that is stored in the clear beside it.
pub(crate) struct Unsealed {
    pub(crate) label: Vec<u8>,
    pub(crate) secret: Zeroizing<Vec<u8>>,
}

/// The sealed files of a profile.
pub(crate) struct SealedFiles {
    dir: PathBuf,
    random: Random,
    /// One change at a time: creating the profile's key twice would lose what the first one has sealed.
    changes: Mutex<()>,
}

impl SealedFiles {
    pub(crate) fn new(dir: &Path, random: Random) -> Self {
        Self {
            dir: dir.to_owned(),
            random,
            changes: Mutex::new(()),
        }
    }

    /// For a sequence of calls that must not be interrupted by another change.
    pub(crate) fn exclusive(&self) -> Exclusive<'_> {
        Exclusive {
            files: self,
            _guard: self.changes.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// The names of all files of a kind that this profile's key opens. One that is damaged is left out, and logged.
    pub(crate) fn names(&self, kind: Kind) -> Result<Vec<String>, Error> {
        let dir = self.dir.join(kind.dir());
        let mut names = Vec::new();
        for path in files::list(&dir)? {
            let named = files::read(&path)?
                .as_deref()
                .and_then(|bytes| name_in(bytes, kind));
            match named.filter(|name| self.path(kind, name) == path) {
                Some(name) if self.open(kind, &name).is_ok() => names.push(name),
                _ => {
                    let error = Error::SealedFileDamaged { path };
                    tracing::warn!(target: "enerlink::keystore", %error, "left out");
                }
            }
        }
        Ok(names)
    }

    /// The content of a file, nothing when there is none.
    pub(crate) fn open(&self, kind: Kind, name: &str) -> Result<Option<Unsealed>, Error> {
        let path = self.path(kind, name);
        let Some(bytes) = files::read(&path)? else {
            return Ok(None);
        };
        self.profile_key()?
            .and_then(|key| decode(&key, kind, name, &bytes))
            .map(Some)
            .ok_or(Error::SealedFileDamaged { path })
    }

    /// Names may hold any character, files may not: the file is named by a hash.
    fn path(&self, kind: Kind, name: &str) -> PathBuf {
        let file = format!("{}.sealed", hex(&keccak256(name.as_bytes())));
        self.dir.join(kind.dir()).join(file)
    }

    fn profile_key(&self) -> Result<Option<Key>, Error> {
        let path = self.dir.join(PROFILE_KEY_FILE);
        let Some(bytes) = files::read(&path)? else {
            return Ok(None);
        };
        bytes
            .strip_prefix(&PROFILE_KEY_MAGIC)
            .and_then(Key::from_slice)
            .map(Some)
            .ok_or(Error::SealedFileDamaged { path })
    }
}

/// The right to change sealed files.
pub(crate) struct Exclusive<'a> {
    files: &'a SealedFiles,
    _guard: MutexGuard<'a, ()>,
}

impl Exclusive<'_> {
    /// Seals `secret` in a file, in the place of what was there; `label` is authenticated and stays readable.
    pub(crate) fn seal(&self, kind: Kind, name: &str, label: &[u8], secret: &[u8]) -> Result<(), Error> {
        let key = self.make_profile_key()?;
        let path = self.files.path(kind, name);
        files::private_dir(&self.files.dir.join(kind.dir()))?;
        let damaged = || Error::SealedFileDamaged { path: path.clone() };
        let mut bytes = header(kind, name, label).ok_or_else(damaged)?;
        let sealed = key.seal(self.files.random, &bytes, secret)?;
        bytes.extend(sealed.nonce);
        bytes.extend(sealed.bytes);
        files::replace(&path, &bytes, |back| {
            decode(&key, kind, name, back)
                .filter(|again| again.secret.as_slice() == secret)
                .map(drop)
                .ok_or_else(damaged)
        })
    }

    /// Whether there is a file, in whatever state.
    pub(crate) fn exists(&self, kind: Kind, name: &str) -> Result<bool, Error> {
        files::exists(&self.files.path(kind, name))
    }

    /// Removes a file; none is fine.
    pub(crate) fn remove(&self, kind: Kind, name: &str) -> Result<(), Error> {
        files::remove(&self.files.path(kind, name))
    }

    fn make_profile_key(&self) -> Result<Key, Error> {
        if let Some(key) = self.files.profile_key()? {
            return Ok(key);
        }
        let key = Key::random(self.files.random)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(PROFILE_KEY_MAGIC.len() + 32));
        bytes.extend(PROFILE_KEY_MAGIC);
        bytes.extend(key.as_bytes());
        files::replace(&self.files.dir.join(PROFILE_KEY_FILE), &bytes, |_| Ok(()))?;
        Ok(key)
    }
}

/// Magic with version, kind, name and label: what the seal authenticates.
fn header(kind: Kind, name: &str, label: &[u8]) -> Option<Vec<u8>> {
    let mut out = MAGIC.to_vec();
    out.push(kind.tag());
    put_short(&mut out, name.as_bytes())?;
    put_short(&mut out, label)?;
    Some(out)
}

/// The name in a file of this kind, as long as nothing has proved it.
fn name_in(bytes: &[u8], kind: Kind) -> Option<String> {
    let mut reader = Reader::new(bytes);
    (reader.array()? == MAGIC && reader.u8()? == kind.tag()).then_some(())?;
    str::from_utf8(reader.short()?).ok().map(str::to_owned)
}

fn decode(key: &Key, kind: Kind, name: &str, bytes: &[u8]) -> Option<Unsealed> {
    let mut reader = Reader::new(bytes);
    let same = reader.array()? == MAGIC && reader.u8()? == kind.tag() && reader.short()? == name.as_bytes();
    same.then_some(())?;
    let label = reader.short()?.to_vec();
    let aad = header(kind, name, &label)?;
    let sealed = Sealed {
        nonce: reader.array()?,
        bytes: reader.rest().to_vec(),
    };
    let secret = key.open(&aad, &sealed)?;
    Some(Unsealed { label, secret })
}
