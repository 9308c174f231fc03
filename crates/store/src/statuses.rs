//! Status snapshots: switches, outputs and connections of a meter.

use enerlink_domain::{
    MeterId, StatusSnapshot, UnixMillis,
    reading::{DeviceTime, GridMode},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    Read, StoreError, Tx,
    readings::time_in,
    record::{self, Fields, Record, opt_signed},
};

pub(crate) const TABLE: &str = "device_status_snapshots";

/// Writes a status.
pub async fn insert(
    tx: &Tx,
    meter: &MeterId,
    received_at: UnixMillis,
    status: &StatusSnapshot,
) -> Result<(), StoreError> {
    let row = Fields::default()
        .text("meter_id", meter.as_str())
        .int("received_at", received_at.0)
        .opt_text("payload_meter_id", status.meter_id.as_ref().map(MeterId::as_str))
        .opt_int("device_time", status.device_time.map(time_in))
        .opt_text("grid_mode", status.grid_mode.map(GridMode::as_str))
        .opt_flag("exporting", status.exporting)
        .opt_flag("importing", status.importing)
        .opt_int("led_duty", status.led_duty)
        .opt_int("pwm_max", status.pwm_max)
        .opt_flag("mqtt_connected", status.mqtt_connected)
        .opt_int("mqtt_attempts", status.mqtt_attempts)
        .opt_flag("wifi_connected", status.wifi_connected)
        .opt_text("wifi_ip", status.wifi_ip.as_deref())
        .opt_int("wifi_rssi", status.wifi_rssi)
        .json("motors", &status.motors)?
        .opt_int("free_heap", opt_signed(status.free_heap, "the free memory")?)
        .opt_int("uptime_ms", opt_signed(status.uptime_ms, "the uptime")?)
        .opt_text("system_status", status.system_status.as_deref())
        .json("relays", &status.relays)?
        .json("sensors", &status.sensors)?
        .opt_text("device_role", status.device_role.as_deref());
    record::insert(tx, TABLE, row, || meter.to_string()).await
}

/// The newest status of a meter.
pub async fn last(
    r: &impl Read,
    meter: &MeterId,
) -> Result<Option<(UnixMillis, StatusSnapshot)>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .order_by("received_at", Order::Desc)
        .order_by("id", Order::Desc)
        .limit(1)
        .take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| Ok((UnixMillis(row.int("received_at")?), decode(&row)?)))
        .transpose()
}

fn decode(row: &Record) -> Result<StatusSnapshot, StoreError> {
    Ok(StatusSnapshot {
        meter_id: row.opt_parse("payload_meter_id", |text| text.parse().ok())?,
        device_time: row.opt_number("device_time")?.map(DeviceTime::from_timestamp),
        grid_mode: row.opt_parse("grid_mode", GridMode::parse)?,
        exporting: row.opt_flag("exporting")?,
        importing: row.opt_flag("importing")?,
        led_duty: row.opt_number("led_duty")?,
        pwm_max: row.opt_number("pwm_max")?,
        mqtt_connected: row.opt_flag("mqtt_connected")?,
        mqtt_attempts: row.opt_number("mqtt_attempts")?,
        wifi_connected: row.opt_flag("wifi_connected")?,
        wifi_ip: row.opt_text("wifi_ip")?,
        wifi_rssi: row.opt_number("wifi_rssi")?,
        motors: row.json("motors")?,
        relays: row.json("relays")?,
        free_heap: row.opt_number("free_heap")?,
        uptime_ms: row.opt_number("uptime_ms")?,
        system_status: row.opt_text("system_status")?,
        sensors: row.json("sensors")?,
        device_role: row.opt_text("device_role")?,
    })
}
