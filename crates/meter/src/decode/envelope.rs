//! `{meterId, datetime, units, data}`: what newer firmware says on `{base}/data`.

use enerlink_domain::{
    MicroAmps, MicroVolts, MicroWatts, Sensors, Subsystem,
    device::PayloadFamily,
    reading::{BatteryState, Units},
};

use super::{
    DecodeError, device_time, meter_id,
    object::{Object, WATT_HOURS},
};

/// Powers of ten from the unit of the message to ours.
#[derive(Clone, Copy)]
struct Scales {
    voltage: i32,
    current: i32,
    power: i32,
    energy: i32,
}

/// Reads `data`, which stands in `root`. What the home takes is `load_home`, what the sun gives is `solar_output`; the
/// readings of the utility's own meter (`load_smart_mtr`), of the panels before their converter (`solar_input`) and the
/// sums (`net_solar`, `net_grid`) are not counted again.
pub(super) fn read(root: &Object<'_>, data: &Object<'_>, fallback: Units) -> Result<Sensors, DecodeError> {
    // A direction that stands both in the envelope and outside would have two counters.
    for name in ["export", "import", "grid"] {
        if root.kind(name) != "null" {
            return Err(DecodeError::Duplicate { field: root.at(name) });
        }
    }
    let (scales, declared) = units(root, fallback)?;
    let group = |name| {
        let object = data.object(name)?;
        object.map(|object| read_subsystem(&object, scales)).transpose()
    };
    let sensors = Sensors {
        meter_id: meter_id(root)?,
        device_time: device_time(root)?,
        load: group("load_home")?,
        solar: group("solar_output")?,
        export: group("export")?,
        import: group("import")?,
        battery: group("battery")?,
        family: Some(PayloadFamily::Envelope),
        declared,
    };
    super::sensors::not_empty(sensors)
}

/// The units of the message. Those of power and current are told when they are declared; what is not declared is as in
/// the other families: V, Wh, and the meter's own `fallback`.
fn units(root: &Object<'_>, fallback: Units) -> Result<(Scales, Option<Units>), DecodeError> {
    let Some(units) = root.object("units")? else {
        return Ok((scales(fallback), None));
    };
    let sizes = [Units::Milli, Units::Base];
    let power = units.word("power", &[("mW", sizes[0]), ("W", sizes[1])])?;
    let current = units.word("current", &[("mA", sizes[0]), ("A", sizes[1])])?;
    let mut scales = scales(fallback);
    // Two words that agree are one declaration; of two that differ, power's is told and both are used.
    let declared = power.or(current);
    scales.power = scale(power.or(declared).unwrap_or(fallback));
    scales.current = scale(current.or(declared).unwrap_or(fallback));
    if let Some(voltage) = units.word("voltage", &[("mV", 3), ("V", 6)])? {
        scales.voltage = voltage;
    }
    let energies = [("mWh", 3), ("Wh", WATT_HOURS), ("kWh", 9)];
    if let Some(energy) = units.word("energy", &energies)? {
        scales.energy = energy;
    }
    Ok((scales, declared))
}

fn scales(units: Units) -> Scales {
    Scales {
        voltage: 6,
        current: scale(units),
        power: scale(units),
        energy: WATT_HOURS,
    }
}

fn scale(units: Units) -> i32 {
    match units {
        Units::Milli => 3,
        Units::Base => 6,
    }
}

fn read_subsystem(object: &Object<'_>, scales: Scales) -> Result<Subsystem, DecodeError> {
    Ok(Subsystem {
        power: object.scaled("power", scales.power)?.map(MicroWatts),
        current: object.scaled("current", scales.current)?.map(MicroAmps),
        voltage: object.scaled("voltage", scales.voltage)?.map(MicroVolts),
        daily_energy: object.counter("daily_energy", scales.energy)?,
        total_energy: object.counter("total_energy", scales.energy)?,
        settlement_energy: object.counter("settlement_energy", scales.energy)?,
        active: object.boolean("active")?,
        generating: object.boolean("generating")?,
        state: battery_state(object)?,
        soc_permille: super::sensors::state_of_charge(object)?,
        connected: object.boolean("connected")?,
        valid: object.boolean("valid")?,
    })
}

/// A battery that is not charging discharges or rests; the sign of `charge_rate` tells which, and nothing else does.
fn battery_state(object: &Object<'_>) -> Result<Option<BatteryState>, DecodeError> {
    let rate: Option<i64> = object.scaled("charge_rate", 6)?;
    Ok(match (object.boolean("is_charging")?, rate) {
        (Some(true), _) => Some(BatteryState::Charging),
        (Some(false), Some(0)) => Some(BatteryState::Idle),
        (Some(false), Some(..0)) => Some(BatteryState::Discharging),
        _ => super::sensors::battery_state(object)?,
    })
}
