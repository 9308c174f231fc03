//! What can go wrong between the wallet and a node, each a sentence with the values involved.

use enerlink_domain::{Address, BlockHash, Code, Error};
use thiserror::Error as ThisError;

use crate::Revert;

/// Why a question to the chain has no good answer.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum ChainError {
    /// The address of the node cannot be used. The text never repeats the address, which may hold a password.
    #[error("the node's address is not usable: {reason}")]
    BadUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The addresses file cannot be used.
    #[error("the addresses file is not usable: {reason}")]
    BadAddresses {
        /// What is wrong with it.
        reason: String,
    },
    /// No answer, or none in time. After [`crate::Chain::send_raw`] the outcome is unknown.
    #[error("the node at {node} cannot be reached: {reason}")]
    Unreachable {
        /// Scheme, host and port.
        node: String,
        /// What happened.
        reason: String,
    },
    /// An answer that is not JSON-RPC, belongs to another question, or cannot be true.
    #[error("the node at {node} answers {method} wrongly: {reason}")]
    BadAnswer {
        /// Scheme, host and port.
        node: String,
        /// The JSON-RPC method.
        method: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An answer that is larger than the wallet reads.
    #[error("the node at {node} answers {method} with more than {limit} bytes")]
    TooLarge {
        /// Scheme, host and port.
        node: String,
        /// The JSON-RPC method.
        method: String,
        /// What would be read, in bytes.
        limit: usize,
    },
    /// A JSON-RPC error that is not one of the others.
    #[error("the node at {node} refuses {method}: {message} (code {code})")]
    Refused {
        /// Scheme, host and port.
        node: String,
        /// The JSON-RPC method.
        method: String,
        /// The node's code.
        code: i64,
        /// The node's words, shortened.
        message: String,
    },
    /// The node serves another chain.
    #[error("the node serves chain {found}, the network is chain {expected}")]
    WrongChain {
        /// EIP-155 chain id of the network.
        expected: u64,
        /// EIP-155 chain id of the node.
        found: u64,
    },
    /// Same chain id, other chain.
    #[error("the node serves another chain of the same id: its genesis is {found}, expected {expected}")]
    OtherChain {
        /// Hash of block 0 of the network.
        expected: BlockHash,
        /// Hash of block 0 of the node.
        found: BlockHash,
    },
    /// A node tells another history than was known, or has lost a part of it that no reorganisation reaches.
    #[error(
        "the node at {node} contradicts what is known of block {block}: {}, known is {expected}",
        told(found)
    )]
    Disagree {
        /// Scheme, host and port.
        node: String,
        /// Height of the block.
        block: u64,
        /// Its hash, as a node said that was believed.
        expected: BlockHash,
        /// Its hash now; nothing when there is no such block any more.
        found: Option<BlockHash>,
    },
    /// Something else, or nothing, stands where a contract should be.
    #[error("there is no {contract} at {address}: {reason}")]
    ContractsMissing {
        /// The contract's name.
        contract: &'static str,
        /// Where it should be.
        address: Address,
        /// What is there instead.
        reason: String,
    },
    /// The sender cannot pay for value and gas.
    #[error("the account {account} cannot pay for the transaction: {message}")]
    InsufficientFunds {
        /// The sender.
        account: Address,
        /// The node's words, shortened.
        message: String,
    },
    /// An estimate that no transaction of this wallet can need (EIP-7825 caps a transaction at 16 777 216).
    #[error("the node estimates {gas} gas, which is not between 21000 and {limit}")]
    AbsurdGas {
        /// The node's estimate.
        gas: u64,
        /// What is accepted at most.
        limit: u64,
    },
    /// The contract refuses the call.
    #[error(transparent)]
    Reverted(#[from] Revert),
}

impl ChainError {
    fn code(&self) -> Code {
        match self {
            Self::BadUrl { .. } | Self::BadAddresses { .. } => Code::InvalidInput,
            Self::Unreachable { .. }
            | Self::BadAnswer { .. }
            | Self::TooLarge { .. }
            | Self::Refused { .. }
            | Self::AbsurdGas { .. } => Code::NodeUnreachable,
            Self::WrongChain { .. } => Code::WrongChain,
            Self::OtherChain { .. } => Code::OtherChain,
            Self::Disagree { .. } => Code::NodesDisagree,
            Self::ContractsMissing { .. } => Code::ContractsMissing,
            Self::InsufficientFunds { .. } => Code::NoGas,
            Self::Reverted(revert) => revert.code(),
        }
    }
}

impl From<ChainError> for Error {
    fn from(error: ChainError) -> Self {
        Self::new(error.code(), sentence(&error.to_string()))
    }
}

fn told(found: &Option<BlockHash>) -> String {
    found.map_or_else(|| "it has none".to_owned(), |hash| hash.to_string())
}

/// `text` with a capital and a full stop, as a person reads it.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
}

/// What a stranger says, made fit for one line: no control characters, at most 200 letters.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 200;
    let clean = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut short: String = text.chars().take(MOST).map(clean).collect();
    short.truncate(short.trim_end().len());
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_sentences_with_a_code() {
        let wrong = ChainError::WrongChain {
            expected: 31337,
            found: 1,
        };
        let error = Error::from(wrong);
        assert_eq!(error.code, Code::WrongChain);
        assert_eq!(
            error.message,
            "The node serves chain 1, the network is chain 31337."
        );
    }

    #[test]
    fn strange_words_are_cut() {
        assert_eq!(quoted(" a\nb\u{1b}[2J "), "a b [2J");
        assert_eq!(quoted(&"x".repeat(1_000_000)).chars().count(), 201);
    }
}
