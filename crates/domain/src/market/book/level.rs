//! One price of one side: its orders in the order of their arrival.

use std::collections::VecDeque;

use crate::market::{PlaceState, Price, PriceLevel, Side, TotalLots};

/// How many cancelled lanes a cancellation passes over.
const SKIPS: usize = 8;

/// An order, or what was one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::market) struct Lane {
    /// The trader's number; zero, as for the first trader, when the order is not open.
    pub(in crate::market) trader: u32,
    /// What is left; zero when it is not open.
    pub(in crate::market) lots: u32,
}

/// A queue that is not empty, as the contract keeps it.
#[derive(Clone, Debug)]
pub(in crate::market) struct Level {
    generation: u64,
    /// Sequence of the first lane. The contract's head may be further on, but not behind the first open order.
    head: u64,
    /// How many lanes are before the first open order.
    dead: usize,
    orders: u64,
    lots: u64,
    lanes: VecDeque<Lane>,
}

impl Level {
    /// A level of which lanes from `head` to before `tail` were cancelled, and none is open yet.
    pub(super) fn new(generation: u64, head: u64, tail: u64) -> Self {
        let lanes: VecDeque<Lane> = (head..tail).map(|_| Lane::default()).collect();
        Self {
            generation,
            head,
            dead: lanes.len(),
            orders: 0,
            lots: 0,
            lanes,
        }
    }

    pub(in crate::market) fn generation(&self) -> u64 {
        self.generation
    }

    pub(in crate::market) fn head(&self) -> u64 {
        self.head
    }

    pub(super) fn tail(&self) -> u64 {
        self.head + self.lanes.len() as u64
    }

    /// Whether the contract's head is certain, because it is the first open order's.
    pub(in crate::market) fn is_certain(&self) -> bool {
        self.dead == 0
    }

    pub(in crate::market) fn lots(&self) -> u64 {
        self.lots
    }

    pub(super) fn is_empty(&self) -> bool {
        self.orders == 0
    }

    /// Sequence of the first open order; of the next order to come when there is none.
    pub(in crate::market) fn first(&self) -> u64 {
        self.head + self.dead as u64
    }

    /// The lane of an open order.
    pub(in crate::market) fn open(&self, sequence: u64) -> Option<Lane> {
        let at = usize::try_from(sequence.checked_sub(self.head)?).ok()?;
        self.lanes.get(at).copied().filter(|lane| lane.lots > 0)
    }

    /// All lanes from the head on, open or not.
    pub(in crate::market) fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.lanes.iter().copied()
    }

    /// The first sequence from `sequence` on that is open, or the one after eight that are not.
    pub(in crate::market) fn past_cancelled(&self, sequence: u64) -> u64 {
        let at = (sequence - self.head) as usize;
        let lanes = self.lanes.range(at..).take(SKIPS);
        sequence + lanes.take_while(|lane| lane.lots == 0).count() as u64
    }

    /// Open orders with their sequences.
    pub(super) fn open_lanes(&self) -> impl Iterator<Item = (u64, Lane)> {
        let lanes = (self.first()..).zip(self.lanes.range(self.dead..));
        lanes
            .map(|(sequence, lane)| (sequence, *lane))
            .filter(|(_, lane)| lane.lots > 0)
    }

    /// One more order at the end.
    pub(super) fn push(&mut self, lane: Lane) {
        self.lanes.push_back(Lane::default());
        self.set(self.tail() - 1, lane);
    }

    /// Takes back the last order.
    pub(super) fn pop(&mut self) {
        self.set(self.tail() - 1, Lane::default());
        self.lanes.pop_back();
        self.dead = self.dead.min(self.lanes.len());
    }

    /// Writes the lane of a sequence from head to before tail.
    pub(super) fn set(&mut self, sequence: u64, lane: Lane) {
        let at = (sequence - self.head) as usize;
        let before = std::mem::replace(&mut self.lanes[at], lane);
        self.orders = self.orders + u64::from(lane.lots > 0) - u64::from(before.lots > 0);
        self.lots = self.lots + u64::from(lane.lots) - u64::from(before.lots);
        if lane.lots > 0 {
            self.dead = self.dead.min(at);
        } else if at == self.dead {
            let open = self.lanes.range(at..).position(|lane| lane.lots > 0);
            self.dead = open.map_or(self.lanes.len(), |open| at + open);
        }
    }

    /// Moves the head on, over lanes that are not open.
    pub(super) fn advance(&mut self, head: u64) {
        let passed = (head - self.head) as usize;
        self.lanes.drain(..passed);
        self.dead -= passed;
        self.head = head;
    }

    /// Moves the head back, to before lanes that are not open.
    pub(super) fn retreat(&mut self, head: u64) {
        while self.head > head {
            self.lanes.push_front(Lane::default());
            self.head -= 1;
            self.dead += 1;
        }
    }

    pub(super) fn summary(&self, price: Price) -> PriceLevel {
        PriceLevel {
            price,
            orders: self.orders,
            lots: TotalLots(self.lots),
        }
    }

    pub(super) fn state(&self, side: Side, price: Price) -> PlaceState {
        PlaceState {
            side,
            price,
            generation: self.generation,
            head: self.head,
            tail: self.tail(),
            lots: TotalLots(self.lots),
        }
    }
}
