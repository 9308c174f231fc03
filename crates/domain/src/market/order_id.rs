//! The id of an order, which says where it rests.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

use super::{Price, Side};

/// Where an order rests: generation (48 bits), side (1), price (16) and sequence (40), from high to low.
///
/// A price of a side begins a new generation, whose sequences begin at zero, when its last order is gone: no id is
/// used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(u128);

/// The number or text is not the id of any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an order id")]
pub struct NoOrderId;

const SEQUENCE_BITS: u32 = 40;
const SIDE_SHIFT: u32 = SEQUENCE_BITS + 16;
const GENERATION_SHIFT: u32 = SIDE_SHIFT + 1;

impl OrderId {
    /// Above every generation.
    pub const GENERATIONS: u64 = 1 << 48;
    /// Above every sequence.
    pub const SEQUENCES: u64 = 1 << SEQUENCE_BITS;

    /// The id of an order; `None` when generation or sequence have too many bits.
    pub fn new(generation: u64, side: Side, price: Price, sequence: u64) -> Option<Self> {
        let fits = generation < Self::GENERATIONS && sequence < Self::SEQUENCES;
        fits.then(|| {
            let place = u128::from(side.number()) << SIDE_SHIFT | u128::from(price.get()) << SEQUENCE_BITS;
            Self(u128::from(generation) << GENERATION_SHIFT | place | u128::from(sequence))
        })
    }

    /// The number on chain.
    pub fn number(self) -> u128 {
        self.0
    }

    /// Which time since the market began that orders rest at this price.
    pub fn generation(self) -> u64 {
        (self.0 >> GENERATION_SHIFT) as u64
    }

    /// What the order wants.
    pub fn side(self) -> Side {
        match self.0 >> SIDE_SHIFT & 1 {
            0 => Side::Bid,
            _ => Side::Ask,
        }
    }

    /// At which price it rests.
    pub fn price(self) -> Price {
        Price::new((self.0 >> SEQUENCE_BITS) as u16).expect("no id is made with a price of zero")
    }

    /// Which order of its generation.
    pub fn sequence(self) -> u64 {
        (self.0 as u64) & (Self::SEQUENCES - 1)
    }
}

impl TryFrom<u128> for OrderId {
    type Error = NoOrderId;

    fn try_from(number: u128) -> Result<Self, NoOrderId> {
        let price = (number >> SEQUENCE_BITS) as u16;
        let generation = number >> GENERATION_SHIFT;
        if price == 0 || generation >= u128::from(Self::GENERATIONS) {
            return Err(NoOrderId);
        }
        Ok(Self(number))
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for OrderId {
    type Err = NoOrderId;

    /// A decimal number without sign and leading zeros.
    fn from_str(text: &str) -> Result<Self, NoOrderId> {
        let number: u128 = text.parse().map_err(|_| NoOrderId)?;
        if text.starts_with(['+', '0']) {
            return Err(NoOrderId);
        }
        Self::try_from(number)
    }
}

impl Serialize for OrderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
