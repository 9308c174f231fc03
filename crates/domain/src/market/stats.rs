//! What a market and an account have done: figures of a day, and earnings against the utility's tariff.

use serde::{Deserialize, Serialize};

use super::{Book, Candle, Fraction, Lots, MarketEvent, Pair, Price, Side, TotalLots, Totals};
use crate::{Address, Idrs};

/// The market at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketStats {
    /// Price of the last trade ever.
    pub last: Option<Price>,
    /// The last price of the day against its first, in basis points, toward zero.
    pub change_bps: Option<i64>,
    /// The highest price that somebody pays.
    pub best_bid: Option<Price>,
    /// The lowest price that somebody asks.
    pub best_ask: Option<Price>,
    /// Lots traded in the day.
    pub lots: TotalLots,
    /// What they cost.
    pub value: Idrs,
    /// How many trades.
    pub trades: u64,
    /// The highest price of the day.
    pub high: Option<Price>,
    /// The lowest price of the day.
    pub low: Option<Price>,
    /// The average price of the day, each lot counted: IDRS base units per lot.
    pub average: Option<Fraction>,
    /// All that somebody buys.
    pub bids: Totals,
    /// All that somebody sells.
    pub asks: Totals,
}

impl MarketStats {
    /// The figures of a book and of the trades of its last 24 hours, summed up by [`Candle::sum`] or
    /// [`Candle::of_ticks`]. `last` is the last trade's price, which may be older.
    pub fn of(book: &Book, day: Option<&Candle>, last: Option<Price>) -> Self {
        Self {
            last: day.map(|day| day.close).or(last),
            change_bps: day.map(change_bps),
            best_bid: book.best(Side::Bid),
            best_ask: book.best(Side::Ask),
            lots: day.map_or(TotalLots::ZERO, |day| day.lots),
            value: day.map_or(Idrs::ZERO, |day| day.value),
            trades: day.map_or(0, |day| day.trades),
            high: day.map(|day| day.high),
            low: day.map(|day| day.low),
            average: day.and_then(Candle::average),
            bids: book.totals(Side::Bid),
            asks: book.totals(Side::Ask),
        }
    }
}

fn change_bps(day: &Candle) -> i64 {
    let (open, close) = (i64::from(day.open.get()), i64::from(day.close.get()));
    (close - open) * 10_000 / open
}

/// A trade as one of its two parties sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTrade {
    /// Whether the party bought or sold.
    pub side: Side,
    /// IDRS base units per lot.
    pub price: Price,
    /// What was traded.
    pub lots: Lots,
}

impl OwnTrade {
    /// The trade of an event as an account sees it, if the account has part in it.
    pub fn of(event: &MarketEvent, account: Address) -> Option<Self> {
        let MarketEvent::Trade {
            maker_order,
            maker,
            taker,
            lots,
        } = *event
        else {
            return None;
        };
        let side = if account == maker {
            maker_order.side()
        } else if account == taker {
            maker_order.side().opposite()
        } else {
            return None;
        };
        Some(Self {
            side,
            price: maker_order.price(),
            lots,
        })
    }
}

/// What was bought, or sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traded {
    /// How many trades.
    pub trades: u64,
    /// Their lots.
    pub lots: TotalLots,
    /// What they cost, or brought.
    pub value: Idrs,
}

impl Traded {
    /// The average price, each lot counted: IDRS base units per lot. `None` when nothing was traded.
    pub fn average(&self) -> Option<Fraction> {
        Fraction::new(self.value.0.unsigned_abs(), self.lots.0.into())
    }

    /// What the same energy costs at the utility, whose tariff is in hundredths of a rupiah per kilowatt-hour; rounded
    /// down.
    pub fn at_tariff(&self, pair: Pair, tariff_sen_per_kwh: u64) -> Idrs {
        let tariff = Fraction::new(tariff_sen_per_kwh.into(), 1);
        let cost = tariff.and_then(|tariff| pair.kwh(self.lots).checked_mul(tariff));
        Idrs(
            cost.and_then(|cost| i128::try_from(cost.floor()).ok())
                .unwrap_or(i128::MAX),
        )
    }
}

/// How an account has traded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// What it bought, and spent.
    pub bought: Traded,
    /// What it sold, and earned.
    pub sold: Traded,
}

/// What trading with neighbours made of a difference to the utility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgainstTariff {
    /// The utility's price of what was bought, less what was spent.
    pub saved: Idrs,
    /// What was earned, less the utility's price of what was sold.
    pub gained: Idrs,
}

impl Performance {
    /// Adds a trade.
    pub fn add(&mut self, trade: OwnTrade) {
        let traded = match trade.side {
            Side::Bid => &mut self.bought,
            Side::Ask => &mut self.sold,
        };
        traded.trades += 1;
        traded.lots.0 += u64::from(trade.lots.0);
        traded.value.0 += Pair::cost(trade.lots, trade.price).0;
    }

    /// Earned less spent.
    pub fn net(&self) -> Idrs {
        Idrs(self.sold.value.0 - self.bought.value.0)
    }

    /// The comparison with the utility's tariff, in hundredths of a rupiah per kilowatt-hour.
    pub fn against_tariff(&self, pair: Pair, tariff_sen_per_kwh: u64) -> AgainstTariff {
        let at_tariff = |traded: &Traded| traded.at_tariff(pair, tariff_sen_per_kwh).0;
        AgainstTariff {
            saved: Idrs(at_tariff(&self.bought).saturating_sub(self.bought.value.0)),
            gained: Idrs(self.sold.value.0.saturating_sub(at_tariff(&self.sold))),
        }
    }
}
