//! The log of transactions: a line for each that came to its end, and for each that the chain took back.

use serde::{Deserialize, Serialize};

use super::{TxDetail, TxKind};
use crate::{Address, MeterId, Status, TxHash, UnixMillis};

/// What a transaction was about when its line was written. As text it is the detail's object with more fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxAbout {
    /// What it does in particular.
    #[serde(flatten)]
    pub detail: Option<TxDetail>,
    /// The meter it is for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub meter_id: Option<MeterId>,
    /// The settlement it is for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settlement_id: Option<String>,
    /// The including block.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub block: Option<u64>,
    /// Why it failed, or waits again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedTransaction {
    /// The line's number.
    pub id: i64,
    /// When it was written.
    pub at: UnixMillis,
    /// What the transaction is for.
    pub kind: TxKind,
    /// How it ended; PENDING when the chain took it back.
    pub status: Status,
    /// The account that signed.
    pub account: Address,
    /// None when it was never signed.
    pub hash: Option<TxHash>,
    /// What it was about.
    pub about: TxAbout,
    /// All of that as an English sentence, with canonical amounts and whole addresses.
    pub line: String,
}

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionLogPage {
    /// Newest first.
    pub rows: Vec<LoggedTransaction>,
    /// Give this as `before` for the next page; none at the end.
    pub next: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    #[test]
    fn what_a_line_is_about_comes_back_also_from_an_earlier_version() {
        let detail = TxDetail::Revoke {
            token: Token::Etk,
            spender: Address([7; 20]),
        };
        let bare = serde_json::to_string(&detail).expect("json");
        let old = TxAbout {
            detail: Some(detail),
            ..TxAbout::default()
        };
        assert_eq!(
            serde_json::from_str::<TxAbout>(&bare).expect("a detail alone"),
            old
        );
        let settled = TxAbout {
            meter_id: Some("HOME-001".parse().expect("an id")),
            settlement_id: Some("HOME-001/131/0".to_owned()),
            block: Some(5),
            ..TxAbout::default()
        };
        let failed = TxAbout {
            reason: Some("the ramp is closed".to_owned()),
            ..old
        };
        for about in [settled, failed, TxAbout::default()] {
            let text = serde_json::to_string(&about).expect("json");
            assert_eq!(serde_json::from_str::<TxAbout>(&text).expect(&text), about);
        }
    }
}
