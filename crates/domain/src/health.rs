//! Health: whether a meter is heard, what is wrong with it, and how well it does. Pure: times come in as durations.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    DeviceState, Meter, NoticeKind, Presence, Sensors, Subsystem,
    device::{ElectricalProfile, OfflineReason, UnitsCheck},
    proposal,
    reading::{BatteryState, HeartbeatStatus, StatusSnapshot},
};

/// Bounds of the interval after two of which a silent meter is stale.
const INTERVAL: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(30));
/// The interval of a meter that has not shown one.
const UNKNOWN_INTERVAL: Duration = Duration::from_secs(15);
/// A meter that is stale for so many times the stretch that made it stale is offline.
const PATIENCE: u32 = 3;
/// Heartbeats of a meter that has shown no interval.
const UNKNOWN_HEARTBEAT: Duration = Duration::from_secs(60);
/// So many heartbeats may be missing.
const MISSED_HEARTBEATS: u32 = 3;
/// A value that flickers around its limit raises at the first and clears at the second.
const LOW_HEAP: (u64, u64) = (20_000, 30_000);
const WEAK_SIGNAL: (i32, i32) = (-80, -75);
const BATTERY_LOW: (u16, u16) = (150, 200);
/// 220 V less a fifth, and less a seventh, in µV.
const LOW_VOLTAGE: (i64, i64) = (176_000_000, 189_000_000);
/// A battery's current below this has no direction: 5 mA.
const BATTERY_NOISE: i64 = 5_000;
/// So many messages in a row have to disagree.
const DISAGREEMENTS: u32 = 3;

/// The connection to a meter's broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokerLink {
    /// The first attempt is not over.
    #[default]
    Connecting,
    /// Connected and subscribed for so long.
    Up(Duration),
    /// There is no connection.
    Down,
}

/// What presence is judged by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signs<'a> {
    /// Nobody listens any more.
    pub retired: bool,
    /// The connection to the broker.
    pub broker: BrokerLink,
    /// Whether anything was ever heard of it, in an earlier run too.
    pub ever_heard: bool,
    /// Since the last sensors message of this run.
    pub silence: Option<Duration>,
    /// Observed between sensors messages.
    pub interval: Option<Duration>,
    /// Since the last heartbeat of this run.
    pub heartbeat: Option<Duration>,
    /// Observed between heartbeats.
    pub heartbeat_interval: Option<Duration>,
    /// The last status, when it is newer than the last sensors message.
    pub status: Option<&'a StatusSnapshot>,
}

/// Whether a meter is heard.
pub fn presence(signs: &Signs) -> Presence {
    if signs.retired {
        return Presence::Retired;
    }
    let offline = |reason| Presence::Offline { reason };
    let limit = silence_limit(signs.interval);
    if signs.silence.is_some_and(|silence| silence <= limit) {
        return Presence::Online;
    }
    let up = match signs.broker {
        BrokerLink::Connecting => return Presence::Waiting,
        BrokerLink::Down => return offline(OfflineReason::Broker),
        BrokerLink::Up(up) => up,
    };
    // Nothing can be heard before there is a connection.
    let silence = signs.silence.map_or(up, |silence| silence.min(up));
    if silence <= limit {
        return match signs.silence {
            Some(_) => Presence::Stale,
            None => Presence::Waiting,
        };
    }
    if !signs.ever_heard {
        return offline(OfflineReason::SubscriptionSilent);
    }
    let says = |pick: fn(&StatusSnapshot) -> Option<bool>| signs.status.and_then(pick) == Some(false);
    if says(|status| status.wifi_connected) {
        return offline(OfflineReason::Wifi);
    }
    if says(|status| status.mqtt_connected) {
        return offline(OfflineReason::Mqtt);
    }
    let beat = signs.heartbeat_interval.unwrap_or(UNKNOWN_HEARTBEAT);
    if signs
        .heartbeat
        .is_some_and(|since| since.min(up) > beat * MISSED_HEARTBEATS)
    {
        return offline(OfflineReason::HeartbeatMissed);
    }
    if silence > limit * PATIENCE {
        return offline(OfflineReason::NoData);
    }
    Presence::Stale
}

