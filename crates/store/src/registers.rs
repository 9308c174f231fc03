//! Registers: the energy that money depends on, one sealed row per meter.

use enerlink_domain::{
    MeterId, MicroWh, Registers, UnixMillis,
    reading::DeviceTime,
    register::{Baseline, CounterSource, Pair, Suspicion},
};
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::{
    Read, StoreError, Tx,
    record::{self, Fields, Record, opt_signed, signed},
    seal,
};

const TABLE: &str = "registers";
const KEY: &str = "meter_id";

/// Writes the registers of a meter, all fields.
pub async fn save(
    tx: &Tx,
    meter: &MeterId,
    registers: &Registers,
    now: UnixMillis,
) -> Result<(), StoreError> {
    save_all(tx, [(meter, registers)], now).await
}

/// [`save`] for several meters, in few statements.
pub async fn save_all<'a>(
    tx: &Tx,
    meters: impl IntoIterator<Item = (&'a MeterId, &'a Registers)>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let rows = meters
        .into_iter()
        .map(|(meter, registers)| Ok(seal::seal(TABLE, encode(meter, registers, now)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    record::upsert(tx, TABLE, &[KEY], rows).await
}

/// The registers of a meter, once it was heard.
pub async fn load(r: &impl Read, meter: &MeterId) -> Result<Option<Registers>, StoreError> {
    let query = record::select(TABLE)
        .and_where(Expr::col(KEY).eq(meter.as_str()))
        .take();
    let Some(row) = record::fetch_one(r, TABLE, KEY, &query).await? else {
        return Ok(None);
    };
    let registers = decode(&row)?;
    let updated_at = UnixMillis(row.int("updated_at")?);
    seal::check(TABLE, &row, &encode(meter, &registers, updated_at)?)?;
    Ok(Some(registers))
}

fn encode(meter: &MeterId, registers: &Registers, now: UnixMillis) -> Result<Fields, StoreError> {
    let energy = |value: MicroWh| signed(value.0, "a register");
    let counter = |value: Option<MicroWh>| opt_signed(value.map(|value| value.0), "a counter");
    let last = registers.baseline;
    let (uptime, unix) = match last.and_then(|last| last.device_time) {
        Some(DeviceTime::Uptime(uptime)) => (Some(uptime), None),
        Some(DeviceTime::Unix(unix)) => (None, Some(unix)),
        None => (None, None),
    };
    let settlement = last.map(|last| last.settlement).unwrap_or_default();
    let suspected = Some(registers.suspicion).filter(|last| last.count > 0);
    Ok(Fields::default()
        .text(KEY, meter.as_str())
        .text("counter_source", registers.source.as_str())
        .int("export_uwh", energy(registers.export)?)
        .int("import_uwh", energy(registers.import)?)
        .int("first_export_uwh", energy(registers.first.export)?)
        .int("first_import_uwh", energy(registers.first.import)?)
        .int("epoch", registers.epoch)
        .int("boot", registers.boot)
        .opt_int(
            "baseline_export_uwh",
            counter(last.map(|last| last.counters.export))?,
        )
        .opt_int(
            "baseline_import_uwh",
            counter(last.map(|last| last.counters.import))?,
        )
        .opt_int("baseline_settlement_export_uwh", counter(settlement.export)?)
        .opt_int("baseline_settlement_import_uwh", counter(settlement.import)?)
        .opt_int("baseline_uptime_ms", uptime)
        .opt_int("baseline_unix_ms", unix)
        .opt_int("baseline_received_at", last.map(|last| last.received_at.0))
        .int("suspicion_uptime", registers.suspicion.uptime)
        .int("suspicion_count", registers.suspicion.count)
        .int("updated_at", now.0)
        .opt_int(
            "lead_export_uwh",
            counter(registers.lead.map(|lead| lead.export))?,
        )
        .opt_int(
            "lead_import_uwh",
            counter(registers.lead.map(|lead| lead.import))?,
        )
        // Nothing is an empty column, as in rows that were sealed before there was an opening balance.
        .opt_int("opening_export_uwh", counter(opening(registers.opening.export))?)
        .opt_int("opening_import_uwh", counter(opening(registers.opening.import))?)
        .opt_int("rebooted_at", registers.rebooted_at.map(|at| at.0))
        .opt_int("reset_at", registers.reset_at.map(|at| at.0))
        .opt_int("suspicion_at", suspected.map(|last| last.received_at.0))
        .opt_int(
            "suspicion_export_uwh",
            counter(suspected.map(|last| last.counters.export))?,
        )
        .opt_int(
            "suspicion_import_uwh",
            counter(suspected.map(|last| last.counters.import))?,
        )
        .opt_int(
            "taken_over_export_uwh",
            counter(registers.taken_over.map(|taken| taken.export))?,
        )
        .opt_int(
            "taken_over_import_uwh",
            counter(registers.taken_over.map(|taken| taken.import))?,
        ))
}

fn opening(energy: MicroWh) -> Option<MicroWh> {
    Some(energy).filter(|energy| *energy > MicroWh::ZERO)
}

fn decode(row: &Record) -> Result<Registers, StoreError> {
    let pair = |export, import| {
        let energies = row.opt_number(export)?.zip(row.opt_number(import)?);
        Ok::<_, StoreError>(energies.map(|(export, import)| Pair {
            export: MicroWh(export),
            import: MicroWh(import),
        }))
    };
    Ok(Registers {
        source: row.parse("counter_source", CounterSource::parse)?,
        export: MicroWh(row.number("export_uwh")?),
        import: MicroWh(row.number("import_uwh")?),
        first: Pair {
            export: MicroWh(row.number("first_export_uwh")?),
            import: MicroWh(row.number("first_import_uwh")?),
        },
        epoch: row.number("epoch")?,
        boot: row.number("boot")?,
        baseline: decode_baseline(row)?,
        suspicion: Suspicion {
            uptime: row.number("suspicion_uptime")?,
            count: row.number("suspicion_count")?,
            received_at: UnixMillis(row.opt_int("suspicion_at")?.unwrap_or_default()),
            counters: Pair {
                export: MicroWh(row.opt_number("suspicion_export_uwh")?.unwrap_or_default()),
                import: MicroWh(row.opt_number("suspicion_import_uwh")?.unwrap_or_default()),
            },
        },
        rebooted_at: row.opt_int("rebooted_at")?.map(UnixMillis),
        reset_at: row.opt_int("reset_at")?.map(UnixMillis),
        lead: pair("lead_export_uwh", "lead_import_uwh")?,
        opening: Pair {
            export: MicroWh(row.opt_number("opening_export_uwh")?.unwrap_or_default()),
            import: MicroWh(row.opt_number("opening_import_uwh")?.unwrap_or_default()),
        },
        taken_over: pair("taken_over_export_uwh", "taken_over_import_uwh")?,
    })
}

fn decode_baseline(row: &Record) -> Result<Option<Baseline>, StoreError> {
    let Some(received_at) = row.opt_int("baseline_received_at")? else {
        return Ok(None);
    };
    let uptime = row.opt_number("baseline_uptime_ms")?.map(DeviceTime::Uptime);
    let unix = row.opt_int("baseline_unix_ms")?.map(DeviceTime::Unix);
    Ok(Some(Baseline {
        counters: Pair {
            export: MicroWh(row.number("baseline_export_uwh")?),
            import: MicroWh(row.number("baseline_import_uwh")?),
        },
        settlement: Pair {
            export: row.opt_number("baseline_settlement_export_uwh")?.map(MicroWh),
            import: row.opt_number("baseline_settlement_import_uwh")?.map(MicroWh),
        },
        device_time: uptime.or(unix),
        received_at: UnixMillis(received_at),
    }))
}
