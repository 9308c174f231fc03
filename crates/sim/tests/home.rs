//! The simulated home: its day, its counters, and its messages as the decoder reads them.

use std::time::Duration;

use enerlink_domain::{
    MeterCommand, MicroAmps, MicroVolts, MicroWatts, MicroWh, Sensors, StatusSnapshot, Subsystem, UnixMillis,
    command::{Direction, EnergyCounter, MotorName},
    device::PayloadFamily,
    reading::{BatteryState, DeviceTime, GridMode, HeartbeatStatus, Units},
};
use enerlink_meter::{Channel, Message, decode, encode};
use enerlink_sim::home::{Answer, Home, HomeConfig, Intervals};

/// 2025-11-02T00:00:00Z.
const MIDNIGHT: UnixMillis = UnixMillis(1_762_041_600_000);

fn hours(hours: u64) -> Duration {
    Duration::from_secs(3600 * hours)
}

fn at(config: HomeConfig, seed: u64, hour: u64) -> Home {
    Home::new(config, seed, MIDNIGHT.plus(hours(hour)))
}

fn pass(home: &mut Home, time: Duration) {
    home.step(home.now().plus(time));
}

fn sensors(home: &Home, units: Units) -> Sensors {
    let text = home.sensors_json();
    match decode(Channel::Sensors, text.as_bytes(), units) {
        Ok(Message::Sensors(sensors)) => sensors,
        other => panic!("{text}: {other:?}"),
    }
}

fn status(home: &Home) -> StatusSnapshot {
    let text = home.status_json();
    match decode(Channel::Status, text.as_bytes(), Units::Milli) {
        Ok(Message::Status(status)) => status,
        other => panic!("{text}: {other:?}"),
    }
}

fn command(home: &mut Home, id: &str, command: &MeterCommand) -> Answer {
    home.obey(encode(command, id, home.now()).as_bytes())
}

#[test]
fn a_morning_exports_between_150_and_350_watt_hours_in_five_minutes() {
    for seed in 0..20 {
        let mut home = at(HomeConfig::default(), seed, 9);
        for period in 0..36 {
            let before = home.totals();
            pass(&mut home, Duration::from_secs(300));
            let exported = home.totals().export.0 - before.export.0;
            assert!(
                (150_000_000..=350_000_000).contains(&exported),
                "seed {seed}, period {period}: {exported}"
            );
            assert_eq!(home.totals().import, before.import);
        }
    }
}

#[test]
fn a_night_imports_and_a_consumer_always_does() {
    let mut home = at(HomeConfig::default(), 3, 0);
    home.set_load(Some(2000));
    pass(&mut home, hours(4));
    assert_eq!(home.totals().export, MicroWh(0));
    // Two kWh were in the battery, of which it gives 600 W.
    assert_eq!(home.totals().import, MicroWh(8_000_000_000 - 2_000_000_000));
    assert_eq!(home.stored(), MicroWh(0));

    let mut consumer = at(
        HomeConfig {
            utc_offset_minutes: 0,
            ..HomeConfig::consumer()
        },
        3,
        12,
    );
    pass(&mut consumer, hours(1));
    let totals = consumer.totals();
    assert!(
        totals.export == MicroWh(0) && totals.import.0 > 800_000_000,
        "{totals:?}"
    );
}

#[test]
fn a_neighbourhood_has_sellers_and_buyers() {
    for number in 1..=8 {
        let config = HomeConfig {
            utc_offset_minutes: 0,
            ..HomeConfig::neighbour(5, number)
        };
        assert_eq!(
            config,
            HomeConfig {
                utc_offset_minutes: 0,
                ..HomeConfig::neighbour(5, number)
            }
        );
        let mut home = at(config, 5, 11);
        pass(&mut home, hours(1));
        let totals = home.totals();
        assert_eq!(
            totals.export > totals.import,
            number % 2 == 0,
            "{number}: {totals:?}"
        );
    }
}

#[test]
fn energy_is_the_exact_integral_of_power() {
    let mut home = at(
        HomeConfig {
            battery_wh: 0,
            ..HomeConfig::default()
        },
        1,
        9,
    );
    home.set_solar(Some(3001));
    home.set_load(Some(1));
    pass(&mut home, Duration::from_millis(7));
    pass(&mut home, Duration::from_millis(5));
    assert_eq!(home.totals().export, MicroWh(3_000_000_000 * 12 / 3_600_000));
    pass(&mut home, hours(1) - Duration::from_millis(12));
    assert_eq!(home.totals().export, MicroWh(3_000_000_000));
}

