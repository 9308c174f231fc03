//! A random neighbourhood: contract, book, database and a plain list agree after every block, whatever happens between.

use std::collections::BTreeMap;

use enerlink_domain::{
    Address, Code,
    market::{Lots, OrderId, Side, Ticket, TicketKind},
    view::TradeFilter,
};
use enerlink_sim::node::{Fault, ReorgTxs, Span};

use crate::street::{Street, until};

/// An order of the plain list, which is searched from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resting {
    trader: Address,
    side: Side,
    price: u16,
    lots: u32,
}

/// A trade: who waited, who came, what the latter did, at which price, how many lots.
type Traded = (Address, Address, Side, u16, u32);

/// Trades that are compared after every block: more than a reorganisation takes back.
const TAPE: usize = 200;

/// The market as a list in the order of arrival, with what was traded, and what everybody has of both tokens.
#[derive(Clone, Debug)]
struct Model {
    orders: Vec<Resting>,
    trades: Vec<Traded>,
    /// ETK and IDRS, base units.
    purses: BTreeMap<Address, (i128, i128)>,
    market: Address,
    /// ETK of a lot, base units.
    lot: i128,
}

impl Model {
    /// A market in which nothing rests.
    async fn of(street: &Street) -> Self {
        let pair = street.chain.market_pair(&street.addresses).await.expect("a pair");
        let market = street.addresses.market.expect("a market");
        let mut purses = BTreeMap::new();
        for who in street.accounts.iter().chain([&market]) {
            purses.insert(*who, street.purse(*who).await);
        }
        Self {
            orders: Vec::new(),
            trades: Vec::new(),
            purses,
            market,
            lot: pair.lot().0,
        }
    }

    /// The first order of the best price that a ticket trades with.
    fn best(&self, ticket: &Ticket) -> Option<usize> {
        let price = ticket.price.get();
        let crosses = |order: &&(usize, &Resting)| match ticket.side {
            Side::Bid => order.1.side == Side::Ask && order.1.price <= price,
            Side::Ask => order.1.side == Side::Bid && order.1.price >= price,
        };
        let orders = self.orders.iter().enumerate();
        let crossing: Vec<_> = orders.collect::<Vec<_>>();
        let crossing = crossing.iter().filter(crosses);
        let best = crossing.min_by_key(|(at, order)| match ticket.side {
            Side::Bid => (i32::from(order.price), *at),
            Side::Ask => (-i32::from(order.price), *at),
        });
        best.map(|(at, _)| *at)
    }

    /// Answers what happened, or the words with which the ticket is refused; then nothing has.
    fn place(&mut self, ticket: &Ticket) -> Result<Vec<&'static str>, &'static str> {
        if ticket.kind == TicketKind::PostOnly && self.best(ticket).is_some() {
            return Err("the order would trade at");
        }
        let before = self.clone();
        let happened = self.take(ticket);
        let waits = matches!(ticket.kind, TicketKind::Limit | TicketKind::PostOnly);
        if !waits && !happened.contains(&"a trade") {
            *self = before;
            return Err(match happened.contains(&"an own order met") {
                true => "only own orders can be met",
                false => "nothing can be traded",
            });
        }
        Ok(happened)
    }

    fn take(&mut self, ticket: &Ticket) -> Vec<&'static str> {
        let mut happened = Vec::new();
        let mut left = ticket.lots.0;
        for _ in 0..16 {
            let Some(at) = self.best(ticket).filter(|_| left > 0) else {
                break;
            };
            let maker = self.orders[at];
            if maker.trader == ticket.account {
                self.cancel(at);
                happened.push("an own order met");
                continue;
            }
            let moved = left.min(maker.lots);
            left -= moved;
            self.orders[at].lots -= moved;
            if self.orders[at].lots == 0 {
                self.orders.remove(at);
            } else {
                happened.push("an order filled in part");
            }
            let (given, paid) = (
                Resting { lots: moved, ..maker },
                Resting {
                    lots: moved,
                    side: ticket.side,
                    ..maker
                },
            );
            self.pay(self.market, ticket.account, self.escrow(&given));
            self.pay(ticket.account, maker.trader, self.escrow(&paid));
            let trade = (maker.trader, ticket.account, ticket.side, maker.price, moved);
            self.trades.push(trade);
            happened.push("a trade");
        }
        let waits = matches!(ticket.kind, TicketKind::Limit | TicketKind::PostOnly);
        if left > 0 && waits && self.best(ticket).is_none() {
            let order = Resting {
                trader: ticket.account,
                side: ticket.side,
                price: ticket.price.get(),
                lots: left,
            };
            self.pay(order.trader, self.market, self.escrow(&order));
            self.orders.push(order);
            happened.push("an order that rests");
        }
        happened
    }

    fn cancel(&mut self, at: usize) {
        let order = self.orders.remove(at);
        self.pay(self.market, order.trader, self.escrow(&order));
    }

    /// What an order pays with, all of it.
    fn escrow(&self, order: &Resting) -> (i128, i128) {
        match order.side {
            Side::Bid => (0, i128::from(order.lots) * i128::from(order.price)),
            Side::Ask => (i128::from(order.lots) * self.lot, 0),
        }
    }

    fn pay(&mut self, from: Address, to: Address, (etk, idrs): (i128, i128)) {
        for (who, sign) in [(from, -1), (to, 1)] {
            let purse = self.purses.entry(who).or_default();
            *purse = (purse.0 + sign * etk, purse.1 + sign * idrs);
        }
    }

    /// By side and price, first come first.
    fn sorted(&self) -> Vec<Resting> {
        let mut orders = self.orders.clone();
        orders.sort_by_key(|order| (order.side, order.price));
        orders
    }

    /// How many trades there were, of how many lots, for how much.
    fn sums(&self) -> (u64, u64, i128) {
        let add = |(trades, lots, value), (_, _, _, price, moved): &Traded| {
            let cost = i128::from(*price) * i128::from(*moved);
            (trades + 1, lots + u64::from(*moved), value + cost)
        };
        self.trades.iter().fold((0, 0, 0), add)
    }
}

