//! Registers against a model of a meter: whatever happens to the messages, energy is counted once.

use enerlink_domain::{
    MicroWh, Registers, Sensors, Subsystem, UnixMillis, Verdict, WattHours,
    reading::DeviceTime,
    register::{CounterSource, Delivery, NOISE, Pair, Reason},
    settlement::Watermark,
};
use proptest::prelude::*;

const RATED_W: u32 = 5_000;

/// A meter that counts truly, whatever the network does to its messages.
#[derive(Clone, Debug)]
struct Device {
    export: u64,
    import: u64,
    settlement_export: u64,
    settlement_import: u64,
    uptime_ms: u64,
    wall_ms: i64,
    true_export: u64,
    true_import: u64,
}

impl Device {
    fn new() -> Self {
        Self {
            export: 1_959_955,
            import: 4_000,
            settlement_export: 0,
            settlement_import: 0,
            uptime_ms: 33_857_692,
            wall_ms: 1_790_000_000_000,
            true_export: 1_959_955,
            true_import: 4_000,
        }
    }

    fn pass(&mut self, millis: u64, export_permille: u64, import_permille: u64) {
        let full = u64::from(RATED_W) * millis * 1000 / 3600;
        let (export, import) = (full * export_permille / 1000, full * import_permille / 1000);
        self.export += export;
        self.settlement_export += export;
        self.true_export += export;
        self.import += import;
        self.settlement_import += import;
        self.true_import += import;
        self.uptime_ms += millis;
        self.wall_ms += i64::try_from(millis).expect("small");
    }

