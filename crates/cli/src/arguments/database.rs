//! Arguments of `enerlink database`.

use std::path::PathBuf;

use clap::Subcommand;

use super::ProfileArguments;

#[derive(Subcommand)]
pub(crate) enum DatabaseCommand {
    /// A copy of the whole database, beside a running wallet. It holds no keys: see `wallet backup`.
    Copy {
        #[command(flatten)]
        profile: ProfileArguments,
        /// The new file.
        #[arg(long)]
        out: PathBuf,
    },
    /// Check every page.
    Check(ProfileArguments),
    /// Put a copy in the place of the database; the one that is there is kept beside it.
    Restore {
        #[command(flatten)]
        profile: ProfileArguments,
        /// The copy: of `database copy`, or one that lies beside the database since an update.
        #[arg(long)]
        from: PathBuf,
    },
}
