//! `enerlink messages`, `notices`, `export` and `preferences`.

use std::path::Path;

use enerlink_domain::{
    Notice, UnixMillis,
    view::{MessageDirection, MessageFilter, MessageView, Preferences, SavedRows},
};
use enerlink_engine::{Access, Engine};

use crate::{
    arguments::{
        ExportCommand, FilterArguments, MessagesArguments, NoticesArguments, PreferencesArguments,
        ProfileArguments,
    },
    failure::{Failure, Outcome},
    moment::{self, Moment},
    output, pages, session,
};

pub(crate) async fn messages(arguments: MessagesArguments, json: bool) -> Outcome {
    let engine = session::open(&arguments.profile.data_dir, Access::ReadOnly).await?;
    let filter = filter(arguments.filter);
    if let Some(path) = arguments.csv {
        return save_messages(&engine, &filter, &path, json).await;
    }
    pages::show_all(
        arguments.limit,
        async |rows, before| {
            let page = engine.messages(&filter, rows, before).await?;
            Ok((page.rows, page.next))
        },
        |message| output::answer(json, message, said),
    )
    .await
}

fn filter(arguments: FilterArguments) -> MessageFilter {
    let accepted = (arguments.accepted || arguments.refused).then_some(arguments.accepted);
    MessageFilter {
        meter_id: arguments.meter,
        direction: arguments.direction,
        accepted,
        correlation_id: arguments.command,
        search: arguments.search,
        from: arguments.from.map(Moment::begin),
        to: arguments.to.map(Moment::end),
    }
}

fn said(message: &MessageView) -> String {
    let way = match message.direction {
        MessageDirection::In => "<",
        MessageDirection::Out => ">",
    };
    let reason = message
        .reason
        .as_ref()
        .map(|reason| format!(" [{reason}]"))
        .unwrap_or_default();
    // What somebody has sent must not steer the terminal.
    let payload: String = message
        .payload
        .chars()
        .map(|letter| if letter.is_control() { '·' } else { letter })
        .collect();
    format!(
        "{} {way} {}{reason} {payload}",
        moment::shown(message.at),
        message.topic.escape_debug()
    )
}

pub(crate) async fn notices(arguments: NoticesArguments, json: bool) -> Outcome {
    let access = if arguments.seen {
        Access::Exclusive
    } else {
        Access::ReadOnly
    };
    let engine = session::open(&arguments.profile.data_dir, access).await?;
    let page = engine.notices(arguments.limit, None).await?;
    if arguments.seen {
        engine.see_notices().await?;
    }
    engine.stop().await;
    for notice in &page.rows {
        output::answer(json, notice, told);
    }
    Ok(())
}

/// A notice, in one line.
pub(crate) fn told(notice: &Notice) -> String {
    let meter = notice.meter_id.as_ref().map_or("-", |id| id.as_str());
    let cleared = match notice.cleared_at {
        Some(at) if notice.kind.is_condition() => format!(", over since {}", moment::shown(at)),
        Some(_) | None => String::new(),
    };
    format!(
        "{} {meter} {}: {}{cleared}",
        moment::shown(notice.raised_at),
        notice.kind.as_str(),
        notice.detail
    )
}

pub(crate) async fn export(command: ExportCommand, json: bool) -> Outcome {
    match command {
        ExportCommand::Readings {
            profile,
            meter,
            from,
            to,
            out,
        } => {
            let engine = reading(&profile).await?;
            let meter = session::meter_or_first(&engine, meter)?;
            let from = from.map_or(UnixMillis(0), Moment::begin);
            let to = to.map_or_else(|| UnixMillis(engine.now().0.saturating_add(1)), Moment::end);
            let saved = engine.save_readings(&meter, from, to, &out).await?;
            output::answer(json, &saved, written);
            Ok(())
        }
        ExportCommand::Messages {
            profile,
            filter: wanted,
            out,
        } => {
            let engine = reading(&profile).await?;
            save_messages(&engine, &filter(wanted), &out, json).await
        }
    }
}

async fn save_messages(engine: &Engine, filter: &MessageFilter, path: &Path, json: bool) -> Outcome {
    let saved = engine.save_messages(filter, path).await?;
    output::answer(json, &saved, written);
    Ok(())
}

async fn reading(profile: &ProfileArguments) -> Result<Engine, Failure> {
    session::open(&profile.data_dir, Access::ReadOnly).await
}

pub(crate) fn written(saved: &SavedRows) -> String {
    format!("{} rows are in {}.", saved.rows, saved.path)
}

pub(crate) async fn preferences(arguments: PreferencesArguments, json: bool) -> Outcome {
    let PreferencesArguments {
        profile,
        raw_days,
        log_messages,
        tariff,
        mute,
        unmute,
    } = arguments;
    let changes = raw_days.is_some()
        || log_messages.is_some()
        || tariff.is_some()
        || !mute.is_empty()
        || !unmute.is_empty();
    if !changes {
        let engine = reading(&profile).await?;
        output::answer(json, &engine.preferences(), chosen);
        return Ok(());
    }
    let engine = session::open(&profile.data_dir, Access::Exclusive).await?;
    let old = engine.preferences();
    let mut muted = old.muted;
    muted.extend(mute);
    muted.retain(|kind| !unmute.contains(kind));
    let new = Preferences {
        raw_days: raw_days.unwrap_or(old.raw_days),
        log_messages: log_messages.unwrap_or(old.log_messages),
        tariff_sen_per_kwh: tariff.unwrap_or(old.tariff_sen_per_kwh),
        muted,
        ..old
    };
    let kept = engine.set_preferences(new).await?;
    engine.stop().await;
    output::answer(json, &kept, chosen);
    Ok(())
}

fn chosen(preferences: &Preferences) -> String {
    let or_ever = |number: u32, unit: &str| match number {
        0 => "for ever".to_owned(),
        number => format!("{number} {unit}"),
    };
    let muted: Vec<&str> = preferences.muted.iter().map(|kind| kind.as_str()).collect();
    format!(
        "raw readings: {}, message log: {}, tariff: Rp {}.{:02} a kWh, muted: {}",
        or_ever(preferences.raw_days, "days"),
        or_ever(preferences.log_messages, "messages"),
        preferences.tariff_sen_per_kwh / 100,
        preferences.tariff_sen_per_kwh % 100,
        if muted.is_empty() {
            "nothing".to_owned()
        } else {
            muted.join(", ")
        }
    )
}
