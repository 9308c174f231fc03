//! The part of the command line that is about wallets.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use enerlink_domain::Address;

use super::{ProfileArguments, UnlockArguments};

/// Which profile, and the password that its vault is opened with, or made with.
#[derive(Args)]
pub(crate) struct VaultArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// A file with the vault's password; `-` reads standard input.
    #[arg(long)]
    pub(crate) password_file: PathBuf,
}

/// The same, and which of its wallets.
#[derive(Args)]
pub(crate) struct OneWalletArguments {
    #[command(flatten)]
    pub(crate) vault: VaultArguments,
    /// Which wallet: its id, one of its addresses, or its name. Not needed when there is only one.
    #[arg(long)]
    pub(crate) wallet: Option<String>,
}

/// What is imported: a phrase, a private key, or a key file.
#[derive(Args)]
#[command(group = ArgGroup::new("source").required(true).multiple(false))]
pub(crate) struct SourceArguments {
    /// A file with a BIP-39 phrase of 12, 15, 18, 21 or 24 words; `-` reads standard input.
    #[arg(long, group = "source")]
    pub(crate) phrase_file: Option<PathBuf>,
    /// A file with the phrase's passphrase (BIP-39), when it has one.
    #[arg(long, conflicts_with_all = ["private_key_file", "keystore"])]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Account N of the phrase, m/44'/60'/0'/0/N; may be repeated. `import` takes 0 when absent, `scan` 0 to 9.
    #[arg(long = "account", value_name = "N", conflicts_with_all = ["private_key_file", "keystore"])]
    pub(crate) accounts: Vec<u32>,
    /// A file with a private key: 64 hexadecimal digits, with or without 0x; `-` reads standard input.
    #[arg(long, group = "source")]
    pub(crate) private_key_file: Option<PathBuf>,
    /// A Web3 Secret Storage (v3) key file.
    #[arg(long, group = "source", requires = "keystore_password_file")]
    pub(crate) keystore: Option<PathBuf>,
    /// A file with the key file's password; `-` reads standard input.
    #[arg(long, requires = "keystore")]
    pub(crate) keystore_password_file: Option<PathBuf>,
}

