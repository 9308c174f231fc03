//! Any calls on the book, against a plain model of the rules.

use std::collections::BTreeMap;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::model::{Entry, Model};
use crate::{Address, Etk, Idrs, market::*};

/// As deployed: 1 Wh is 1.00 ETK, a lot is 0.01 kWh.
fn pair() -> Pair {
    Pair::new(Etk(1000), 100_000).expect("a pair")
}

fn trader(number: u8) -> Address {
    Address([number; 20])
}

#[derive(Clone, Debug)]
enum Act {
    Place(NewOrder),
    /// So many one-lot orders at one price, of which all but the first and last are cancelled again.
    Litter(NewOrder, u8),
    /// An order of all that ever were, and its trader or somebody.
    Cancel(prop::sample::Index, Option<u8>),
    CancelMany(u8),
}

fn new_order() -> impl Strategy<Value = NewOrder> {
    let price = prop_oneof![15 => 252..258_u16, 1 => 1..=u16::MAX];
    let lots = prop_oneof![20 => 1..12_u32, 1 => Just(u32::MAX)];
    let flags = prop_oneof![
        6 => Just(OrderFlags::GoodTillCancelled),
        1 => Just(OrderFlags::ImmediateOrCancel),
        1 => Just(OrderFlags::PostOnly),
    ];
    let max_fills = prop_oneof![1..=2_u8, 1..=16_u8];
    (0..4_u8, any::<bool>(), price, lots, flags, max_fills).prop_map(
        |(who, ask, price, lots, flags, max_fills)| NewOrder {
            trader: trader(who),
            side: if ask { Side::Ask } else { Side::Bid },
            price: Price::new(price).expect("not zero"),
            lots: Lots(lots),
            flags,
            max_fills,
        },
    )
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..60)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => new_order().prop_map(Act::Place),
        1 => (new_order(), 3..24_u8).prop_map(|(order, count)| Act::Litter(order, count)),
        5 => (any::<prop::sample::Index>(), prop::option::weighted(0.1, 0..4_u8)).prop_map(|(at, who)| Act::Cancel(at, who)),
        1 => (0..4_u8).prop_map(Act::CancelMany),
    ]
}

/// The model, a book that does what the calls do, and one that sees the events only.
struct Street {
    model: Model,
    book: Book,
    witness: Book,
    undo: Vec<Undo>,
    witnessed: Vec<Undo>,
    seen: Seen,
}

/// How often what can happen has happened.
#[derive(Debug, Default)]
struct Seen {
    filled: u32,
    own: u32,
    dropped: u32,
    refused: u32,
    /// The witness could not be certain.
    uncertain: u32,
}

impl Street {
    fn new() -> Self {
        Self {
            model: Model::default(),
            book: Book::new(),
            witness: Book::new(),
            undo: Vec::new(),
            witnessed: Vec::new(),
            seen: Seen::default(),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Place(order) => self.place(order),
            Act::Litter(order, count) => {
                let order = NewOrder {
                    lots: Lots(1),
                    flags: OrderFlags::GoodTillCancelled,
                    ..*order
                };
                let before = self.model.entries.len();
                (0..*count).for_each(|_| self.place(&order));
                let placed: Vec<OrderId> = self.model.entries[before..]
                    .iter()
                    .map(|entry| entry.id)
                    .collect();
                let inner = placed.get(1..placed.len().saturating_sub(1)).unwrap_or_default();
                inner.iter().rev().for_each(|id| self.cancel(order.trader, *id));
            }
            Act::Cancel(at, who) if !self.model.entries.is_empty() => {
                let Entry {
                    id, trader: owner, ..
                } = *at.get(&self.model.entries);
                self.cancel(who.map_or(owner, trader), id);
            }
            Act::Cancel(..) => {}
            Act::CancelMany(who) => self.cancel_many(trader(*who)),
        }
    }

