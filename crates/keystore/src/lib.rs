//! Phrases, vaults, settlement keys and signing: the only crate that ever holds a private key.
//!
//! A [`Keystore`] guards the keys of one profile: a vault file under one password, and sealed files for what must work
//! while the wallet is locked. Keys go in and signatures come out; a phrase leaves only through
//! [`Keystore::reveal_phrase`]. All calls block (the key derivation on purpose for about a second), time is an
//! argument, and secret types are wiped on drop and can be neither printed nor serialized.

mod account;
mod attempts;
mod backup;
mod bip32;
mod bytes;
mod error;
mod files;
mod import;
mod kdf;
mod keystore;
mod message;
mod password;
mod permit;
mod phrase;
mod process;
mod random;
mod seal;
mod sealed_files;
mod transaction;
mod typed_data;
mod v3;
mod vault;
#[cfg(test)]
mod vectors;

pub use account::Account;
pub use backup::OpenBackup;
pub use error::Error;
pub use import::Import;
pub use kdf::KdfParams;
pub use keystore::{Keystore, Moment, Signer};
pub use message::recover_message;
pub use password::{Password, rate};
pub use permit::PermitTerms;
pub use phrase::Phrase;
pub use process::harden_process;