#[test]
fn the_switch_decides_what_passes_the_meter() {
    for (mode, solar, load, export, import) in [
        (GridMode::Export, 3000, 1000, 2_000, 0),
        (GridMode::Export, 1000, 3000, 0, 2_000),
        (GridMode::Import, 3000, 1000, 0, 0),
        (GridMode::Import, 1000, 3000, 0, 2_000),
        (GridMode::Off, 3000, 1000, 0, 0),
        (GridMode::Off, 1000, 3000, 0, 0),
        (GridMode::Export, 9000, 1000, 6_000, 0),
    ] {
        let mut home = at(
            HomeConfig {
                battery_wh: 0,
                ..HomeConfig::default()
            },
            1,
            9,
        );
        home.set_solar(Some(solar));
        home.set_load(Some(load));
        home.set_mode(mode);
        pass(&mut home, hours(1));
        let expected = (MicroWh(export * 1_000_000), MicroWh(import * 1_000_000));
        assert_eq!(
            (home.totals().export, home.totals().import),
            expected,
            "{mode:?} {solar} {load}"
        );
        let flow = home.step(home.now());
        assert_eq!(flow.solar + flow.import, flow.load + flow.export);
    }
}

#[test]
fn messages_decode_to_the_integers_they_were_written_from() {
    for units in [Units::Milli, Units::Base] {
        let config = HomeConfig {
            units,
            meter_id: Some("METER-001".parse().expect("an id")),
            ..HomeConfig::default()
        };
        let mut home = at(config, 7, 9);
        home.set_solar(Some(3_333));
        home.set_load(Some(333));
        pass(&mut home, Duration::from_millis(1_234_567));
        let decoded = sensors(&home, units);
        assert_eq!(decoded.meter_id.expect("an id").as_str(), "METER-001");
        assert_eq!(decoded.device_time, Some(DeviceTime::Uptime(1_234_567)));
        let export = home.totals().export;
        assert_eq!(export, MicroWh(2_400_000_000_u64 * 1_234_567 / 3_600_000));
        assert_eq!(
            decoded.export,
            Some(Subsystem {
                power: Some(MicroWatts(2_400_000_000)),
                current: Some(MicroAmps(10_434_782)),
                voltage: Some(MicroVolts(230_000_000)),
                daily_energy: Some(export),
                total_energy: Some(export),
                settlement_energy: Some(export),
                active: Some(true),
                ..Subsystem::default()
            })
        );
        let battery = decoded.battery.expect("a battery");
        assert_eq!(
            (battery.power, battery.state),
            (Some(MicroWatts(600_000_000)), Some(BatteryState::Charging))
        );
        assert_eq!(battery.current, Some(MicroAmps(-11_718_750)));
        assert_eq!(decoded.solar.expect("solar").generating, Some(true));
        assert_eq!(decoded.load.expect("load").power, Some(MicroWatts(333_000_000)));
    }
}

#[test]
fn the_flat_message_has_the_documented_keys_in_their_order() {
    let home = at(HomeConfig::default(), 7, 9);
    let mut at = 0;
    let text = home.sensors_json();
    for key in [
        "timestamp",
        "load",
        "power",
        "current",
        "voltage",
        "daily_energy_wh",
        "total_energy_wh",
        "settlement_energy_wh",
        "solar",
        "power",
        "current",
        "voltage",
        "generating",
        "daily_energy_wh",
        "total_energy_wh",
        "settlement_energy_wh",
        "export",
        "power",
        "active",
        "current",
        "voltage",
        "daily_energy_wh",
        "total_energy_wh",
        "settlement_energy_wh",
        "import",
        "power",
        "active",
        "current",
        "voltage",
        "daily_energy_wh",
        "total_energy_wh",
        "settlement_energy_wh",
        "battery",
        "power",
        "state",
        "current",
        "voltage",
        "daily_energy_wh",
        "total_energy_wh",
        "settlement_energy_wh",
    ] {
        let key = format!("\"{key}\":");
        let found = text[at..]
            .find(&key)
            .unwrap_or_else(|| panic!("{key} after {at} in {text}"));
        assert!(
            !text[at..at + found].contains("\":{\"") || found < 80,
            "{key} in {text}"
        );
        at += found + key.len();
    }
    assert!(!text[at..].contains(':'), "{text}");
}