    fn place(&mut self, order: &NewOrder) {
        let before = self.model.received.clone();
        let outcome = order.outcome(&self.book);
        let seen = order.outcome(&self.witness);
        match (self.model.place(order), outcome) {
            (Ok((filled, rests)), Ok(outcome)) => {
                assert_eq!((outcome.filled, outcome.order), (Lots(filled), rests));
                assert_eq!(outcome.effect.events, self.model.events);
                assert_eq!(
                    outcome.filled.0 + outcome.rests.0 + outcome.dropped.0,
                    order.lots.0
                );
                let seen = seen.expect("the contract takes it");
                self.seen.filled += u32::from(outcome.filled > Lots::ZERO);
                self.seen.own += u32::from(outcome.own_lots > TotalLots::ZERO);
                self.seen.dropped += u32::from(outcome.dropped > Lots::ZERO);
                self.seen.uncertain += u32::from(!seen.certain);
                assert!(
                    seen.filled <= outcome.filled,
                    "the witness counts too many steps, not too few"
                );
                assert!(
                    seen.agrees(order, &self.model.events),
                    "{seen:?} {:?}",
                    self.model.events
                );
                assert!(outcome.agrees(order, &self.model.events));
                if let Some((_, but_last)) = self.model.events.split_last() {
                    assert!(!outcome.agrees(order, but_last), "one event is missing");
                }
                let had = |all: &BTreeMap<_, _>| all.get(&order.trader).copied().unwrap_or((0, 0));
                let (old, new) = (had(&before), had(&self.model.received));
                let change = outcome.change(order, pair());
                assert_eq!((old.0 + change.etk.0, old.1 + change.idrs.0), new);
                self.undo.extend(self.book.perform(&outcome.effect));
            }
            (model, outcome) => {
                self.seen.refused += 1;
                assert_eq!(model.err(), outcome.err());
            }
        }
        self.settle();
    }

    fn cancel(&mut self, caller: Address, id: OrderId) {
        let effect = self.book.cancellation(caller, id);
        match (self.model.cancel(caller, id), effect) {
            (Ok(()), Ok(effect)) => {
                assert_eq!(effect.events, self.model.events);
                self.undo.extend(self.book.perform(&effect));
            }
            (model, effect) => assert_eq!(model.err(), effect.err()),
        }
        self.settle();
    }

    fn cancel_many(&mut self, trader: Address) {
        let own = self
            .model
            .entries
            .iter()
            .rev()
            .filter(|entry| entry.trader == trader);
        let ids: Vec<OrderId> = own.map(|entry| entry.id).take(16).collect();
        for id in &ids {
            let _ = self.model.cancel(trader, *id);
        }
        self.undo
            .extend(self.book.cancel_many(trader, &ids).expect("they are own orders"));
        self.settle();
    }

    /// The witness hears what has happened; then all must agree.
    fn settle(&mut self) {
        for event in self.model.events.drain(..) {
            let undo = self.witness.apply_event(&event).expect("it follows the rules");
            self.witnessed.push(undo);
        }
        let (places, orders) = (self.model.places(), self.model.orders());
        assert_eq!(self.book.differences(&places, &orders), []);
        assert_eq!(self.witness.differences(&places, &orders), []);
        let mut heads: Vec<PlaceState> = self.book.snapshot().places;
        heads.retain(|place| place.lots > TotalLots::ZERO);
        heads.sort_by_key(|place| (place.side, place.price));
        assert_eq!(heads, places, "heads are exact where calls are seen");
        for side in Side::ALL {
            self.compare_side(side);
        }
        let (etk, idrs) = self.model.escrow();
        let sum = self
            .model
            .received
            .values()
            .fold((etk, idrs), |sum, held| (sum.0 + held.0, sum.1 + held.1));
        assert_eq!(sum, (0, 0), "nothing is lost or created");
        assert_eq!(self.book.totals(Side::Bid).value, Idrs(idrs));
        assert_eq!(pair().etk(self.book.totals(Side::Ask).lots), Etk(etk));
    }

