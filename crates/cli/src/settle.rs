//! `enerlink settle`.

mod audit;
mod estimate;
mod past;
mod settings;

use std::time::Duration;

use enerlink_domain::{
    Code, Error, Event, Settlement, Status,
    settlement::{Breakdown, SettlementFilter},
};
use enerlink_engine::Engine;
use serde::Serialize;

use crate::{arguments::SettleCommand, failure::Outcome, output, session};

/// A chain that has not confirmed after this long is left to `enerlink run`.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn settle(command: SettleCommand, json: bool) -> Outcome {
    match command {
        SettleCommand::Now { unlock, meter } => {
            let engine = session::open_unlocked(&unlock).await?;
            session::wait_for_chain(&engine).await?;
            let meter = session::meter_or_first(&engine, meter)?;
            let mut events = engine.events();
            let row = engine.settle_now(meter).await?;
            let row = tokio::time::timeout(PATIENCE, finished(&engine, &mut events, row)).await;
            engine.stop().await;
            let row = row.map_err(|_| {
                Error::new(
                    Code::NodeUnreachable,
                    "the chain has not confirmed yet; `enerlink run` follows it to its end",
                )
            })?;
            output::answer(json, &Row::of(&row), |_| sentence(&row));
            match row.status {
                Status::Failed => Err(Error::new(Code::Reverted, row.reason.unwrap_or_default()).into()),
                Status::Pending | Status::Success => Ok(()),
            }
        }
        SettleCommand::Estimate(arguments) => estimate::estimate(&arguments, json).await,
        SettleCommand::List { wanted, limit } => past::list(&wanted, limit, json).await,
        SettleCommand::Export { wanted, file } => past::export(&wanted, &file, json).await,
        SettleCommand::Months(arguments) => past::months(arguments, json).await,
        SettleCommand::Audit(arguments) => audit::audit(&arguments, json).await,
        SettleCommand::Receipt(arguments) => past::receipt(arguments, json).await,
        SettleCommand::Verify(arguments) => past::verify(arguments, json).await,
        SettleCommand::Pause(profile) => settings::pause(&profile, true, json).await,
        SettleCommand::Resume(profile) => settings::pause(&profile, false, json).await,
        SettleCommand::Settings(command) => settings::settings(command, json).await,
    }
}

/// A settlement in JSON, with its energy in the words of the source documents.
#[derive(Serialize)]
pub(crate) struct Row<'a> {
    #[serde(flatten)]
    settlement: &'a Settlement,
    #[serde(flatten)]
    energy: Breakdown,
}

impl<'a> Row<'a> {
    pub(crate) fn of(settlement: &'a Settlement) -> Self {
        Self {
            settlement,
            energy: settlement.breakdown(),
        }
    }
}

async fn finished(engine: &Engine, events: &mut enerlink_engine::Events, row: Settlement) -> Settlement {
    let mut latest = row;
    while latest.status == Status::Pending {
        match events.next().await {
            Some(Event::Settlement(changed)) if changed.settlement_id == latest.settlement_id => {
                latest = changed
            }
            Some(Event::Lagged { .. }) => {
                let page = engine
                    .settlements(&SettlementFilter::of(&latest.meter_id), 1, None)
                    .await;
                let same = page.ok().and_then(|page| page.rows.into_iter().next());
                latest = same
                    .filter(|row| row.settlement_id == latest.settlement_id)
                    .unwrap_or(latest);
            }
            Some(_) => {}
            None => break,
        }
    }
    latest
}

fn sentence(row: &Settlement) -> String {
    let tx = row.tx.map(|hash| format!(" {hash}")).unwrap_or_default();
    format!(
        "{} {} {} Wh {} ETK{tx}",
        row.settlement_id,
        row.status.as_str(),
        row.energy_wh.0,
        row.etk
    )
}
