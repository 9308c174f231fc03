//! `enerlink settle`.

mod settings;

use std::time::Duration;

use enerlink_domain::{Code, Error, Event, Settlement, Status, settlement::SettlementFilter};
use enerlink_engine::{Access, Engine};

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
            output::answer(json, &row, sentence);
            match row.status {
                Status::Failed => Err(Error::new(Code::Reverted, row.reason.unwrap_or_default()).into()),
                Status::Pending | Status::Success => Ok(()),
            }
        }
        SettleCommand::List {
            profile,
            meter,
            limit,
        } => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            for row in engine
                .settlements(
                    &SettlementFilter {
                        meter_id: meter,
                        ..SettlementFilter::default()
                    },
                    limit,
                    None,
                )
                .await?
                .rows
            {
                output::answer(json, &row, sentence);
            }
            Ok(())
        }
        SettleCommand::Settings(command) => settings::settings(command, json).await,
        SettleCommand::Audit(profile) => {
            audit(&session::open(&profile.data_dir, Access::ReadOnly).await?, json).await
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

async fn audit(engine: &Engine, json: bool) -> Outcome {
    for view in engine.meters() {
        let audit = engine.audit(&view.meter.id).await?;
        output::answer(json, &audit, |audit| {
            format!(
                "{}: accumulated {} = settled {} + pending {} + carried {} µWh{}",
                audit.meter_id,
                audit.accumulated_uwh,
                audit.settled_uwh,
                audit.pending_uwh,
                audit.carried_uwh,
                if audit.adds_up { "" } else { ": DOES NOT ADD UP" }
            )
        });
        if !audit.adds_up {
            return Err(Error::new(Code::Internal, format!("{} does not add up", audit.meter_id)).into());
        }
    }
    Ok(())
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