/// xorshift64*: the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % sides
    }
}

fn resting(book: &BTreeMap<OrderId, (Address, Lots)>) -> Vec<Resting> {
    let mut orders: Vec<_> = book.iter().collect();
    orders.sort_by_key(|(id, _)| (id.side(), id.price(), id.generation(), id.sequence()));
    let plain = |(id, (trader, lots)): (&OrderId, &(Address, Lots))| Resting {
        trader: *trader,
        side: id.side(),
        price: id.price().get(),
        lots: lots.0,
    };
    orders.into_iter().map(plain).collect()
}

async fn compare(street: &Street, model: &Model, what: &str) {
    let book = street.book(&street.engine).await;
    let contract: BTreeMap<_, _> = street
        .contract()
        .await
        .into_iter()
        .map(|order| (order.id, (order.trader, order.lots)))
        .collect();
    assert_eq!(book, contract, "book and contract after {what}");
    assert_eq!(resting(&book), model.sorted(), "book and list after {what}");
    let page = street
        .engine
        .trades(&TradeFilter::default(), TAPE as u16, None)
        .await;
    let told = page.expect("trades").rows;
    let told: Vec<Traded> = told
        .iter()
        .rev()
        .map(|row| (row.maker, row.taker, row.side, row.price.get(), row.lots.0))
        .collect();
    let last = model.trades.len().saturating_sub(TAPE);
    assert_eq!(told, model.trades[last..], "stored trades after {what}");
    // Sums of candles, of which all are of the last 24 hours.
    let day = street.engine.market_state().stats.expect("figures");
    let day = (day.trades, day.lots.0, day.value.0);
    assert_eq!(day, model.sums(), "candles after {what}");
    for (who, purse) in &model.purses {
        assert_eq!(street.purse(*who).await, *purse, "what {who} has after {what}");
    }
}

/// What has to happen in each 200 operations, and how often at least: about half of what the seeds make of it.
const LEAST: [(&str, u64); 14] = [
    ("a trade", 25),
    ("an order filled in part", 10),
    ("an own order met", 5),
    ("an order that rests", 30),
    ("Limit", 25),
    ("Market", 5),
    ("ImmediateOrCancel", 3),
    ("PostOnly", 8),
    ("the order would trade at", 5),
    ("nothing can be traded", 8),
    ("only own orders can be met", 1),
    ("a cancellation", 10),
    ("a reorganisation", 2),
    ("a restart", 1),
];

/// A ticket of an account, at prices that are close to each other; a market order takes all of them.
fn draw(dice: &mut Dice, street: &Street, who: usize) -> Ticket {
    const KINDS: [TicketKind; 5] = [
        TicketKind::Limit,
        TicketKind::Limit,
        TicketKind::Market,
        TicketKind::ImmediateOrCancel,
        TicketKind::PostOnly,
    ];
    let side = Side::ALL[dice.roll(2) as usize];
    let kind = KINDS[dice.roll(5) as usize];
    let (price, lots) = (100 + dice.roll(8) as u16, 1 + dice.roll(20) as u32);
    let price = match (kind, side) {
        (TicketKind::Market, Side::Bid) => 107,
        (TicketKind::Market, Side::Ask) => 100,
        _ => price,
    };
    street.ticket(who, side, kind, price, lots)
}

