//! What is typed into the ticket: it stays while another page is looked at, and is forgotten with the key.

use enerlink_domain::{
    Address,
    market::{AmountUnit, PriceUnit, Side},
};
use leptos::prelude::*;

use super::draft::{Draft, Kind};

/// The ticket as it stands, and the units that it is written in.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(super) side: RwSignal<Side>,
    pub(super) kind: RwSignal<Kind>,
    pub(super) price: RwSignal<String>,
    pub(super) amount: RwSignal<String>,
    /// For what prices are paid.
    pub(super) price_unit: RwSignal<PriceUnit>,
    /// In what energy is counted.
    pub(super) amount_unit: RwSignal<AmountUnit>,
    /// The account that was chosen to trade; none is that of Home.
    pub(super) chosen: RwSignal<Option<Address>>,
}

impl Form {
    /// An empty ticket.
    pub(crate) fn new() -> Self {
        Self {
            side: RwSignal::new(Side::Bid),
            kind: RwSignal::new(Kind::Limit),
            price: RwSignal::new(String::new()),
            amount: RwSignal::new(String::new()),
            price_unit: RwSignal::new(PriceUnit::default()),
            amount_unit: RwSignal::new(AmountUnit::default()),
            chosen: RwSignal::new(None),
        }
    }

    /// Forgets what was typed and chosen; units are a habit, and stay.
    pub(crate) fn clear(self) {
        self.side.set(Side::Bid);
        self.kind.set(Kind::Limit);
        self.price.set(String::new());
        self.amount.set(String::new());
        self.chosen.set(None);
    }

    /// What is typed, as it stands.
    pub(super) fn draft(self) -> Draft {
        Draft {
            side: self.side.get(),
            kind: self.kind.get(),
            price: self.price.get(),
            amount: self.amount.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_forgotten_and_the_units_are_not() {
        let owner = Owner::new();
        owner.with(|| {
            let form = Form::new();
            form.side.set(Side::Ask);
            form.kind.set(Kind::Market);
            form.price.set("1445".into());
            form.amount.set("12,3".into());
            form.amount_unit.set(AmountUnit::Lots);
            form.chosen.set(Some(Address([7; 20])));
            form.clear();
            let empty = Draft {
                side: Side::Bid,
                kind: Kind::Limit,
                price: String::new(),
                amount: String::new(),
            };
            assert_eq!(form.draft(), empty);
            assert_eq!(form.chosen.get(), None);
            assert_eq!(form.amount_unit.get(), AmountUnit::Lots);
        });
    }
}