/// After so much silence a meter is stale: two of its intervals.
pub fn silence_limit(interval: Option<Duration>) -> Duration {
    2 * interval.unwrap_or(UNKNOWN_INTERVAL).clamp(INTERVAL.0, INTERVAL.1)
}

/// What has to be remembered between messages to tell a condition from a flicker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// Messages in a row whose battery disagrees; none before the first message.
    disagreements: Option<u32>,
}

impl Watch {
    /// Takes a sensors message into account.
    pub fn hear(&mut self, sensors: &Sensors) {
        self.disagreements = Some(match sensors.battery.is_some_and(disagrees) {
            true => self.disagreements.unwrap_or_default().saturating_add(1),
            false => 0,
        });
    }

    /// What is wrong with `meter` now, with the value behind it. `active` is what was wrong before.
    pub fn conditions(
        &self,
        meter: &Meter,
        device: &DeviceState,
        presence: Presence,
        active: &BTreeSet<NoticeKind>,
    ) -> BTreeMap<NoticeKind, String> {
        let mut found = BTreeMap::new();
        let mut note = |kind, detail: Option<String>| {
            if let Some(detail) = detail {
                found.insert(kind, detail);
            }
        };
        let was = |kind| active.contains(&kind);
        note(NoticeKind::Offline, offline(presence, was(NoticeKind::Offline)));
        let heap = newest_heap(device).filter(|heap| *heap < pick(LOW_HEAP, was(NoticeKind::LowHeap)));
        note(NoticeKind::LowHeap, heap.map(|heap| format!("{heap} B")));
        let signal = device
            .status
            .as_ref()
            .and_then(|(_, status)| status.wifi_rssi)
            .filter(|rssi| *rssi < pick(WEAK_SIGNAL, was(NoticeKind::WeakSignal)));
        note(NoticeKind::WeakSignal, signal.map(|rssi| format!("{rssi} dBm")));
        note(
            NoticeKind::SensorError,
            sensor_error(meter, device, was(NoticeKind::SensorError)),
        );
        let word = own_word(device);
        note(
            NoticeKind::HeartbeatWarning,
            word.filter(|word| *word == HeartbeatStatus::Warning)
                .map(|word| word.as_str().to_owned()),
        );
        note(
            NoticeKind::HeartbeatError,
            word.filter(|word| *word == HeartbeatStatus::Error)
                .map(|word| word.as_str().to_owned()),
        );
        let battery = device.sensors.as_ref().and_then(|(_, sensors)| sensors.battery);
        let disagreed = was(NoticeKind::BatteryDisagrees);
        // Whoever has not been heard has not agreed.
        let disagrees = self.disagreements.map_or(disagreed, |count| {
            count >= DISAGREEMENTS || (disagreed && count > 0)
        });
        note(
            NoticeKind::BatteryDisagrees,
            disagrees.then(|| battery_words(battery.unwrap_or_default())),
        );
        let charge = battery
            .and_then(|battery| battery.soc_permille)
            .filter(|charge| *charge < pick(BATTERY_LOW, was(NoticeKind::BatteryLow)));
        note(
            NoticeKind::BatteryLow,
            charge.map(|charge| format!("{}.{} %", charge / 10, charge % 10)),
        );
        let wrong = meter.units_check == UnitsCheck::Contradicted;
        note(
            NoticeKind::UnitsWrong,
            wrong.then(|| proposal::other(meter.units).as_str().to_owned()),
        );
        found
    }
}

/// 0 (does not work) to 100 (nothing to report); none before anything was heard.
pub fn score(presence: Presence, conditions: &BTreeSet<NoticeKind>) -> Option<u8> {
    let start: u8 = match presence {
        Presence::Waiting | Presence::Retired => return None,
        Presence::Offline { .. } => 0,
        Presence::Stale => 70,
        Presence::Online => 100,
    };
    let lost = conditions.iter().copied().map(weight);
    Some(lost.fold(start, u8::saturating_sub))
}

