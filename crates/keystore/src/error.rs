//! What can go wrong with keys, without a word of what is secret.

use std::{io, path::PathBuf, time::Duration};

use enerlink_domain::{Address, Code, MeterId, wallet::WalletId};

/// Why keys could not be made, opened or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The password does not open the vault or the file.
    #[error("the password is not right")]
    WrongPassword,
    /// Too many wrong passwords in a row.
    #[error("too many wrong passwords: the next attempt is possible in {} s", whole_seconds(*wait))]
    UnlockThrottled {
        /// How long to wait.
        wait: Duration,
    },
    /// The password has fewer than 12 characters or is easily guessed.
    #[error("the password is too weak: it needs at least 12 characters that are hard to guess")]
    WeakPassword,
    /// This profile has no vault.
    #[error("there is no wallet in this profile yet")]
    NoVault,
    /// The vault is gone while its copy is there; creating another one would hide the loss.
    #[error("the vault is missing, but its copy {} is there", copy.display())]
    VaultMissing {
        /// The copy.
        copy: PathBuf,
    },
    /// Damaged, cut or tampered with: where exactly is not told.
    #[error("the vault is damaged")]
    VaultDamaged,
    /// A format that this version does not know.
    #[error(
        "the vault has format {version}: it was made by a newer version of EnerLink and is left untouched"
    )]
    VaultNewer {
        /// The format's number.
        version: u16,
    },
    /// Key derivation that would exhaust this machine, or that is too cheap to protect anything.
    #[error("the vault asks for a key derivation outside the accepted bounds")]
    KdfRefused,
    /// Argon2id or scrypt found no memory.
    #[error("there is not enough free memory to derive the key from the password")]
    OutOfMemory,
    /// Keys are not in memory.
    #[error("the wallet is locked")]
    Locked,
    /// The vault has no such account.
    #[error("the wallet has no account {0}")]
    UnknownAccount(Address),
    /// The vault has no such wallet.
    #[error("there is no wallet {0} in this profile")]
    UnknownWallet(WalletId),
    /// An account that would be added is in the vault.
    #[error("{address} is in the wallet \"{wallet}\" already")]
    AccountKnown {
        /// Which account.
        address: Address,
        /// The name of the wallet that has it.
        wallet: String,
    },
    /// A phrase that would be imported is in the vault, with other accounts.
    #[error("the wallet \"{wallet}\" has this phrase already: add an account to it instead")]
    PhraseKnown {
        /// The name of the wallet that has it.
        wallet: String,
    },
    /// The wallet is a single private key, which has no phrase and no further accounts.
    #[error("the wallet is a single private key: it has no phrase and no further accounts")]
    NoPhrase,
    /// No account, the same one twice, an index of 2^31 or more, or more accounts than a wallet holds.
    #[error("a wallet has 1 to 100 different accounts with an index below 2147483648")]
    AccountIndex,
    /// There is no settlement key for the meter.
    #[error("there is no settlement key for meter {0}")]
    NoSettlementKey(MeterId),
    /// A sealed file cannot be opened with this profile's key.
    #[error("the sealed file {} is damaged or belongs to another profile", path.display())]
    SealedFileDamaged {
        /// Which.
        path: PathBuf,
    },
    /// A symbolic link or something else that is no plain file where a secret belongs.
    #[error("{} is not a plain file or directory of its own: it is not followed", path.display())]
    UnsafePath {
        /// Which.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What was written does not read back; the old file is still in place.
    #[error("what was written to {} does not read back: the disk is not reliable", path.display())]
    NotWritten {
        /// Which.
        path: PathBuf,
    },
    /// What was written is in place, but the disk does not confirm that it will be after a power cut.
    #[error(
        "{} is written and in use, but the disk does not confirm it: after a power cut the former one may be back",
        path.display()
    )]
    NotFlushed {
        /// Which.
        path: PathBuf,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    NoRandomness,
    /// Another number of words than BIP-39 knows.
    #[error("a phrase has 12, 15, 18, 21 or 24 words, not {0}")]
    WordCount(u8),
    /// A typed phrase has another number of words than BIP-39 knows.
    #[error("a phrase has 12, 15, 18, 21 or 24 words, this one has {0}")]
    PhraseLength(usize),
    /// A typed word is in no list of words.
    #[error("word {} is in none of the lists of BIP-39", .position + 1)]
    UnknownWord {
        /// Position from 0.
        position: usize,
    },
    /// A typed word belongs to the list of another language.
    #[error("word {} is of another language than the words before and after it", .position + 1)]
    MixedLanguages {
        /// Position from 0.
        position: usize,
    },
    /// All words are known, but one is wrong or two are exchanged.
    #[error("the words do not belong together: one is wrong or the order is (checksum)")]
    PhraseChecksum,
    /// The passphrase of a phrase is longer than a vault holds.
    #[error("the passphrase is too long")]
    PassphraseLength,
    /// The wallet's name is empty or too long.
    #[error("a wallet's name has 1 to 64 characters")]
    WalletName,
    /// Fewer than four different positions were typed back.
    #[error("at least four different words of the phrase have to be typed back")]
    TooFewWords,
    /// A word that was typed back is not the one of the phrase.
    #[error("word {} is not the one of the phrase", .position + 1)]
    WrongWord {
        /// Position from 0.
        position: u8,
    },
    /// A text that is no private key.
    #[error("a private key is written as 64 hexadecimal digits, with or without 0x before them")]
    KeyText,
    /// Thirty-two bytes that are no secp256k1 key.
    #[error("this is not a private key: it has to be 32 bytes between 1 and the order of secp256k1")]
    InvalidKey,
    /// The transaction is for another chain than expected.
    #[error("the transaction is for chain {found}, expected chain {expected}")]
    WrongChain {
        /// In the transaction.
        found: u64,
        /// Told by the caller.
        expected: u64,
    },
    /// Chain id 0 gives no replay protection, a tip above the cap is never valid.
    #[error("the transaction is not valid: {0}")]
    InvalidTx(&'static str),
    /// Typed data that does not say exactly what would be signed.
    #[error("the typed data is not accepted: {0}")]
    TypedData(String),
    /// A permit that is not for what the person sees.
    #[error("the permit is not signed: {0}")]
    Permit(&'static str),
    /// Not a Web3 Secret Storage file of version 3, or a kind that is not accepted.
    #[error("the key file is not accepted: {0}")]
    KeyFile(&'static str),
    /// The key belongs to another address than the file or the caller says.
    #[error("the key of {claimed} was expected, but this is the key of {found}")]
    AddressMismatch {
        /// As the file or the caller says.
        claimed: Address,
        /// As the key says.
        found: Address,
    },
    /// Too long, cut, damaged, foreign, or not what its own password has sealed.
    #[error("the backup cannot be read: {0}")]
    Backup(&'static str),
    /// A backup in a format that this version does not know.
    #[error("the backup has format {version}: it was made by a newer version of EnerLink")]
    BackupNewer {
        /// The format's number.
        version: u16,
    },
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::WrongPassword => Code::WrongPassword,
            Self::UnlockThrottled { .. } => Code::UnlockThrottled,
            Self::WeakPassword => Code::WeakPassword,
            Self::NoVault => Code::NoVault,
            Self::VaultMissing { .. } | Self::VaultDamaged | Self::VaultNewer { .. } | Self::KdfRefused => {
                Code::VaultUnreadable
            }
            Self::Locked => Code::Locked,
            Self::UnknownAccount(_) | Self::UnknownWallet(_) => Code::WalletUnknown,
            Self::AccountKnown { .. } | Self::PhraseKnown { .. } => Code::WalletKnown,
            Self::PhraseLength(_)
            | Self::UnknownWord { .. }
            | Self::MixedLanguages { .. }
            | Self::PhraseChecksum
            | Self::WrongWord { .. } => Code::PhraseInvalid,
            Self::KeyText | Self::InvalidKey | Self::KeyFile(_) | Self::AddressMismatch { .. } => {
                Code::KeyInvalid
            }
            Self::Backup(_) | Self::BackupNewer { .. } => Code::BackupUnreadable,
            Self::WrongChain { .. } => Code::WrongChain,
            Self::SealedFileDamaged { .. }
            | Self::UnsafePath { .. }
            | Self::File { .. }
            | Self::NotWritten { .. }
            | Self::NotFlushed { .. } => Code::Storage,
            Self::OutOfMemory | Self::NoRandomness => Code::Internal,
            Self::NoPhrase
            | Self::AccountIndex
            | Self::NoSettlementKey(_)
            | Self::WordCount(_)
            | Self::PassphraseLength
            | Self::WalletName
            | Self::TooFewWords
            | Self::InvalidTx(_)
            | Self::TypedData(_)
            | Self::Permit(_) => Code::InvalidInput,
        }
    }
}

impl From<Error> for enerlink_domain::Error {
    fn from(error: Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// Rounded up, so that nobody is told to wait 0 s.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
