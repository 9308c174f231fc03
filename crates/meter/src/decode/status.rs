//! `{base}/status`: switches, outputs and links of the device.

use enerlink_domain::{
    StatusSnapshot,
    reading::{GridMode, Motor, Relay, SensorState},
};

use super::{DecodeError, device_time, meter_id, object::Object};

/// Relays and sensors of one board.
const LIST_LIMIT: usize = 64;
/// Bytes of their names.
const NAME_LIMIT: usize = 64;

/// Reads the groups in `data`, which is `root` itself or the `data` of its envelope.
pub(super) fn read(root: &Object<'_>, data: &Object<'_>) -> Result<StatusSnapshot, DecodeError> {
    let group = |name| data.object(name);
    let (pwm, grid, mqtt) = (group("pwm")?, group("grid")?, group("mqtt")?);
    let (wifi, system) = (group("wifi")?, group("system")?);
    let (motors, relays, sensors) = (read_motors(data)?, read_relays(data)?, read_sensors(data)?);
    let groups = [&pwm, &grid, &mqtt, &wifi, &system];
    let lists_empty = motors.is_empty() && relays.is_empty() && sensors.is_empty();
    if lists_empty && groups.iter().all(|group| group.is_none()) {
        return Err(DecodeError::NoGroups);
    }
    let modes = [GridMode::Import, GridMode::Export, GridMode::Off].map(|mode| (mode.as_str(), mode));
    Ok(StatusSnapshot {
        meter_id: meter_id(root)?,
        device_time: device_time(root)?,
        grid_mode: within(&grid, |grid| grid.word("mode", &modes))?,
        exporting: within(&grid, |grid| grid.boolean("exporting"))?,
        importing: within(&grid, |grid| grid.boolean("importing"))?,
        led_duty: within(&pwm, |pwm| pwm.integer("led_duty"))?,
        pwm_max: within(&pwm, |pwm| pwm.integer("max_pwm"))?,
        mqtt_connected: within(&mqtt, |mqtt| mqtt.boolean("connected"))?,
        mqtt_attempts: within(&mqtt, |mqtt| mqtt.integer("attempts"))?,
        wifi_connected: within(&wifi, |wifi| wifi.boolean("connected"))?,
        wifi_ip: within(&wifi, |wifi| wifi.text("ip", 64))?,
        wifi_rssi: within(&wifi, |wifi| wifi.integer("rssi"))?,
        motors,
        relays,
        free_heap: within(&system, |system| system.integer("free_heap"))?,
        uptime_ms: within(&system, |system| system.integer("uptime"))?,
        system_status: within(&system, |system| system.text("status", 64))?,
        sensors,
        device_role: match data.text("device_role", 64)? {
            None => root.text("device_role", 64)?,
            role => role,
        },
    })
}

/// A field of a group; a group that is missing has no fields.
fn within<T>(
    group: &Option<Object<'_>>,
    read: impl FnOnce(&Object<'_>) -> Result<Option<T>, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    group.as_ref().map_or(Ok(None), read)
}

/// `motor`, `motor1`, `motor2`, … in the order of their names.
fn read_motors(root: &Object<'_>) -> Result<Vec<Motor>, DecodeError> {
    let mut names: Vec<&str> = root.names().filter(|name| names_a_motor(name)).collect();
    names.sort_unstable();
    let mut motors = Vec::with_capacity(names.len());
    for name in names {
        if let Some(motor) = root.object(name)? {
            motors.push(Motor {
                name: name.to_owned(),
                duty: motor.integer("duty")?,
                max_pwm: motor.integer("max_pwm")?,
                percent: motor.integer("percent")?,
                direction: motor.text("direction", 16)?,
            });
        }
    }
    Ok(motors)
}

/// `relay`: names and whether they are on, in the order of their names.
fn read_relays(data: &Object<'_>) -> Result<Vec<Relay>, DecodeError> {
    list(data, "relay", |relays, name| {
        let on = relays.boolean(name)?;
        Ok(on.map(|on| Relay {
            name: name.to_owned(),
            on,
        }))
    })
}

/// `sensors`: the inventory of newer firmware, in the order of the names. A sensor works when it is `true`, `"ok"`, or
/// an object none of whose `ok`, `connected` and `valid` is `false`; whatever else stands there is not understood.
fn read_sensors(data: &Object<'_>) -> Result<Vec<SensorState>, DecodeError> {
    list(data, "sensors", |sensors, name| {
        let ok = match sensors.kind(name) {
            "a boolean" => sensors.boolean(name)?,
            "a string" => sensors.text(name, NAME_LIMIT)?.map(|word| word == "ok"),
            "an object" => sensors.object(name)?.map(|sensor| works(&sensor)).transpose()?,
            _ => None,
        };
        Ok(ok.map(|ok| SensorState {
            name: name.to_owned(),
            ok,
        }))
    })
}

fn works(sensor: &Object<'_>) -> Result<bool, DecodeError> {
    for name in ["ok", "connected", "valid"] {
        if sensor.boolean(name)? == Some(false) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What stands under names that the device chooses, in their order: no more of them than any board has, and none with a
/// longer name. The sources leave the shape open, so what is no object has no entries.
fn list<T>(
    data: &Object<'_>,
    name: &str,
    read: impl Fn(&Object<'_>, &str) -> Result<Option<T>, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    if data.kind(name) != "an object" {
        return Ok(Vec::new());
    }
    let Some(list) = data.object(name)? else {
        return Ok(Vec::new());
    };
    let mut names: Vec<&str> = list.names().filter(|name| name.len() <= NAME_LIMIT).collect();
    names.sort_unstable();
    names.truncate(LIST_LIMIT);
    names
        .into_iter()
        .filter_map(|name| read(&list, name).transpose())
        .collect()
}

/// `motor`, or `motor` and one digit: more outputs than that no board has.
fn names_a_motor(name: &str) -> bool {
    let suffix = name.strip_prefix("motor").map(str::as_bytes);
    matches!(suffix, Some([] | [b'0'..=b'9']))
}
