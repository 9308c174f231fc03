//! Errors that reach a person: a closed code, a sentence, a next step. Nobody matches on the text.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What went wrong, closed: the window and the command line choose words and actions by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The password does not open the vault.
    WrongPassword,
    /// Too many attempts; wait.
    UnlockThrottled,
    /// The password is too weak.
    WeakPassword,
    /// There is no vault yet.
    NoVault,
    /// There is a vault already.
    VaultExists,
    /// The vault cannot be read: damaged, foreign, or made by a newer version.
    VaultUnreadable,
    /// No such wallet, or no such account, in the vault.
    WalletUnknown,
    /// The vault has this wallet or account already.
    WalletKnown,
    /// The phrase is not one of BIP-39: a word, the number of words, or the checksum.
    PhraseInvalid,
    /// The private key or the key file is not accepted.
    KeyInvalid,
    /// The backup cannot be read: damaged, cut, foreign, or made by a newer version.
    BackupUnreadable,
    /// What was restored has to be looked at before anything is sent.
    RestoreUnseen,
    /// The wallet is locked.
    Locked,
    /// Another process has the profile.
    ProfileInUse,
    /// The broker cannot be reached.
    BrokerUnreachable,
    /// The broker refuses the user or the topic.
    BrokerRefused,
    /// Another program uses this wallet's client id at the broker.
    ClientIdTaken,
    /// The meter has not been heard for two intervals or more.
    MeterSilent,
    /// The Ethereum node cannot be reached or does not answer properly.
    NodeUnreachable,
    /// The node serves another chain id than the network says.
    WrongChain,
    /// Same chain id, other genesis or converter than this profile is bound to.
    OtherChain,
    /// There is no EnerLink contract at the address.
    ContractsMissing,
    /// No network is configured.
    NoNetwork,
    /// The meter is not registered on chain.
    MeterUnregistered,
    /// The meter is registered to another account, or retired.
    MeterForeign,
    /// No such meter in this profile.
    MeterUnknown,
    /// The meter is in this profile already.
    MeterExists,
    /// A person has to confirm it first.
    ConfirmationMissing,
    /// Too many commands in a short time.
    TooOften,
    /// Something of it is still on its way.
    StillPending,
    /// The account cannot pay for gas.
    NoGas,
    /// The balance does not cover it.
    InsufficientBalance,
    /// Nothing, or too little, to settle.
    NothingToSettle,
    /// A settlement of this meter is on its way.
    SettlementPending,
    /// The network has no market.
    NoMarket,
    /// The market's book is being read, or does not agree with the chain.
    MarketUnread,
    /// An order that the market cannot take: no lots, no price, too many at once.
    OrderInvalid,
    /// The order must not trade at once, and would.
    OrderCrosses,
    /// The order is filled or cancelled already.
    OrderClosed,
    /// The order belongs to somebody else.
    OrderForeign,
    /// A contract may not take as many tokens of the account as it needs.
    AllowanceMissing,
    /// The contract refuses the transaction.
    Reverted,
    /// The transaction is past the point where it can be changed.
    TooLate,
    /// Two nodes tell different things about the same block, or one contradicts itself.
    NodesDisagree,
    /// A receipt does not prove what it says.
    ReceiptInvalid,
    /// The database cannot be read or written.
    Storage,
    /// The database is damaged.
    DatabaseDamaged,
    /// The input is not valid.
    InvalidInput,
    /// A defect of this program.
    Internal,
}

