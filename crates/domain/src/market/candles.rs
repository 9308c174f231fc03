//! Candles: trades summed up over minutes, hours and days.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Fraction, Lots, MarketEvent, MarketLog, Pair, Price, TotalLots};
use crate::{Idrs, UnixMillis};

/// A trade, when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The block's time.
    pub at: UnixMillis,
    /// IDRS base units per lot.
    pub price: Price,
    /// What was traded.
    pub lots: Lots,
}

impl Tick {
    /// The trade of an event, if it is one.
    pub fn of(log: &MarketLog) -> Option<Self> {
        match log.event {
            MarketEvent::Trade {
                maker_order, lots, ..
            } => Some(Self {
                at: log.at,
                price: maker_order.price(),
                lots,
            }),
            MarketEvent::Placed { .. } | MarketEvent::Cancelled { .. } => None,
        }
    }
}

/// How much time one candle sums up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Width {
    /// One minute.
    #[serde(rename = "1m")]
    Minute,
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// A quarter of an hour.
    #[serde(rename = "15m")]
    Quarter,
    /// One hour.
    #[serde(rename = "1h")]
    Hour,
    /// One day, from midnight to midnight of the person's zone.
    #[serde(rename = "1d")]
    Day,
}

impl Width {
    /// Every width, the shortest first.
    pub const ALL: [Self; 5] = [
        Self::Minute,
        Self::FiveMinutes,
        Self::Quarter,
        Self::Hour,
        Self::Day,
    ];

    /// Milliseconds.
    pub fn millis(self) -> i64 {
        let minutes = match self {
            Self::Minute => 1,
            Self::FiveMinutes => 5,
            Self::Quarter => 15,
            Self::Hour => 60,
            Self::Day => 24 * 60,
        };
        minutes * 60_000
    }

    /// When the candle of a moment begins. Days begin at midnight of a zone that is `offset_minutes` ahead of UTC, all
    /// others at full minutes, quarters and hours of UTC.
    pub fn start_of(self, at: UnixMillis, offset_minutes: i32) -> UnixMillis {
        let offset = match self {
            Self::Day => i64::from(offset_minutes) * 60_000,
            Self::Minute | Self::FiveMinutes | Self::Quarter | Self::Hour => 0,
        };
        let local = at.0.saturating_add(offset);
        UnixMillis(local.div_euclid(self.millis()) * self.millis() - offset)
    }
}

/// What was traded in a stretch of time, of which at least one trade is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candle {
    /// When the stretch begins.
    pub start: UnixMillis,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// Lots traded.
    pub lots: TotalLots,
    /// What they cost.
    pub value: Idrs,
    /// How many trades.
    pub trades: u64,
}

impl Candle {
    /// The candle of one trade.
    pub fn of(start: UnixMillis, tick: Tick) -> Self {
        let Tick { price, lots, .. } = tick;
        Self {
            start,
            open: price,
            high: price,
            low: price,
            close: price,
            lots: lots.into(),
            value: Pair::cost(lots, price),
            trades: 1,
        }
    }

    /// Adds what was traded after it.
    pub fn add(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.lots.0 += later.lots.0;
        self.value.0 += later.value.0;
        self.trades += later.trades;
    }

    /// The sum of candles in the order of time; it begins when the first does.
    pub fn sum<'a>(candles: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut candles = candles.into_iter();
        let first = *candles.next()?;
        Some(candles.fold(first, |mut sum, candle| {
            sum.add(candle);
            sum
        }))
    }

    /// The sum of trades in the order of time.
    pub fn of_ticks(ticks: impl IntoIterator<Item = Tick>) -> Option<Self> {
        let mut ticks = ticks.into_iter().map(|tick| Self::of(tick.at, tick));
        let first = ticks.next()?;
        Some(ticks.fold(first, |mut sum, tick| {
            sum.add(&tick);
            sum
        }))
    }

    /// The average price, each lot counted: IDRS base units per lot. `None` when no lot was traded.
    pub fn average(&self) -> Option<Fraction> {
        Fraction::new(self.value.0.unsigned_abs(), self.lots.0.into())
    }
}

/// A place on the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "slot", rename_all = "snake_case")]
pub enum Slot {
    /// Something was traded.
    Candle(Candle),
    /// Nothing was.
    Gap {
        /// When the stretch begins.
        start: UnixMillis,
        /// The last price before it; none if there was no trade before.
        last: Option<Price>,
    },
}

