//! The book follows the chain: page by page, stored before it is told, and taken back where the chain takes it back. Where it
//! cannot be believed, what has happened is stored without it, and what rests is taken over from the contract.

use std::collections::BTreeSet;

use enerlink_chain::{ChainError, MarketPage, MarketPages, NextPage};
use enerlink_domain::{
    Address, BlockHash, Error,
    market::{Book, Difference, Lots, OpenOrder, OrderId, Pair, PlaceState, Price, Side, Snapshot, Tick},
};
use enerlink_store::{
    OrderRow, Store, cursors, market, market_candles, market_levels, market_trades, trade_orders,
};

use crate::network::Network;

/// Open orders that are read at once.
const ROWS: u32 = 5_000;

/// The book and where it stands.
pub(crate) struct Live {
    pub(crate) market: Address,
    pub(crate) chain_id: u64,
    pub(crate) pair: Pair,
    pub(crate) book: Book,
    /// The last block that was taken in; none before the first.
    pub(crate) at: Option<(u64, BlockHash)>,
    /// Why the book cannot be believed, when it cannot: then pages go into the database only.
    pub(super) doubt: Option<String>,
}

/// Why a page was not taken in.
pub(super) enum Stop {
    Chain(ChainError),
    Stored(Error),
    /// The book cannot be believed, and why.
    Doubted(String),
}

impl From<ChainError> for Stop {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Stored(error)
    }
}

impl From<enerlink_store::StoreError> for Stop {
    fn from(error: enerlink_store::StoreError) -> Self {
        Self::Stored(error.into())
    }
}

/// The name of the cursor up to which events of a market are taken in.
pub(super) fn cursor(market: Address) -> String {
    format!("market/{}", market.to_lower())
}

/// Names the block at which the contract's own view was taken over: then not every price's past is known.
fn adopted(market: Address) -> String {
    format!("market/{}/adopted", market.to_lower())
}

impl Live {
    /// The book as it was stored last; in doubt when that is no book.
    pub(super) async fn load(
        store: &Store,
        network: &Network,
        market: Address,
        pair: Pair,
        own: &BTreeSet<Address>,
    ) -> Result<Self, Error> {
        let (reader, chain_id) = (store.reader(), network.addresses.chain_id);
        let at = cursors::get(&reader, chain_id, &cursor(market)).await?;
        let complete = cursors::get(&reader, chain_id, &adopted(market)).await?.is_none();
        let mut snapshot = Snapshot {
            complete,
            places: market_levels::list(&reader, market).await?,
            orders: Vec::new(),
        };
        let mut after = 0;
        loop {
            let page = trade_orders::open(&reader, market, after, ROWS).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            snapshot.orders.extend(page.into_iter().map(|(_, order)| order));
        }
        sum_up(&mut snapshot);
        let (mut book, doubt) = match Book::load(&snapshot) {
            Ok(book) => (book, None),
            Err(error) => (Book::new(), Some(format!("what is stored is no book: {error}"))),
        };
        book.watch(&own.iter().copied().collect::<Vec<_>>());
        Ok(Self {
            market,
            chain_id,
            pair,
            book,
            at,
            doubt,
        })
    }

    /// Takes the pages in, each into the book, then into the database, and only then it counts: one is stored while the
    /// next one goes into the book. `stored` hears of each, and what it changed. Answers whether these were all. After an
    /// error of the database the book is not what is stored any more.
    pub(super) async fn take(
        &mut self,
        store: &Store,
        own: &BTreeSet<Address>,
        mut pages: MarketPages,
        mut stored: impl FnMut(&MarketPage, Vec<OrderRow>),
    ) -> Result<bool, Stop> {
        let (market, chain_id) = (self.market, self.chain_id);
        let mut book = self.doubt.is_none().then_some(&mut self.book);
        let mut next = read(book.as_deref_mut(), &mut pages).await;
        loop {
            let taken = match next? {
                Next::Taken(taken) => taken,
                Next::End => return Ok(true),
                Next::Interrupted => return Ok(false),
            };
            let written;
            (written, next) = tokio::join!(
                biased;
                taken.store(store, market, chain_id, own),
                read(book.as_deref_mut(), &mut pages)
            );
            let changed = written?;
            self.at = Some((taken.page.to, taken.page.hash));
            stored(&taken.page, changed);
        }
    }
}

