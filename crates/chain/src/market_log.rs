//! The market's events, page by page: while one page is taken in, the next one is on its way.

use std::collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry};

use alloy::{
    primitives::{B256, U64},
    sol_types::SolEvent,
};
use enerlink_domain::{
    BlockHash, UnixMillis,
    market::{Lots, MarketEvent, MarketLog},
};
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    Addresses, Chain, ChainError, Receipt,
    block::tag,
    contracts::{
        from_alloy, hash,
        market::Market::{OrderCancelled, OrderPlaced, Trade},
        to_alloy,
    },
    log::{Log, decode},
    market::{Placed, order_id},
};

/// Events that a page should have about: so many are taken in at once.
const AIM: usize = 10_000;
/// Blocks in the first page: of a busy market they have more events than are wanted, and still fit into an answer.
const FIRST_PAGE: u64 = 100;
/// Pages that are on their way at once: the node makes one while another is read.
const AHEAD: usize = 2;
/// Blocks in a page at most.
const MAX_PAGE: u64 = 1_000_000;

/// The events of some blocks that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketPage {
    /// First block.
    pub from: u64,
    /// Last block.
    pub to: u64,
    /// The hash that the last block had before the events were asked for, and after: they are of its chain.
    pub hash: BlockHash,
    /// In the order of the chain.
    pub logs: Vec<MarketLog>,
}

/// What the search for events finds next.
#[derive(Debug)]
pub enum NextPage {
    /// The events of the next blocks.
    Page(MarketPage),
    /// Every block was looked at.
    End,
    /// The chain was reorganised meanwhile: what was not given yet is to be asked for again.
    Interrupted,
}

/// A search for the market's events, in the order of the chain. A page holds about as many events as are handled well at
/// once, however many blocks that takes; one that is too much for the node is halved. While one is taken in, the next
/// ones are downloaded and read.
#[derive(Debug)]
pub struct MarketPages {
    chain: Chain,
    addresses: Addresses,
    search: Search,
    /// The block before the next page; none before the first block.
    parent: Option<BlockHash>,
    coming: VecDeque<Coming>,
}

/// A page on its way.
#[derive(Debug)]
struct Coming {
    from: u64,
    to: u64,
    answer: JoinHandle<Result<Answer, ChainError>>,
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.answer.abort();
    }
}

/// What came of a page.
#[derive(Debug)]
enum Answer {
    Read(Found),
    /// More events than the node gives at once; fewer blocks may have fewer.
    TooMuch,
    /// The chain was reorganised meanwhile.
    Interrupted,
}

/// A page that was read.
#[derive(Debug)]
struct Found {
    page: MarketPage,
    /// The hash that the block before the first one had afterwards.
    parent: Option<BlockHash>,
    /// What the node sent, of which not all may be the market's.
    logs: usize,
}

/// What is asked next.
#[derive(Debug)]
struct Search {
    next: u64,
    to: u64,
    blocks: u64,
}

impl Search {
    /// The last block of the next page, if there is one.
    fn end(&self) -> Option<u64> {
        (self.next <= self.to).then(|| self.to.min(self.next.saturating_add(self.blocks - 1)))
    }

    /// A page of `blocks` blocks had `logs` events: the next one is to have about as many as are wanted.
    fn fit(&mut self, blocks: u64, logs: usize) {
        let wanted = match logs {
            0 => MAX_PAGE,
            logs => blocks.saturating_mul(AIM as u64) / logs as u64,
        };
        self.blocks = wanted
            .clamp(self.blocks.div_ceil(2), self.blocks * 4)
            .clamp(1, MAX_PAGE);
    }
}

impl MarketPages {
    /// The next page. Pages follow each other on one chain, the first one the block that the search began after.
    pub async fn next(&mut self) -> Result<NextPage, ChainError> {
        loop {
            while self.coming.len() < AHEAD
                && let Some(to) = self.search.end()
            {
                let (chain, addresses, from) = (self.chain.clone(), self.addresses.clone(), self.search.next);
                let answer = tokio::spawn(async move { chain.market_page(&addresses, from, to).await });
                self.coming.push_back(Coming { from, to, answer });
                self.search.next = to + 1;
            }
            let Some(mut coming) = self.coming.pop_front() else {
                return Ok(NextPage::End);
            };
            let (from, to) = (coming.from, coming.to);
            let answer = match (&mut coming.answer).await {
                Ok(answer) => answer?,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The runtime is ending.
                    Err(_) => Answer::Interrupted,
                },
            };
            match answer {
                Answer::Read(found) if self.parent.is_none() || self.parent == found.parent => {
                    self.search.fit(to - from + 1, found.logs);
                    self.parent = Some(found.page.hash);
                    return Ok(NextPage::Page(found.page));
                }
                Answer::Read(_) | Answer::Interrupted => return Ok(NextPage::Interrupted),
                Answer::TooMuch => {
                    self.coming.clear();
                    self.search.next = from;
                    self.search.blocks = (to - from).div_ceil(2);
                }
            }
        }
    }
}

