//! Wallets as a person sees them: accounts, what was done with them, what a backup holds. Nothing here is secret.

mod activity;
mod backup;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Address, Code, Error, MeterId, UnixMillis,
    event::Balances,
    id::{hex, unhex},
};

pub use self::{
    activity::{Activity, ActivityPage, LockReason, WalletAct, WalletHistory},
    backup::{
        BackupContent, BackupReport, BackupSource, Outcome, RestoredMeter, RestoredWallet, SheetReport,
    },
};

/// The name of a wallet in its vault: sixteen random bytes, written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalletId(pub [u8; 16]);

impl fmt::Display for WalletId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

impl FromStr for WalletId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        unhex(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or("a wallet id is 32 hexadecimal digits")
    }
}

impl Serialize for WalletId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WalletId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// What a wallet's keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalletKind {
    /// A BIP-39 phrase: any number of accounts.
    Phrase,
    /// One private key: one account, and nothing to write down as words.
    PrivateKey,
}

/// An account of a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The last step of the derivation path; 0 for a private key.
    pub index: u32,
    /// Its address, in JSON with the checksum of EIP-55.
    pub address: Address,
    /// `m/44'/60'/0'/0/index` (BIP-44); none for a private key.
    pub path: Option<String>,
}

/// A wallet, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletView {
    /// Its id.
    pub wallet: WalletId,
    /// What the household calls it.
    pub name: String,
    /// What its keys come from.
    pub kind: WalletKind,
    /// Whether a BIP-39 passphrase belongs to the phrase: the words alone do not restore it.
    pub passphrase: bool,
    /// Whether the phrase was typed back; always true for a private key, which has none.
    pub phrase_confirmed: bool,
    /// When it came into this vault.
    pub created_at: UnixMillis,
    /// Its accounts, at least one.
    pub accounts: Vec<AccountView>,
}

impl WalletView {
    /// The account that is shown for the wallet: its first.
    pub fn address(&self) -> Address {
        self.accounts
            .first()
            .map(|account| account.address)
            .unwrap_or_default()
    }

    /// Whether `address` is one of its accounts.
    pub fn has(&self, address: Address) -> bool {
        self.accounts.iter().any(|account| account.address == address)
    }
}

/// What is imported. Secrets in it are on their way into the vault and are not kept elsewhere.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum ImportSource {
    /// A BIP-39 phrase.
    Phrase {
        /// 12, 15, 18, 21 or 24 words of one of the standard lists.
        words: String,
        /// The passphrase of BIP-39, empty for none.
        passphrase: String,
        /// Which accounts: the last step of `m/44'/60'/0'/0/index`, at least one, at most 100.
        accounts: Vec<u32>,
    },
    /// A private key: 64 hexadecimal digits, with or without `0x`.
    PrivateKey {
        /// The digits.
        key: String,
    },
    /// A Web3 Secret Storage file of version 3.
    Keystore {
        /// Where it lies. In the window only a file that the native dialog has picked.
        path: String,
        /// The password of the file.
        password: String,
    },
}

/// What an import would bring, before anything is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPreview {
    /// The accounts, in the order asked for.
    pub accounts: Vec<PreviewAccount>,
    /// Whether the source itself names the address: a key file without one is to be compared by eye.
    pub address_claimed: bool,
    /// Whether the file held fewer than 32 bytes of key, which were filled with zeros at the left.
    pub padded: bool,
}

/// An account of an [`ImportPreview`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewAccount {
    /// The account.
    #[serde(flatten)]
    pub account: AccountView,
    /// What it holds, when the chain could be asked.
    pub balances: Option<Balances>,
    /// The name of the wallet that has it already.
    pub known_as: Option<String>,
}

/// A file that the native dialog has picked or written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickedFile {
    /// Where it lies.
    pub path: String,
    /// Its name without the directory.
    pub name: String,
}

/// How far a settlement key has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettlementKeyState {
    /// There is none: settlement waits while the wallet is locked.
    Off,
    /// It is made and waits for the chain to know it.
    Authorising,
    /// It settles while the wallet is locked.
    Active,
    /// It is given up and waits for the chain to forget it.
    Revoking,
    /// The chain knows the key of another computer; this one is not used.
    Elsewhere,
    /// The chain was not read yet.
    Unknown,
}

/// The settlement key of a meter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementKeyView {
    /// Which meter.
    pub meter_id: MeterId,
    /// What the household calls it.
    pub meter_name: String,
    /// The address of the key on this computer.
    pub key: Option<Address>,
    /// The address that the chain knows.
    pub on_chain: Option<Address>,
    /// How far it has come.
    pub state: SettlementKeyState,
}

