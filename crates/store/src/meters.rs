//! Meters of the profile, as they were added.

use enerlink_domain::{
    BrokerAddress, Meter, MeterId, UnixMillis,
    device::{ElectricalProfile, PayloadFamily, UnitsCheck},
    reading::Units,
    register::CounterSource,
};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record},
};

pub(crate) const TABLE: &str = "smart_meters";
const KEY: &str = "meter_id";

/// Adds a meter; [`StoreError::Exists`] when the profile has one of this id.
pub async fn insert(tx: &Tx, meter: &Meter) -> Result<(), StoreError> {
    record::insert(tx, TABLE, encode(meter)?, || meter.id.to_string()).await
}

/// Overwrites a meter; [`StoreError::Missing`] when the profile has none of this id.
pub async fn update(tx: &Tx, meter: &Meter) -> Result<(), StoreError> {
    record::update(tx, TABLE, KEY, meter.id.as_str(), encode(meter)?).await
}

/// The meter of this id.
pub async fn get(r: &impl Read, id: &MeterId) -> Result<Option<Meter>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).eq(id.as_str()))
        .take();
    let row = record::fetch_one(r, TABLE, KEY, &query).await?;
    row.as_ref().map(decode).transpose()
}

/// Every meter, in the order they were added.
pub async fn list(r: &impl Read) -> Result<Vec<Meter>, StoreError> {
    let query = record::select(TABLE)
        .order_by("added_at", Order::Asc)
        .order_by(KEY, Order::Asc)
        .take();
    let rows = record::fetch_all(r, TABLE, KEY, &query).await?;
    rows.iter().map(decode).collect()
}

fn encode(meter: &Meter) -> Result<Fields, StoreError> {
    Ok(Fields::default()
        .text(KEY, meter.id.as_str())
        .text("name", meter.name.as_str())
        .text("owner", meter.owner.to_lower())
        .text("broker_url", meter.broker.url())
        .text("base_topic", meter.base_topic.as_str())
        .text("units", meter.units.as_str())
        .opt_text("counter_source", meter.source.map(CounterSource::as_str))
        .int("rated_power_w", meter.rated_power_w)
        .flag("settlement_key", meter.settlement_key)
        .int("added_at", meter.added_at.0)
        .opt_text("profile", meter.profile.map(ElectricalProfile::as_str))
        .opt_text("family", meter.family.map(PayloadFamily::as_str))
        .json("capabilities", &meter.capabilities)?
        .json("outputs", &meter.outputs)?
        .text("units_check", meter.units_check.as_str())
        .opt_flag("auto_reset", meter.auto_reset)
        .flag("take_opening", meter.take_opening)
        .opt_int("retired_at", meter.retired_at.map(|at| at.0)))
}

fn decode(row: &Record) -> Result<Meter, StoreError> {
    Ok(Meter {
        id: row.parse(KEY, |text| text.parse().ok())?,
        name: row.text("name")?,
        owner: row.parse("owner", |text| text.parse().ok())?,
        broker: row.parse("broker_url", BrokerAddress::parse)?,
        base_topic: row.text("base_topic")?,
        units: row.parse("units", Units::parse)?,
        source: row.opt_parse("counter_source", CounterSource::parse)?,
        rated_power_w: row.number("rated_power_w")?,
        settlement_key: row.flag("settlement_key")?,
        added_at: UnixMillis(row.int("added_at")?),
        profile: row.opt_parse("profile", ElectricalProfile::parse)?,
        family: row.opt_parse("family", PayloadFamily::parse)?,
        capabilities: row.json("capabilities")?,
        outputs: row.json("outputs")?,
        units_check: row.parse("units_check", UnitsCheck::parse)?,
        auto_reset: row.opt_flag("auto_reset")?,
        take_opening: row.flag("take_opening")?,
        retired_at: row.opt_int("retired_at")?.map(UnixMillis),
    })
}