impl Chain {
    /// Searches for the market's events after the block `after`, the first one when there is none, up to the block `to`.
    pub fn market_pages(
        &self,
        addresses: &Addresses,
        after: Option<(u64, BlockHash)>,
        to: u64,
    ) -> MarketPages {
        MarketPages {
            chain: self.clone(),
            addresses: addresses.clone(),
            search: Search {
                next: after.map_or(0, |(block, _)| block + 1),
                to,
                blocks: FIRST_PAGE,
            },
            parent: after.map(|(_, hash)| hash),
            coming: VecDeque::new(),
        }
    }

    /// Downloads and reads a page: sorted, each event once, only the market's.
    async fn market_page(&self, addresses: &Addresses, from: u64, to: u64) -> Result<Answer, ChainError> {
        let market = addresses.market()?;
        let topics = json!([[
            OrderPlaced::SIGNATURE_HASH,
            Trade::SIGNATURE_HASH,
            OrderCancelled::SIGNATURE_HASH
        ]]);
        let Some(page_hash) = self.block_hash(to).await? else {
            return Ok(Answer::Interrupted);
        };
        let logs = match self.log_page(&[market], &topics, from, to).await {
            Ok(logs) => logs,
            Err(error) if from < to && crate::log::is_too_much(&error) => return Ok(Answer::TooMuch),
            Err(error) => return Err(error),
        };
        if self.block_hash(to).await? != Some(page_hash) {
            return Ok(Answer::Interrupted);
        }
        let parent = match from.checked_sub(1) {
            Some(before) => self.block_hash(before).await?,
            None => None,
        };
        let count = logs.len();
        let bad = |reason: String| self.wire.bad("eth_getLogs", reason);
        let logs = in_order(logs).map_err(bad)?;
        let last = logs
            .last()
            .map(|log| (log.block_number.to::<u64>(), hash(log.block_hash)));
        if last.is_some_and(|(block, found)| block == to && found != page_hash) {
            return Err(bad("events of a block that is not in its chain".to_owned()));
        }
        let times = self.times(&logs).await?;
        let mut found = Vec::with_capacity(logs.len());
        for log in &logs {
            let at = times
                .get(&log.block_number.to::<u64>())
                .copied()
                .unwrap_or_default();
            found.extend(market_log(addresses, log, at).map_err(bad)?);
        }
        let page = MarketPage {
            from,
            to,
            hash: page_hash,
            logs: found,
        };
        let logs = count;
        Ok(Answer::Read(Found { page, parent, logs }))
    }

    /// When these blocks were made, Unix seconds. Newer nodes say it with each log, others are asked block by block.
    async fn times(&self, logs: &[Log]) -> Result<BTreeMap<u64, u64>, ChainError> {
        #[derive(Deserialize)]
        struct Timed {
            hash: B256,
            timestamp: U64,
        }
        let mut times = BTreeMap::new();
        for log in logs {
            let number = log.block_number.to::<u64>();
            if let Some(time) = log.block_timestamp {
                times.insert(number, time.to());
            } else if let Entry::Vacant(entry) = times.entry(number) {
                const METHOD: &str = "eth_getBlockByNumber";
                let block: Option<Timed> = self.wire.request(METHOD, json!([tag(number), false])).await?;
                let block = block.filter(|block| block.hash == log.block_hash);
                let block = block.ok_or_else(|| self.wire.bad(METHOD, "the block of an event is gone"))?;
                entry.insert(block.timestamp.to());
            }
        }
        Ok(times)
    }
}

impl Receipt {
    /// What the market did in this transaction, in its order. Logs of other contracts do not count. The time of the block
    /// is not in a receipt: it is zero.
    pub fn market_logs(&self, addresses: &Addresses) -> Result<Vec<MarketLog>, ChainError> {
        let mut found = Vec::new();
        for log in self.logs() {
            found.extend(market_log(addresses, log, 0).map_err(|reason| self.bad(reason))?);
        }
        Ok(found)
    }

    /// What an order of `trader` did that arrived with this transaction.
    pub fn placed(
        &self,
        addresses: &Addresses,
        trader: enerlink_domain::Address,
    ) -> Result<Placed, ChainError> {
        let mut placed = Placed {
            order: None,
            traded: Lots::ZERO,
        };
        for log in self.market_logs(addresses)? {
            match log.event {
                MarketEvent::Trade { taker, lots, .. } if taker == trader => {
                    let sum = placed.traded.checked_add(lots);
                    placed.traded = sum.ok_or_else(|| self.bad("more lots than an order has".to_owned()))?;
                }
                MarketEvent::Placed { id, trader: own, .. } if own == trader => placed.order = Some(id),
                MarketEvent::Trade { .. } | MarketEvent::Placed { .. } | MarketEvent::Cancelled { .. } => {}
            }
        }
        Ok(placed)
    }
}

