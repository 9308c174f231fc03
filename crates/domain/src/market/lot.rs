//! Lots and what they are worth: exact conversions between lots, ETK, energy and money, and what a person types.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Fraction, Lots, Price, TotalLots};
use crate::{Etk, Idrs};

/// What a market trades: the size of its lot, and how much energy a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Pair {
    lot: Etk,
    ratio: u64,
}

#[derive(Deserialize)]
struct Unchecked {
    lot: Etk,
    ratio: u64,
}

/// These numbers cannot be a market's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PairError {
    /// A lot has 1 to 10^12 base units.
    #[error("a lot of {0} ETK")]
    Lot(Etk),
    /// A kilowatt-hour has 1 to 10^9 base units.
    #[error("a ratio of {0}")]
    Ratio(u64),
}

/// In what a person counts energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountUnit {
    /// Kilowatt-hours.
    #[default]
    Kwh,
    /// Whole ETK.
    Etk,
    /// Lots.
    Lots,
}

/// For what a price is paid; the price itself is in whole rupiah.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceUnit {
    /// For a kilowatt-hour.
    #[default]
    Kwh,
    /// For one ETK.
    Etk,
}

/// What a person typed is not what the market can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "mistyped", rename_all = "snake_case")]
pub enum Mistyped<T: fmt::Display> {
    /// Not a plain decimal such as `12` or `0.05`.
    #[error("not a number")]
    NotANumber,
    /// Nothing, or less than the least.
    #[error("less than {least}")]
    TooLow {
        /// The lowest allowed value.
        least: T,
    },
    /// More than the most.
    #[error("more than {most}")]
    TooHigh {
        /// The highest allowed value.
        most: T,
    },
    /// Between two values that the market can count.
    #[error("between {below} and {above}")]
    Between {
        /// The next lower allowed value.
        below: T,
        /// The next higher allowed value.
        above: T,
    },
}

/// Most base units of a lot.
const MAX_LOT: i128 = 1_000_000_000_000;
/// Most base units of a kilowatt-hour.
const MAX_RATIO: u64 = 1_000_000_000;
/// Base units of a whole token, both of them.
const CENTS: u128 = 100;

impl TryFrom<Unchecked> for Pair {
    type Error = PairError;

    fn try_from(pair: Unchecked) -> Result<Self, PairError> {
        Self::new(pair.lot, pair.ratio)
    }
}

impl Pair {
    /// A market whose lot is `lot`, where 1000 Wh are `ratio` base units of ETK.
    pub fn new(lot: Etk, ratio: u64) -> Result<Self, PairError> {
        if !(1..=MAX_LOT).contains(&lot.0) {
            return Err(PairError::Lot(lot));
        }
        if !(1..=MAX_RATIO).contains(&ratio) {
            return Err(PairError::Ratio(ratio));
        }
        Ok(Self { lot, ratio })
    }

    /// ETK of one lot.
    pub fn lot(self) -> Etk {
        self.lot
    }

    /// ETK base units of 1000 Wh.
    pub fn ratio(self) -> u64 {
        self.ratio
    }

    /// What lots are in ETK.
    pub fn etk(self, lots: impl Into<TotalLots>) -> Etk {
        Etk(self.lot.0 * i128::from(lots.into().0))
    }

    /// Whole lots in `etk`, and what is below a lot. A negative amount has no lots.
    pub fn lots(self, etk: Etk) -> (TotalLots, Etk) {
        let whole = u64::try_from(etk.0 / self.lot.0).unwrap_or(if etk.0 < 0 { 0 } else { u64::MAX });
        (TotalLots(whole), Etk(etk.0 - self.lot.0 * i128::from(whole)))
    }

    /// What lots are in watt-hours.
    pub fn wh(self, lots: impl Into<TotalLots>) -> Fraction {
        fraction(self.units() * u128::from(lots.into().0) * 1000, self.ratio.into())
    }

    /// What lots are in kilowatt-hours.
    pub fn kwh(self, lots: impl Into<TotalLots>) -> Fraction {
        fraction(self.units() * u128::from(lots.into().0), self.ratio.into())
    }

    /// What lots cost at a price.
    pub fn cost(lots: impl Into<TotalLots>, price: Price) -> Idrs {
        Idrs(i128::from(lots.into().0) * i128::from(price.get()))
    }

