//! `{base}/status`: switches, outputs and links of the device.

use enerlink_domain::{
    StatusSnapshot,
    reading::{GridMode, Motor},
};

use super::{DecodeError, device_time, meter_id, object::Object};

pub(super) fn read(root: &Object<'_>) -> Result<StatusSnapshot, DecodeError> {
    let group = |name| root.object(name);
    let (pwm, grid, mqtt) = (group("pwm")?, group("grid")?, group("mqtt")?);
    let (wifi, system) = (group("wifi")?, group("system")?);
    let motors = read_motors(root)?;
    let groups = [&pwm, &grid, &mqtt, &wifi, &system];
    if motors.is_empty() && groups.iter().all(|group| group.is_none()) {
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
        free_heap: within(&system, |system| system.integer("free_heap"))?,
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

/// `motor`, or `motor` and one digit: more outputs than that no board has.
fn names_a_motor(name: &str) -> bool {
    let suffix = name.strip_prefix("motor").map(str::as_bytes);
    matches!(suffix, Some([] | [b'0'..=b'9']))
}
