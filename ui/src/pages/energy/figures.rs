//! The figures of a period and how they stand to the period before: integers from the core, money to the sen.

use enerlink_domain::{
    Etk, MicroWh,
    view::{DayEnergy, History},
};

use crate::{
    components::tiles::own_share,
    format::{self, Room, Sign},
    i18n::{Key, Language, say},
};

/// Micro-watt-hours in a kilowatt-hour.
const KWH: u128 = 1_000_000_000;

/// A figure of the energy page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    Produced,
    Used,
    Exported,
    Imported,
    SelfSufficiency,
    Earned,
    Spent,
    Minted,
    Burned,
    SelfConsumption,
}

/// What a figure is, in its own unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Energy(MicroWh),
    /// In percent; none when there is nothing to have a share of.
    Share(Option<u64>),
    /// In hundredths of a rupiah.
    Sen(u128),
    Tokens(Etk),
}

/// How a figure stands to the same figure of the period before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// There is nothing to compare with.
    Unknown,
    Same,
    /// By so many percent, or percentage points of a share.
    More(u64),
    Less(u64),
    /// There was none before.
    FromNothing,
}

/// What energy is worth at a price in sen per kWh, to the nearest sen.
pub(crate) fn worth(energy: MicroWh, sen_per_kwh: u64) -> u128 {
    (u128::from(energy.0) * u128::from(sen_per_kwh) + KWH / 2) / KWH
}

/// How much of what was produced did not go to the grid, in percent.
pub(crate) fn own_consumption(energy: &DayEnergy) -> Option<u64> {
    format::percent(
        energy.produced.0.saturating_sub(energy.exported.0),
        energy.produced.0,
    )
}

impl Figure {
    /// Every figure, in the order of the tiles.
    pub(crate) const ALL: [Self; 10] = [
        Self::Produced,
        Self::Used,
        Self::Exported,
        Self::Imported,
        Self::SelfSufficiency,
        Self::Earned,
        Self::Spent,
        Self::Minted,
        Self::Burned,
        Self::SelfConsumption,
    ];

    /// Its name.
    pub(crate) fn label(self) -> Key {
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

    /// What it means, on hover.
    pub(crate) fn meaning(self) -> Key {
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

    /// The colour of its dot.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Produced => "solar",
            Self::Used => "home",
            Self::Exported | Self::Earned | Self::Minted => "export",
            Self::Imported | Self::Spent | Self::Burned => "import",
            Self::SelfSufficiency | Self::SelfConsumption => "accent",
        }
    }

    /// The word in test ids.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Produced => "produced",
            Self::Used => "used",
            Self::Exported => "exported",
            Self::Imported => "imported",
            Self::SelfSufficiency => "sufficiency",
            Self::Earned => "earned",
            Self::Spent => "spent",
            Self::Minted => "minted",
            Self::Burned => "burned",
            Self::SelfConsumption => "consumption",
        }
    }

    /// Whether it is hidden together with amounts of money.
    pub(crate) fn is_private(self) -> bool {
        matches!(self, Self::Earned | Self::Spent | Self::Minted | Self::Burned)
    }

    /// Its value in a period.
    pub(crate) fn of(self, history: &History, sen_per_kwh: u64) -> Amount {
        let total = &history.total;
        match self {
            Self::Produced => Amount::Energy(total.produced),
            Self::Used => Amount::Energy(total.used),
            Self::Exported => Amount::Energy(total.exported),
            Self::Imported => Amount::Energy(total.imported),
            Self::SelfSufficiency => Amount::Share(own_share(total)),
            Self::Earned => Amount::Sen(worth(total.exported, sen_per_kwh)),
            Self::Spent => Amount::Sen(worth(total.imported, sen_per_kwh)),
            Self::Minted => Amount::Tokens(history.minted),
            Self::Burned => Amount::Tokens(history.burned),
            Self::SelfConsumption => Amount::Share(own_consumption(total)),
        }
    }
}

