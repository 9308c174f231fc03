//! The part of the command line that trades.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use enerlink_domain::{
    Address,
    market::{OrderId, OrderStatus, Side, TicketKind},
    view::{OrderFilter, TradeFilter},
};

use super::{ProfileArguments, UnlockArguments};
use crate::moment::Moment;

#[derive(Subcommand)]
pub(crate) enum MarketCommand {
    /// Show the order book.
    Book {
        #[command(flatten)]
        profile: ProfileArguments,
        /// Prices in a row.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
        group: u16,
        /// Rows of each side.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
        rows: u16,
    },
    /// Show the figures of the last 24 hours.
    Stats(ProfileArguments),
    /// Place an order, and wait until the chain has said what became of it.
    Place(PlaceArguments),
    /// Cancel orders.
    Cancel {
        #[command(flatten)]
        unlock: UnlockArguments,
        /// Whose; the primary account when absent.
        #[arg(long)]
        account: Option<Address>,
        /// Which; `--all` for every open one.
        #[arg(required_unless_present = "all")]
        orders: Vec<OrderId>,
        /// Every open order of the account.
        #[arg(long, conflicts_with = "orders")]
        all: bool,
    },
    /// List orders, newest first, or write them to a file.
    Orders {
        #[command(flatten)]
        wanted: OrdersArguments,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: u16,
        /// Write all of them as CSV instead: a new file.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// List trades, newest first, or write them to a file.
    Trades {
        #[command(flatten)]
        wanted: TradesArguments,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: u16,
        /// Write all of them as CSV instead: a new file.
        #[arg(long)]
        file: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(crate) struct PlaceArguments {
    #[command(flatten)]
    pub(crate) unlock: UnlockArguments,
    /// Who trades; the primary account when absent.
    #[arg(long)]
    pub(crate) account: Option<Address>,
    /// `BID` buys energy, `ASK` sells it.
    #[arg(value_parser = parse_side)]
    pub(crate) side: Side,
    /// How much: `2.5` kWh, or with `--unit`.
    pub(crate) amount: String,
    /// The worst price, rupiah per kWh, or per ETK with `--price-unit`.
    pub(crate) price: String,
    /// `kwh`, `etk` or `lots`.
    #[arg(long, default_value = "kwh")]
    pub(crate) unit: String,
    /// `kwh` or `etk`.
    #[arg(long, default_value = "kwh")]
    pub(crate) price_unit: String,
    /// `limit`, `market` (at once, not worse than the price), `post-only`, `ioc` (at once, the rest is forgotten).
    #[arg(long, default_value = "limit", value_parser = parse_kind)]
    pub(crate) kind: TicketKind,
    /// Place it; without this only what it would do is shown.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct OrdersArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Only of this account.
    #[arg(long)]
    account: Option<Address>,
    /// Only `OPEN`, `PARTIALLY_FILLED`, `FILLED` or `CANCELLED`.
    #[arg(long, value_parser = parse_status)]
    status: Option<OrderStatus>,
    /// Only `BID` or `ASK`.
    #[arg(long, value_parser = parse_side)]
    side: Option<Side>,
    /// Not placed before: a date, or a date with a time.
    #[arg(long)]
    from: Option<Moment>,
    /// Placed before; a date alone includes that day.
    #[arg(long)]
    to: Option<Moment>,
}

impl OrdersArguments {
    pub(crate) fn filter(&self) -> OrderFilter {
        OrderFilter {
            trader: self.account,
            status: self.status,
            side: self.side,
            from: self.from.map(Moment::begin),
            to: self.to.map(Moment::end),
        }
    }
}

#[derive(Args)]
pub(crate) struct TradesArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Only those in which this account has part.
    #[arg(long)]
    account: Option<Address>,
    /// Not before: a date, or a date with a time.
    #[arg(long)]
    from: Option<Moment>,
    /// Before; a date alone includes that day.
    #[arg(long)]
    to: Option<Moment>,
}

impl TradesArguments {
    pub(crate) fn filter(&self) -> TradeFilter {
        TradeFilter {
            account: self.account,
            from: self.from.map(Moment::begin),
            to: self.to.map(Moment::end),
        }
    }
}

fn parse_side(text: &str) -> Result<Side, String> {
    Side::parse(&text.to_uppercase()).ok_or_else(|| "either BID or ASK".to_owned())
}

fn parse_status(text: &str) -> Result<OrderStatus, String> {
    OrderStatus::parse(&text.to_uppercase())
        .ok_or_else(|| "one of OPEN, PARTIALLY_FILLED, FILLED, CANCELLED".to_owned())
}

fn parse_kind(text: &str) -> Result<TicketKind, String> {
    Ok(match text {
        "limit" => TicketKind::Limit,
        "market" => TicketKind::Market,
        "post-only" => TicketKind::PostOnly,
        "ioc" => TicketKind::ImmediateOrCancel,
        _ => return Err("one of limit, market, post-only, ioc".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        place: PlaceArguments,
    }

    fn parsed(words: &[&str]) -> Result<PlaceArguments, clap::Error> {
        let line = ["place", "bid", "2.5", "1400", "--data-dir", "profile"];
        Line::try_parse_from(line.iter().chain(words)).map(|line| line.place)
    }

    #[test]
    fn each_kind_is_the_one_that_it_says() {
        for (word, kind) in [
            ("limit", TicketKind::Limit),
            ("market", TicketKind::Market),
            ("post-only", TicketKind::PostOnly),
            ("ioc", TicketKind::ImmediateOrCancel),
        ] {
            assert_eq!(parsed(&["--kind", word]).expect(word).kind, kind, "{word}");
        }
        assert_eq!(parsed(&[]).expect("a limit").kind, TicketKind::Limit);
        for wrong in ["", "Limit", "post_only", "fok"] {
            assert!(parsed(&["--kind", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn energy_and_prices_are_per_kwh_unless_said_otherwise() {
        let units = |words: &[&str]| {
            let place = parsed(words).expect("a ticket");
            (place.unit, place.price_unit)
        };
        assert_eq!(units(&[]), ("kwh".to_owned(), "kwh".to_owned()));
        assert_eq!(
            units(&["--unit", "lots", "--price-unit", "etk"]),
            ("lots".to_owned(), "etk".to_owned())
        );
    }
}
