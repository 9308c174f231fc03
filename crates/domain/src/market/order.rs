//! Orders: side, price, lots, how they behave and what becomes of them.

use std::{fmt, num::NonZeroU16};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::OrderId;
use crate::{Address, quantity::quantity};

/// What an order wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Side {
    /// To buy ETK; pays with IDRS.
    Bid,
    /// To sell ETK; pays with ETK.
    Ask,
}

impl Side {
    /// Both, as the contract counts them.
    pub const ALL: [Self; 2] = [Self::Bid, Self::Ask];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bid => "BID",
            Self::Ask => "ASK",
        }
    }

    /// The reverse of [`Side::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.as_str() == text)
    }

    /// The number on chain: 0 BID, 1 ASK.
    pub fn number(self) -> u8 {
        match self {
            Self::Bid => 0,
            Self::Ask => 1,
        }
    }

    /// The reverse of [`Side::number`].
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The side that it trades with.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Bid => Self::Ask,
            Self::Ask => Self::Bid,
        }
    }

    /// Whether, for those who want to trade with this side, `one` is a better price than `other`.
    pub fn better(self, one: Price, other: Price) -> bool {
        match self {
            Self::Bid => one > other,
            Self::Ask => one < other,
        }
    }

    /// Whether an order of this side at `price` trades with one of the other side at `best`.
    pub fn crosses(self, price: Price, best: Price) -> bool {
        !self.better(best, price)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// IDRS base units for one lot, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(NonZeroU16);

impl Price {
    /// The lowest price.
    pub const MIN: Self = Self(NonZeroU16::MIN);
    /// The highest price.
    pub const MAX: Self = Self(NonZeroU16::MAX);

    /// A price, unless it is zero.
    pub const fn new(value: u16) -> Option<Self> {
        match NonZeroU16::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// Base units.
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The next higher price, unless there is none.
    pub fn up(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The next lower price, unless there is none.
    pub fn down(self) -> Option<Self> {
        Self::new(self.get() - 1)
    }

    /// The worst price of a market order of a side that may be so many basis points worse than this one, rounded toward it.
    pub fn worse(self, side: Side, slippage_bps: u16) -> Self {
        let off = u64::from(self.get()) * u64::from(slippage_bps) / 10_000;
        let off = u16::try_from(off).unwrap_or(u16::MAX);
        match side {
            Side::Bid => Self(self.0.saturating_add(off)),
            Side::Ask => Self::new(self.get().saturating_sub(off)).unwrap_or(Self::MIN),
        }
    }
}

impl fmt::Display for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

quantity! {
    /// Lots of one order or trade, as many as the contract can count.
    Lots(u32)
}
quantity! {
    /// Lots of any number of orders or trades.
    TotalLots(u64)
}

impl From<Lots> for TotalLots {
    fn from(lots: Lots) -> Self {
        Self(lots.0.into())
    }
}

impl fmt::Display for Lots {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for TotalLots {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// How an order behaves when it arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderFlags {
    /// Trades what it can, the rest rests.
    #[default]
    GoodTillCancelled,
    /// Trades what it can and never rests.
    ImmediateOrCancel,
    /// Rests, or is refused if it would trade.
    PostOnly,
}

impl OrderFlags {
    /// All, as the contract counts them.
    pub const ALL: [Self; 3] = [Self::GoodTillCancelled, Self::ImmediateOrCancel, Self::PostOnly];

    /// The number on chain.
    pub fn number(self) -> u8 {
        match self {
            Self::GoodTillCancelled => 0,
            Self::ImmediateOrCancel => 1,
            Self::PostOnly => 2,
        }
    }

    /// The reverse of [`OrderFlags::number`].
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// What the chain says of an order. Before a block includes its transaction an order has no status, only the stage of
/// that transaction, see [`crate::TxStage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Rests, nothing of it was traded.
    Open,
    /// Rests, some of it was traded.
    PartiallyFilled,
    /// All of it was traded.
    Filled,
    /// Some or all of it was not traded, and does not rest any more.
    Cancelled,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Open, Self::PartiallyFilled, Self::Filled, Self::Cancelled];

    /// The status of an order of `lots`, of which some were traded and some still rest. What was neither traded nor
    /// rests was cancelled, or never rested.
    pub fn of(lots: Lots, traded: Lots, resting: Lots) -> Self {
        match (resting, traded) {
            (Lots::ZERO, traded) if traded >= lots => Self::Filled,
            (Lots::ZERO, _) => Self::Cancelled,
            (_, Lots::ZERO) => Self::Open,
            (_, _) => Self::PartiallyFilled,
        }
    }

    /// Whether it rests in the book.
    pub fn rests(self) -> bool {
        match self {
            Self::Open | Self::PartiallyFilled => true,
            Self::Filled | Self::Cancelled => false,
        }
    }

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::PartiallyFilled => "PARTIALLY_FILLED",
            Self::Filled => "FILLED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The reverse of [`OrderStatus::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// An order that rests in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Where it rests.
    pub id: OrderId,
    /// Whose it is.
    pub trader: Address,
    /// What is left of it.
    pub lots: Lots,
}

/// One price of one side, as the contract's `levels` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceState {
    /// What its orders want.
    pub side: Side,
    /// IDRS base units per lot.
    pub price: Price,
    /// Generation of the orders that rest there, or will.
    pub generation: u64,
    /// Sequence of the first order that may be open.
    pub head: u64,
    /// Sequence that the next order will have.
    pub tail: u64,
    /// Sum of all open orders; zero when none rests there.
    pub lots: TotalLots,
}
