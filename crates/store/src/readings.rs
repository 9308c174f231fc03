//! Readings: one wide row per sensors message, counted or refused, with every field that it had.

use enerlink_domain::{
    MeterId, MicroAmps, MicroVolts, MicroWatts, MicroWh, Sensors, Subsystem, UnixMillis, Verdict,
    device::PayloadFamily,
    reading::{BatteryState, DeviceTime, Units},
    register::{Pair, Reason, Remark},
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, opt_signed},
};

pub(crate) const TABLE: &str = "energy_readings_detailed";
/// The verdict of what was recorded and not counted.
pub(crate) const REFUSED: &str = "refused";

/// A sensors message and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReading {
    /// Whose it is.
    pub meter_id: MeterId,
    /// When it was received.
    pub received_at: UnixMillis,
    /// What it said. A `Unix` time below 2^32 cannot be told from an uptime and comes back as one.
    pub sensors: Sensors,
    /// What became of it.
    pub verdict: Verdict,
    /// The registers after it (export, import), when it was counted.
    pub registers: Option<(MicroWh, MicroWh)>,
    /// The epoch of the registers after it.
    pub epoch: u32,
    /// The device's boot as far as seen.
    pub boot: u32,
}

/// Writes readings, in few statements. The same message twice makes two rows: the verdict tells them apart.
pub async fn insert(tx: &Tx, readings: &[StoredReading]) -> Result<(), StoreError> {
    let rows = readings.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
    record::insert_many(tx, TABLE, rows).await
}

/// The newest reading of a meter that was counted, received until `until`: the moment that its registers know. So only
/// what was refused in the same instant is passed over, however much was refused since.
pub async fn last(
    r: &impl Read,
    meter: &MeterId,
    until: UnixMillis,
) -> Result<Option<(UnixMillis, Sensors)>, StoreError> {
    let query = newest(meter, until);
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| Ok((UnixMillis(row.int("received_at")?), decode_sensors(&row)?)))
        .transpose()
}

/// The epoch of the registers of a meter as they were at `until`; none before the first reading, or where those are gone.
pub async fn epoch(r: &impl Read, meter: &MeterId, until: UnixMillis) -> Result<Option<u32>, StoreError> {
    let query = newest(meter, until);
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| row.number("epoch")).transpose()
}

fn newest(meter: &MeterId, until: UnixMillis) -> SelectStatement {
    record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("received_at").lte(until.0))
        .and_where(Expr::col("verdict").ne(REFUSED))
        .order_by("received_at", Order::Desc)
        .order_by("id", Order::Desc)
        .limit(1)
        .take()
}

/// Readings of a meter received in `from..to`, oldest first, at most `limit`.
pub async fn range(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
    limit: u32,
) -> Result<Vec<StoredReading>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("received_at").gte(from.0))
        .and_where(Expr::col("received_at").lt(to.0))
        .order_by("received_at", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(u64::from(limit))
        .take();
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter().map(decode).collect()
}

/// Readings of a meter received in `from..to`, each with its number, in the order of receipt; only those after the
/// reading of number `after`, when given, at most `limit`. The pages of an export: each costs what it holds.
pub async fn page(
    r: &impl Read,
    meter: &MeterId,
    from: UnixMillis,
    to: UnixMillis,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, StoredReading)>, StoreError> {
    let mut query = record::select(TABLE);
    query
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .and_where(Expr::col("received_at").lt(to.0))
        .order_by("received_at", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(u64::from(limit));
    match after {
        None => query.and_where(Expr::col("received_at").gte(from.0)),
        Some(after) => match place(r, meter, after).await? {
            // Retention may have taken it meanwhile: its successor comes next.
            Some((id, at)) => query.and_where(after_place(at, if id == after { id } else { id - 1 })),
            None => return Ok(Vec::new()),
        },
    };
    let rows = record::fetch_all(r, TABLE, "id", &query).await?;
    rows.iter()
        .map(|row| Ok((row.int("id")?, decode(row)?)))
        .collect()
}

/// Where the reading of number `id`, or the next one of its meter, stands in the order of receipt.
async fn place(r: &impl Read, meter: &MeterId, id: i64) -> Result<Option<(i64, i64)>, StoreError> {
    let query = Query::select()
        .columns(["id", "received_at"])
        .from(TABLE)
        .and_where(Expr::col("id").gte(id))
        // The number finds it, not the meter.
        .and_where(Expr::cust("meter_id || ''").eq(meter.as_str()))
        .order_by("id", Order::Asc)
        .limit(1)
        .take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| Ok((row.int("id")?, row.int("received_at")?)))
        .transpose()
}

