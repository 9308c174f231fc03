//! The command line. Secrets come from files or standard input, never from here.

mod database;
mod guard;
mod market;
mod meter;
mod records;
mod settle;
mod settling;
mod tokens;
mod wallet;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use enerlink_domain::MeterId;

pub(crate) use self::database::DatabaseCommand;
pub(crate) use self::guard::{GuardArguments, GuardCommand};
pub(crate) use self::market::{MarketCommand, OrdersArguments, PlaceArguments, TradesArguments};
pub(crate) use self::meter::{
    AddArguments, BrokerArguments, BrokerFiles, CommandArguments, EditArguments, MeterCommand,
};
pub(crate) use self::records::{
    By, ExportCommand, FilterArguments, HistoryArguments, MessagesArguments, NoticesArguments,
    PreferencesArguments,
};
pub(crate) use self::settle::{
    AuditArguments, EstimateArguments, MonthsArguments, ReceiptArguments, SettlementArguments,
    VerifyArguments,
};
pub(crate) use self::settling::{SetArguments, SettingsCommand, Wish};
pub(crate) use self::tokens::{
    AllowancesArguments, AllowancesCommand, ExchangesArguments, RampCommand, SendArguments,
    TransfersArguments,
};
pub(crate) use self::wallet::{
    ContactsCommand, OneWalletArguments, RestoreArguments, SettlementKeyCommand, SourceArguments,
    VaultArguments, WalletCommand,
};

/// The EnerLink wallet without a window.
#[derive(Parser)]
#[command(name = "enerlink", version)]
pub(crate) struct Arguments {
    /// Answer in JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the simulated neighbourhood; one JSON line per event and a summary at the end.
    Demo(DemoArguments),
    /// Run the wallet: listen to the meters, settle, follow transactions. On Unix SIGUSR1 locks the wallet meanwhile:
    /// settlement goes on under the settlement key, everything else waits.
    Run(RunArguments),
    /// Show the profile as it is stored.
    Status(ProfileArguments),
    /// The Ethereum node and the contracts.
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Wallets, their keys and their backups.
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// The address book.
    #[command(subcommand)]
    Contacts(ContactsCommand),
    /// Meters.
    #[command(subcommand)]
    Meter(MeterCommand),
    /// The neighbourhood's market.
    #[command(subcommand)]
    Market(MarketCommand),
    /// Energy of a meter by hours, days or months, and what it was worth.
    History(HistoryArguments),
    /// The message log: what came in and what went out.
    Messages(MessagesArguments),
    /// The inbox: what the household was told of its meters.
    Notices(NoticesArguments),
    /// Raw readings or messages as files.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Copies of the database.
    #[command(subcommand)]
    Database(DatabaseCommand),
    /// Show or change what the household pays and wants to keep.
    Preferences(PreferencesArguments),
    /// Settlements.
    #[command(subcommand)]
    Settle(SettleCommand),
    /// The guard, which switches the grid off before more is imported than the ETK can pay.
    #[command(subcommand)]
    Guard(GuardCommand),
    /// Send tokens or the chain's coin.
    Send(SendArguments),
    /// Exchange IDR and IDRS, one for one. A simulation: no real money moves.
    #[command(subcommand)]
    Ramp(RampCommand),
    /// List tokens that moved, the newest in the chain first, or write them to a file.
    Transfers(TransfersArguments),
    /// Who may take tokens of this wallet.
    Allowances(AllowancesArguments),
    /// Run the whole system under seeds, in virtual time and with faults everywhere, and check that every watt-hour is
    /// settled once.
    Sim(SimArguments),
    /// Transactions.
    #[command(subcommand)]
    Tx(TxCommand),
    /// The operator's side: contracts and registrations.
    #[command(subcommand)]
    Operator(OperatorCommand),
}

/// Which profile.
#[derive(Args)]
pub(crate) struct ProfileArguments {
    /// The profile's directory.
    #[arg(long, env = "ENERLINK_DATA_DIR")]
    pub(crate) data_dir: PathBuf,
}

/// Which profile, and how to open its vault.
#[derive(Args)]
pub(crate) struct UnlockArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// A file with the vault's password; `-` reads standard input.
    #[arg(long)]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct SimArguments {
    /// How many seeds.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1 << 48))]
    pub(crate) first: u64,
    /// Run this seed only.
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    pub(crate) seed: Option<u64>,
    /// Show everything that happens.
    #[arg(long, requires = "seed")]
    pub(crate) verbose: bool,
}

#[derive(Args)]
pub(crate) struct DemoArguments {
    /// How long, in real time: `60s`, `5m`, `1h`. Until Ctrl+C when absent.
    #[arg(long = "for", value_parser = parse_duration)]
    pub(crate) length: Option<Duration>,
    /// Simulated seconds per second.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) speed: u32,
    /// The same seed is the same neighbourhood.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// A real broker instead of the embedded one, `mqtt://host:port`.
    #[arg(long)]
    pub(crate) broker: Option<String>,
    /// A real Ethereum node instead of the one in process, `http://host:port`.
    #[arg(long)]
    pub(crate) rpc: Option<String>,
    /// With `--rpc`: the Web3 key file that deploys; the node's own first account when absent.
    #[arg(long, requires = "rpc")]
    pub(crate) keystore: Option<PathBuf>,
    /// The password of the key file.
    #[arg(long, requires = "keystore")]
    pub(crate) password_file: Option<PathBuf>,
    /// Keep the profile here instead of in a temporary directory.
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) unlock: UnlockArguments,
    /// Stop after this long: `60s`, `5m`, `1h`.
    #[arg(long = "for", value_parser = parse_duration)]
    pub(crate) length: Option<Duration>,
}