    fn reading(&self) -> Sensors {
        let side = |total: u64, settlement: u64| Subsystem {
            total_energy: Some(MicroWh(total)),
            settlement_energy: Some(MicroWh(settlement)),
            ..Subsystem::default()
        };
        Sensors {
            device_time: Some(DeviceTime::Uptime((self.uptime_ms % (1 << 32)) as u32)),
            export: Some(side(self.export, self.settlement_export)),
            import: Some(side(self.import, self.settlement_import)),
            ..Sensors::default()
        }
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(self.wall_ms)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Publish {
        millis: u64,
        export: u64,
        import: u64,
    },
    Silence {
        millis: u64,
        export: u64,
    },
    Duplicate,
    /// A run of messages, which the broker delivers once more because it was not told that they had arrived.
    Again {
        messages: u8,
        export: u64,
    },
    Late,
    Retained,
    Noise,
    Reboot {
        millis: u64,
    },
    ResetSettlement,
    WithoutCounters,
    Impossible,
}

fn step() -> impl Strategy<Value = Step> {
    let part = 0..900_u64;
    prop_oneof![
        6 => (1_000..30_000_u64, part.clone(), part.clone()).prop_map(|(millis, export, import)| Step::Publish { millis, export, import }),
        2 => (30_000..3_000_000_u64, part).prop_map(|(millis, export)| Step::Silence { millis, export }),
        1 => Just(Step::Duplicate),
        1 => (1..12_u8, 1..900_u64).prop_map(|(messages, export)| Step::Again { messages, export }),
        1 => Just(Step::Late),
        1 => Just(Step::Retained),
        1 => Just(Step::Noise),
        1 => (40_000..400_000_u64).prop_map(|millis| Step::Reboot { millis }),
        1 => Just(Step::ResetSettlement),
        1 => Just(Step::WithoutCounters),
        1 => Just(Step::Impossible),
    ]
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![
        Just(Delivery::First),
        Just(Delivery::Again),
        Just(Delivery::Retained)
    ]
}

/// Plays `steps` and answers the registers and the device at the end, after one plain message.
fn play(steps: &[Step]) -> (Registers, Device) {
    let mut device = Device::new();
    let mut registers = Registers::new(CounterSource::Total);
    assert_eq!(
        registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W),
        Verdict::First
    );
    let mut old = device.reading();
    for step in steps {
        let before = registers;
        match step {
            Step::Publish {
                millis,
                export,
                import,
            } => {
                old = device.reading();
                device.pass(*millis, *export, *import);
                let verdict = registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
                // After a reboot without energy, a message without energy cannot be told from a straggler.
                let idle = export + import == 0;
                assert!(
                    idle || matches!(verdict, Verdict::Counted { .. }),
                    "{verdict:?} after {step:?}"
                );
            }
            Step::Silence { millis, export } => device.pass(*millis, *export, 0),
            Step::Duplicate => {
                device.pass(1_000, 0, 0);
                registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
                let verdict = registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
                assert!(matches!(verdict, Verdict::Refused { .. }), "{verdict:?}");
            }
            Step::Again { messages, export } => {
                let mut run = Vec::new();
                for _ in 0..*messages {
                    device.pass(2_000, *export, 0);
                    registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
                    run.push(device.reading());
                }
                let counted = registers;
                for sensors in run {
                    let verdict = registers.apply(&sensors, device.now(), Delivery::Again, RATED_W);
                    assert!(matches!(verdict, Verdict::Refused { .. }), "{verdict:?}");
                }
                assert_eq!(registers, counted);
            }
            Step::Late => {
                let verdict = registers.apply(&old, device.now(), Delivery::First, RATED_W);
                let nothing = matches!(
                    verdict,
                    Verdict::Counted { added, new_epoch: false, .. } if added == Pair::default()
                );
                assert!(
                    matches!(verdict, Verdict::Refused { .. }) || nothing,
                    "{verdict:?}"
                );
            }
            Step::Retained => {
                let verdict = registers.apply(&device.reading(), device.now(), Delivery::Retained, RATED_W);
                assert_eq!(
                    verdict,
                    Verdict::Refused {
                        reason: Reason::Retained
                    }
                );
            }
            Step::Noise => {
                device.pass(1_000, 0, 0);
                let mut noisy = device.clone();
                noisy.export = noisy.export.saturating_sub(NOISE.0);
                registers.apply(&noisy.reading(), device.now(), Delivery::First, RATED_W);
            }
            Step::Reboot { millis } => {
                device.pass(*millis, 0, 0);
                device.uptime_ms = 5_000;
                old = device.reading();
                registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
            }
            Step::ResetSettlement => {
                device.settlement_export = 0;
                device.settlement_import = 0;
            }
            Step::WithoutCounters => {
                let empty = Sensors {
                    export: None,
                    ..device.reading()
                };
                let verdict = registers.apply(&empty, device.now(), Delivery::First, RATED_W);
                assert_eq!(
                    verdict,
                    Verdict::Refused {
                        reason: Reason::NoCounters
                    }
                );
            }
            Step::Impossible => {
                device.pass(1_000, 0, 0);
                let mut broken = device.clone();
                broken.export += 1_000_000_000_000_000;
                let verdict = registers.apply(&broken.reading(), device.now(), Delivery::First, RATED_W);
                assert_eq!(
                    verdict,
                    Verdict::Refused {
                        reason: Reason::Impossible
                    }
                );
            }
        }
        assert!(
            registers.export >= before.export && registers.import >= before.import,
            "{step:?}"
        );
        assert!(registers.export.0 <= device.true_export, "{step:?}");
        assert!(registers.import.0 <= device.true_import, "{step:?}");
    }
    device.pass(2_000, 0, 0);
    registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    (registers, device)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_watt_hour_is_counted_once(steps in prop::collection::vec(step(), 0..60)) {
        let (registers, device) = play(&steps);
        prop_assert_eq!(registers.export.0, device.true_export);
        prop_assert_eq!(registers.import.0, device.true_import);
        prop_assert_eq!(registers.epoch, 0);
    }

