//! What shows a command carried out, and what does not.

use enerlink_domain::{
    MicroWh, Sensors, Subsystem,
    reading::{DeviceTime, Motor, Relay},
};

use super::*;
use crate::commands::evidence::in_status;

#[test]
fn a_status_shows_outputs_as_they_were_asked_for() {
    let status = StatusSnapshot {
        grid_mode: Some(GridMode::Export),
        led_duty: Some(512),
        relays: vec![Relay {
            name: "pump".to_owned(),
            on: true,
        }],
        motors: vec![
            Motor {
                name: "motor1".to_owned(),
                duty: Some(409),
                max_pwm: Some(1023),
                percent: None,
                direction: Some("forward".to_owned()),
            },
            Motor {
                name: "motor2".to_owned(),
                duty: None,
                max_pwm: None,
                percent: Some(0),
                direction: Some("reverse".to_owned()),
            },
        ],
        ..StatusSnapshot::default()
    };
    let relay = |name: &str, on| MeterCommand::Relay {
        name: name.to_owned(),
        on,
    };
    let motor = |motor, percent, direction| MeterCommand::Motor {
        motor,
        percent,
        direction,
    };
    for (command, shown) in [
        (
            MeterCommand::Grid {
                mode: GridMode::Export,
            },
            true,
        ),
        (MeterCommand::Grid { mode: GridMode::Off }, false),
        (relay("pump", true), true),
        (relay("pump", false), false),
        (relay("fan", true), false),
        (motor(MotorName::First, 40, Direction::Forward), true),
        (motor(MotorName::First, 40, Direction::Reverse), false),
        (motor(MotorName::First, 45, Direction::Forward), false),
        (motor(MotorName::First, 0, Direction::Forward), false),
        (motor(MotorName::Second, 0, Direction::Forward), true),
        (motor(MotorName::Second, 1, Direction::Reverse), false),
        (motor(MotorName::Main, 0, Direction::Forward), false),
        (MeterCommand::Led { duty: 512 }, true),
        (MeterCommand::Led { duty: 511 }, false),
        (MeterCommand::ResetSettlement, false),
    ] {
        assert_eq!(in_status(&command, &status), shown, "{command:?}");
    }
}

fn reading(uptime: u32, export_settlement: u64, solar_total: u64) -> Sensors {
    let counters = |settlement, total| {
        Some(Subsystem {
            settlement_energy: Some(MicroWh(settlement)),
            total_energy: Some(MicroWh(total)),
            ..Subsystem::default()
        })
    };
    Sensors {
        device_time: Some(DeviceTime::Uptime(uptime)),
        export: counters(export_settlement, 7_000_000),
        import: counters(0, 0),
        solar: counters(0, solar_total),
        ..Sensors::default()
    }
}

#[test]
fn a_reset_is_seen_where_counters_have_fallen_and_the_meter_has_not_started_anew() {
    let reset = MeterCommand::ResetSettlement;
    let solar = MeterCommand::ResetEnergy {
        counter: EnergyCounter::Solar,
    };
    let all = MeterCommand::ResetEnergy {
        counter: EnergyCounter::All,
    };
    let before = reading(10_000, 5_000_000, 9_000_000);
    for (command, after, seen) in [
        (&reset, reading(15_000, 5_000_000, 9_000_000), false),
        (&reset, reading(15_000, 5_100_000, 9_000_000), false),
        (&reset, reading(15_000, 4_995_000, 9_000_000), false),
        (&reset, reading(15_000, 20_000, 9_000_000), true),
        (&reset, reading(3_000, 0, 9_000_000), false),
        (&solar, reading(15_000, 0, 9_000_000), false),
        (&solar, reading(15_000, 5_000_000, 0), true),
        (&all, reading(15_000, 0, 0), false),
    ] {
        let mut evidence = Evidence::of(Some(before.clone()), None);
        assert_eq!(
            evidence.in_sensors(command, &after, SECOND),
            seen,
            "{command:?} {after:?}"
        );
    }
    let mut nothing = Evidence::of(Some(reading(1, 0, 0)), None);
    assert!(!nothing.in_sensors(&reset, &reading(2, 0, 0), SECOND));
    assert!(!Evidence::default().in_sensors(&reset, &reading(2, 0, 0), SECOND));
}

#[test]
fn a_new_pace_is_seen_after_two_gaps() {
    let to = |sensor_ms| MeterCommand::Intervals {
        sensor_ms: Some(sensor_ms),
        heartbeat_ms: None,
    };
    let uptimes = [1_000, 6_000, 8_010, 9_990, 12_000];
    let seen = |pace, command: &MeterCommand| -> Vec<bool> {
        let mut evidence = Evidence::of(None, pace);
        let mut look = |uptime: &u32| evidence.in_sensors(command, &reading(*uptime, 0, 0), SECOND);
        uptimes.iter().map(&mut look).collect()
    };
    assert_eq!(seen(Some(5_000), &to(2_000)), [false, false, false, true, true]);
    assert_eq!(
        seen(Some(2_100), &to(2_000)),
        [false; 5],
        "it had this pace before"
    );
    assert_eq!(seen(None, &to(2_000)), [false; 5], "its pace was not known");
    assert_eq!(seen(Some(2_000), &to(5_000)), [false; 5]);
    let both = MeterCommand::Intervals {
        sensor_ms: Some(2_000),
        heartbeat_ms: Some(2_000),
    };
    assert_eq!(
        seen(Some(5_000), &both),
        [false; 5],
        "heartbeats are not looked at"
    );
}
