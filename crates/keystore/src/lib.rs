//! Phrases, vaults, settlement keys and signing: the only crate that ever holds a private key.
//!
//! A [`Keystore`] guards the keys of one profile: a vault file under one password, and sealed files for what must work
//! while the wallet is locked. Keys go in and signatures come out; a phrase leaves only through
//! [`Keystore::reveal_phrase`]. All calls block (the key derivation on purpose for about a second), time is an
//! argument, and secret types are wiped on drop and can be neither printed nor serialized.

mod account;
mod attempts;
mod bip32;
mod bytes;
mod error;
mod files;
mod kdf;
mod keystore;
mod message;
mod password;
mod phrase;
mod process;
mod random;
mod seal;
mod sealed_files;
mod transaction;
mod v3;
mod vault;

pub use account::Account;
pub use error::Error;
pub use kdf::KdfParams;
pub use keystore::{Keystore, Signer};
pub use message::recover_message;
pub use password::{Password, rate};
pub use phrase::Phrase;
pub use process::harden_process;