impl Code {
    /// What the person can do about it.
    pub fn next_step(self) -> &'static str {
        match self {
            Self::WrongPassword => "Type the password again; check caps lock.",
            Self::UnlockThrottled => "Wait for the time shown, then try again.",
            Self::WeakPassword => "Choose at least 12 characters that are hard to guess.",
            Self::NoVault => "Create a wallet first.",
            Self::VaultExists => "Unlock the wallet that is there, or choose another data directory.",
            Self::VaultUnreadable => {
                "Restore the vault from its .bak copy or from your backup; nothing was changed."
            }
            Self::WalletUnknown => "Choose one of the wallets that are listed.",
            Self::WalletKnown => {
                "Use the wallet that is there; add an account to it if you need another one."
            }
            Self::PhraseInvalid => "Compare each word with what you wrote down, in the same order.",
            Self::KeyInvalid => "Check the key or the file; nothing was stored.",
            Self::BackupUnreadable => "Choose another copy of the backup; nothing was changed.",
            Self::RestoreUnseen => "Look at the list of what was restored and confirm it.",
            Self::Locked => "Unlock the wallet and try again.",
            Self::ProfileInUse => {
                "Do it in the other EnerLink process, or close that one first; another data directory is another profile."
            }
            Self::BrokerUnreachable => {
                "Check that the broker is switched on and that address and port are right."
            }
            Self::BrokerRefused => "Check the broker's user name, password, certificates and access list.",
            Self::ClientIdTaken => {
                "End the other program, or the copy of this profile; only one of them can listen."
            }
            Self::MeterSilent => "Check the meter's power and network, and the base topic.",
            Self::NodeUnreachable => {
                "Check that the Ethereum node is running and that its address is right; energy is counted meanwhile."
            }
            Self::WrongChain => "Choose a node of the configured chain, or import the right addresses file.",
            Self::OtherChain => {
                "Use another profile for this chain; the one that this profile knows is left untouched."
            }
            Self::ContractsMissing => "Ask the operator for the current addresses file and import it.",
            Self::NoNetwork => "Import the operator's addresses file.",
            Self::MeterUnregistered => {
                "Send the registration request to the operator; energy is counted and carried meanwhile."
            }
            Self::MeterForeign => "Ask the operator to register the meter to your account.",
            Self::MeterUnknown => "Check the meter id, or add the meter.",
            Self::MeterExists => "Choose another meter id, or edit the meter that is there.",
            Self::ConfirmationMissing => "Confirm the command; on the command line with --yes.",
            Self::TooOften => "Wait a few seconds and try again.",
            Self::StillPending => "Wait until it is confirmed, then try again.",
            Self::NoGas => "Ask the operator to fund your account with the native coin; nothing is lost.",
            Self::InsufficientBalance => "Get tokens first; what is owed is carried.",
            Self::NothingToSettle => "Wait until more energy has flowed; it is carried.",
            Self::SettlementPending => "Wait for the settlement that is on its way.",
            Self::NoMarket => "Ask the operator for an addresses file that names the market, and import it.",
            Self::MarketUnread => "Wait until the book is read; it goes on by itself.",
            Self::OrderInvalid => "Correct the order: at least one lot, at a price of at least 1.",
            Self::OrderCrosses => "Choose a price that does not trade at once, or let the order trade.",
            Self::OrderClosed => "Nothing is left to do; the list of orders shows what became of it.",
            Self::OrderForeign => "Choose one of your own orders.",
            Self::AllowanceMissing => "Try again; the wallet asks for what the order needs.",
            Self::Reverted => "Read the reason; the energy is still owed and nothing is lost.",
            Self::TooLate => "Wait for its end; the list of transactions shows it.",
            Self::NodesDisagree => {
                "Ask the operator which node is right; nothing is signed until they agree."
            }
            Self::ReceiptInvalid => {
                "Ask for the receipt again, and for the hash of its block from a source you trust."
            }
            Self::Storage => "Check that the disk has room and is not read-only; committed data is kept.",
            Self::DatabaseDamaged => {
                "Put a copy back with `enerlink database restore --from COPY`; what settled since is read from the chain."
            }
            Self::InvalidInput => "Correct the input and try again.",
            Self::Internal => "Restart the app and report the problem with the log; stored data is kept.",
        }
    }
}

/// An error for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{message}")]
pub struct Error {
    /// Closed reason.
    pub code: Code,
    /// One sentence, with the values involved, without secrets.
    pub message: String,
}

impl Error {
    /// An error with its sentence. Of a very long one, which repeats what somebody has sent, the beginning is kept.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some((end, _)) = message.char_indices().nth(LONGEST) {
            message.truncate(end);
            message.push('…');
        }
        Self { code, message }
    }
}

/// In characters.
const LONGEST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_sends_does_not_make_an_error_long() {
        let short = Error::new(Code::InvalidInput, "é".repeat(LONGEST));
        assert_eq!(short.message.chars().count(), LONGEST);
        let long = Error::new(Code::InvalidInput, "é".repeat(10 * LONGEST));
        assert_eq!(long.message, "é".repeat(LONGEST) + "…");
    }
}
