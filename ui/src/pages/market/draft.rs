//! What is typed into the ticket, and the order that it asks for, by the same rules as in the core.

use std::fmt;

use enerlink_domain::{
    Address,
    market::{Lots, Mistyped, Price, Side, Ticket, TicketKind},
};

use super::figures::{Units, typed};
use crate::i18n::{Key, Language, say};

/// How an order trades, as it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// At the price or better.
    Limit,
    /// At the price or better, and never at once.
    PostOnly,
    /// At the price or better, and never later.
    Immediate,
    /// At whatever there is, but not worse than the price.
    Market,
}

impl Kind {
    fn ticket(self) -> TicketKind {
        match self {
            Self::Limit => TicketKind::Limit,
            Self::PostOnly => TicketKind::PostOnly,
            Self::Immediate => TicketKind::ImmediateOrCancel,
            Self::Market => TicketKind::Market,
        }
    }
}

/// What is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub side: Side,
    pub kind: Kind,
    pub price: String,
    pub amount: String,
}

/// What cannot be understood; a field that is still empty is no reason to complain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Complaints {
    pub price: Option<Mistyped<Price>>,
    pub amount: Option<Mistyped<Lots>>,
}

impl Draft {
    /// The ticket that was typed.
    pub(super) fn ticket(
        &self,
        units: Units,
        language: Language,
        account: Address,
    ) -> Result<Ticket, Complaints> {
        let price = parse(language, &self.price, |text| {
            units.pair.parse_price(text, units.price)
        });
        let amount = parse(language, &self.amount, |text| {
            units.pair.parse_amount(text, units.amount)
        });
        match (price, amount) {
            (Ok(price), Ok(lots)) => Ok(Ticket {
                account,
                side: self.side,
                kind: self.kind.ticket(),
                price,
                lots,
            }),
            (price, amount) => Err(Complaints {
                price: price.err().flatten(),
                amount: amount.err().flatten(),
            }),
        }
    }
}

/// What a text says; `Err(None)` when there is none.
pub(super) fn parse<T: fmt::Display>(
    language: Language,
    text: &str,
    count: impl Fn(&str) -> Result<T, Mistyped<T>>,
) -> Result<T, Option<Mistyped<T>>> {
    if text.trim().is_empty() {
        return Err(None);
    }
    let plain = typed(language, text).ok_or(Mistyped::NotANumber)?;
    count(&plain).map_err(Some)
}

/// What is wrong with a number, and what would work.
pub(super) fn mistyped<T: fmt::Display + Copy>(
    language: Language,
    wrong: Mistyped<T>,
    words: impl Fn(T) -> String,
) -> String {
    match wrong {
        Mistyped::NotANumber => Key::TypedNoNumber.text(language).to_owned(),
        Mistyped::TooLow { least } => say(language, Key::TypedTooLow, &[("least", &words(least))]),
        Mistyped::TooHigh { most } => say(language, Key::TypedTooHigh, &[("most", &words(most))]),
        Mistyped::Between { below, above } => say(
            language,
            Key::TypedBetween,
            &[("below", &words(below)), ("above", &words(above))],
        ),
    }
}

/// `percent` of the most lots that can be paid, at least one if there is one.
pub(super) fn share(most: Lots, percent: u8) -> Lots {
    let lots = u64::from(most.0) * u64::from(percent.min(100)) / 100;
    let least = u64::from(percent > 0).min(most.0.into());
    Lots(u32::try_from(lots.max(least)).unwrap_or(u32::MAX))
}

/// Which percent of the most lots these are.
pub(super) fn percent_of(most: Lots, lots: Lots) -> u8 {
    let percent = (u64::from(lots.0) * 100).checked_div(most.0.into()).unwrap_or(0);
    u8::try_from(percent.min(100)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::{super::figures::tests::units, *};

    fn price(value: u16) -> Price {
        Price::new(value).expect("above zero")
    }

    fn draft(price: &str, amount: &str) -> Draft {
        Draft {
            side: Side::Bid,
            kind: Kind::PostOnly,
            price: price.into(),
            amount: amount.into(),
        }
    }

    #[test]
    fn a_ticket_is_what_was_typed() {
        let account = Address([7; 20]);
        let ticket = draft("1.445", "12,3").ticket(units(), Language::Indonesian, account);
        assert_eq!(
            ticket,
            Ok(Ticket {
                account,
                side: Side::Bid,
                kind: TicketKind::PostOnly,
                price: price(1445),
                lots: Lots(1230),
            })
        );
    }

    #[test]
    fn each_field_says_what_is_wrong_and_an_empty_one_nothing() {
        let complaints = |price: &str, amount: &str| {
            draft(price, amount)
                .ticket(units(), Language::English, Address([7; 20]))
                .expect_err("not a ticket")
        };
        assert_eq!(complaints("", ""), Complaints::default());
        assert_eq!(complaints("x", "").price, Some(Mistyped::NotANumber));
        let half = complaints("1445.5", "0.005");
        assert_eq!(
            half.price,
            Some(Mistyped::Between {
                below: price(1445),
                above: price(1446)
            })
        );
        assert_eq!(half.amount, Some(Mistyped::TooLow { least: Lots(1) }));
        let words = mistyped(Language::English, half.price.expect("wrong"), |price| {
            units().price(Language::English, price)
        });
        assert!(words.contains("1,445") && words.contains("1,446"), "{words}");
    }

    #[test]
    fn the_slider_reaches_both_ends() {
        assert_eq!(share(Lots(7), 100), Lots(7));
        assert_eq!(share(Lots(7), 1), Lots(1));
        assert_eq!(share(Lots(7), 0), Lots(0));
        assert_eq!(share(Lots(0), 50), Lots(0));
        assert_eq!(share(Lots(u32::MAX), 50), Lots(u32::MAX / 2));
        assert_eq!(percent_of(Lots(7), Lots(7)), 100);
        assert_eq!(percent_of(Lots(7), Lots(9)), 100);
        assert_eq!(percent_of(Lots(0), Lots(9)), 0);
    }
}
