//! The variables that rule over what was chosen in the app.

use std::str::FromStr;

use thiserror::Error;

use super::{PERIOD_MINUTES, SettlingChoice};
use crate::{WattHours, decimal};

/// What the environment says, or a file that stands for it; what is absent is left to the household.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `AUTO_SETTLEMENT_ENABLED`, `SETTLEMENT_INTERVAL_MINUTES`, `SETTLEMENT_THRESHOLD_WH`, `EARLY_SETTLEMENT_WH` and
    /// `AUTO_GRID_SHUTDOWN_ENABLED`.
    pub choice: SettlingChoice,
    /// `CONVERSION_RATIO_WH_TO_ETK` as ETK base units per 1000 Wh; for the live estimate only.
    pub estimate_ratio: Option<u64>,
}

/// A variable that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{name} must be {wanted}")]
pub struct BadVariable {
    /// Its name.
    pub name: &'static str,
    /// What it should have been.
    pub wanted: &'static str,
}

impl Given {
    /// Reads each through `variable`. A value that cannot be read is an error, not a silent default.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadVariable> {
        let switch = |name| read(&variable, name, "true or false", parse);
        let energy = |name| {
            let whole = |text: &str| {
                parse(text)
                    .map(WattHours)
                    .filter(|energy| energy.micro().is_some())
            };
            read(&variable, name, "whole watt-hours", whole)
        };
        let minutes = |text: &str| parse(text).filter(|minutes| PERIOD_MINUTES.contains(minutes));
        let choice = SettlingChoice {
            automatic: switch("AUTO_SETTLEMENT_ENABLED")?,
            period_minutes: read(
                &variable,
                "SETTLEMENT_INTERVAL_MINUTES",
                "whole minutes from 1 to 1440",
                minutes,
            )?,
            minimum: energy("SETTLEMENT_THRESHOLD_WH")?,
            early: energy("EARLY_SETTLEMENT_WH")?,
            guard: switch("AUTO_GRID_SHUTDOWN_ENABLED")?,
        };
        let estimate_ratio = read(
            &variable,
            "CONVERSION_RATIO_WH_TO_ETK",
            "ETK per Wh, a decimal above 0 and at most 1000, with at most five decimals",
            ratio,
        )?;
        Ok(Self {
            choice,
            estimate_ratio,
        })
    }
}

fn read<T>(
    variable: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    wanted: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, BadVariable> {
    let refused = BadVariable { name, wanted };
    variable(name).map(|text| parse(&text).ok_or(refused)).transpose()
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// The contract counts ETK base units per 1000 Wh, at most so many.
const HIGHEST_RATIO: i128 = 100_000_000;

/// ETK per Wh to ETK base units per 1000 Wh, exactly: 1 is 100 000.
fn ratio(text: &str) -> Option<u64> {
    const DECIMALS: usize = 5;
    let (_, fraction) = text.split_once('.').unwrap_or((text, ""));
    let exact = !text.contains(['e', 'E']) && fraction.trim_end_matches('0').len() <= DECIMALS;
    let units = decimal::parse_scaled(text, DECIMALS as i32).ok()?;
    let bounded = (1..=HIGHEST_RATIO).contains(&units);
    u64::try_from(units).ok().filter(|_| exact && bounded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn only<'a>(name: &'a str, value: &'a str) -> impl Fn(&str) -> Option<String> + 'a {
        move |asked| (asked == name).then(|| value.to_owned())
    }

    #[test]
    fn each_variable_is_read_by_itself() {
        let all = Given::read(|name| match name {
            "AUTO_SETTLEMENT_ENABLED" | "AUTO_GRID_SHUTDOWN_ENABLED" => Some("false".to_owned()),
            "CONVERSION_RATIO_WH_TO_ETK" => Some("0.001".to_owned()),
            _ => Some("250".to_owned()),
        });
        let choice = SettlingChoice {
            automatic: Some(false),
            period_minutes: Some(250),
            minimum: Some(WattHours(250)),
            early: Some(WattHours(250)),
            guard: Some(false),
        };
        let expected = Given {
            choice,
            estimate_ratio: Some(100),
        };
        assert_eq!(all, Ok(expected));
        assert_eq!(Given::read(|_| None), Ok(Given::default()));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for (name, value) in [
            ("AUTO_SETTLEMENT_ENABLED", "0"),
            ("AUTO_SETTLEMENT_ENABLED", ""),
            ("AUTO_GRID_SHUTDOWN_ENABLED", "on"),
            ("SETTLEMENT_INTERVAL_MINUTES", "0"),
            ("SETTLEMENT_INTERVAL_MINUTES", "1441"),
            ("SETTLEMENT_INTERVAL_MINUTES", "5 min"),
            ("SETTLEMENT_THRESHOLD_WH", "-1"),
            ("SETTLEMENT_THRESHOLD_WH", "100.5"),
            ("SETTLEMENT_THRESHOLD_WH", "18446744073709551615"),
            ("EARLY_SETTLEMENT_WH", "much"),
            ("CONVERSION_RATIO_WH_TO_ETK", "0"),
            ("CONVERSION_RATIO_WH_TO_ETK", "-1"),
            ("CONVERSION_RATIO_WH_TO_ETK", "1,5"),
            ("CONVERSION_RATIO_WH_TO_ETK", "0.000001"),
            ("CONVERSION_RATIO_WH_TO_ETK", "1.000001"),
            ("CONVERSION_RATIO_WH_TO_ETK", "1000.00001"),
            ("CONVERSION_RATIO_WH_TO_ETK", "1e400"),
        ] {
            let refused = Given::read(only(name, value)).expect_err(value);
            assert_eq!(refused.name, name, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_ratio_is_exact_or_refused(units in 1_u64..=100_000_000, behind in "0{0,20}") {
            let text = format!("{}.{:05}{behind}", units / 100_000, units % 100_000);
            prop_assert_eq!(ratio(&text), Some(units));
            prop_assert_eq!(ratio(&format!("{text}1")), None);
        }
    }
}
