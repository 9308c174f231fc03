//! `enerlink meter`.

use enerlink_domain::{
    reading::Units,
    view::{MeterDraft, MeterView},
    wallet::{SettlementKeyState, SettlementKeyView},
};
use enerlink_engine::Access;

use crate::{
    arguments::{MeterCommand, SettlementKeyCommand},
    failure::{Failure, Outcome},
    output,
    secret::Secret,
    session,
};

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
        SettlementKeyCommand::Show(profile) => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            for view in engine.security().await?.settlement_keys {
                output::answer(json, &view, settler);
            }
            return Ok(());
        }
    };
    let engine = session::open_unlocked(&of.unlock).await?;
    let view = engine.set_settlement_key(of.id, enabled).await?;
    engine.stop().await;
    output::answer(json, &view, settler);
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
