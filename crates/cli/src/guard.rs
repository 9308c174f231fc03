//! `enerlink guard`.

use std::time::Duration;

use enerlink_domain::{
    Address, Code, Error, Event,
    guard::{GuardOrder, GuardState, GuardView},
};
use enerlink_engine::{Access, Engine};

use crate::{
    arguments::{GuardArguments, GuardCommand},
    failure::Outcome,
    moment, output, session,
};

/// A meter that has not answered after this long is left to `enerlink run`.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a person has to know before the guard may act.
const EXPLANATION: &str = "\
The guard keeps this household from importing more than its ETK can pay.
It adds up what this period will burn over all meters of the account, with 5 % on top. When the balance does not cover
that while energy is imported, it warns for a minute. Then it switches the grid off at the meters that import, once.
While the sun gives more than the home uses, the grid takes it, so that the home earns its way back. The former mode
comes back when the balance covers what is owed and one period of imports, with 10 % on top, or when you say so:
`enerlink guard restore`. `enerlink guard not-now` stops it for an hour; `AUTO_GRID_SHUTDOWN_ENABLED=false` for good.
A balance that is not known is not zero: then it warns, and switches nothing.";

pub(crate) async fn guard(command: GuardCommand, json: bool) -> Outcome {
    let (arguments, order) = match command {
        GuardCommand::Show(arguments) => return show(&arguments, json).await,
        GuardCommand::Explain(arguments) => (arguments, GuardOrder::Explained),
        GuardCommand::NotNow(arguments) => (arguments, GuardOrder::NotNow),
        GuardCommand::Restore(arguments) => (arguments, GuardOrder::Restore),
        GuardCommand::Resume(arguments) => (arguments, GuardOrder::Resume),
    };
    let engine = session::open(&arguments.profile.data_dir, Access::Exclusive).await?;
    let owner = account(&engine, &arguments)?;
    let mut events = engine.events();
    let mut view = engine.order_guard(owner, order).await?;
    if order == GuardOrder::Explained && !json {
        output::text_line(EXPLANATION);
    }
    if matches!(order, GuardOrder::NotNow | GuardOrder::Restore) {
        // The command has to leave, and the meter to say that it did it.
        let restored = async {
            while is_cut(&view.state) {
                match events.next().await {
                    Some(Event::Guard(changed)) if changed.owner == owner => view = changed,
                    Some(_) => {}
                    None => break,
                }
            }
        };
        let _ = tokio::time::timeout(PATIENCE, restored).await;
    }
    engine.stop().await;
    output::answer(json, &view, sentence);
    if order != GuardOrder::Explained && order != GuardOrder::Resume && is_cut(&view.state) {
        let text = "the meter has not said yet that the grid is back; `enerlink run` goes on trying";
        return Err(Error::new(Code::MeterSilent, text).into());
    }
    Ok(())
}

async fn show(arguments: &GuardArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.profile.data_dir, Access::ReadOnly).await?;
    let chosen = |view: &GuardView| arguments.account.is_none_or(|account| account == view.owner);
    for view in engine.guards().await?.into_iter().filter(chosen) {
        output::answer(json, &view, sentence);
    }
    Ok(())
}

/// The account that is meant: the one that was named, or that of the first meter.
fn account(engine: &Engine, arguments: &GuardArguments) -> Result<Address, Error> {
    let first = || engine.meters().first().map(|view| view.meter.owner);
    arguments
        .account
        .or_else(first)
        .ok_or_else(|| Error::new(Code::MeterUnknown, "the profile has no meter"))
}

fn is_cut(state: &GuardState) -> bool {
    match state {
        GuardState::Cutting { .. } | GuardState::Cut { .. } | GuardState::Exporting { .. } => true,
        GuardState::Off
        | GuardState::Unarmed
        | GuardState::Watching
        | GuardState::Unknown
        | GuardState::Countdown { .. }
        | GuardState::Powerless { .. }
        | GuardState::Paused { .. } => false,
    }
}

/// How it stands, and what it did last.
fn sentence(view: &GuardView) -> String {
    let mut text = standing(view);
    for act in &view.record {
        text += &format!("\n  {} {}", moment::shown(act.at), act.what.as_str());
    }
    text
}

/// How it stands, in one line.
pub(crate) fn standing(view: &GuardView) -> String {
    let state = match &view.state {
        GuardState::Off => "switched off in the settings".to_owned(),
        GuardState::Unarmed if !view.explained => "not armed: read `enerlink guard explain` first".to_owned(),
        GuardState::Unarmed => "not armed: nothing was settled or received yet".to_owned(),
        GuardState::Watching => "watching".to_owned(),
        GuardState::Unknown => "the balance is not known; nothing will be switched".to_owned(),
        GuardState::Countdown { ends_at } => {
            format!("the grid will be switched off at {}", moment::shown(*ends_at))
        }
        GuardState::Cutting { since } => {
            format!(
                "told the meters at {} to switch the grid off",
                moment::shown(*since)
            )
        }
        GuardState::Powerless { since } => format!(
            "the balance has not lasted since {}, and no meter that imports can be switched",
            moment::shown(*since)
        ),
        GuardState::Cut { since } => format!("the grid is off since {}", moment::shown(*since)),
        GuardState::Exporting { since } => format!("the home exports since {}", moment::shown(*since)),
        GuardState::Paused { until } => format!("paused until {}", moment::shown(*until)),
    };
    let mut text = format!("{}: {state}", view.owner);
    for (what, amount) in [
        ("available", view.available),
        ("this period burns", view.burn),
        ("restores at", view.restore_at),
    ] {
        if let Some(amount) = amount {
            text += &format!("; {what} {amount} ETK");
        }
    }
    text
}
