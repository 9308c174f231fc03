//! Arguments of tokens: sending, the ramp, what moved, allowances.

use clap::{Args, Subcommand, ValueEnum};
use enerlink_domain::{
    Address,
    token::{Asset, MovementKind, Token},
};

use super::{ProfileArguments, UnlockArguments};

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
    /// List exchanges, newest first.
    List {
        #[command(flatten)]
        profile: ProfileArguments,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
}

#[derive(Args)]
pub(crate) struct TransfersArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Only these kinds.
    #[arg(long, value_delimiter = ',')]
    pub(crate) kind: Vec<KindName>,
    /// Only this token.
    #[arg(long)]
    pub(crate) token: Option<TokenName>,
    /// Only this account.
    #[arg(long)]
    pub(crate) account: Option<Address>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u16,
}

#[derive(Subcommand)]
pub(crate) enum AllowancesCommand {
    /// List them, as they were read last.
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
