//! The documented messages, decoded to exact values.

use enerlink_domain::{
    Heartbeat, MicroAmps, MicroVolts, MicroWatts, MicroWh, Sensors, StatusSnapshot, Subsystem,
    device::PayloadFamily,
    reading::{BatteryState, DeviceTime, GridMode, HeartbeatStatus, Motor, Response, Units},
};
use enerlink_meter::{Channel, Message, decode};

/// The message of the bench device, flat.
const FLAT: &str = r#"{
  "timestamp": 33857692,
  "load": {
    "power": 994.8, "current": 240.75, "voltage": 4.1212,
    "daily_energy_wh": 10.1163, "total_energy_wh": 10.1163, "settlement_energy_wh": 10.1163
  },
  "solar": {
    "power": 1275.8, "current": 144.47, "voltage": 8.813601, "generating": true,
    "daily_energy_wh": 15.23495, "total_energy_wh": 15.23495, "settlement_energy_wh": 15.23495
  },
  "export": {
    "power": 38.6, "active": true, "current": 9.51, "voltage": 4.126,
    "daily_energy_wh": 1.959955, "total_energy_wh": 1.959955, "settlement_energy_wh": 1.959955
  },
  "import": {
    "power": 0.8, "active": false, "current": 0.13, "voltage": 5.550399,
    "daily_energy_wh": 0.004, "total_energy_wh": 0.004, "settlement_energy_wh": 0.004
  },
  "battery": {
    "power": 152.2, "state": "charging", "current": -36.49, "voltage": 4.176,
    "daily_energy_wh": 1.793849, "total_energy_wh": 1.793849, "settlement_energy_wh": 1.793849
  }
}"#;

/// The other documented shape, nested.
const NESTED: &str = r#"{
  "grid": {
    "export": { "settlement_energy_wh": 15234.5 },
    "import": { "settlement_energy_wh": 2567.3 }
  }
}"#;

const STATUS: &str = r#"{
  "timestamp": 33860400,
  "pwm": { "max_pwm": 255, "led_duty": 63 },
  "grid": { "mode": "export", "exporting": true, "importing": false },
  "mqtt": { "attempts": 0, "connected": true },
  "wifi": { "ip": "192.168.1.2", "rssi": -60, "connected": true },
  "motor": { "duty": 0, "max_pwm": 1023, "percent": 0, "direction": "forward" },
  "motor1": { "duty": 0, "percent": 0, "direction": "forward" },
  "motor2": { "duty": 0, "percent": 0, "direction": "forward" },
  "system": { "free_heap": 225968 }
}"#;

const HEARTBEAT: &str = r#"{
  "qos": 2, "status": "alive", "uptime": 33215145, "free_heap": 226024, "timestamp": 33215145
}"#;

fn sensors(text: &str, units: Units) -> Sensors {
    match decode(Channel::Sensors, text.as_bytes(), units) {
        Ok(Message::Sensors(sensors)) => sensors,
        other => panic!("{text}: {other:?}"),
    }
}

/// Power and current in µW and µA, voltage in µV, the same energy in all three counters.
fn subsystem(power: i64, current: i64, voltage: i64, energy: u64) -> Subsystem {
    Subsystem {
        power: Some(MicroWatts(power)),
        current: Some(MicroAmps(current)),
        voltage: Some(MicroVolts(voltage)),
        daily_energy: Some(MicroWh(energy)),
        total_energy: Some(MicroWh(energy)),
        settlement_energy: Some(MicroWh(energy)),
        ..Subsystem::default()
    }
}

#[test]
fn the_flat_sample_is_read_exactly() {
    let expected = Sensors {
        meter_id: None,
        device_time: Some(DeviceTime::Uptime(33_857_692)),
        load: Some(subsystem(994_800, 240_750, 4_121_200, 10_116_300)),
        solar: Some(Subsystem {
            generating: Some(true),
            ..subsystem(1_275_800, 144_470, 8_813_601, 15_234_950)
        }),
        export: Some(Subsystem {
            active: Some(true),
            ..subsystem(38_600, 9_510, 4_126_000, 1_959_955)
        }),
        import: Some(Subsystem {
            active: Some(false),
            ..subsystem(800, 130, 5_550_399, 4_000)
        }),
        battery: Some(Subsystem {
            state: Some(BatteryState::Charging),
            ..subsystem(152_200, -36_490, 4_176_000, 1_793_849)
        }),
        family: Some(PayloadFamily::Flat),
        declared: None,
    };
    assert_eq!(sensors(FLAT, Units::Milli), expected);
}

#[test]
fn units_change_power_and_current_only() {
    let (milli, base) = (sensors(FLAT, Units::Milli), sensors(FLAT, Units::Base));
    let (milli, base) = (milli.load.expect("load"), base.load.expect("load"));
    assert_eq!(base.power, Some(MicroWatts(994_800_000)));
    assert_eq!(base.current, Some(MicroAmps(240_750_000)));
    assert_eq!(
        (base.voltage, base.total_energy),
        (milli.voltage, milli.total_energy)
    );
}

#[test]
fn the_nested_sample_is_read_exactly() {
    let only_settlement = |energy| Subsystem {
        settlement_energy: Some(MicroWh(energy)),
        ..Subsystem::default()
    };
    let expected = Sensors {
        export: Some(only_settlement(15_234_500_000)),
        import: Some(only_settlement(2_567_300_000)),
        family: Some(PayloadFamily::Nested),
        ..Sensors::default()
    };
    assert_eq!(sensors(NESTED, Units::Milli), expected);
}

