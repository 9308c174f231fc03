//! The profile as a backup carries it: settings, meters with their registers, contacts, prosumers. Versioned JSON.
//!
//! History is not in it: settlements are found again on chain, readings stay with the old database.

use std::collections::BTreeMap;

use enerlink_domain::{
    BrokerAddress, Code, Error, Meter, MeterId, MicroWh, Registers, UnixMillis, register::Pair,
    wallet::Contact,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Read, StoreError, Tx, address_book, meters, prosumers, registers, settings};

/// The version that is written.
const VERSION: u32 = 1;
/// A document is at most so long, in bytes.
pub const MAX_LENGTH: usize = 8 << 20;
/// No part of a document has more entries.
const MAX_ENTRIES: usize = 10_000;
/// No text of a document is longer, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// Why a document is not taken.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// It was made by a newer version.
    #[error(
        "the profile in the backup was made by a newer version (format {found}, this one knows {VERSION})"
    )]
    Newer {
        /// Its version.
        found: u32,
    },
    /// It is not what a profile looks like.
    #[error("the profile in the backup cannot be read: {0}")]
    Malformed(String),
    /// A part of it is larger than any profile.
    #[error("the profile in the backup is too large: {what}")]
    TooLarge {
        /// Which part.
        what: &'static str,
    },
}

impl From<ProfileError> for Error {
    fn from(error: ProfileError) -> Self {
        Self::new(Code::BackupUnreadable, error.to_string())
    }
}

/// A meter with its registers, epochs and baselines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileMeter {
    /// The meter.
    pub meter: Meter,
    /// Its registers, once it was heard.
    pub registers: Option<Registers>,
}

/// A local profile's owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prosumer {
    /// Their name.
    pub name: String,
    /// How to reach them.
    pub contact: Option<String>,
    /// When they were noted.
    pub created_at: UnixMillis,
}

/// What a backup carries beside keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    version: u32,
    /// Settings by key.
    pub settings: BTreeMap<String, String>,
    /// Meters.
    pub meters: Vec<ProfileMeter>,
    /// The address book.
    pub contacts: Vec<Contact>,
    /// The local profiles.
    pub prosumers: Vec<Prosumer>,
}

/// What of a document is, or would be, added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Every meter of the document, and whether it is new here.
    pub meters: Vec<(MeterId, String, bool)>,
    /// Settings that are new here.
    pub settings: u32,
    /// Contacts that are new here.
    pub contacts: u32,
}

impl Profile {
    /// The profile as it is now, with the settings that `keep` takes.
    pub async fn export(r: &impl Read, keep: impl Fn(&str) -> bool) -> Result<Self, StoreError> {
        let mut all = Vec::new();
        for meter in meters::list(r).await? {
            let registers = registers::load(r, &meter.id).await?;
            all.push(ProfileMeter { meter, registers });
        }
        let mut settings = settings::all(r).await?;
        settings.retain(|key, _| keep(key));
        Ok(Self {
            version: VERSION,
            settings,
            meters: all,
            contacts: address_book::list(r).await?,
            prosumers: prosumers::list(r).await?,
        })
    }

    /// The document's bytes.
    pub fn to_json(&self) -> Result<Vec<u8>, ProfileError> {
        let bytes = serde_json::to_vec(self).map_err(|error| ProfileError::Malformed(error.to_string()))?;
        if bytes.len() > MAX_LENGTH {
            return Err(ProfileError::TooLarge { what: "the document" });
        }
        Ok(bytes)
    }

