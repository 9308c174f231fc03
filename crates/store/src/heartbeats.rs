//! Heartbeats: how a meter says it is.

use enerlink_domain::{
    Heartbeat, MeterId, UnixMillis,
    reading::{DeviceTime, HeartbeatStatus},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use crate::{
    Read, StoreError, Tx,
    readings::time_in,
    record::{self, Fields, opt_signed},
};

pub(crate) const TABLE: &str = "device_heartbeats";

/// Writes a heartbeat.
pub async fn insert(
    tx: &Tx,
    meter: &MeterId,
    received_at: UnixMillis,
    heartbeat: &Heartbeat,
) -> Result<(), StoreError> {
    let row = Fields::default()
        .text("meter_id", meter.as_str())
        .int("received_at", received_at.0)
        .opt_text(
            "payload_meter_id",
            heartbeat.meter_id.as_ref().map(MeterId::as_str),
        )
        .opt_int("device_time", heartbeat.device_time.map(time_in))
        .text("status", heartbeat.status.as_str())
        .opt_int("qos", heartbeat.qos)
        .opt_int("uptime_ms", opt_signed(heartbeat.uptime_ms, "the uptime")?)
        .opt_int("free_heap", opt_signed(heartbeat.free_heap, "the free memory")?);
    record::insert(tx, TABLE, row, || meter.to_string()).await
}

/// The newest heartbeat of a meter.
pub async fn last(r: &impl Read, meter: &MeterId) -> Result<Option<(UnixMillis, Heartbeat)>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .order_by("received_at", Order::Desc)
        .order_by("id", Order::Desc)
        .limit(1)
        .take();
    let Some(row) = record::fetch_one(r, TABLE, "id", &query).await? else {
        return Ok(None);
    };
    let heartbeat = Heartbeat {
        meter_id: row.opt_parse("payload_meter_id", |text| text.parse().ok())?,
        device_time: row.opt_number("device_time")?.map(DeviceTime::from_timestamp),
        qos: row.opt_number("qos")?,
        status: row.parse("status", HeartbeatStatus::parse)?,
        uptime_ms: row.opt_number("uptime_ms")?,
        free_heap: row.opt_number("free_heap")?,
    };
    Ok(Some((UnixMillis(row.int("received_at")?), heartbeat)))
}
