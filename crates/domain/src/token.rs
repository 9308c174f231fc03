//! Tokens and the chain's coin: exact amounts, and what is sent, exchanged, received and allowed.

mod history;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::history::{
    Conversion, ConversionFilter, ConversionPage, Movement, MovementFilter, MovementKind, MovementPage,
};
use crate::{
    Address, Code, Error, Etk, Idrs, Wei,
    decimal::{self, ParseDecimalError},
    market::Side,
    payee::PayeeCheck,
};

/// The most that one exchange makes or takes: 10^12 IDRS. What the simulated ramp gives away must not grow beyond what
/// amounts can hold.
pub const MOST_RAMPED: Idrs = Idrs(100_000_000_000_000);

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

    /// What stands beside an amount, and the name in the database and in JSON.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Etk => "ETK",
            Self::Idrs => "IDRS",
        }
    }

    /// The reverse of [`Token::symbol`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|token| token.symbol() == text)
    }

    /// What an order of this side pays with.
    pub fn paid_by(side: Side) -> Self {
        match side {
            Side::Bid => Self::Idrs,
            Side::Ask => Self::Etk,
        }
    }

    /// So many base units of it.
    pub fn of(self, base_units: i128) -> Amount {
        match self {
            Self::Etk => Amount::Etk(Etk(base_units)),
            Self::Idrs => Amount::Idrs(Idrs(base_units)),
        }
    }
}

/// What can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asset {
    /// Energy tokens.
    Etk,
    /// Rupiah tokens.
    Idrs,
    /// The chain's native coin, which pays for gas.
    Coin,
}

impl Asset {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Etk, Self::Idrs, Self::Coin];

    /// The name in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Etk => "etk",
            Self::Idrs => "idrs",
            Self::Coin => "coin",
        }
    }

    /// The reverse of [`Asset::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|asset| asset.as_str() == text)
    }

    /// Decimals of its base unit.
    pub fn decimals(self) -> u32 {
        match self {
            Self::Etk | Self::Idrs => 2,
            Self::Coin => 18,
        }
    }
}

/// An amount of one of them. Never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "asset", content = "amount", rename_all = "snake_case")]
pub enum Amount {
    /// Energy tokens.
    Etk(Etk),
    /// Rupiah tokens.
    Idrs(Idrs),
    /// Native coin.
    Coin(Wei),
}

impl Amount {
    /// Reads a canonical decimal such as `1234.56`: exact, or refused.
    pub fn parse(asset: Asset, text: &str) -> Result<Self, ParseDecimalError> {
        let value = decimal::parse_exact(text, asset.decimals())?;
        Ok(match asset {
            Asset::Etk => Self::Etk(Etk(value)),
            Asset::Idrs => Self::Idrs(Idrs(value)),
            Asset::Coin => Self::Coin(Wei(value.unsigned_abs())),
        })
    }

    /// [`Amount::parse`] of something that moves: more than nothing. The error is for a person.
    pub fn parse_moved(asset: Asset, text: &str) -> Result<Self, Error> {
        let refused = |why: String| Error::new(Code::InvalidInput, why);
        let amount = Self::parse(asset, text).map_err(|error| {
            let most = asset.decimals();
            refused(match error {
                ParseDecimalError::TooPrecise => format!("the amount has more than {most} decimals"),
                ParseDecimalError::OutOfRange => "the amount is larger than any balance".to_owned(),
                ParseDecimalError::Negative => "the amount is negative".to_owned(),
                ParseDecimalError::NotANumber => {
                    format!("the amount {text:?} is not a number such as 1234.56")
                }
            })
        })?;
        match amount.base_units() {
            0 => Err(refused("the amount is nothing".to_owned())),
            _ => Ok(amount),
        }
    }

    /// Which one.
    pub fn asset(self) -> Asset {
        match self {
            Self::Etk(_) => Asset::Etk,
            Self::Idrs(_) => Asset::Idrs,
            Self::Coin(_) => Asset::Coin,
        }
    }

    /// Which token; the coin is none.
    pub fn token(self) -> Option<Token> {
        match self {
            Self::Etk(_) => Some(Token::Etk),
            Self::Idrs(_) => Some(Token::Idrs),
            Self::Coin(_) => None,
        }
    }

    /// In base units; of what is negative nothing.
    pub fn base_units(self) -> u128 {
        match self {
            Self::Etk(Etk(units)) | Self::Idrs(Idrs(units)) => u128::try_from(units).unwrap_or(0),
            Self::Coin(Wei(wei)) => wei,
        }
    }

    /// The difference to an amount of the same; `None` when that is more, or something else.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let rest = match (self, other) {
            (Self::Etk(a), Self::Etk(b)) => Self::Etk(a.checked_sub(b).filter(|rest| rest.0 >= 0)?),
            (Self::Idrs(a), Self::Idrs(b)) => Self::Idrs(a.checked_sub(b).filter(|rest| rest.0 >= 0)?),
            (Self::Coin(a), Self::Coin(b)) => Self::Coin(a.checked_sub(b)?),
            _ => return None,
        };
        Some(rest)
    }

    /// The canonical decimal without its unit, which [`Amount::parse`] reads.
    pub fn digits(self) -> String {
        match self {
            Self::Etk(amount) => amount.to_string(),
            Self::Idrs(amount) => amount.to_string(),
            Self::Coin(amount) => amount.to_string(),
        }
    }
}

