//! `{base}/sensors`: five subsystems, in the flat or the nested shape.

use enerlink_domain::{
    MicroAmps, MicroVolts, MicroWatts, Sensors, Subsystem,
    reading::{BatteryState, Units},
};

use super::{DecodeError, device_time, meter_id, object::Object};

/// Reads a message of either shape; which one it is shows by its content: `export` and `import` at the top, or below
/// `grid`. A direction that stands in both places is refused, because its counter would be ambiguous.
pub(super) fn read(root: &Object<'_>, units: Units) -> Result<Sensors, DecodeError> {
    let grid = root.object("grid")?;
    let group = |parent: &Object<'_>, name| {
        let object = parent.object(name)?;
        object.map(|object| read_subsystem(&object, units)).transpose()
    };
    let direction = |name| {
        let below = grid.as_ref().map_or(Ok(None), |grid| group(grid, name))?;
        match (group(root, name)?, below) {
            (Some(_), Some(_)) => Err(DecodeError::Duplicate {
                field: format!("grid.{name}"),
            }),
            (flat, nested) => Ok(flat.or(nested)),
        }
    };
    let sensors = Sensors {
        meter_id: meter_id(root)?,
        device_time: device_time(root)?,
        load: group(root, "load")?,
        solar: group(root, "solar")?,
        export: direction("export")?,
        import: direction("import")?,
        battery: group(root, "battery")?,
    };
    let groups = [
        sensors.load,
        sensors.solar,
        sensors.export,
        sensors.import,
        sensors.battery,
    ];
    if groups.iter().all(Option::is_none) {
        return Err(DecodeError::NoGroups);
    }
    Ok(sensors)
}

/// Voltage is always in V and energy in Wh; `units` decide over power and current. All measurements keep the device's
/// sign; counters have none.
fn read_subsystem(object: &Object<'_>, units: Units) -> Result<Subsystem, DecodeError> {
    let scale = match units {
        Units::Milli => 3,
        Units::Base => 6,
    };
    Ok(Subsystem {
        power: object.scaled("power", scale)?.map(MicroWatts),
        current: object.scaled("current", scale)?.map(MicroAmps),
        voltage: object.scaled("voltage", 6)?.map(MicroVolts),
        daily_energy: object.energy("daily_energy_wh")?,
        total_energy: object.energy("total_energy_wh")?,
        settlement_energy: object.energy("settlement_energy_wh")?,
        active: object.boolean("active")?,
        generating: object.boolean("generating")?,
        state: battery_state(object)?,
    })
}

/// A word of newer firmware is no state we know, but no reason either to refuse the counters beside it.
fn battery_state(object: &Object<'_>) -> Result<Option<BatteryState>, DecodeError> {
    let words = [
        ("charging", BatteryState::Charging),
        ("discharging", BatteryState::Discharging),
        ("idle", BatteryState::Idle),
    ];
    match object.word("state", &words) {
        Err(DecodeError::UnknownWord { .. }) => Ok(None),
        other => other,
    }
}
