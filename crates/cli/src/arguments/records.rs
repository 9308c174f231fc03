//! The part of the command line that looks back: history, messages, notices, exports, preferences.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use enerlink_domain::{MeterId, NoticeKind, decimal::parse_scaled, view::MessageDirection};

use super::ProfileArguments;
use crate::moment::Moment;

/// How a history is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Hours.
    Hour,
    /// Days of this computer's time zone.
    Day,
    /// Months.
    Month,
}

#[derive(Args)]
pub(crate) struct HistoryArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Which meter; the first in use when absent.
    #[arg(long)]
    pub(crate) meter: Option<MeterId>,
    /// From: `2026-11-22`, `2026-11-22T09:00` or `2026-11-22T09:00:00Z`. The current day, month or year when absent.
    #[arg(long)]
    pub(crate) from: Option<Moment>,
    /// To, excluded; a date alone includes that day. Now when absent.
    #[arg(long)]
    pub(crate) to: Option<Moment>,
    /// One bar for each of these.
    #[arg(long, default_value = "day")]
    pub(crate) by: By,
    /// Write it to this new file.
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
}

/// Which messages.
#[derive(Args)]
pub(crate) struct FilterArguments {
    /// Only of this meter.
    #[arg(long)]
    pub(crate) meter: Option<MeterId>,
    /// Only `in` or only `out`.
    #[arg(long, value_parser = parse_direction)]
    pub(crate) direction: Option<MessageDirection>,
    /// Only those that were understood and taken.
    #[arg(long, conflicts_with = "refused")]
    pub(crate) accepted: bool,
    /// Only those that were not.
    #[arg(long)]
    pub(crate) refused: bool,
    /// Only of this command.
    #[arg(long, value_name = "ID")]
    pub(crate) command: Option<String>,
    /// Only with this in topic, payload or reason.
    #[arg(long)]
    pub(crate) search: Option<String>,
    /// Not before: a date, or a date with a time.
    #[arg(long)]
    pub(crate) from: Option<Moment>,
    /// Before; a date alone includes that day.
    #[arg(long)]
    pub(crate) to: Option<Moment>,
}

#[derive(Args)]
pub(crate) struct MessagesArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    #[command(flatten)]
    pub(crate) filter: FilterArguments,
    /// At most so many, newest first.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u16,
    /// Write all of them to this new file instead, oldest first.
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct NoticesArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u16,
    /// Note that they have been looked at.
    #[arg(long)]
    pub(crate) seen: bool,
}

#[derive(Subcommand)]
pub(crate) enum ExportCommand {
    /// Every raw reading of a range, as CSV.
    Readings {
        #[command(flatten)]
        profile: ProfileArguments,
        /// Which meter; the first in use when absent.
        #[arg(long)]
        meter: Option<MeterId>,
        /// From: a date, or a date with a time. The beginning when absent.
        #[arg(long)]
        from: Option<Moment>,
        /// To, excluded; a date alone includes that day. Now when absent.
        #[arg(long)]
        to: Option<Moment>,
        /// The new file.
        #[arg(long)]
        out: PathBuf,
    },
    /// The message log, as CSV.
    Messages {
        #[command(flatten)]
        profile: ProfileArguments,
        #[command(flatten)]
        filter: FilterArguments,
        /// The new file.
        #[arg(long)]
        out: PathBuf,
    },
}

/// What the household pays and wants to keep; without an option it is shown.
#[derive(Args)]
pub(crate) struct PreferencesArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Days that raw readings are kept; 0 is for ever.
    #[arg(long)]
    pub(crate) raw_days: Option<u32>,
    /// Messages that the log keeps; 0 is without bound.
    #[arg(long)]
    pub(crate) log_messages: Option<u32>,
    /// The utility's price of a kWh in rupiah: `1444.70`.
    #[arg(long, value_parser = parse_tariff)]
    pub(crate) tariff: Option<u64>,
    /// Do not show notices of this kind in the window and on the desktop; may be repeated.
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    pub(crate) mute: Vec<NoticeKind>,
    /// Show them again; may be repeated.
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    pub(crate) unmute: Vec<NoticeKind>,
}

fn parse_direction(text: &str) -> Result<MessageDirection, String> {
    match text {
        "in" => Ok(MessageDirection::In),
        "out" => Ok(MessageDirection::Out),
        _ => Err("in or out".to_owned()),
    }
}

fn parse_tariff(text: &str) -> Result<u64, String> {
    let sen = parse_scaled(text, 2).map_err(|error| error.to_string())?;
    u64::try_from(sen).map_err(|_| "a price is not negative".to_owned())
}

fn parse_kind(text: &str) -> Result<NoticeKind, String> {
    let kinds = || NoticeKind::ALL.map(NoticeKind::as_str).join(", ");
    NoticeKind::parse(text).ok_or_else(|| format!("one of {}", kinds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact() {
        assert_eq!(parse_tariff("1444.70"), Ok(144_470));
        assert_eq!(parse_tariff("1444.7"), Ok(144_470));
        assert_eq!(parse_tariff("0"), Ok(0));
        for wrong in ["", "-1", "1,444", "Rp 1"] {
            assert!(parse_tariff(wrong).is_err(), "{wrong}");
        }
    }
}