    fn compare_side(&self, side: Side) {
        assert_eq!(self.book.best(side), self.model.best(side));
        let mut orders: Vec<OpenOrder> = self.model.orders();
        orders.retain(|order| order.id.side() == side);
        assert_eq!(self.book.totals(side).orders, orders.len() as u64);
        orders.sort_by(|one, other| {
            let (a, b) = (one.id.price(), other.id.price());
            let better = if side.better(a, b) {
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
            };
            if a == b { one.id.cmp(&other.id) } else { better }
        });
        for book in [&self.book, &self.witness] {
            assert!(book.orders(side).eq(orders.iter().copied()));
        }
        let mut ahead = (0, 0);
        for (at, order) in orders.iter().enumerate() {
            if at == 0 || orders[at - 1].id.price() != order.id.price() {
                ahead = (0, 0);
            }
            let position = QueuePosition {
                orders: ahead.0,
                lots: TotalLots(ahead.1),
            };
            assert_eq!(self.book.position(order.id), Some(position));
            ahead = (ahead.0 + 1, ahead.1 + u64::from(order.lots.0));
        }
    }
}

/// All that a book shows, its own orders included.
fn shown(book: &Book) -> (Snapshot, Vec<OpenOrder>) {
    (book.snapshot(), book.own().collect())
}

#[test]
fn in_a_long_run_everything_happens() {
    let mut runner = TestRunner::deterministic();
    let acts = prop::collection::vec(act(), 400)
        .new_tree(&mut runner)
        .expect("a tree")
        .current();
    let mut street = Street::new();
    acts.iter().for_each(|act| street.act(act));
    let Seen {
        filled,
        own,
        dropped,
        refused,
        uncertain,
    } = street.seen;
    assert!(
        filled > 50 && own > 10 && dropped > 10 && refused > 10 && uncertain > 0,
        "{:?}",
        street.seen
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_book_does_what_a_plain_model_does(acts in acts()) {
        let mut street = Street::new();
        acts.iter().for_each(|act| street.act(act));
    }

    #[test]
    fn undo_restores_exactly(acts in acts()) {
        let mut street = Street::new();
        street.book.watch(&[trader(1), trader(3)]);
        street.witness.watch(&[trader(0)]);
        let mut before = Vec::new();
        for act in &acts {
            before.push((street.undo.len(), shown(&street.book), street.witnessed.len(), shown(&street.witness)));
            street.act(act);
        }
        for (calls, book, events, witness) in before.into_iter().rev() {
            street.undo.drain(calls..).rev().for_each(|undo| street.book.undo(undo));
            street.witnessed.drain(events..).rev().for_each(|undo| street.witness.undo(undo));
            prop_assert_eq!(shown(&street.book), book);
            prop_assert_eq!(shown(&street.witness), witness);
        }
        prop_assert_eq!(street.book.snapshot(), Book::new().snapshot());
    }

    #[test]
    fn a_book_that_was_stored_goes_on_as_if_it_had_not_been(before in acts(), after in acts()) {
        let mut street = Street::new();
        for acts in [&before, &after] {
            acts.iter().for_each(|act| street.act(act));
            for book in [&mut street.book, &mut street.witness] {
                let snapshot = book.snapshot();
                let json = serde_json::to_string(&snapshot).expect("json");
                let loaded = Book::load(&serde_json::from_str(&json).expect("json")).expect("a book");
                prop_assert_eq!(&loaded.snapshot(), &snapshot);
                prop_assert_eq!((loaded.totals(Side::Bid), loaded.totals(Side::Ask)), (book.totals(Side::Bid), book.totals(Side::Ask)));
                *book = loaded;
            }
        }
    }

    #[test]
    fn a_book_of_the_contracts_views_goes_on_by_events(before in acts(), after in acts()) {
        let mut street = Street::new();
        before.iter().for_each(|act| street.act(act));
        let views = Snapshot::of_views(street.model.places(), street.model.orders());
        street.witness = Book::load(&views).expect("a book");
        street.witnessed.clear();
        after.iter().for_each(|act| street.act(act));
    }

    #[test]
    fn own_orders_are_those_of_the_watched(acts in acts()) {
        let mut street = Street::new();
        let accounts = [trader(0), trader(2)];
        street.book.watch(&accounts);
        for act in &acts {
            street.act(act);
            let mut own: Vec<OpenOrder> = street.book.own().collect();
            own.sort_by_key(|order| order.id);
            let mut orders = street.model.orders();
            orders.retain(|order| accounts.contains(&order.trader));
            orders.sort_by_key(|order| order.id);
            prop_assert_eq!(own, orders);
        }
    }
}
