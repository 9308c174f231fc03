//! A random neighbourhood: contract, book, database and a plain list agree after every block, whatever happens between.

use std::collections::BTreeMap;

use enerlink_domain::{
    Address,
    market::{Lots, OrderId, Side, Ticket, TicketKind},
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

/// The market as a list in the order of arrival.
#[derive(Clone, Debug, Default)]
struct Model(Vec<Resting>);

impl Model {
    /// The first order of the best price that a ticket trades with.
    fn best(&self, ticket: &Ticket) -> Option<usize> {
        let price = ticket.price.get();
        let crosses = |order: &&(usize, &Resting)| match ticket.side {
            Side::Bid => order.1.side == Side::Ask && order.1.price <= price,
            Side::Ask => order.1.side == Side::Bid && order.1.price >= price,
        };
        let orders = self.0.iter().enumerate();
        let crossing: Vec<_> = orders.collect::<Vec<_>>();
        let crossing = crossing.iter().filter(crosses);
        let best = crossing.min_by_key(|(at, order)| match ticket.side {
            Side::Bid => (i32::from(order.price), *at),
            Side::Ask => (-i32::from(order.price), *at),
        });
        best.map(|(at, _)| *at)
    }

    fn place(&mut self, ticket: &Ticket) {
        let mut left = ticket.lots.0;
        for _ in 0..16 {
            let Some(at) = self.best(ticket).filter(|_| left > 0) else {
                break;
            };
            let maker = self.0[at];
            if maker.trader == ticket.account {
                self.0.remove(at);
                continue;
            }
            let moved = left.min(maker.lots);
            left -= moved;
            self.0[at].lots -= moved;
            if self.0[at].lots == 0 {
                self.0.remove(at);
            }
        }
        let waits = matches!(ticket.kind, TicketKind::Limit | TicketKind::PostOnly);
        if left > 0 && waits && self.best(ticket).is_none() {
            self.0.push(Resting {
                trader: ticket.account,
                side: ticket.side,
                price: ticket.price.get(),
                lots: left,
            });
        }
    }

    /// By side and price, first come first.
    fn sorted(&self) -> Vec<Resting> {
        let mut orders = self.0.clone();
        orders.sort_by_key(|order| (order.side, order.price));
        orders
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
}

/// So many operations of three accounts, with reorganisations and restarts between.
pub(crate) async fn trade(operations: u64, seed: u64) {
    let mut street = Street::build().await;
    let money = street.money().await;
    let mut dice = Dice(seed);
    let mut model = Model::default();
    // What the list was at each height.
    let mut heights: BTreeMap<u64, Model> = BTreeMap::new();
    for number in 0..operations {
        let height = street.node().block_number().await.expect("a height");
        heights.insert(height, model.clone());
        let who = dice.roll(3) as usize;
        let what = dice.roll(100);
        if what < 75 {
            let side = Side::ALL[dice.roll(2) as usize];
            let kinds = [
                TicketKind::Limit,
                TicketKind::Limit,
                TicketKind::ImmediateOrCancel,
                TicketKind::PostOnly,
            ];
            let kind = kinds[dice.roll(4) as usize];
            let ticket = street.ticket(
                who,
                side,
                kind,
                100 + dice.roll(8) as u16,
                1 + dice.roll(20) as u32,
            );
            // What the rules of the ticket refuse the chain never hears of.
            if street.place(ticket).await.is_ok() {
                model.place(&ticket);
            }
        } else if what < 92 {
            let book = street.book(&street.engine).await;
            let own: Vec<OrderId> = book
                .iter()
                .filter(|(_, (trader, _))| *trader == street.accounts[who])
                .map(|(id, _)| *id)
                .collect();
            if !own.is_empty() {
                let id = own[dice.roll(own.len() as u64) as usize];
                let ahead = own.iter().filter(|other| {
                    (other.side(), other.price()) == (id.side(), id.price())
                        && other.sequence() < id.sequence()
                });
                let ahead = ahead.count();
                street
                    .engine
                    .cancel_orders(street.accounts[who], vec![id])
                    .await
                    .expect("queued");
                street.rest().await;
                let same = |order: &Resting| {
                    order.trader == street.accounts[who]
                        && (order.side, order.price) == (id.side(), id.price().get())
                };
                let at = model
                    .0
                    .iter()
                    .enumerate()
                    .filter(|(_, order)| same(order))
                    .nth(ahead);
                let at = at.expect("the list has it").0;
                model.0.remove(at);
            }
        } else if what < 97 {
            reorganise(&mut street, &mut heights, [1, 2, 5][dice.roll(3) as usize]).await;
        } else {
            street.restart(async |_| {}).await;
            street.rest().await;
        }
        compare(&street, &model, &format!("operation {number} of seed {seed}")).await;
    }
    assert_eq!(street.money().await, money, "no unit was lost or made");
    assert_eq!(street.engine.market_state().alarm, None);
}

/// Takes blocks back, looks at the book as it was then, and lets the same transactions come again.
async fn reorganise(street: &mut Street, heights: &mut BTreeMap<u64, Model>, depth: u64) {
    let height = street.node().block_number().await.expect("a height");
    let Some(before) = heights.get(&(height - depth)).cloned() else {
        return;
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
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_agrees_after_every_block() {
    trade(200, 7).await;
}
