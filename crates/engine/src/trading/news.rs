//! What the events of a turn have for the household: orders of its own that changed, what of them was traded, and prices that
//! it waits for.

use std::collections::{BTreeMap, BTreeSet};

use enerlink_chain::MarketPage;
use enerlink_domain::{
    Address, BlockHash, Error, Event, Idrs, NoticeKind, TxHash, UnixMillis,
    market::{MarketEvent, OrderId, Pair, Price, PriceUnit, Quote, Side, TotalLots, Watched},
    view::Alert,
};
use enerlink_store::{OrderRow, price_alerts};

use super::{Parts, Trading, rows::DIGITS};
use crate::notices::{self, Change, Notices};

/// Of what was traded while nobody followed, the fills of so many milliseconds are told one by one.
const RECENT: i64 = 24 * 3_600_000;

/// Whose order was traded: one that waited, or the one that came with a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Maker(OrderId),
    Taker(TxHash),
}

/// What of an order was traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fill {
    side: Side,
    lots: TotalLots,
    value: Idrs,
}

/// It is gathered while pages come, and told together: an order that meets many others is one word.
#[derive(Debug)]
pub(super) struct News {
    /// Whether the book was up to date before: then whatever comes is new.
    live: bool,
    /// Since when fills are new, otherwise.
    recent: UnixMillis,
    /// Alerts that wait for the price of a trade. One trade is enough, whatever comes after it.
    waiting: Vec<Alert>,
    orders: Vec<OrderRow>,
    fills: BTreeMap<Of, Fill>,
}

impl News {
    /// What is gathered from now on, of a market that was read up to `at`. Of one that was never read nothing is new before
    /// now.
    pub(super) async fn begin(
        parts: &Parts,
        up_to_date: bool,
        at: Option<(u64, BlockHash)>,
    ) -> Result<Self, Error> {
        let now = parts.clock.wall();
        let recent = match at {
            Some(_) => UnixMillis(now.0 - RECENT),
            None => now,
        };
        let alerts = price_alerts::list(&parts.store.reader()).await?;
        Ok(Self::new(up_to_date, recent, alerts))
    }

    fn new(live: bool, recent: UnixMillis, mut waiting: Vec<Alert>) -> Self {
        waiting.retain(|alert| alert.alert.fired.is_none() && alert.alert.watched == Watched::Last);
        Self {
            live,
            recent,
            waiting,
            orders: Vec::new(),
            fills: BTreeMap::new(),
        }
    }

    /// Orders that changed; only the household's own are kept, even of a whole market's past.
    pub(super) fn change(&mut self, own: &BTreeSet<Address>, rows: Vec<OrderRow>) {
        self.orders
            .extend(rows.into_iter().filter(|row| own.contains(&row.trader)));
    }

    /// A page that is stored, and the orders that it changed.
    pub(super) fn hear(&mut self, own: &BTreeSet<Address>, page: &MarketPage, rows: Vec<OrderRow>) {
        self.change(own, rows);
        for log in &page.logs {
            let MarketEvent::Trade {
                maker_order,
                maker,
                taker,
                lots,
            } = log.event
            else {
                continue;
            };
            let (live, price) = (self.live, maker_order.price());
            for alert in &mut self.waiting {
                if live || log.at >= alert.created_at {
                    alert.alert.look(&last(price));
                }
            }
            if !live && log.at < self.recent {
                continue;
            }
            let side = maker_order.side();
            for (account, of, side) in [
                (maker, Of::Maker(maker_order), side),
                (taker, Of::Taker(log.tx), side.opposite()),
            ] {
                if own.contains(&account) {
                    let fill = self.fills.entry(of).or_insert(Fill {
                        side,
                        lots: TotalLots::ZERO,
                        value: Idrs::ZERO,
                    });
                    fill.lots.0 += u64::from(lots.0);
                    fill.value.0 += Pair::cost(lots, price).0;
                }
            }
        }
    }