/// Where wallets come back from.
#[derive(Args)]
#[command(group = ArgGroup::new("backup").required(true).multiple(false))]
pub(crate) struct RestoreArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// An encrypted backup file.
    #[arg(long, group = "backup")]
    pub(crate) from: Option<PathBuf>,
    /// Images (PNG, JPEG) of the printed sheet's codes, in any order.
    #[arg(long, group = "backup", num_args = 1.., value_name = "IMAGE")]
    pub(crate) sheet: Vec<PathBuf>,
    /// A file with the password that the vault had when the backup was made; `--password-file` when absent.
    #[arg(long, required_unless_present = "password_file")]
    pub(crate) backup_password_file: Option<PathBuf>,
    /// A file with the password of the vault that is here. In an empty profile the vault keeps the backup's.
    #[arg(long)]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum WalletCommand {
    /// Create a wallet with a new recovery phrase; the vault too, when it is the first.
    Create {
        #[command(flatten)]
        vault: VaultArguments,
        /// What the household calls it.
        #[arg(long, default_value = "Household")]
        name: String,
        /// Words of the phrase: 12, 15, 18, 21 or 24.
        #[arg(long, default_value_t = 12)]
        words: u8,
        /// A file with a passphrase (BIP-39) that belongs to the phrase: the words alone will not restore the wallet.
        #[arg(long)]
        passphrase_file: Option<PathBuf>,
        /// Write the phrase to this new file (0600); it is shown nowhere else. Move it offline, then delete it.
        #[arg(long)]
        phrase_file: Option<PathBuf>,
    },
    /// Import a wallet; the vault is made when it is the first.
    Import {
        #[command(flatten)]
        vault: VaultArguments,
        /// What the household calls it.
        #[arg(long, default_value = "Imported")]
        name: String,
        #[command(flatten)]
        source: SourceArguments,
        /// Refuse unless the source gives this address; may be repeated.
        #[arg(long = "expect", value_name = "ADDRESS")]
        expected: Vec<Address>,
    },
    /// Show the accounts that an import would bring, with their balances; nothing is kept.
    Scan {
        #[command(flatten)]
        profile: ProfileArguments,
        #[command(flatten)]
        source: SourceArguments,
    },
    /// List the wallets; needs no password.
    List(ProfileArguments),
    /// Open the vault from the disk again and derive every address from its key.
    Verify(VaultArguments),
    /// Add an account to a wallet that comes from a phrase.
    AddAccount {
        #[command(flatten)]
        of: OneWalletArguments,
        /// The last step of m/44'/60'/0'/0/N; the next free one when absent.
        #[arg(long, value_name = "N")]
        index: Option<u32>,
    },
    /// Choose the account that is proposed when a meter is added.
    Primary {
        #[command(flatten)]
        profile: ProfileArguments,
        /// One of the vault's accounts.
        #[arg(long)]
        address: Address,
    },
    /// Give a wallet another name.
    Rename {
        #[command(flatten)]
        of: OneWalletArguments,
        /// The new name.
        #[arg(long)]
        name: String,
    },
    /// Remove a wallet from this computer; the vault and its copy go with the last one.
    Remove {
        #[command(flatten)]
        of: OneWalletArguments,
    },
    /// Put the vault under another password.
    Passwd {
        #[command(flatten)]
        vault: VaultArguments,
        /// A file with the new password; `-` reads standard input.
        #[arg(long)]
        new_password_file: PathBuf,
    },
    /// Write the recovery phrase to a new file (0600). Move it offline, then delete it.
    Reveal {
        #[command(flatten)]
        of: OneWalletArguments,
        /// The new file.
        #[arg(long)]
        phrase_file: PathBuf,
    },
    /// Note that the phrase was written down, after comparing what was typed back.
    Confirm {
        #[command(flatten)]
        of: OneWalletArguments,
        /// A file with the phrase as typed back; `-` reads standard input.
        #[arg(long)]
        phrase_file: PathBuf,
    },
    /// Write one key as a Web3 Secret Storage (v3) file, which other wallets open.
    Export {
        #[command(flatten)]
        vault: VaultArguments,
        /// Which account; the primary one when absent.
        #[arg(long)]
        address: Option<Address>,
        /// The new file (0600).
        #[arg(long)]
        out: PathBuf,
        /// A file with the password of the new file; `-` reads standard input.
        #[arg(long)]
        file_password_file: PathBuf,
    },
    /// Write one encrypted file with all wallets, meters, registers, settings and contacts, and open it again.
    Backup {
        #[command(flatten)]
        vault: VaultArguments,
        /// The file; an older backup is replaced, another file is not.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write the printable sheet (PDF): addresses, and the encrypted vault as QR codes.
    Sheet {
        #[command(flatten)]
        profile: ProfileArguments,
        /// The new file.
        #[arg(long)]
        out: PathBuf,
        /// Its language.
        #[arg(long, default_value = "id", value_parser = ["id", "en"])]
        language: String,
    },
    /// Restore a backup beside what is here; nothing that is here is overwritten. The list that is shown is thereby seen.
    Restore(RestoreArguments),
    /// Show what was done with wallets, newest first.
    Activity {
        #[command(flatten)]
        profile: ProfileArguments,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
}

#[derive(Subcommand)]
pub(crate) enum ContactsCommand {
    /// List the address book.
    List(ProfileArguments),
    /// Note a contact, or rename the one with this address.
    Put {
        #[command(flatten)]
        profile: ProfileArguments,
        /// Whose; refused when its checksum is wrong.
        #[arg(long)]
        address: String,
        /// What the household calls them.
        #[arg(long)]
        name: String,
    },
    /// Forget a contact.
    Remove {
        #[command(flatten)]
        profile: ProfileArguments,
        /// Whose.
        #[arg(long)]
        address: Address,
    },
}

#[derive(Subcommand)]
pub(crate) enum SettlementKeyCommand {
    /// Let settlement of a meter go on while the wallet is locked.
    On(OneMeterArguments),
    /// Let it wait for the wallet again: the key is revoked on chain, then destroyed.
    Off(OneMeterArguments),
    /// Show the settlement keys of all meters.
    Show(ProfileArguments),
}

/// Which meter of which profile.
#[derive(Args)]
pub(crate) struct OneMeterArguments {
    #[command(flatten)]
    pub(crate) unlock: UnlockArguments,
    /// Which meter.
    #[arg(long)]
    pub(crate) id: enerlink_domain::MeterId,
}
