//! Values of every kind, as wide as their types allow.

mod money;

use enerlink_domain::{
    Address, BrokerAddress, Etk, Hash32, Heartbeat, Idrs, Meter, MeterId, MicroAmps, MicroVolts, MicroWatts,
    MicroWh, NetWattHours, Registers, Sensors, Settlement, Status, StatusSnapshot, Subsystem, Trigger,
    TxDetail, TxKind, TxStage, UnixMillis, Verdict, WattHours,
    command::{Capabilities, MotorName, OutputSetting},
    device::{ElectricalProfile, PayloadFamily, UnitsCheck},
    reading::{BatteryState, DeviceTime, GridMode, HeartbeatStatus, Motor, Relay, SensorState, Units},
    register::{Baseline, CounterSource, Pair, Reason, Remark, Suspicion},
    settlement::Watermark,
    token::Ramp,
    wallet::{AccountView, WalletId, WalletKind, WalletView},
};
use enerlink_store::{NewOutbox, StoredReading};
use proptest::{collection::vec, option::of, prelude::*, sample::select};

pub(crate) use money::{outbox, settlement};

pub(crate) fn meter_id() -> MeterId {
    "METER-001".parse().expect("a meter id")
}

/// A meter that needs no thought.
pub(crate) fn plain_meter(id: &str) -> Meter {
    Meter {
        id: id.parse().expect("a meter id"),
        name: "Roof".to_owned(),
        owner: Address([7; 20]),
        broker: BrokerAddress::parse("mqtt://127.0.0.1:1883").expect("an address"),
        base_topic: "home/energy-monitor".to_owned(),
        units: Units::Milli,
        source: None,
        rated_power_w: 5_000,
        settlement_key: true,
        added_at: UnixMillis(1_000),
        profile: None,
        family: None,
        capabilities: Capabilities::default(),
        outputs: Vec::new(),
        units_check: UnitsCheck::default(),
        auto_reset: None,
        take_opening: false,
        retired_at: None,
    }
}

/// A wallet that needs no thought.
pub(crate) fn plain_wallet(number: u8) -> WalletView {
    WalletView {
        wallet: WalletId([number; 16]),
        name: format!("Wallet {number}"),
        kind: WalletKind::Phrase,
        passphrase: false,
        phrase_confirmed: true,
        created_at: UnixMillis(1),
        accounts: vec![AccountView {
            index: 0,
            address: Address([number; 20]),
            path: None,
        }],
    }
}

/// A settlement that needs no thought.
pub(crate) fn plain_settlement(id: &str, meter: &MeterId, status: Status, etk: i128) -> Settlement {
    Settlement {
        settlement_id: id.to_owned(),
        meter_id: meter.clone(),
        prosumer: Address([7; 20]),
        status,
        stage: match status {
            Status::Pending => TxStage::Signed,
            Status::Success => TxStage::Confirmed,
            Status::Failed => TxStage::Failed,
        },
        trigger: Trigger::Periodic,
        from: Watermark::default(),
        to: Watermark {
            export: WattHours(100),
            import: WattHours(0),
        },
        energy_wh: NetWattHours(i64::try_from(etk / 100).expect("small")),
        etk: Etk(etk),
        tx: None,
        block: None,
        confirmations: 0,
        reason: None,
        created_at: UnixMillis(1),
        settled_at: None,
        basis: None,
    }
}

/// A queued transaction that needs no thought.
pub(crate) fn plain_outbox(account: Address) -> NewOutbox {
    NewOutbox {
        account,
        signer: "wallet".to_owned(),
        kind: TxKind::SettleMeter,
        meter_id: Some(meter_id()),
        settlement_id: Some("METER-001/100/0".to_owned()),
        detail: None,
        chain_id: 31_337,
        to: Address([9; 20]),
        input: vec![1, 2, 3],
        created_at: UnixMillis(5),
    }
}

/// So many base units of IDRS, which the ramp is asked for.
pub(crate) fn plain_exchange(account: Address, units: i128) -> NewOutbox {
    NewOutbox {
        kind: TxKind::OnRamp,
        meter_id: None,
        settlement_id: None,
        detail: Some(TxDetail::Ramp {
            way: Ramp::On,
            amount: Idrs(units),
        }),
        ..plain_outbox(account)
    }
}

fn units() -> impl Strategy<Value = Units> {
    select(vec![Units::Milli, Units::Base])
}