#[test]
fn the_status_sample_is_read_exactly() {
    let motor = |name: &str, max_pwm| Motor {
        name: name.to_owned(),
        duty: Some(0),
        max_pwm,
        percent: Some(0),
        direction: Some("forward".to_owned()),
    };
    let expected = StatusSnapshot {
        meter_id: None,
        device_time: Some(DeviceTime::Uptime(33_860_400)),
        grid_mode: Some(GridMode::Export),
        exporting: Some(true),
        importing: Some(false),
        led_duty: Some(63),
        pwm_max: Some(255),
        mqtt_connected: Some(true),
        mqtt_attempts: Some(0),
        wifi_connected: Some(true),
        wifi_ip: Some("192.168.1.2".to_owned()),
        wifi_rssi: Some(-60),
        motors: vec![
            motor("motor", Some(1023)),
            motor("motor1", None),
            motor("motor2", None),
        ],
        free_heap: Some(225_968),
        ..StatusSnapshot::default()
    };
    let decoded = decode(Channel::Status, STATUS.as_bytes(), Units::Milli);
    assert_eq!(decoded, Ok(Message::Status(expected)));
}

#[test]
fn the_heartbeat_sample_is_read_exactly() {
    let expected = Heartbeat {
        meter_id: None,
        device_time: Some(DeviceTime::Uptime(33_215_145)),
        qos: Some(2),
        status: HeartbeatStatus::Alive,
        uptime_ms: Some(33_215_145),
        free_heap: Some(226_024),
    };
    let decoded = decode(Channel::Heartbeat, HEARTBEAT.as_bytes(), Units::Milli);
    assert_eq!(decoded, Ok(Message::Heartbeat(expected)));
}

#[test]
fn responses_are_read_exactly() {
    let response = |text: &str| match decode(Channel::Response, text.as_bytes(), Units::Milli) {
        Ok(Message::Response(response)) => response,
        other => panic!("{text}: {other:?}"),
    };
    let plain = Response {
        correlation_id: "c-1".to_owned(),
        ok: true,
        error: None,
        export_before_reset: None,
        import_before_reset: None,
    };
    assert_eq!(response(r#"{"correlation_id":"c-1","ok":true}"#), plain);
    assert_eq!(
        response(r#"{"correlation_id":"c-1","ok":true,"counters":{"export_wh":12.5,"import_wh":0}}"#),
        Response {
            export_before_reset: Some(MicroWh(12_500_000)),
            import_before_reset: Some(MicroWh(0)),
            ..plain.clone()
        }
    );
    assert_eq!(
        response(r#"{"ok":false,"error":"no such relay","correlation_id":"c-1"}"#),
        Response {
            ok: false,
            error: Some("no such relay".to_owned()),
            ..plain
        }
    );
}

#[test]
fn missing_and_null_are_missing_and_never_zero() {
    let (flat, nested, envelope) = (
        PayloadFamily::Flat,
        PayloadFamily::Nested,
        PayloadFamily::Envelope,
    );
    for (family, text) in [
        (flat, r#"{"export":{"total_energy_wh":1}}"#),
        (
            flat,
            r#"{"export":{"total_energy_wh":1,"settlement_energy_wh":null,"power":null,"active":null},"import":null,"data":null}"#,
        ),
        (
            nested,
            r#"{"timestamp":null,"meterId":null,"battery":null,"grid":{"export":{"total_energy_wh":1.0000009}}}"#,
        ),
        (
            flat,
            r#"{"export":{"total_energy_wh":1,"firmware":{"odd":[1,"x",null]}},"weather":"sunny"}"#,
        ),
        (
            envelope,
            r#"{"datetime":null,"units":null,"data":{"export":{"total_energy":1,"power":null},"import":null,"odd":[]}}"#,
        ),
        (
            envelope,
            r#"{"units":{"frequency":"Hz"},"firmware":"2.1","data":{"export":{"total_energy":1.0000009}}}"#,
        ),
    ] {
        let expected = Sensors {
            export: Some(Subsystem {
                total_energy: Some(MicroWh(1_000_000)),
                ..Subsystem::default()
            }),
            family: Some(family),
            ..Sensors::default()
        };
        assert_eq!(sensors(text, Units::Milli), expected, "{text}");
    }
}

#[test]
fn the_meter_id_and_both_kinds_of_time_are_read() {
    for (key, timestamp, time) in [
        ("meterId", "4294967295", DeviceTime::Uptime(u32::MAX)),
        ("meter_id", "4294967296", DeviceTime::Unix(4_294_967_296)),
        ("meterId", "1.762e12", DeviceTime::Unix(1_762_000_000_000)),
    ] {
        let text = format!(r#"{{"{key}":"METER-001","timestamp":{timestamp},"load":{{}}}}"#);
        let decoded = sensors(&text, Units::Milli);
        assert_eq!(decoded.meter_id.expect("id").as_str(), "METER-001");
        assert_eq!(decoded.device_time, Some(time));
        assert_eq!(decoded.load, Some(Subsystem::default()));
    }
}

#[test]
fn numbers_keep_every_digit_above_two_to_the_53() {
    let text = r#"{"export":{"total_energy_wh":9007199254.740993},"import":{"total_energy_wh":9223372036854.775807}}"#;
    let decoded = sensors(text, Units::Milli);
    assert_eq!(
        decoded.export.expect("export").total_energy,
        Some(MicroWh(9_007_199_254_740_993))
    );
    assert_eq!(decoded.import.expect("import").total_energy, Some(MicroWh::MAX));
}
