//! `enerlink meter`.

use enerlink_domain::{
    reading::Units,
    view::{MeterDraft, MeterView},
};
use enerlink_engine::Access;

use crate::{
    arguments::MeterCommand,
    failure::{Failure, Outcome},
    output, session,
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
            no_settlement_key,
        } => {
            let secret = broker_password_file.as_deref().map(session::text).transpose()?;
            let draft = MeterDraft {
                id,
                name,
                owner: None,
                broker_url: broker,
                broker_password: secret.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()),
                base_topic,
                units: Units::parse(&units).ok_or_else(|| Failure::input("--units is milli or base"))?,
                rated_power_w: rated_power,
                settlement_key: !no_settlement_key,
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
        MeterCommand::Request { unlock, id } => {
            let engine = session::open_unlocked(&unlock).await?;
            let request = engine.request_registration(&id).await?;
            engine.stop().await;
            output::line(&request);
        }
    }
    Ok(())
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
