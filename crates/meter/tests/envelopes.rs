//! The messages of newer firmware, decoded to exact values or refused with the reason.

use enerlink_domain::{
    MicroAmps, MicroVolts, MicroWatts, MicroWh, Sensors, StatusSnapshot, Subsystem,
    device::PayloadFamily,
    reading::{BatteryState, DeviceTime, GridMode, Relay, SensorState, Units},
};
use enerlink_meter::{Channel, Message, decode};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What newer firmware says of its measurements.
const ENVELOPE: &str = r#"{
  "meterId": "METER-001",
  "datetime": "2026-02-03T04:05:06.789Z",
  "units": { "voltage": "V", "current": "mA", "power": "mW", "energy": "Wh", "soc": "%" },
  "data": {
    "battery": {
      "voltage": 4.176, "soc": 76.4, "charge_rate": 12.5, "is_charging": true, "connected": true, "valid": true
    },
    "export": {
      "voltage": 4.126, "current": 9.51, "power": 38.6, "daily_energy": 1.959955, "total_energy": 21.959955,
      "settlement_energy": 0.959955, "active": true
    },
    "import": {
      "voltage": 0, "current": 0, "power": 0, "daily_energy": 1.959955, "total_energy": 21.959955,
      "settlement_energy": 0.959955, "active": false
    },
    "load_smart_mtr": { "power": 1, "total_energy": 1000 },
    "load_home": { "power": 994.8 },
    "solar_input": { "power": 2 },
    "solar_output": { "power": 1275.8, "generating": true },
    "net_solar": { "power": 281 },
    "net_grid": 38.6
  }
}"#;

/// And of itself.
const STATUS_ENVELOPE: &str = r#"{
  "meterId": "METER-001",
  "datetime": "2026-02-03T04:05:06Z",
  "data": {
    "wifi": { "connected": true, "rssi": -60, "ip": "192.168.1.2", "ssid": "home" },
    "grid": { "mode": "import", "importing": true, "exporting": false },
    "mqtt": { "connected": true },
    "relay": { "pump": true, "boiler": false },
    "system": { "free_heap": 225968, "uptime": 33860400, "status": "running" },
    "sensors": {
      "solar": true, "load": false, "battery": "ok",
      "export": { "connected": true, "valid": false }, "import": { "connected": true, "address": "0x40" }
    },
    "device_role": "prosumer"
  }
}"#;

