//! What one meter would have said: readings of a home with sun, clouds, an evening peak and a battery, the same for the
//! same seed. Integers only.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use enerlink_domain::{
    Address, BrokerAddress, Meter, MeterId, MicroAmps, MicroVolts, MicroWatts, MicroWh, Registers, Sensors,
    Subsystem, UnixMillis, Verdict,
    command::Capabilities,
    device::UnitsCheck,
    reading::{BatteryState, DeviceTime, Units},
    register::{CounterSource, Delivery, Pair},
    view::Preferences,
};
use enerlink_store::{Sample, Store, StoredReading, meters, preferences, readings, registers, rollups};

/// Readings that are written in one transaction.
const CHUNK: usize = 20_000;
/// The most the meter carries, in W.
const RATED_POWER_W: u32 = 10_000;
/// The most the sun gives on the clearest day, in mW.
const PEAK_MW: i64 = 5_200_000;
/// What the battery takes and gives at most, in mW.
const BATTERY_MW: i64 = 3_000_000;
/// What the battery holds, in mW times milliseconds: 10 kWh.
const BATTERY_FULL: i64 = 10_000_000 * 3_600_000;
const DAY_S: i64 = 86_400;
/// The uptime of the first reading, in ms. Right after a boot a meter that is new to the product would have to say each
/// thing three times before it is believed.
pub(crate) const BOOTED: u64 = 6 * 3_600_000;

/// A well mixed number of `seed` and a place (splitmix64).
fn mixed(seed: u64, place: i64) -> i64 {
    let mut z = seed ^ place.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    i64::try_from((z ^ (z >> 31)) >> 2).unwrap_or_default()
}

/// A hill of height 1 000 000 between two seconds of the day, zero outside.
fn hill(second: i64, from: i64, to: i64) -> i64 {
    let (middle, half) = ((from + to) / 2, (to - from) / 2);
    let away = second - middle;
    (1_000_000 - away * away * 1_000_000 / (half * half)).max(0)
}

/// A counter in µWh that is fed with power over time and loses no remainder.
#[derive(Clone, Copy, Default)]
struct Counter {
    total: u64,
    midnight: u64,
    rest: u64,
}

impl Counter {
    /// `power_mw` over `millis`: mW times ms is 1/3600 of a µWh.
    fn feed(&mut self, power_mw: i64, millis: i64) {
        self.rest += (power_mw * millis).unsigned_abs();
        self.total += self.rest / 3_600;
        self.rest %= 3_600;
    }
}

/// The readings of one meter, one every `step`.
#[derive(Clone)]
pub(crate) struct Readings {
    seed: u64,
    at: i64,
    step: i64,
    uptime: u64,
    stored: i64,
    day: i64,
    /// Load, sun, export, import, battery.
    counters: [Counter; 5],
}

impl Readings {
    /// Readings from `start` on. Local time is UTC: the sun stands highest at twelve.
    pub(crate) fn new(seed: u64, start: UnixMillis, step: Duration) -> Self {
        Self {
            seed,
            at: start.0,
            step: i64::try_from(step.as_millis()).unwrap_or(i64::MAX),
            uptime: BOOTED,
            stored: BATTERY_FULL / 3,
            day: -1,
            counters: [Counter::default(); 5],
        }
    }

    /// Load and sun at a second since 1970, in mW.
    fn weather(&self, second: i64) -> (i64, i64) {
        let (day, of_day) = (second.div_euclid(DAY_S), second.rem_euclid(DAY_S));
        let season = 900_000 + 100_000 * (182 - (day % 365 - 182).abs()) / 182;
        let clear = 450_000 + mixed(self.seed, day) % 550_000;
        let cloud = 1_000_000 - mixed(self.seed + 1, second / 60) % (1_050_000 - clear);
        let sun = [season, clear, cloud].iter().fold(
            PEAK_MW * hill(of_day, 6 * 3600, 18 * 3600) / 1_000_000,
            |power, part| power * part / 1_000_000,
        );
        let fridge = if (second / 60 + day * 7) % 40 < 15 {
            120_000
        } else {
            0
        };
        let bumps =
            900 * hill(of_day, 5 * 3600 + 1800, 8 * 3600) + 2_200 * hill(of_day, 17 * 3600, 23 * 3600);
        let noise = mixed(self.seed + 2, second) % 20_000;
        (250_000 + fridge + bumps / 1_000 + noise, sun)
    }

