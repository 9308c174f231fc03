//! Arguments of tokens: sending, the ramp, what moved, allowances.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use enerlink_domain::{
    Address, Status,
    token::{Asset, ConversionFilter, MovementFilter, MovementKind, Ramp, Token},
};

use super::{ProfileArguments, UnlockArguments, settle::parse_status};
use crate::moment::Moment;

/// What is sent.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum AssetName {
    Etk,
    Idrs,
    /// The chain's native coin.
    Coin,
}

impl From<AssetName> for Asset {
    fn from(name: AssetName) -> Self {
        match name {
            AssetName::Etk => Self::Etk,
            AssetName::Idrs => Self::Idrs,
            AssetName::Coin => Self::Coin,
        }
    }
}

/// Which token.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TokenName {
    Etk,
    Idrs,
}

impl From<TokenName> for Token {
    fn from(name: TokenName) -> Self {
        match name {
            TokenName::Etk => Self::Etk,
            TokenName::Idrs => Self::Idrs,
        }
    }
}

/// Which way of the ramp.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum WayName {
    /// IDR became IDRS.
    On,
    /// IDRS became IDR.
    Off,
}

impl From<WayName> for Ramp {
    fn from(name: WayName) -> Self {
        match name {
            WayName::On => Self::On,
            WayName::Off => Self::Off,
        }
    }
}

/// What a movement was for the account.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KindName {
    Minted,
    Burned,
    Received,
    Sent,
}

impl From<KindName> for MovementKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Minted => Self::Minted,
            KindName::Burned => Self::Burned,
            KindName::Received => Self::Received,
            KindName::Sent => Self::Sent,
        }
    }
}

#[derive(Args)]
pub(crate) struct SendArguments {
    #[command(flatten)]
    pub(crate) unlock: UnlockArguments,
    /// The account that sends; the primary one when absent.
    #[arg(long)]
    pub(crate) from: Option<Address>,
    /// Whom it goes to, with the checksum of EIP-55.
    #[arg(long)]
    pub(crate) to: String,
    /// What.
    #[arg(long)]
    pub(crate) asset: AssetName,
    /// How much, such as `1234.56`.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) amount: String,
    /// Send also to whom was never paid, whose address has no checksum, or who looks like somebody known.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only show what would become of it.
    #[arg(long)]
    pub(crate) preview: bool,
}

#[derive(Args)]
pub(crate) struct RampArguments {
    #[command(flatten)]
    pub(crate) unlock: UnlockArguments,
    /// The account; the primary one when absent.
    #[arg(long)]
    pub(crate) account: Option<Address>,
    /// How much, such as `50000` or `1234.56`.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) amount: String,
}

#[derive(Subcommand)]
pub(crate) enum RampCommand {
    /// IDR become IDRS.
    On(RampArguments),
    /// IDRS become IDR.
    Off(RampArguments),
    /// List exchanges, newest first, or write them to a file.
    List {
        #[command(flatten)]
        wanted: ExchangesArguments,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
        /// Write all of them as CSV instead: a new file.
        #[arg(long)]
        file: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(crate) struct ExchangesArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Only of this account.
    #[arg(long)]
    account: Option<Address>,
    /// Only this way.
    #[arg(long)]
    direction: Option<WayName>,
    /// Only `PENDING`, `SUCCESS` or `FAILED`.
    #[arg(long, value_parser = parse_status)]
    status: Option<Status>,
    /// Not asked for before: a date, or a date with a time.
    #[arg(long)]
    from: Option<Moment>,
    /// Asked for before; a date alone includes that day.
    #[arg(long)]
    to: Option<Moment>,
}

impl ExchangesArguments {
    pub(crate) fn filter(&self) -> ConversionFilter {
        ConversionFilter {
            account: self.account,
            way: self.direction.map(Into::into),
            status: self.status,
            from: self.from.map(Moment::begin),
            to: self.to.map(Moment::end),
        }
    }
}

#[derive(Args)]
pub(crate) struct TransfersArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Only these kinds.
    #[arg(long, value_delimiter = ',')]
    kind: Vec<KindName>,
    /// Only this token.
    #[arg(long)]
    token: Option<TokenName>,
    /// Only this account.
    #[arg(long)]
    account: Option<Address>,
    /// In no block before: a date, or a date with a time.
    #[arg(long)]
    from: Option<Moment>,
    /// In a block before; a date alone includes that day.
    #[arg(long)]
    to: Option<Moment>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u16,
    /// Write all of them as CSV instead: a new file.
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
}

impl TransfersArguments {
    pub(crate) fn filter(&self) -> MovementFilter {
        MovementFilter {
            kinds: self.kind.iter().map(|kind| (*kind).into()).collect(),
            token: self.token.map(Into::into),
            account: self.account,
            from: self.from.map(Moment::begin),
            to: self.to.map(Moment::end),
        }
    }
}

/// A list, unless something shall be done about it.
#[derive(Args)]
#[command(subcommand_negates_reqs = true)]
pub(crate) struct AllowancesArguments {
    #[command(subcommand)]
    pub(crate) command: Option<AllowancesCommand>,
    /// There without a subcommand, which has its own.
    #[command(flatten)]
    pub(crate) profile: Option<ProfileArguments>,
}

#[derive(Subcommand)]
pub(crate) enum AllowancesCommand {
    /// List them, as they were read last; so does no subcommand at all.
    List(ProfileArguments),
    /// End one: an `approve` of nothing.
    Revoke {
        #[command(flatten)]
        unlock: UnlockArguments,
        /// Whose tokens; the primary account when absent.
        #[arg(long)]
        owner: Option<Address>,
        /// Which token.
        #[arg(long)]
        token: TokenName,
        /// Who may take them.
        #[arg(long)]
        spender: Address,
    },
}
