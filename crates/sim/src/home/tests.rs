//! The books of a home balance exactly, whatever happens to it.

use std::time::Duration;

use enerlink_domain::{
    Sensors,
    device::PayloadFamily,
    reading::{DeviceTime, Units},
};
use enerlink_meter::{Channel, Message, decode};
use proptest::prelude::*;

use super::*;

/// 2025-11-02T00:00:00Z.
const MIDNIGHT: UnixMillis = UnixMillis(1_762_041_600_000);

/// Something that happens to a home.
#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    Mode(GridMode),
    Solar(Option<u32>),
    Load(Option<u32>),
    Command(&'static str),
    Reboot,
    FactoryReset,
}

fn event() -> impl Strategy<Value = Event> {
    let mode = prop::sample::select(vec![GridMode::Import, GridMode::Export, GridMode::Off]);
    let watts = || prop::option::of(0_u32..20_000);
    let command = prop::sample::select(vec![
        r#"{"energy":{"reset_settlement":"all"}}"#,
        r#"{"energy":{"reset":"all"}}"#,
        r#"{"energy":{"reset":"battery"}}"#,
        r#"{"grid":"off"}"#,
        r#"{"grid":7}"#,
        "nonsense",
    ]);
    prop_oneof![
        8 => (1_u64..4_000_000).prop_map(Event::Pass),
        2 => mode.prop_map(Event::Mode),
        1 => watts().prop_map(Event::Solar),
        1 => watts().prop_map(Event::Load),
        1 => command.prop_map(Event::Command),
        1 => Just(Event::Reboot),
        1 => Just(Event::FactoryReset),
    ]
}

fn happen(home: &mut Home, event: &Event) {
    match event {
        Event::Pass(ms) => {
            home.step(home.now().plus(Duration::from_millis(*ms)));
        }
        Event::Mode(mode) => home.set_mode(*mode),
        Event::Solar(watts) => home.set_solar(*watts),
        Event::Load(watts) => home.set_load(*watts),
        Event::Command(text) => {
            home.obey(text.as_bytes());
        }
        Event::Reboot => home.reboot(),
        Event::FactoryReset => home.factory_reset(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn energy_is_neither_made_nor_lost(seed: u64, events in prop::collection::vec(event(), 1..30)) {
        let config = HomeConfig::default();
        let mut home = Home::new(config.clone(), seed, MIDNIGHT);
        let full = Fine::from(config.battery_wh) * Fine::from(MICRO) * MS_PER_HOUR;
        let first = home.stored;
        for event in &events {
            let before = home.totals();
            happen(&mut home, event);
            let into = home.solar.sum() + home.import.sum() + home.discharge.sum();
            let out = home.load.sum() + home.export.sum() + home.charge.sum();
            prop_assert_eq!(into, out, "after {:?}", event);
            prop_assert_eq!(home.stored + home.discharge.sum(), first + home.charge.sum());
            prop_assert!(home.stored <= full);
            let after = home.totals();
            prop_assert!(after.export >= before.export && after.import >= before.import);
            prop_assert!(home.export.total() <= after.export && home.export.settlement() <= after.export);
            let flow = home.flow;
            prop_assert!(flow.export == 0 || flow.import == 0);
            prop_assert!(flow.charge == 0 || flow.discharge == 0);
            prop_assert!(home.mode != GridMode::Off || (flow.export == 0 && flow.import == 0));
            prop_assert!(home.mode != GridMode::Import || flow.export == 0);
        }
    }

    #[test]
    fn one_seed_is_one_history_however_it_is_stepped(seed: u64, cuts in prop::collection::vec(1_u64..1_000_000, 1..30)) {
        let mut stepped = Home::new(HomeConfig::default(), seed, MIDNIGHT);
        for cut in &cuts {
            stepped.step(stepped.now().plus(Duration::from_millis(*cut)));
        }
        let mut at_once = Home::new(HomeConfig::default(), seed, MIDNIGHT);
        at_once.step(stepped.now());
        prop_assert_eq!(stepped.sensors_json(), at_once.sensors_json());
        prop_assert_eq!(stepped.status_json(), at_once.status_json());
        prop_assert_eq!(stepped.totals(), at_once.totals());
    }
}

#[test]
fn other_seeds_have_other_weather() {
    let day = |seed| {
        let mut home = Home::new(HomeConfig::default(), seed, MIDNIGHT);
        home.step(MIDNIGHT.plus(Duration::from_secs(86_400)));
        home.totals()
    };
    assert_eq!(day(1), day(1));
    assert_ne!(day(1), day(2));
}

fn sensors(home: &Home, units: Units) -> Sensors {
    let text = home.sensors_json();
    match decode(home.sensors_channel(), text.as_bytes(), units) {
        Ok(Message::Sensors(sensors)) => sensors,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_envelope_says_the_same_as_the_flat_message() {
    for units in [Units::Milli, Units::Base] {
        let config = |family| HomeConfig {
            family,
            units,
            meter_id: "METER-001".parse().ok(),
            ..HomeConfig::default()
        };
        let at_ten = |family| {
            let mut home = Home::new(config(family), 7, MIDNIGHT.plus(Duration::from_secs(9 * 3600)));
            home.step(home.now().plus(Duration::from_secs(3600)));
            home
        };
        let flat = sensors(&at_ten(PayloadFamily::Flat), units);
        let home = at_ten(PayloadFamily::Envelope);
        // What the message declares wins over what the wallet believes.
        let envelope = sensors(&home, Units::Milli);
        let same = |sensors: &Sensors| (sensors.load, sensors.solar, sensors.export, sensors.import);
        assert_eq!(same(&envelope), same(&flat));
        assert_eq!(envelope.family, Some(PayloadFamily::Envelope));
        assert_eq!(envelope.declared, Some(units));
        assert_eq!(envelope.device_time, Some(DeviceTime::Unix(home.now().0)));
        assert_eq!(envelope.meter_id, "METER-001".parse().ok());
        let battery = envelope.battery.expect("battery");
        assert_eq!(battery.state, flat.battery.expect("battery").state);
        assert_eq!(
            battery.soc_permille.map(u64::from),
            Some(home.stored().0 / 5_000_000)
        );
        assert_eq!((battery.connected, battery.valid), (Some(true), Some(true)));
        let text = home.status_json();
        let Ok(Message::Status(status)) = decode(Channel::Status, text.as_bytes(), Units::Milli) else {
            panic!("{text}");
        };
        assert_eq!(status.device_role.as_deref(), Some("prosumer"));
        assert_eq!(status.system_status.as_deref(), Some("running"));
        assert_eq!(status.uptime_ms, Some(3_600_000));
        assert_eq!(
            (status.sensors.len(), status.motors.len(), status.relays.len()),
            (5, 3, 2)
        );
        assert_eq!(status.grid_mode, Some(GridMode::Export));
    }
}
