//! `enerlink send`, `ramp`, `transfers` and `allowances`: each act waits for the end of its transaction.

use std::{path::PathBuf, time::Duration};

use enerlink_domain::{
    Address, Code, Error, Event, Status, Transaction, TxDetail, TxStage,
    token::{Allowance, Conversion, Movement, Ramp, SendDraft, SendPreview, Spender},
};
use enerlink_engine::{Access, Engine, Events};

use crate::{
    arguments::{
        AllowancesArguments, AllowancesCommand, ExchangesArguments, ProfileArguments, RampCommand,
        SendArguments, TransfersArguments,
    },
    failure::{Failure, Outcome},
    moment, output, pages, records, session,
};

/// A chain that has not confirmed after this long is left to `enerlink run`.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn send(arguments: SendArguments, json: bool) -> Outcome {
    let engine = session::open_unlocked(&arguments.unlock).await?;
    let answer = async {
        session::wait_for_chain(&engine).await?;
        let draft = SendDraft {
            from: account_or_primary(&engine, arguments.from)?,
            to: arguments.to,
            asset: arguments.asset.into(),
            amount: arguments.amount,
            confirmed: arguments.yes,
        };
        if arguments.preview {
            let preview = engine.preview_send(&draft).await?;
            output::answer(json, &preview, shown);
            return Ok(None);
        }
        let mut events = engine.events();
        let queued = engine.send(draft).await?;
        Ok(Some(finished(&engine, &mut events, queued).await?))
    };
    let answer: Result<_, Failure> = answer.await;
    engine.stop().await;
    match answer? {
        Some(row) => ended(&row, json),
        None => Ok(()),
    }
}

pub(crate) async fn ramp(command: RampCommand, json: bool) -> Outcome {
    let (arguments, way) = match command {
        RampCommand::On(arguments) => (arguments, Ramp::On),
        RampCommand::Off(arguments) => (arguments, Ramp::Off),
        RampCommand::List { wanted, limit, file } => return conversions(&wanted, limit, file, json).await,
    };
    let engine = session::open_unlocked(&arguments.unlock).await?;
    let answer = async {
        session::wait_for_chain(&engine).await?;
        let account = account_or_primary(&engine, arguments.account)?;
        let mut events = engine.events();
        let queued = engine.ramp(account, way, &arguments.amount).await?;
        finished(&engine, &mut events, queued).await
    };
    let answer = answer.await;
    engine.stop().await;
    ended(&answer?, json)
}

async fn conversions(wanted: &ExchangesArguments, limit: u16, file: Option<PathBuf>, json: bool) -> Outcome {
    let engine = session::open(&wanted.profile.data_dir, Access::ReadOnly).await?;
    let filter = wanted.filter();
    if let Some(path) = file {
        let saved = engine.save_conversions(&filter, &path).await?;
        output::answer(json, &saved, records::written);
        return Ok(());
    }
    pages::show_all(
        limit,
        async |rows, before| {
            let page = engine.conversions(&filter, rows, before).await?;
            Ok((page.rows, page.next))
        },
        |row| output::answer(json, row, exchanged),
    )
    .await
}

pub(crate) async fn transfers(arguments: TransfersArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.profile.data_dir, Access::ReadOnly).await?;
    let filter = arguments.filter();
    if let Some(path) = arguments.file {
        let saved = engine.save_movements(&filter, &path).await?;
        output::answer(json, &saved, records::written);
        return Ok(());
    }
    pages::show_all(
        arguments.limit,
        async |rows, before| {
            let page = engine.movements(&filter, rows, before).await?;
            Ok((page.rows, page.next))
        },
        |row| output::answer(json, row, moved),
    )
    .await
}

pub(crate) async fn allowances(arguments: AllowancesArguments, json: bool) -> Outcome {
    match (arguments.command, arguments.profile) {
        (Some(AllowancesCommand::List(profile)), _) | (None, Some(profile)) => {
            list_allowances(&profile, json).await
        }
        (None, None) => Err(Failure::input("--data-dir says which profile")),
        (
            Some(AllowancesCommand::Revoke {
                unlock,
                owner,
                token,
                spender,
            }),
            _,
        ) => {
            let engine = session::open_unlocked(&unlock).await?;
            let answer = async {
                session::wait_for_chain(&engine).await?;
                let owner = account_or_primary(&engine, owner)?;
                let mut events = engine.events();
                let queued = engine.revoke_allowance(owner, token.into(), spender).await?;
                finished(&engine, &mut events, queued).await
            };
            let answer = answer.await;
            engine.stop().await;
            ended(&answer?, json)
        }
    }
}

