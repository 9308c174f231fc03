//! `enerlink settle settings`: what counts when a meter settles, who says so, and what is chosen.

use enerlink_domain::{
    Address, Etk, MeterId, NetWattHours, WattHours,
    choice::{MeterSettling, SettlingChoice, SettlingView, Source, Sourced},
};
use enerlink_engine::{Access, Engine};

use crate::{
    arguments::{ProfileArguments, SetArguments, SettingsCommand, Wish},
    failure::{Failure, Outcome},
    output, session,
};

pub(crate) async fn settings(command: SettingsCommand, json: bool) -> Outcome {
    match command {
        SettingsCommand::Show {
            profile,
            account,
            meter,
        } => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            let mut view = read(&engine).await;
            narrow(&mut view, account, meter.as_ref());
            output::answer(json, &view, shown);
            Ok(())
        }
        SettingsCommand::Set(arguments) => {
            let engine = session::open(&arguments.profile.data_dir, Access::Exclusive).await?;
            let view = set(&engine, arguments).await;
            engine.stop().await;
            output::answer(json, &view?, shown);
            Ok(())
        }
    }
}

/// Pauses automatic settlement, or lets it go on.
pub(crate) async fn pause(profile: &ProfileArguments, paused: bool, json: bool) -> Outcome {
    let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
    let view = engine.pause_settling(paused).await;
    engine.stop().await;
    output::answer(json, &view?, shown);
    Ok(())
}

/// What counts, with what the contract says if a node answers in time.
async fn read(engine: &Engine) -> SettlingView {
    let asked = session::in_time(engine.ask_settling_view()).await;
    asked.unwrap_or_else(|| engine.settling_view())
}

async fn set(engine: &Engine, arguments: SetArguments) -> Result<SettlingView, Failure> {
    let view = engine.settling_view();
    let meter = |id: &MeterId| {
        let found = view.meters.iter().find(|known| known.meter_id == *id);
        found.ok_or_else(|| Failure::input(format!("there is no meter {id}")))
    };
    let (owner, before) = match (&arguments.meter, arguments.account) {
        (Some(id), _) => meter(id).map(|found| (found.owner, found.choice))?,
        (None, Some(account)) => {
            let found = view.accounts.iter().find(|(owner, _)| *owner == account);
            (account, found.map(|(_, choice)| *choice).unwrap_or_default())
        }
        (None, None) => return Err(Failure::input("--account or --meter is needed")),
    };
    fn next<T>(wish: Option<Wish<T>>, before: Option<T>) -> Option<T> {
        wish.map_or(before, Wish::chosen)
    }
    let choice = SettlingChoice {
        automatic: next(arguments.automatic, before.automatic),
        period_minutes: next(arguments.period, before.period_minutes),
        minimum: next(arguments.minimum, before.minimum),
        early: next(arguments.early, before.early),
        guard: next(arguments.guard, before.guard),
    };
    engine
        .set_settling(owner, arguments.meter.clone(), choice)
        .await?;
    let mut view = read(engine).await;
    narrow(&mut view, Some(owner), arguments.meter.as_ref());
    Ok(view)
}

/// Keeps what was asked for.
fn narrow(view: &mut SettlingView, account: Option<Address>, meter: Option<&MeterId>) {
    view.meters.retain(|found| {
        meter.is_none_or(|id| found.meter_id == *id) && account.is_none_or(|owner| found.owner == owner)
    });
    view.accounts
        .retain(|(owner, _)| view.meters.iter().any(|found| found.owner == *owner));
}

fn shown(view: &SettlingView) -> String {
    let mut lines: Vec<String> = view.meters.iter().map(line).collect();
    if view.paused {
        lines.push("automatic settlement is paused; `enerlink settle resume` lets it go on".to_owned());
    }
    lines.push(match view.ratio {
        Some(ratio) => format!("1000 Wh are {} ETK on chain", tokens(ratio)),
        None => "the chain was not read; its minimum counts when it is larger".to_owned(),
    });
    if let Some(named) = view.estimate_ratio {
        let (ratio, source) = (tokens(named.value), word(named.source));
        lines.push(format!("estimates take {ratio} ETK instead ({source})"));
    }
    lines.join("\n")
}

fn tokens(ratio: u64) -> Etk {
    Etk::from_energy(NetWattHours(1000), ratio, 0).0
}

fn line(meter: &MeterSettling) -> String {
    let effect = &meter.effect;
    let on = |value: bool| if value { "on" } else { "off" }.to_owned();
    let early = |value: WattHours| match value {
        WattHours::ZERO => "never".to_owned(),
        value => format!("at {} Wh", value.0),
    };
    format!(
        "{}: automatic {}, period {}, minimum {}, early {}, guard {}",
        meter.meter_id,
        said(effect.automatic, on),
        said(effect.period_minutes, |minutes| format!("{minutes} min")),
        said(effect.minimum, |minimum| format!("{} Wh", minimum.0)),
        said(effect.early, early),
        said(effect.guard, on),
    )
}

fn said<T>(value: Sourced<T>, text: impl FnOnce(T) -> String) -> String {
    format!("{} ({})", text(value.value), word(value.source))
}

fn word(source: Source) -> &'static str {
    match source {
        Source::Environment => "environment",
        Source::EnvFile => ".env",
        Source::Pause => "paused",
        Source::Meter => "meter",
        Source::Account => "account",
        Source::Contract => "contract",
        Source::Default => "default",
    }
}

#[cfg(test)]
mod tests {
    use enerlink_domain::choice::SettlingInEffect;

    use super::*;

    #[test]
    fn each_value_is_shown_with_who_says_so() {
        let account = SettlingChoice {
            period_minutes: Some(15),
            early: Some(WattHours(500)),
            ..SettlingChoice::default()
        };
        let view = SettlingView {
            accounts: vec![(Address::ZERO, account)],
            meters: vec![MeterSettling {
                meter_id: "M-1".parse().expect("an id"),
                owner: Address::ZERO,
                choice: SettlingChoice::default(),
                effect: SettlingInEffect::of(&[(Source::Account, account)], Some(WattHours(200))),
            }],
            ratio: Some(100_000),
            contract_minimum: Some(WattHours(200)),
            estimate_ratio: Some(Sourced {
                value: 100,
                source: Source::EnvFile,
            }),
            paused: false,
        };
        assert_eq!(
            shown(&view),
            "M-1: automatic on (default), period 15 min (account), minimum 200 Wh (contract), early at 500 Wh (account), \
             guard on (default)\n1000 Wh are 1000.00 ETK on chain\nestimates take 1.00 ETK instead (.env)"
        );
        let mut none = view;
        narrow(&mut none, None, Some(&"M-2".parse().expect("an id")));
        assert!(none.meters.is_empty() && none.accounts.is_empty());
    }
}