/// A trade is older than one that was added before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a trade of {at} after one of {last}")]
pub struct Late {
    /// When it happened.
    pub at: UnixMillis,
    /// When the last one did.
    pub last: UnixMillis,
}

/// Candles of one width cannot be summed up to those of another, because one begins within another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("candles of one width do not fit into those of the other")]
pub struct Unaligned;

/// Candles of one width, in the order of time; stretches without a trade have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candles {
    width: Width,
    offset_minutes: i32,
    candles: Vec<Candle>,
    last: Option<UnixMillis>,
}

impl Candles {
    /// No candles yet; days begin at midnight of a zone that is so many minutes ahead of UTC.
    pub fn new(width: Width, offset_minutes: i32) -> Self {
        Self {
            width,
            offset_minutes,
            candles: Vec::new(),
            last: None,
        }
    }

    /// Candles that were summed up before: of this width and zone, in the order of time.
    pub fn stored(width: Width, offset_minutes: i32, candles: Vec<Candle>) -> Self {
        Self {
            last: candles.last().map(|candle| candle.start),
            candles,
            ..Self::new(width, offset_minutes)
        }
    }

    /// How much time one sums up.
    pub fn width(&self) -> Width {
        self.width
    }

    /// All of them.
    pub fn all(&self) -> &[Candle] {
        &self.candles
    }

    /// Adds a trade, which is not older than the last.
    pub fn push(&mut self, tick: Tick) -> Result<(), Late> {
        if let Some(last) = self.last.filter(|last| tick.at < *last) {
            return Err(Late { at: tick.at, last });
        }
        self.last = Some(tick.at);
        let start = self.width.start_of(tick.at, self.offset_minutes);
        self.append(Candle::of(start, tick));
        Ok(())
    }

    /// Drops all from the candle of `at` on, as after a reorganisation. Trades from the returned moment on have to be
    /// added again.
    pub fn drop_from(&mut self, at: UnixMillis) -> UnixMillis {
        let start = self.width.start_of(at, self.offset_minutes);
        let kept = self.candles.partition_point(|candle| candle.start < start);
        self.candles.truncate(kept);
        self.last = self.last.map(|last| last.min(start));
        start
    }

    /// Those that begin from `from` to before `to`.
    pub fn between(&self, from: UnixMillis, to: UnixMillis) -> &[Candle] {
        let first = self.candles.partition_point(|candle| candle.start < from);
        let end = self.candles.partition_point(|candle| candle.start < to);
        self.candles.get(first..end).unwrap_or_default()
    }

    /// The same with gaps in between, at most `most` of both: the latest.
    pub fn slots(&self, from: UnixMillis, to: UnixMillis, most: usize) -> Vec<Slot> {
        let width = self.width.millis();
        let from = self.width.start_of(from, self.offset_minutes).0;
        let span = to.0.saturating_sub(from).max(0);
        let count =
            usize::try_from(span / width + i64::from(span % width > 0)).map_or(most, |count| count.min(most));
        let end = self
            .width
            .start_of(UnixMillis(to.0.saturating_sub(1)), self.offset_minutes)
            .0
            + width;
        let from = end - width * count as i64;
        let mut candles = self.between(UnixMillis(from), to).iter().peekable();
        let before = self
            .candles
            .partition_point(|candle| candle.start.0 < from)
            .checked_sub(1);
        let mut last = before
            .and_then(|at| self.candles.get(at))
            .map(|candle| candle.close);
        let starts = (0..count as i64).map(|at| UnixMillis(from + at * width));
        starts
            .map(|start| match candles.next_if(|candle| candle.start == start) {
                Some(candle) => {
                    last = Some(candle.close);
                    Slot::Candle(*candle)
                }
                None => Slot::Gap { start, last },
            })
            .collect()
    }

    /// The same trades in wider candles.
    pub fn widen(&self, width: Width, offset_minutes: i32) -> Result<Self, Unaligned> {
        let mut wide = Self::new(width, offset_minutes);
        for candle in &self.candles {
            let end = UnixMillis(candle.start.0 + self.width.millis() - 1);
            let start = width.start_of(candle.start, offset_minutes);
            if start != width.start_of(end, offset_minutes) {
                return Err(Unaligned);
            }
            wide.append(Candle { start, ..*candle });
        }
        wide.last = self.last;
        Ok(wide)
    }

    fn append(&mut self, candle: Candle) {
        match self.candles.last_mut() {
            Some(last) if last.start == candle.start => last.add(&candle),
            _ => self.candles.push(candle),
        }
    }
}
