//! What a ticket would do, for a person to look at before signing.

use serde::{Deserialize, Serialize};

use super::{Ticket, cost};
use crate::{
    Etk, Idrs,
    event::Balances,
    market::{Book, Fraction, Lots, MarketEvent, NewOrder, OrderId, Outcome, Pair, Price, Side, TotalLots},
};

/// Gas of an order with its permit that meets nothing, and comes to rest nowhere; the contract's measurements are in
/// `contracts/snapshots/market.json`.
const CALL_GAS: u64 = 105_000;
/// Gas of each order that it meets, whose owner never held what it is paid with.
const MET_GAS: u64 = 43_000;
/// Gas of coming to rest as the first order of a trader, at a price that nobody has used.
const REST_GAS: u64 = 110_000;

/// An amount of either token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "token", content = "amount", rename_all = "UPPERCASE")]
pub enum Amount {
    /// Energy tokens.
    Etk(Etk),
    /// Rupiah tokens.
    Idrs(Idrs),
}

/// What a ticket would do if nobody else traded before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What the contract is called with.
    pub order: NewOrder,
    /// What is traded at once, by price, the best first.
    pub fills: Vec<(Price, Lots)>,
    /// Lots that are traded at once.
    pub filled: Lots,
    /// What these cost, or bring.
    pub value: Idrs,
    /// IDRS base units per lot that is traded at once.
    pub average: Option<Fraction>,
    /// The last price that is traded at.
    pub worst: Option<Price>,
    /// How much worse the average is than the best price, in basis points, rounded up.
    pub impact_bps: u64,
    /// Own orders that are met, and therefore cancelled.
    pub cancels: Vec<OrderId>,
    /// Lots that come to rest.
    pub rests: Lots,
    /// Lots that rest at this price already, and are served first.
    pub ahead: TotalLots,
    /// What the market keeps for what rests.
    pub escrow: Amount,
    /// Lots that are neither traded nor rest, and are not paid for.
    pub dropped: Lots,
    /// The whole order's money: what is traded at once, and what rests at its price.
    pub total: Idrs,
    /// What is taken from the account.
    pub pays: Amount,
    /// What would be taken if all of it traded or rested at the worst price; an allowance of it cannot be too small.
    pub pays_at_most: Amount,
    /// The allowance to give, when that at hand is smaller than what may be taken.
    pub approve: Option<Amount>,
    /// ETK of the account after it.
    pub etk_after: Etk,
    /// IDRS of the account after it.
    pub idrs_after: Idrs,
    /// Gas that it takes at most.
    pub gas: u64,
    /// Whether it is certain how far the contract comes, see [`Outcome::certain`].
    pub certain: bool,
}

impl Amount {
    /// Base units of the token that orders of a side pay with.
    fn paid_by(side: Side, units: i128) -> Self {
        match side {
            Side::Bid => Self::Idrs(Idrs(units)),
            Side::Ask => Self::Etk(Etk(units)),
        }
    }
}

impl Preview {
    /// What would come of a ticket that is not refused, and can be paid.
    pub(super) fn of(
        ticket: &Ticket,
        book: &Book,
        outcome: &Outcome,
        balances: &Balances,
        allowance: u128,
        pair: Pair,
    ) -> Self {
        let order = ticket.order();
        let amount = |units| Amount::paid_by(ticket.side, units);
        let change = outcome.change(&order, pair);
        let pays = cost(outcome, &order, pair);
        let resting = Pair::cost(outcome.rests, ticket.price);
        let (escrow, most) = match ticket.side {
            Side::Bid => (resting.0, Pair::cost(ticket.lots, ticket.price).0),
            Side::Ask => (pair.etk(outcome.rests).0, pair.etk(ticket.lots).0),
        };
        let fills = fills(outcome);
        let best = fills.first().map(|(price, _)| *price);
        let ahead = book
            .level(ticket.side, ticket.price)
            .filter(|_| outcome.rests > Lots::ZERO);
        Self {
            order,
            filled: outcome.filled,
            value: outcome.value,
            average: Fraction::new(outcome.value.0.unsigned_abs(), outcome.filled.0.into()),
            worst: fills.last().map(|(price, _)| *price),
            impact_bps: best.map_or(0, |best| impact_bps(best, outcome)),
            fills,
            cancels: cancels(outcome),
            rests: outcome.rests,
            ahead: ahead.map_or(TotalLots::ZERO, |level| level.lots),
            escrow: amount(escrow),
            dropped: outcome.dropped,
            total: Idrs(outcome.value.0 + resting.0),
            pays: amount(pays),
            pays_at_most: amount(most),
            approve: (allowance < most.unsigned_abs()).then(|| amount(most)),
            etk_after: Etk(balances.etk.0 + change.etk.0),
            idrs_after: Idrs(balances.idrs.0 + change.idrs.0),
            gas: gas(outcome),
            certain: outcome.certain,
        }
    }
}

/// Gas that an order takes at most. The node is not asked: it could not say before the permit is signed.
fn gas(outcome: &Outcome) -> u64 {
    let placed = |event: &&MarketEvent| matches!(event, MarketEvent::Placed { .. });
    let met = outcome
        .effect
        .events
        .iter()
        .filter(|event| !placed(event))
        .count() as u64;
    let rests = u64::from(outcome.rests > Lots::ZERO);
    CALL_GAS + MET_GAS * met + REST_GAS * rests
}

/// What is traded, by price; an order meets prices from best to worst.
fn fills(outcome: &Outcome) -> Vec<(Price, Lots)> {
    let mut fills: Vec<(Price, Lots)> = Vec::new();
    for event in &outcome.effect.events {
        if let MarketEvent::Trade {
            maker_order, lots, ..
        } = event
        {
            let price = maker_order.price();
            match fills.last_mut() {
                Some((last, sum)) if *last == price => sum.0 += lots.0,
                _ => fills.push((price, *lots)),
            }
        }
    }
    fills
}

fn cancels(outcome: &Outcome) -> Vec<OrderId> {
    let cancelled = |event: &MarketEvent| matches!(event, MarketEvent::Cancelled { .. });
    let events = outcome.effect.events.iter();
    events
        .filter(|event| cancelled(event))
        .map(MarketEvent::order)
        .collect()
}

/// How far what was paid is from the best price, in basis points of it, rounded up.
fn impact_bps(best: Price, outcome: &Outcome) -> u64 {
    let at_best = Pair::cost(outcome.filled, best).0.unsigned_abs();
    let worse = at_best.abs_diff(outcome.value.0.unsigned_abs());
    u64::try_from((worse * 10_000).div_ceil(at_best.max(1))).unwrap_or(u64::MAX)
}