    #[test]
    fn no_message_makes_a_register_fall(
        messages in prop::collection::vec(
            (any::<u32>(), any::<u64>(), any::<u64>(), delivery(), 0..10_000_000_i64), 0..40,
        ),
        watermark in any::<(u32, u32)>(),
    ) {
        let mut registers = Registers::new(CounterSource::Total);
        let mut now = 1_790_000_000_000_i64;
        for (at, (uptime, export, import, delivery, millis)) in messages.into_iter().enumerate() {
            now += millis;
            let before = registers;
            if at == 5 {
                let mark = Watermark { export: WattHours(watermark.0.into()), import: WattHours(watermark.1.into()) };
                registers.raise_to(mark);
                prop_assert!(registers.export >= mark.export.micro().expect("fits"));
            }
            let side = |total| Some(Subsystem { total_energy: Some(MicroWh(total)), ..Subsystem::default() });
            let sensors = Sensors {
                device_time: Some(DeviceTime::Uptime(uptime)),
                export: side(export % MicroWh::MAX.0),
                import: side(import % MicroWh::MAX.0),
                ..Sensors::default()
            };
            registers.apply(&sensors, UnixMillis(now), delivery, RATED_W);
            prop_assert!(registers.export >= before.export && registers.import >= before.import);
            prop_assert!(registers.export <= MicroWh::MAX && registers.import <= MicroWh::MAX);
        }
    }
}

/// What a device says that has settlement counters only.
fn without_totals(device: &Device) -> Sensors {
    let mut sensors = device.reading();
    for side in [&mut sensors.export, &mut sensors.import] {
        side.as_mut().expect("present").total_energy = None;
    }
    sensors
}

/// A device that has counted, and registers that follow it.
fn started() -> (Device, Registers) {
    let mut device = Device::new();
    let mut registers = Registers::new(CounterSource::Total);
    registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    device.pass(5_000, 500, 0);
    registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    (device, registers)
}

#[test]
fn a_reset_of_the_totals_begins_an_epoch_and_the_settlement_counter_closes_the_gap() {
    let (mut device, mut registers) = started();
    device.pass(4_000, 500, 0);
    device.export = 0;
    device.import = 0;
    device.pass(1_000, 500, 0);
    let verdict = registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    assert!(
        matches!(verdict, Verdict::Counted { new_epoch: true, .. }),
        "{verdict:?}"
    );
    assert_eq!(registers.export.0, device.true_export);
    assert_eq!(registers.epoch, 1);
}

#[test]
fn a_factory_reset_restarts_the_settlement_counter_as_well() {
    let (mut device, mut registers) = started();
    device.pass(60_000, 500, 0);
    device.settlement_export = 0;
    device.pass(2_000, 500, 0);
    registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    device.export = 0;
    device.import = 0;
    device.settlement_export = 0;
    device.pass(10_000, 500, 0);
    let verdict = registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    assert!(
        matches!(verdict, Verdict::Counted { new_epoch: true, .. }),
        "{verdict:?}"
    );
    assert_eq!(registers.export.0, device.true_export);
}

#[test]
fn a_replaced_meter_that_shows_much_is_only_a_new_baseline() {
    let (mut device, mut registers) = started();
    let before = registers.export;
    device.export = 900_000_000_000;
    let mut registers_high = registers;
    device.pass(5_000, 0, 0);
    let verdict = registers_high.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    assert_eq!(
        verdict,
        Verdict::Refused {
            reason: Reason::Impossible
        }
    );

    // The counter of the replacement is lower, yet far above what can have flowed since.
    registers.baseline.as_mut().expect("heard").counters.export = MicroWh(950_000_000_000);
    let none = Sensors {
        export: Some(Subsystem {
            total_energy: Some(MicroWh(900_000_000_000)),
            ..Subsystem::default()
        }),
        ..device.reading()
    };
    let verdict = registers.apply(&none, device.now(), Delivery::First, RATED_W);
    assert!(
        matches!(verdict, Verdict::Counted { new_epoch: true, .. }),
        "{verdict:?}"
    );
    assert_eq!(registers.export, before);
}

#[test]
fn a_queued_burst_after_an_outage_counts_in_full() {
    let (mut device, mut registers) = started();
    let mut queued = Vec::new();
    for _ in 0..200 {
        device.pass(5_000, 800, 100);
        queued.push(device.reading());
    }
    let arrival = device.now();
    for reading in &queued {
        let verdict = registers.apply(reading, arrival, Delivery::First, RATED_W);
        assert!(matches!(verdict, Verdict::Counted { .. }), "{verdict:?}");
    }
    assert_eq!(registers.export.0, device.true_export);
    assert_eq!(registers.import.0, device.true_import);
}