/// Sorts logs by their place and drops those that came twice. Two different blocks of one height, or an order of logs
/// that no block can have, are refused.
fn in_order(mut logs: Vec<Log>) -> Result<Vec<Log>, String> {
    let place = |log: &Log| (log.block_number.to::<u64>(), log.log_index.to::<u64>());
    logs.sort_by_key(place);
    let mut seen = BTreeSet::new();
    logs.retain(|log| seen.insert((log.block_hash, log.log_index)));
    for pair in logs.windows(2) {
        let (one, other) = (&pair[0], &pair[1]);
        if one.block_number == other.block_number && one.block_hash != other.block_hash {
            return Err(format!("two blocks of height {}", one.block_number));
        }
        if place(one) == place(other) {
            return Err(format!("two logs at place {:?}", place(one)));
        }
    }
    Ok(logs)
}

/// `None` for what is not the market's.
fn market_log(addresses: &Addresses, log: &Log, time: u64) -> Result<Option<MarketLog>, String> {
    let market = addresses.market().map_err(|error| error.to_string())?;
    if log.address != to_alloy(market) || log.removed {
        return Ok(None);
    }
    let id = |id| order_id(id).ok_or_else(|| format!("log {} names {id}, the id of no order", log.log_index));
    let event = match log.topics.first() {
        Some(topic) if *topic == OrderPlaced::SIGNATURE_HASH => {
            let event = decode::<OrderPlaced>(log)?;
            MarketEvent::Placed {
                id: id(event.id)?,
                trader: from_alloy(event.trader),
                lots: Lots(event.lots),
            }
        }
        Some(topic) if *topic == Trade::SIGNATURE_HASH => {
            let event = decode::<Trade>(log)?;
            MarketEvent::Trade {
                maker_order: id(event.makerOrderId)?,
                maker: from_alloy(event.maker),
                taker: from_alloy(event.taker),
                lots: Lots(event.lots),
            }
        }
        Some(topic) if *topic == OrderCancelled::SIGNATURE_HASH => {
            let event = decode::<OrderCancelled>(log)?;
            MarketEvent::Cancelled {
                id: id(event.id)?,
                lots_left: Lots(event.lotsLeft),
            }
        }
        _ => return Ok(None),
    };
    let millis = i64::try_from(time).ok().and_then(|time| time.checked_mul(1000));
    Ok(Some(MarketLog {
        block: log.block_number.to(),
        block_hash: hash(log.block_hash),
        tx: hash(log.transaction_hash),
        log_index: log.log_index.to(),
        at: UnixMillis(millis.ok_or_else(|| format!("log {} is of an absurd time", log.log_index))?),
        event,
    }))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U64;

    use super::*;
    use crate::contracts::AlloyAddress;

    fn log(block: u64, index: u64, hash: u8) -> Log {
        Log {
            address: AlloyAddress::ZERO,
            topics: Vec::new(),
            data: Default::default(),
            block_number: U64::from(block),
            block_hash: B256::repeat_byte(hash),
            transaction_hash: B256::ZERO,
            log_index: U64::from(index),
            removed: false,
            block_timestamp: None,
        }
    }

    #[test]
    fn logs_are_sorted_and_what_came_twice_counts_once() {
        let logs = vec![log(2, 0, 2), log(1, 3, 1), log(2, 0, 2), log(1, 1, 1)];
        let places: Vec<_> = in_order(logs)
            .expect("in order")
            .iter()
            .map(|log| (log.block_number.to::<u64>(), log.log_index.to::<u64>()))
            .collect();
        assert_eq!(places, [(1, 1), (1, 3), (2, 0)]);
        assert!(
            in_order(vec![log(1, 0, 1), log(1, 1, 2)]).is_err(),
            "two blocks of one height"
        );
        assert!(
            in_order(vec![log(1, 0, 1), log(1, 0, 2)]).is_err(),
            "two logs of one place"
        );
    }

    #[test]
    fn pages_grow_and_shrink_with_what_is_in_them() {
        let mut search = Search {
            next: 0,
            to: u64::MAX,
            blocks: 100,
        };
        search.fit(100, 0);
        assert_eq!(search.blocks, 400, "an empty page is followed by a wide one");
        search.fit(400, 40_000);
        assert_eq!(search.blocks, 200, "a full one by one of half its size");
        search.fit(200, AIM);
        assert_eq!(search.blocks, 200);
        search.blocks = 1;
        search.fit(1, usize::MAX);
        assert_eq!(search.blocks, 1);
        search.blocks = MAX_PAGE;
        search.fit(MAX_PAGE, 0);
        assert_eq!(search.blocks, MAX_PAGE);
    }
}
