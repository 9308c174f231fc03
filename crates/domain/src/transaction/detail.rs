//! What a transaction does in particular, so that a person reads it in words and not as calldata.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Address, Idrs, Wei,
    market::{Lots, OrderFlags, OrderId, Pair, Price, Side},
    quantity::quantity,
    token::{Amount, Ramp, Token},
};

quantity! {
    /// Base units of some token, as many as an allowance may have.
    Units(u128)
}

/// What a transaction does, beyond its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum TxDetail {
    /// Places an order.
    Place {
        /// What it wants.
        side: Side,
        /// The worst price, IDRS base units per lot.
        price: Price,
        /// How much.
        lots: Lots,
        /// How it behaves when it arrives.
        flags: OrderFlags,
        /// The token's number of the signed allowance that it carries, if it does.
        permit: Option<u64>,
    },
    /// Cancels orders.
    Cancel {
        /// Which.
        orders: Vec<OrderId>,
    },
    /// Lets somebody take tokens of the account.
    Approve {
        /// Which token.
        token: Token,
        /// Who may.
        spender: Address,
        /// Base units at most.
        amount: Units,
    },
    /// Tokens or coins leave the account.
    Send {
        /// What.
        amount: Amount,
        /// Whom they go to.
        to: Address,
    },
    /// IDRS are made or taken.
    Ramp {
        /// Which way.
        way: Ramp,
        /// How many.
        amount: Idrs,
    },
    /// Nobody may take this account's tokens any more.
    Revoke {
        /// Which token.
        token: Token,
        /// Who could.
        spender: Address,
    },
}

impl TxDetail {
    /// Native coin that goes along.
    pub fn value(&self) -> Wei {
        match self {
            Self::Send {
                amount: Amount::Coin(value),
                ..
            } => *value,
            Self::Place { .. }
            | Self::Cancel { .. }
            | Self::Approve { .. }
            | Self::Send { .. }
            | Self::Ramp { .. }
            | Self::Revoke { .. } => Wei::ZERO,
        }
    }

    /// What it takes from the account, without gas. What a lot is, only the market of `pair` knows: without it nothing is
    /// known of an order that sells.
    pub fn takes(&self, pair: Option<Pair>) -> Option<Amount> {
        match self {
            Self::Place {
                side: Side::Bid,
                price,
                lots,
                ..
            } => Some(Amount::Idrs(Pair::cost(*lots, *price))),
            Self::Place {
                side: Side::Ask,
                lots,
                ..
            } => pair.map(|pair| Amount::Etk(pair.etk(*lots))),
            Self::Send { amount, .. } => Some(*amount),
            Self::Ramp {
                way: Ramp::Off,
                amount,
            } => Some(Amount::Idrs(*amount)),
            Self::Ramp { way: Ramp::On, .. }
            | Self::Cancel { .. }
            | Self::Approve { .. }
            | Self::Revoke { .. } => None,
        }
    }

    /// What it does, as words for a log: canonical amounts and whole addresses.
    pub fn words(&self) -> String {
        match self {
            Self::Place {
                side, price, lots, ..
            } => format!("order {side} {lots} lots at {price} IDRS base units each"),
            Self::Cancel { orders } => format!("cancel {} orders", orders.len()),
            Self::Approve {
                token,
                spender,
                amount,
            } => format!("let {spender} take {} base units of {}", amount.0, token.symbol()),
            Self::Send { amount, to } => format!("send {amount} to {to}"),
            Self::Ramp {
                way: Ramp::On,
                amount,
            } => format!("exchange {amount} IDR for IDRS (simulated)"),
            Self::Ramp {
                way: Ramp::Off,
                amount,
            } => format!("exchange {amount} IDRS for IDR (simulated)"),
            Self::Revoke { token, spender } => format!("end the {} allowance of {spender}", token.symbol()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_a_flat_object_and_comes_back() {
        let detail = TxDetail::Approve {
            token: Token::Idrs,
            spender: Address([1; 20]),
            amount: Units(u128::MAX),
        };
        let text = serde_json::to_string(&detail).expect("json");
        assert!(text.starts_with(r#"{"does":"approve","token":"IDRS""#), "{text}");
        assert!(
            text.contains(r#""amount":"340282366920938463463374607431768211455""#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<TxDetail>(&text).expect("detail"), detail);
    }
}
