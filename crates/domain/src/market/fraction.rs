//! Exact quotients: averages and unit prices that no decimal may be able to write.

use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A quotient of two integers in lowest terms. Its text and JSON are `numerator/denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: u128,
    denominator: u128,
}

impl Fraction {
    /// `numerator / denominator` in lowest terms; `None` when the denominator is zero.
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        let divisor = gcd(numerator, denominator);
        (denominator != 0).then(|| Self {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        })
    }

    /// Above the line, in lowest terms.
    pub fn numerator(self) -> u128 {
        self.numerator
    }

    /// Below the line, in lowest terms; never zero.
    pub fn denominator(self) -> u128 {
        self.denominator
    }

    /// The product, unless it needs more than 128 bits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let (one, two) = (
            gcd(self.numerator, other.denominator),
            gcd(other.numerator, self.denominator),
        );
        Some(Self {
            numerator: (self.numerator / one).checked_mul(other.numerator / two)?,
            denominator: (self.denominator / two).checked_mul(other.denominator / one)?,
        })
    }

    /// The largest integer that is not above it.
    pub fn floor(self) -> u128 {
        self.numerator / self.denominator
    }

    /// The smallest integer that is not below it.
    pub fn ceil(self) -> u128 {
        self.numerator.div_ceil(self.denominator)
    }

    /// As a plain decimal without trailing zeros, when there is one.
    pub fn exact(self) -> Option<String> {
        let (mut rest, mut twos, mut fives) = (self.denominator, 0, 0);
        while rest.is_multiple_of(2) {
            (rest, twos) = (rest / 2, twos + 1);
        }
        while rest.is_multiple_of(5) {
            (rest, fives) = (rest / 5, fives + 1);
        }
        (rest == 1).then(|| self.decimal(twos.max(fives)))
    }

    /// As a plain decimal: without trailing zeros when there is one, else with `most` digits after the point.
    pub fn plain(self, most: usize) -> String {
        self.exact().unwrap_or_else(|| self.decimal(most))
    }

    /// As a plain decimal with so many digits after the point, rounded half up.
    pub fn decimal(self, digits: usize) -> String {
        let (mut whole, mut rest) = (self.floor(), self.numerator % self.denominator);
        let mut fraction = Vec::with_capacity(digits);
        for _ in 0..digits {
            let digit;
            (digit, rest) = tenfold(rest, self.denominator);
            fraction.push(digit);
        }
        if rest >= self.denominator - rest {
            let nines = fraction.iter().rev().take_while(|digit| **digit == 9).count();
            let kept = digits - nines;
            fraction[kept..].fill(0);
            match fraction[..kept].last_mut() {
                Some(digit) => *digit += 1,
                None => whole = whole.saturating_add(1),
            }
        }
        let fraction: String = fraction.iter().map(|digit| char::from(b'0' + digit)).collect();
        match digits {
            0 => whole.to_string(),
            _ => format!("{whole}.{fraction}"),
        }
    }
}

/// Ten times `rest`, which is below `divisor`, divided by it, and what is left; in steps that cannot overflow.
fn tenfold(rest: u128, divisor: u128) -> (u8, u128) {
    (0..10).fold((0, 0), |(digit, sum), _| {
        if sum >= divisor - rest {
            (digit + 1, sum - (divisor - rest))
        } else {
            (digit, sum + rest)
        }
    })
}

fn gcd(mut one: u128, mut two: u128) -> u128 {
    while two != 0 {
        (one, two) = (two, one % two);
    }
    one.max(1)
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    /// By continued fractions: a product of both could overflow.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut one, mut two) = (
            (self.numerator, self.denominator),
            (other.numerator, other.denominator),
        );
        loop {
            let (whole_one, rest_one) = (one.0 / one.1, one.0 % one.1);
            let (whole_two, rest_two) = (two.0 / two.1, two.0 % two.1);
            if whole_one != whole_two || rest_one == 0 || rest_two == 0 {
                return whole_one
                    .cmp(&whole_two)
                    .then((rest_one != 0).cmp(&(rest_two != 0)));
            }
            // The larger rest has the smaller reciprocal.
            (one, two) = ((two.1, rest_two), (one.1, rest_one));
        }
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.numerator, self.denominator)
    }
}

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once('/').and_then(|(numerator, denominator)| {
            Self::new(numerator.parse().ok()?, denominator.parse().ok()?)
        });
        parts.ok_or_else(|| D::Error::custom("not a fraction"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fraction(numerator: u128, denominator: u128) -> Fraction {
        Fraction::new(numerator, denominator).expect("a denominator")
    }

    #[test]
    fn decimals_are_exact_or_rounded_half_up() {
        for (numerator, denominator, digits, rounded, exact) in [
            (0, 7, 2, "0.00", Some("0")),
            (1445, 1000, 2, "1.45", Some("1.445")),
            (1, 3, 4, "0.3333", None),
            (2, 3, 4, "0.6667", None),
            (1999, 1000, 2, "2.00", Some("1.999")),
            (1, 2, 0, "1", Some("0.5")),
            (u128::MAX, u128::MAX - 1, 1, "1.0", None),
            (u128::MAX - 1, u128::MAX, 3, "1.000", None),
        ] {
            let value = fraction(numerator, denominator);
            assert_eq!(value.decimal(digits), rounded, "{value}");
            assert_eq!(value.exact().as_deref(), exact, "{value}");
        }
        assert_eq!(Fraction::new(1, 0), None);
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_products(a in any::<u64>(), b in 1..=u64::MAX, c in any::<u64>(), d in 1..=u64::MAX) {
            let (a, b, c, d) = (u128::from(a), u128::from(b), u128::from(c), u128::from(d));
            prop_assert_eq!(fraction(a, b).cmp(&fraction(c, d)), (a * d).cmp(&(c * b)));
            let product = fraction(a, b).checked_mul(fraction(c, d));
            prop_assert_eq!(product, Some(fraction(a * c, b * d)));
        }

        #[test]
        fn json_round_trips(a in any::<u128>(), b in 1..=u128::MAX) {
            let value = fraction(a, b);
            let text = serde_json::to_string(&value).expect("json");
            prop_assert_eq!(serde_json::from_str::<Fraction>(&text).expect("json"), value);
        }
    }
}
