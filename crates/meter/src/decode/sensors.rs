//! `{base}/sensors`: five subsystems, flat or nested.

use enerlink_domain::{
    MicroAmps, MicroVolts, MicroWatts, Sensors, Subsystem,
    device::PayloadFamily,
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
    let mut family = PayloadFamily::Flat;
    let mut direction = |name| {
        let below = grid.as_ref().map_or(Ok(None), |grid| group(grid, name))?;
        match (group(root, name)?, below) {
            (Some(_), Some(_)) => Err(DecodeError::Duplicate {
                field: format!("grid.{name}"),
            }),
            (None, Some(nested)) => {
                family = PayloadFamily::Nested;
                Ok(Some(nested))
            }
            (flat, None) => Ok(flat),
        }
    };
    let (export, import) = (direction("export")?, direction("import")?);
    not_empty(Sensors {
        meter_id: meter_id(root)?,
        device_time: device_time(root)?,
        load: group(root, "load")?,
        solar: group(root, "solar")?,
        export,
        import,
        battery: group(root, "battery")?,
        family: Some(family),
        declared: None,
    })
}

/// Refuses a message without any subsystem.
pub(super) fn not_empty(sensors: Sensors) -> Result<Sensors, DecodeError> {
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
        soc_permille: state_of_charge(object)?,
        connected: object.boolean("connected")?,
        valid: object.boolean("valid")?,
    })
}

/// `soc` in percent; gauges overshoot a little when full, which is full.
pub(super) fn state_of_charge(object: &Object<'_>) -> Result<Option<u16>, DecodeError> {
    let permille: Option<u16> = object.scaled("soc", 1)?;
    Ok(permille.map(|permille| permille.min(1000)))
}

/// A word of newer firmware is no state we know, but no reason either to refuse the counters beside it.
pub(super) fn battery_state(object: &Object<'_>) -> Result<Option<BatteryState>, DecodeError> {
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
