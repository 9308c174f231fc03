//! The part of the command line that looks at settlements and proves them.

use std::path::PathBuf;

use clap::Args;
use enerlink_domain::{BlockHash, MeterId, Status, Trigger, settlement::SettlementFilter};

use super::ProfileArguments;
use crate::moment::Moment;

/// Which settlements.
#[derive(Args)]
pub(crate) struct SettlementArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Only of this meter.
    #[arg(long)]
    meter: Option<MeterId>,
    /// Only `PENDING`, `SUCCESS` or `FAILED`.
    #[arg(long, value_parser = parse_status)]
    status: Option<Status>,
    /// Only `PERIODIC`, `MANUAL`, `THRESHOLD` or `ADOPTED`.
    #[arg(long, value_parser = parse_trigger)]
    trigger: Option<Trigger>,
    /// Not written before: a date, or a date with a time.
    #[arg(long)]
    from: Option<Moment>,
    /// Written before; a date alone includes that day.
    #[arg(long)]
    to: Option<Moment>,
}

impl SettlementArguments {
    pub(crate) fn filter(&self) -> SettlementFilter {
        SettlementFilter {
            meter_id: self.meter.clone(),
            status: self.status,
            trigger: self.trigger,
            from: self.from.map(Moment::begin),
            to: self.to.map(Moment::end),
        }
    }
}

#[derive(Args)]
pub(crate) struct MonthsArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Only of this meter; all together when absent.
    #[arg(long)]
    pub(crate) meter: Option<MeterId>,
    /// From: a date, or a date with a time. The beginning of this year when absent.
    #[arg(long)]
    pub(crate) from: Option<Moment>,
    /// To, excluded; a date alone includes that day. Now when absent.
    #[arg(long)]
    pub(crate) to: Option<Moment>,
}

#[derive(Args)]
pub(crate) struct EstimateArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Only of this meter.
    #[arg(long)]
    pub(crate) meter: Option<MeterId>,
}

#[derive(Args)]
pub(crate) struct AuditArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Check every hash of the chain of facts, the sums, and every settlement against the node.
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Args)]
pub(crate) struct ReceiptArguments {
    #[command(flatten)]
    pub(crate) profile: ProfileArguments,
    /// Id of the settlement.
    pub(crate) id: String,
    /// The new file: `.json` with the proof, `.pdf` for people.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// The language of a PDF.
    #[arg(long, default_value = "en", value_parser = ["en", "id"])]
    pub(crate) language: String,
}

#[derive(Args)]
pub(crate) struct VerifyArguments {
    /// The receipt: its PDF or JSON file, or pictures (PNG, JPEG) of its codes.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// Whose word is taken for the block.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Trust {
    /// The hash of the block, from where you trust it. Nobody is asked.
    #[arg(long)]
    pub(crate) block_hash: Option<BlockHash>,
    /// A node that you trust: it is asked for the hash.
    #[arg(long)]
    pub(crate) rpc: Option<String>,
}

pub(super) fn parse_status(text: &str) -> Result<Status, String> {
    Status::parse(&text.to_uppercase()).ok_or_else(|| "PENDING, SUCCESS or FAILED".to_owned())
}

fn parse_trigger(text: &str) -> Result<Trigger, String> {
    Trigger::parse(&text.to_uppercase()).ok_or_else(|| "PERIODIC, MANUAL, THRESHOLD or ADOPTED".to_owned())
}
