//! What is proposed for a meter from its first messages, and how the units prove themselves afterwards.

use enerlink_domain::{
    MicroAmps, MicroVolts, MicroWatts, MicroWh, Sensors, StatusSnapshot, Subsystem, UnixMillis,
    command::{Capabilities, MotorName},
    device::{ElectricalProfile, UnitsCheck},
    proposal::{self, UnitsTrial},
    reading::{DeviceTime, GridMode, Motor, Relay, Units},
    view::UnitsReason,
};

/// A load as numbers in the payload: power, current, voltage in volts; decoded in `units`.
fn load(units: Units, power: i64, current: i64, volts: i64) -> Subsystem {
    let scale = match units {
        Units::Milli => 1_000,
        Units::Base => 1_000_000,
    };
    Subsystem {
        power: Some(MicroWatts(power * scale)),
        current: Some(MicroAmps(current * scale)),
        voltage: Some(MicroVolts(volts * 1_000_000)),
        ..Subsystem::default()
    }
}

fn message(seconds: i64, load: Subsystem) -> (UnixMillis, Sensors) {
    let sensors = Sensors {
        load: Some(load),
        ..Sensors::default()
    };
    (UnixMillis(1_790_000_000_000 + seconds * 1000), sensors)
}

/// A load of `power` (in the payload's numbers) whose counter gains `gained` µWh with each of `count` messages, 5 s apart.
fn counting(decoded: Units, power: i64, gained: u64, count: u64) -> Vec<(UnixMillis, Sensors)> {
    (0..count)
        .map(|at| {
            let load = Subsystem {
                total_energy: Some(MicroWh(1_000_000 + at * gained)),
                ..load(decoded, power, 0, 4)
            };
            message(5 * i64::try_from(at).expect("small"), load)
        })
        .collect()
}

#[test]
fn the_sample_of_the_device_is_in_thousandths_by_its_own_day_counter() {
    for decoded in [Units::Milli, Units::Base] {
        let mut sample = message(0, load(decoded, 994, 240, 4));
        sample.1.device_time = Some(DeviceTime::Uptime(33_857_692));
        sample.1.load.as_mut().expect("there").daily_energy = Some(MicroWh(10_116_300));
        let found = proposal::units(&[sample], decoded);
        assert_eq!((found.units, found.reason), (Units::Milli, UnitsReason::Counters));
        assert_eq!(
            found.check,
            UnitsCheck::NotConfirmed,
            "one message proves nothing"
        );
    }
}

#[test]
fn counters_decide_and_a_few_of_them_already_lean() {
    // 1 W or 1 kW, written as 1000; five seconds of it are 1 389 µWh or a thousand times that.
    for (gained, units) in [(1_389, Units::Milli), (1_388_889, Units::Base)] {
        for decoded in [Units::Milli, Units::Base] {
            let few = proposal::units(&counting(decoded, 1000, gained, 3), decoded);
            assert_eq!((few.units, few.reason), (units, UnitsReason::Counters));
            assert_eq!(few.check, UnitsCheck::NotConfirmed);
            let many = proposal::units(&counting(decoded, 1000, gained, 20), decoded);
            assert_eq!((many.units, many.reason), (units, UnitsReason::Counters));
            assert_eq!(many.check, UnitsCheck::Confirmed);
        }
    }
}

#[test]
fn the_reason_is_the_first_that_can_tell() {
    let only = |load: Subsystem| proposal::units(&[message(0, load)], Units::Milli);
    let mut declared = message(0, load(Units::Milli, 1000, 0, 4));
    declared.1.declared = Some(Units::Base);
    let found = proposal::units(&[declared], Units::Milli);
    assert_eq!(
        (found.units, found.reason, found.check),
        (Units::Base, UnitsReason::Declared, UnitsCheck::Confirmed)
    );
    // 230 V and 4300 mA make 989 W, so that the power is in watts.
    let mixed = only(load(Units::Milli, 989, 4300, 230));
    assert_eq!(
        (mixed.units, mixed.reason),
        (Units::Base, UnitsReason::VoltageTimesCurrent)
    );
    // 2 A at 5 V make 10 000 mW.
    let mixed = only(load(Units::Milli, 10_000, 2, 5));
    assert_eq!(
        (mixed.units, mixed.reason),
        (Units::Milli, UnitsReason::VoltageTimesCurrent)
    );
    let huge = only(Subsystem {
        current: None,
        ..load(Units::Milli, 2_500_000, 0, 230)
    });
    assert_eq!((huge.units, huge.reason), (Units::Milli, UnitsReason::Magnitude));
    let nothing = only(Subsystem::default());
    assert_eq!(
        (nothing.units, nothing.reason),
        (Units::Milli, UnitsReason::Default)
    );
    assert_eq!(nothing.check, UnitsCheck::NotConfirmed);
}