    /// Lots in the unit that is asked for.
    pub fn amount(self, lots: impl Into<TotalLots>, unit: AmountUnit) -> Fraction {
        let lots = lots.into();
        match unit {
            AmountUnit::Kwh => self.kwh(lots),
            AmountUnit::Etk => fraction(self.units() * u128::from(lots.0), CENTS),
            AmountUnit::Lots => fraction(lots.0.into(), 1),
        }
    }

    /// A price in rupiah for the unit that is asked for.
    pub fn price(self, price: Price, unit: PriceUnit) -> Fraction {
        self.rate(fraction(price.get().into(), 1), unit)
    }

    /// The same for a price per lot that is between two, such as an average; it saturates far above every price.
    pub fn rate(self, per_lot: Fraction, unit: PriceUnit) -> Fraction {
        let lots_of_unit = match unit {
            PriceUnit::Kwh => fraction(self.ratio.into(), self.units() * CENTS),
            PriceUnit::Etk => fraction(1, self.units()),
        };
        per_lot
            .checked_mul(lots_of_unit)
            .unwrap_or(fraction(u128::MAX, 1))
    }

    /// Lots of an amount that a person typed, as a plain decimal.
    pub fn parse_amount(self, text: &str, unit: AmountUnit) -> Result<Lots, Mistyped<Lots>> {
        let lots_of_unit = match unit {
            AmountUnit::Kwh => fraction(self.ratio.into(), self.units()),
            AmountUnit::Etk => fraction(CENTS, self.units()),
            AmountUnit::Lots => fraction(1, 1),
        };
        counted(text, lots_of_unit, Lots(1), Lots(u32::MAX), |lots| {
            u32::try_from(lots).ok().map(Lots)
        })
    }

    /// A price that a person typed, in rupiah for the unit, as a plain decimal.
    pub fn parse_price(self, text: &str, unit: PriceUnit) -> Result<Price, Mistyped<Price>> {
        let steps = match unit {
            PriceUnit::Kwh => fraction(self.units() * CENTS, self.ratio.into()),
            PriceUnit::Etk => fraction(self.units(), 1),
        };
        counted(text, steps, Price::MIN, Price::MAX, |price| {
            u16::try_from(price).ok().and_then(Price::new)
        })
    }

    /// Base units of a lot, as the magnitude that they are.
    fn units(self) -> u128 {
        self.lot.0.unsigned_abs()
    }
}

/// `text` times `scale`, when that is a whole number from `least` to `most`, of which `make` makes all.
fn counted<T: fmt::Display>(
    text: &str,
    scale: Fraction,
    least: T,
    most: T,
    make: impl Fn(u128) -> Option<T>,
) -> Result<T, Mistyped<T>> {
    let (whole, part) = plain_decimal(text).ok_or(Mistyped::NotANumber)?;
    let typed = (whole.len() <= DIGITS).then(|| number_of(whole, part));
    let Some(value) = typed.and_then(|typed| typed.checked_mul(scale)) else {
        return Err(Mistyped::TooHigh { most });
    };
    if value.floor() == 0 {
        return Err(Mistyped::TooLow { least });
    }
    match (make(value.floor()), make(value.ceil())) {
        (Some(below), _) if value.denominator() == 1 => Ok(below),
        (Some(below), Some(above)) => Err(Mistyped::Between { below, above }),
        (_, _) => Err(Mistyped::TooHigh { most }),
    }
}

/// Digits that are looked at; no amount has more before its point.
const DIGITS: usize = 18;

/// Digits before and after the point, without needless zeros; no sign, no exponent, no space.
fn plain_decimal(text: &str) -> Option<(&str, &str)> {
    let (whole, part) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = !whole.is_empty() && digits(whole) && digits(part);
    plain.then(|| (whole.trim_start_matches('0'), part.trim_end_matches('0')))
}

/// The number of these digits. What is too long after the point counts as a little above what is not.
fn number_of(whole: &str, part: &str) -> Fraction {
    let (part, more) = match part.split_at_checked(DIGITS - whole.len()) {
        Some((part, "")) => (part, None),
        Some((part, _)) => (part, Some(b'1')),
        None => (part, None),
    };
    let digits = whole.bytes().chain(part.bytes()).chain(more);
    let number = digits.fold(0, |number, digit| number * 10 + u128::from(digit - b'0'));
    let places = part.len() + usize::from(more.is_some());
    fraction(number, 10_u128.pow(places as u32))
}

fn fraction(numerator: u128, denominator: u128) -> Fraction {
    Fraction::new(numerator, denominator).expect("a lot, a ratio and a power of ten are above zero")
}
