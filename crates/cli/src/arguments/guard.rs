//! The part of the command line that is about the guard.

use clap::{Args, Subcommand};
use enerlink_domain::Address;

use super::ProfileArguments;

#[derive(Subcommand)]
pub(crate) enum GuardCommand {
    /// Show what it is doing, and what it did.
    Show(GuardArguments),
    /// Say what it does, and note that it was read: only then it may act.
    Explain(GuardArguments),
    /// Do nothing for an hour; where the grid is off, restore it first.
    NotNow(GuardArguments),
    /// Restore the former mode of the grid, and do nothing for an hour.
    Restore(GuardArguments),
    /// Watch again.
    Resume(GuardArguments),
}

/// Which guard.
#[derive(Args)]
pub(crate) struct GuardArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Whose guard; that of the first meter when absent, or all that are shown.
    #[arg(long)]
    pub(crate) account: Option<Address>,
}