#[derive(Subcommand)]
pub(crate) enum NetworkCommand {
    /// Use a node and the contracts of an addresses file.
    Set {
        #[command(flatten)]
        profile: ProfileArguments,
        /// JSON-RPC endpoint of the node: http://, https://, ws:// or wss://.
        #[arg(long)]
        rpc: String,
        /// A second endpoint of the same chain, asked when the first does not answer.
        #[arg(long, value_name = "URL")]
        fallback: Option<String>,
        /// The operator's addresses file.
        #[arg(long)]
        addresses: PathBuf,
    },
    /// Show the network in use.
    Show(ProfileArguments),
}

#[derive(Subcommand)]
pub(crate) enum SettleCommand {
    /// Settle what is owed now, and wait for the chain.
    Now {
        #[command(flatten)]
        unlock: UnlockArguments,
        /// Which meter; the first in use when absent.
        #[arg(long)]
        meter: Option<MeterId>,
    },
    /// What each meter in use will settle, and all together: now and at the period's end, and what is missing.
    Estimate(EstimateArguments),
    /// List settlements, newest first.
    List {
        #[command(flatten)]
        wanted: SettlementArguments,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Write settlements as CSV, oldest first.
    Export {
        #[command(flatten)]
        wanted: SettlementArguments,
        /// The new file.
        file: PathBuf,
    },
    /// ETK minted and burned in each month of this computer's time zone.
    Months(MonthsArguments),
    /// Add up: accumulated = settled + pending + carried, against the node.
    Audit(AuditArguments),
    /// Write the receipt of a settlement, which proves itself against a block header.
    Receipt(ReceiptArguments),
    /// Verify a receipt, offline against a block hash or with a node.
    Verify(VerifyArguments),
    /// Pause automatic settlement of every meter, whatever the environment and the settings say, until it is resumed.
    Pause(ProfileArguments),
    /// Let automatic settlement go on as before.
    Resume(ProfileArguments),
    /// What counts when a meter settles, and who says so.
    #[command(subcommand)]
    Settings(SettingsCommand),
}

#[derive(Subcommand)]
pub(crate) enum TxCommand {
    /// List transactions, newest first.
    List {
        #[command(flatten)]
        profile: ProfileArguments,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Show the log, newest first: each transaction that came to its end, and each that the chain took back.
    Log {
        #[command(flatten)]
        profile: ProfileArguments,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Show one transaction.
    Show {
        #[command(flatten)]
        profile: ProfileArguments,
        /// Its number.
        id: i64,
    },
    /// Sign one that waits once more with a higher fee, and send it.
    SpeedUp {
        #[command(flatten)]
        unlock: UnlockArguments,
        /// Its number.
        id: i64,
    },
    /// Forget one that was not signed; take the nonce of one that was with a transaction that does nothing.
    Cancel {
        #[command(flatten)]
        unlock: UnlockArguments,
        /// Its number.
        id: i64,
    },
}

#[derive(Args)]
pub(crate) struct OperatorArguments {
    /// JSON-RPC endpoint of the node.
    #[arg(long)]
    pub(crate) rpc: String,
    /// The operator's Web3 Secret Storage (v3) key file.
    #[arg(long)]
    pub(crate) keystore: PathBuf,
    /// A file with its password; `-` reads standard input.
    #[arg(long)]
    pub(crate) password_file: PathBuf,
}

#[derive(Subcommand)]
pub(crate) enum OperatorCommand {
    /// Deploy the contracts and write the addresses file.
    Deploy {
        #[command(flatten)]
        operator: OperatorArguments,
        /// Where the addresses file goes.
        #[arg(long, default_value = "addresses.json")]
        out: PathBuf,
    },
    /// Register the meter of a household's request.
    Authorize {
        #[command(flatten)]
        operator: OperatorArguments,
        /// The addresses file.
        #[arg(long, default_value = "addresses.json")]
        addresses: PathBuf,
        /// The household's registration request; `-` reads standard input.
        #[arg(long)]
        request: PathBuf,
        /// Also send the household this many wei for gas.
        #[arg(long, default_value_t = 0)]
        fund: u128,
    },
}

/// Reads `90`, `90s`, `5m` or `1h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, factor) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) if text.ends_with('m') => (number, 60),
        Some(number) if text.ends_with('h') => (number, 3600),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    let seconds: u64 = number
        .parse()
        .map_err(|_| format!("{text:?} is not a duration such as 60s, 5m or 1h"))?;
    seconds
        .checked_mul(factor)
        .map(Duration::from_secs)
        .ok_or_else(|| "the duration is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn allowances_are_listed_unless_something_else_is_asked_for() {
        let parsed = |words: &[&str]| {
            let line = [&["enerlink", "allowances"], words].concat();
            match Arguments::try_parse_from(line).map(|arguments| arguments.command) {
                Ok(Command::Allowances(arguments)) => Ok(arguments),
                Ok(_) => panic!("another command"),
                Err(error) => Err(error.kind()),
            }
        };
        let bare = parsed(&["--data-dir", "profile"]).expect("a list");
        assert!(bare.command.is_none());
        assert_eq!(bare.profile.expect("where").data_dir, PathBuf::from("profile"));
        let listed = parsed(&["list", "--data-dir", "profile"]).expect("a list");
        assert!(matches!(listed.command, Some(AllowancesCommand::List(_))));
        if std::env::var_os("ENERLINK_DATA_DIR").is_none() {
            let nowhere = parsed(&[]).err();
            assert_eq!(nowhere, Some(clap::error::ErrorKind::MissingRequiredArgument));
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(parse_duration("7"), Ok(Duration::from_secs(7)));
        assert!(parse_duration("soon").is_err());
    }
}
