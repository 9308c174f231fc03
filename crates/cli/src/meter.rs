//! `enerlink meter`.

use std::{path::Path, time::Duration};

use enerlink_domain::{
    Error, Registration,
    event::VaultState,
    reading::Units,
    view::{MeterDraft, MeterView},
    wallet::{SettlementKeyState, SettlementKeyView},
};
use enerlink_engine::{Access, Engine};

use crate::{
    arguments::{MeterCommand, SettlementKeyCommand},
    failure::{Failure, Outcome},
    output,
    secret::Secret,
    session,
};

/// A chain that has not confirmed after this long is left to `enerlink run`.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn meter(command: MeterCommand, json: bool) -> Outcome {
    match command {
        MeterCommand::Add {
            profile,
            id,
            name,
            broker,
            broker_password_file,
            base_topic,
            units,
            rated_power,
            owner,
            no_settlement_key,
        } => {
            let secret = broker_password_file.as_deref().map(Secret::read).transpose()?;
            let draft = MeterDraft {
                id,
                name,
                broker_url: broker,
                broker_password: secret.map(Secret::into_text),
                base_topic,
                units: Units::parse(&units).ok_or_else(|| Failure::input("--units is milli or base"))?,
                rated_power_w: rated_power,
                settlement_key: !no_settlement_key,
                owner,
            };
            let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
            let view = engine.add_meter(draft).await?;
            engine.stop().await;
            output::answer(json, &view, sentence);
        }
        MeterCommand::Status(profile) => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            for view in engine.meters() {
                output::answer(json, &view, sentence);
            }
        }
        MeterCommand::SettlementKey(command) => settlement_key(command, json).await?,
        MeterCommand::Request { unlock, id } => {
            let engine = session::open_unlocked(&unlock).await?;
            let request = engine.request_registration(&id).await?;
            engine.stop().await;
            output::line(&request);
        }
    }
    Ok(())
}

async fn settlement_key(command: SettlementKeyCommand, json: bool) -> Outcome {
    let (of, enabled) = match command {
        SettlementKeyCommand::On(of) => (of, true),
        SettlementKeyCommand::Off(of) => (of, false),
        SettlementKeyCommand::Show(profile) => return show_keys(&profile.data_dir, json).await,
    };
    let engine = session::open_unlocked(&of.unlock).await?;
    // Without the chain it is noted, and `enerlink run` does it.
    let reached = session::wait_for_chain(&engine).await.is_ok();
    let mut view = engine.set_settlement_key(of.id, enabled).await?;
    let open = matches!(
        engine.meter(&view.meter_id)?.registration,
        Registration::Open { .. }
    );
    if reached && open && engine.vault() == VaultState::Unlocked {
        view = followed(&engine, view).await?;
    }
    engine.stop().await;
    output::answer(json, &view, settler);
    Ok(())
}

/// Waits until the chain agrees with what was asked for; what takes too long is left to `enerlink run`.
async fn followed(engine: &Engine, mut view: SettlementKeyView) -> Result<SettlementKeyView, Error> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let moving = |view: &SettlementKeyView| match view.state {
        SettlementKeyState::Authorising | SettlementKeyState::Revoking => true,
        SettlementKeyState::Off => view.key.is_some(),
        SettlementKeyState::Active | SettlementKeyState::Elsewhere | SettlementKeyState::Unknown => false,
    };
    while moving(&view) && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut views = engine.security().await?.settlement_keys.into_iter();
        view = views
            .find(|other| other.meter_id == view.meter_id)
            .unwrap_or(view);
    }
    Ok(view)
}

/// Shows the keys as the chain knows them; while another process has the profile, only as they are stored.
async fn show_keys(data_dir: &Path, json: bool) -> Outcome {
    let engine = match session::open(data_dir, Access::Exclusive).await {
        Ok(engine) => {
            // The answer says itself when the chain was not read.
            let _ = session::wait_for_chain(&engine).await;
            engine
        }
        Err(_) => session::open(data_dir, Access::ReadOnly).await?,
    };
    let views = engine.security().await?.settlement_keys;
    engine.stop().await;
    for view in views {
        output::answer(json, &view, settler);
    }
    Ok(())
}

fn settler(view: &SettlementKeyView) -> String {
    let state = match view.state {
        SettlementKeyState::Off => "off: settlement waits while the wallet is locked",
        SettlementKeyState::Authorising => "waits for the chain to know it; `enerlink run` sees to it",
        SettlementKeyState::Active => "settles while the wallet is locked",
        SettlementKeyState::Revoking => "waits for the chain to forget it; `enerlink run` sees to it",
        SettlementKeyState::Elsewhere => "the chain knows the key of another computer",
        SettlementKeyState::Unknown => "the chain was not read yet",
    };
    let key = view
        .key
        .or(view.on_chain)
        .map(|key| format!(" {key}"))
        .unwrap_or_default();
    format!("{} ({}){key}: {state}", view.meter_id, view.meter_name)
}

fn sentence(view: &MeterView) -> String {
    let registers = view.registers.map_or_else(
        || "not heard yet".to_owned(),
        |registers| {
            format!(
                "export {} Wh, import {} Wh",
                registers.export.floor_wh().0,
                registers.import.floor_wh().0
            )
        },
    );
    format!(
        "{} ({}) at {}/{}: {registers}",
        view.meter.id,
        view.meter.name,
        view.meter.broker.url(),
        view.meter.base_topic
    )
}
