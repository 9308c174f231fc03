//! `enerlink settle audit`: the sums, and the verification of all that they are made from.

use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use enerlink_domain::{
    Code, Error,
    audit::{AuditSums, Verification},
};
use enerlink_engine::{Access, Engine, VerifyProgress};

use crate::{
    arguments::AuditArguments,
    failure::{Failure, Outcome},
    output, session,
};

/// A verification that takes longer says how far it has come, this often.
const PROGRESS: Duration = Duration::from_secs(2);

pub(crate) async fn audit(arguments: &AuditArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.profile.data_dir, Access::ReadOnly).await?;
    if arguments.verify {
        return verify(&engine, json).await;
    }
    for view in engine.meters() {
        let sums = engine.audit(&view.meter.id).await?;
        output::answer(json, &sums, added_up);
        if !sums.adds_up {
            return Err(Error::new(Code::Internal, format!("{} does not add up", sums.meter_id)).into());
        }
    }
    Ok(())
}

async fn verify(engine: &Engine, json: bool) -> Outcome {
    let mut told = Instant::now();
    let found = engine
        .verify_audit_telling(|progress| {
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                tell(progress);
            }
        })
        .await?;
    output::answer(json, &found, said);
    if found.ok { Ok(()) } else { Err(Failure::said()) }
}

fn tell(progress: VerifyProgress) {
    let mut error = std::io::stderr();
    if error.is_terminal() {
        let VerifyProgress { facts, settlements } = progress;
        let _ = writeln!(error, "{facts} facts, {settlements} settlements ...");
    }
}

fn added_up(sums: &AuditSums) -> String {
    format!(
        "{}: accumulated {} = settled {} + pending {} + carried {} µWh{}",
        sums.meter_id,
        sums.accumulated.0,
        sums.settled.0,
        sums.pending.0,
        sums.carried.0,
        if sums.adds_up { "" } else { ": DOES NOT ADD UP" }
    )
}

fn said(found: &Verification) -> String {
    let mut lines: Vec<String> = found.sums.iter().map(added_up).collect();
    lines.push(format!(
        "{} facts, the last of them {}; {} settlements compared with the node.",
        found.facts, found.head, found.settlements
    ));
    if found.ok {
        lines.push("Everything agrees.".to_owned());
    }
    lines.extend(found.problems.iter().map(|problem| format!("PROBLEM: {problem}")));
    lines.join("\n")
}