    /// Whether a trade has reached the price of an alert; then it has spoken.
    fn reached(&self, alert: &mut Alert) -> bool {
        let heard = self.waiting.iter().find(|heard| heard.id == alert.id);
        let price = heard.and_then(|heard| heard.alert.fired);
        price.is_some_and(|price| alert.alert.look(&last(price)).is_some())
    }

    /// A notice for each order that was traded, such as `ASK 0.5 kWh, 700.00 IDRS`.
    fn notices(&self, pair: Pair) -> Vec<Change> {
        let notice = |fill: &Fill| Change::Raise {
            meter: None,
            kind: NoticeKind::OrderFilled,
            detail: format!(
                "{} {} kWh, {} IDRS",
                fill.side,
                pair.kwh(fill.lots).plain(DIGITS),
                fill.value
            ),
        };
        self.fills.values().map(notice).collect()
    }
}

/// The prices of the moment of a trade, as far as it tells them.
fn last(price: Price) -> Quote {
    Quote {
        last: Some(price),
        ..Quote::default()
    }
}

impl Trading {
    /// Tells what was gathered.
    pub(super) async fn tell_news(&self, news: &News, pair: Pair) -> Result<(), Error> {
        for row in &news.orders {
            self.parts.bus.tell(Event::Order(row.view()));
        }
        let notices = self.notices();
        let written = notices
            .store(&news.notices(pair), self.parts.clock.wall())
            .await?;
        notices.tell(&written);
        if news.waiting.iter().all(|alert| alert.alert.fired.is_none()) {
            return Ok(());
        }
        self.tell_alerts(pair, |alert| news.reached(alert)).await
    }

    /// Tells prices of this moment that somebody has waited for.
    pub(super) async fn look_at_alerts(&self) -> Result<(), Error> {
        let state = self.state.borrow().clone();
        let (Some(stats), Some(pair)) = (state.stats, state.pair) else {
            return Ok(());
        };
        let quote = Quote {
            last: stats.last,
            bid: stats.best_bid,
            ask: stats.best_ask,
        };
        self.tell_alerts(pair, |alert| alert.alert.look(&quote).is_some())
            .await
    }

    /// Tells the alerts of which `reached` says that they speak now.
    async fn tell_alerts(&self, pair: Pair, reached: impl Fn(&mut Alert) -> bool) -> Result<(), Error> {
        let speaking = |mut alerts: Vec<Alert>| {
            alerts.retain_mut(|alert| reached(alert));
            alerts
        };
        if speaking(price_alerts::list(&self.parts.store.reader()).await?).is_empty() {
            return Ok(());
        }
        let now = self.parts.clock.wall();
        let tx = self.parts.store.begin().await?;
        // One may be gone since.
        let mut fired = speaking(price_alerts::list(&tx).await?);
        let mut changes = Vec::with_capacity(fired.len());
        for alert in &mut fired {
            alert.fired_at = Some(now);
            price_alerts::update(&tx, alert).await?;
            changes.extend(alert.alert.fired.map(|price| Change::Raise {
                meter: None,
                kind: NoticeKind::PriceReached,
                detail: format!("{} IDRS/kWh", pair.price(price, PriceUnit::Kwh).plain(DIGITS)),
            }));
        }
        let written = notices::write(&tx, &changes, now).await?;
        tx.commit().await?;
        for alert in fired {
            self.parts.bus.tell(Event::PriceAlert(alert));
        }
        self.notices().tell(&written);
        Ok(())
    }