    /// Reads a document and checks that a database could have held it.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProfileError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        if bytes.len() > MAX_LENGTH {
            return Err(ProfileError::TooLarge { what: "the document" });
        }
        let malformed = |error: serde_json::Error| ProfileError::Malformed(error.to_string());
        let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if version > VERSION {
            return Err(ProfileError::Newer { found: version });
        }
        let profile: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), ProfileError> {
        let counts = [
            ("settings", self.settings.len()),
            ("meters", self.meters.len()),
            ("contacts", self.contacts.len()),
            ("prosumers", self.prosumers.len()),
        ];
        let crowded = counts.iter().find(|(_, count)| *count > MAX_ENTRIES);
        if let Some((what, _)) = crowded {
            return Err(ProfileError::TooLarge { what });
        }
        let outputs = self.meters.iter().flat_map(|entry| &entry.meter.outputs);
        let texts = self.settings.iter().flat_map(|(key, value)| [key, value]);
        let texts = texts
            .chain(self.contacts.iter().map(|contact| &contact.name))
            .chain(self.prosumers.iter().map(|prosumer| &prosumer.name))
            .chain(
                self.prosumers
                    .iter()
                    .filter_map(|prosumer| prosumer.contact.as_ref()),
            )
            .chain(self.meters.iter().map(|entry| &entry.meter.name))
            .chain(self.meters.iter().map(|entry| &entry.meter.base_topic))
            .chain(
                self.meters
                    .iter()
                    .flat_map(|entry| &entry.meter.capabilities.relays),
            )
            .chain(outputs.clone().map(|output| &output.key))
            .chain(outputs.map(|output| &output.name));
        if texts.into_iter().any(|text| text.len() > MAX_TEXT) {
            return Err(ProfileError::TooLarge { what: "a text" });
        }
        match self.meters.iter().find(|entry| !is_sound(entry)) {
            Some(entry) => Err(ProfileError::Malformed(format!(
                "the meter {} is not sound",
                entry.meter.id
            ))),
            None => Ok(()),
        }
    }

    /// What [`Profile::import`] would add.
    pub async fn compare(&self, r: &impl Read) -> Result<Added, StoreError> {
        let mut added = Added::default();
        for ProfileMeter { meter, .. } in &self.meters {
            let new = meters::get(r, &meter.id).await?.is_none();
            added.meters.push((meter.id.clone(), meter.name.clone(), new));
        }
        let known = settings::all(r).await?;
        let new = self.settings.keys().filter(|key| !known.contains_key(*key));
        added.settings = count(new.count());
        let known = address_book::list(r).await?;
        let is_new = |contact: &&Contact| known.iter().all(|known| known.address != contact.address);
        added.contacts = count(self.contacts.iter().filter(is_new).count());
        Ok(added)
    }

    /// Adds what is not here; nothing that is here changes. A meter comes with its registers, which go on from its
    /// counter as if nothing had happened between.
    pub async fn import(&self, tx: &Tx, now: UnixMillis) -> Result<Added, StoreError> {
        let added = self.compare(tx).await?;
        for (entry, (_, _, new)) in self.meters.iter().zip(&added.meters) {
            if !new {
                continue;
            }
            meters::insert(tx, &entry.meter).await?;
            if let Some(kept) = entry.registers {
                registers::save(tx, &entry.meter.id, &kept.continued(), now).await?;
            }
        }
        for (key, value) in &self.settings {
            if settings::get(tx, key).await?.is_none() {
                settings::set(tx, key, value).await?;
            }
        }
        for contact in &self.contacts {
            if address_book::get(tx, contact.address).await?.is_none() {
                address_book::put(tx, contact.address, &contact.name, contact.created_at).await?;
            }
        }
        for prosumer in &self.prosumers {
            if prosumers::find(tx, &prosumer.name).await?.is_none() {
                prosumers::insert(tx, prosumer).await?;
            }
        }
        Ok(added)
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Whether a database gives the meter back as it is, and its registers are within their range.
fn is_sound(entry: &ProfileMeter) -> bool {
    let Meter { broker, source, .. } = &entry.meter;
    let address = BrokerAddress::parse(&broker.url()).as_ref() == Some(broker);
    let in_range = |pair: Pair<MicroWh>| pair.export <= MicroWh::MAX && pair.import <= MicroWh::MAX;
    let registers = entry.registers.is_none_or(|registers| {
        let now = Pair {
            export: registers.export,
            import: registers.import,
        };
        let counters = registers.baseline.is_none_or(|last| in_range(last.counters));
        in_range(now) && in_range(registers.first) && counters && *source == Some(registers.source)
    });
    address && registers
}
