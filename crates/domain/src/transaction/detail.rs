//! What a transaction does in particular, so that a person reads it in words and not as calldata.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Address, Idrs, Wei,
    market::{Lots, OrderFlags, OrderId, Pair, Price, PriceUnit, Side},
    quantity::quantity,
    token::{Amount, Ramp, Token},
};

quantity! {
    /// Base units of some token, as many as an allowance may have.
    Units(u128)
}

/// Digits after the point of an amount or a price that no decimal can write.
const DIGITS: usize = 8;

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
        /// What a lot is there; rows of earlier versions do not say it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pair: Option<Pair>,
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
                side,
                price,
                lots,
                pair: Some(pair),
                ..
            } => {
                let per_kwh = pair.price(*price, PriceUnit::Kwh).plain(DIGITS);
                format!(
                    "order {side} {} kWh at Rp {per_kwh} a kWh",
                    pair.kwh(*lots).plain(DIGITS)
                )
            }
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
    use crate::Etk;

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
    #[test]
    fn an_order_is_told_in_energy_as_long_as_it_says_what_a_lot_is() {
        let order = |pair| TxDetail::Place {
            side: Side::Ask,
            price: Price::new(1_444).expect("above zero"),
            lots: Lots(2_500),
            flags: OrderFlags::GoodTillCancelled,
            permit: None,
            pair,
        };
        // 1 kWh are 1000 ETK, a lot is 10 of them.
        let known = order(Some(Pair::new(Etk(1_000), 100_000).expect("a pair")));
        assert_eq!(known.words(), "order ASK 25 kWh at Rp 1444 a kWh");
        let text = serde_json::to_string(&known).expect("json");
        assert_eq!(serde_json::from_str::<TxDetail>(&text).expect("detail"), known);
        let old = order(None);
        assert_eq!(old.words(), "order ASK 2500 lots at 1444 IDRS base units each");
        let text = serde_json::to_string(&old).expect("json");
        assert!(!text.contains("pair"), "as an earlier version wrote it: {text}");
        assert_eq!(serde_json::from_str::<TxDetail>(&text).expect("detail"), old);
    }
}