    pub(super) fn notices(&self) -> Notices {
        Notices::new(self.parts.store.clone(), self.parts.bus.clone())
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{
        Etk, Hash32,
        market::{Direction, Lots, MarketLog, PriceAlert},
    };

    use super::*;

    const OWN: Address = Address([1; 20]);
    const OTHER: Address = Address([2; 20]);

    /// A trade of `lots` with the order that `maker` had placed as the one of this sequence, at a moment.
    fn trade(
        tx: u8,
        at: i64,
        (maker, taker): (Address, Address),
        price: u16,
        sequence: u64,
        lots: u32,
    ) -> MarketLog {
        let price = Price::new(price).expect("above zero");
        MarketLog {
            block: 1,
            block_hash: Hash32([9; 32]),
            tx: Hash32([tx; 32]),
            log_index: 0,
            at: UnixMillis(at),
            event: MarketEvent::Trade {
                maker_order: OrderId::new(0, Side::Ask, price, sequence).expect("an id"),
                maker,
                taker,
                lots: Lots(lots),
            },
        }
    }

    fn hear(news: &mut News, logs: Vec<MarketLog>) {
        let page = MarketPage {
            from: 1,
            to: 1,
            hash: Hash32([9; 32]),
            logs,
        };
        news.hear(&BTreeSet::from([OWN]), &page, Vec::new());
    }

    /// Waits for the last price to be 1 400 or below, since moment 100.
    fn alert() -> Alert {
        let limit = Price::new(1_400).expect("above zero");
        Alert {
            id: 7,
            alert: PriceAlert::new(Watched::Last, Direction::Below, limit),
            created_at: UnixMillis(100),
            fired_at: None,
        }
    }

    fn reached(news: &News) -> Option<u16> {
        let mut alert = alert();
        news.reached(&mut alert);
        alert.alert.fired.map(Price::get)
    }

    fn told(news: &News) -> Vec<String> {
        let pair = Pair::new(Etk(1_000), 100_000).expect("a pair");
        let detail = |change| match change {
            Change::Raise { detail, .. } => detail,
            Change::Clear(id) => panic!("{id} is cleared"),
        };
        news.notices(pair).into_iter().map(detail).collect()
    }

    #[test]
    fn a_price_that_is_passed_is_reached() {
        let others = (OTHER, OTHER);
        let mut news = News::new(true, UnixMillis(0), vec![alert()]);
        hear(&mut news, vec![trade(1, 200, others, 1_401, 0, 1)]);
        assert_eq!(reached(&news), None);
        let down_and_up = [1_390, 1_380, 1_500].map(|price| trade(2, 201, others, price, 0, 1));
        hear(&mut news, down_and_up.to_vec());
        assert_eq!(reached(&news), Some(1_390), "the first that reaches it");
        assert_eq!(told(&news), Vec::<String>::new(), "others have traded");
    }

    #[test]
    fn a_past_that_is_read_is_news_from_when_somebody_waited() {
        let at = |moment| vec![trade(1, moment, (OTHER, OWN), 1_400, 0, 1)];
        for (live, moment, heard) in [(false, 99, false), (false, 100, true), (true, 99, true)] {
            let mut news = News::new(live, UnixMillis(100), vec![alert()]);
            hear(&mut news, at(moment));
            assert_eq!(reached(&news).is_some(), heard, "{live} {moment}");
            assert_eq!(told(&news).len(), usize::from(heard), "{live} {moment}");
        }
        let mut spoken = alert();
        spoken.alert.fired = Price::new(1_300);
        let news = News::new(true, UnixMillis(0), vec![spoken]);
        assert!(news.waiting.is_empty(), "it has spoken");
    }

    #[test]
    fn an_order_is_one_word_however_many_it_meets() {
        let mut news = News::new(true, UnixMillis(0), Vec::new());
        // One that comes and meets two, one that waits and is met twice, one of each at once.
        hear(
            &mut news,
            vec![
                trade(1, 1, (OTHER, OWN), 1_400, 0, 10),
                trade(1, 1, (OTHER, OWN), 1_500, 0, 10),
                trade(2, 1, (OWN, OTHER), 1_600, 5, 1),
            ],
        );
        hear(&mut news, vec![trade(3, 2, (OWN, OTHER), 1_600, 5, 2)]);
        let mut words = told(&news);
        words.sort();
        assert_eq!(words, ["ASK 0.03 kWh, 48.00 IDRS", "BID 0.2 kWh, 290.00 IDRS"]);
    }
}