/// After the reading of number `id` that was received at `at`.
pub(crate) fn after_place(at: i64, id: i64) -> Expr {
    Expr::tuple([Expr::col("received_at"), Expr::col("id")]).gt(Expr::tuple([Expr::val(at), Expr::val(id)]))
}

/// When the first reading of a meter was received.
pub async fn first(r: &impl Read, meter: &MeterId) -> Result<Option<UnixMillis>, StoreError> {
    let query = Query::select()
        .columns(["id", "received_at"])
        .from(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .order_by("received_at", Order::Asc)
        .limit(1)
        .take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map(|row| row.int("received_at").map(UnixMillis)).transpose()
}

/// How many readings of a meter are stored. The time grows with the answer.
pub async fn count(r: &impl Read, meter: &MeterId) -> Result<u64, StoreError> {
    let query = Query::select()
        .expr_as(Expr::col("meter_id").count(), "count")
        .from(TABLE)
        .and_where(Expr::col("meter_id").eq(meter.as_str()))
        .take();
    let row = record::fetch_one(r, TABLE, "id", &query).await?;
    row.map_or(Ok(0), |row| row.number("count"))
}

/// The columns of one subsystem.
struct Columns {
    bit: i64,
    power: &'static str,
    current: &'static str,
    voltage: &'static str,
    daily: &'static str,
    total: &'static str,
    settlement: &'static str,
    active: &'static str,
    generating: &'static str,
    state: &'static str,
    soc: &'static str,
    connected: &'static str,
    valid: &'static str,
}

macro_rules! columns {
    ($name:literal, $bit:literal) => {
        Columns {
            bit: $bit,
            power: concat!($name, "_power_uw"),
            current: concat!($name, "_current_ua"),
            voltage: concat!($name, "_voltage_uv"),
            daily: concat!($name, "_daily_uwh"),
            total: concat!($name, "_total_uwh"),
            settlement: concat!($name, "_settlement_uwh"),
            active: concat!($name, "_active"),
            generating: concat!($name, "_generating"),
            state: concat!($name, "_state"),
            soc: concat!($name, "_soc_permille"),
            connected: concat!($name, "_connected"),
            valid: concat!($name, "_valid"),
        }
    };
}

const LOAD: Columns = columns!("load", 1);
const SOLAR: Columns = columns!("solar", 2);
const EXPORT: Columns = columns!("export", 4);
const IMPORT: Columns = columns!("import", 8);
const BATTERY: Columns = columns!("battery", 16);

fn encode(reading: &StoredReading) -> Result<Fields, StoreError> {
    let sensors = &reading.sensors;
    let parts = [
        (&LOAD, &sensors.load),
        (&SOLAR, &sensors.solar),
        (&EXPORT, &sensors.export),
        (&IMPORT, &sensors.import),
        (&BATTERY, &sensors.battery),
    ];
    let present = parts.iter().filter(|(_, part)| part.is_some());
    let register = |value: Option<MicroWh>| opt_signed(value.map(|value| value.0), "a register");
    let row = Fields::default()
        .text("meter_id", reading.meter_id.as_str())
        .int("received_at", reading.received_at.0)
        .opt_text("payload_meter_id", sensors.meter_id.as_ref().map(MeterId::as_str))
        .opt_int("device_time", sensors.device_time.map(time_in))
        .opt_text("family", sensors.family.map(PayloadFamily::as_str))
        .opt_text("declared_units", sensors.declared.map(Units::as_str));
    let mut row = encode_verdict(row, reading.verdict)?
        .opt_int(
            "register_export_uwh",
            register(reading.registers.map(|(export, _)| export))?,
        )
        .opt_int(
            "register_import_uwh",
            register(reading.registers.map(|(_, import)| import))?,
        )
        .int("epoch", reading.epoch)
        .int("boot", reading.boot)
        .int("subsystems", present.map(|(columns, _)| columns.bit).sum::<i64>());
    for (columns, part) in parts {
        row = encode_part(row, columns, part.as_ref().copied().unwrap_or_default())?;
    }
    Ok(row)
}

fn encode_verdict(row: Fields, verdict: Verdict) -> Result<Fields, StoreError> {
    let (word, reason, added) = match verdict {
        Verdict::First => ("first", None, None),
        Verdict::Counted {
            added,
            new_epoch,
            remark,
        } => ("counted", remark.map(Remark::as_str), Some((added, new_epoch))),
        Verdict::Refused { reason } => (REFUSED, Some(reason.as_str()), None),
    };
    let energy = |value: Option<MicroWh>| opt_signed(value.map(|value| value.0), "an energy");
    Ok(row
        .text("verdict", word)
        .opt_text("reason", reason)
        .opt_int("added_export_uwh", energy(added.map(|(added, _)| added.export))?)
        .opt_int("added_import_uwh", energy(added.map(|(added, _)| added.import))?)
        .opt_flag("new_epoch", added.map(|(_, new_epoch)| new_epoch)))
}

fn encode_part(row: Fields, columns: &Columns, part: Subsystem) -> Result<Fields, StoreError> {
    let energy = |value: Option<MicroWh>| opt_signed(value.map(|value| value.0), "a counter");
    Ok(row
        .opt_int(columns.power, part.power.map(|value| value.0))
        .opt_int(columns.current, part.current.map(|value| value.0))
        .opt_int(columns.voltage, part.voltage.map(|value| value.0))
        .opt_int(columns.daily, energy(part.daily_energy)?)
        .opt_int(columns.total, energy(part.total_energy)?)
        .opt_int(columns.settlement, energy(part.settlement_energy)?)
        .opt_flag(columns.active, part.active)
        .opt_flag(columns.generating, part.generating)
        .opt_text(columns.state, part.state.map(BatteryState::as_str))
        .opt_int(columns.soc, part.soc_permille)
        .opt_flag(columns.connected, part.connected)
        .opt_flag(columns.valid, part.valid))
}

fn decode(row: &Record) -> Result<StoredReading, StoreError> {
    let export = row.opt_number("register_export_uwh")?.map(MicroWh);
    let import = row.opt_number("register_import_uwh")?.map(MicroWh);
    Ok(StoredReading {
        meter_id: row.parse("meter_id", |text| text.parse().ok())?,
        received_at: UnixMillis(row.int("received_at")?),
        sensors: decode_sensors(row)?,
        verdict: decode_verdict(row)?,
        registers: export.zip(import),
        epoch: row.number("epoch")?,
        boot: row.number("boot")?,
    })
}

fn decode_verdict(row: &Record) -> Result<Verdict, StoreError> {
    match row.text("verdict")?.as_str() {
        "first" => Ok(Verdict::First),
        "counted" => Ok(Verdict::Counted {
            added: Pair {
                export: MicroWh(row.number("added_export_uwh")?),
                import: MicroWh(row.number("added_import_uwh")?),
            },
            new_epoch: row.flag("new_epoch")?,
            remark: row.opt_parse("reason", Remark::parse)?,
        }),
        REFUSED => Ok(Verdict::Refused {
            reason: row.parse("reason", Reason::parse)?,
        }),
        _ => Err(row.damaged()),
    }
}

fn decode_sensors(row: &Record) -> Result<Sensors, StoreError> {
    let present = row.int("subsystems")?;
    let part = |columns: &Columns| {
        let there = present & columns.bit != 0;
        there.then(|| decode_part(row, columns)).transpose()
    };
    Ok(Sensors {
        meter_id: row.opt_parse("payload_meter_id", |text| text.parse().ok())?,
        device_time: row.opt_number("device_time")?.map(DeviceTime::from_timestamp),
        load: part(&LOAD)?,
        solar: part(&SOLAR)?,
        export: part(&EXPORT)?,
        import: part(&IMPORT)?,
        battery: part(&BATTERY)?,
        family: row.opt_parse("family", PayloadFamily::parse)?,
        declared: row.opt_parse("declared_units", Units::parse)?,
    })
}

fn decode_part(row: &Record, columns: &Columns) -> Result<Subsystem, StoreError> {
    Ok(Subsystem {
        power: row.opt_int(columns.power)?.map(MicroWatts),
        current: row.opt_int(columns.current)?.map(MicroAmps),
        voltage: row.opt_int(columns.voltage)?.map(MicroVolts),
        daily_energy: row.opt_number(columns.daily)?.map(MicroWh),
        total_energy: row.opt_number(columns.total)?.map(MicroWh),
        settlement_energy: row.opt_number(columns.settlement)?.map(MicroWh),
        active: row.opt_flag(columns.active)?,
        generating: row.opt_flag(columns.generating)?,
        state: row.opt_parse(columns.state, BatteryState::parse)?,
        soc_permille: row.opt_number(columns.soc)?,
        connected: row.opt_flag(columns.connected)?,
        valid: row.opt_flag(columns.valid)?,
    })
}

/// The device's time as the number that it sent.
pub(crate) fn time_in(time: DeviceTime) -> i64 {
    match time {
        DeviceTime::Uptime(uptime) => i64::from(uptime),
        DeviceTime::Unix(unix) => unix,
    }
}
