//! What is shown of the market. Each answer costs what is drawn of it.

use std::{collections::BTreeMap, path::Path};

use enerlink_domain::{
    Address, Code, Error, UnixMillis,
    market::{
        Book, Candle, Candles, MarketStats, OwnTrade, Performance, Price, PriceAlert, QueuePosition, Side,
        Slot, Width,
    },
    view::{
        Alert, DepthChart, MarketQuery, MarketState, MarketView, Order, OrderFilter, OrderPage,
        PerformanceView, SavedRows, TradeFilter, TradePage,
    },
};
use enerlink_store::{
    Access, OrderKey, Reader, StoreError, market_candles, market_trades, price_alerts, trade_orders,
};

use super::sync::Live;
use crate::{Engine, history::Export};

/// Rows of one page, at most.
const PAGE_ROWS: u16 = 200;
/// Rows of each side of the book, at most.
const BOOK_ROWS: u16 = 200;
/// Places on the time axis of a chart, at most.
const SLOTS: usize = 2_000;
/// Points of a depth chart, at most.
const POINTS: u16 = 1_000;
/// Rows that are in memory at once while a file is written or trades are summed up.
const CHUNK: u32 = 1_000;
const DAY: i64 = 86_400_000;

/// Figures of the 24 hours before `now`: hours in the middle, minutes and single trades at their beginning.
pub(super) async fn stats(
    r: &Reader,
    market: Address,
    book: &Book,
    now: UnixMillis,
) -> Result<MarketStats, StoreError> {
    let from = UnixMillis(now.0 - DAY);
    let next = |width: Width| {
        let start = width.start_of(from, 0);
        match start == from {
            true => start,
            false => UnixMillis(start.0 + width.millis()),
        }
    };
    let (minute, hour) = (next(Width::Minute), next(Width::Hour));
    let edge = market_trades::ticks(r, market, from, minute).await?;
    let minutes = market_candles::between(r, market, Width::Minute, minute, hour).await?;
    let hours = market_candles::between(r, market, Width::Hour, hour, UnixMillis(i64::MAX)).await?;
    let edge = Candle::of_ticks(edge);
    let day = Candle::sum(edge.iter().chain(&minutes).chain(&hours));
    let last = match day {
        Some(_) => None,
        None => market_trades::last(r, market).await?.map(|trade| trade.price),
    };
    Ok(MarketStats::of(book, day.as_ref(), last))
}

impl Engine {
    /// How the market is now, without its book.
    pub fn market_state(&self) -> MarketState {
        self.0.trading.state.borrow().clone()
    }

    pub(super) fn market(&self) -> Result<Address, Error> {
        let network = self.network().ok_or_else(crate::network::missing)?;
        let market = network.addresses.market;
        market.ok_or_else(|| Error::new(Code::NoMarket, "the network names no market"))
    }

    /// The market page: the book, the wallet's open orders, the last trades.
    ///
    /// # Errors
    /// `NO_MARKET`.
    pub async fn market_view(&self, query: MarketQuery) -> Result<MarketView, Error> {
        let market = self.market()?;
        let reader = self.store().reader();
        let tape = TradeFilter::default();
        let tape = match query.tape {
            0 => Vec::new(),
            rows => {
                market_trades::list(&reader, market, &tape, rows.min(PAGE_ROWS), None)
                    .await?
                    .rows
            }
        };
        let rows = usize::from(query.rows.min(BOOK_ROWS));
        let look = move |live: &Live| {
            let own = live.book.own();
            let own: BTreeMap<OrderKey, Option<QueuePosition>> = own
                .map(|order| (OrderKey::Resting(order.id), live.book.position(order.id)))
                .collect();
            (live.book.depth(query.group, rows), own)
        };
        let (state, seen) = match self.config().access {
            Access::Exclusive => {
                let seen = self.0.trading.read(look).await;
                (self.market_state(), seen)
            }
            Access::ReadOnly => {
                let (state, live) = self.stored_market().await?;
                (state, Ok(look(&live)))
            }
        };
        let (depth, own) = match seen {
            Ok((depth, own)) => (Some(depth), own),
            Err(error) if error.code == Code::MarketUnread => (None, BTreeMap::new()),
            Err(error) => return Err(error),
        };
        let keys = own.keys().copied().collect();
        let mut orders = trade_orders::many(&reader, market, &keys).await?;
        orders.sort_by_key(|row| -row.number);
        let placed = |row: &enerlink_store::OrderRow| Order {
            position: own.get(&row.key).copied().flatten(),
            ..row.view()
        };
        Ok(MarketView {
            now: self.clock().wall(),
            state,
            depth,
            own: orders.iter().map(placed).collect(),
            tape,
        })
    }