/// A meter with everything that was ever seen of one, or nothing.
pub(crate) fn meter() -> impl Strategy<Value = Meter> {
    let profiles = vec![ElectricalProfile::DcBench, ElectricalProfile::AcGrid];
    let checks = vec![
        UnitsCheck::NotConfirmed,
        UnitsCheck::Confirmed,
        UnitsCheck::Contradicted,
    ];
    let output = ("[^\\x00]{0,12}", "[^\\x00]{0,12}", any::<bool>(), of(any::<u8>())).prop_map(
        |(key, name, hidden, limit_percent)| OutputSetting {
            key,
            name,
            hidden,
            limit_percent,
        },
    );
    let capabilities = (
        any::<[bool; 5]>(),
        vec("[^\\x00]{0,12}", 0..3),
        vec(select(MotorName::ALL.to_vec()), 0..3),
        of(any::<u32>()),
    )
        .prop_map(|(seen, relays, motors, max_pwm)| Capabilities {
            battery: seen[0],
            solar: seen[1],
            grid_control: seen[2],
            relays,
            motors,
            max_pwm,
            responds: seen[3],
            reports_counters: seen[4],
        });
    (
        (of(select(profiles)), select(checks), units()),
        capabilities,
        vec(output, 0..3),
        (of(any::<bool>()), any::<bool>(), of(time())),
    )
        .prop_map(|(words, capabilities, outputs, rest)| Meter {
            profile: words.0,
            units_check: words.1,
            units: words.2,
            family: words.0.map(|_| PayloadFamily::Envelope),
            capabilities,
            outputs,
            auto_reset: rest.0,
            take_opening: rest.1,
            retired_at: rest.2,
            ..plain_meter("METER-002")
        })
}

fn id() -> impl Strategy<Value = MeterId> {
    "[A-Za-z0-9_.:-]{1,64}".prop_map(|text| text.parse().expect("a meter id"))
}

fn energy() -> impl Strategy<Value = MicroWh> {
    prop_oneof![0..=MicroWh::MAX.0, Just(MicroWh::MAX.0), 0..1_000_000_u64].prop_map(MicroWh)
}

fn watt_hours() -> impl Strategy<Value = WattHours> {
    (0..=u64::try_from(i64::MAX).expect("positive")).prop_map(WattHours)
}

fn time() -> impl Strategy<Value = UnixMillis> {
    any::<i64>().prop_map(UnixMillis)
}

fn sent_time() -> impl Strategy<Value = DeviceTime> {
    prop_oneof![
        any::<u32>().prop_map(u64::from),
        0..=u64::try_from(i64::MAX).expect("positive")
    ]
    .prop_map(DeviceTime::from_timestamp)
}

fn address() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address)
}

fn hash() -> impl Strategy<Value = Hash32> {
    any::<[u8; 32]>().prop_map(Hash32)
}

fn number() -> impl Strategy<Value = u64> {
    0..=u64::try_from(i64::MAX).expect("positive")
}

fn subsystem() -> impl Strategy<Value = Subsystem> {
    let states = vec![
        BatteryState::Charging,
        BatteryState::Discharging,
        BatteryState::Idle,
    ];
    (
        (of(any::<i64>()), of(any::<i64>()), of(any::<i64>())),
        (of(energy()), of(energy()), of(energy())),
        (of(any::<bool>()), of(any::<bool>()), of(select(states))),
        any::<(Option<u16>, Option<bool>, Option<bool>)>(),
    )
        .prop_map(
            |(electric, energies, (active, generating, state), newer)| Subsystem {
                power: electric.0.map(MicroWatts),
                current: electric.1.map(MicroAmps),
                voltage: electric.2.map(MicroVolts),
                daily_energy: energies.0,
                total_energy: energies.1,
                settlement_energy: energies.2,
                active,
                generating,
                state,
                soc_permille: newer.0,
                connected: newer.1,
                valid: newer.2,
            },
        )
}

fn sensors() -> impl Strategy<Value = Sensors> {
    // On the heap: five of them are more than a test thread has room for.
    let part = || of(subsystem()).boxed();
    let families = vec![
        PayloadFamily::Flat,
        PayloadFamily::Nested,
        PayloadFamily::Envelope,
    ];
    let head = (of(id()), of(sent_time()), of(select(families)), of(units()));
    (head, part(), part(), part(), part(), part()).prop_map(
        |((meter_id, device_time, family, declared), load, solar, export, import, battery)| Sensors {
            meter_id,
            device_time,
            load,
            solar,
            export,
            import,
            battery,
            family,
            declared,
        },
    )
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let reasons = vec![
        Reason::Duplicate,
        Reason::Retained,
        Reason::Late,
        Reason::Impossible,
        Reason::NoCounters,
        Reason::Overflow,
    ];
    prop_oneof![
        Just(Verdict::First),
        (
            energy(),
            energy(),
            any::<bool>(),
            of(select(Remark::ALL.to_vec()))
        )
            .prop_map(|(export, import, new_epoch, remark)| Verdict::Counted {
                added: Pair { export, import },
                new_epoch,
                remark,
            }),
        select(reasons).prop_map(|reason| Verdict::Refused { reason }),
    ]
}