/// The security page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityView {
    /// Minutes without a person after which the wallet locks; 0 is never.
    pub idle_lock_minutes: u32,
    /// Every wallet's history, in the order of the vault.
    pub histories: Vec<WalletHistory>,
    /// Every meter's settlement key.
    pub settlement_keys: Vec<SettlementKeyView>,
    /// Whether a restored profile waits for a person to look at what was restored; nothing is sent until then.
    pub restored: Option<BackupContent>,
}

/// An entry of the address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Whose.
    pub address: Address,
    /// What the household calls them, 1 to 64 characters.
    pub name: String,
    /// When it was noted.
    pub created_at: UnixMillis,
}

/// What a typed address is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum AddressCheck {
    /// It carries a right checksum.
    Good {
        /// The address.
        address: Address,
    },
    /// It is all lower or all upper case: a mistyped digit would not be noticed.
    NoChecksum {
        /// The address, to be compared.
        address: Address,
    },
    /// It is not an address.
    Bad {
        /// Why not.
        error: Error,
    },
}

impl AddressCheck {
    /// Judges a text exactly as typed: white space, look-alike letters of other scripts and a wrong checksum are bad.
    pub fn of(text: &str) -> Self {
        match text.parse::<Address>() {
            Ok(address) if address.to_string() == text => Self::Good { address },
            Ok(address) => Self::NoChecksum { address },
            Err(error) => Self::Bad {
                error: Error::new(Code::InvalidInput, error.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for act in WalletAct::ALL {
            assert_eq!(WalletAct::parse(act.as_str()), Some(act));
            assert_eq!(
                serde_json::to_string(&act).expect("json"),
                format!("{:?}", act.as_str())
            );
        }
        let id = WalletId([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("07".parse::<WalletId>().is_err());
    }

    #[test]
    fn a_wallet_answers_with_its_accounts() {
        let view = WalletView {
            wallet: WalletId([0xab; 16]),
            name: "Home".to_owned(),
            kind: WalletKind::Phrase,
            passphrase: false,
            phrase_confirmed: true,
            created_at: UnixMillis(5),
            accounts: vec![AccountView {
                index: 3,
                address: Address([0xab; 20]),
                path: Some("m/44'/60'/0'/0/3".to_owned()),
            }],
        };
        let json = serde_json::to_value(&view).expect("json");
        assert_eq!(json["wallet"], "ab".repeat(16));
        assert_eq!(json["accounts"][0]["address"], Address([0xab; 20]).to_string());
        assert_eq!(json["accounts"][0]["path"], "m/44'/60'/0'/0/3");
    }

    /// The examples of EIP-55, two each of all upper, all lower and mixed case.
    const EIP_55: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn the_examples_of_eip_55_are_good() {
        for text in EIP_55 {
            assert!(
                matches!(AddressCheck::of(text), AddressCheck::Good { address } if address.to_string() == text)
            );
        }
    }

    #[test]
    fn a_letter_of_the_other_case_is_bad_wherever_it_stands() {
        for text in &EIP_55[4..] {
            for at in (2..42).filter(|at| text.as_bytes()[*at].is_ascii_alphabetic()) {
                let mut flipped = text.as_bytes().to_vec();
                flipped[at] ^= 0x20;
                let flipped = String::from_utf8(flipped).expect("ASCII");
                assert!(
                    matches!(AddressCheck::of(&flipped), AddressCheck::Bad { .. }),
                    "{flipped}"
                );
            }
        }
    }

    #[test]
    fn one_case_only_is_no_checksum() {
        let lower = EIP_55[4].to_lowercase();
        let upper = format!("0x{}", EIP_55[4][2..].to_uppercase());
        for text in [lower, upper] {
            assert!(
                matches!(AddressCheck::of(&text), AddressCheck::NoChecksum { address } if address.to_string() == EIP_55[4])
            );
        }
    }

    #[test]
    fn white_space_and_letters_of_other_scripts_are_bad() {
        let good = EIP_55[4];
        let cyrillic = good.replacen('e', "\u{435}", 1);
        assert_ne!(cyrillic, good);
        let spaced = format!("{} {}", &good[..21], &good[21..]);
        for text in [
            cyrillic.as_str(),
            &spaced,
            &format!(" {good}"),
            &format!("{good}\n"),
            &good[2..],
            &good.replacen("0x", "0X", 1),
            &good[..41],
            "",
        ] {
            assert!(
                matches!(AddressCheck::of(text), AddressCheck::Bad { .. }),
                "{text:?}"
            );
        }
    }
}
