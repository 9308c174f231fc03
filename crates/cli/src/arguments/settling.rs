//! The arguments of `enerlink settle settings`.

use clap::{Args, Subcommand};
use enerlink_domain::{Address, MeterId, WattHours};

use super::ProfileArguments;

/// A new value, or none of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish<T> {
    /// From now on this one.
    Value(T),
    /// The one of the account, or the default.
    Inherit,
}

impl<T> Wish<T> {
    /// What is chosen after it.
    pub(crate) fn chosen(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Inherit => None,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum SettingsCommand {
    /// What counts for each meter, and who says so.
    Show {
        #[command(flatten)]
        profile: ProfileArguments,
        /// Only the meters of this account.
        #[arg(long)]
        account: Option<Address>,
        /// Only this meter.
        #[arg(long)]
        meter: Option<MeterId>,
    },
    /// Choose for an account, or for one meter over its account. What is not named stays as it is.
    Set(SetArguments),
}

#[derive(Args)]
pub(crate) struct SetArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// For all meters of this account.
    #[arg(long, required_unless_present = "meter", conflicts_with = "meter")]
    pub(crate) account: Option<Address>,
    /// For this meter.
    #[arg(long)]
    pub(crate) meter: Option<MeterId>,
    /// Whether a period's end settles by itself: `on`, `off` or `inherit`.
    #[arg(long, value_parser = parse_switch)]
    pub(crate) automatic: Option<Wish<bool>>,
    /// Minutes of a period, 1 to 1440, or `inherit`.
    #[arg(long, value_parser = parse_minutes)]
    pub(crate) period: Option<Wish<u32>>,
    /// The smallest net energy worth a settlement in whole Wh, or `inherit`; the contract's counts when it is larger.
    #[arg(long, value_parser = parse_energy)]
    pub(crate) minimum: Option<Wish<WattHours>>,
    /// Settle before the period's end when so many whole Wh are owed; 0 is never; or `inherit`.
    #[arg(long, value_parser = parse_energy)]
    pub(crate) early: Option<Wish<WattHours>>,
    /// Whether the grid may be switched off before more is imported than the ETK can pay: `on`, `off` or `inherit`.
    #[arg(long, value_parser = parse_switch)]
    pub(crate) guard: Option<Wish<bool>>,
}

fn parse_switch(text: &str) -> Result<Wish<bool>, String> {
    match text {
        "on" => Ok(Wish::Value(true)),
        "off" => Ok(Wish::Value(false)),
        "inherit" => Ok(Wish::Inherit),
        _ => Err("on, off or inherit".to_owned()),
    }
}

fn parse_minutes(text: &str) -> Result<Wish<u32>, String> {
    let minutes = || text.parse().map_err(|_| "whole minutes, or inherit".to_owned());
    match text {
        "inherit" => Ok(Wish::Inherit),
        _ => minutes().map(Wish::Value),
    }
}

fn parse_energy(text: &str) -> Result<Wish<WattHours>, String> {
    let energy = || {
        text.parse()
            .map_err(|_| "whole watt-hours, or inherit".to_owned())
    };
    match text {
        "inherit" => Ok(Wish::Inherit),
        _ => energy().map(|energy| Wish::Value(WattHours(energy))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_may_be_left_to_the_account() {
        assert_eq!(parse_switch("on"), Ok(Wish::Value(true)));
        assert_eq!(parse_switch("inherit"), Ok(Wish::Inherit));
        assert_eq!(parse_minutes("15"), Ok(Wish::Value(15)));
        assert_eq!(parse_energy("inherit"), Ok(Wish::Inherit));
        assert_eq!(parse_energy("0"), Ok(Wish::Value(WattHours(0))));
        assert!(parse_switch("true").is_err() && parse_minutes("5m").is_err() && parse_energy("-1").is_err());
    }
}