#[test]
fn the_nested_message_has_settlement_counters_only() {
    let mut home = at(
        HomeConfig {
            family: PayloadFamily::Nested,
            ..HomeConfig::default()
        },
        7,
        9,
    );
    pass(&mut home, hours(1));
    let decoded = sensors(&home, Units::Milli);
    let only = |energy| {
        Some(Subsystem {
            settlement_energy: Some(energy),
            ..Subsystem::default()
        })
    };
    assert_eq!(decoded.export, only(home.totals().export));
    assert_eq!(decoded.import, only(MicroWh(0)));
    assert_eq!((decoded.load, decoded.solar, decoded.battery), (None, None, None));
}

#[test]
fn heartbeat_and_status_decode() {
    let mut home = at(HomeConfig::default(), 7, 9);
    pass(&mut home, hours(1));
    let Ok(Message::Heartbeat(heartbeat)) =
        decode(Channel::Heartbeat, home.heartbeat_json().as_bytes(), Units::Milli)
    else {
        panic!("{}", home.heartbeat_json());
    };
    assert_eq!(
        (heartbeat.status, heartbeat.uptime_ms),
        (HeartbeatStatus::Alive, Some(3_600_000))
    );
    let status = status(&home);
    assert_eq!(status.grid_mode, Some(GridMode::Export));
    assert_eq!((status.exporting, status.importing), (Some(true), Some(false)));
    assert_eq!((status.led_duty, status.pwm_max), (Some(63), Some(255)));
    let names: Vec<&str> = status.motors.iter().map(|motor| motor.name.as_str()).collect();
    assert_eq!(names, ["motor", "motor1", "motor2"]);
    assert_eq!(status.motors[0].max_pwm, Some(1023));
}

#[test]
fn days_settlements_resets_and_reboots_move_their_own_counters() {
    let mut home = at(HomeConfig::default(), 7, 22);
    home.set_load(Some(1600));
    home.set_solar(Some(0));
    pass(&mut home, hours(3));
    let import = |home: &Home| sensors(home, Units::Milli).import.expect("import");
    let night = import(&home);
    assert_eq!(night.total_energy, Some(MicroWh(3_000_000_000)));
    assert_eq!(night.daily_energy, Some(MicroWh(1_000_000_000)));

    let answer = command(&mut home, "c-1", &MeterCommand::ResetSettlement);
    assert_eq!(
        (answer.error.as_deref(), answer.counters),
        (None, Some((MicroWh(0), MicroWh(3_000_000_000))))
    );
    let reset = import(&home);
    assert_eq!(
        (reset.settlement_energy, reset.total_energy),
        (Some(MicroWh(0)), night.total_energy)
    );
    let again = command(&mut home, "c-1", &MeterCommand::ResetSettlement);
    assert_eq!(again, answer, "a repeated command is answered alike");

    home.reboot();
    pass(&mut home, hours(1));
    let rebooted = sensors(&home, Units::Milli);
    assert_eq!(rebooted.device_time, Some(DeviceTime::Uptime(3_600_000)));
    let expected = home.totals().import;
    assert_eq!(rebooted.import.expect("import").total_energy, Some(expected));

    home.factory_reset();
    let empty = import(&home);
    assert_eq!(
        (empty.total_energy, empty.daily_energy),
        (Some(MicroWh(0)), Some(MicroWh(0)))
    );
    assert_eq!(home.totals().import, expected);
}

#[test]
fn uptime_rolls_over_as_32_bits_do() {
    let mut home = at(HomeConfig::default(), 7, 9);
    pass(&mut home, Duration::from_millis((1 << 32) + 5));
    assert_eq!(
        sensors(&home, Units::Milli).device_time,
        Some(DeviceTime::Uptime(5))
    );
}

