//! Messages that come late, across reboots and resets: what had flowed before is not counted again.

use enerlink_domain::{
    MicroWh, Registers, Sensors, Subsystem, UnixMillis,
    reading::DeviceTime,
    register::{CounterSource, Delivery},
};
use proptest::prelude::*;

const RATED_W: u32 = 5_000;
/// Milliseconds between two messages.
const BEAT: u64 = 10_000;
/// A message is at most so many messages late.
const LATEST: u8 = 6;

/// What happens between two messages.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Nothing,
    /// The next message is lost.
    Loss,
    /// The next message comes so many messages later.
    Delay(u8),
    /// So many milliseconds before the next message.
    Reboot(u64),
    /// Uptime and counters begin anew, so many milliseconds before the next message.
    Reset(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        20 => Just(Happens::Nothing),
        4 => Just(Happens::Loss),
        4 => (1..=LATEST).prop_map(Happens::Delay),
        1 => (1..BEAT).prop_map(Happens::Reboot),
        3 => (1..BEAT).prop_map(Happens::Reset),
    ]
}

#[derive(Default)]
struct Meter {
    /// Exported since the beginning, in µWh.
    truth: u64,
    /// What of it the counter does not show any more.
    reset_at: u64,
    uptime: u64,
    clock: i64,
    /// How long messages are on their way, in turn: a receipt is never exactly when the message was sent.
    way: Vec<i64>,
}

impl Meter {
    fn pass(&mut self, millis: u64, watts: u64) {
        self.truth += watts * millis * 1_000 / 3_600;
        self.uptime += millis;
        self.clock += i64::try_from(millis).expect("small");
    }

    fn says(&self) -> Sensors {
        let side = |total| {
            Some(Subsystem {
                total_energy: Some(MicroWh(total)),
                ..Subsystem::default()
            })
        };
        Sensors {
            device_time: Some(DeviceTime::Uptime(u32::try_from(self.uptime).expect("small"))),
            export: side(self.truth - self.reset_at),
            import: side(0),
            ..Sensors::default()
        }
    }

    fn speaks_to(&mut self, registers: &mut Registers) {
        let message = self.says();
        self.heard_by(registers, &message);
    }

    fn heard_by(&mut self, registers: &mut Registers, message: &Sensors) {
        let way = self.way.first().copied().unwrap_or_default();
        let received_at = UnixMillis(self.clock + way);
        registers.apply(message, received_at, Delivery::First, RATED_W);
        let turns = 1.min(self.way.len());
        self.way.rotate_left(turns);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn nothing_is_counted_twice_when_messages_cross_resets(
        story in prop::collection::vec(happens(), 10..80), watts in 1_u64..2_500, way in prop::collection::vec(0..1_500_i64, 1..20),
        before in prop::option::of(0..LATEST),
    ) {
        let mut meter = Meter { clock: 1_790_000_000_000, way, ..Meter::default() };
        let mut registers = Registers::new(CounterSource::Total);
        // One at a time: of three stragglers in a row nobody can say that they are no news.
        let mut late: Option<(u8, Sensors)> = None;
        if let Some(beats) = before {
            // First contact is the first message after a reset, and one from before is on its way.
            meter.pass(100 * BEAT, watts);
            late = Some((beats, meter.says()));
            (meter.uptime, meter.reset_at) = (0, meter.truth);
        }
        meter.pass(BEAT, watts);
        meter.speaks_to(&mut registers);
        let unseen = meter.reset_at;
        for happens in story {
            match happens {
                // A message that is as late as the device was up comes at the very uptime that it tells, but of the next
                // life: nobody can know. So it is up for longer.
                Happens::Reboot(before) | Happens::Reset(before)
                    if meter.uptime > u64::from(LATEST + 1) * BEAT =>
                {
                    meter.pass(BEAT - before, watts);
                    meter.uptime = 0;
                    if let Happens::Reset(_) = happens {
                        meter.reset_at = meter.truth;
                    }
                    meter.pass(before, watts);
                }
                _ => meter.pass(BEAT, watts),
            }
            let message = meter.says();
            match happens {
                Happens::Loss => {}
                Happens::Delay(beats) if late.is_none() => late = Some((beats, message)),
                _ => meter.heard_by(&mut registers, &message),
            }
            late = match late {
                Some((0, message)) => {
                    meter.heard_by(&mut registers, &message);
                    None
                }
                late => late.map(|(beats, message)| (beats - 1, message)),
            };
            prop_assert!(
                registers.export.0 <= meter.truth - unseen,
                "{:?} of {:?}", registers.export, MicroWh(meter.truth)
            );
        }
        // When nothing crosses any more, every watt-hour is counted, as soon as the time explains it.
        for _ in 0..8 {
            meter.pass(BEAT, watts);
            meter.speaks_to(&mut registers);
        }
        let (counted, flowed) = (registers.export.0, meter.truth);
        for _ in 0..3 {
            meter.pass(BEAT, watts);
            meter.speaks_to(&mut registers);
        }
        prop_assert_eq!(registers.export.0 - counted, meter.truth - flowed);
    }
}

/// A profile that begins anew hears the first message after a reset first, and one from before it next.
#[test]
fn at_first_contact_a_message_from_before_a_reset_counts_nothing_and_a_queue_goes_on() {
    let mut meter = Meter {
        clock: 1_790_000_000_000,
        ..Meter::default()
    };
    meter.pass(57 * BEAT, 2_500);
    let straggler = meter.says();
    (meter.uptime, meter.reset_at) = (0, meter.truth);
    let mut registers = Registers::new(CounterSource::Total);
    meter.pass(BEAT, 2_500);
    meter.speaks_to(&mut registers);
    let counted = registers.export.0;
    meter.heard_by(&mut registers, &straggler);
    for _ in 0..3 {
        meter.pass(BEAT, 2_500);
        meter.speaks_to(&mut registers);
        meter.heard_by(&mut registers, &straggler);
    }
    let step = 2_500 * BEAT * 1_000 / 3_600;
    assert_eq!(registers.export.0 - counted, 3 * step);
    // A queue comes at once, and in the right order.
    for _ in 0..10 {
        meter.pass(BEAT, 2_500);
        meter.clock -= i64::try_from(BEAT).expect("small");
        meter.speaks_to(&mut registers);
    }
    assert_eq!(registers.export.0 - counted, 13 * step);
}

/// As seen by the simulation: 560 s into one life of the meter a message is sent that comes 30 s into the next.
#[test]
fn a_message_from_before_a_reset_that_shows_more_than_the_ones_since_counts_nothing() {
    let mut meter = Meter {
        clock: 1_790_000_000_000,
        ..Meter::default()
    };
    let mut registers = Registers::new(CounterSource::Total);
    for _ in 0..56 {
        meter.pass(BEAT, 2_500);
        meter.speaks_to(&mut registers);
    }
    meter.pass(BEAT, 2_500);
    let straggler = meter.says();
    (meter.uptime, meter.reset_at) = (0, meter.truth);
    for _ in 0..3 {
        meter.pass(BEAT, 2_500);
        meter.speaks_to(&mut registers);
    }
    let counted = registers.export;
    meter.clock += 1_500;
    meter.heard_by(&mut registers, &straggler);
    assert_eq!(registers.export, counted);
    // Who keeps step is believed at once.
    meter.pass(BEAT, 2_500);
    meter.speaks_to(&mut registers);
    assert_eq!(registers.export.0 - counted.0, 2_500 * BEAT * 1_000 / 3_600);
}
