//! `enerlink meter`.

mod command;
mod settlement_key;
mod shown;

use std::time::Duration;

use enerlink_domain::{
    Meter, MeterId,
    command::OutputSetting,
    view::{BrokerDraft, MeterDraft, MeterEdit},
};
use enerlink_engine::{Access, Engine};

pub(crate) use self::command::fared;
use crate::{
    arguments::{AddArguments, BrokerArguments, BrokerFiles, EditArguments, MeterCommand, ProfileArguments},
    failure::{Failure, Outcome},
    output,
    secret::Secret,
    session,
};

pub(crate) async fn meter(command: MeterCommand, json: bool) -> Outcome {
    match command {
        MeterCommand::Find {
            profile,
            broker,
            seconds,
        } => probe(&profile, &broker, None, seconds, json).await,
        MeterCommand::Test {
            profile,
            broker,
            base_topic,
            seconds,
        } => probe(&profile, &broker, Some(base_topic), seconds, json).await,
        MeterCommand::Add(arguments) => add(arguments, json).await,
        MeterCommand::Edit(arguments) => edit(arguments, json).await,
        MeterCommand::Move { unlock, id, owner } => {
            let engine = session::open_unlocked(&unlock).await?;
            // What is on its way is known from the chain, and from what is stored where there is none.
            let _ = session::wait_for_chain(&engine).await;
            let view = engine.move_meter(id, owner).await?;
            engine.stop().await;
            output::answer(json, &view, shown::meter);
            Ok(())
        }
        MeterCommand::Retire(of) => retire(&of.profile, of.id, true, json).await,
        MeterCommand::Unretire(of) => retire(&of.profile, of.id, false, json).await,
        MeterCommand::Status(profile) => {
            let engine = session::open(&profile.data_dir, Access::ReadOnly).await?;
            let (meters, told) = session::told_meters(&engine);
            let age_ms = told.map(|(_, age)| age);
            for view in meters {
                output::answer(json, &shown::Told { view, age_ms }, shown::told);
            }
            Ok(())
        }
        MeterCommand::Command(arguments) => command::command(arguments, json).await,
        MeterCommand::Commands { meter, limit } => {
            let engine = session::open(&meter.profile.data_dir, Access::ReadOnly).await?;
            for view in engine.list_commands(&meter.id, limit, None).await?.rows {
                output::answer(json, &view, fared);
            }
            Ok(())
        }
        MeterCommand::SettlementKey(command) => settlement_key::settlement_key(command, json).await,
        MeterCommand::Request { unlock, id, out, qr } => {
            let engine = session::open_unlocked(&unlock).await?;
            let done = request(&engine, &id, out.as_deref(), qr, json).await;
            engine.stop().await;
            done
        }
    }
}

/// What is heard at a broker, of one base topic or of all.
async fn probe(
    profile: &ProfileArguments,
    broker: &BrokerArguments,
    base_topic: Option<String>,
    seconds: u16,
    json: bool,
) -> Outcome {
    let draft = broker_draft(broker.broker.clone(), &broker.files)?;
    let engine = session::open_or_create(&profile.data_dir).await?;
    let patience = Duration::from_secs(seconds.into());
    let one = base_topic.clone();
    let probe = engine.probe(draft, base_topic, patience).await?;
    engine.stop().await;
    let words = if one.is_some() {
        shown::tested
    } else {
        shown::probe
    };
    if let Some(base_topic) = one.filter(|_| probe.found.is_empty()) {
        let text = format!("nothing was heard on {base_topic} within {seconds} s");
        return Err(enerlink_domain::Error::new(enerlink_domain::Code::MeterSilent, text).into());
    }
    output::answer(json, &probe, words);
    Ok(())
}

async fn add(arguments: AddArguments, json: bool) -> Outcome {
    let draft = MeterDraft {
        id: arguments.id,
        name: arguments.name,
        owner: arguments.owner,
        broker: broker_draft(arguments.broker.broker, &arguments.broker.files)?,
        base_topic: arguments.base_topic,
        units: arguments.units,
        profile: arguments.electrical,
        rated_power_w: arguments.rated_power,
        settlement_key: !arguments.no_settlement_key,
        take_opening: arguments.take_opening,
    };
    let engine = session::open(&arguments.profile.data_dir, Access::Exclusive).await?;
    let added = engine.add_meter(draft).await?;
    let view = session::meter_on_chain(&engine, &added.meter.id).await?;
    engine.stop().await;
    output::answer(json, &view, shown::meter);
    Ok(())
}