fn sensors(text: &str, units: Units) -> Sensors {
    match decode(Channel::Data, text.as_bytes(), units) {
        Ok(Message::Sensors(sensors)) => sensors,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_envelope_is_read_exactly() {
    let direction = |power, current, voltage, active| Subsystem {
        power: Some(MicroWatts(power)),
        current: Some(MicroAmps(current)),
        voltage: Some(MicroVolts(voltage)),
        daily_energy: Some(MicroWh(1_959_955)),
        total_energy: Some(MicroWh(21_959_955)),
        settlement_energy: Some(MicroWh(959_955)),
        active: Some(active),
        ..Subsystem::default()
    };
    let only_power = |power, generating| Subsystem {
        power: Some(MicroWatts(power)),
        generating,
        ..Subsystem::default()
    };
    let expected = Sensors {
        meter_id: "METER-001".parse().ok(),
        device_time: Some(DeviceTime::Unix(1_770_091_506_789)),
        load: Some(only_power(994_800, None)),
        solar: Some(only_power(1_275_800, Some(true))),
        export: Some(direction(38_600, 9_510, 4_126_000, true)),
        import: Some(direction(0, 0, 0, false)),
        battery: Some(Subsystem {
            voltage: Some(MicroVolts(4_176_000)),
            soc_permille: Some(764),
            state: Some(BatteryState::Charging),
            connected: Some(true),
            valid: Some(true),
            ..Subsystem::default()
        }),
        family: Some(PayloadFamily::Envelope),
        declared: Some(Units::Milli),
    };
    for channel in [Channel::Data, Channel::Sensors] {
        // The meter's own units are not asked when the message declares some.
        for units in [Units::Milli, Units::Base] {
            let decoded = decode(channel, ENVELOPE.as_bytes(), units);
            assert_eq!(decoded, Ok(Message::Sensors(expected.clone())));
        }
    }
}

#[test]
fn every_declared_unit_is_exact() {
    for (units, power, current, voltage, energy, declared) in [
        (r#"{}"#, 5_000, 5_000, 5_000_000, 5_000_000, None),
        (
            r#"{"power":"W"}"#,
            5_000_000,
            5_000_000,
            5_000_000,
            5_000_000,
            Some(Units::Base),
        ),
        (
            r#"{"current":"mA"}"#,
            5_000,
            5_000,
            5_000_000,
            5_000_000,
            Some(Units::Milli),
        ),
        (
            r#"{"power":"W","current":"mA","voltage":"mV","energy":"kWh"}"#,
            5_000_000,
            5_000,
            5_000,
            5_000_000_000,
            Some(Units::Base),
        ),
        (
            r#"{"power":"mW","current":"A","voltage":"V","energy":"mWh"}"#,
            5_000,
            5_000_000,
            5_000_000,
            5_000,
            Some(Units::Milli),
        ),
        (
            r#"{"energy":"Wh","frequency":"Hz"}"#,
            5_000,
            5_000,
            5_000_000,
            5_000_000,
            None,
        ),
    ] {
        let text = format!(
            r#"{{"units":{units},"data":{{"export":{{"power":5,"current":5,"voltage":5,"total_energy":5.0000000001}}}}}}"#
        );
        let decoded = sensors(&text, Units::Milli);
        assert_eq!(decoded.declared, declared, "{units}");
        let expected = Subsystem {
            power: Some(MicroWatts(power)),
            current: Some(MicroAmps(current)),
            voltage: Some(MicroVolts(voltage)),
            total_energy: Some(MicroWh(energy)),
            ..Subsystem::default()
        };
        assert_eq!(decoded.export, Some(expected), "{units}");
    }
}

#[test]
fn what_a_battery_does_is_taken_from_what_it_says_and_not_guessed() {
    let (charging, discharging, idle) = (
        BatteryState::Charging,
        BatteryState::Discharging,
        BatteryState::Idle,
    );
    for (battery, state) in [
        (r#""is_charging":true"#, Some(charging)),
        (r#""is_charging":true,"charge_rate":-1"#, Some(charging)),
        (r#""is_charging":false,"charge_rate":-0.5"#, Some(discharging)),
        (r#""is_charging":false,"charge_rate":0"#, Some(idle)),
        (r#""is_charging":false,"charge_rate":2"#, None),
        (r#""is_charging":false"#, None),
        (r#""is_charging":false,"state":"idle""#, Some(idle)),
        (r#""state":"discharging""#, Some(discharging)),
        (r#""state":"asleep""#, None),
        (r#""charge_rate":-3"#, None),
    ] {
        let decoded = sensors(
            &format!(r#"{{"data":{{"battery":{{{battery}}}}}}}"#),
            Units::Milli,
        );
        assert_eq!(decoded.battery.expect("battery").state, state, "{battery}");
    }
    for (soc, permille) in [("0", 0), ("76.45", 764), ("100", 1000), ("100.4", 1000)] {
        for text in [
            format!(r#"{{"data":{{"battery":{{"soc":{soc}}}}}}}"#),
            format!(r#"{{"battery":{{"soc":{soc}}}}}"#),
        ] {
            let battery = sensors(&text, Units::Milli).battery.expect("battery");
            assert_eq!(battery.soc_permille, Some(permille), "{text}");
        }
    }
}

#[test]
fn the_status_envelope_is_read_exactly() {
    let sensor = |name: &str, ok| SensorState {
        name: name.to_owned(),
        ok,
    };
    let relay = |name: &str, on| Relay {
        name: name.to_owned(),
        on,
    };
    let expected = StatusSnapshot {
        meter_id: "METER-001".parse().ok(),
        device_time: Some(DeviceTime::Unix(1_770_091_506_000)),
        grid_mode: Some(GridMode::Import),
        exporting: Some(false),
        importing: Some(true),
        mqtt_connected: Some(true),
        wifi_connected: Some(true),
        wifi_ip: Some("192.168.1.2".to_owned()),
        wifi_rssi: Some(-60),
        relays: vec![relay("boiler", false), relay("pump", true)],
        free_heap: Some(225_968),
        uptime_ms: Some(33_860_400),
        system_status: Some("running".to_owned()),
        sensors: vec![
            sensor("battery", true),
            sensor("export", false),
            sensor("import", true),
            sensor("load", false),
            sensor("solar", true),
        ],
        device_role: Some("prosumer".to_owned()),
        ..StatusSnapshot::default()
    };
    let decoded = decode(Channel::Status, STATUS_ENVELOPE.as_bytes(), Units::Milli);
    assert_eq!(decoded, Ok(Message::Status(expected)));
}

#[test]
fn lists_of_the_device_are_bounded_and_what_is_not_understood_is_left_out() {
    let status = |text: &str| match decode(Channel::Status, text.as_bytes(), Units::Milli) {
        Ok(Message::Status(status)) => status,
        other => panic!("{text}: {other:?}"),
    };
    let many: Vec<String> = (0..500).map(|number| format!(r#""r{number:03}":true"#)).collect();
    let long = "x".repeat(65);
    let text = format!(
        r#"{{"relay":{{"{long}":true,{}}},"sensors":[1,2]}}"#,
        many.join(",")
    );
    let decoded = status(&text);
    assert_eq!((decoded.relays.len(), decoded.sensors.len()), (64, 0));
    assert_eq!(decoded.relays[63].name, "r063");
    let odd = status(r#"{"grid":{},"relay":true,"sensors":{"count":5,"battery":true}}"#);
    assert_eq!((odd.relays.len(), odd.sensors.len()), (0, 1));
}

#[test]
fn hostile_envelopes_are_refused_with_the_field_and_the_reason() {
    for (text, reason, sentence) in [
        (r#"{"data":[]}"#, "wrong_type", "data is an array, not an object"),
        (
            r#"{"data":{}}"#,
            "no_groups",
            "the message has none of the documented groups",
        ),
        (
            r#"{"data":{"net_grid":{"power":1},"load_smart_mtr":{"power":1}}}"#,
            "no_groups",
            "the message has none of the documented groups",
        ),
        (
            r#"{"data":{"export":7}}"#,
            "wrong_type",
            "data.export is a number, not an object",
        ),
        (
            r#"{"data":{"export":{"total_energy":-1}}}"#,
            "negative",
            "data.export.total_energy is negative",
        ),
        (
            r#"{"units":{"energy":"kWh"},"data":{"export":{"total_energy":9223372036.854775808}}}"#,
            "out_of_range",
            "data.export.total_energy is out of range",
        ),
        (
            r#"{"data":{"export":{"total_energy":1,"total_energy":2}}}"#,
            "duplicate",
            "data.export.total_energy occurs twice",
        ),
        (
            r#"{"export":{"total_energy_wh":1},"data":{"export":{"total_energy":2}}}"#,
            "duplicate",
            "export occurs twice",
        ),
        (
            r#"{"grid":{"export":{}},"data":{"import":{}}}"#,
            "duplicate",
            "grid occurs twice",
        ),
        (
            r#"{"units":"SI","data":{"export":{}}}"#,
            "wrong_type",
            "units is a string, not an object",
        ),
        (
            r#"{"units":{"power":"MW"},"data":{"export":{}}}"#,
            "unknown_word",
            "units.power is none of the documented words",
        ),
        (
            r#"{"units":{"energy":"J"},"data":{"export":{}}}"#,
            "unknown_word",
            "units.energy is none of the documented words",
        ),
        (
            r#"{"units":{"voltage":1},"data":{"export":{}}}"#,
            "wrong_type",
            "units.voltage is a number, not a string",
        ),
        (
            r#"{"datetime":"yesterday","data":{"export":{}}}"#,
            "not_a_time",
            "datetime is not a time such as 2026-02-03T04:05:06Z",
        ),
        (
            r#"{"datetime":"2026-02-30T00:00:00Z","data":{"export":{}}}"#,
            "not_a_time",
            "datetime is not a time such as 2026-02-03T04:05:06Z",
        ),
        (
            r#"{"datetime":1770091506,"data":{"export":{}}}"#,
            "wrong_type",
            "datetime is a number, not a string",
        ),
        (
            r#"{"datetime":"2026-02-03T04:05:06.000000000000000000000000000000Z","data":{"export":{}}}"#,
            "too_long",
            "datetime is longer than 40 bytes",
        ),
        (
            r#"{"data":{"battery":{"soc":-1}}}"#,
            "negative",
            "data.battery.soc is negative",
        ),
        (
            r#"{"data":{"battery":{"soc":1e9}}}"#,
            "out_of_range",
            "data.battery.soc is out of range",
        ),
        (
            r#"{"data":{"battery":{"is_charging":"no"}}}"#,
            "wrong_type",
            "data.battery.is_charging is a string, not a boolean",
        ),
        (
            r#"{"meterId":"a/b","data":{"export":{}}}"#,
            "bad_meter_id",
            "the meter id in the message is not a valid meter id",
        ),
        (
            r#"{"meterId":"A","data":{"export":{"#,
            "truncated",
            "the message is cut off",
        ),
    ] {
        for channel in [Channel::Data, Channel::Sensors] {
            let error = decode(channel, text.as_bytes(), Units::Milli).expect_err(text);
            assert_eq!(
                (error.reason(), error.to_string().as_str()),
                (reason, sentence),
                "{text}"
            );
        }
    }
}

/// Any JSON under the names that are read.
fn nearly_a_message() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "meterId",
        "datetime",
        "timestamp",
        "units",
        "data",
        "export",
        "import",
        "grid",
        "battery",
        "load_home",
        "solar_output",
        "power",
        "current",
        "voltage",
        "energy",
        "total_energy",
        "total_energy_wh",
        "soc",
        "charge_rate",
        "is_charging",
        "state",
        "active",
        "valid",
        "relay",
        "sensors",
        "motor1",
        "percent",
        "system",
        "uptime",
        "status",
        "mode",
        "wifi",
        "rssi",
        "counters",
        "export_wh",
        "correlation_id",
        "ok",
        "device_role",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "METER-001",
            "mW",
            "kWh",
            "charging",
            "import",
            "alive",
            "2026-02-03T04:05:06Z",
            "",
            "\u{0}",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 12, move |inner| {
        prop_oneof![
            4 => prop::collection::vec((name.clone(), inner.clone()), 0..12)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_panics(message in nearly_a_message(), data in nearly_a_message()) {
        let wrapped = json!({ "units": message, "data": data });
        for channel in Channel::ALL {
            for value in [&message, &wrapped] {
                let _ = decode(channel, value.to_string().as_bytes(), Units::Milli);
            }
        }
    }

    #[test]
    fn a_counter_in_kilowatt_hours_survives_any_digits(micro in 0_u64..=i64::MAX as u64) {
        let (whole, rest) = (micro / 1_000_000_000, micro % 1_000_000_000);
        let text =
            format!(r#"{{"units":{{"energy":"kWh"}},"data":{{"import":{{"total_energy":{whole}.{rest:09}}}}}}}"#);
        let import = sensors(&text, Units::Base).import.expect("import");
        prop_assert_eq!(import.total_energy, Some(MicroWh(micro)));
    }
}