    /// At most `points` steps of each side's depth, as far as `reach` from the best price.
    pub async fn depth_chart(&self, reach: Price, points: u16) -> Result<DepthChart, Error> {
        let points = points.clamp(1, POINTS);
        self.0
            .trading
            .read(move |live| DepthChart {
                bids: live.book.depth_curve(Side::Bid, reach, points),
                asks: live.book.depth_curve(Side::Ask, reach, points),
            })
            .await
    }

    /// Candles and gaps of `from..to`, the last 2 000 at most. Days begin at midnight of a zone that is so many minutes
    /// ahead of UTC.
    pub async fn candles(
        &self,
        width: Width,
        offset_minutes: i32,
        from: UnixMillis,
        to: UnixMillis,
    ) -> Result<Vec<Slot>, Error> {
        let invalid = |text: &str| Error::new(Code::InvalidInput, text);
        if to <= from {
            return Err(invalid("the range ends before it begins"));
        }
        if offset_minutes.abs() > 24 * 60 {
            return Err(invalid("no zone is that far from UTC"));
        }
        let market = self.market()?;
        let reader = self.store().reader();
        // Days of a zone are made of hours, or of quarters where the zone has such.
        let stored = match width {
            Width::Day if offset_minutes % 60 == 0 => Width::Hour,
            Width::Day if offset_minutes % 15 == 0 => Width::Quarter,
            Width::Day => Width::Minute,
            other => other,
        };
        let span = i64::try_from(SLOTS)
            .unwrap_or(i64::MAX)
            .saturating_mul(width.millis());
        let from = UnixMillis(from.0.max(to.0.saturating_sub(span)));
        let start = width.start_of(from, offset_minutes);
        let mut found = Vec::new();
        found.extend(market_candles::before(&reader, market, stored, start).await?);
        found.extend(market_candles::between(&reader, market, stored, start, to).await?);
        let candles = Candles::stored(stored, 0, found)
            .widen(width, offset_minutes)
            .map_err(|error| invalid(&error.to_string()))?;
        Ok(candles.slots(from, to, SLOTS))
    }

    /// Orders, newest first.
    pub async fn orders(
        &self,
        filter: &OrderFilter,
        limit: u16,
        before: Option<i64>,
    ) -> Result<OrderPage, Error> {
        let (market, reader) = (self.market()?, self.store().reader());
        Ok(trade_orders::list(&reader, market, filter, limit.min(PAGE_ROWS), before).await?)
    }

    /// Trades, newest first.
    pub async fn trades(
        &self,
        filter: &TradeFilter,
        limit: u16,
        before: Option<i64>,
    ) -> Result<TradePage, Error> {
        let (market, reader) = (self.market()?, self.store().reader());
        Ok(market_trades::list(&reader, market, filter, limit.min(PAGE_ROWS), before).await?)
    }