    /// What the battery takes (positive) or gives of a surplus, in mW.
    fn battery(&mut self, surplus: i64) -> i64 {
        let room = (BATTERY_FULL - self.stored) / self.step;
        let power = surplus
            .clamp(-BATTERY_MW, BATTERY_MW)
            .clamp(-self.stored / self.step, room);
        self.stored += power * self.step;
        power
    }
}

impl Iterator for Readings {
    type Item = (UnixMillis, Sensors);

    fn next(&mut self) -> Option<Self::Item> {
        let second = self.at.div_euclid(1000);
        let (load, solar) = self.weather(second);
        let battery = self.battery(solar - load);
        let grid = solar - load - battery;
        let (export, import) = (grid.max(0), (-grid).max(0));
        let day = second.div_euclid(DAY_S);
        let powers = [load, solar, export, import, battery];
        for (counter, power) in self.counters.iter_mut().zip(powers) {
            if day != self.day {
                counter.midnight = counter.total;
            }
            counter.feed(power, self.step);
        }
        self.day = day;
        let volts = 228_000_000 + mixed(self.seed + 3, second) % 4_000_000;
        let part = |index: usize| {
            let (power, counter): (i64, Counter) = (powers[index], self.counters[index]);
            Subsystem {
                power: Some(MicroWatts(power.abs() * 1_000)),
                // mW over µV is 10^9 µA.
                current: Some(MicroAmps(
                    i64::try_from(i128::from(power) * 1_000_000_000 / i128::from(volts)).unwrap_or_default(),
                )),
                voltage: Some(MicroVolts(volts)),
                daily_energy: Some(MicroWh(counter.total - counter.midnight)),
                total_energy: Some(MicroWh(counter.total)),
                settlement_energy: Some(MicroWh(counter.total)),
                ..Subsystem::default()
            }
        };
        let state = match battery.signum() {
            1 => BatteryState::Charging,
            -1 => BatteryState::Discharging,
            _ => BatteryState::Idle,
        };
        let sensors = Sensors {
            device_time: Some(DeviceTime::Uptime(
                u32::try_from(self.uptime % (1 << 32)).unwrap_or_default(),
            )),
            load: Some(part(0)),
            solar: Some(Subsystem {
                generating: Some(solar > 0),
                ..part(1)
            }),
            export: Some(Subsystem {
                active: Some(export > 0),
                ..part(2)
            }),
            import: Some(Subsystem {
                active: Some(import > 0),
                ..part(3)
            }),
            battery: Some(Subsystem {
                state: Some(state),
                ..part(4)
            }),
            ..Sensors::default()
        };
        let at = UnixMillis(self.at);
        self.at += self.step;
        self.uptime += self.step.unsigned_abs();
        Some((at, sensors))
    }
}

