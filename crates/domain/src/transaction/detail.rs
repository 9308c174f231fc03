//! What a transaction does in particular, so that a person reads it in words and not as calldata.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Address,
    market::{Lots, OrderFlags, OrderId, Price, Side},
    quantity::quantity,
};

quantity! {
    /// Base units of some token, as many as an allowance may have.
    Units(u128)
}

/// One of the two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Token {
    /// Energy.
    Etk,
    /// Rupiah.
    Idrs,
}

impl Token {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Etk, Self::Idrs];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Etk => "ETK",
            Self::Idrs => "IDRS",
        }
    }

    /// What an order of this side pays with.
    pub fn paid_by(side: Side) -> Self {
        match side {
            Side::Bid => Self::Idrs,
            Side::Ask => Self::Etk,
        }
    }
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