/// So many operations of three accounts, with reorganisations and restarts between.
pub(crate) async fn trade(operations: u64, seed: u64) {
    let mut street = Street::build().await;
    let mut dice = Dice(seed);
    let mut model = Model::of(&street).await;
    // What the list was at the last heights.
    let mut heights: BTreeMap<u64, Model> = BTreeMap::new();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..operations {
        let what = format!("operation {number} of seed {seed}");
        let height = street.node().block_number().await.expect("a height");
        heights = heights.split_off(&height.saturating_sub(DEEPEST));
        heights.insert(height, model.clone());
        let who = dice.roll(3) as usize;
        let happened = match dice.roll(100) {
            0..75 => {
                let ticket = draw(&mut dice, &street, who);
                let expected = model.place(&ticket);
                match (expected, street.place(ticket).await) {
                    (Ok(happened), Ok(_)) => {
                        let kind = format!("{:?}", ticket.kind);
                        happened.into_iter().map(str::to_owned).chain([kind]).collect()
                    }
                    (Err(words), Err(error)) => {
                        assert_eq!(error.code, Code::OrderInvalid, "{what}: {error}");
                        assert!(error.message.contains(words), "{what}: {error}, not {words}");
                        vec![words.to_owned()]
                    }
                    (expected, found) => panic!("{what}: {ticket:?} {expected:?}, and not {found:?}"),
                }
            }
            75..92 => match cancel(&mut dice, &street, &mut model, who).await {
                true => vec!["a cancellation".to_owned()],
                false => Vec::new(),
            },
            92..97 => {
                let depth = [1, 2, DEEPEST][dice.roll(3) as usize];
                match reorganise(&mut street, &mut heights, depth).await {
                    true => vec!["a reorganisation".to_owned()],
                    false => Vec::new(),
                }
            }
            _ => {
                street.restart(async |_| {}).await;
                street.rest().await;
                vec!["a restart".to_owned()]
            }
        };
        for one in happened {
            *seen.entry(one).or_default() += 1;
        }
        compare(&street, &model, &what).await;
    }
    for (what, least) in LEAST {
        let found = seen.get(what).copied().unwrap_or_default();
        assert!(
            found >= least * operations / 200,
            "{what}: {found} times; {seen:?}"
        );
    }
    assert_eq!(street.engine.market_state().alarm, None);
}

/// Cancels an order of an account, if it has one.
async fn cancel(dice: &mut Dice, street: &Street, model: &mut Model, who: usize) -> bool {
    let trader = street.accounts[who];
    let book = street.book(&street.engine).await;
    let own = book.iter().filter(|(_, (other, _))| *other == trader);
    let own: Vec<OrderId> = own.map(|(id, _)| *id).collect();
    if own.is_empty() {
        return false;
    }
    let id = own[dice.roll(own.len() as u64) as usize];
    let ahead = own.iter().filter(|other| {
        (other.side(), other.price()) == (id.side(), id.price()) && other.sequence() < id.sequence()
    });
    let ahead = ahead.count();
    let queued = street.engine.cancel_orders(trader, vec![id]).await;
    queued.expect("queued");
    street.rest().await;
    let same = |order: &Resting| {
        order.trader == trader && (order.side, order.price) == (id.side(), id.price().get())
    };
    let orders = model.orders.iter().enumerate();
    let at = orders.filter(|(_, order)| same(order)).nth(ahead);
    let at = at.expect("the list has it").0;
    model.cancel(at);
    true
}

/// Blocks that a reorganisation takes back at most.
const DEEPEST: u64 = 5;

/// Takes blocks back, looks at the book as it was then, and lets the same transactions come again. Not where the list is
/// not known as it was.
async fn reorganise(street: &mut Street, heights: &mut BTreeMap<u64, Model>, depth: u64) -> bool {
    let height = street.node().block_number().await.expect("a height");
    let Some(before) = heights.get(&(height - depth)).cloned() else {
        return false;
    };
    heights.retain(|at, _| *at <= height - depth);
    let faults = street.node().faults().clone();
    faults.set_for("eth_sendRawTransaction", Fault::Status(503), Span::UntilCleared);
    let removed = street.node().reorg(depth, ReorgTxs::Drop).await;
    let removed = removed.expect("a reorganisation");
    street.node().mine(1).await.expect("a block");
    until("the book to be taken back", async || {
        street.is_current(&street.engine).await
    })
    .await;
    compare(street, &before, "a reorganisation").await;
    if !removed.is_empty() {
        street.pending().await;
    }
    // A look of the outbox must not see the node come back between two sends: they would change places.
    street.restart(async |_| faults.clear()).await;
    street.rest().await;
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_agrees_after_every_block() {
    trade(200, 7).await;
}