impl Amount {
    /// Digits and unit, apart.
    pub(crate) fn words(self, language: Language, room: Room) -> (String, &'static str) {
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

    /// Digits and unit in one.
    pub(crate) fn text(self, language: Language) -> String {
        let (digits, unit) = self.words(language, Room::Enough);
        if unit.is_empty() {
            digits
        } else {
            format!("{digits}\u{a0}{unit}")
        }
    }

    /// Every digit for a machine: Wh, percent, rupiah, ETK, with a point.
    pub(crate) fn exact(self) -> String {
        let plain = |value: i128, scale: u32| {
            format::decimal(Language::English, value, scale, scale, Sign::Negative).replace(',', "")
        };
        match self {
            Self::Energy(energy) => plain(i128::from(energy.0), 6),
            Self::Share(share) => share.map(|share| share.to_string()).unwrap_or_default(),
            Self::Sen(sen) => plain(i128::try_from(sen).unwrap_or(i128::MAX), 2),
            Self::Tokens(etk) => plain(etk.0, 2),
        }
    }

    /// How it stands to what it was.
    pub(crate) fn since(self, before: Self) -> Change {
        match (self, before) {
            (Self::Share(Some(now)), Self::Share(Some(before))) => match now.cmp(&before) {
                std::cmp::Ordering::Equal => Change::Same,
                std::cmp::Ordering::Greater => Change::More(now - before),
                std::cmp::Ordering::Less => Change::Less(before - now),
            },
            (Self::Share(_), _) | (_, Self::Share(_)) => Change::Unknown,
            _ => change(self.magnitude(), before.magnitude()),
        }
    }

    fn magnitude(self) -> u128 {
        match self {
            Self::Energy(energy) => u128::from(energy.0),
            Self::Share(share) => u128::from(share.unwrap_or_default()),
            Self::Sen(sen) => sen,
            Self::Tokens(etk) => etk.0.unsigned_abs(),
        }
    }
}

fn change(now: u128, before: u128) -> Change {
    if now == before {
        return Change::Same;
    }
    if before == 0 {
        return Change::FromNothing;
    }
    let percent = (now.abs_diff(before).saturating_mul(100) + before / 2) / before;
    match (u64::try_from(percent).unwrap_or(u64::MAX), now > before) {
        (0, _) => Change::Same,
        (percent, true) => Change::More(percent),
        (percent, false) => Change::Less(percent),
    }
}

impl Change {
    /// In words: `8 % more`.
    pub(crate) fn words(self, language: Language, amount: Amount) -> String {
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

    /// Whether it went up, or down.
    pub(crate) fn is_up(self) -> Option<bool> {
        match self {
            Self::More(_) | Self::FromNothing => Some(true),
            Self::Less(_) => Some(false),
            Self::Same | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(produced: u64, used: u64, exported: u64, imported: u64) -> History {
        History {
            bars: Vec::new(),
            total: DayEnergy {
                produced: MicroWh(produced),
                used: MicroWh(used),
                exported: MicroWh(exported),
                imported: MicroWh(imported),
            },
            settlements: 1,
            minted: Etk(500_000),
            burned: Etk(40_000),
            first: None,
        }
    }

    #[test]
    fn energy_is_worth_its_tariff_to_the_sen() {
        for (micro, tariff, sen) in [
            (0, 144_470, 0),
            (1_000_000_000, 144_470, 144_470),
            (5_020_000_000, 144_470, 725_239),
            (3_460, 144_470, 0),
            (3_461, 144_470, 1),
            (500_000_000, 1, 1),
            (499_999_999, 1, 0),
            (u64::MAX, u64::MAX, 340_282_366_920_938_463_426_481_119_284),
        ] {
            assert_eq!(worth(MicroWh(micro), tariff), sen, "{micro} at {tariff}");
        }
    }

    #[test]
    fn tiles_say_what_the_house_did_for_itself() {
        let day = history(11_240_000_000, 6_910_000_000, 5_020_000_000, 410_000_000);
        for (figure, english, exact) in [
            (Figure::Produced, "11.24\u{a0}kWh", "11240.000000"),
            (Figure::SelfSufficiency, "94\u{a0}%", "94"),
            (Figure::SelfConsumption, "55\u{a0}%", "55"),
            (Figure::Earned, "Rp\u{a0}7,252.39", "7252.39"),
            (Figure::Spent, "Rp\u{a0}592.33", "592.33"),
            (Figure::Minted, "5,000.00\u{a0}ETK", "5000.00"),
            (Figure::Burned, "400.00\u{a0}ETK", "400.00"),
        ] {
            let amount = figure.of(&day, 144_470);
            assert_eq!(amount.text(Language::English), english, "{figure:?}");
            assert_eq!(amount.exact(), exact, "{figure:?}");
        }
        let night = history(0, 0, 0, 0);
        assert_eq!(Figure::SelfSufficiency.of(&night, 1), Amount::Share(None));
        assert_eq!(Figure::SelfConsumption.of(&night, 1).text(Language::English), "–");
        // More exported than produced: the battery was emptied into the grid.
        assert_eq!(own_consumption(&history(5, 0, 9, 0).total), Some(0));
    }

    #[test]
    fn a_figure_is_compared_with_the_one_before() {
        let energy = |micro| Amount::Energy(MicroWh(micro));
        for (now, before, expected, words) in [
            (energy(108), energy(100), Change::More(8), "8 % more"),
            (energy(97), energy(100), Change::Less(3), "3 % less"),
            (energy(0), energy(100), Change::Less(100), "100 % less"),
            (energy(10_001), energy(10_000), Change::Same, "as before"),
            (energy(0), energy(0), Change::Same, "as before"),
            (energy(5), energy(0), Change::FromNothing, "none before"),
            (
                Amount::Share(Some(94)),
                Amount::Share(Some(90)),
                Change::More(4),
                "4 pt more",
            ),
            (
                Amount::Share(Some(94)),
                Amount::Share(None),
                Change::Unknown,
                "nothing to compare",
            ),
        ] {
            let change = now.since(before);
            assert_eq!(change, expected, "{now:?} {before:?}");
            assert_eq!(change.words(Language::English, now), words);
        }
        assert_eq!(Change::Less(3).is_up(), Some(false));
    }
}
