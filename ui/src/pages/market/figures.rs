//! Prices and amounts of the market as a person reads and types them. Nothing is rounded that a decimal can write.

use enerlink_domain::market::{AmountUnit, Fraction, Lots, Pair, Price, PriceUnit, TotalLots};

use crate::{
    format::{self, Sign},
    i18n::Language,
    locale,
};

/// More digits than these are cut, where no decimal is exact.
const MOST_DIGITS: usize = 4;

/// In what prices and amounts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Units {
    /// What a lot is.
    pub pair: Pair,
    /// For what a price is paid.
    pub price: PriceUnit,
    /// In what energy is counted.
    pub amount: AmountUnit,
}

impl Units {
    /// Those that are shown where nobody has chosen any.
    pub(crate) fn usual(pair: Pair) -> Self {
        Self {
            pair,
            price: PriceUnit::default(),
            amount: AmountUnit::default(),
        }
    }

    /// A price, all of them with as many digits.
    pub(super) fn price(self, language: Language, price: Price) -> String {
        let digits = digits_of(self.pair.price(Price::MIN, self.price));
        local(language, &self.pair.price(price, self.price).decimal(digits))
    }

    /// A price with its currency: `Rp 1.445`.
    pub(super) fn money(self, language: Language, price: Price) -> String {
        format!("Rp\u{a0}{}", self.price(language, price))
    }

    /// A price with its currency: per kWh, as bills are written, unless it names another unit.
    pub(crate) fn named_price(self, language: Language, price: Price) -> String {
        match self.price {
            PriceUnit::Kwh => self.money(language, price),
            PriceUnit::Etk => self.unit_price(language, price),
        }
    }

    /// A price with its currency and for what it is paid: `Rp 1.445/kWh`.
    pub(crate) fn unit_price(self, language: Language, price: Price) -> String {
        let unit = match self.price {
            PriceUnit::Kwh => "kWh",
            PriceUnit::Etk => "ETK",
        };
        format!("{}/{unit}", self.money(language, price))
    }

    /// A price per lot that may lie between two.
    pub(super) fn rate(self, language: Language, per_lot: Fraction) -> String {
        let digits = digits_of(self.pair.price(Price::MIN, self.price));
        local(language, &self.pair.rate(per_lot, self.price).decimal(digits))
    }

    /// An amount, all of them with as many digits.
    pub(super) fn amount(self, language: Language, lots: impl Into<TotalLots>) -> String {
        let digits = digits_of(self.pair.amount(Lots(1), self.amount));
        local(language, &self.pair.amount(lots, self.amount).decimal(digits))
    }

    /// An amount without needless digits, with its unit: `12,3 kWh`.
    pub(crate) fn energy(self, language: Language, lots: impl Into<TotalLots>) -> String {
        format!(
            "{}\u{a0}{}",
            local(language, &self.plain_amount(lots)),
            self.amount_symbol()
        )
    }

    /// What somebody would type for a price.
    pub(super) fn typed_price(self, language: Language, price: Price) -> String {
        pointed(language, &self.plain_price(price))
    }

    /// What somebody would type for an amount.
    pub(super) fn typed_amount(self, language: Language, lots: Lots) -> String {
        pointed(language, &self.plain_amount(lots))
    }

    /// The unit of amounts.
    pub(super) fn amount_symbol(self) -> &'static str {
        match self.amount {
            AmountUnit::Kwh => "kWh",
            AmountUnit::Etk => "ETK",
            AmountUnit::Lots => "lot",
        }
    }

    /// The unit of prices.
    pub(super) fn price_symbol(self) -> &'static str {
        match self.price {
            PriceUnit::Kwh => "Rp/kWh",
            PriceUnit::Etk => "Rp/ETK",
        }
    }

    /// A price as a plain decimal without needless digits.
    pub(super) fn plain_price(self, price: Price) -> String {
        self.pair.price(price, self.price).plain(MOST_DIGITS)
    }

    /// An amount, likewise.
    pub(super) fn plain_amount(self, lots: impl Into<TotalLots>) -> String {
        self.pair.amount(lots, self.amount).plain(MOST_DIGITS)
    }
}

/// How many hundredths of a percent a price is above the utility's tariff, in hundredths of a rupiah per kilowatt-hour;
/// none for a tariff of nothing.
pub(super) fn above_tariff(pair: Pair, per_lot: Fraction, tariff_sen: u64) -> Option<i64> {
    let per_kwh = pair.rate(per_lot, PriceUnit::Kwh);
    let share = per_kwh.checked_mul(Fraction::new(100 * 10_000, tariff_sen.into())?)?;
    Some(i64::try_from(share.floor()).ok()? - 10_000)
}

/// Hundredths of a percent with a sign: `+0,4 %`.
pub(super) fn percent(language: Language, bps: i64) -> String {
    let digits = format::decimal(language, i128::from(bps), 2, 1, Sign::Always);
    format!("{digits}\u{a0}%")
}

