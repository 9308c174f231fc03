//! Whether a meter is heard, and what is wrong with it: one table for each.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use enerlink_domain::{
    Address, BrokerAddress, DeviceState, Heartbeat, Meter, MicroAmps, MicroVolts, NoticeKind, Presence,
    Sensors, StatusSnapshot, Subsystem, UnixMillis,
    command::Capabilities,
    device::{ElectricalProfile, OfflineReason, UnitsCheck},
    health::{self, BrokerLink, Signs, Watch},
    meter::Link,
    reading::{BatteryState, HeartbeatStatus, SensorState, Units},
};

const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

fn meter() -> Meter {
    Meter {
        id: "METER-001".parse().expect("an id"),
        name: String::new(),
        owner: Address::ZERO,
        broker: BrokerAddress::parse("mqtt://broker").expect("an address"),
        base_topic: "home".to_owned(),
        units: Units::Milli,
        source: None,
        rated_power_w: 5_000,
        settlement_key: false,
        added_at: NOW,
        profile: None,
        family: None,
        capabilities: Capabilities::default(),
        outputs: Vec::new(),
        units_check: UnitsCheck::NotConfirmed,
        auto_reset: None,
        take_opening: false,
        retired_at: None,
    }
}

fn device() -> DeviceState {
    DeviceState {
        meter_id: "METER-001".parse().expect("an id"),
        link: Link::up(NOW),
        sensors: None,
        heartbeat: None,
        status: None,
        interval_ms: None,
        counted: 0,
        refused: 0,
        presence: Presence::Online,
        tally: BTreeMap::new(),
        health: None,
        conditions: Vec::new(),
        stored: true,
    }
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[test]
fn presence_has_the_first_reason_that_applies() {
    let up = |value| BrokerLink::Up(Duration::from_secs(value));
    let offline = |reason| Presence::Offline { reason };
    let cut = StatusSnapshot {
        wifi_connected: Some(false),
        mqtt_connected: Some(false),
        ..StatusSnapshot::default()
    };
    let lost = StatusSnapshot {
        wifi_connected: Some(true),
        ..cut.clone()
    };
    let new = Signs {
        broker: up(20),
        interval: seconds(5),
        ..Signs::default()
    };
    let known = Signs {
        ever_heard: true,
        broker: up(1000),
        silence: seconds(11),
        ..new
    };
    for (what, signs, expected) in [
        ("nothing was tried", Signs::default(), Presence::Waiting),
        (
            "no broker",
            Signs {
                broker: BrokerLink::Down,
                ..new
            },
            offline(OfflineReason::Broker),
        ),
        (
            "a flap of the broker is no news within two intervals",
            Signs {
                broker: BrokerLink::Down,
                silence: seconds(9),
                ..known
            },
            Presence::Online,
        ),
        (
            "subscribed, and nothing was ever heard",
            new,
            offline(OfflineReason::SubscriptionSilent),
        ),
        (
            "subscribed a moment ago",
            Signs { broker: up(9), ..new },
            Presence::Waiting,
        ),
        (
            "an interval that is not known is taken for long",
            Signs {
                interval: None,
                ..new
            },
            Presence::Waiting,
        ),
        (
            "two intervals",
            Signs {
                silence: seconds(10),
                ..known
            },
            Presence::Online,
        ),
        ("more than two intervals", known, Presence::Stale),
        (
            "an hour is never the interval",
            Signs {
                interval: seconds(3600),
                silence: seconds(61),
                ..known
            },
            Presence::Stale,
        ),
        (
            "after an outage it has time to be heard",
            Signs {
                broker: up(3),
                silence: seconds(600),
                ..known
            },
            Presence::Stale,
        ),
        (
            "not on the network",
            Signs {
                status: Some(&cut),
                ..known
            },
            offline(OfflineReason::Wifi),
        ),
        (
            "on the network without its broker",
            Signs {
                status: Some(&lost),
                ..known
            },
            offline(OfflineReason::Mqtt),
        ),
        (
            "three heartbeats are missing",
            Signs {
                heartbeat: seconds(91),
                heartbeat_interval: seconds(30),
                ..known
            },
            offline(OfflineReason::HeartbeatMissed),
        ),
        (
            "two heartbeats are missing",
            Signs {
                heartbeat: seconds(89),
                heartbeat_interval: seconds(30),
                ..known
            },
            Presence::Stale,
        ),
        (
            "nothing arrives",
            Signs {
                silence: seconds(31),
                ..known
            },
            offline(OfflineReason::NoData),
        ),
        (
            "nothing arrives since the app was started",
            Signs {
                silence: None,
                broker: up(31),
                ..known
            },
            offline(OfflineReason::NoData),
        ),
        (
            "retired",
            Signs {
                retired: true,
                ..known
            },
            Presence::Retired,
        ),
    ] {
        assert_eq!(health::presence(&signs), expected, "{what}");
    }
}

fn found(
    watch: Watch,
    meter: &Meter,
    device: &DeviceState,
    active: &[NoticeKind],
) -> BTreeMap<NoticeKind, String> {
    watch.conditions(meter, device, device.presence, &active.iter().copied().collect())
}

#[test]
fn values_that_flicker_clear_later_than_they_raise() {
    let with = |rssi, heap, charge| DeviceState {
        status: Some((
            NOW,
            StatusSnapshot {
                wifi_rssi: Some(rssi),
                free_heap: Some(heap),
                ..StatusSnapshot::default()
            },
        )),
        sensors: Some((
            NOW,
            Sensors {
                battery: Some(Subsystem {
                    soc_permille: Some(charge),
                    ..Subsystem::default()
                }),
                ..Sensors::default()
            },
        )),
        ..device()
    };
    let kinds = [
        NoticeKind::WeakSignal,
        NoticeKind::LowHeap,
        NoticeKind::BatteryLow,
    ];
    let meter = meter();
    let raised = found(Watch::default(), &meter, &with(-81, 19_999, 149), &[]);
    let words: Vec<_> = kinds.iter().map(|kind| raised[kind].as_str()).collect();
    assert_eq!(words, ["-81 dBm", "19999 B", "14.9 %"]);
    let between = with(-77, 25_000, 180);
    assert!(found(Watch::default(), &meter, &between, &[]).is_empty());
    assert_eq!(found(Watch::default(), &meter, &between, &kinds).len(), 3);
    assert!(found(Watch::default(), &meter, &with(-75, 30_000, 200), &kinds).is_empty());
}

#[test]
fn the_newest_of_heartbeat_and_status_says_how_the_device_is() {
    let beat = |status, heap| Heartbeat {
        meter_id: None,
        device_time: None,
        qos: None,
        status,
        uptime_ms: None,
        free_heap: heap,
    };
    let mut device = device();
    device.heartbeat = Some((NOW, beat(HeartbeatStatus::Warning, Some(1_000))));
    let conditions = found(Watch::default(), &meter(), &device, &[]);
    assert_eq!(conditions[&NoticeKind::HeartbeatWarning], "warning");
    assert_eq!(conditions[&NoticeKind::LowHeap], "1000 B");
    let status = StatusSnapshot {
        system_status: Some("ERROR".to_owned()),
        free_heap: Some(200_000),
        ..StatusSnapshot::default()
    };
    device.status = Some((NOW.plus(Duration::from_secs(1)), status));
    let conditions = found(Watch::default(), &meter(), &device, &[]);
    assert_eq!(
        conditions.keys().copied().collect::<Vec<_>>(),
        [NoticeKind::HeartbeatError]
    );
    device.heartbeat = Some((
        NOW.plus(Duration::from_secs(2)),
        beat(HeartbeatStatus::Alive, Some(200_000)),
    ));
    assert!(found(Watch::default(), &meter(), &device, &[NoticeKind::HeartbeatError]).is_empty());
}

#[test]
fn sensors_that_fail_are_named() {
    let mut device = device();
    device.status = Some((
        NOW,
        StatusSnapshot {
            sensors: [("ina219_load", false), ("ina219_solar", true)]
                .map(|(name, ok)| SensorState {
                    name: name.to_owned(),
                    ok,
                })
                .to_vec(),
            ..StatusSnapshot::default()
        },
    ));
    let invalid = Subsystem {
        valid: Some(false),
        ..Subsystem::default()
    };
    device.sensors = Some((
        NOW,
        Sensors {
            solar: Some(invalid),
            battery: Some(invalid),
            ..Sensors::default()
        },
    ));
    let mut meter = meter();
    let conditions = found(Watch::default(), &meter, &device, &[]);
    assert_eq!(
        conditions[&NoticeKind::SensorError],
        "ina219_load, solar",
        "there never was a battery"
    );
    meter.capabilities.battery = true;
    let conditions = found(Watch::default(), &meter, &device, &[]);
    assert_eq!(
        conditions[&NoticeKind::SensorError],
        "ina219_load, solar, battery"
    );
}

#[test]
fn a_low_voltage_is_an_alert_on_the_grid_and_none_on_the_bench() {
    let mut meter = meter();
    let at = |volts: i64| DeviceState {
        sensors: Some((
            NOW,
            Sensors {
                load: Some(Subsystem {
                    voltage: Some(MicroVolts(volts * 1_000_000)),
                    ..Subsystem::default()
                }),
                ..Sensors::default()
            },
        )),
        ..device()
    };
    meter.profile = Some(ElectricalProfile::DcBench);
    assert!(found(Watch::default(), &meter, &at(4), &[]).is_empty());
    meter.profile = Some(ElectricalProfile::AcGrid);
    assert_eq!(
        found(Watch::default(), &meter, &at(170), &[])[&NoticeKind::SensorError],
        "170 V"
    );
    assert!(found(Watch::default(), &meter, &at(180), &[]).is_empty());
    assert!(!found(Watch::default(), &meter, &at(180), &[NoticeKind::SensorError]).is_empty());
}

#[test]
fn a_battery_that_contradicts_itself_three_times_is_told_and_cleared_by_one_that_agrees() {
    let battery = |state, milliamps: i64| Sensors {
        battery: Some(Subsystem {
            state: Some(state),
            current: Some(MicroAmps(milliamps * 1000)),
            ..Subsystem::default()
        }),
        ..Sensors::default()
    };
    let mut watch = Watch::default();
    let mut device = device();
    let mut hear = |sensors: Sensors, active: &[NoticeKind]| {
        watch.hear(&sensors);
        device.sensors = Some((NOW, sensors));
        found(watch, &meter(), &device, active)
    };
    let wrong = || battery(BatteryState::Discharging, -36);
    let raised = [NoticeKind::BatteryDisagrees];
    assert!(hear(wrong(), &[]).is_empty());
    assert!(
        hear(battery(BatteryState::Charging, -36), &[]).is_empty(),
        "the sample of the device"
    );
    assert!(hear(wrong(), &[]).is_empty());
    assert!(hear(wrong(), &[]).is_empty());
    assert_eq!(
        hear(wrong(), &[])[&NoticeKind::BatteryDisagrees],
        "discharging, -36 mA"
    );
    assert!(!hear(wrong(), &raised).is_empty());
    assert!(
        hear(battery(BatteryState::Charging, 3), &raised).is_empty(),
        "noise has no direction"
    );
    let started = found(Watch::default(), &meter(), &device, &raised);
    assert_eq!(
        started.len(),
        1,
        "nothing was heard since a new start: {started:?}"
    );
    assert!(found(Watch::default(), &meter(), &device, &[]).is_empty());
}

#[test]
fn offline_lasts_until_the_meter_is_heard_again() {
    let at = |presence| DeviceState { presence, ..device() };
    let reason = OfflineReason::SubscriptionSilent;
    let conditions = found(Watch::default(), &meter(), &at(Presence::Offline { reason }), &[]);
    assert_eq!(conditions[&NoticeKind::Offline], "subscription_silent");
    for presence in [Presence::Waiting, Presence::Stale] {
        assert!(found(Watch::default(), &meter(), &at(presence), &[]).is_empty());
        assert!(!found(Watch::default(), &meter(), &at(presence), &[NoticeKind::Offline]).is_empty());
    }
    assert!(
        found(
            Watch::default(),
            &meter(),
            &at(Presence::Online),
            &[NoticeKind::Offline]
        )
        .is_empty()
    );
}

#[test]
fn wrong_units_name_the_right_ones_and_health_adds_up() {
    let mut meter = meter();
    meter.units_check = UnitsCheck::Contradicted;
    let conditions = found(Watch::default(), &meter, &device(), &[]);
    assert_eq!(conditions[&NoticeKind::UnitsWrong], "base");
    let score = |presence, kinds: &[NoticeKind]| {
        health::score(presence, &kinds.iter().copied().collect::<BTreeSet<_>>())
    };
    let reason = OfflineReason::NoData;
    assert_eq!(score(Presence::Waiting, &[]), None);
    assert_eq!(score(Presence::Online, &[]), Some(100));
    assert_eq!(
        score(
            Presence::Online,
            &[NoticeKind::UnitsWrong, NoticeKind::WeakSignal]
        ),
        Some(65)
    );
    assert_eq!(
        score(
            Presence::Stale,
            &[NoticeKind::HeartbeatError, NoticeKind::SensorError]
        ),
        Some(0)
    );
    assert_eq!(
        score(Presence::Offline { reason }, &[NoticeKind::Offline]),
        Some(0)
    );
}