#[test]
fn units_prove_themselves_only_when_enough_energy_has_passed() {
    let judged = |messages: &[(UnixMillis, Sensors)]| {
        let mut trial = UnitsTrial::default();
        for pair in messages.windows(2) {
            trial.observe((pair[0].0, &pair[0].1), (pair[1].0, &pair[1].1));
        }
        trial.verdict()
    };
    assert_eq!(
        judged(&counting(Units::Milli, 1000, 1_389, 5)),
        UnitsCheck::NotConfirmed
    );
    assert_eq!(
        judged(&counting(Units::Milli, 1000, 1_389, 60)),
        UnitsCheck::Confirmed
    );
    assert_eq!(
        judged(&counting(Units::Base, 1000, 1_389, 60)),
        UnitsCheck::Contradicted
    );
    // A counter that shows whole watt-hours jumps once in a while: one jump is no proof.
    let mut coarse = counting(Units::Milli, 1000, 0, 60);
    for (_, sensors) in &mut coarse[30..] {
        sensors.load.as_mut().expect("there").total_energy = Some(MicroWh(2_000_000));
    }
    assert_eq!(judged(&coarse), UnitsCheck::NotConfirmed);
    // Silence says nothing about the power meanwhile.
    let mut apart = counting(Units::Base, 1000, 1_389, 60);
    for (at, (time, _)) in apart.iter_mut().enumerate() {
        time.0 += 600_000 * i64::try_from(at).expect("small");
    }
    assert_eq!(judged(&apart), UnitsCheck::NotConfirmed);
}

#[test]
fn the_electrical_side_is_told_by_home_and_grid() {
    let volts = |volts| load(Units::Milli, 0, 0, volts);
    let of = |sensors: Sensors| proposal::electrical_profile(&sensors);
    let home = |value| Sensors {
        load: Some(volts(value)),
        ..Sensors::default()
    };
    assert_eq!(of(home(4)), Some(ElectricalProfile::DcBench));
    assert_eq!(of(home(9)), Some(ElectricalProfile::DcBench));
    assert_eq!(of(home(230)), Some(ElectricalProfile::AcGrid));
    assert_eq!(of(home(0)), None);
    let battery = Sensors {
        battery: Some(volts(48)),
        solar: Some(volts(600)),
        ..Sensors::default()
    };
    assert_eq!(
        of(battery),
        None,
        "direct current is everywhere behind an inverter"
    );
}

#[test]
fn what_a_meter_can_do_is_learned_and_stays() {
    let mut known = Capabilities::default();
    let absent = Sensors {
        battery: Some(Subsystem {
            connected: Some(false),
            ..Subsystem::default()
        }),
        solar: Some(Subsystem::default()),
        ..Sensors::default()
    };
    assert!(known.learn_sensors(&absent));
    assert!(known.solar && !known.battery);
    let status = StatusSnapshot {
        grid_mode: Some(GridMode::Export),
        pwm_max: Some(1023),
        motors: ["motor1", "conveyor"]
            .map(|name| Motor {
                name: name.to_owned(),
                duty: None,
                max_pwm: None,
                percent: None,
                direction: None,
            })
            .to_vec(),
        relays: (0..1000)
            .map(|number| Relay {
                name: format!("relay{number}"),
                on: true,
            })
            .collect(),
        ..StatusSnapshot::default()
    };
    assert!(known.learn_status(&status));
    assert!(!known.learn_status(&status), "nothing new");
    assert!(
        !known.learn_status(&StatusSnapshot::default()),
        "what was seen stays"
    );
    assert_eq!(known.motors, [MotorName::First]);
    assert_eq!((known.max_pwm, known.grid_control), (Some(1023), true));
    assert_eq!(known.relays.len(), 32, "a hostile meter does not fill the disk");
}