pub(crate) fn reading() -> impl Strategy<Value = StoredReading> {
    (
        time(),
        sensors(),
        verdict(),
        of((energy(), energy())),
        any::<u32>(),
        any::<u32>(),
    )
        .prop_map(
            |(received_at, sensors, verdict, registers, epoch, boot)| StoredReading {
                meter_id: meter_id(),
                received_at,
                sensors,
                verdict,
                registers,
                epoch,
                boot,
            },
        )
}

pub(crate) fn heartbeat() -> impl Strategy<Value = Heartbeat> {
    let words = vec![
        HeartbeatStatus::Alive,
        HeartbeatStatus::Warning,
        HeartbeatStatus::Error,
    ];
    (
        of(id()),
        of(sent_time()),
        of(any::<u8>()),
        select(words),
        of(number()),
        of(number()),
    )
        .prop_map(
            |(meter_id, device_time, qos, status, uptime_ms, free_heap)| Heartbeat {
                meter_id,
                device_time,
                qos,
                status,
                uptime_ms,
                free_heap,
            },
        )
}

fn motor() -> impl Strategy<Value = Motor> {
    (
        "[^\\x00]{0,12}",
        of(any::<u32>()),
        of(any::<u32>()),
        of(any::<u32>()),
        of("[^\\x00]{0,8}"),
    )
        .prop_map(|(name, duty, max_pwm, percent, direction)| Motor {
            name,
            duty,
            max_pwm,
            percent,
            direction,
        })
}

pub(crate) fn status() -> impl Strategy<Value = StatusSnapshot> {
    let modes = vec![GridMode::Import, GridMode::Export, GridMode::Off];
    (
        (of(id()), of(sent_time()), of(select(modes))),
        (
            of(any::<bool>()),
            of(any::<bool>()),
            of(any::<u32>()),
            of(any::<u32>()),
        ),
        (of(any::<bool>()), of(any::<u32>()), of(any::<bool>())),
        (
            of("[^\\x00]{0,40}"),
            of(any::<i32>()),
            vec(motor(), 0..4),
            of(number()),
        ),
        (
            of(number()),
            of("[^\\x00]{0,20}"),
            vec(("[^\\x00]{0,12}", any::<bool>()), 0..4),
            vec(("[^\\x00]{0,12}", any::<bool>()), 0..4),
            of("[^\\x00]{0,20}"),
        ),
    )
        .prop_map(|(head, flow, links, rest, newer)| StatusSnapshot {
            meter_id: head.0,
            device_time: head.1,
            grid_mode: head.2,
            exporting: flow.0,
            importing: flow.1,
            led_duty: flow.2,
            pwm_max: flow.3,
            mqtt_connected: links.0,
            mqtt_attempts: links.1,
            wifi_connected: links.2,
            wifi_ip: rest.0,
            wifi_rssi: rest.1,
            motors: rest.2,
            free_heap: rest.3,
            uptime_ms: newer.0,
            system_status: newer.1,
            relays: newer.2.into_iter().map(|(name, on)| Relay { name, on }).collect(),
            sensors: newer
                .3
                .into_iter()
                .map(|(name, ok)| SensorState { name, ok })
                .collect(),
            device_role: newer.4,
        })
}

pub(crate) fn registers() -> impl Strategy<Value = Registers> {
    let pair = || (energy(), energy()).prop_map(|(export, import)| Pair { export, import });
    let clock = prop_oneof![
        any::<u32>().prop_map(DeviceTime::Uptime),
        any::<i64>().prop_map(DeviceTime::Unix)
    ];
    let baseline = (pair(), of(energy()), of(energy()), of(clock), time()).prop_map(
        |(counters, export, import, device_time, received_at)| Baseline {
            counters,
            settlement: Pair { export, import },
            device_time,
            received_at,
        },
    );
    (
        select(vec![CounterSource::Total, CounterSource::Settlement]),
        pair(),
        pair(),
        any::<(u32, u32)>(),
        of(baseline),
        any::<(u32, u8)>(),
        of(pair()),
        prop_oneof![Just(Pair::default()), pair()],
    )
        .prop_map(
            |(source, now, first, (epoch, boot), baseline, suspicion, lead, opening)| Registers {
                source,
                export: now.export,
                import: now.import,
                first,
                epoch,
                boot,
                baseline,
                suspicion: match suspicion {
                    (_, 0) => Suspicion::default(),
                    (uptime, count) => Suspicion {
                        uptime,
                        count,
                        received_at: UnixMillis(i64::from(uptime)),
                        counters: first,
                    },
                },
                rebooted_at: lead.map(|lead| UnixMillis(i64::from(lead.export.0 as u32))),
                reset_at: lead.map(|lead| UnixMillis(i64::from(lead.import.0 as u32))),
                lead,
                opening,
                taken_over: lead.map(|lead| Pair {
                    export: lead.import,
                    import: lead.export,
                }),
            },
        )
}