    /// Writes orders as CSV, oldest first: a new file, never over one that is there.
    pub async fn save_orders(&self, filter: &OrderFilter, path: &Path) -> Result<SavedRows, Error> {
        let (market, reader) = (self.market()?, self.store().reader());
        let pair = self.pair().await?;
        let mut file = Export::begin(path, super::rows::order_titles()).await?;
        let mut after = None;
        loop {
            let page = trade_orders::export(&reader, market, filter, after, CHUNK).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.number);
            let rows = page.iter().map(|order| super::rows::order(order, pair)).collect();
            file = file.append(rows).await?;
        }
        file.finish().await
    }

    /// Writes trades as CSV, oldest first: a new file, never over one that is there.
    pub async fn save_trades(&self, filter: &TradeFilter, path: &Path) -> Result<SavedRows, Error> {
        let (market, reader) = (self.market()?, self.store().reader());
        let pair = self.pair().await?;
        let mut file = Export::begin(path, super::rows::trade_titles()).await?;
        let mut after = None;
        loop {
            let page = market_trades::export(&reader, market, filter, after, CHUNK).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.number);
            let rows = page.iter().map(|trade| super::rows::trade(trade, pair)).collect();
            file = file.append(rows).await?;
        }
        file.finish().await
    }

    /// How `account` has traded, and what the utility would have charged, in hundredths of a rupiah per kilowatt-hour.
    pub async fn performance(
        &self,
        account: Address,
        tariff_sen_per_kwh: Option<u64>,
    ) -> Result<PerformanceView, Error> {
        let (market, reader) = (self.market()?, self.store().reader());
        let pair = self.pair().await?;
        let filter = TradeFilter {
            account: Some(account),
            ..TradeFilter::default()
        };
        let mut performance = Performance::default();
        let mut after = None;
        loop {
            let page = market_trades::export(&reader, market, &filter, after, CHUNK).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.number);
            for trade in page {
                let side = match trade.taker == account {
                    true => trade.side,
                    false => trade.side.opposite(),
                };
                performance.add(OwnTrade {
                    side,
                    price: trade.price,
                    lots: trade.lots,
                });
            }
        }
        Ok(PerformanceView {
            performance,
            net: performance.net(),
            against_tariff: tariff_sen_per_kwh.map(|tariff| performance.against_tariff(pair, tariff)),
        })
    }

    /// Every price that somebody waits for, oldest first.
    pub async fn price_alerts(&self) -> Result<Vec<Alert>, Error> {
        Ok(price_alerts::list(&self.store().reader()).await?)
    }

    /// Waits for a price.
    pub async fn add_price_alert(&self, alert: PriceAlert) -> Result<Alert, Error> {
        const MOST: usize = 100;
        self.may_write()?;
        let tx = self.store().begin().await?;
        if price_alerts::list(&tx).await?.len() >= MOST {
            return Err(Error::new(
                Code::InvalidInput,
                format!("there are {MOST} alerts already"),
            ));
        }
        let alert = PriceAlert { fired: None, ..alert };
        let created_at = self.clock().wall();
        let id = price_alerts::insert(&tx, &alert, created_at).await?;
        tx.commit().await?;
        Ok(Alert {
            id,
            alert,
            created_at,
            fired_at: None,
        })
    }

    /// Waits for the price of this alert again.
    pub async fn rearm_price_alert(&self, id: i64) -> Result<Alert, Error> {
        self.may_write()?;
        let tx = self.store().begin().await?;
        let alerts = price_alerts::list(&tx).await?;
        let found = alerts.into_iter().find(|alert| alert.id == id);
        let mut alert =
            found.ok_or_else(|| Error::new(Code::InvalidInput, format!("there is no price alert {id}")))?;
        alert.alert.rearm();
        alert.fired_at = None;
        price_alerts::update(&tx, &alert).await?;
        tx.commit().await?;
        Ok(alert)
    }

    /// Forgets an alert.
    pub async fn remove_price_alert(&self, id: i64) -> Result<(), Error> {
        self.may_write()?;
        let tx = self.store().begin().await?;
        price_alerts::remove(&tx, id).await?;
        Ok(tx.commit().await?)
    }
}
