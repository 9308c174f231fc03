//! The words of a period's figures, and of how they stand to the period before.

pub(crate) use enerlink_domain::figure::{Amount, Change, Figure, worth};

use crate::{
    format::{self, Room, Sign},
    i18n::{Key, Language, say},
};

/// How a figure is shown.
pub(crate) trait FigureWords {
    /// Its name.
    fn label(self) -> Key;
    /// What it means, on hover.
    fn meaning(self) -> Key;
    /// The colour of its dot.
    fn tone(self) -> &'static str;
    /// Whether it is hidden together with amounts of money.
    fn is_private(&self) -> bool;
}

impl FigureWords for Figure {
    fn label(self) -> Key {
        match self {
            Self::Produced => Key::Produced,
            Self::Used => Key::Used,
            Self::Exported => Key::Exported,
            Self::Imported => Key::Imported,
            Self::SelfSufficiency => Key::SelfSufficiency,
            Self::Earned => Key::ExportWorth,
            Self::Spent => Key::ImportWorth,
            Self::Minted => Key::Minted,
            Self::Burned => Key::Burned,
            Self::SelfConsumption => Key::SelfConsumption,
        }
    }

    fn meaning(self) -> Key {
        match self {
            Self::Produced => Key::ProducedMeaning,
            Self::Used => Key::UsedMeaning,
            Self::Exported => Key::ExportedMeaning,
            Self::Imported => Key::ImportedMeaning,
            Self::SelfSufficiency => Key::SelfSufficiencyMeaning,
            Self::Earned => Key::ExportWorthMeaning,
            Self::Spent => Key::ImportWorthMeaning,
            Self::Minted => Key::MintedMeaning,
            Self::Burned => Key::BurnedMeaning,
            Self::SelfConsumption => Key::SelfConsumptionMeaning,
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Produced => "solar",
            Self::Used => "home",
            Self::Exported | Self::Earned | Self::Minted => "export",
            Self::Imported | Self::Spent | Self::Burned => "import",
            Self::SelfSufficiency | Self::SelfConsumption => "accent",
        }
    }

    fn is_private(&self) -> bool {
        matches!(self, Self::Earned | Self::Spent | Self::Minted | Self::Burned)
    }
}

/// How an amount is written.
pub(crate) trait AmountWords {
    /// Digits and unit, apart.
    fn words(self, language: Language, room: Room) -> (String, &'static str);
    /// Digits and unit in one.
    fn text(self, language: Language) -> String;
}

impl AmountWords for Amount {
    fn words(self, language: Language, room: Room) -> (String, &'static str) {
        match self {
            Self::Energy(energy) => {
                let figure = format::energy(language, energy);
                (figure.value, figure.unit)
            }
            Self::Share(share) => match share {
                Some(share) => (share.to_string(), "%"),
                None => ("–".to_owned(), ""),
            },
            Self::Sen(sen) => (
                format::rupiah(language, i128::try_from(sen).unwrap_or(i128::MAX), room),
                "",
            ),
            Self::Tokens(etk) => (format::etk(language, etk, Sign::Negative), "ETK"),
        }
    }

    fn text(self, language: Language) -> String {
        let (digits, unit) = self.words(language, Room::Enough);
        if unit.is_empty() {
            digits
        } else {
            format!("{digits}\u{a0}{unit}")
        }
    }
}

/// How a change is said.
pub(crate) trait ChangeWords {
    /// In words: `8 % more`.
    fn words(self, language: Language, amount: Amount) -> String;
}

impl ChangeWords for Change {
    fn words(self, language: Language, amount: Amount) -> String {
        let points = matches!(amount, Amount::Share(_));
        let (key, count) = match (self, points) {
            (Self::Unknown, _) => (Key::NoComparison, 0),
            (Self::Same, _) => (Key::SameAsBefore, 0),
            (Self::FromNothing, _) => (Key::NothingBefore, 0),
            (Self::More(count), true) => (Key::MorePoints, count),
            (Self::More(count), false) => (Key::MorePercent, count),
            (Self::Less(count), true) => (Key::LessPoints, count),
            (Self::Less(count), false) => (Key::LessPercent, count),
        };
        say(language, key, &[("count", &format::count(language, count))])
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::{Etk, MicroWh};

    use super::*;

    #[test]
    fn figures_are_written_with_their_unit() {
        for (amount, english) in [
            (Amount::Energy(MicroWh(11_240_000_000)), "11.24\u{a0}kWh"),
            (Amount::Share(Some(94)), "94\u{a0}%"),
            (Amount::Share(None), "–"),
            (Amount::Sen(725_239), "Rp\u{a0}7,252.39"),
            (Amount::Tokens(Etk(500_000)), "5,000.00\u{a0}ETK"),
        ] {
            assert_eq!(amount.text(Language::English), english, "{amount:?}");
        }
    }

    #[test]
    fn a_change_is_said_in_percent_or_in_points() {
        let (energy, share) = (Amount::Energy(MicroWh(1)), Amount::Share(Some(94)));
        for (change, amount, words) in [
            (Change::More(8), energy, "8 % more"),
            (Change::Less(3), energy, "3 % less"),
            (Change::Same, energy, "as before"),
            (Change::FromNothing, energy, "none before"),
            (Change::More(4), share, "4 pt more"),
            (Change::Unknown, share, "nothing to compare"),
        ] {
            assert_eq!(change.words(Language::English, amount), words, "{change:?}");
        }
    }
}
