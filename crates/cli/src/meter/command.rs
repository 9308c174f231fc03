//! `enerlink meter command`: tells a meter to do something, and waits until something is known of it.

use enerlink_domain::{
    Code, CommandStage, CommandView, Error, Event, MeterCommand,
    command::{Direction, EnergyCounter},
};
use enerlink_engine::{Access, Engine, Events};

use crate::{arguments::CommandArguments, failure::Outcome, output, session};

pub(super) async fn command(arguments: CommandArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.meter.profile.data_dir, Access::Exclusive).await?;
    let mut events = engine.events();
    let sent = engine
        .send_command(arguments.meter.id, arguments.what.command(), arguments.yes)
        .await;
    let view = match sent {
        Ok(view) => finished(&engine, &mut events, view).await,
        Err(error) => Err(error),
    };
    engine.stop().await;
    let view = view?;
    output::answer(json, &view, fared);
    let why = view.error.clone().unwrap_or_default();
    match view.stage {
        CommandStage::Acknowledged | CommandStage::Observed | CommandStage::Late => Ok(()),
        CommandStage::Failed => {
            Err(Error::new(Code::InvalidInput, format!("the command failed: {why}")).into())
        }
        CommandStage::Queued | CommandStage::Sent | CommandStage::TimedOut => {
            Err(Error::new(Code::MeterSilent, format!("the command timed out: {why}")).into())
        }
    }
}

/// The core brings every command to its end within a minute.
async fn finished(engine: &Engine, events: &mut Events, view: CommandView) -> Result<CommandView, Error> {
    let mut latest = view;
    while latest.stage.is_open() {
        match events.next().await {
            Some(Event::Command(changed)) if changed.correlation_id == latest.correlation_id => {
                latest = changed
            }
            Some(Event::Lagged { .. }) => {
                let page = engine.list_commands(&latest.meter_id, 50, None).await?;
                let same = page.rows.into_iter();
                let mut same = same.filter(|row| row.correlation_id == latest.correlation_id);
                latest = same.next().unwrap_or(latest);
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok(latest)
}

/// A command and how it fares, in one line.
pub(crate) fn fared(view: &CommandView) -> String {
    let what = view
        .command
        .as_ref()
        .map_or_else(|| "of a newer version".to_owned(), wish);
    let stage = match view.stage {
        CommandStage::Queued => "waits",
        CommandStage::Sent => "sent",
        CommandStage::Acknowledged => "acknowledged",
        CommandStage::Observed => "observed",
        CommandStage::Failed => "failed",
        CommandStage::TimedOut => "timed out",
        CommandStage::Late => "answered late",
    };
    let error = view
        .error
        .as_ref()
        .map(|error| format!(" ({error})"))
        .unwrap_or_default();
    format!(
        "{} {} {what}: {stage} after {} attempt(s){error}",
        view.correlation_id, view.meter_id, view.attempts
    )
}

fn wish(command: &MeterCommand) -> String {
    match command {
        MeterCommand::Grid { mode } => format!("grid {}", mode.as_str()),
        MeterCommand::ResetSettlement => "reset settlement".to_owned(),
        MeterCommand::ResetEnergy { counter } => {
            let counter = match counter {
                EnergyCounter::All => "all",
                EnergyCounter::Battery => "battery",
                EnergyCounter::Solar => "solar",
                EnergyCounter::Load => "load",
            };
            format!("reset {counter}")
        }
        MeterCommand::Intervals {
            sensor_ms,
            heartbeat_ms,
        } => {
            let part = |name: &str, millis: &Option<u32>| {
                millis
                    .map(|millis| format!(" {name} {millis} ms"))
                    .unwrap_or_default()
            };
            format!(
                "intervals{}{}",
                part("sensors", sensor_ms),
                part("heartbeat", heartbeat_ms)
            )
        }
        MeterCommand::Relay { name, on } => format!("relay {name} {}", if *on { "on" } else { "off" }),
        MeterCommand::Motor {
            motor,
            percent,
            direction,
        } => {
            let back = if *direction == Direction::Reverse {
                " reverse"
            } else {
                ""
            };
            format!("{} {percent} %{back}", motor.as_str())
        }
        MeterCommand::Led { duty } => format!("led {duty}"),
    }
}