/// The message of the source documents that says `sensors`, in mW and mA, on one line; `more` is put in front of its
/// fields.
pub(crate) fn payload(sensors: &Sensors, more: &str) -> String {
    // As firmware prints numbers: without zeros at the end.
    let short = |text: String| match text.trim_end_matches('0') {
        cut if cut.ends_with('.') => format!("{cut}0"),
        cut => cut.to_owned(),
    };
    let micro = |value: u64| short(format!("{}.{:06}", value / 1_000_000, value % 1_000_000));
    let milli = |value: i64| {
        let sign = if value < 0 { "-" } else { "" };
        short(format!(
            "{sign}{}.{:03}",
            value.unsigned_abs() / 1_000,
            value.unsigned_abs() % 1_000
        ))
    };
    let energy = |value: Option<MicroWh>| micro(value.unwrap_or_default().0);
    let part = |name: &str, part: Option<Subsystem>| {
        let part = part.unwrap_or_default();
        let flag = |name: &str, value: Option<bool>| {
            value.map_or(String::new(), |value| format!("\"{name}\":{value},"))
        };
        let state = part.state.map_or(String::new(), |state| {
            format!("\"state\":\"{}\",", state.as_str())
        });
        format!(
            r#""{name}":{{"power":{},{}{}{state}"current":{},"voltage":{},"daily_energy_wh":{},"total_energy_wh":{},"settlement_energy_wh":{}}}"#,
            milli(part.power.unwrap_or_default().0),
            flag("active", part.active),
            flag("generating", part.generating),
            milli(part.current.unwrap_or_default().0),
            micro(part.voltage.unwrap_or_default().0.unsigned_abs()),
            energy(part.daily_energy),
            energy(part.total_energy),
            energy(part.settlement_energy),
        )
    };
    let uptime = match sensors.device_time {
        Some(DeviceTime::Uptime(uptime)) => i64::from(uptime),
        Some(DeviceTime::Unix(millis)) => millis,
        None => 0,
    };
    let parts = [
        part("load", sensors.load),
        part("solar", sensors.solar),
        part("export", sensors.export),
        part("import", sensors.import),
        part("battery", sensors.battery),
    ];
    format!(r#"{{{more}"timestamp":{uptime},{}}}"#, parts.join(","))
}

/// A meter for measurements, at the broker on `port`.
pub(crate) fn meter(id: &str, port: u16, base_topic: &str, added_at: UnixMillis) -> Result<Meter> {
    Ok(Meter {
        id: id.parse().map_err(|_| anyhow::anyhow!("{id} is no meter id"))?,
        name: id.to_owned(),
        owner: Address([7; 20]),
        broker: BrokerAddress {
            host: "127.0.0.1".to_owned(),
            port,
            tls: false,
            username: None,
        },
        base_topic: base_topic.to_owned(),
        units: Units::Milli,
        source: Some(CounterSource::Total),
        rated_power_w: RATED_POWER_W,
        settlement_key: false,
        added_at,
        profile: None,
        family: None,
        capabilities: Capabilities::default(),
        outputs: Vec::new(),
        units_check: UnitsCheck::default(),
        auto_reset: None,
        take_opening: false,
        retired_at: None,
    })
}

/// Adds `meter` with its first `count` readings, through the functions that the running wallet writes with. They are
/// kept for ever: what is measured must not be pruned meanwhile.
pub(crate) async fn fill(store: &Store, meter: &Meter, readings: Readings, count: usize) -> Result<()> {
    let keep = Preferences {
        raw_days: 0,
        ..Preferences::default()
    };
    let tx = store.begin().await?;
    preferences::save(&tx, &keep).await?;
    meters::insert(&tx, meter).await?;
    tx.commit().await?;
    let mut said = readings.take(count).peekable();
    let mut counted = Registers::new(CounterSource::Total);
    let mut last: Option<Sensors> = None;
    while said.peek().is_some() {
        let (mut rows, mut samples) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        let mut now = UnixMillis(0);
        for (at, sensors) in said.by_ref().take(CHUNK) {
            now = at;
            let verdict = counted.apply(&sensors, at, Delivery::First, meter.rated_power_w);
            samples.push(sample(at, &sensors, last.as_ref(), verdict));
            last = Some(sensors.clone());
            rows.push(stored(&meter.id, at, sensors, verdict, &counted));
        }
        let tx = store.begin().await?;
        readings::insert(&tx, &rows).await?;
        rollups::add(&tx, &BTreeMap::from([(meter.id.clone(), samples)])).await?;
        registers::save(&tx, &meter.id, &counted, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn stored(
    meter: &MeterId,
    at: UnixMillis,
    sensors: Sensors,
    verdict: Verdict,
    counted: &Registers,
) -> StoredReading {
    StoredReading {
        meter_id: meter.clone(),
        received_at: at,
        sensors,
        verdict,
        registers: Some((counted.export, counted.import)),
        epoch: counted.epoch,
        boot: counted.boot,
    }
}

fn sample(at: UnixMillis, sensors: &Sensors, last: Option<&Sensors>, verdict: Verdict) -> Sample {
    let added = match verdict {
        Verdict::Counted { added, .. } => added,
        Verdict::First | Verdict::Refused { .. } => Pair::default(),
    };
    let total = |part: Option<Subsystem>| part.and_then(|part| part.total_energy).unwrap_or_default().0;
    let grown = |pick: fn(&Sensors) -> Option<Subsystem>| {
        last.map_or(MicroWh::ZERO, |last| {
            MicroWh(total(pick(sensors)) - total(pick(last)))
        })
    };
    Sample {
        at,
        solar: sensors.solar.and_then(|solar| solar.power),
        load: sensors.load.and_then(|load| load.power),
        grid: sensors.grid_power(),
        battery: sensors.battery_power(),
        produced: grown(|sensors| sensors.solar),
        used: grown(|sensors| sensors.load),
        exported: added.export,
        imported: added.import,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMillis = UnixMillis(1_735_689_600_000);

    fn readings(seed: u64) -> Readings {
        Readings::new(seed, START, Duration::from_secs(5))
    }

    #[test]
    fn a_seed_is_a_history() {
        let of = |seed| readings(seed).take(20_000).collect::<Vec<_>>();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn every_reading_is_counted_and_power_adds_up() {
        let mut counted = Registers::new(CounterSource::Total);
        // Over the rollover of the uptime after 49.7 days.
        for (number, (at, sensors)) in readings(1).take(900_000).enumerate() {
            let verdict = counted.apply(&sensors, at, Delivery::First, RATED_POWER_W);
            assert!(
                !matches!(verdict, Verdict::Refused { .. }),
                "{number}: {verdict:?}"
            );
            let power = |part: Option<Subsystem>| part.and_then(|part| part.power).map_or(0, |power| power.0);
            let rest = power(sensors.solar)
                - power(sensors.load)
                - sensors.battery_power().map_or(0, |power| power.0);
            assert_eq!(sensors.grid_power(), Some(MicroWatts(rest)), "{number}");
        }
        assert!(counted.export > counted.first.export && counted.import > counted.first.import);
    }

    #[test]
    fn a_message_has_the_usual_length() {
        let noon = readings(1).nth(9 * 720).map(|(_, sensors)| payload(&sensors, ""));
        let text = noon.expect("endless");
        assert!((780..=860).contains(&text.len()), "{}: {text}", text.len());
        assert!(!text.contains('\n'), "one line a message");
    }

    #[tokio::test]
    async fn the_store_holds_what_was_generated() {
        let store = Store::in_memory().await.expect("a store");
        let meter = meter("BENCH", 1, "bench", START).expect("a meter");
        fill(&store, &meter, readings(1), 25_000).await.expect("written");
        let reader = store.reader();
        assert_eq!(
            readings::count(&reader, &meter.id).await.expect("counted"),
            25_000
        );
        let end = START.plus(Duration::from_secs(5 * 25_000));
        let energy = rollups::energy(&reader, &meter.id, START, end)
            .await
            .expect("summed");
        let counted = registers::load(&reader, &meter.id)
            .await
            .expect("read")
            .expect("there");
        assert_eq!(energy.exported.0, counted.export.0 - counted.first.export.0);
        assert_eq!(energy.imported.0, counted.import.0 - counted.first.import.0);
        assert!(energy.produced > MicroWh::ZERO && energy.used > MicroWh::ZERO);
    }
}
