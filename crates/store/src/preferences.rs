//! What the household pays and wants to keep, among the settings; who it is, among the prosumers.

use enerlink_domain::{device::NoticeKind, view::Preferences};

use crate::{Read, StoreError, Tx, prosumers, settings};

const RAW_DAYS: &str = "preferences.raw_days";
const LOG_MESSAGES: &str = "preferences.log_messages";
const TARIFF: &str = "preferences.tariff_sen_per_kwh";
const MUTED: &str = "preferences.muted";

/// What was chosen; the default of each that was not, or that cannot be read.
pub async fn load(r: &impl Read) -> Result<Preferences, StoreError> {
    let chosen = settings::all(r).await?;
    let default = Preferences::default();
    let muted = chosen.get(MUTED).map(|text| {
        let words = text.split_whitespace();
        words.filter_map(NoticeKind::parse).collect()
    });
    let household = prosumers::list(r).await?.into_iter().next();
    let (name, contact) = household.map_or((default.name, default.contact), |household| {
        (household.name, household.contact)
    });
    let number = |key: &str| chosen.get(key).and_then(|text| text.parse().ok());
    Ok(Preferences {
        raw_days: number(RAW_DAYS).unwrap_or(default.raw_days),
        log_messages: number(LOG_MESSAGES).unwrap_or(default.log_messages),
        tariff_sen_per_kwh: chosen
            .get(TARIFF)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default.tariff_sen_per_kwh),
        muted: muted.unwrap_or(default.muted),
        name,
        contact,
    })
}

/// Writes all of them but who the household is, which is [`prosumers::describe`].
pub async fn save(tx: &Tx, preferences: &Preferences) -> Result<(), StoreError> {
    let muted: Vec<_> = preferences.muted.iter().map(|kind| kind.as_str()).collect();
    for (key, value) in [
        (RAW_DAYS, preferences.raw_days.to_string()),
        (LOG_MESSAGES, preferences.log_messages.to_string()),
        (TARIFF, preferences.tariff_sen_per_kwh.to_string()),
        (MUTED, muted.join(" ")),
    ] {
        settings::set(tx, key, &value).await?;
    }
    Ok(())
}