fn weight(kind: NoticeKind) -> u8 {
    match kind {
        NoticeKind::HeartbeatError => 60,
        NoticeKind::ClientIdTaken => 30,
        NoticeKind::SensorError => 25,
        NoticeKind::HeartbeatWarning | NoticeKind::LowHeap | NoticeKind::UnitsWrong => 20,
        NoticeKind::WeakSignal | NoticeKind::BatteryDisagrees => 15,
        NoticeKind::BatteryLow | NoticeKind::RetainedCommand | NoticeKind::Rebooted => 10,
        NoticeKind::Offline
        | NoticeKind::CounterReset
        | NoticeKind::CommandFailed
        | NoticeKind::GuardActed
        | NoticeKind::GuardWarns
        | NoticeKind::EtkMissing
        | NoticeKind::SettlementFailed
        | NoticeKind::SettlementUndone
        | NoticeKind::SettlementDiffers
        | NoticeKind::MarketDiverged
        | NoticeKind::OrderFilled
        | NoticeKind::PriceReached => 0,
    }
}

/// The limit that raises, or the one that clears when it is raised already.
fn pick<T>((raises, clears): (T, T), raised: bool) -> T {
    if raised { clears } else { raises }
}

/// Neither a stale meter nor one that is waited for is known to be back.
fn offline(presence: Presence, raised: bool) -> Option<String> {
    match presence {
        Presence::Offline { reason } => Some(reason.as_str().to_owned()),
        Presence::Waiting | Presence::Stale => raised.then(|| OfflineReason::NoData.as_str().to_owned()),
        Presence::Online | Presence::Retired => None,
    }
}

fn newest_heap(device: &DeviceState) -> Option<u64> {
    let beat = device.heartbeat.as_ref().map(|(at, beat)| (*at, beat.free_heap));
    let status = device.status.as_ref().map(|(at, status)| (*at, status.free_heap));
    [beat, status]
        .into_iter()
        .flatten()
        .filter_map(|(at, heap)| heap.map(|heap| (at, heap)))
        .max_by_key(|(at, _)| *at)
        .map(|(_, heap)| heap)
}

/// How the device says it is, in its last heartbeat or, from newer firmware, in its last status.
fn own_word(device: &DeviceState) -> Option<HeartbeatStatus> {
    let beat = device.heartbeat.as_ref().map(|(at, beat)| (*at, beat.status));
    let status = device.status.as_ref().and_then(|(at, status)| {
        let word = status.system_status.as_deref()?.to_ascii_lowercase();
        HeartbeatStatus::parse(&word).map(|word| (*at, word))
    });
    [beat, status]
        .into_iter()
        .flatten()
        .max_by_key(|(at, _)| *at)
        .map(|(_, word)| word)
}

/// The names of the sensors that fail, or the voltage that cannot be.
fn sensor_error(meter: &Meter, device: &DeviceState, raised: bool) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    if let Some((_, status)) = &device.status {
        names.extend(
            status
                .sensors
                .iter()
                .filter(|sensor| !sensor.ok)
                .map(|sensor| sensor.name.as_str()),
        );
    }
    let Some((_, sensors)) = &device.sensors else {
        return (!names.is_empty()).then(|| names.join(", "));
    };
    let parts = [
        ("load", sensors.load),
        ("solar", sensors.solar),
        ("export", sensors.export),
        ("import", sensors.import),
        ("battery", sensors.battery.filter(|_| meter.capabilities.battery)),
    ];
    let broken = |part: Subsystem| part.valid == Some(false) || part.connected == Some(false);
    for (name, part) in parts {
        if part.is_some_and(broken) && !names.contains(&name) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        return Some(names.join(", "));
    }
    let voltage = sensors.load.and_then(|load| load.voltage)?.0;
    let low = meter.profile == Some(ElectricalProfile::AcGrid) && voltage < pick(LOW_VOLTAGE, raised);
    low.then(|| format!("{} V", voltage / 1_000_000))
}

/// A battery that charges has a negative current, as the reference device shows.
fn disagrees(battery: Subsystem) -> bool {
    let current = battery.current.map_or(0, |current| current.0);
    match battery.state {
        Some(BatteryState::Charging) => current > BATTERY_NOISE,
        Some(BatteryState::Discharging) => current < -BATTERY_NOISE,
        Some(BatteryState::Idle) | None => false,
    }
}

fn battery_words(battery: Subsystem) -> String {
    let state = battery.state.map_or("", BatteryState::as_str);
    let current = battery.current.map_or(0, |current| current.0) / 1000;
    format!("{state}, {current} mA")
}