async fn edit(arguments: EditArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.meter.profile.data_dir, Access::Exclusive).await?;
    let id = arguments.meter.id.clone();
    let edit = changes(&engine.meter(&id)?.meter, arguments)?;
    let view = engine.edit_meter(id, edit).await?;
    engine.stop().await;
    output::answer(json, &view, shown::meter);
    Ok(())
}

fn changes(meter: &Meter, arguments: EditArguments) -> Result<MeterEdit, Failure> {
    let forgets = arguments.forget_password || arguments.forget_certificates;
    let moved = arguments.broker.is_some() || arguments.files.any() || forgets;
    let url = arguments.broker.clone().unwrap_or_else(|| meter.broker.url());
    let mut broker = moved.then(|| broker_draft(url, &arguments.files)).transpose()?;
    if let Some(draft) = &mut broker {
        if arguments.forget_password {
            draft.password = Some(String::new());
        }
        if arguments.forget_certificates {
            for file in [
                &mut draft.ca_file,
                &mut draft.client_cert_file,
                &mut draft.client_key_file,
            ] {
                *file = Some(String::new());
            }
        }
    }
    let outputs = outputs(meter, &arguments)?;
    Ok(MeterEdit {
        name: arguments.name,
        broker,
        base_topic: arguments.base_topic,
        units: arguments.units,
        profile: arguments.electrical,
        rated_power_w: arguments.rated_power,
        outputs,
        auto_reset: arguments.auto_reset.map(|switch| switch.is_on()),
        take_opening: arguments.take_opening.map(|switch| switch.is_on()),
    })
}

/// All outputs of `meter` after the changes; none when nothing of them is changed.
fn outputs(meter: &Meter, arguments: &EditArguments) -> Result<Option<Vec<OutputSetting>>, Failure> {
    let mut outputs = meter.outputs.clone();
    let mut change = |key: &str, change: &dyn Fn(&mut OutputSetting)| {
        let place = outputs.iter().position(|output| output.key == key);
        let place = place.unwrap_or_else(|| {
            outputs.push(OutputSetting {
                key: key.to_owned(),
                name: String::new(),
                hidden: false,
                limit_percent: None,
            });
            outputs.len() - 1
        });
        change(&mut outputs[place]);
    };
    for (key, name) in &arguments.output {
        change(key, &|output| output.name.clone_from(name));
    }
    for (key, percent) in &arguments.limit {
        change(key, &|output| {
            output.limit_percent = Some(*percent).filter(|percent| *percent < 100)
        });
    }
    for key in &arguments.hide {
        change(key, &|output| output.hidden = true);
    }
    for key in &arguments.show {
        change(key, &|output| output.hidden = false);
    }
    let known = |key: &str| {
        let plain = ["grid", "pwm", "motor", "motor1", "motor2"].contains(&key);
        plain || key.strip_prefix("relay:").is_some_and(|name| !name.is_empty())
    };
    if let Some(unknown) = outputs.iter().find(|output| !known(&output.key)) {
        let text = format!(
            "{:?} is no output: grid, pwm, motor, motor1, motor2 or relay:NAME",
            unknown.key
        );
        return Err(Failure::input(text));
    }
    Ok((outputs != meter.outputs).then_some(outputs))
}

async fn retire(profile: &ProfileArguments, id: MeterId, retired: bool, json: bool) -> Outcome {
    let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
    let view = engine.retire_meter(id, retired).await?;
    engine.stop().await;
    output::answer(json, &view, shown::meter);
    Ok(())
}

async fn request(
    engine: &Engine,
    id: &MeterId,
    out: Option<&std::path::Path>,
    qr: bool,
    json: bool,
) -> Outcome {
    if let Some(out) = out {
        let file = engine.save_registration(id, out).await?;
        output::answer(json, &file, |file| {
            format!("The registration request is in {}.", file.path)
        });
    }
    if qr || out.is_none() {
        let request = engine.request_registration(id).await?;
        if qr {
            let text = serde_json::to_string(&request).map_err(|error| Failure::input(error.to_string()))?;
            let code = engine.draw_qr(&text)?;
            output::answer(json, &code, shown::qr);
        } else {
            output::line(&request);
        }
    }
    Ok(())
}

fn broker_draft(url: String, files: &BrokerFiles) -> Result<BrokerDraft, Failure> {
    let password = files
        .broker_password_file
        .as_deref()
        .map(Secret::read)
        .transpose()?;
    let name = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    Ok(BrokerDraft {
        url,
        password: password.map(Secret::into_text),
        ca_file: name(&files.ca_file),
        client_cert_file: name(&files.client_cert_file),
        client_key_file: name(&files.client_key_file),
    })
}
