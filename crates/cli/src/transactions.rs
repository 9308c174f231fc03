//! `enerlink tx`: transactions as they are, the log of those that ended, a higher fee for one that waits, its end.

use enerlink_domain::{Transaction, TxStage, transaction::LoggedTransaction};
use enerlink_engine::{Access, Engine};

use crate::{
    arguments::{ProfileArguments, TxCommand, UnlockArguments},
    failure::{Failure, Outcome},
    moment, output, pages, session,
};

pub(crate) async fn transactions(command: TxCommand, json: bool) -> Outcome {
    match command {
        TxCommand::List { profile, limit } => list(&reading(&profile).await?, limit, json).await,
        TxCommand::Log { profile, limit } => log(&reading(&profile).await?, limit, json).await,
        TxCommand::Show { profile, id } => {
            let row = reading(&profile).await?.transaction(id).await?;
            output::answer(json, &row, details);
            Ok(())
        }
        TxCommand::SpeedUp { unlock, id } => change(unlock, id, true, json).await,
        TxCommand::Cancel { unlock, id } => change(unlock, id, false, json).await,
    }
}

async fn reading(profile: &ProfileArguments) -> Result<Engine, Failure> {
    session::open(&profile.data_dir, Access::ReadOnly).await
}

async fn list(engine: &Engine, limit: u16, json: bool) -> Outcome {
    pages::show_all(
        limit,
        async |rows, before| {
            let page = engine.transactions(rows, before).await?;
            Ok((page.rows, page.next))
        },
        |row| output::answer(json, row, line),
    )
    .await
}

async fn log(engine: &Engine, limit: u16, json: bool) -> Outcome {
    pages::show_all(
        limit,
        async |rows, before| {
            let page = engine.transaction_log(rows, before).await?;
            Ok((page.rows, page.next))
        },
        |row| output::answer(json, row, logged),
    )
    .await
}

fn logged(row: &LoggedTransaction) -> String {
    let hash = row.hash.map(|hash| format!(" {hash}")).unwrap_or_default();
    format!("{} {}{hash}", moment::shown(row.at), row.line)
}

async fn change(unlock: UnlockArguments, id: i64, faster: bool, json: bool) -> Outcome {
    let engine = session::open_unlocked(&unlock).await?;
    let waits = engine.transaction(id).await?;
    // One that nobody has signed is forgotten without asking anybody.
    if waits.hash.is_some() {
        session::wait_for_chain(&engine).await?;
    }
    let changed = match faster {
        true => engine.speed_up(id).await,
        false => engine.cancel_transaction(id).await,
    };
    engine.stop().await;
    output::answer(json, &changed?, line);
    Ok(())
}

fn line(row: &Transaction) -> String {
    let subject = match (&row.detail, &row.settlement_id, &row.meter_id) {
        (Some(detail), ..) => format!(" ({})", detail.words()),
        (None, Some(settlement), _) => format!(" {settlement}"),
        (None, None, Some(meter)) => format!(" {meter}"),
        (None, None, None) => String::new(),
    };
    let nonce = row
        .nonce
        .map(|nonce| format!(" nonce {nonce}"))
        .unwrap_or_default();
    let hash = row.hash.map(|hash| format!(" {hash}")).unwrap_or_default();
    let reason = row.reason.as_ref().map(|reason| format!(": {reason}"));
    format!(
        "{} {} {}{subject} {}{nonce}{hash}{}",
        row.id,
        moment::shown(row.created_at),
        row.kind.as_str(),
        row.stage.as_str(),
        reason.unwrap_or_default()
    )
}

fn details(row: &Transaction) -> String {
    let mut lines = vec![line(row), format!("  from {}", row.from)];
    if let (Some(fee), Some(gas)) = (row.max_fee, row.gas_limit) {
        lines.push(format!(
            "  at most {} wei for each of {gas} gas, {} version(s) signed{}",
            fee.0,
            row.versions,
            if row.cancelling {
                ", the last one cancels"
            } else {
                ""
            }
        ));
    }
    if let Some(block) = row.block {
        lines.push(format!("  block {block}, {} confirmation(s)", row.confirmations));
    }
    if let Some(same) = row.as_simulated {
        lines.push(format!(
            "  {}",
            if same { "as simulated" } else { "NOT as simulated" }
        ));
    }
    let offers = [(row.can_speed_up, "speed-up"), (row.can_cancel, "cancel")];
    let offers: Vec<_> = offers
        .iter()
        .filter(|(can, _)| *can)
        .map(|(_, name)| *name)
        .collect();
    if !offers.is_empty() && row.stage != TxStage::Mined {
        lines.push(format!("  possible: {}", offers.join(", ")));
    }
    lines.join("\n")
}