async fn list_allowances(profile: &ProfileArguments, json: bool) -> Outcome {
    let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
    for row in engine.allowances().await? {
        output::answer(json, &row, allowed);
    }
    Ok(())
}

fn account_or_primary(engine: &Engine, chosen: Option<Address>) -> Result<Address, Failure> {
    let account = chosen.or_else(|| engine.primary());
    account.ok_or_else(|| Error::new(Code::NoVault, "there is no wallet yet").into())
}

/// Waits for the end of a transaction, or until it is clear that somebody has to do something first.
async fn finished(engine: &Engine, events: &mut Events, row: Transaction) -> Result<Transaction, Failure> {
    let mut latest = row;
    let end = async {
        while latest.stage.status() == Status::Pending {
            let code = match latest.stage {
                TxStage::NoGas => Some(Code::NoGas),
                TxStage::AwaitingUnlock => Some(Code::Locked),
                _ => None,
            };
            if let Some(code) = code {
                return Err(Error::new(code, latest.reason.clone().unwrap_or_default()));
            }
            match events.next().await {
                Some(Event::Transaction(changed)) if changed.id == latest.id => latest = changed,
                Some(Event::Lagged { .. }) => latest = engine.transaction(latest.id).await?,
                Some(_) => {}
                None => break,
            }
        }
        Ok::<_, Error>(())
    };
    match tokio::time::timeout(PATIENCE, end).await {
        Ok(outcome) => outcome?,
        Err(_) => {
            let text = "the chain has not confirmed yet; `enerlink run` follows it to its end";
            return Err(Error::new(Code::NodeUnreachable, text).into());
        }
    }
    Ok(latest)
}

fn ended(row: &Transaction, json: bool) -> Outcome {
    output::answer(json, row, sentence);
    match row.stage.status() {
        Status::Failed => Err(Error::new(Code::Reverted, row.reason.clone().unwrap_or_default()).into()),
        Status::Pending | Status::Success => Ok(()),
    }
}

fn sentence(row: &Transaction) -> String {
    let what = row.detail.as_ref().map(TxDetail::words).unwrap_or_default();
    let hash = row.hash.map(|hash| format!(" {hash}")).unwrap_or_default();
    format!("{} {what}: {}{hash}", row.id, row.stage.as_str())
}

fn shown(preview: &SendPreview) -> String {
    let mut lines = vec![
        format!(
            "{} from {} to {}",
            preview.amount, preview.from, preview.payee.address
        ),
        format!("  {} before, {} after", preview.before, preview.after),
        format!("  at most {} of the chain's coin for gas", preview.fee),
    ];
    lines.extend(
        preview
            .payee
            .warning()
            .map(|warning| format!("  CAREFUL: {warning}")),
    );
    lines.join("\n")
}

fn exchanged(row: &Conversion) -> String {
    let way = match row.way {
        Ramp::On => "IDR to IDRS",
        Ramp::Off => "IDRS to IDR",
    };
    let tx = row.tx.map(|hash| format!(" {hash}")).unwrap_or_default();
    let reason = row.reason.as_ref().map(|reason| format!(": {reason}"));
    format!(
        "{} {} {way} {} {}{tx}{} (simulated)",
        row.id,
        moment::shown(row.created_at),
        row.amount,
        row.status.as_str(),
        reason.unwrap_or_default()
    )
}

/// A movement in one line.
pub(crate) fn moved(row: &Movement) -> String {
    let other = row.other.map(|other| format!(" {other}")).unwrap_or_default();
    format!(
        "{} {} {}{other} block {} {}",
        moment::shown(row.at),
        row.kind.as_str(),
        row.amount,
        row.block,
        row.tx
    )
}

fn allowed(row: &Allowance) -> String {
    let amount = match row.amount {
        Some(amount) => amount.to_string(),
        None => format!("UNLIMITED {}", row.token.symbol()),
    };
    let known = match row.known_as {
        Spender::Market => " (the market)",
        Spender::Converter => " (the energy converter)",
        Spender::Stranger => "",
    };
    let ending = if row.ending { ", is being ended" } else { "" };
    format!(
        "{} may take {amount} of {}{known}{ending}",
        row.spender, row.owner
    )
}