#[test]
fn the_uptime_rolls_over_after_49_days() {
    let mut device = Device::new();
    device.uptime_ms = (1 << 32) - 2_500;
    let mut registers = Registers::new(CounterSource::Total);
    registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    device.pass(5_000, 900, 0);
    let verdict = registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    assert!(matches!(verdict, Verdict::Counted { .. }), "{verdict:?}");
    assert_eq!(registers.export.0, device.true_export);
    assert_eq!(registers.boot, 0);
}

#[test]
fn a_burst_from_before_and_after_a_reboot_is_told_from_stragglers() {
    let (mut device, mut registers) = started();
    device.pass(600_000, 500, 0);
    let before_reboot = device.reading();
    device.uptime_ms = 0;
    let mut after = Vec::new();
    for _ in 0..5 {
        device.pass(60_000, 500, 0);
        after.push(device.reading());
    }
    // Everything arrives at once when the broker is back.
    let arrival = device.now();
    registers.apply(&before_reboot, arrival, Delivery::First, RATED_W);
    for reading in &after {
        registers.apply(reading, arrival, Delivery::First, RATED_W);
    }
    // The receipt times say nothing about the reboot, so the energy becomes plausible with the time that passes.
    device.pass(900_000, 0, 0);
    registers.apply(&device.reading(), device.now(), Delivery::First, RATED_W);
    assert_eq!(registers.export.0, device.true_export);
    assert_eq!(registers.boot, 1);
}

#[test]
fn settlement_counters_alone_start_at_zero() {
    let mut device = Device::new();
    device.settlement_export = 15_234_500_000;
    assert_eq!(
        CounterSource::offered_by(&without_totals(&device)),
        Some(CounterSource::Settlement)
    );
    assert_eq!(
        CounterSource::offered_by(&device.reading()),
        Some(CounterSource::Total)
    );
    let mut registers = Registers::new(CounterSource::Settlement);
    registers.apply(&without_totals(&device), device.now(), Delivery::First, RATED_W);
    assert_eq!(registers.export, MicroWh::ZERO);
    device.pass(5_000, 500, 0);
    registers.apply(&without_totals(&device), device.now(), Delivery::First, RATED_W);
    let counted = registers.export;
    assert_eq!(counted.0, device.true_export - 1_959_955);
    // The display is reset: what it shows afterwards counts from zero.
    device.settlement_export = 0;
    device.pass(5_000, 500, 0);
    registers.apply(&without_totals(&device), device.now(), Delivery::First, RATED_W);
    assert_eq!(registers.export.0 - counted.0, device.settlement_export);
}

#[test]
fn what_the_broker_delivers_again_counts_nothing_whatever_a_meter_tells() {
    let mut device = Device::new();
    let total = device.reading();
    let settlement = without_totals(&device);
    for (source, first) in [
        (CounterSource::Total, total),
        (CounterSource::Settlement, settlement),
    ] {
        for timed in [true, false] {
            let said = |device: &Device| {
                let sensors = match source {
                    CounterSource::Total => device.reading(),
                    CounterSource::Settlement => without_totals(device),
                };
                Sensors {
                    device_time: sensors.device_time.filter(|_| timed),
                    ..sensors
                }
            };
            assert_eq!(CounterSource::offered_by(&first), Some(source));
            let mut registers = Registers::new(source);
            registers.apply(&said(&device), device.now(), Delivery::First, RATED_W);
            let mut run = Vec::new();
            for _ in 0..10 {
                device.pass(1_000, 500, 100);
                registers.apply(&said(&device), device.now(), Delivery::First, RATED_W);
                run.push(said(&device));
            }
            let counted = (registers.export, registers.import);
            for sensors in &run {
                let verdict = registers.apply(sensors, device.now(), Delivery::Again, RATED_W);
                assert!(
                    matches!(verdict, Verdict::Refused { .. }),
                    "{source:?} {timed}: {verdict:?}"
                );
            }
            assert_eq!((registers.export, registers.import), counted);
            device.pass(1_000, 500, 0);
            registers.apply(&said(&device), device.now(), Delivery::First, RATED_W);
            assert!(registers.export > counted.0 && registers.import == counted.1);
        }
    }
}
