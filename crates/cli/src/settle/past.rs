//! Settlements that were made: listed, summed up by month, written to a file, proved by a receipt.

use std::path::Path;

use enerlink_domain::{UnixMillis, audit::ReceiptFormat, view::Totals};
use enerlink_engine::{
    Access, Chain,
    proof::{self, ProvedSettlement},
    read_receipt, verify_receipt_with,
};
use serde_json::json;

use super::{Row, sentence};
use crate::{
    arguments::{By, MonthsArguments, ReceiptArguments, SettlementArguments, VerifyArguments},
    failure::{Failure, Outcome},
    moment::{self, Moment},
    output, pages, records, session,
};

/// More months than anybody has settled for.
const MOST: usize = 401;

pub(crate) async fn list(wanted: &SettlementArguments, limit: u16, json: bool) -> Outcome {
    let engine = session::open(&wanted.profile.data_dir, Access::ReadOnly).await?;
    let filter = wanted.filter();
    pages::show_all(
        limit,
        async |rows, before| {
            let page = engine.settlements(&filter, rows, before).await?;
            Ok((page.rows, page.next))
        },
        |row| output::answer(json, &Row::of(row), |_| sentence(row)),
    )
    .await
}

pub(crate) async fn export(wanted: &SettlementArguments, path: &Path, json: bool) -> Outcome {
    let engine = session::open(&wanted.profile.data_dir, Access::ReadOnly).await?;
    let saved = engine.save_settlements(&wanted.filter(), path).await?;
    output::answer(json, &saved, records::written);
    Ok(())
}

pub(crate) async fn months(arguments: MonthsArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.profile.data_dir, Access::ReadOnly).await?;
    let to = arguments
        .to
        .map_or_else(|| UnixMillis(engine.now().0.saturating_add(1)), Moment::end);
    let from = arguments
        .from
        .map_or_else(|| moment::default_begin(By::Month, to), Moment::begin);
    if to <= from {
        return Err(Failure::input("the range ends before it begins"));
    }
    let edges = moment::edges(from, to, By::Month, MOST)
        .ok_or_else(|| Failure::input("more than 400 months: choose a shorter range"))?;
    let totals = engine.totals_between(arguments.meter.as_ref(), &edges).await?;
    for (
        edge,
        Totals {
            settlements,
            minted,
            burned,
        },
    ) in edges.windows(2).zip(totals)
    {
        let (from, to) = (edge[0], edge[1]);
        let value = json!({
            "from": moment::shown(from), "from_ms": from.0, "to_ms": to.0,
            "settlements": settlements, "minted": minted, "burned": burned,
        });
        output::answer(json, &value, |_| {
            format!(
                "{}  {settlements:>6} settlement(s)  {:>14} ETK minted  {:>14} ETK burned",
                moment::shown(from),
                minted.to_string(),
                burned.to_string()
            )
        });
    }
    Ok(())
}

pub(crate) async fn receipt(arguments: ReceiptArguments, json: bool) -> Outcome {
    let format = match arguments.out.extension().and_then(|extension| extension.to_str()) {
        Some("json") => ReceiptFormat::Json,
        Some("pdf") => ReceiptFormat::Pdf,
        _ => return Err(Failure::input("the receipt's name ends with .json or .pdf")),
    };
    let ReceiptArguments {
        profile,
        id,
        out,
        language,
    } = arguments;
    let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
    let saved = engine.save_receipt(&id, format, &language, &out).await?;
    output::answer(json, &saved, |saved| format!("The receipt is in {}.", saved.path));
    Ok(())
}

/// Verifies a receipt. It needs no profile.
pub(crate) async fn verify(arguments: VerifyArguments, json: bool) -> Outcome {
    let receipt = read_receipt(&arguments.files)?;
    let (proved, confirmations) = match (arguments.trust.block_hash, &arguments.trust.rpc) {
        (Some(trusted), _) => (
            proof::verify(&receipt, Some(trusted)).map_err(enerlink_domain::Error::from)?,
            None,
        ),
        (None, Some(rpc)) => {
            let chain = Chain::new(rpc).map_err(enerlink_domain::Error::from)?;
            let (proved, confirmations) = verify_receipt_with(&chain, &receipt).await?;
            (proved, Some(confirmations))
        }
        (None, None) => return Err(Failure::input("--block-hash or --rpc says what is trusted")),
    };
    let unproved = unproved(&proved, confirmations.is_some());
    let value = json!({
        "ok": true, "proved": proved, "confirmations": confirmations, "not_proved": unproved,
    });
    output::answer(json, &value, |_| told(&proved, confirmations, &unproved));
    Ok(())
}

/// What has to be believed all the same.
fn unproved(proved: &ProvedSettlement, asked: bool) -> Vec<String> {
    let mut list = vec![
        format!("that {} is the EnergyConverter you mean", proved.converter),
        "what the meter has measured".to_owned(),
    ];
    if !asked {
        list.push(format!("that block {} is still part of the chain", proved.block));
        list.push(format!("that the chain begins with {}", proved.genesis));
    }
    if proved.chain_id.is_none() {
        list.push("the chain id: the transaction names none".to_owned());
    }
    match proved.before {
        Some(_) => list.push("how the energy before it was divided between export and import".to_owned()),
        None => list.push("the registers before it: the receipt does not name them".to_owned()),
    }
    list
}

fn told(proved: &ProvedSettlement, confirmations: Option<u64>, unproved: &[String]) -> String {
    let deep = confirmations
        .map(|blocks| format!(", {blocks} block(s) deep"))
        .unwrap_or_default();
    let mut lines = vec![
        format!(
            "Proved against block {} {}{deep}:",
            proved.block, proved.block_hash
        ),
        format!(
            "  settlement {} of meter {}",
            proved.settlement_id, proved.meter_id
        ),
        format!(
            "  {} Wh, {} ETK for {}",
            proved.energy_wh.0, proved.etk, proved.prosumer
        ),
        format!(
            "  registers after it: export {} Wh, import {} Wh",
            proved.after.export.0, proved.after.import.0
        ),
        format!("  transaction {}", proved.tx),
        "Not proved:".to_owned(),
    ];
    lines.extend(unproved.iter().map(|text| format!("  {text}")));
    lines.join("\n")
}