#[test]
fn commands_switch_what_the_status_shows() {
    let mut home = at(HomeConfig::default(), 7, 9);
    for (id, mode) in [
        ("g-1", GridMode::Off),
        ("g-2", GridMode::Import),
        ("g-3", GridMode::Export),
    ] {
        assert_eq!(command(&mut home, id, &MeterCommand::Grid { mode }).error, None);
        assert_eq!(status(&home).grid_mode, Some(mode));
    }
    let motor = MeterCommand::Motor {
        motor: MotorName::Second,
        percent: 50,
        direction: Direction::Reverse,
    };
    assert_eq!(command(&mut home, "m-1", &motor).error, None);
    let shown = &status(&home).motors[2];
    assert_eq!(
        (shown.percent, shown.duty, shown.direction.as_deref()),
        (Some(50), Some(511), Some("reverse"))
    );
    assert_eq!(
        command(&mut home, "l-1", &MeterCommand::Led { duty: 255 }).error,
        None
    );
    assert_eq!(status(&home).led_duty, Some(255));
    let relay = MeterCommand::Relay {
        name: "relay2".to_owned(),
        on: true,
    };
    assert_eq!(command(&mut home, "r-1", &relay).error, None);
    let relays: Vec<(String, bool)> = status(&home)
        .relays
        .into_iter()
        .map(|relay| (relay.name, relay.on))
        .collect();
    assert_eq!(
        relays,
        [("relay1".to_owned(), false), ("relay2".to_owned(), true)]
    );
    let foreign = MeterCommand::Relay {
        name: "pump".to_owned(),
        on: true,
    };
    assert_eq!(
        command(&mut home, "r-2", &foreign).error.as_deref(),
        Some("no such relay")
    );
    let intervals = MeterCommand::Intervals {
        sensor_ms: Some(1000),
        heartbeat_ms: None,
    };
    let answer = command(&mut home, "i-1", &intervals);
    assert_eq!(
        answer.intervals,
        Intervals {
            sensor: Some(Duration::from_secs(1)),
            heartbeat: None
        }
    );
    pass(&mut home, hours(1));
    command(
        &mut home,
        "e-1",
        &MeterCommand::ResetEnergy {
            counter: EnergyCounter::Solar,
        },
    );
    assert_eq!(
        sensors(&home, Units::Milli).solar.expect("solar").total_energy,
        Some(MicroWh(0))
    );
}

#[test]
fn every_command_of_the_protocol_document_is_obeyed() {
    let document = include_str!("../../../docs/meter-protocol.md");
    let config = HomeConfig {
        relays: vec!["pump".to_owned()],
        ..HomeConfig::default()
    };
    let mut home = at(config, 7, 9);
    let mut count = 0;
    for block in document.split("```json command\n").skip(1) {
        let text = block.split("```").next().expect("an end");
        let answer = home.obey(text.as_bytes());
        assert_eq!(answer.error, None, "{text}");
        count += 1;
    }
    assert_eq!(count, 8);
    let status = status(&home);
    assert!(status.relays[0].on);
    assert_eq!((status.led_duty, status.motors[1].percent), (Some(128), Some(75)));
}

#[test]
fn bad_commands_are_answered_with_the_reason() {
    let mut home = at(HomeConfig::default(), 7, 9);
    for (text, error) in [
        (r#"{"grid":"sideways","correlation_id":"1"}"#, "unknown grid mode"),
        (r#"{"fly":true,"correlation_id":"2"}"#, "unknown command"),
        (r#"{"correlation_id":"3"}"#, "empty command"),
        (
            r#"{"motor":{"percent":101},"correlation_id":"4"}"#,
            "percent is not a number from 0 to 100",
        ),
        (
            r#"{"pwm":{"led_duty":-1},"correlation_id":"5"}"#,
            "led_duty is not a number from 0 to 255",
        ),
        (
            r#"{"energy":{"reset_settlement":"some"},"correlation_id":"6"}"#,
            "unknown energy command",
        ),
        (
            r#"{"mqtt":{"sensor_interval":1},"correlation_id":"7"}"#,
            "sensor_interval is not a number of at least 100 milliseconds",
        ),
    ] {
        let answer = home.obey(text.as_bytes());
        assert_eq!(answer.error.as_deref(), Some(error), "{text}");
        let json = answer.json().expect("it has an id");
        let Ok(Message::Response(response)) = decode(Channel::Response, json.as_bytes(), Units::Milli) else {
            panic!("{json}");
        };
        assert_eq!((response.ok, response.error.as_deref()), (false, Some(error)));
    }
    assert_eq!(home.obey(b"\xff").json(), None);
    assert_eq!(home.obey(br#"{"grid":"off"}"#).json(), None);
    assert_eq!(home.mode(), GridMode::Off);
}