impl fmt::Display for Amount {
    /// A canonical decimal with its unit, such as `1234.00 ETK`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self {
            Self::Etk(_) => "ETK",
            Self::Idrs(_) => "IDRS",
            Self::Coin(_) => "of the chain's coin",
        };
        write!(formatter, "{} {unit}", self.digits())
    }
}

/// What a person wants to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendDraft {
    /// An account of this wallet.
    pub from: Address,
    /// The address as typed.
    pub to: String,
    /// What.
    pub asset: Asset,
    /// How much, a canonical decimal.
    pub amount: String,
    /// Whether a person has seen what there is to say of the payee.
    pub confirmed: bool,
}

/// What would become of a [`SendDraft`]; nothing is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendPreview {
    /// The account.
    pub from: Address,
    /// Whom it goes to.
    pub payee: PayeeCheck,
    /// What leaves.
    pub amount: Amount,
    /// What the account holds of it, less what is on its way already.
    pub before: Amount,
    /// What it will hold; gas comes off where it is the coin.
    pub after: Amount,
    /// Native coin for gas, at most.
    pub fee: Wei,
}

/// The two ways of the ramp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ramp {
    /// IDR become IDRS.
    On,
    /// IDRS become IDR.
    Off,
}

impl Ramp {
    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// The reverse of [`Ramp::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::On, Self::Off].into_iter().find(|way| way.as_str() == text)
    }
}

/// Who may take tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spender {
    /// The market of this network.
    Market,
    /// The energy converter of this network.
    Converter,
    /// An account or contract that this network does not name.
    Stranger,
}

/// What somebody may take from an account of this wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Which token.
    pub token: Token,
    /// Whose.
    pub owner: Address,
    /// Who may take it.
    pub spender: Address,
    /// What that is.
    pub known_as: Spender,
    /// How much is left of it; none where there is no end to it.
    pub amount: Option<Amount>,
    /// The block at which it was read.
    pub block: u64,
    /// Whether it is just being ended.
    pub ending: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        assert_eq!(Amount::parse(Asset::Etk, "1.5"), Ok(Amount::Etk(Etk(150))));
        assert_eq!(
            Amount::parse(Asset::Idrs, "1000"),
            Ok(Amount::Idrs(Idrs(100_000)))
        );
        assert_eq!(
            Amount::parse(Asset::Coin, "0.000000000000000001"),
            Ok(Amount::Coin(Wei(1)))
        );
        for text in [
            "1,5", "1e3", " 1", "1 ", "0.001", "-1", "+1", "", "0x1", "1.2.3", "١",
        ] {
            for asset in [Asset::Etk, Asset::Idrs] {
                assert!(Amount::parse(asset, text).is_err(), "{text:?}");
                let refused = Amount::parse_moved(asset, text).expect_err(text);
                assert_eq!(refused.code, Code::InvalidInput);
            }
        }
        let most = format!("1{}", "0".repeat(77));
        for text in [
            most.as_str(),
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        ] {
            for asset in Asset::ALL {
                assert_eq!(Amount::parse(asset, text), Err(ParseDecimalError::OutOfRange));
            }
        }
        for text in ["0", "0.00"] {
            assert!(
                Amount::parse_moved(Asset::Idrs, text).is_err(),
                "nothing cannot be sent"
            );
        }
    }

    #[test]
    fn differences_stay_within_one_asset_and_above_nothing() {
        let (one, two) = (Amount::Etk(Etk(1)), Amount::Etk(Etk(2)));
        assert_eq!(two.checked_sub(one), Some(one));
        assert_eq!(one.checked_sub(two), None);
        assert_eq!(two.checked_sub(Amount::Idrs(Idrs(1))), None);
        assert_eq!(Amount::Coin(Wei(1)).checked_sub(Amount::Coin(Wei(2))), None);
        assert_eq!(two.to_string(), "0.02 ETK");
    }

    #[test]
    fn amounts_carry_their_unit_in_json() {
        let json = serde_json::to_string(&Amount::Idrs(Idrs(i128::MAX))).expect("json");
        assert_eq!(json, format!(r#"{{"asset":"idrs","amount":"{}"}}"#, i128::MAX));
        assert_eq!(
            serde_json::from_str::<Amount>(&json).expect("back"),
            Amount::Idrs(Idrs(i128::MAX))
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(units in 0_i128..=i128::MAX, asset in proptest::sample::select(Asset::ALL.to_vec())) {
            let amount = match asset {
                Asset::Etk => Amount::Etk(Etk(units)),
                Asset::Idrs => Amount::Idrs(Idrs(units)),
                Asset::Coin => Amount::Coin(Wei(units.unsigned_abs())),
            };
            prop_assert_eq!(Amount::parse(asset, &amount.digits()), Ok(amount));
            let json = serde_json::to_string(&amount).expect("json");
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).expect("back"), amount);
        }
    }
}