/// The plain decimal that was typed in a language: a decimal sign, and signs between groups of three. None when it is
/// nothing of that kind; what it is worth decides the market.
pub(super) fn typed(language: Language, text: &str) -> Option<String> {
    let (group, point) = locale::signs(language);
    let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (whole, part) = match text.split_once(point) {
        Some((whole, part)) => (whole, Some(part)),
        None => (text.as_str(), None),
    };
    let mut groups = whole.split(group);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = rest.is_empty()
        || (1..=3).contains(&first.len())
            && !first.starts_with('0')
            && rest.iter().all(|group| group.len() == 3);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = format!("{first}{}", rest.concat());
    let plain = grouped && digits(&whole) && part.is_none_or(digits);
    plain.then(|| match part {
        Some(part) => format!("{whole}.{part}"),
        None => whole,
    })
}

/// Digits after the point of a step; as many as allowed when no decimal is exact.
fn digits_of(step: Fraction) -> usize {
    let exact = step.exact();
    let digits = exact.map(|text| text.split_once('.').map_or(0, |(_, part)| part.len()));
    digits.map_or(MOST_DIGITS, |digits| digits.min(MOST_DIGITS))
}

/// A plain decimal with the signs of a language.
fn local(language: Language, plain: &str) -> String {
    let (group, point) = locale::signs(language);
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    let mut text = String::with_capacity(plain.len() * 2);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if !part.is_empty() {
        text.push(point);
        text.push_str(part);
    }
    text
}

/// The same without signs between groups, as one types.
fn pointed(language: Language, plain: &str) -> String {
    plain.replace('.', &locale::signs(language).1.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use enerlink_domain::Etk;

    use super::*;

    const ID: Language = Language::Indonesian;
    const EN: Language = Language::English;

    /// 1 kWh are 1000 ETK, a lot is 10 Wh: a price is in rupiah per kWh.
    pub(in crate::pages::market) fn units() -> Units {
        Units {
            pair: Pair::new(Etk(1000), 100_000).expect("a pair"),
            price: PriceUnit::Kwh,
            amount: AmountUnit::Kwh,
        }
    }

    fn price(value: u16) -> Price {
        Price::new(value).expect("above zero")
    }

    #[test]
    fn each_unit_has_the_digits_that_its_step_needs() {
        let units = units();
        assert_eq!(units.price(ID, price(1445)), "1.445");
        assert_eq!(units.money(EN, price(1445)), "Rp\u{a0}1,445");
        assert_eq!(units.amount(ID, Lots(1230)), "12,30");
        assert_eq!(units.energy(ID, Lots(1230)), "12,3\u{a0}kWh");
        assert_eq!(units.energy(EN, Lots(100)), "1\u{a0}kWh");
        let etk = Units {
            price: PriceUnit::Etk,
            amount: AmountUnit::Etk,
            ..units
        };
        assert_eq!(etk.price(EN, price(1445)), "1.445");
        assert_eq!(etk.amount(EN, Lots(1230)), "12,300");
        let lots = Units {
            amount: AmountUnit::Lots,
            ..units
        };
        assert_eq!(lots.energy(ID, Lots(1230)), "1.230\u{a0}lot");
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        let units = units();
        for language in Language::ALL {
            for lots in [1, 99, 1230, u32::MAX] {
                let text = units.typed_amount(language, Lots(lots));
                let plain = typed(language, &text).expect("a number");
                assert_eq!(units.pair.parse_amount(&plain, units.amount), Ok(Lots(lots)));
                let shown = units.amount(language, Lots(lots));
                let plain = typed(language, &shown).expect("a number");
                assert_eq!(units.pair.parse_amount(&plain, units.amount), Ok(Lots(lots)));
            }
            let text = units.typed_price(language, price(65_535));
            let plain = typed(language, &text).expect("a number");
            assert_eq!(units.pair.parse_price(&plain, units.price), Ok(price(65_535)));
        }
    }

    #[test]
    fn a_point_is_never_taken_for_a_comma() {
        for (language, text, expected) in [
            (ID, "1.445", Some("1445")),
            (ID, "1445", Some("1445")),
            (ID, "0,05", Some("0.05")),
            (ID, "0.05", None),
            (ID, "0.050", None),
            (ID, "1.44", None),
            (ID, "1.234.567,5", Some("1234567.5")),
            (ID, " 1 445 ", Some("1445")),
            (EN, "1,445.5", Some("1445.5")),
            (EN, "1,5", None),
            (EN, "1.", None),
            (EN, "", None),
            (EN, "-1", None),
            (EN, "1e3", None),
        ] {
            assert_eq!(typed(language, text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn prices_are_compared_with_the_tariff() {
        let pair = units().pair;
        let per_lot = |value| Fraction::new(value, 1).expect("a fraction");
        assert_eq!(above_tariff(pair, per_lot(1450), 144_470), Some(36));
        assert_eq!(above_tariff(pair, per_lot(722), 144_400), Some(-5000));
        assert_eq!(above_tariff(pair, per_lot(1450), 0), None);
        assert_eq!(percent(ID, 36), "+0,4\u{a0}%");
        assert_eq!(percent(EN, -5000), "−50.0\u{a0}%");
    }
}
