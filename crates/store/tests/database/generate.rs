//! Values of every kind, as wide as their types allow.

use enerlink_domain::{
    Address, BrokerAddress, Etk, Hash32, Heartbeat, Meter, MeterId, MicroAmps, MicroVolts, MicroWatts,
    MicroWh, NetWattHours, Registers, Sensors, Settlement, Status, StatusSnapshot, Subsystem, Trigger,
    TxKind, TxStage, UnixMillis, Verdict, WattHours, Wei,
    reading::{BatteryState, DeviceTime, GridMode, HeartbeatStatus, Motor, Units},
    register::{Baseline, CounterSource, Pair, Reason, Suspicion},
    settlement::Watermark,
    wallet::{AccountView, WalletId, WalletKind, WalletView},
};
use enerlink_store::{NewOutbox, OutboxRow, StoredReading};
use proptest::{collection::vec, option::of, prelude::*, sample::select};

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
        chain_id: 31_337,
        to: Address([9; 20]),
        input: vec![1, 2, 3],
        created_at: UnixMillis(5),
    }
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
    )
        .prop_map(|(electric, energies, (active, generating, state))| Subsystem {
            power: electric.0.map(MicroWatts),
            current: electric.1.map(MicroAmps),
            voltage: electric.2.map(MicroVolts),
            daily_energy: energies.0,
            total_energy: energies.1,
            settlement_energy: energies.2,
            active,
            generating,
            state,
        })
}

fn sensors() -> impl Strategy<Value = Sensors> {
    let part = || of(subsystem());
    (of(id()), of(sent_time()), part(), part(), part(), part(), part()).prop_map(
        |(meter_id, device_time, load, solar, export, import, battery)| Sensors {
            meter_id,
            device_time,
            load,
            solar,
            export,
            import,
            battery,
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
        (energy(), energy(), any::<bool>()).prop_map(|(export, import, new_epoch)| Verdict::Counted {
            added: Pair { export, import },
            new_epoch,
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
        ".{0,12}",
        of(any::<u32>()),
        of(any::<u32>()),
        of(any::<u32>()),
        of(".{0,8}"),
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
        (of(".{0,40}"), of(any::<i32>()), vec(motor(), 0..4), of(number())),
    )
        .prop_map(|(head, flow, links, rest)| StatusSnapshot {
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
    )
        .prop_map(
            |(source, now, first, (epoch, boot), baseline, suspicion, lead)| Registers {
                source,
                export: now.export,
                import: now.import,
                first,
                epoch,
                boot,
                baseline,
                suspicion: Suspicion {
                    uptime: suspicion.0,
                    count: suspicion.1,
                },
                lead,
            },
        )
}

pub(crate) fn settlement() -> impl Strategy<Value = Settlement> {
    let mark = || (watt_hours(), watt_hours()).prop_map(|(export, import)| Watermark { export, import });
    (
        (".{1,80}", address()),
        (
            select(vec![Status::Pending, Status::Success, Status::Failed]),
            select(TxStage::ALL.to_vec()),
            select(vec![
                Trigger::Periodic,
                Trigger::Manual,
                Trigger::Threshold,
                Trigger::Adopted,
            ]),
        ),
        (mark(), mark(), any::<i64>(), any::<i64>()),
        (of(hash()), of(number()), number(), of(".{0,80}")),
        (time(), of(time())),
    )
        .prop_map(|(names, words, energy, chain, times)| Settlement {
            settlement_id: names.0,
            meter_id: meter_id(),
            prosumer: names.1,
            status: words.0,
            stage: words.1,
            trigger: words.2,
            from: energy.0,
            to: energy.1,
            energy_wh: NetWattHours(energy.2),
            // Twice the range of 64 bits: amounts are text in the database.
            etk: Etk(i128::from(energy.3) * 2),
            tx: chain.0,
            block: chain.1,
            confirmations: chain.2,
            reason: chain.3,
            created_at: times.0,
            settled_at: times.1,
        })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

/// A row as `new` was queued, moved on to anything that a row can be.
pub(crate) fn outbox() -> impl Strategy<Value = (NewOutbox, OutboxRow)> {
    let kinds = vec![TxKind::OpenMeter, TxKind::SetSettler, TxKind::SettleMeter];
    let new = (
        (address(), ".{0,40}", select(kinds), of(id()), of(".{0,80}")),
        (number(), address(), bytes(), time()),
    )
        .prop_map(|(head, tail)| NewOutbox {
            account: head.0,
            signer: head.1,
            kind: head.2,
            meter_id: head.3,
            settlement_id: head.4,
            chain_id: tail.0,
            to: tail.1,
            input: tail.2,
            created_at: tail.3,
        });
    let fees = (of(number()), of(number()), of(any::<u128>()), of(any::<u128>()));
    let chain = (
        of(bytes()),
        of(hash()),
        select(TxStage::ALL.to_vec()),
        of((number(), hash())),
    );
    (new, fees, chain, (number(), of(".{0,80}"), time())).prop_map(|(new, fees, chain, rest)| {
        let row = OutboxRow {
            id: 0,
            account: new.account,
            signer: new.signer.clone(),
            kind: new.kind,
            meter_id: new.meter_id.clone(),
            settlement_id: new.settlement_id.clone(),
            chain_id: new.chain_id,
            to: new.to,
            input: new.input.clone(),
            nonce: fees.0,
            gas_limit: fees.1,
            max_fee: fees.2.map(Wei),
            priority_fee: fees.3.map(Wei),
            raw: chain.0,
            hash: chain.1,
            stage: chain.2,
            block: chain.3,
            confirmations: rest.0,
            reason: rest.1,
            created_at: new.created_at,
            updated_at: rest.2,
        };
        (new, row)
    })
}