/// What follows what was taken into the book.
enum Next {
    Taken(Taken),
    End,
    Interrupted,
}

/// A page that is in the book, if there is one.
struct Taken {
    page: MarketPage,
    /// How it left the prices that it names, as the book says.
    places: Vec<PlaceState>,
}

async fn read(book: Option<&mut Book>, pages: &mut MarketPages) -> Result<Next, Stop> {
    let page = match pages.next().await? {
        NextPage::Page(page) => page,
        NextPage::End => return Ok(Next::End),
        NextPage::Interrupted => return Ok(Next::Interrupted),
    };
    let Some(book) = book else {
        let places = Vec::new();
        return Ok(Next::Taken(Taken { page, places }));
    };
    let mut named: BTreeSet<(Side, Price)> = BTreeSet::new();
    for log in &page.logs {
        book.apply(log).map_err(|divergence| {
            Stop::Doubted(format!(
                "block {}, log {}: {divergence}",
                log.block, log.log_index
            ))
        })?;
        let id = log.event.order();
        named.insert((id.side(), id.price()));
    }
    let places = named
        .into_iter()
        .filter_map(|(side, price)| book.place(side, price));
    let places = places.collect();
    Ok(Next::Taken(Taken { page, places }))
}

impl Taken {
    async fn store(
        &self,
        store: &Store,
        market: Address,
        chain_id: u64,
        own: &BTreeSet<Address>,
    ) -> Result<Vec<OrderRow>, Error> {
        let logs = &self.page.logs;
        let tx = store.begin().await?;
        let changed = super::intake::orders(&tx, market, own, logs).await?;
        market_trades::insert(&tx, market, logs).await?;
        let ticks: Vec<Tick> = logs.iter().filter_map(Tick::of).collect();
        market_candles::add(&tx, market, &ticks).await?;
        market_levels::put(&tx, market, &self.places).await?;
        cursors::set(&tx, chain_id, &cursor(market), self.page.to, self.page.hash).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// The lots of a price are those of its orders.
fn sum_up(snapshot: &mut Snapshot) {
    let mut sums = std::collections::BTreeMap::new();
    for order in &snapshot.orders {
        *sums.entry((order.id.side(), order.id.price())).or_insert(0_u64) += u64::from(order.lots.0);
    }
    for place in &mut snapshot.places {
        place.lots.0 = sums.get(&(place.side, place.price)).copied().unwrap_or(0);
    }
}

/// Whether the block that was taken in last is still there; the block up to which everything still is, when it is not.
pub(super) enum Standing {
    Stands,
    /// Up to this block; nothing is known to stand when there is none.
    Fell(Option<(u64, BlockHash)>),
    /// The node has not come to that height, or not again.
    Unknown,
}

/// Compares what is stored with the chain.
pub(super) async fn standing(store: &Store, network: &Network, live: &Live) -> Result<Standing, Stop> {
    let Some((number, hash)) = live.at else {
        return Ok(Standing::Stands);
    };
    let chain = &network.chain;
    match chain.block_hash(number).await? {
        Some(found) if found == hash => return Ok(Standing::Stands),
        Some(_) => {}
        None => {
            // A node that lags behind is no reorganisation, unless what it has is another chain already.
            let head = chain.head().await?.number;
            let below = market::last_block(&store.reader(), live.market, head + 1).await?;
            let Some((block, hash)) = below else {
                return Ok(Standing::Unknown);
            };
            if chain.block_hash(block).await? == Some(hash) {
                return Ok(Standing::Unknown);
            }
        }
    }
    let mut below = number + 1;
    loop {
        let stored = market::last_block(&store.reader(), live.market, below).await?;
        let Some((block, hash)) = stored else {
            return Ok(Standing::Fell(None));
        };
        if chain.block_hash(block).await? == Some(hash) {
            return Ok(Standing::Fell(Some((block, hash))));
        }
        below = block;
    }
}

/// Takes back what came after `kept`. Answers the orders that changed, and whether each is still there.
pub(super) async fn undo(
    store: &Store,
    live: &Live,
    kept: Option<(u64, BlockHash)>,
) -> Result<Vec<(OrderRow, bool)>, Error> {
    let tx = store.begin().await?;
    let block = kept.map_or(0, |(block, _)| block);
    let changed = market::undo_after(&tx, live.market, block).await?;
    let hash = kept.map_or_else(BlockHash::default, |(_, hash)| hash);
    match kept {
        Some(_) => cursors::set(&tx, live.chain_id, &cursor(live.market), block, hash).await?,
        None => cursors::remove(&tx, live.chain_id, &cursor(live.market)).await?,
    }
    tx.commit().await?;
    Ok(changed)
}

/// Goes on from the contract's own view of the newest block where the book is in doubt. What has happened until then is
/// stored as the events tell it: trades and candles are whole, and an order that is gone was traded or cancelled as they
/// say. `stored` hears of each page. Answers the orders that the view changes besides; none while the chain moves on.
pub(super) async fn adopt(
    store: &Store,
    network: &Network,
    live: &mut Live,
    own: &BTreeSet<Address>,
    now: enerlink_domain::UnixMillis,
    stored: impl FnMut(&MarketPage, Vec<OrderRow>),
) -> Result<Option<Vec<OrderRow>>, Stop> {
    let head = network.chain.head().await?;
    let pages = network
        .chain
        .market_pages(&network.addresses, live.at, head.number);
    let at = (head.number, head.hash);
    if !live.take(store, own, pages, stored).await? || live.at != Some(at) {
        return Ok(None);
    }
    let Some((places, orders)) = view(network, at).await? else {
        return Ok(None);
    };
    let tx = store.begin().await?;
    let changed = market::adopt(&tx, live.market, &places, &orders, at, now).await?;
    cursors::set(&tx, live.chain_id, &adopted(live.market), at.0, at.1).await?;
    tx.commit().await?;
    Ok(Some(changed))
}

/// All that rests, as the contract says itself, at a block; none when that is another block afterwards.
async fn view(
    network: &Network,
    (block, hash): (u64, BlockHash),
) -> Result<Option<(Vec<PlaceState>, Vec<OpenOrder>)>, ChainError> {
    let (chain, addresses) = (&network.chain, &network.addresses);
    let places = places(network, block).await?;
    let mut orders = Vec::new();
    for place in &places {
        orders.extend(chain.orders(addresses, place, block).await?);
    }
    let same = chain.block_hash(block).await? == Some(hash);
    Ok(same.then_some((places, orders)))
}

/// Where the contract says something else than `book` of the newest block, and which that is; none when that is not the
/// same afterwards. The book's orders are asked for by their ids, a few hundred at once, where [`view`] asks price by price:
/// one that the book does not have shows in what its price holds.
pub(super) async fn differences(
    network: &Network,
    book: &Book,
) -> Result<Option<(Vec<Difference>, (u64, BlockHash))>, ChainError> {
    let chain = &network.chain;
    let head = chain.head().await?;
    let places = places(network, head.number).await?;
    let mut orders: Vec<OpenOrder> = Side::ALL.iter().flat_map(|side| book.orders(*side)).collect();
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let left = chain.lots_left(&network.addresses, &ids, head.number).await?;
    for (order, left) in orders.iter_mut().zip(left) {
        order.lots = left;
    }
    orders.retain(|order| order.lots > Lots::ZERO);
    let same = chain.block_hash(head.number).await? == Some(head.hash);
    Ok(same.then(|| (book.differences(&places, &orders), (head.number, head.hash))))
}

/// The prices at which orders rest, as the contract says itself.
async fn places(network: &Network, block: u64) -> Result<Vec<PlaceState>, ChainError> {
    let mut places = Vec::new();
    for side in Side::ALL {
        places.extend(network.chain.all_levels(&network.addresses, side, block).await?);
    }
    Ok(places)
}
